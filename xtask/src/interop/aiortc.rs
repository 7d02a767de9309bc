//! A far end of WebRTC that is no browser and shares no code with the house: aiortc, whose handshakes are
//! OpenSSL's, whose SRTP is libsrtp's and whose checks are its own. It registers by WebSocket, calls a
//! carrier that speaks G.711 in clear, as the server of the handshake and as its client, and is called. Each
//! end hears the other's tone. The house only answers checks, or makes them too.
//!
//! Proves: E3, G2, I4.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::time::Duration;

use super::handset::Handset;
use super::hearing::{Heard, Span};
use super::office::{Left, Office, PASSWORD, User, media_of};
use super::page::Page;
use super::place::{free_port, io_failure};
use super::{Binary, Load, records};
use crate::step::{self, Failure, root};

const LOOP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ORIGIN: &str = "https://phones.example.com";
/// Where the packages are installed, and which.
const PLACE: &str = "target/interop-aiortc";
pub const PYTHON: &str = "target/interop-aiortc/bin/python";
const PACKAGES: [&str; 2] = ["aiortc==1.16.0", "websockets==17.4"];
const USERS: [User; 1] = [User { name: "hana", more: "" }];
const NUMBER: &str = "+14255550100";
const OUTSIDE: &str = "+12065550142";
/// The samples of half a wave of its tone; those of phones and carriers are others.
const VOICE: u32 = 10;
const HERTZ: u32 = 8000;
const OFF_BY_MAX: u32 = 30;
/// Its clock is that of a busy interpreter.
const SKIPS_MAX: usize = 10;
const WHILE: Duration = Duration::from_secs(2);

/// Installs them in a folder of their own, where they are missing.
pub fn install() -> Result<(), Failure> {
    let (folder, wanted) = (root().join(PLACE), PACKAGES.join(" "));
    let installed = folder.join("installed");
    if fs::read_to_string(&installed).is_ok_and(|versions| versions == wanted) {
        return Ok(());
    }
    let cure = "needs python3 with venv, and its registry";
    step::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder), cure)?;
    let mut pip = Command::new(folder.join("bin/pip"));
    step::run(pip.args(["install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES), cure)?;
    fs::write(installed, wanted).map_err(|error| io_failure(PLACE, &error))
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let mut suites = Vec::new();
    for agent in ["lite", "full"] {
        let suite = with(binary, agent).map_err(|failure| {
            let what = format!("with a house that is a {agent} agent: {failure}");
            Failure::new(what, format!("read target/interop/aiortc-{agent}"))
        });
        suites.push(suite?);
    }
    let suites = suites.join(" and ");
    Ok(format!("aiortc called twice and was called by {suites}, client and server of the handshake"))
}

/// A house that only answers checks, or makes them too.
fn with(binary: &Binary, agent: &str) -> Result<String, Failure> {
    let ws = free_port(LOOP)?;
    let listen = format!("ws = {ws}\norigins = [\"{ORIGIN}\"]\nice = \"{agent}\"");
    let mut office = Office::open_at(binary, &format!("aiortc-{agent}"), &USERS, (&listen, ""))?;
    let mut carrier = office.far_end("carrier", OUTSIDE)?;
    let mut command = Command::new(root().join(PYTHON));
    command.arg(root().join("interop/aiortc/phone.py")).arg(format!("ws://{LOOP}:{ws}"));
    command.arg(format!("sip:hana@{}", office.house)).args([PASSWORD, ORIGIN, &VOICE.to_string()]);
    let mut phone = Page::start(&office.folder, "phone", &mut command)?;
    phone.tells("registered")?;

    let mut spans = Vec::new();
    // What it says of its part, and what that comes to.
    for (setup, role) in [("actpass", "server"), ("active", "client")] {
        phone.does(&format!("call {} {setup}", office.uri(OUTSIDE)))?;
        carrier.talks()?;
        spans.push(speak(&mut phone, &mut carrier, role)?);
    }
    carrier.tell("dial", &office.uri(NUMBER))?;
    phone.tells("rings")?;
    phone.does("answer")?;
    carrier.talks()?;
    spans.push(speak(&mut phone, &mut carrier, "client")?);
    phone.expect_untold("error")?;

    let at = media_of(&carrier);
    phone.does("quit")?;
    drop((phone, carrier));
    let left = office.close()?;
    let heard = Heard::at(&left.written, "the carrier", at)?;
    spans.iter().try_for_each(|span| heard.expect_voice_but(*span, VOICE, SKIPS_MAX))?;
    suite(&left)
}

/// Both are in a call: its phone has the keys in that role, and each hears the other.
fn speak(phone: &mut Page, carrier: &mut Handset, role: &str) -> Result<Span, Failure> {
    phone.tells(&format!("media connected {role}"))?;
    let span = Span::pass(WHILE);
    phone.does("listen")?;
    let told = phone.tells("hears")?;
    let wanted = HERTZ / (2 * carrier.voice);
    let hertz: Option<u32> = told.split(' ').next_back().and_then(|hertz| hertz.parse().ok());
    if hertz.is_none_or(|hertz| hertz.abs_diff(wanted) > OFF_BY_MAX) {
        return Err(Failure::new(format!("aiortc {told}, not {wanted} Hz"), "read phone.log"));
    }
    phone.does("hangup")?;
    phone.tells("over")?;
    carrier.is_left()?;
    Ok(span)
}

/// How its side was sealed, in each of its calls.
fn suite(left: &Left) -> Result<String, Failure> {
    records::expect_exactly(&left.records, 3)?;
    let of = |side: &str, at: usize| left.records[at]["media"][side]["srtp"].as_str();
    let suites = [of("caller", 0), of("caller", 1), of("callee", 2)];
    match suites {
        [Some(suite), Some(_), Some(_)] => Ok(suite.to_owned()),
        _ => Err(Failure::new(format!("sealed by {suites:?}"), "read the records")),
    }
}
