//! The house's own phone in a browser, and telephones: Chromium loads the page from the port of WSS and signs
//! in, finds us by checks and has a handshake with us (DTLS-SRTP). It calls a trunk that speaks G.711 in
//! clear, and is called. Each hears the other, after a hold too; digits arrive, calls are handed on with and
//! without asking first, messages go both ways, and a colleague's lamp goes on and off. Its library is the
//! published one.
//!
//! Proves: E3, G2, I4, C-13.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::handset::Handset;
use super::hearing::{Heard, Span};
use super::office::{Answers, Left, Office, PASSWORD, User, media_of};
use super::page::{self, Page, Whose};
use super::place::{Transport, free_port, io_failure};
use super::tls::Certificates;
use super::{Binary, Load, baresip, place};
use crate::step::Failure;

const LOOP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Of a page of somebody else: the house's own needs none.
const ORIGIN: &str = "https://phones.example.com";
const USERS: [User; 3] =
    [User { name: "hana", more: "" }, User { name: "minsu", more: "" }, User { name: "jisoo", more: "" }];
const OUTSIDE: &str = "+12065550142";
const DIGITS: &str = "159#0*";
/// The samples of half a wave of the page's tone, at 8 kHz, and how long its file lasts.
const MICROPHONE: u32 = 10;
const MICROPHONE_SECONDS: u32 = 4;
const HERTZ: u32 = 8000;
const OFF_BY_MAX: u32 = 30;
/// A browser on a busy machine skips a sample now and then, and the packet swings otherwise.
const SKIPS_MAX: usize = 8;
const WHILE: Duration = Duration::from_millis(1500);

/// When the call was as its name says.
struct Spans {
    calling: Span,
    resumed: Span,
    handed_on: Span,
    called: Span,
    joined: Span,
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    page::expect_library_as_published()?;
    let keys = Certificates::make(&place::folder("browser-keys")?)?;
    turns_away(binary, &keys)?;

    let (mut office, url) = open(binary, "browser", &keys, "")?;
    let whose = |user| whose(user, &office, &url, &keys);
    let mut page = Page::phone(&office.folder, "page", &whose("hana"))?;
    let mut jisoo = Page::load(&office.folder, "jisoo", &whose("jisoo"))?;
    let mut carrier = office.far_end("carrier", OUTSIDE)?;
    let mut minsu = office.phone(("minsu", "minsu"), Transport::Udp, Answers::AtOnce)?;
    page.tells("page 200 with a policy")?;
    page.does("enter")?;
    page.tells("registered")?;
    jisoo.tells("registered")?;
    page.does("watch minsu")?;
    page.tells("lamp minsu free")?;

    let (calling, resumed, handed_on) = calls(&mut page, &mut carrier, &mut minsu)?;
    let (called, joined) = is_called(&office, &mut page, &mut carrier, &mut minsu)?;
    page.does("write jisoo lunch at noon?")?;
    jisoo.tells("message lunch at noon?")?;
    jisoo.does(&format!("write {} at one", office.uri("hana")))?;
    page.tells("message at one")?;
    page.does("picture messages dark")?;
    page.tells("picture")?;
    page.does("out")?;
    jisoo.does("quit")?;
    jisoo.tells("disconnected")?;

    page.expect_untold("elsewhere")?;
    page.expect_untold("error")?;
    let heard_at = [media_of(&carrier), media_of(&minsu)];
    let voices = (carrier.voice, minsu.voice);
    drop((page, jisoo, carrier, minsu));
    let left = office.close()?;
    let spans = Spans { calling, resumed, handed_on, called, joined };
    expect_heard(&left, heard_at, voices, &spans)?;
    let suite = suite(&left)?;
    Ok(format!(
        "the house's phone in Chromium called and was called by {suite}, held, sent digits, handed calls on, \
         wrote and saw a lamp"
    ))
}

/// A house whose phone is given, and where.
fn open(binary: &Binary, name: &str, keys: &Certificates, system: &str) -> Result<(Office, String), Failure> {
    let wss = free_port(LOOP)?;
    let listen = format!(
        "wss = {wss}\nphone = true\norigins = [\"{ORIGIN}\"]\ntls_certificate = {:?}\ntls_key = {:?}",
        keys.certificate, keys.key
    );
    let office = Office::open_at(binary, name, &USERS, (&listen, system))?;
    speak(&office.folder)?;
    Ok((office, format!("wss://{LOOP}:{wss}")))
}

fn speak(folder: &Path) -> Result<(), Failure> {
    let tone = baresip::tone(MICROPHONE_SECONDS, MICROPHONE);
    fs::write(folder.join("microphone.wav"), tone).map_err(|error| io_failure("microphone.wav", &error))
}

fn whose<'a>(user: &'a str, office: &Office, url: &'a str, keys: &'a Certificates) -> Whose<'a> {
    Whose {
        user,
        password: PASSWORD,
        house: office.house,
        url,
        origin: ORIGIN,
        media: 0,
        authority: Some(&keys.authority),
    }
}

/// Who has a wrong password or no microphone is told so; who is offered several digests signs in.
fn turns_away(binary: &Binary, keys: &Certificates) -> Result<(), Failure> {
    let (office, url) = open(binary, "browser-door", keys, "digest = [\"sha-256\", \"md5\"]")?;
    let whose = whose("hana", &office, &url, keys);
    let mut page = Page::phone_without_microphone(&office.folder, "page", &whose)?;
    page.does("enter wrong")?;
    page.tells("says The user name or the password is wrong.")?;
    page.does("picture door")?;
    page.does("enter")?;
    page.tells("registered")?;
    page.does("call 0101")?;
    page.tells("says The microphone is not allowed")?;
    page.expect_untold("elsewhere")?;
    page.does("out")?;
    drop(page);
    office.close().map(|_| ())
}

/// The page calls the trunk, and hands it on to a colleague without asking.
fn calls(page: &mut Page, carrier: &mut Handset, minsu: &mut Handset) -> Result<(Span, Span, Span), Failure> {
    page.does(&format!("call {OUTSIDE}"))?;
    carrier.talks()?;
    page.tells("talks")?;
    page.tells("media connected")?;
    let calling = hears(page, carrier)?;
    // Each way a new offer: the handshake stands, and its keys go on.
    page.does("hold")?;
    page.tells("holds")?;
    // The button that was pressed is gone, and the keyboard has not lost its place.
    page.does("focus")?;
    page.tells("focus resume")?;
    page.does("picture hold dark")?;
    page.does("resume")?;
    page.tells("goes on")?;
    let resumed = hears(page, carrier)?;
    page.does(&format!("keys {DIGITS}"))?;
    page.does("picture call light")?;
    page.does("transfer 0101")?;
    minsu.talks()?;
    page.tells("lamp minsu busy")?;
    page.tells("over Transferred to 0101.")?;
    let handed_on = Span::pass(WHILE);
    carrier.tell("hangup", "")?;
    minsu.is_left()?;
    page.tells("lamp minsu free")?;
    Ok((calling, resumed, handed_on))
}

/// A colleague calls the page, which asks the trunk and then connects the two.
fn is_called(
    office: &Office,
    page: &mut Page,
    carrier: &mut Handset,
    minsu: &mut Handset,
) -> Result<(Span, Span), Failure> {
    minsu.tell("dial", &office.uri("0100"))?;
    page.tells("rings")?;
    page.does("answer")?;
    page.tells("talks")?;
    page.tells("media connected")?;
    minsu.talks()?;
    let called = hears(page, minsu)?;
    page.does(&format!("ask {OUTSIDE}"))?;
    carrier.talks()?;
    page.tells("talks")?;
    hears(page, carrier)?;
    page.does("picture two-calls light")?;
    page.does("join")?;
    page.tells("over")?;
    let joined = Span::pass(WHILE);
    minsu.tell("hangup", "")?;
    carrier.is_left()?;
    page.tells("lamp minsu free")?;
    Ok((called, joined))
}

/// The page hears somebody's tone, from now on for a while.
fn hears(page: &mut Page, whom: &Handset) -> Result<Span, Failure> {
    let span = Span::pass(WHILE);
    page.does("listen")?;
    let told = page.tells("hears")?;
    let wanted = HERTZ / (2 * whom.voice);
    let hz: Option<u32> = told.split(' ').next_back().and_then(|hz| hz.parse().ok());
    match hz {
        Some(hz) if hz.abs_diff(wanted) <= OFF_BY_MAX => Ok(span),
        _ => Err(Failure::new(format!("the page {told}, not {wanted} Hz"), "read page.log")),
    }
}

fn expect_heard(
    left: &Left,
    [at_carrier, at_minsu]: [std::ops::Range<u16>; 2],
    (carrier, minsu): (u32, u32),
    spans: &Spans,
) -> Result<(), Failure> {
    let far = Heard::at(&left.written, "the carrier", at_carrier)?;
    far.expect_voice_but(spans.calling, MICROPHONE, SKIPS_MAX)?;
    far.expect_voice_but(spans.resumed, MICROPHONE, SKIPS_MAX)?;
    far.expect_voice(spans.handed_on, minsu)?;
    far.expect_voice(spans.joined, minsu)?;
    if far.digits() != DIGITS {
        let what = format!("the carrier heard the digits {:?} for {DIGITS:?}", far.digits());
        return Err(Failure::new(what, "open calls.pcap in Wireshark"));
    }
    let near = Heard::at(&left.written, "minsu's phone", at_minsu)?;
    near.expect_voice(spans.handed_on, carrier)?;
    near.expect_voice_but(spans.called, MICROPHONE, SKIPS_MAX)?;
    near.expect_voice(spans.joined, carrier)
}

/// By which cipher the page was sealed, whose other side was in clear.
fn suite(left: &Left) -> Result<String, Failure> {
    let sealed = left.records.iter().find_map(|record| {
        match (&record["media"]["caller"]["srtp"], &record["media"]["callee"]["srtp"]) {
            (Value::String(suite), Value::Null) | (Value::Null, Value::String(suite)) => Some(suite.clone()),
            _ => None,
        }
    });
    sealed.ok_or_else(|| Failure::new("no call was keyed as it should be", "read its records"))
}
