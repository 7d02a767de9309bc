//! What a relay makes of sound for a side that speaks another codec.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{
    Act, Aim, Codec, Event, Events, Keys, Order, Outbox, Packet, PortIndex, PortPair, Protection, Reason,
    Relay, Reports, Senders, Sending, SessionKey, Side, Signal, Spoken, Turn, Verdict,
};
use rtp::srtp::{MasterKey, Opener, Suite};
use rtp::{Fixed, Header, TelephoneEvent};
use sound::keys::{Heard, KeyEar};
use sound::{Law, Sine, g722, l16, opus};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const CALLER: &str = "192.0.2.1:4000";
const CALLEE: &str = "198.51.100.9:6000";
const SSRC: u32 = 0xcafe;

#[test]
fn h4_g711_becomes_g722_and_the_tone_is_the_same() {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(9, Codec::G722));
    let mut ear = g722::Decoder::new();
    let (mut sine, mut heard) = (Sine::new(8_000, 440, 8_000), Vec::new());

    for number in 0..100u16 {
        let payload: Vec<u8> = (0..160).map(|_| Law::Mu.encode(sine.next_sample())).collect();
        let (header, payload) =
            house.says(Side::Caller, 0, number, u32::from(number) * 160, &payload).unwrap();
        assert_eq!((header.payload_type, header.sequence, header.ssrc), (9, number, SSRC));
        assert_eq!((header.timestamp, header.marker), (u32::from(number) * 160, number == 0));
        let mut samples = [0; 320];
        assert_eq!(ear.decode(&payload, &mut samples), 320);
        heard.extend_from_slice(&samples);
    }

    assert!(has_pitch(&heard[3_200..], 16_000, 440));
}

#[test]
fn h4_each_codec_becomes_each_other_and_back() {
    let numbers = [0, 8, 9, 111, 97, 98];
    let all: Vec<(u8, Codec)> = numbers.into_iter().zip(Codec::ALL).collect();
    for (from, to) in
        all.iter().flat_map(|from| all.iter().map(|to| (*from, *to))).filter(|(from, to)| from != to)
    {
        let mut house = House::new(speaks(from.0, from.1), speaks(to.0, to.1));
        let (mut mouth, mut ear) = (Mouth::new(from.1, 440), Ear::new(to.1));
        let mut heard = Vec::new();
        for number in 0..60u16 {
            let at = u32::from(number) * from.1.clock() / 50;
            let (header, payload) = house.says(Side::Caller, from.0, number, at, &mouth.says()).unwrap();
            assert_eq!(header.timestamp, u32::from(number) * to.1.clock() / 50, "{from:?} to {to:?}");
            assert_eq!((header.payload_type, header.sequence), (to.0, number));
            heard.extend(ear.hears(&payload));
        }
        let heard = &heard[heard.len() / 3..];
        assert!(has_pitch(heard, ear.rate, 440), "{from:?} to {to:?}");

        let payload = Mouth::new(to.1, 440).says();
        let (header, _) = house.says(Side::Callee, to.0, 7, 0, &payload).unwrap();
        assert_eq!(header.payload_type, from.0);
    }
}

/// Nothing is compressed in L16: what came in one packet is too much for one, and leaves in several that
/// cross every network, in their order and time, sealed where the others are.
#[test]
fn h4_what_is_too_long_for_a_packet_of_l16_leaves_in_several() {
    let key = MasterKey::new(Suite::AesCm128HmacSha1_80, &[7; 30]).unwrap();
    for sealed in [None, Some(&key)] {
        let mut house = House::new(speaks(0, Codec::Pcmu), speaks(97, Codec::L16));
        let mut opener = sealed.map(Opener::new);
        if let Some(key) = sealed {
            house.seals(Side::Callee, key);
        }
        let (mut sine, mut heard, mut due) = (Sine::new(8_000, 440, 8_000), Vec::new(), None);
        for number in 0..20u16 {
            let payload: Vec<u8> = (0..480).map(|_| Law::Mu.encode(sine.next_sample())).collect();
            house.out.clear();
            house.says_raw(Side::Caller, 0, number, u32::from(number) * 480, &payload).unwrap();

            let rest = house.out.iter().filter_map(|act| match act {
                Act::Send { port, to, record } => {
                    assert_eq!((*port, *to), (PortIndex(2), CALLEE.parse().unwrap()));
                    Some(record.to_vec())
                }
                _ => None,
            });
            let all: Vec<Vec<u8>> = std::iter::once(house.left.clone()).chain(rest).collect();
            assert_eq!(all.len(), 2);
            for mut packet in all {
                assert!(packet.len() <= 1_440, "{} bytes", packet.len());
                if let Some(opener) = &mut opener {
                    let opened = opener.open_rtp(&mut packet).unwrap();
                    packet.truncate(opened);
                }
                let header = Header::parse(&packet).unwrap();
                let now = (header.fixed.sequence, header.fixed.timestamp);
                assert_eq!((header.fixed.payload_type, now), (97, due.unwrap_or(now)));
                let mut samples = [0; 960];
                let count = l16::decode(header.payload, &mut samples);
                heard.extend_from_slice(&samples[..count]);
                due = Some((now.0.wrapping_add(1), now.1.wrapping_add(count as u32)));
            }
        }
        assert_eq!(heard.len(), 20 * 960);
        assert!(has_pitch(&heard[3_200..], 16_000, 440));
    }
}

#[test]
fn h7_an_hour_of_a_clock_that_is_200_ppm_slow_passes_without_a_glitch() {
    an_hour(speaks(0, Codec::Pcmu), speaks(9, Codec::G722), 20_004);
}

#[test]
fn h7_an_hour_of_a_clock_that_is_200_ppm_fast_passes_without_a_glitch() {
    an_hour(speaks(9, Codec::G722), speaks(8, Codec::Pcma), 19_996);
}

/// An hour of a tone in packets of 20 ms by their sender's clock: each is one packet at the other side,
/// numbers and times go on evenly, and the tone is where it would be if it had never been cut into packets.
fn an_hour(from: Spoken, to: Spoken, every_us: u64) {
    let ((from_type, from_codec), (to_type, to_codec)) = (from.codecs[0], to.codecs[0]);
    let mut house = House::new(from, to);
    let (mut mouth, mut ear) = (Mouth::new(from_codec, 440), Ear::new(to_codec));
    let wave = Wave::new(440, ear.rate);
    let (mut at, mut first) = (0, None);
    for number in 0..180_000u32 {
        house.now += Duration::from_micros(every_us);

        let said = house.says(Side::Caller, from_type, number as u16, number * 160, &mouth.says());

        let (header, payload) = said.expect("each packet leaves as it comes");
        assert_eq!((header.payload_type, header.sequence), (to_type, number as u16));
        assert_eq!(header.timestamp, number * 160);
        let heard = ear.hears(&payload);
        assert_eq!(heard.len() as u32, ear.rate / 50);
        let (phase, share) = wave.phase(&heard, at);
        at += heard.len();
        // The first packets fill the filters on the way.
        if number > 5 {
            let first = *first.get_or_insert(phase);
            assert!((phase - first).abs() < 0.08, "packet {number} stands {} off", phase - first);
            assert!(share > 0.98, "packet {number} is {share} of the tone");
        }
    }
}

#[test]
fn h4_packets_of_another_length_become_what_opus_takes() {
    for (ms, samples) in [(10u32, 80u32), (30, 240), (60, 480)] {
        let mut house = House::new(speaks(0, Codec::Pcmu), speaks(111, Codec::Opus));
        let mut ear = Ear::new(Codec::Opus);
        let mut sine = Sine::new(8_000, 440, 8_000);
        let (mut next, mut due, mut heard) = (0u16, 0u32, Vec::new());
        for number in 0..40u16 {
            let payload: Vec<u8> = (0..samples).map(|_| Law::Mu.encode(sine.next_sample())).collect();
            let at = u32::from(number) * samples;
            let Ok((header, payload)) = house.says(Side::Caller, 0, number, at, &payload) else { continue };
            assert_eq!((header.sequence, header.timestamp), (next, due), "{ms} ms");
            let samples = ear.hears(&payload);
            (next, due) = (next + 1, due + samples.len() as u32 * 3);
            heard.extend(samples);
        }
        let whole = 40 * ms * 16;
        assert!(heard.len() as u32 >= whole - 20 * 16 && heard.len() as u32 <= whole, "{ms} ms");
        assert!(has_pitch(&heard[3_200..], 16_000, 440), "{ms} ms");
    }
}

#[test]
fn h7_a_lost_packet_is_made_up_and_numbers_go_on() {
    for (from, codec) in [(0, Codec::Pcmu), (111, Codec::Opus)] {
        let mut house = House::new(speaks(from, codec), speaks(9, Codec::G722));
        let (mut mouth, mut ear, mut heard) = (Mouth::new(codec, 440), Ear::new(Codec::G722), Vec::new());
        let (mut next, mut due) = (0u16, 0u32);
        for number in 0..60u16 {
            let payload = mouth.says();
            if number % 20 == 10 {
                continue;
            }
            let at = u32::from(number) * codec.clock() / 50;
            let (header, payload) = house.says(Side::Caller, from, number, at, &payload).unwrap();
            assert_eq!((header.sequence, header.timestamp), (next, due), "{codec:?}");
            (next, due) = (next + 1, due + payload.len() as u32);
            heard.extend(ear.hears(&payload));
        }
        assert_eq!(heard.len(), 60 * 320);
        let quiet = heard[1_600..].chunks(80).filter(|few| loudness(few) < 1_000.0).count();
        // What Opus says again in short begins softly: 5 ms for each of the three that were lost.
        let most = if codec == Codec::Opus { 3 } else { 0 };
        assert!(quiet <= most, "{codec:?}: {quiet} holes were heard");
    }
}

#[test]
fn a_copy_and_a_straggler_leave_nothing() {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(9, Codec::G722));
    for number in [5, 6, 8] {
        house.says(Side::Caller, 0, number, u32::from(number) * 160, &[0xff; 160]).unwrap();
    }
    assert_eq!(house.says(Side::Caller, 0, 8, 1_280, &[0xff; 160]), Err(Reason::Kept));
    assert_eq!(house.says(Side::Caller, 0, 7, 1_120, &[0xff; 160]), Err(Reason::Kept));
    assert_eq!(house.says(Side::Caller, 3, 9, 1_440, &[0xff; 33]), Err(Reason::NotSpoken));
}

/// Some phones begin their numbers anew after a hold, and keep their source (RFC 3550, A.1).
#[test]
fn h1_who_begins_numbers_anew_is_heard_from_the_second_packet_on() {
    for (begins, first) in [(700u16, 1u16), (700, 40_000), (10, 65_000), (0, 3_200)] {
        let mut house = House::new(speaks(0, Codec::Pcmu), speaks(9, Codec::G722));
        let mut says = |sequence: u16, at: u32| house.says(Side::Caller, 0, sequence, at, &[0xff; 160]);
        let (before, _) = says(begins, 160_000).unwrap();

        assert_eq!(says(first, 320), Err(Reason::Kept), "nobody knows yet whether it is a stray");
        let (after, _) = says(first.wrapping_add(1), 480).unwrap();
        let (next, _) = says(first.wrapping_add(2), 640).unwrap();

        assert_eq!(after.sequence, before.sequence.wrapping_add(1), "{begins} to {first}");
        assert_eq!((next.sequence, next.timestamp), (after.sequence.wrapping_add(1), after.timestamp + 160));
    }
}

#[test]
fn h1_a_stray_packet_from_far_begins_nothing() {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(9, Codec::G722));
    house.says(Side::Caller, 0, 5_000, 160_000, &[0xff; 160]).unwrap();
    for stray in [4_500, 9_000, 4_000] {
        assert_eq!(house.says(Side::Caller, 0, stray, 7, &[0xff; 160]), Err(Reason::Kept));
    }

    let (header, _) = house.says(Side::Caller, 0, 5_001, 160_160, &[0xff; 160]).unwrap();

    assert_eq!((header.sequence, header.timestamp), (5_001, 160_160));
}

#[test]
fn h2_key_presses_cross_in_the_other_clock_and_number() {
    let caller =
        Spoken { keys: Keys::Events(Events { payload_type: 101, clock: 8_000 }), ..speaks(0, Codec::Pcmu) };
    let callee = Spoken {
        keys: Keys::Events(Events { payload_type: 110, clock: 48_000 }),
        ..speaks(111, Codec::Opus)
    };
    let mut house = House::new(caller, callee);
    house.says(Side::Caller, 0, 0, 0, &[0xff; 160]).unwrap();
    let pressed = TelephoneEvent { event: 5, end: false, volume: 10, duration: 320 };
    let mut payload = Vec::new();
    pressed.write(&mut payload);

    let (header, payload) = house.says(Side::Caller, 101, 1, 160, &payload).unwrap();

    assert_eq!((header.payload_type, header.sequence, header.timestamp), (110, 1, 960));
    assert_eq!(TelephoneEvent::parse(&payload).unwrap(), TelephoneEvent { duration: 1_920, ..pressed });
}

#[test]
fn h3_a_side_without_comfort_noise_hears_noise() {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(8, Codec::Pcma));
    house.says(Side::Caller, 0, 0, 0, &[0xff; 160]).unwrap();

    let (header, payload) = house.says(Side::Caller, 13, 1, 160, &[40]).unwrap();

    assert_eq!((header.payload_type, payload.len()), (8, 160));
    let samples: Vec<i16> = payload.iter().map(|code| Law::A.decode(*code)).collect();
    assert!((100.0..1_000.0).contains(&loudness(&samples)));
}

#[test]
fn tones_of_keys_survive_the_way_through_opus() {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(111, Codec::Opus));
    let (mut ear, mut keys, mut heard) = (Ear::new(Codec::Opus), KeyEar::new(16_000), Vec::new());
    let mut number = 0u16;
    for key in [1, 9, 0, 11, 5, 5] {
        let mut sound = vec![0; 1_600];
        sound::keys::KeyTone::new(key, 8_000).unwrap().fill(&mut sound[..800]);
        for frame in sound.chunks(160) {
            let payload: Vec<u8> = frame.iter().map(|sample| Law::Mu.encode(*sample)).collect();
            let at = u32::from(number) * 160;
            let (_, payload) = house.says(Side::Caller, 0, number, at, &payload).unwrap();
            keys.hear(&ear.hears(&payload), |what| {
                if let Heard::Down { key, .. } = what {
                    heard.push(key);
                }
            });
            number += 1;
        }
    }
    assert_eq!(heard, [1, 9, 0, 11, 5, 5]);
}

/// A fax is heard in whatever codec it speaks, through packets that are lost, and told once.
#[test]
fn j4_a_fax_is_heard_where_one_codec_is_made_of_another() {
    for (from, to) in [(Codec::Pcmu, Codec::G722), (Codec::G722, Codec::Pcma), (Codec::Opus, Codec::Pcmu)] {
        let mut house = House::new(speaks(96, from), speaks(97, to));
        let mut mouth = Mouth::new(from, 2_100);
        for number in (0..150u16).filter(|number| number % 50 != 20) {
            let at = u32::from(number) * from.clock() / 50;
            let _ = house.says(Side::Caller, 96, number, at, &mouth.says());
        }
        assert_eq!(house.signals(), [(Side::Caller, Signal::Answer)], "{from:?}");
    }
}

#[test]
fn j4_a_voice_is_no_fax() {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(9, Codec::G722));
    let mut mouth = Mouth::new(Codec::Pcmu, 440);
    for number in 0..500u16 {
        house.says(Side::Caller, 0, number, u32::from(number) * 160, &mouth.says()).unwrap();
    }
    assert_eq!(house.signals(), []);
}

/// Gateways that hear a fax for themselves may say so by events (RFC 4734).
#[test]
fn j4_events_tell_of_a_fax_too() {
    let events = Keys::Events(Events { payload_type: 101, clock: 8_000 });
    let caller = Spoken { keys: events, ..speaks(0, Codec::Pcmu) };
    let mut house = House::new(caller, Spoken { keys: events, ..speaks(9, Codec::G722) });
    for (number, event) in [(0, 5), (1, 36), (2, 54), (3, 255)] {
        let said = TelephoneEvent { event, end: true, volume: 10, duration: 800 };
        let _ = house.says(Side::Caller, 101, number, u32::from(number) * 800, &said.bytes());
    }
    assert_eq!(house.signals(), [(Side::Caller, Signal::Calling), (Side::Caller, Signal::Preamble)]);
}

/// A negotiation may give the same codec another number: what is heard goes on at the moment where it was.
#[test]
fn h1_numbers_and_times_go_on_when_a_codec_is_called_otherwise() {
    let caller = speaks(0, Codec::Pcmu);
    let mut house = House::new(caller.clone(), speaks(107, Codec::Opus));
    let mut mouth = Mouth::new(Codec::Pcmu, 440);
    let mut before = None;

    for number in 0..100u16 {
        if number == 50 {
            let spoken = Some(Box::new([caller.clone(), speaks(111, Codec::Opus)]));
            house.order(Order::Transcode { session: CALL, stream: 0, spoken });
        }
        let at = 70_000 + u32::from(number) * 160;
        let (header, _) = house.says(Side::Caller, 0, number, at, &mouth.says()).unwrap();
        assert_eq!(header.payload_type, if number < 50 { 107 } else { 111 });
        let (sequence, timestamp) = before.replace((header.sequence, header.timestamp)).unwrap_or_default();
        if number > 0 {
            assert_eq!((header.sequence, header.timestamp), (sequence + 1, timestamp + 960), "{number}");
        }
    }
}

#[test]
fn sides_that_come_to_one_codec_are_let_alone_again() {
    let mut house = House::new(speaks(0, Codec::Pcmu), speaks(9, Codec::G722));
    house.says(Side::Caller, 0, 0, 0, &[0xff; 160]).unwrap();
    house.order(Order::Transcode { session: CALL, stream: 0, spoken: None });

    let (header, payload) = house.says(Side::Caller, 9, 1, 160, &[7; 160]).unwrap();

    assert_eq!((header.payload_type, payload), (9, vec![7; 160]));
}

fn speaks(payload_type: u8, codec: Codec) -> Spoken {
    Spoken { codecs: vec![(payload_type, codec)], keys: Keys::Unheard, noise: None }
}

/// 20 ms of a tone in some codec.
struct Mouth {
    sine: Sine,
    codec: Codec,
    g722: g722::Encoder,
    opus: opus::Encoder,
}

impl Mouth {
    fn new(codec: Codec, hertz: u16) -> Mouth {
        let rate = if matches!(codec, Codec::Pcmu | Codec::Pcma | Codec::L16Narrow) { 8_000 } else { 16_000 };
        let opus = opus::Encoder::new(opus::Band::Wide, opus::Redundancy::InBand);
        Mouth { sine: Sine::new(rate, hertz, 8_000), codec, g722: g722::Encoder::new(), opus }
    }

    fn says(&mut self) -> Vec<u8> {
        let law = if self.codec == Codec::Pcmu { Law::Mu } else { Law::A };
        let (mut samples, mut bytes) = ([0; 320], vec![0; 1_275]);
        let length = match self.codec {
            Codec::Pcmu | Codec::Pcma => {
                return (0..160).map(|_| law.encode(self.sine.next_sample())).collect();
            }
            Codec::G722 => {
                self.sine.fill(&mut samples);
                self.g722.encode(&samples, &mut bytes)
            }
            Codec::Opus => {
                self.sine.fill(&mut samples);
                self.opus.encode(&samples, &mut bytes).unwrap()
            }
            Codec::L16 | Codec::L16Narrow => {
                let samples = &mut samples[..if self.codec == Codec::L16 { 320 } else { 160 }];
                self.sine.fill(samples);
                l16::encode(samples, &mut bytes)
            }
        };
        bytes.truncate(length);
        bytes
    }
}

struct Ear {
    rate: u32,
    codec: Codec,
    g722: g722::Decoder,
    opus: opus::Decoder,
}

impl Ear {
    fn new(codec: Codec) -> Ear {
        let rate = if matches!(codec, Codec::Pcmu | Codec::Pcma | Codec::L16Narrow) { 8_000 } else { 16_000 };
        Ear { rate, codec, g722: g722::Decoder::new(), opus: opus::Decoder::new(16_000) }
    }

    fn hears(&mut self, payload: &[u8]) -> Vec<i16> {
        let mut samples = vec![0; 1_920];
        let length = match self.codec {
            Codec::Pcmu => return payload.iter().map(|code| Law::Mu.decode(*code)).collect(),
            Codec::Pcma => return payload.iter().map(|code| Law::A.decode(*code)).collect(),
            Codec::G722 => self.g722.decode(payload, &mut samples),
            Codec::Opus => self.opus.decode(payload, &mut samples).unwrap(),
            Codec::L16 | Codec::L16Narrow => l16::decode(payload, &mut samples),
        };
        samples.truncate(length);
        samples
    }
}

fn loudness(samples: &[i16]) -> f64 {
    let power: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (power / samples.len() as f64).sqrt()
}

/// Whether most of what is heard is that pitch, as loud as it was said.
fn has_pitch(samples: &[i16], rate: u32, hertz: u16) -> bool {
    let turn = std::f64::consts::TAU * f64::from(hertz) / f64::from(rate);
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (at, sample) in samples.iter().enumerate() {
        let (s, c) = (turn * at as f64).sin_cos();
        (sine, cosine) = (sine + s * f64::from(*sample), cosine + c * f64::from(*sample));
    }
    let peak = 2.0 * sine.hypot(cosine) / samples.len() as f64;
    let share = peak / (loudness(samples) * 2f64.sqrt());
    peak > 5_000.0 && peak < 10_000.0 && share > 0.9
}

/// A pitch whose turns come out even after so few samples that they can be kept.
struct Wave(Vec<(f64, f64)>);

impl Wave {
    fn new(hertz: u32, rate: u32) -> Wave {
        let even = (1..).find(|samples| (hertz * samples).is_multiple_of(rate)).unwrap();
        let turn = std::f64::consts::TAU * f64::from(hertz) / f64::from(rate);
        Wave((0..even).map(|at| (turn * f64::from(at)).sin_cos()).collect())
    }

    /// Where the pitch stands in what is heard from that sample on, and how much of it all is the pitch.
    fn phase(&self, samples: &[i16], at: usize) -> (f64, f64) {
        let (mut sine, mut cosine, mut power) = (0.0, 0.0, 0.0);
        for (place, sample) in samples.iter().enumerate() {
            let ((s, c), sample) = (self.0[(at + place) % self.0.len()], f64::from(*sample));
            (sine, cosine, power) = (sine + s * sample, cosine + c * sample, power + sample * sample);
        }
        let share = 2.0 * (sine * sine + cosine * cosine) / samples.len() as f64 / power;
        (cosine.atan2(sine), share)
    }
}

/// A relay with one stream whose sides are aimed and speak different codecs.
struct House {
    relay: Relay,
    now: Instant,
    out: Outbox,
    /// The last packet that went on, as it left.
    left: Vec<u8>,
}

impl House {
    fn new(caller: Spoken, callee: Spoken) -> House {
        let mut house = House { relay: Relay::new(), now: Instant::now(), out: Vec::new(), left: Vec::new() };
        let ports = [30_000, 30_002].map(|port| PortPair { address: [127, 0, 0, 1].into(), port });
        house.order(Order::Open { session: CALL, stream: 0, ports });
        [Side::Caller, Side::Callee].into_iter().for_each(|side| house.aims(side, None));
        let spoken = Some(Box::new([caller, callee]));
        house.order(Order::Transcode { session: CALL, stream: 0, spoken });
        house
    }

    fn aims(&mut self, side: Side, protection: Option<Arc<Protection>>) {
        let place = if side == Side::Caller { CALLER } else { CALLEE };
        let aim = Aim {
            rtp: Some(place.parse().unwrap()),
            reports: Reports::Apart(None),
            sending: Sending::Allowed,
            senders: Senders::Signalled,
            turn: Turn::Same,
            clock: 8_000,
            protection,
            door: None,
        };
        self.order(Order::Aim { session: CALL, stream: 0, side, aim });
    }

    /// What that side is sent is sealed.
    fn seals(&mut self, side: Side, key: &MasterKey) {
        self.aims(side, Some(Arc::new(Protection { theirs: key.clone(), ours: key.clone() })));
    }

    fn order(&mut self, order: Order) {
        self.relay.order(self.now, order, &mut self.out);
    }

    fn signals(&self) -> Vec<(Side, Signal)> {
        let told = |act: &Act| match act {
            Act::Tell(Event::Signalled { side, signal, .. }) => Some((*side, *signal)),
            _ => None,
        };
        self.out.iter().filter_map(told).collect()
    }

    /// What leaves at the other side.
    fn says(
        &mut self,
        side: Side,
        payload_type: u8,
        sequence: u16,
        timestamp: u32,
        payload: &[u8],
    ) -> Result<(Fixed, Vec<u8>), Reason> {
        self.says_raw(side, payload_type, sequence, timestamp, payload)?;
        let header = Header::parse(&self.left).unwrap();
        Ok((header.fixed, header.payload.to_vec()))
    }

    fn says_raw(
        &mut self,
        side: Side,
        payload_type: u8,
        sequence: u16,
        timestamp: u32,
        payload: &[u8],
    ) -> Result<(), Reason> {
        let fixed = Fixed { marker: false, payload_type, sequence, timestamp, ssrc: SSRC };
        let mut bytes = Vec::new();
        Header { payload, ..Header::from(fixed) }.write(&mut bytes);
        let length = bytes.len();
        bytes.resize(1_600, 0);
        let (port, from): (u32, SocketAddr) = match side {
            Side::Caller => (0, CALLER.parse().unwrap()),
            Side::Callee => (2, CALLEE.parse().unwrap()),
        };
        let mut packet = Packet::new(&mut bytes, length);
        match self.relay.receive(self.now, PortIndex(port), from, &mut packet, &mut self.out) {
            Verdict::Forward { .. } => {
                self.left = packet.bytes().to_vec();
                Ok(())
            }
            Verdict::Drop(reason) => Err(reason),
            Verdict::TakeBack => unreachable!("nobody carries streams here"),
        }
    }
}
