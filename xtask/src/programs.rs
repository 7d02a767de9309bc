//! Other people's programs: found, or installed by their own package manager.

use std::env;
use std::process::Command;

use crate::step::{Failure, cargo, has, run};

/// A program that the lanes use, and the Debian package that brings it.
const PACKAGES: &[(&str, &str)] = &[
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("sysctl", "procps"),
    ("turnserver", "coturn"),
    ("linphonec", "linphone-cli"),
    ("ethtool", "ethtool"),
    ("sipp", "sip-tester"),
    ("stunnel", "stunnel4"),
    ("openssl", "openssl"),
    ("pebble", "pebble"),
    ("slapd", "slapd"),
    ("ldapadd", "ldap-utils"),
    ("tmux", "tmux"),
    ("tshark", "tshark"),
    ("xmllint", "libxml2-utils"),
    ("rsvg-convert", "librsvg2-bin"),
    ("baresip", "baresip-core"),
    ("opusdec", "opus-tools"),
    ("cc", "gcc"),
    ("/usr/include/spandsp/fax.h", "libspandsp-dev"),
    ("/usr/include/opus/opus.h", "libopus-dev"),
    ("/usr/include/bcg729/encoder.h", "libbcg729-dev"),
    ("/usr/share/sounds/linphone/hello8000.wav", "linphone-common"),
    ("kamailio", "kamailio"),
    ("dnsmasq", "dnsmasq-base"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("chromium", "chromium"),
    ("debootstrap", "debootstrap"),
    ("dpkg-shlibdeps", "dpkg-dev"),
    ("systemd-analyze", "systemd"),
    ("systemd-socket-activate", "systemd"),
    ("sipsak", "sipsak"),
    ("strace", "strace"),
    ("promtool", "prometheus"),
    ("python3", "python3-venv"),
    ("pg_ctlcluster", "postgresql"),
];

/// Installs what the test lane needs and the machine lacks.
pub fn install() -> Result<(), Failure> {
    provide(PACKAGES)?;
    install_tool("cargo-deny")?;
    install_tool("cargo-fuzz")?;
    install_tool("cargo-deb")?;
    println!("all there: {}", PACKAGES.iter().map(|(program, _)| *program).collect::<Vec<_>>().join(", "));
    Ok(())
}

/// Installs the packages of what the machine lacks: of programs by name, of headers by path.
pub fn provide(wanted: &[(&str, &str)]) -> Result<(), Failure> {
    let missing: Vec<&str> =
        wanted.iter().filter(|(what, _)| !has(what)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !has("apt-get") {
        return Err(Failure::new(
            format!("no apt-get here to install {}", missing.join(", ")),
            "install them by hand, then run it again",
        ));
    }
    let cure = "needs root and Debian's package archive; install the packages by hand otherwise";
    run(apt().args(["update", "-qq"]), cure)?;
    run(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(&missing), cure)
}

/// Installs a cargo tool from the crate registry if it is missing.
pub fn install_tool(name: &str) -> Result<(), Failure> {
    if has(name) {
        return Ok(());
    }
    println!("{name} is missing: it is built once, which takes minutes");
    run(cargo().args(["install", "--locked", "--quiet", name]), &format!("cargo install --locked {name}"))
}

/// Licences, bans and sources must pass. Advisories need a database from outside, so they are a best effort,
/// said aloud when it cannot be had.
pub fn deny() -> Result<(), Failure> {
    if !has("cargo-deny") {
        println!("cargo-deny is not installed: not checked here (`cargo xtask test` installs it)");
        return Ok(());
    }
    let cure = "take another crate, or give the exception its reason in deny.toml";
    let arguments = ["deny", "--log-level", "error", "check", "licenses", "bans", "sources"];
    run(cargo().args(arguments), cure)?;
    // Without a network the database of an earlier day has to do.
    let fetched = cargo().args(["deny", "--log-level", "off", "fetch", "db"]).output();
    let is_fresh = fetched.is_ok_and(|output| output.status.success());
    if !has_advisories() {
        println!("the advisory database could not be fetched: ADVISORIES WERE NOT CHECKED");
        return Ok(());
    }
    if !is_fresh {
        println!("the advisory database could not be fetched: an older one is used");
    }
    let arguments = ["deny", "--offline", "--log-level", "error", "check", "advisories"];
    run(cargo().args(arguments), "update the crate, or ignore the advisory in deny.toml with a reason")
}

fn has_advisories() -> bool {
    let home = env::var_os("CARGO_HOME").map(std::path::PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    home.is_some_and(|home| {
        let databases = std::fs::read_dir(home.join("advisory-dbs"));
        databases.is_ok_and(|folders| folders.flatten().any(|folder| folder.path().join("crates").is_dir()))
    })
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
