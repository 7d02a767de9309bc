//! Three baresips, each a user: one transfers another to the third, blind and after a consultation, and
//! leaves as soon as it has heard 202. Who stays hears the new party, whoever transferred hears nobody.
//!
//! Proves: A18, F-12.

use std::time::Duration;

use super::handset::Handset;
use super::hearing::{Heard, Span};
use super::office::{Answers, Left, Office, User, media_of};
use super::place::Transport;
use super::{Binary, Load, records};
use crate::step::Failure;

const WHILE: Duration = Duration::from_millis(1500);
/// Who is held hears nobody, and nothing else that could be taken for somebody.
const SYSTEM: &str = "media = { music = \"off\" }\n";
const USERS: [User; 3] =
    [User { name: "hana", more: "" }, User { name: "minsu", more: "" }, User { name: "lobby", more: "" }];

/// Hana is transferred by Minsu to the lobby.
struct Phones {
    hana: Handset,
    minsu: Handset,
    lobby: Handset,
}

/// When two of them spoke, and the third did not.
struct Spans {
    after_blind: Span,
    consulting: Span,
    after_attended: Span,
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let mut office = Office::open_at(binary, "transfer-phones", &USERS, ("", SYSTEM))?;
    let mut phones = Phones {
        hana: office.phone(("hana", "hana"), Transport::Udp, Answers::AtOnce)?,
        minsu: office.phone(("minsu", "minsu"), Transport::Udp, Answers::AtOnce)?,
        lobby: office.phone(("lobby", "lobby"), Transport::Tcp, Answers::AtOnce)?,
    };
    let after_blind = blind(&office, &mut phones)?;
    let (consulting, after_attended) = attended(&office, &mut phones)?;
    let left = office.close()?;

    expect_audio(&left, &phones, &Spans { after_blind, consulting, after_attended })?;
    expect_pairs(&left)?;
    Ok("one blind and one attended, each left right after its 202, 4 records in pairs".into())
}

fn blind(office: &Office, phones: &mut Phones) -> Result<Span, Failure> {
    let Phones { hana, minsu, lobby } = phones;
    meet(office, hana, minsu)?;
    minsu.tell("transfer", &office.uri("0102"))?;
    leave_after_202(minsu, 1)?;
    lobby.talks()?;
    let span = Span::pass(WHILE);
    hana.tell("hangup", "")?;
    lobby.is_left()?;
    Ok(span)
}

fn attended(office: &Office, phones: &mut Phones) -> Result<(Span, Span), Failure> {
    let Phones { hana, minsu, lobby } = phones;
    meet(office, hana, minsu)?;
    minsu.tell("hold", "")?;
    minsu.tell("dial", &office.uri("0102"))?;
    let asked = minsu.talks()?;
    lobby.talks()?;
    let consulting = Span::pass(WHILE);
    let replaces = replaces(&minsu.traces(&asked)?, &asked)?;
    minsu.tell("line", "1")?;
    minsu.tell("transfer", &format!("<{}?Replaces={replaces}>", office.uri("0102")))?;
    leave_after_202(minsu, 2)?;
    let span = Span::pass(WHILE);
    hana.tell("hangup", "")?;
    lobby.is_left()?;
    Ok((consulting, span))
}

/// Hana calls Minsu.
fn meet(office: &Office, hana: &mut Handset, minsu: &mut Handset) -> Result<(), Failure> {
    hana.tell("dial", &office.uri("0101"))?;
    hana.talks()?;
    minsu.talks().map(|_| ())
}

/// Hangs up on whoever was transferred, at this acceptance of all.
pub fn leave_after_202(minsu: &mut Handset, count: usize) -> Result<(), Failure> {
    minsu.traces_so_often("SIP/2.0 202 ", count)?;
    minsu.tell("hangup", "")?;
    minsu.is_left()
}

/// The dialog of a call that was made, as its other side names it (RFC 3891).
fn replaces(trace: &str, call: &str) -> Result<String, Failure> {
    let answers =
        trace.split("SIP/2.0 200 ").skip(1).map(|rest| rest.split("\r\n\r\n").next().unwrap_or(rest));
    let line = |text: &str, name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    let is_its = |text: &&str| {
        line(text, "Call-ID:").as_deref() == Some(call)
            && line(text, "CSeq:").is_some_and(|cseq| cseq.ends_with("INVITE"))
    };
    let tag = |text: &str, name: &str| {
        line(text, name).and_then(|value| value.split_once(";tag=").map(|(_, tag)| tag.to_owned()))
    };
    let answer = answers.filter(is_its).last();
    let tags = answer.and_then(|text| Some((tag(text, "To:")?, tag(text, "From:")?)));
    let (to, from) = tags.ok_or_else(|| {
        Failure::new(format!("no answer to the call {call} in the trace"), "read minsu/log")
    })?;
    Ok(format!("{call}%3Bto-tag%3D{to}%3Bfrom-tag%3D{from}"))
}

fn expect_audio(left: &Left, phones: &Phones, spans: &Spans) -> Result<(), Failure> {
    let Phones { hana, minsu, lobby } = phones;
    let at_hana = Heard::at(&left.written, "hana", media_of(hana))?;
    let at_minsu = Heard::at(&left.written, "minsu", media_of(minsu))?;
    let at_lobby = Heard::at(&left.written, "lobby", media_of(lobby))?;
    for span in [spans.after_blind, spans.after_attended] {
        at_hana.expect_voice(span, lobby.voice)?;
        at_lobby.expect_voice(span, hana.voice)?;
        at_minsu.expect_silence(span)?;
    }
    at_minsu.expect_voice(spans.consulting, lobby.voice)?;
    at_lobby.expect_voice(spans.consulting, minsu.voice)?;
    at_hana.expect_silence(spans.consulting)
}

/// Of each transfer the part that ended, and the part that went on and names the first as its parent.
fn expect_pairs(left: &Left) -> Result<(), Failure> {
    records::expect_exactly(&left.records, 4)?;
    let is_transferred = |parent: &str| {
        left.records.iter().any(|record| record["id"] == parent && record["verdict"] == "TD-E003")
    };
    let linked = left.records.iter().filter(|record| {
        let parents = record["parents"].as_array();
        parents
            .is_some_and(|parents| parents.iter().any(|id| is_transferred(id.as_str().unwrap_or_default())))
    });
    match linked.count() {
        2 => Ok(()),
        linked => {
            let what = format!("{linked} records name a call that was transferred as their parent, not 2");
            Err(Failure::new(what, "read data/records"))
        }
    }
}
