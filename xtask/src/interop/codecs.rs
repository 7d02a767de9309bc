//! Baresips that have no codec in common: one of Opus alone and one of G.722 alone call one of PCMU and are
//! called by it. Each end hears the tone of the other.
//!
//! Proves: H4.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::handset::Handset;
use super::hearing::{Heard, Span};
use super::office::{Office, User, media_of};
use super::place::io_failure;
use super::{Binary, Load, records};
use crate::step::Failure;

const WHILE: Duration = Duration::from_millis(2500);
const SYSTEM: &str = "media = { transcode = \"needed\" }\n";
/// The wave files of the phones begin with so many bytes that are no sound.
const HEAD: usize = 44;
/// What a tone is made of, in samples a second.
const HERTZ: u32 = 8000;
const USERS: [User; 3] =
    [User { name: "hana", more: "" }, User { name: "opal", more: "" }, User { name: "wide", more: "" }];

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let mut office = Office::open_at(binary, "codecs", &USERS, ("", SYSTEM))?;
    let mut hana = office.phone_of("hana", "PCMU")?;
    let mut opal = office.phone_of("opal", "opus/48000/2")?;
    let mut wide = office.phone_of("wide", "G722/16000/1")?;

    let mut spans = Vec::new();
    for (phone, extension) in [(&mut opal, "0101"), (&mut wide, "0102")] {
        let called = speak(phone, &mut hana, &office.uri("0100"))?;
        expect_tone(&office.folder, phone, hana.voice)?;
        let calling = speak(&mut hana, phone, &office.uri(extension))?;
        expect_tone(&office.folder, phone, hana.voice)?;
        spans.extend([(called, phone.voice), (calling, phone.voice)]);
    }

    let media = media_of(&hana);
    let left = office.close()?;
    records::expect_exactly(&left.records, 4)?;
    let at_hana = Heard::at(&left.written, "hana", media)?;
    for (span, voice) in spans {
        at_hana.expect_voice(span, voice)?;
    }
    for (record, codec) in left.records.iter().zip(["opus", "opus", "G722", "G722"]) {
        let notes = record["attempts"][0]["notes"].to_string();
        if !notes.contains("transcoded") || !notes.contains(codec) {
            return Err(Failure::new(format!("a call of {codec} was noted as {notes}"), "read its record"));
        }
    }
    Ok("Opus and G.722 each to PCMU and back, four calls, every tone heard at both ends".into())
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

/// What baresip's sndfile wrote down of the last call, as it was decoded.
fn newest_wave(home: &Path) -> Result<PathBuf, Failure> {
    let all = fs::read_dir(home).map_err(|error| io_failure("the phone's folder", &error))?;
    let waves = all.flatten().map(|entry| entry.path());
    let newest = waves.filter(|path| path.to_string_lossy().ends_with("-dec.wav")).max();
    newest.ok_or_else(|| Failure::new(format!("{} has no wave", home.display()), "read the phone's log"))
}

/// Most of what a phone has written down of its last call swings as that voice does.
fn expect_tone(folder: &Path, phone: &Handset, voice: u32) -> Result<(), Failure> {
    let path = newest_wave(&folder.join(&phone.name))?;
    let wave = fs::read(&path).map_err(|error| io_failure("what was heard", &error))?;
    let rate =
        wave.get(24..28).map_or(0, |bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let channels = wave.get(22).map_or(1, |count| usize::from(*count).max(1));
    let frames = wave.get(HEAD..).unwrap_or_default().chunks_exact(2 * channels);
    let samples: Vec<i16> = frames.map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]])).collect();
    let look = (rate / 10).max(1) as usize;
    let wanted = HERTZ / 10 / voice;
    let swings = |few: &[i16]| few.windows(2).filter(|pair| (pair[0] ^ pair[1]) < 0).count() as u32;
    let right = samples.chunks_exact(look).filter(|few| swings(few).abs_diff(wanted) <= 2).count();
    if right >= 15 {
        return Ok(());
    }
    let what = format!(
        "{} heard the tone of the other in {right} of {} tenths of a second",
        phone.name,
        samples.len() / look
    );
    Err(Failure::new(what, format!("listen to {}", path.display())))
}
