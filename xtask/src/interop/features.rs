//! What becomes of a call that comes in for somebody: sent on to a colleague and over two carriers, rung
//! together on several phones, taken by a team at once and in turn. Baresips ring, SIPp calls.
//!
//! Proves: A11, B10, C9, F-44, F-52.

use std::net::SocketAddr;
use std::time::Duration;

use super::handset::Handset;
use super::hearing::{Heard, Span};
use super::office::{Answers, Left, Office, User, WITHIN, expect_one, media_of};
use super::place::Transport;
use super::sipp::Sipp;
use super::{Binary, Load, audio, records};
use crate::step::Failure;

const WHILE: Duration = Duration::from_millis(800);
/// How long the carrier stays in a call, in ms: longer than it takes to listen.
const STAYS: &str = "3000";
const BY_CARRIER: &str = "forward = { busy = { number = \"+12065550199\" }, \
                          no_answer = { number = \"+13035550199\" }, after = \"5s\" }";
const USERS: [User; 6] = [
    User { name: "hana", more: "" },
    User { name: "minsu", more: BY_CARRIER },
    User { name: "lobby", more: "forward = { always = { user = \"minsu\" } }" },
    User { name: "away", more: "forward = { always = { number = \"+13035550177\" } }" },
    User { name: "team", more: "also = [{ user = \"hana\" }, { user = \"minsu\" }]\nring = \"together\"" },
    User {
        name: "hunt",
        more: "also = [{ user = \"minsu\" }, { user = \"hana\" }]\nring = \"in-turn\"\n\
               forward = { no_answer = { user = \"lobby\" }, after = \"5s\" }",
    },
];

/// Hana has two, Minsu has one.
struct Phones {
    desk: Handset,
    soft: Handset,
    minsu: Handset,
}

/// Who heard the carrier, and when.
struct Heeded {
    forwarded: Span,
    together: Span,
    hunted: Span,
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let mut office = Office::open(binary, "features", &USERS)?;
    audio::write_tone(&office.folder)?;
    let mut phones = Phones {
        desk: office.phone(("hana", "desk"), Transport::Udp, Answers::WhenTold)?,
        soft: office.phone(("hana", "soft"), Transport::Tcp, Answers::WhenTold)?,
        minsu: office.phone(("minsu", "minsu"), Transport::Udp, Answers::WhenTold)?,
    };
    let forwarded = to_a_colleague(&office, &mut phones)?;
    over_carriers(&office, &mut phones)?;
    let together = together(&office, &mut phones)?;
    team(&office, &mut phones)?;
    let hunted = in_turn(&office, &mut phones)?;
    let (carrier, second) = (office.carrier, office.second);
    let left = office.close()?;

    records::expect_exactly(&left.records, 7)?;
    expect_heard(&left, &phones, &Heeded { forwarded, together, hunted })?;
    expect_diverted(&left, carrier, second)?;
    expect_elsewhere(&left)?;
    Ok("7 calls: 4 sent on, 3 of them over carriers; 2 phones of one user, a team, a hunt group".into())
}

/// Every call for the lobby goes to Minsu.
fn to_a_colleague(office: &Office, phones: &mut Phones) -> Result<Span, Failure> {
    let caller = incoming(office, "+14255550102")?;
    phones.minsu.rings()?;
    let span = answer(&mut phones.minsu)?;
    done(caller, &mut phones.minsu)?;
    Ok(span)
}

/// Minsu is busy, then does not answer; whoever is away takes no calls at all.
fn over_carriers(office: &Office, phones: &mut Phones) -> Result<(), Failure> {
    let minsu = &mut phones.minsu;
    let busy = office.called("uas", office.carrier, &[])?;
    let caller = incoming(office, "+14255550101")?;
    minsu.rings()?;
    minsu.tell("hangup", "")?;
    minsu.is_left()?;
    expect_one("who is called when busy", busy.finish(WITHIN)?)?;
    expect_one("the caller", caller.finish(WITHIN)?)?;

    let unanswered = office.called("uas", office.second, &[])?;
    let caller = incoming(office, "+14255550101")?;
    minsu.rings()?;
    minsu.is_left()?;
    expect_one("who is called when nobody answers", unanswered.finish(WITHIN)?)?;
    expect_one("the caller", caller.finish(WITHIN)?)?;

    let always = office.called("uas", office.second, &[])?;
    let caller = incoming(office, "+14255550103")?;
    expect_one("who is always called", always.finish(WITHIN)?)?;
    expect_one("the caller", caller.finish(WITHIN)?)
}

/// Both phones of Hana ring, and the desk phone has the call.
fn together(office: &Office, phones: &mut Phones) -> Result<Span, Failure> {
    let caller = incoming(office, "+14255550100")?;
    phones.desk.rings()?;
    phones.soft.rings()?;
    let span = answer(&mut phones.desk)?;
    phones.soft.is_left()?;
    done(caller, &mut phones.desk)?;
    Ok(span)
}

/// All phones of the team ring, and Minsu has the call.
fn team(office: &Office, phones: &mut Phones) -> Result<(), Failure> {
    let caller = incoming(office, "+14255550104")?;
    phones.desk.rings()?;
    phones.soft.rings()?;
    phones.minsu.rings()?;
    answer(&mut phones.minsu)?;
    phones.desk.is_left()?;
    phones.soft.is_left()?;
    done(caller, &mut phones.minsu)
}

/// Minsu rings first, and Hana when Minsu has not answered.
fn in_turn(office: &Office, phones: &mut Phones) -> Result<Span, Failure> {
    let caller = incoming(office, "+14255550105")?;
    phones.minsu.rings()?;
    if phones.soft.has_heard("CALL_INCOMING")? {
        return Err(Failure::new("both members rang at once, where they ring in turn", "read soft/log"));
    }
    phones.minsu.is_left()?;
    phones.desk.rings()?;
    phones.soft.rings()?;
    let span = answer(&mut phones.soft)?;
    phones.desk.is_left()?;
    done(caller, &mut phones.soft)?;
    Ok(span)
}

fn incoming(office: &Office, number: &str) -> Result<Sipp, Failure> {
    office.calls("uac-outside", number, &["-d", STAYS])
}

/// The phone takes its call; it is listened to for a while.
fn answer(phone: &mut Handset) -> Result<Span, Failure> {
    phone.tell("accept", "")?;
    phone.talks()?;
    Ok(Span::pass(WHILE))
}

fn done(caller: Sipp, phone: &mut Handset) -> Result<(), Failure> {
    expect_one("the caller", caller.finish(WITHIN)?)?;
    phone.is_left()
}

/// Whoever took the call heard the carrier; a phone that another one was quicker than heard nobody.
fn expect_heard(left: &Left, phones: &Phones, heeded: &Heeded) -> Result<(), Failure> {
    let at = |name: &str, phone: &Handset| Heard::at(&left.written, name, media_of(phone));
    let (desk, soft) = (at("desk", &phones.desk)?, at("soft", &phones.soft)?);
    at("minsu", &phones.minsu)?.expect_voice(heeded.forwarded, audio::HALF_WAVE)?;
    desk.expect_voice(heeded.together, audio::HALF_WAVE)?;
    soft.expect_silence(heeded.together)?;
    soft.expect_voice(heeded.hunted, audio::HALF_WAVE)?;
    desk.expect_silence(heeded.hunted)
}

/// Each carrier is told in its own form who called first, who sent the call on, and why.
fn expect_diverted(left: &Left, carrier: SocketAddr, second: SocketAddr) -> Result<(), Failure> {
    let busy: &[&str] = &["Diversion:", "+14255550101", "reason=user-busy"];
    let unanswered: &[&str] = &["History-Info:", "+14255550101", "cause=408"];
    let always: &[&str] = &["History-Info:", "+14255550103", "cause=302"];
    for (to, rows) in [(carrier, &[busy][..]), (second, &[unanswered, always])] {
        let filter = format!("sip.Method == \"INVITE\" && udp.dstport == {}", to.port());
        let told = left.written.fields(&filter, &["sip.from.user", "sip.msg_hdr"])?;
        let says = |line: &[String], words: &[&str]| {
            line[0] == "+12065550142" && words.iter().all(|word| line[1].contains(word))
        };
        if told.len() != rows.len() || !told.iter().zip(rows).all(|(line, words)| says(line, words)) {
            let what = format!("a carrier was told {told:?}, where {rows:?} was to be said");
            return Err(Failure::new(what, "open calls.pcap in Wireshark"));
        }
    }
    Ok(())
}

/// Phones that another one was quicker than are told so, and no other ones.
fn expect_elsewhere(left: &Left) -> Result<(), Failure> {
    let cancels = left.written.fields("sip.Method == \"CANCEL\"", &["sip.Reason"])?;
    let elsewhere =
        cancels.iter().filter(|line| line[0].starts_with("SIP") && line[0].contains("cause=200")).count();
    // Soft; desk and soft beside Minsu; desk beside soft. Minsu, who did not answer twice, is no such phone.
    if (cancels.len(), elsewhere) == (6, 4) {
        return Ok(());
    }
    let what =
        format!("{elsewhere} of {} CANCELs said that somebody else had answered: {cancels:?}", cancels.len());
    Err(Failure::new(what, "4 of 6 should; open calls.pcap in Wireshark"))
}
