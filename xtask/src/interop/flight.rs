//! A call is found by number, drawn, and exported to a file that tshark reads, while the house runs.
//!
//! Proves: pain 23.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::calls::NUMBER;
use super::place::{Transport, UDP_V4, Way};
use super::sipp::{Role, Sipp};
use super::stage::Stage;
use super::{Binary, Load};
use crate::step::{Failure, read};

const WAY: Way = Way { name: "flight", ..UDP_V4 };
/// INVITE, 100, 180, 200, ACK, BYE, 200 on each leg; the callee sends no 100.
const MESSAGES_MIN: usize = 13;

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let Stage { folder, caller, callee, setting, node } = Stage::set(binary, WAY)?;

    let options = vec!["-m".into(), "1".into()];
    let contact = format!("sip:callee@{callee}");
    let called = Role { scenario: "uas", local: callee, contact, transport: Transport::Udp, options };
    let uas = Sipp::start(&folder, &called, None)?;
    let options = ["-m", "1", "-r", "1", "-key", "number", NUMBER].map(str::to_owned).to_vec();
    let contact = format!("sip:caller@{caller}");
    let calling = Role { scenario: "uac", local: caller, contact, transport: Transport::Udp, options };
    let uac = Sipp::start(&folder, &calling, Some(setting.sip))?;
    uac.finish(Duration::from_secs(30))?;
    uas.finish(Duration::from_secs(30))?;

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
    let list: Value = serde_json::from_str(&tandem(&["call", "list", "--json"])?)
        .map_err(|error| Failure::new(error.to_string(), "call list --json prints one document"))?;
    let id = list["ended"][0]["id"].as_str().unwrap_or_default().to_owned();
    let drawn = tandem(&["call", "ladder", &id])?;
    for word in ["INVITE", "180", "200", "BYE", "TD-E001"] {
        if !drawn.contains(word) {
            return Err(Failure::new(format!("no {word} in\n{drawn}"), "is the recorder on?"));
        }
    }
    let file = folder.join("call.pcapng").display().to_string();
    tandem(&["call", "export", &id, "--pcapng", &file])?;
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
