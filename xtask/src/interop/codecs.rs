//! Baresips that have no codec in common: one of Opus alone and one of G.722 alone call one of PCMU and are
//! called by it; one of L16 alone calls it. Each end hears the tone of the other.
//!
//! Proves: H4.

use std::time::Duration;

use super::handset::Handset;
use super::hearing::{Heard, Span, expect_wave, newest_wave};
use super::office::{Office, User, media_of};
use super::{Binary, Load, records};
use crate::step::Failure;

const WHILE: Duration = Duration::from_millis(2500);
const SYSTEM: &str = "media = { transcode = \"needed\" }\n";
const USERS: [User; 4] = [
    User { name: "hana", more: "" },
    User { name: "opal", more: "" },
    User { name: "wide", more: "" },
    User { name: "plain", more: "" },
];

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let mut office = Office::open_at(binary, "codecs", &USERS, ("", SYSTEM))?;
    let mut hana = office.phone_of("hana", "PCMU")?;
    let mut opal = office.phone_of("opal", "opus/48000/2")?;
    let mut wide = office.phone_of("wide", "G722/16000/1")?;

    let mut spans = Vec::new();
    for (phone, extension) in [(&mut opal, "0101"), (&mut wide, "0102")] {
        let called = speak(phone, &mut hana, &office.uri("0100"))?;
        let heard = newest_wave(&office.folder.join(&phone.name))?;
        expect_wave(&heard, hana.voice)?;
        let calling = speak(&mut hana, phone, &office.uri(extension))?;
        let heard = newest_wave(&office.folder.join(&phone.name))?;
        expect_wave(&heard, hana.voice)?;
        spans.extend([(called, phone.voice), (calling, phone.voice)]);
    }
    let mut plain = office.phone_of("plain", "L16/16000/1")?;
    speak(&mut plain, &mut hana, &office.uri("0100"))?;
    expect_wave(&newest_wave(&office.folder.join("plain"))?, hana.voice)?;
    // Its packets are of 40 ms, whatever it says: half as many.
    expect_wave(&newest_wave(&office.folder.join("hana"))?, plain.voice)?;

    let media = media_of(&hana);
    let left = office.close()?;
    records::expect_exactly(&left.records, 5)?;
    let at_hana = Heard::at(&left.written, "hana", media)?;
    for (span, voice) in spans {
        at_hana.expect_voice(span, voice)?;
    }
    for (record, codec) in left.records.iter().zip(["opus", "opus", "G722", "G722", "L16"]) {
        let notes = record["attempts"][0]["notes"].to_string();
        if !notes.contains("transcoded") || !notes.contains(codec) {
            return Err(Failure::new(format!("a call of {codec} was noted as {notes}"), "read its record"));
        }
    }
    Ok("Opus and G.722 each to PCMU and back, L16 to PCMU, five calls, every tone heard at both ends".into())
}

/// A call from one to the other, while both send their tones; the time in which they did.
fn speak(from: &mut Handset, to: &mut Handset, uri: &str) -> Result<Span, Failure> {
    from.tell("dial", uri)?;
    from.talks()?;
    to.talks()?;
    let span = Span::pass(WHILE);
    from.tell("hangup", "")?;
    to.is_left()?;
    Ok(span)
}
