//! Programs from the Python Package Index, each in a folder of its own.

use std::fs;
use std::process::Command;

use super::place::io_failure;
use crate::step::{self, Failure, root};

/// Installs `packages`, each with its version, in a folder below the root, where they are missing.
pub fn install(place: &str, packages: &[&str]) -> Result<(), Failure> {
    let folder = root().join(place);
    let installed = folder.join("installed");
    let wanted = packages.join(" ");
    if fs::read_to_string(&installed).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    let cure = "needs python3 with venv, and its registry";
    step::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), cure)?;
    let mut pip = Command::new(folder.join("bin/pip"));
    step::run(pip.args(["install", "--quiet", "--disable-pip-version-check"]).args(packages), cure)?;
    fs::write(installed, wanted).map_err(|error| io_failure(place, &error))
}

/// A program of such a folder.
pub fn command(place: &str, program: &str) -> Command {
    Command::new(root().join(place).join("bin").join(program))
}
