//! Fuzzing: the targets of fuzz/, for a while, from the corpus that is kept there.

use std::path::PathBuf;

use crate::programs;
use crate::step::{Failure, cargo, root, run};

const TARGETS: [&str; 18] = [
    "message",
    "stream",
    "websocket",
    "stun",
    "sdp",
    "rtp",
    "rtcp",
    "srtp",
    "udptl",
    "dtls",
    "media",
    "g729",
    "config",
    "ldap",
    "jwt",
    "filters",
    "msrp",
    "hep",
];

/// Fuzzes one target, or all of them one after another.
pub fn run_targets(name: Option<&str>, seconds: u64) -> Result<(), Failure> {
    programs::install_tool("cargo-fuzz")?;
    let targets: Vec<&str> =
        TARGETS.iter().copied().filter(|target| name.is_none_or(|name| name == *target)).collect();
    if targets.is_empty() {
        return Err(Failure::new("no such fuzz target", format!("one of {}", TARGETS.join(", "))));
    }
    for target in targets {
        one(target, seconds)?;
    }
    Ok(())
}

fn one(target: &str, seconds: u64) -> Result<(), Failure> {
    // New inputs go to a scratch folder: the kept corpus stays small and chosen by hand.
    let found = root().join("target/fuzz-corpus").join(target);
    std::fs::create_dir_all(&found)
        .map_err(|error| Failure::new(format!("{}: {error}", found.display()), "is target/ writable?"))?;
    let mut command = cargo();
    // cargo-fuzz asks for the sanitizer flags of a nightly compiler; this lets the stable one take them.
    command.env("RUSTC_BOOTSTRAP", "1");
    command.args(["fuzz", "run", "--target-dir", "target/fuzz-build", target]).arg(found);
    command.args(seeds_of(target));
    command.args(["--", "-max_len=65536", "-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1"]);
    command.arg(format!("-max_total_time={seconds}"));
    let cure = format!("the input is in fuzz/artifacts/{target}; make it a test, then mend the code");
    run(&mut command, &cure)
}

/// The kept corpus, and the torture messages that lie beside the checkout.
fn seeds_of(target: &str) -> Vec<PathBuf> {
    let mut folders = vec![root().join("fuzz/corpus").join(target)];
    if target == "message" {
        let torture = root().join("../shared/vectors/torture");
        folders
            .extend(["rfc4475", "rfc5118"].map(|rfc| torture.join(rfc)).into_iter().filter(|it| it.is_dir()));
    }
    folders
}
