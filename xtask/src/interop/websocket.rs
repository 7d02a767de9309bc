//! Phones on web pages: JsSIP registers by WSS and by WS, is called by a carrier, calls, writes, and is there
//! again after its page was loaded anew. A page of elsewhere is kept out.
//!
//! Proves: D7.

use std::net::{IpAddr, Ipv4Addr};

use super::office::{Office, PASSWORD, User, WITHIN, expect_one};
use super::page::{Page, Whose};
use super::place::free_port;
use super::tls::Certificates;
use super::{Binary, Load, audio, place, records};
use crate::step::Failure;

const LOOP: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ORIGIN: &str = "https://phones.example.com";
const USERS: [User; 2] = [User { name: "hana", more: "" }, User { name: "minsu", more: "" }];
/// Node has no handshake: its pages are offered keys as phones are, which they may leave.
const IN_DESCRIPTIONS: &str = "media = { keys = \"sdes\" }\n";
const NUMBER: &str = "+14255550100";

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let keys = Certificates::make(&place::folder("websocket-keys")?)?;
    let (ws, wss) = (free_port(LOOP)?, free_port(LOOP)?);
    let listen = format!(
        "ws = {ws}\nwss = {wss}\norigins = [\"{ORIGIN}\"]\ntls_certificate = {:?}\ntls_key = {:?}",
        keys.certificate, keys.key
    );
    let office = Office::open_at(binary, "websocket", &USERS, (&listen, IN_DESCRIPTIONS))?;
    audio::write_tone(&office.folder)?;
    let whose = |user, url, origin, media| Whose {
        user,
        password: PASSWORD,
        house: office.house,
        url,
        origin,
        media,
        authority: Some(&keys.authority),
    };
    let sealed = format!("wss://{LOOP}:{wss}");
    let clear = format!("ws://{LOOP}:{ws}");
    let mut foreign =
        Page::load(&office.folder, "foreign", &whose("hana", &sealed, "https://evil.example", 1))?;
    foreign.tells("refused 403")?;
    let mut hana = Page::load(&office.folder, "hana", &whose("hana", &sealed, ORIGIN, 31_000))?;
    let mut minsu = Page::load(&office.folder, "minsu", &whose("minsu", &clear, ORIGIN, 31_100))?;
    hana.tells("registered")?;
    minsu.tells("registered")?;

    is_called(&office, &mut hana)?;
    hana.does(&format!("call {}", office.uri("0101")))?;
    minsu.tells("rings")?;
    minsu.does("answer")?;
    minsu.tells("talks")?;
    hana.tells("talks")?;
    minsu.does("hangup")?;
    hana.tells("over remote")?;
    hana.does(&format!("write {} lunch at noon", office.uri("0101")))?;
    minsu.tells("message lunch at noon")?;

    hana.does("reload")?;
    hana.tells("registered")?;
    is_called(&office, &mut hana)?;
    for page in [&mut hana, &mut minsu] {
        page.does("quit")?;
        page.tells("disconnected")?;
    }
    let left = office.close()?;
    records::expect_exactly(&left.records, 3)?;
    Ok("two pages registered, called and were called, wrote; one was loaded anew; a foreign one was kept out"
        .into())
}

/// The carrier calls; the page answers, and the carrier hangs up.
fn is_called(office: &Office, page: &mut Page) -> Result<(), Failure> {
    let carrier = office.calls("uac-outside", NUMBER, &["-d", "500"])?;
    page.tells("rings")?;
    page.does("answer")?;
    page.tells("talks")?;
    page.tells("over remote")?;
    expect_one("the carrier", carrier.finish(WITHIN)?)
}
