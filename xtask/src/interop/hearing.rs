//! What was heard at an end of a call: the packets that reached its ports, and whose tone they carry.

use std::fs;
use std::net::IpAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::capture::Written;
use super::place::io_failure;
use crate::step::Failure;

/// The house's own ports for media; phones and carriers have none of these.
pub const HOUSE_MEDIA: Range<u16> = 20_000..30_000;
const HEADER: usize = 12;
/// Of a wave file, in bytes.
const HEAD: usize = 44;
const HERTZ: u32 = 8000;
/// Tenths of a second that a voice has to be heard in a wave.
const TENTHS_MIN: usize = 15;
/// Of all that is heard: of one of several voices, and of one that is not among them.
const SHARE_MIN: f64 = 0.04;
const SHARE_OF_NOTHING: f64 = 0.01;
/// Of what is heard of one voice alone.
const SHARE_OF_ALL: f64 = 0.6;
/// PCMU and PCMA: a voice swings alike in both.
const LAWS: [u8; 2] = [0, 8];
/// Of baresip, and of Chromium.
const EVENTS: [u8; 2] = [101, 126];
/// Of fifty packets a second, on a machine that does much else.
const PACKETS_A_SECOND_MIN: f64 = 25.0;

/// A time during which nothing is changed, in seconds since 1970.
#[derive(Clone, Copy)]
pub struct Span {
    from: f64,
    to: f64,
}

struct Packet {
    at: f64,
    kind: u8,
    body: Vec<u8>,
}

/// Everything that an end was sent by the house.
pub struct Heard {
    who: String,
    packets: Vec<Packet>,
}

impl Span {
    /// Lets time pass; what was under way when it began does not count.
    pub fn pass(duration: Duration) -> Span {
        thread::sleep(Duration::from_millis(400));
        let from = now();
        thread::sleep(duration);
        Span { from, to: now() }
    }
}

impl Heard {
    /// What reached the ports of somebody's media.
    pub fn at(written: &Written, who: &str, ports: Range<u16>) -> Result<Heard, Failure> {
        let filter = format!(
            "udp.srcport >= {} && udp.srcport < {} && udp.dstport >= {} && udp.dstport < {}",
            HOUSE_MEDIA.start, HOUSE_MEDIA.end, ports.start, ports.end
        );
        Heard::by(written, who, &filter)
    }

    /// What reached an address where no phone is.
    pub fn by_address(written: &Written, who: &str, address: IpAddr) -> Result<Heard, Failure> {
        let (first, end) = (HOUSE_MEDIA.start, HOUSE_MEDIA.end);
        Heard::by(
            written,
            who,
            &format!("udp.srcport >= {first} && udp.srcport < {end} && ip.dst == {address}"),
        )
    }

    /// What reached the second of these ports from the first, and not through the house.
    pub fn past_the_house(
        written: &Written,
        who: &str,
        (from, to): (Range<u16>, Range<u16>),
    ) -> Result<Heard, Failure> {
        let filter = format!(
            "udp.srcport >= {} && udp.srcport < {} && udp.dstport >= {} && udp.dstport < {}",
            from.start, from.end, to.start, to.end
        );
        Heard::by(written, who, &filter)
    }

    fn by(written: &Written, who: &str, filter: &str) -> Result<Heard, Failure> {
        let lines = written.fields(filter, &["frame.time_epoch", "udp.dstport", "udp.payload"])?;
        let packets = lines.iter().filter_map(|line| packet(line)).collect();
        Ok(Heard { who: who.to_owned(), packets })
    }

    /// This voice was heard all the while, and no other one.
    pub fn expect_voice(&self, span: Span, voice: u32) -> Result<(), Failure> {
        self.expect_voice_but(span, voice, 0)
    }

    /// The same, but for so many packets.
    pub fn expect_voice_but(&self, span: Span, voice: u32, others: usize) -> Result<(), Failure> {
        let audio: Vec<&Packet> = self.audio(span).collect();
        let count = audio.iter().filter(|packet| carries(&packet.body, voice)).count();
        let wanted = (span.to - span.from) * PACKETS_A_SECOND_MIN;
        if count as f64 >= wanted && count + others >= audio.len() {
            return Ok(());
        }
        let what = format!(
            "{} heard the right voice in {count} of {} packets within {:.1} s, {wanted:.0} wanted",
            self.who,
            audio.len(),
            span.to - span.from
        );
        Err(Failure::new(what, "open calls.pcap in Wireshark"))
    }

    /// Nothing was heard.
    pub fn expect_silence(&self, span: Span) -> Result<(), Failure> {
        let count = self.audio(span).count();
        if count == 0 {
            return Ok(());
        }
        let what = format!("{} heard {count} packets when nobody should speak", self.who);
        Err(Failure::new(what, "open calls.pcap in Wireshark"))
    }

    /// All that was heard by this payload type, one packet behind the other.
    pub fn said(&self, kind: u8) -> Vec<u8> {
        let packets = self.packets.iter().filter(|packet| packet.kind == kind);
        packets.flat_map(|packet| &packet.body).copied().collect()
    }

    /// The digits that were sent as telephone events, each once.
    pub fn digits(&self) -> String {
        let mut keys = Vec::new();
        let mut last = None;
        for packet in
            self.packets.iter().filter(|packet| EVENTS.contains(&packet.kind) && packet.body.len() >= 4)
        {
            let (stamp, event) = (packet.body[0..4].to_vec(), packet.body[4]);
            if last.as_ref() != Some(&stamp) {
                keys.push(*b"0123456789*#ABCD".get(usize::from(event)).unwrap_or(&b'?'));
                last = Some(stamp);
            }
        }
        String::from_utf8_lossy(&keys).into_owned()
    }

    fn audio(&self, span: Span) -> impl Iterator<Item = &Packet> {
        let is_within = move |packet: &&Packet| packet.at >= span.from && packet.at <= span.to;
        self.packets.iter().filter(|packet| LAWS.contains(&packet.kind)).filter(is_within)
    }
}

/// What baresip's sndfile wrote down of the last call, as it was decoded.
pub fn newest_wave(home: &Path) -> Result<PathBuf, Failure> {
    let all = fs::read_dir(home).map_err(|error| io_failure("the phone's folder", &error))?;
    let waves = all.flatten().map(|entry| entry.path());
    let newest = waves.filter(|path| path.to_string_lossy().ends_with("-dec.wav")).max();
    newest.ok_or_else(|| Failure::new(format!("{} has no wave", home.display()), "read the phone's log"))
}

/// Most of what a phone has written down of a call swings as that voice does.
pub fn expect_wave(path: &Path, voice: u32) -> Result<(), Failure> {
    let (rate, samples) = wave_of(path)?;
    let look = (rate / 10).max(1) as usize;
    let wanted = HERTZ / 10 / voice;
    let swings = |few: &[i16]| few.windows(2).filter(|pair| (pair[0] ^ pair[1]) < 0).count() as u32;
    let right = samples.chunks_exact(look).filter(|few| swings(few).abs_diff(wanted) <= 2).count();
    expect_tenths(path, right, samples.len() / look)
}

/// For a while a phone has heard all these voices together, and not its own.
pub fn expect_voices(path: &Path, voices: &[u32], own: u32) -> Result<(), Failure> {
    let (rate, samples) = wave_of(path)?;
    let look = (rate / 10).max(1) as usize;
    let is_right = |few: &&[i16]| {
        let few: Vec<f64> = few.iter().copied().map(f64::from).collect();
        let share = |voice: u32| share_of(&few, f64::from(HERTZ) / f64::from(2 * voice) / f64::from(rate));
        voices.iter().all(|voice| share(*voice) > SHARE_MIN) && share(own) < SHARE_OF_NOTHING
    };
    let right = samples.chunks_exact(look).filter(is_right).count();
    expect_tenths(path, right, samples.len() / look)
}

/// Nearly all of what somebody has heard, at 8 kHz, is that voice.
pub fn expect_tone(who: &str, samples: &[f64], voice: u32) -> Result<(), Failure> {
    let all = samples.chunks_exact((HERTZ / 10) as usize);
    let (count, pitch) = (all.len(), 1.0 / f64::from(2 * voice));
    let right = all.filter(|few| share_of(few, pitch) > SHARE_OF_ALL).count();
    if right >= TENTHS_MIN && right + 2 >= count {
        return Ok(());
    }
    let what = format!("{who} heard the right voice in {right} of {count} tenths of a second");
    Err(Failure::new(what, "open calls.pcap in Wireshark"))
}

fn expect_tenths(path: &Path, right: usize, all: usize) -> Result<(), Failure> {
    if right >= TENTHS_MIN {
        return Ok(());
    }
    let what = format!("the right voice was heard in {right} of {all} tenths of a second");
    Err(Failure::new(what, format!("listen to {}", path.display())))
}

/// The samples of a wave's first channel, and how many of them a second has.
fn wave_of(path: &Path) -> Result<(u32, Vec<i16>), Failure> {
    let wave = fs::read(path).map_err(|error| io_failure("what was heard", &error))?;
    let rate =
        wave.get(24..28).map_or(0, |bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let channels = wave.get(22).map_or(1, |count| usize::from(*count).max(1));
    let frames = wave.get(HEAD..).unwrap_or_default().chunks_exact(2 * channels);
    Ok((rate, frames.map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]])).collect()))
}

/// How much of what is heard is a pitch, which is a part of the rate.
fn share_of(samples: &[f64], pitch: f64) -> f64 {
    let (mut sine, mut cosine, mut power) = (0.0, 0.0, 1.0);
    for (at, sample) in samples.iter().enumerate() {
        let (s, c) = (std::f64::consts::TAU * pitch * at as f64).sin_cos();
        (sine, cosine, power) = (sine + s * sample, cosine + c * sample, power + sample * sample);
    }
    2.0 * (sine * sine + cosine * cosine) / samples.len() as f64 / power
}

/// One packet of RTP; RTCP goes to the odd ports.
fn packet(line: &[String]) -> Option<Packet> {
    let [at, port, payload] = line else { return None };
    let bytes: Vec<u8> = (0..payload.len() / 2)
        .filter_map(|at| u8::from_str_radix(payload.get(2 * at..2 * at + 2)?, 16).ok())
        .collect();
    let is_media = port.parse::<u16>().ok()? % 2 == 0 && bytes.len() > HEADER && bytes[0] >> 6 == 2;
    let kind = bytes.get(1)? & 0x7f;
    // An event is known by its time stamp: all packets of a digit have the same.
    let body = if EVENTS.contains(&kind) {
        [&bytes[4..8], &bytes[HEADER..]].concat()
    } else {
        bytes[HEADER..].to_vec()
    };
    is_media.then_some(Packet { at: at.parse().ok()?, kind, body })
}

/// Whether sound in either law swings as often as this voice does.
fn carries(body: &[u8], voice: u32) -> bool {
    let swings = body.windows(2).filter(|pair| (pair[0] ^ pair[1]) & 0x80 != 0).count() as u32;
    let wanted = body.len() as u32 / voice;
    swings.abs_diff(wanted) <= 1
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty milliseconds of a voice, in µ-law.
    fn spoken(voice: u32) -> Vec<u8> {
        (0..160).map(|at| if (at / voice).is_multiple_of(2) { 0x9c } else { 0x1c }).collect()
    }

    fn heard(voice: u32) -> Heard {
        let packet = |at| Packet { at: f64::from(at) / 50.0, kind: LAWS[0], body: spoken(voice) };
        let packets = (0..50).map(packet);
        Heard { who: "somebody".into(), packets: packets.collect() }
    }

    #[test]
    fn a_voice_is_told_from_every_other_one_and_from_silence() {
        let voices = [3, 4, 6, 8, 12, 16, 32];

        for one in voices {
            for other in voices {
                assert_eq!(carries(&spoken(one), other), one == other, "{one} and {other}");
            }
            assert!(!carries(&[0xff; 160], one));
        }
    }

    #[test]
    fn another_voice_silence_and_too_little_are_not_the_right_voice() {
        let span = Span { from: 0.0, to: 1.0 };

        assert!(heard(4).expect_voice(span, 4).is_ok());
        assert!(heard(4).expect_voice(span, 8).is_err());
        assert!(heard(4).expect_silence(span).is_err());
        assert!(heard(4).expect_voice(Span { from: 0.0, to: 3.0 }, 4).is_err());
        assert!(heard(4).expect_silence(Span { from: 1.5, to: 3.0 }).is_ok());
    }
}
