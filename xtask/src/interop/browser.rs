//! A browser and a telephone: Chromium with JsSIP registers by WSS, finds us by checks, has a handshake with
//! us (DTLS-SRTP), calls a phone that speaks G.711 in clear, and is called by it. Each hears the other, after
//! a hold too.
//!
//! Proves: E3, G2, I4.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use serde_json::Value;

use super::hearing::{Heard, Span};
use super::office::{Answers, Office, PASSWORD, User, media_of};
use super::page::{Page, Whose};
use super::place::{Transport, free_port, io_failure};
use super::tls::Certificates;
use super::{Binary, Load, baresip, place, records};
use crate::step::Failure;

const LOOP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ORIGIN: &str = "https://phones.example.com";
const USERS: [User; 2] = [User { name: "hana", more: "" }, User { name: "minsu", more: "" }];
/// The samples of half a wave of the page's tone, at 8 kHz, and how long its file lasts.
const MICROPHONE: u32 = 10;
const MICROPHONE_SECONDS: u32 = 4;
/// What the page hears of the first phone: four samples of half a wave, in Hz.
const PHONE_HZ: u32 = 1000;
const OFF_BY_MAX: u32 = 30;
/// A browser on a busy machine skips a sample now and then, and the packet swings otherwise.
const SKIPS_MAX: usize = 8;
const WHILE: Duration = Duration::from_millis(1500);

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let keys = Certificates::make(&place::folder("browser-keys")?)?;
    let wss = free_port(LOOP)?;
    let listen = format!(
        "wss = {wss}\norigins = [\"{ORIGIN}\"]\ntls_certificate = {:?}\ntls_key = {:?}",
        keys.certificate, keys.key
    );
    let mut office = Office::open_at(binary, "browser", &USERS, (&listen, ""))?;
    let tone = baresip::tone(MICROPHONE_SECONDS, MICROPHONE);
    let file = office.folder.join("microphone.wav");
    fs::write(&file, tone).map_err(|error| io_failure("microphone.wav", &error))?;
    let url = format!("wss://{LOOP}:{wss}");
    let whose = Whose {
        user: "hana",
        password: PASSWORD,
        house: office.house,
        url: &url,
        origin: ORIGIN,
        media: 0,
        authority: Some(&keys.authority),
    };
    let mut page = Page::open(&office.folder, "page", "chromium.mjs", &whose)?;
    let mut phone = office.phone(("minsu", "minsu"), Transport::Udp, Answers::AtOnce)?;
    page.tells("registered")?;

    page.does(&format!("call {}", office.uri("0101")))?;
    phone.talks()?;
    page.tells("talks")?;
    page.tells("media connected")?;
    let calling = hears(&mut page)?;
    // Each way a new offer: the handshake stands, and its keys go on.
    page.does("hold")?;
    page.tells("holds")?;
    page.does("resume")?;
    page.tells("goes on")?;
    let resumed = hears(&mut page)?;
    page.does("hangup")?;
    phone.is_left()?;

    phone.tell("dial", &office.uri("0100"))?;
    page.tells("rings")?;
    page.does("answer")?;
    page.tells("talks")?;
    page.tells("media connected")?;
    phone.talks()?;
    let called = hears(&mut page)?;
    page.does("hangup")?;
    phone.is_left()?;
    page.does("quit")?;
    page.tells("disconnected")?;

    let heard_at = media_of(&phone);
    drop((page, phone));
    let left = office.close()?;
    let heard = Heard::at(&left.written, "minsu's phone", heard_at)?;
    heard.expect_voice_but(calling, MICROPHONE, SKIPS_MAX)?;
    heard.expect_voice_but(resumed, MICROPHONE, SKIPS_MAX)?;
    heard.expect_voice_but(called, MICROPHONE, SKIPS_MAX)?;
    records::expect_exactly(&left.records, 2)?;
    let suites = [suite(&left.records[0], "caller")?, suite(&left.records[1], "callee")?];
    Ok(format!("Chromium called and was called by {} and {}; each heard the other", suites[0], suites[1]))
}

/// The page hears the phone's tone, from now on for a while.
fn hears(page: &mut Page) -> Result<Span, Failure> {
    let span = Span::pass(WHILE);
    page.does("listen")?;
    let told = page.tells("hears")?;
    let hz: Option<u32> = told.split(' ').next_back().and_then(|hz| hz.parse().ok());
    match hz {
        Some(hz) if hz.abs_diff(PHONE_HZ) <= OFF_BY_MAX => Ok(span),
        _ => Err(Failure::new(format!("the page {told}, not {PHONE_HZ} Hz"), "read page.log")),
    }
}

fn suite(record: &Value, side: &str) -> Result<String, Failure> {
    let other = if side == "caller" { "callee" } else { "caller" };
    match (&record["media"][side]["srtp"], &record["media"][other]["srtp"]) {
        (Value::String(suite), Value::Null) => Ok(suite.clone()),
        _ => Err(Failure::new(format!("not keyed as it should be: {}", record["media"]), "read the log")),
    }
}
