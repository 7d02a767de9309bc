//! Two baresips in a call that a recorder outside has, which SIPp plays: the first one is nowhere. Each voice
//! comes out of the house at a port of its own, and nothing while one of them waits; lxml holds what the
//! recorder is told against the schema of RFC 7865.
//!
//! Proves: P4.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::hearing::{Heard, Span};
use super::office::{Office, User, WITHIN, expect_one};
use super::place::{Transport, io_failure};
use super::sipp::{Role, Sipp};
use super::{Binary, Load, python, records};
use crate::step::{self, Failure, root};

const WHILE: Duration = Duration::from_secs(4);
const PLACE: &str = "target/interop-siprec";
const LIBRARY: &str = "lxml==6.1.3";
const CURE: &str = "read uas-recorder.messages in the scenario's folder";
const AT: &str = "127.0.0.34:5090";
/// Where the recorder hears the caller; the callee two ports above.
const EAR: u16 = 43_000;
const USERS: [User; 2] = [
    User { name: "hana", more: "record = \"always\"\n" },
    User {
        name: "minsu",
        more: "\n[recorder.archive]\nservers = [\"sip:127.0.0.34:5099;transport=tcp\"]\n\
               health = { options = \"off\" }\n\n\
               [recorder.vault]\nservers = [\"sip:127.0.0.34:5090;transport=tcp\"]\n\
               health = { options = \"off\" }\n\n\
               [system.recording]\nto = \"recorder\"\nnotice = \"off\"\n",
    },
];

/// Fetches what judges.
pub fn install() -> Result<(), Failure> {
    python::install(PLACE, &[LIBRARY])
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let mut office = Office::open(binary, "siprec", &USERS)?;
    let recorder = recorder(&office)?;
    let mut hana = office.phone_of("hana", "PCMU")?;
    let mut minsu = office.phone_of("minsu", "PCMU")?;

    hana.tell("dial", &office.uri("0101"))?;
    hana.talks()?;
    minsu.talks()?;
    let both = Span::pass(WHILE);
    hana.tell("hold", "")?;
    let held = Span::pass(WHILE);
    hana.tell("resume", "")?;
    let again = Span::pass(WHILE);
    hana.tell("hangup", "")?;
    minsu.is_left()?;
    expect_one("the recorder", recorder.finish(WITHIN)?)?;

    let (folder, voices) = (office.folder.clone(), [hana.voice, minsu.voice]);
    let left = office.close()?;
    for (port, voice) in [EAR, EAR + 2].into_iter().zip(voices) {
        let heard = Heard::at(&left.written, "the recorder", port..port + 1)?;
        heard.expect_voice(both, voice)?;
        heard.expect_voice(again, voice)?;
    }
    // Who has put the other on hold says nothing.
    Heard::at(&left.written, "the recorder", EAR..EAR + 1)?.expect_silence(held)?;
    records::expect_exactly(&left.records, 1)?;
    let recording = &left.records[0]["recording"];
    let rows = recording["recorders"].as_array().cloned().unwrap_or_default();
    let names: Vec<_> = rows.iter().map(|row| (row["recorder"].as_str(), row["since"].is_i64())).collect();
    if names != [(Some("archive"), false), (Some("vault"), true)] || recording.get("file").is_some() {
        return Err(Failure::new(format!("the record says {recording}"), "read the records"));
    }
    judged(&folder)
}

/// SIPp as a recorder; it is there on return.
fn recorder(office: &Office) -> Result<Sipp, Failure> {
    let local: SocketAddr = AT.parse().map_err(|_| Failure::new("no address", "see AT"))?;
    let options = ["-m", "1", "-trace_msg", "-message_file", "uas-recorder.messages", "-mp"];
    let options = options.iter().map(|option| (*option).to_owned()).chain([EAR.to_string()]).collect();
    let contact = format!("sip:vault@{local};transport=tcp");
    let role = Role { scenario: "uas-recorder", local, contact, transport: Transport::Tcp, options };
    Sipp::start(&office.folder, &role, None)
}

/// What it was told is as the RFCs have it, and what was so.
fn judged(folder: &Path) -> Result<String, Failure> {
    let log = folder.join("uas-recorder.messages");
    fs::metadata(&log).map_err(|error| io_failure("uas-recorder.messages", &error))?;
    let mut judge = python::command(PLACE, "python");
    judge.arg(root().join("interop/siprec/judge.py")).arg(&log);
    judge.arg(root().join("interop/siprec/rs-metadata.xsd"));
    let said = step::read(&mut judge, CURE)?;
    let people = "tel:+14255550100,tel:+14255550101";
    let lines: Vec<&str> = said.lines().collect();
    let is_so = |line: &&str, streams: &str| *line == format!("2 {streams} 1,2 {people}");
    let wanted = ["2 2", "1 1", "2 2"];
    if lines.len() == wanted.len() && lines.iter().zip(wanted).all(|(line, streams)| is_so(line, streams)) {
        return Ok("each voice at its own port of the recorder; three documents fit the schema".into());
    }
    Err(Failure::new(format!("the recorder was told {said}"), CURE))
}
