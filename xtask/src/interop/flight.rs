//! A call is found by number, drawn, and exported to a file that tshark reads, while the house runs.
//!
//! Proves: pain 23.

use std::path::Path;
use std::process::Command;

use super::place::{UDP_V4, Way};
use super::stage::Stage;
use super::{Binary, Load, calls, records};
use crate::step::{Failure, read};

const WAY: Way = Way { name: "flight", ..UDP_V4 };
/// INVITE, 100, 180, 200, ACK, BYE, 200 on each leg; the callee sends no 100.
const MESSAGES_MIN: usize = 13;

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let Stage { folder, caller, callee, setting, node } = Stage::set(binary, WAY)?;

    calls::one(&folder, setting.sip, caller, callee)?;

    let said = looked_at(binary, &folder);
    node.stop()?;
    said
}

fn looked_at(binary: &Binary, folder: &Path) -> Result<String, Failure> {
    let data = folder.join("data").display().to_string();
    let tandem = |words: &[&str]| {
        let mut command = binary.command();
        read(command.args(words).args(["--data", &data]), "read the node's log")
    };
    let record = records::last(binary, folder)?;
    let id = record["id"].as_str().unwrap_or_default();
    let drawn = tandem(&["call", "ladder", id])?;
    for word in ["INVITE", "180", "200", "BYE", "TD-E001"] {
        if !drawn.contains(word) {
            return Err(Failure::new(format!("no {word} in\n{drawn}"), "is the recorder on?"));
        }
    }
    let file = folder.join("call.pcapng").display().to_string();
    tandem(&["call", "export", id, "--pcapng", &file])?;
    let dissected = dissected(&file)?;
    let bad = dissected.iter().find(|line| line.contains("Malformed") || !line.contains("SIP"));
    if let Some(bad) = bad {
        return Err(Failure::new(format!("tshark says: {bad}"), "compare with `call ladder --json`"));
    }
    if dissected.len() < MESSAGES_MIN {
        let what = format!("{} messages in the capture, not {MESSAGES_MIN}", dissected.len());
        return Err(Failure::new(what, "compare with `call ladder --json`"));
    }
    Ok(format!("{} messages drawn, exported and dissected", dissected.len()))
}

/// tshark's line for each packet, every port taken for SIP.
fn dissected(file: &str) -> Result<Vec<String>, Failure> {
    let mut tshark = Command::new("tshark");
    tshark.args(["-r", file, "-d", "udp.port==1-65535,sip"]);
    let text = read(&mut tshark, "is tshark installed?")?;
    Ok(text.lines().map(str::to_owned).collect())
}
