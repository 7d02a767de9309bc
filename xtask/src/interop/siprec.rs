//! Two baresips in a call that recorders outside have, one of each of two groups; a third group has nobody,
//! which is an alarm, and the call goes on. Of the first group one is nowhere, one shows a certificate that
//! nobody believes, and one, by TLS, is sent sealed sound, which libsrtp opens; of the second SIPp plays one
//! by TCP, in clear. Each voice comes out of the house at a port of its own, and nothing while one of them
//! waits; lxml holds what both are told against the schema of RFC 7865.
//!
//! Proves: P4.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::hearing::{Heard, Span};
use super::office::{Office, User, WITHIN, expect_one};
use super::page::Page;
use super::place::{self, Transport, free_port, io_failure};
use super::sipp::{Role, Sipp};
use super::tls::Certificates;
use super::{Binary, Load, python, records};
use crate::step::{self, Failure, root};

const WHILE: Duration = Duration::from_secs(4);
const PLACE: &str = "target/interop-siprec";
const LIBRARIES: [&str; 2] = ["lxml==6.1.3", "pylibsrtp==1.0.0"];
const HERTZ: u32 = 8000;
const OFF_BY_MAX: u32 = 30;
const HOUSE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const CURE: &str = "read uas-recorder.messages and vault.messages in the scenario's folder";
const AT: &str = "127.0.0.34:5090";
/// Where the recorder hears the caller; the callee two ports above.
const EAR: u16 = 43_000;
const USERS: [User; 2] =
    [User { name: "hana", more: "record = \"always\"\n" }, User { name: "minsu", more: "" }];

/// Fetches what judges.
pub fn install() -> Result<(), Failure> {
    python::install(PLACE, &LIBRARIES)
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let (ours, foreign) = (keys("siprec-keys")?, keys("siprec-foreign-keys")?);
    let ports = [free_port(HOUSE)?, free_port(HOUSE)?, free_port(HOUSE)?];
    let [tls, safe, vault] = ports;
    let listen = format!(
        "tls = {tls}\ntls_certificate = {:?}\ntls_key = {:?}\ntls_verify = {:?}",
        ours.certificate, ours.key, ours.authority
    );
    let documents = documents([safe, vault]);
    let mut office = Office::open_at(binary, "siprec", &USERS, (&listen, &documents))?;
    let mirror = mirror(&office)?;
    let safe = recorder(&office, "safe", safe, &foreign)?;
    let mut vault = recorder(&office, "vault", vault, &ours)?;
    let mut hana = office.phone_of("hana", "PCMU")?;
    let mut minsu = office.phone_of("minsu", "PCMU")?;

    hana.tell("dial", &office.uri("0101"))?;
    hana.talks()?;
    minsu.talks()?;
    vault.tells("called")?;
    let voices = [hana.voice, minsu.voice];
    let both = Span::pass(WHILE);
    expect_alarm(binary, &office.folder)?;
    expect_pitches(&mut vault, voices)?;
    hana.tell("hold", "")?;
    let held = Span::pass(WHILE);
    expect_silent_caller(&mut vault)?;
    hana.tell("resume", "")?;
    let again = Span::pass(WHILE);
    expect_pitches(&mut vault, voices)?;
    hana.tell("hangup", "")?;
    minsu.is_left()?;
    vault.tells("over")?;
    vault.expect_untold("error")?;
    safe.expect_untold("called")?;
    expect_one("the recorder", mirror.finish(WITHIN)?)?;

    let folder = office.folder.clone();
    drop((hana, minsu, vault, safe));
    let left = office.close()?;
    for (port, voice) in [EAR, EAR + 2].into_iter().zip(voices) {
        let heard = Heard::at(&left.written, "the recorder", port..port + 1)?;
        heard.expect_voice(both, voice)?;
        heard.expect_voice(again, voice)?;
    }
    // Who has put the other on hold says nothing.
    Heard::at(&left.written, "the recorder", EAR..EAR + 1)?.expect_silence(held)?;
    records::expect_exactly(&left.records, 1)?;
    expect_recorded(&left.records[0]["recording"])?;
    ["vault.messages", "uas-recorder.messages"].iter().try_for_each(|log| judged(&folder.join(log)))?;
    Ok("two recorders at once, by TLS and sealed, and by TCP; a stranger's certificate was refused; each \
        voice at its own port; three documents each fit the schema"
        .to_owned())
}

/// Which recorders there are, but for the ports of two of them.
fn documents([safe, vault]: [u16; 2]) -> String {
    let recorder = |name: &str, server: &str, more: &str| {
        format!("\n[recorder.{name}]\nservers = [\"sip:{server}\"]\nhealth = {{ options = \"off\" }}\n{more}")
    };
    let sealed = "srtp = \"required\"\n";
    [
        "\n[system.recording]\nto = \"recorder\"\nnotice = \"off\"\n".to_owned(),
        recorder("archive", "127.0.0.34:5099;transport=tcp", ""),
        recorder("safe", &format!("{HOUSE}:{safe};transport=tls"), sealed),
        recorder("vault", &format!("{HOUSE}:{vault};transport=tls"), sealed),
        recorder("mirror", &format!("{AT};transport=tcp"), "group = \"law\"\n"),
        recorder("nobody", "127.0.0.34:5098;transport=tcp", "group = \"tape\"\n"),
    ]
    .concat()
}

fn keys(name: &str) -> Result<Certificates, Failure> {
    Certificates::make(&place::folder(name)?)
}

/// A recorder by TLS, with that certificate; it is there on return.
fn recorder(office: &Office, name: &str, port: u16, kept: &Certificates) -> Result<Page, Failure> {
    let mut command = python::command(PLACE, "python");
    command.arg(root().join("interop/siprec/recorder.py")).args([HOUSE.to_string(), port.to_string()]);
    command.arg(kept.key.parent().unwrap_or(Path::new(".")));
    command.arg(office.folder.join(format!("{name}.messages")));
    let mut recorder = Page::start(&office.folder, name, &mut command)?;
    recorder.tells("ready")?;
    Ok(recorder)
}

/// What a recorder hears of the two: the pitch of each voice, or nothing.
fn pitches(recorder: &mut Page) -> Result<Vec<u32>, Failure> {
    recorder.does("listen")?;
    let told = recorder.tells("hears")?;
    Ok(told.split(' ').filter_map(|hertz| hertz.parse().ok()).collect())
}

fn expect_pitches(recorder: &mut Page, voices: [u32; 2]) -> Result<(), Failure> {
    let heard = pitches(recorder)?;
    let wanted = voices.map(|voice| HERTZ / (2 * voice));
    let is_right = |(one, other): (&u32, &u32)| one.abs_diff(*other) <= OFF_BY_MAX;
    if heard.len() == wanted.len() && heard.iter().zip(&wanted).all(is_right) {
        return Ok(());
    }
    Err(Failure::new(format!("sealed, the recorder heard {heard:?} Hz, not {wanted:?}"), "read vault.log"))
}

fn expect_silent_caller(recorder: &mut Page) -> Result<(), Failure> {
    match pitches(recorder)?.first() {
        Some(0) => Ok(()),
        heard => Err(Failure::new(format!("the caller who holds was heard: {heard:?}"), "read vault.log")),
    }
}

/// The house tells its operator of the group that nobody is of.
fn expect_alarm(binary: &Binary, folder: &Path) -> Result<(), Failure> {
    let mut command = binary.command();
    command.args(["status", "--json", "--data"]).arg(folder.join("data"));
    let said = step::read(&mut command, "does the house still run?")?;
    let status: Value = serde_json::from_str(&said)
        .map_err(|error| Failure::new(format!("its status: {error}"), "run tandem status --json"))?;
    let alarms: Vec<&str> =
        status["alarms"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match alarms[..] {
        [alarm] if alarm.starts_with("no recorder of group tape took the last call ") => Ok(()),
        _ => Err(Failure::new(format!("the alarms are {alarms:?}"), "read node.log")),
    }
}

/// One of each group had the call, and those before it did not.
fn expect_recorded(recording: &Value) -> Result<(), Failure> {
    let rows = recording["recorders"].as_array().cloned().unwrap_or_default();
    let names: BTreeSet<_> =
        rows.iter().map(|row| (row["recorder"].as_str(), row["since"].is_i64())).collect();
    let wanted = [("archive", false), ("safe", false), ("vault", true), ("mirror", true), ("nobody", false)];
    let wanted = wanted.map(|(name, had_it)| (Some(name), had_it)).into();
    let missed = recording["missed"].as_array().map(Vec::len);
    if names == wanted && recording.get("file").is_none() && missed == Some(1) {
        return Ok(());
    }
    Err(Failure::new(format!("the record says {recording}"), "read the records"))
}

/// SIPp as a recorder; it is there on return.
fn mirror(office: &Office) -> Result<Sipp, Failure> {
    let local: SocketAddr = AT.parse().map_err(|_| Failure::new("no address", "see AT"))?;
    let options = ["-m", "1", "-trace_msg", "-message_file", "uas-recorder.messages", "-mp"];
    let options = options.iter().map(|option| (*option).to_owned()).chain([EAR.to_string()]).collect();
    let contact = format!("sip:mirror@{local};transport=tcp");
    let role = Role { scenario: "uas-recorder", local, contact, transport: Transport::Tcp, options };
    Sipp::start(&office.folder, &role, None)
}

/// What it was told is as the RFCs have it, and what was so.
fn judged(log: &Path) -> Result<(), Failure> {
    fs::metadata(log).map_err(|error| io_failure("what a recorder was told", &error))?;
    let mut judge = python::command(PLACE, "python");
    judge.arg(root().join("interop/siprec/judge.py")).arg(log);
    judge.arg(root().join("interop/siprec/rs-metadata.xsd"));
    let said = step::read(&mut judge, CURE)?;
    let people = "tel:+14255550100,tel:+14255550101";
    let lines: Vec<&str> = said.lines().collect();
    let is_so = |line: &&str, streams: &str| *line == format!("2 {streams} 1,2 {people}");
    let wanted = ["2 2", "1 1", "2 2"];
    if lines.len() == wanted.len() && lines.iter().zip(wanted).all(|(line, streams)| is_so(line, streams)) {
        return Ok(());
    }
    Err(Failure::new(format!("{} says {said}", log.display()), CURE))
}
