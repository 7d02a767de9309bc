//! A house that is started to be measured.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::step::Failure;

/// Starts it, and waits until it takes calls; what it says after that can be read on.
pub fn start(command: &mut Command) -> Result<(Child, Lines<BufReader<ChildStderr>>), Failure> {
    let mut child = command
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| Failure::new(error.to_string(), "is it built?"))?;
    let said = child.stderr.take().ok_or_else(|| Failure::new("no stderr", "run it again"))?;
    let mut said = BufReader::new(said).lines();
    // The last line of the banner.
    if said.by_ref().map_while(Result::ok).any(|line| line.contains("records")) {
        return Ok((child, said));
    }
    // It has ended, or said its last; nobody waits for it.
    let _ = child.kill();
    let _ = child.wait();
    Err(Failure::new("the house did not start", "is its port free?"))
}
