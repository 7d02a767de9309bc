//! A phone of PCMU alone calls a far end that has G.729 alone: SIPp, which says what the other coder has made
//! of speech. The phone is sent what that coder makes of it again, and the far end the phone's tone.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::super::Binary;
use super::super::hearing::{Heard, expect_tone};
use super::super::office::{Office, User, WITHIN, expect_one, media_of};
use super::super::place::free_port;
use super::{Coders, FRAME_BYTES, ratio};
use crate::step::Failure;

const FAR: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 34));
const NUMBER: &str = "+15055550199";
const USERS: [User; 1] = [User { name: "hana", more: "" }];
const PCMU: u8 = 0;
const G729: u8 = 18;
/// Longer than the speech.
const WHILE: Duration = Duration::from_millis(5500);
/// Samples that are not heard at first: a second at most.
const MISSED_MAX: usize = 8_000;
/// Of the speech, and of what the phone says meanwhile.
const SAMPLES_MIN: usize = 24_000;
/// How near what is heard has to be to what was said, in decibels: µ-law takes the most of it.
const ALIKE_MIN: f64 = 25.0;

/// `said` names frames of the other coder's; how near they were heard.
pub fn run(binary: &Binary, coders: &Coders, said: &str) -> Result<f64, Failure> {
    let far = SocketAddr::new(FAR, free_port(FAR)?);
    let documents = format!(
        "[trunk.lean]\nservers = [{{ uri = \"sip:{far}\" }}]\naccept = {{ sources = [\"{FAR}\"] }}\n\
         health = {{ options = \"off\" }}\nmedia = {{ codecs = [\"g729\"], transcode = \"needed\" }}\n\n\
         [route.lean]\norder = 5\nto = \"+1505…\"\nuse = [{{ trunk = \"lean\" }}]\n"
    );
    let files: [(&str, &[u8]); 1] = [("lean.toml", documents.as_bytes())];
    let mut office = Office::open_beside(binary, "lean", &USERS, ("", ""), &files)?;
    coders.bare(said, &office.folder.join("speech.g729"))?;
    let mut hana = office.phone_of("hana", "PCMU")?;
    let called = office.called("uas-lean", far, &[])?;
    hana.tell("dial", &office.uri(NUMBER))?;
    hana.talks()?;
    std::thread::sleep(WHILE);
    hana.tell("hangup", "")?;
    hana.is_left()?;
    expect_one("the far end", called.finish(WITHIN)?)?;

    let (voice, media) = (hana.voice, media_of(&hana));
    let left = office.close()?;
    let [record] = &left.records[..] else {
        return Err(Failure::new("one call has not one record", "read data/records"));
    };
    let notes = record["attempts"][0]["notes"].to_string();
    if !notes.contains("transcoded between PCMU and G729") {
        return Err(Failure::new(format!("the call was noted as {notes}"), "read its record"));
    }
    let at_phone = Heard::at(&left.written, "hana", media)?.said(PCMU);
    let heard: Vec<f64> = at_phone.iter().map(|code| expanded(*code)).collect();
    let alike = likeness(&coders.decoded(&coders.theirs, said, "lean-said")?, &heard)?;
    let at_far_end = Heard::by_address(&left.written, "the far end", FAR)?.said(G729);
    let frames: Vec<u8> = at_far_end
        .chunks_exact(FRAME_BYTES)
        .flat_map(|frame| [&[FRAME_BYTES as u8], frame].concat())
        .collect();
    coders.write("lean-sent", &frames)?;
    expect_tone("the far end", &coders.decoded(&coders.theirs, "lean-sent", "lean-heard")?, voice)?;
    Ok(alike)
}

/// How near what was heard is to what was said, from the first sample on that was heard.
fn likeness(said: &[f64], heard: &[f64]) -> Result<f64, Failure> {
    let length = heard.len().min(said.len()).saturating_sub(MISSED_MAX);
    if length < SAMPLES_MIN {
        let what = format!("the phone was sent {} samples of {}", heard.len(), said.len());
        return Err(Failure::new(what, "open calls.pcap in Wireshark"));
    }
    let product = |missed: &usize| -> f64 {
        said[*missed..][..length].iter().zip(heard).map(|(one, other)| one * other).sum()
    };
    let missed = (0..MISSED_MAX).max_by(|one, other| product(one).total_cmp(&product(other))).unwrap_or(0);
    let alike = ratio(&said[missed..][..length], heard);
    if alike < ALIKE_MIN {
        let what = format!("the phone heard the far end's speech by {alike:.1} dB, {ALIKE_MIN} wanted");
        return Err(Failure::new(what, "open calls.pcap in Wireshark, and listen to target/interop/g729"));
    }
    Ok(alike)
}

/// µ-law (G.711, table 2).
fn expanded(code: u8) -> f64 {
    let code = !code;
    let size = ((i32::from(code & 15) << 3) + 132) << (code >> 4 & 7);
    f64::from(if code & 128 == 0 { size - 132 } else { 132 - size })
}
