//! A call that rings is picked up by another phone, and calls are parked: taken by a third phone, and brought
//! back to whoever parked; whoever waits hears music. Baresips are the phones; SIPp calls from outside.
//!
//! Proves: A17, F-46, F-47.

use std::time::Duration;

use super::handset::Handset;
use super::hearing::{Heard, Span};
use super::office::{Answers, Left, Office, User, WITHIN, expect_one, media_of};
use super::place::Transport;
use super::{Binary, Load, audio, records};
use crate::step::Failure;

const WHILE: Duration = Duration::from_millis(1000);
/// What whoever waits hears: half waves of so many samples, which nobody's voice has.
const MUSIC: u32 = 20;
const SYSTEM: &str = "media = { music = \"music.wav\" }\n";
/// Calls come back after ten seconds, the shortest wait.
const USERS: [User; 3] = [
    User { name: "hana", more: "pickup_group = \"sales\"" },
    User { name: "minsu", more: "pickup_group = \"sales\"" },
    User {
        name: "lobby",
        more: "\n[orbit.front]\nnumbers = [\"701\", \"702\"]\ncode = \"*68\"\nring_back = \"10s\"",
    },
];

struct Phones {
    hana: Handset,
    minsu: Handset,
    lobby: Handset,
}

/// Who heard whom, and when.
struct Heeded {
    picked: Span,
    waiting: Span,
    taken: Span,
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let music = audio::music(MUSIC);
    let files: [(&str, &[u8]); 1] = [("music.wav", &music)];
    let mut office = Office::open_beside(binary, "park", &USERS, ("", SYSTEM), &files)?;
    audio::write_tone(&office.folder)?;
    let mut phones = Phones {
        hana: office.phone(("hana", "hana"), Transport::Udp, Answers::WhenTold)?,
        minsu: office.phone(("minsu", "minsu"), Transport::Tcp, Answers::WhenTold)?,
        lobby: office.phone(("lobby", "lobby"), Transport::Udp, Answers::WhenTold)?,
    };
    let picked = pick_up(&office, &mut phones)?;
    let (waiting, taken) = park(&office, &mut phones)?;
    bring_back(&office, &mut phones)?;
    let left = office.close()?;

    records::expect_exactly(&left.records, 6)?;
    expect_heard(&left, &phones, &Heeded { picked, waiting, taken })?;
    expect_elsewhere(&left)?;
    Ok("one call from outside picked up, one parked, which heard music, and taken, one from outside parked \
        and brought back"
        .into())
}

/// Hana's phone rings, and Minsu dials the code.
fn pick_up(office: &Office, phones: &mut Phones) -> Result<Span, Failure> {
    let caller = office.calls("uac-outside", "+14255550100", &["-d", "3000"])?;
    phones.hana.rings()?;
    phones.minsu.tell("dial", &office.uri("*8"))?;
    phones.minsu.talks()?;
    phones.hana.is_left()?;
    let span = Span::pass(WHILE);
    expect_one("the caller", caller.finish(WITHIN)?)?;
    phones.minsu.is_left()?;
    Ok(span)
}

/// Hana calls Minsu, who parks her; the lobby takes her.
fn park(office: &Office, phones: &mut Phones) -> Result<(Span, Span), Failure> {
    let Phones { hana, minsu, lobby } = phones;
    hana.tell("dial", &office.uri("0101"))?;
    minsu.rings()?;
    minsu.tell("accept", "")?;
    hana.talks()?;
    minsu.talks()?;
    minsu.tell("transfer", &office.uri("701"))?;
    minsu.is_left()?;
    let waiting = Span::pass(WHILE);
    lobby.tell("dial", &office.uri("701"))?;
    lobby.talks()?;
    let taken = Span::pass(WHILE);
    lobby.tell("hangup", "")?;
    hana.is_left()?;
    Ok((waiting, taken))
}

/// Minsu parks somebody outside by the code, nobody takes the call, and his phone rings.
fn bring_back(office: &Office, phones: &mut Phones) -> Result<(), Failure> {
    let minsu = &mut phones.minsu;
    let caller = office.calls("uac-parked", "+14255550101", &["-d", "1000"])?;
    minsu.rings()?;
    minsu.tell("accept", "")?;
    minsu.talks()?;
    minsu.tell("transfer", &office.uri("*68"))?;
    minsu.is_left()?;
    minsu.rings()?;
    minsu.tell("accept", "")?;
    minsu.talks()?;
    expect_one("the parked caller", caller.finish(WITHIN)?)?;
    minsu.is_left()
}

/// The picker heard the carrier, whoever waited heard the music, and then whoever took the call.
fn expect_heard(left: &Left, phones: &Phones, heeded: &Heeded) -> Result<(), Failure> {
    let at = |name: &str, phone: &Handset| Heard::at(&left.written, name, media_of(phone));
    let (hana, minsu) = (at("hana", &phones.hana)?, at("minsu", &phones.minsu)?);
    minsu.expect_voice(heeded.picked, audio::HALF_WAVE)?;
    hana.expect_silence(heeded.picked)?;
    hana.expect_voice(heeded.waiting, MUSIC)?;
    hana.expect_voice(heeded.taken, phones.lobby.voice)?;
    at("lobby", &phones.lobby)?.expect_voice(heeded.taken, phones.hana.voice)
}

/// The phone that rang was told where the call is.
fn expect_elsewhere(left: &Left) -> Result<(), Failure> {
    let cancels = left.written.fields("sip.Method == \"CANCEL\"", &["sip.Reason"])?;
    match cancels.as_slice() {
        [one] if one[0].contains("Call completed elsewhere") => Ok(()),
        _ => {
            let what = format!("one CANCEL was to say that the call is elsewhere: {cancels:?}");
            Err(Failure::new(what, "open calls.pcap in Wireshark"))
        }
    }
}
