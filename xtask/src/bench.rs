//! Speed: parsing counted beside another parser; whole calls and packets with the load kit.
//!
//! The kit lies beside the checkout, in `../shared/bench`. It is copied to target/bench, together with our
//! adapters, and built there.

mod apply;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::interop::{self, Load};
use crate::step::{Failure, cargo, root, run};

/// Measures parsing (`None` or `parse`), a `plan` or an `apply` of a large house, busy `lamps`, whole
/// `calls`, relayed `packets`, `phones` that register, or TLS `sessions` while certificates are renewed.
pub fn run_one(name: Option<&str>) -> Result<(), Failure> {
    match name {
        None | Some("parse") => parse(),
        Some("plan") => plan(),
        Some("calls") => calls(),
        Some("packets") => packets(),
        Some("apply") => apply::apply(),
        Some("lamps") => lamps(),
        Some("sessions") => sessions(),
        Some("phones") => phones(),
        Some(_) => Err(Failure::new(
            "no such bench",
            "one of parse, plan, calls, packets, phones, apply, lamps, sessions",
        )),
    }
}

fn parse() -> Result<(), Failure> {
    let cure = "see bench/parse; it is a workspace of its own";
    run(cargo().current_dir(root().join("bench/parse")).args(["run", "--quiet", "--release"]), cure)
}

fn plan() -> Result<(), Failure> {
    let cure = "see bench/plan; it is a workspace of its own";
    run(cargo().current_dir(root().join("bench/plan")).args(["run", "--quiet", "--release"]), cure)
}

fn lamps() -> Result<(), Failure> {
    let binary = interop::build(Load::Long)?;
    let mut command = cargo();
    command.current_dir(root().join("bench/lamps")).args(["run", "--quiet", "--release", "--"]);
    command.arg(binary).arg(root().join("target/bench/lamps"));
    run(&mut command, "read what it printed; are udp 5195 to 5198 free?")
}

fn sessions() -> Result<(), Failure> {
    let binary = interop::build(Load::Long)?;
    let mut command = cargo();
    command.current_dir(root().join("bench/sessions")).args(["run", "--quiet", "--release", "--"]);
    command.arg(binary).arg(root().join("target/bench/sessions"));
    run(&mut command, "read what it printed; is tcp 5199 free, and are 20,000 open files allowed?")
}

fn phones() -> Result<(), Failure> {
    let mut command = kit("sigbench.py")?;
    command.args(["reg", "tandem-users", "kamailio-proxy", "--rate", "500"]);
    run(&mut command, "apt-get install kamailio; are ports 5160, 5060 and 5081 free?")
}

fn calls() -> Result<(), Failure> {
    let mut command = kit("sigbench.py")?;
    command.args(["cpu", "tandem", "tandem-media", "--rate", "300", "--calls", "6000", "--repeat", "3"]);
    run(&mut command, "read what the kit printed; are ports 5160, 5080 and 5090 free?")
}

fn packets() -> Result<(), Failure> {
    let mut command = kit("mediabench.py")?;
    command.args(["tandem-media", "--variants", "rtp", "--sessions", "500"]);
    run(&mut command, "read what the kit printed; are ports 5160, 5080 and 5090 free?")
}

/// A command of the load kit, with the kit laid out and built, and the product in a release build.
fn kit(script: &str) -> Result<Command, Failure> {
    let theirs = root().join("../shared/bench");
    let folder = root().join("target/bench");
    if !theirs.is_dir() {
        return Err(Failure::new(
            format!("no load kit at {}", theirs.display()),
            "put it beside the checkout",
        ));
    }
    fs::create_dir_all(&folder)
        .map_err(|error| Failure::new(format!("{}: {error}", folder.display()), "is target/ writable?"))?;
    let mut copy = Command::new("cp");
    copy.args(["-r", "--no-preserve=mode"]).arg(theirs.join(".")).arg(&folder);
    run(&mut copy, "is there room on the disk?")?;
    let mut copy = Command::new("cp");
    copy.arg("-r").args([root().join("bench/suts"), root().join("bench/conf")]).arg(&folder);
    run(&mut copy, "is there room on the disk?")?;
    let mut make = Command::new("make");
    make.current_dir(&folder).args(["build/sipload", "build/rtpload"]);
    run(&mut make, "apt-get install build-essential libssl-dev libopus-dev")?;

    let binary: PathBuf = interop::build(Load::Long)?;
    let mut command = Command::new("python3");
    command.current_dir(&folder).arg(script).env("TANDEM", binary);
    Ok(command)
}
