//! A network of one's own: loopback and nothing else, in which no other program can take a port.

use std::env;
use std::fs::File;
use std::io;
use std::process::{Command, Stdio};

use super::Load;
use super::place::io_failure;
use crate::step::{Failure, ourselves, root};

/// Says that this process is in a network of its own.
const ALONE: &str = "TANDEM_INTEROP_ALONE";
/// Loopback, with an address that does not look like it: phones want one to begin with.
const UP: &str = "ip link set lo up && ip address add 192.0.2.1/32 dev lo && ip route add default dev lo";

/// Whether this process was started in a network of its own.
pub fn is_alone() -> bool {
    env::var_os(ALONE).is_some()
}

/// Runs these scenarios again in a network of their own; nothing where they are in one, or can have none.
pub fn again(name: Option<&str>, load: Load) -> Option<Result<(), Failure>> {
    if is_alone() {
        return None;
    }
    let mut probe = inside(UP);
    let is_allowed = probe.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !is_allowed.is_ok_and(|status| status.success()) {
        println!("    no network of our own (needs root and iproute2): ports are shared with this machine");
        return None;
    }
    Some(run(name, load))
}

/// Two runs in one folder would write over each other: the second waits for the first.
pub fn claim() -> Result<Option<File>, Failure> {
    if is_alone() {
        return Ok(None);
    }
    let path = root().join("target/interop.lock");
    let claimed = File::create(&path).and_then(|file| file.lock().map(|()| file));
    claimed.map(Some).map_err(|error| io_failure(&path.display().to_string(), &error))
}

fn run(name: Option<&str>, load: Load) -> Result<(), Failure> {
    let started = || -> io::Result<_> {
        let mut command = inside(&format!("{UP} && exec \"$@\""));
        command.arg("sh").arg(ourselves()).arg("interop").args(name);
        command.args((load == Load::Long).then_some("--long")).env(ALONE, "1").status()
    };
    match started() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Failure::new("interop failed", "read what is said above")),
        Err(error) => Err(io_failure("unshare", &error)),
    }
}

fn inside(script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "--", "sh", "-c", script]).stdin(Stdio::null());
    command
}
