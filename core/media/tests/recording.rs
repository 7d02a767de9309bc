//! What both sides say, copied and mixed down.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{
    Act, Aim, Codec, Event, Mixdown, Order, Outbox, Packet, PortIndex, PortPair, Protection, Relay, Reports,
    Running, Senders, Sending, SessionKey, Side, Taped, Taping, Turn, Upto, Verdict,
};
use rtp::Fixed;
use rtp::srtp::{MasterKey, Sealer, Suite};
use sound::{Law, Sine, g722, l16, opus};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const CALLER: &str = "192.0.2.1:4000";
const CALLEE: &str = "198.51.100.9:6000";
const MS: Duration = Duration::from_millis(1);
const HERTZ: [u16; 2] = [440, 1_000];

/// A relay with one stream, both of whose sides say a tone.
struct House {
    relay: Relay,
    began: Instant,
    ms: u64,
    out: Outbox,
    codec: Codec,
    mouths: [Mouth; 2],
    forwarded: u64,
}

struct Mouth {
    sine: Sine,
    g722: g722::Encoder,
    opus: opus::Encoder,
    g729: g729::Encoder,
    number: u16,
    sealer: Option<Sealer>,
}

impl House {
    fn new(codec: Codec, key: Option<&MasterKey>) -> House {
        let rate = if matches!(codec, Codec::Pcmu | Codec::Pcma | Codec::L16Narrow | Codec::G729) {
            8_000
        } else {
            16_000
        };
        let mouth = |hertz| Mouth {
            sine: Sine::new(rate, hertz, 8_000),
            g722: g722::Encoder::new(),
            opus: opus::Encoder::new(opus::Band::Wide, opus::Redundancy::None),
            g729: g729::Encoder::new(),
            number: 100,
            sealer: key.map(Sealer::new),
        };
        let (relay, began) = (Relay::with_carrier(), Instant::now());
        let mouths = HERTZ.map(mouth);
        let mut house = House { relay, began, ms: 0, out: Outbox::new(), codec, mouths, forwarded: 0 };
        let pair = |port| PortPair { address: "203.0.113.5".parse().unwrap(), port };
        house.order(Order::Open { session: CALL, stream: 0, ports: [pair(30_000), pair(30_002)] });
        for (side, place) in [(Side::Caller, CALLER), (Side::Callee, CALLEE)] {
            let protection = key.map(|key| Arc::new(Protection { theirs: key.clone(), ours: key.clone() }));
            let aim = Aim {
                rtp: place.parse().ok(),
                reports: Reports::Apart(None),
                sending: Sending::Allowed,
                senders: Senders::Signalled,
                turn: Turn::Same,
                clock: codec.clock(),
                protection,
                door: None,
            };
            house.order(Order::Aim { session: CALL, stream: 0, side, aim });
        }
        house
    }

    fn order(&mut self, order: Order) {
        self.relay.order(self.began + self.ms as u32 * MS, order, &mut self.out);
    }

    fn record(&mut self, running: Running) {
        let codecs: [Arc<[_]>; 2] = [Arc::new([(96, self.codec)]), Arc::new([(96, self.codec)])];
        let taping = Taping { name: "day/call.wav".into(), began: self.began, codecs, running };
        self.order(Order::Record { session: CALL, stream: 0, taping: Some(Box::new(taping)) });
    }

    /// Both speak for so long; what is lost of it on its way says `comes`.
    fn talk(&mut self, ms: u64, comes: impl Fn(Side, u64) -> bool) {
        for _ in 0..ms / 20 {
            for side in [Side::Caller, Side::Callee] {
                let mut room = [0; 1_500];
                let length = self.mouths[side as usize].says(self.codec, side, &mut room);
                if comes(side, self.ms) {
                    self.arrives(side, &mut room, length);
                }
            }
            self.ms += 20;
        }
    }

    fn arrives(&mut self, side: Side, room: &mut [u8], length: usize) {
        let (port, from): (_, SocketAddr) = match side {
            Side::Caller => (PortIndex(0), CALLER.parse().unwrap()),
            Side::Callee => (PortIndex(2), CALLEE.parse().unwrap()),
        };
        let mut packet = Packet::new(room, length);
        let now = self.began + self.ms as u32 * MS;
        let verdict = self.relay.receive(now, port, from, &mut packet, &mut self.out);
        self.forwarded += u64::from(matches!(verdict, Verdict::Forward { .. }));
    }

    fn taped(&mut self) -> Vec<Taped> {
        let taped = self.out.iter().filter_map(|act| match act {
            Act::Tell(Event::Taped(taped)) => Some((**taped).clone()),
            _ => None,
        });
        taped.collect()
    }
}

impl Mouth {
    fn says(&mut self, codec: Codec, side: Side, room: &mut [u8]) -> usize {
        let count = if matches!(codec, Codec::Pcmu | Codec::Pcma | Codec::L16Narrow | Codec::G729) {
            160
        } else {
            320
        };
        let samples: Vec<i16> = (0..count).map(|_| self.sine.next_sample()).collect();
        let payload = &mut room[12..];
        let length = match codec {
            Codec::Pcmu | Codec::Pcma => {
                let law = if codec == Codec::Pcmu { Law::Mu } else { Law::A };
                payload.iter_mut().zip(&samples).for_each(|(code, sample)| *code = law.encode(*sample));
                count
            }
            Codec::G722 => self.g722.encode(&samples, payload),
            Codec::Opus => self.opus.encode(&samples, payload).unwrap(),
            Codec::L16 | Codec::L16Narrow => l16::encode(&samples, payload),
            Codec::G729 => self.g729.encode(&samples, payload),
        };
        let timestamp = u32::from(self.number) * (codec.clock() / 50);
        room[0] = 0x80;
        room[1] = 96;
        room[2..4].copy_from_slice(&self.number.to_be_bytes());
        room[4..8].copy_from_slice(&timestamp.to_be_bytes());
        room[8..12].copy_from_slice(&(77 + side as u32).to_be_bytes());
        self.number += 1;
        assert!(Fixed::of(&room[..12 + length]).is_some());
        match &mut self.sealer {
            Some(sealer) => sealer.seal_rtp(room, 12 + length).unwrap(),
            None => 12 + length,
        }
    }
}

/// Left and right, and frames a second.
fn mixed(taped: &[Taped]) -> ([Vec<i16>; 2], u32) {
    let mut mixdown = Mixdown::new(&taped[0]);
    let mut both = [Vec::new(), Vec::new()];
    for (at, one) in taped.iter().enumerate() {
        mixdown.take(one);
        let Some((first, frames)) =
            mixdown.whole(if at + 1 == taped.len() { Upto::End } else { Upto::Settled })
        else {
            continue;
        };
        for frame in frames.as_chunks::<2>().0 {
            for (side, sample) in both.iter_mut().zip(frame) {
                side.push(*sample);
            }
        }
        let first = usize::try_from(first).unwrap();
        let count = frames.len() / 2;
        for side in &mut both {
            // Frames that nobody wrote are silence.
            let tail = side.split_off(side.len() - count);
            side.resize(first, 0);
            side.extend(tail);
        }
    }
    (both, mixdown.rate())
}

/// How much of some sound is one pitch.
fn share(samples: &[i16], rate: u32, hertz: u16) -> f64 {
    let step = std::f64::consts::TAU * f64::from(hertz) / f64::from(rate);
    let (mut sine, mut cosine, mut all) = (0.0, 0.0, 1.0);
    for (at, sample) in samples.iter().enumerate() {
        let (value, angle) = (f64::from(*sample), step * at as f64);
        sine += value * angle.sin();
        cosine += value * angle.cos();
        all += value * value;
    }
    2.0 * (sine * sine + cosine * cosine) / (samples.len() as f64 * all)
}

fn part(samples: &[i16], rate: u32, ms: std::ops::Range<u32>) -> &[i16] {
    let at = |ms: u32| ((ms * rate / 1_000) as usize).min(samples.len());
    &samples[at(ms.start)..at(ms.end)]
}

fn is_silent(samples: &[i16]) -> bool {
    !samples.is_empty() && samples.iter().all(|sample| sample.abs() < 16)
}

/// The caller is on the left and the callee on the right, in every codec, sealed or not.
#[test]
fn each_side_is_heard_on_its_own_channel() {
    let key = MasterKey::new(Suite::AesCm128HmacSha1_80, &[7; 30]).unwrap();
    for codec in Codec::ALL {
        for key in [None, Some(&key)] {
            let mut house = House::new(codec, key);
            house.record(Running::Yes);
            house.talk(3_000, |_, _| true);
            house.order(Order::Close { session: CALL });

            let taped = house.taped();
            let ([left, right], rate) = mixed(&taped);

            assert!(taped.last().unwrap().is_last && taped.len() > 5, "{} times", taped.len());
            let ms = left.len() as u32 * 1_000 / rate;
            assert!((2_980..=3_020).contains(&ms), "{codec:?}: {ms} ms");
            for (samples, [own, other]) in [(&left, HERTZ), (&right, [HERTZ[1], HERTZ[0]])] {
                let samples = part(samples, rate, 500..2_500);
                assert!(share(samples, rate, own) > 0.9, "{codec:?} {}", share(samples, rate, own));
                assert!(share(samples, rate, other) < 0.01, "{codec:?}");
            }
            assert_eq!(house.forwarded, 300);
        }
    }
}

/// What is lost is silence at its place, on the side that it was lost on; so is a pause, on both.
#[test]
fn what_is_lost_and_what_is_paused_is_silence_at_its_place() {
    let mut house = House::new(Codec::Pcmu, None);
    house.record(Running::Yes);
    house.talk(2_000, |side, ms| side == Side::Callee || !(800..1_200).contains(&ms));
    house.record(Running::Paused);
    house.talk(2_000, |_, _| true);
    house.record(Running::Yes);
    house.talk(2_000, |_, _| true);
    house.order(Order::Close { session: CALL });

    let ([left, right], rate) = mixed(&house.taped());

    assert!(is_silent(part(&left, rate, 810..1_190)));
    assert!(share(part(&right, rate, 810..1_190), rate, HERTZ[1]) > 0.9);
    for side in [&left, &right] {
        assert!(is_silent(part(side, rate, 2_010..3_990)));
    }
    assert!(share(part(&left, rate, 4_100..5_900), rate, HERTZ[0]) > 0.9);
    assert_eq!(left.len(), 6 * 8_000);
}

/// Whose clock counts anew, or who is another source, stays where it was said.
#[test]
fn another_source_goes_on_where_it_was_said() {
    let mut house = House::new(Codec::Pcma, None);
    house.record(Running::Yes);
    house.talk(1_000, |_, _| true);
    house.mouths[0].number = 40_000;
    house.talk(1_000, |_, _| true);
    house.order(Order::Close { session: CALL });

    let ([left, right], rate) = mixed(&house.taped());

    assert_eq!((left.len(), right.len()), (16_000, 16_000));
    assert!(share(part(&left, rate, 1_100..1_900), rate, HERTZ[0]) > 0.9);
}

/// Copies leave twice a second at least; none is taken of a stream that nobody records, nor is one that is
/// recorded carried elsewhere.
#[test]
fn copies_leave_soon_and_only_of_what_is_recorded() {
    let mut house = House::new(Codec::Pcmu, None);
    house.talk(3_000, |_, _| true);
    assert!(house.taped().is_empty());
    let port = PortIndex(0);
    assert!(house.relay.carriage(port).is_some());

    house.record(Running::Yes);
    assert!(house.relay.carriage(port).is_none());
    house.talk(500, |_, _| true);
    assert!(!house.taped().is_empty());
    house.talk(9_500, |_, _| true);
    house.order(Order::Record { session: CALL, stream: 0, taping: None });

    let taped = house.taped();
    assert!((20..=60).contains(&taped.len()), "{} times", taped.len());
    let numbers: Vec<u32> = taped.iter().map(|one| one.number).collect();
    assert!(numbers.iter().copied().eq(0..taped.len() as u32));
    assert_eq!(taped.iter().map(|one| one.packets().count()).sum::<usize>(), 1_000);
    assert!(house.relay.carriage(port).is_some());
}

/// After an hour in which nobody said anything, nothing is written for it, and what is said then is in its
/// place.
#[test]
fn silence_of_an_hour_is_not_written() {
    let mut house = House::new(Codec::Pcmu, None);
    house.record(Running::Yes);
    house.talk(1_000, |_, _| true);
    house.ms += 3_600_000;
    house.mouths.iter_mut().for_each(|mouth| mouth.number = mouth.number.wrapping_add(50_000));
    house.talk(1_000, |_, _| true);
    house.order(Order::Close { session: CALL });

    let taped = house.taped();
    let mut mixdown = Mixdown::new(&taped[0]);
    let mut pieces = Vec::new();
    for one in &taped {
        if mixdown.is_far_from(one) {
            pieces.extend(mixdown.whole(Upto::End).map(|(first, frames)| (first, frames.len() / 2)));
        }
        mixdown.take(one);
        pieces.extend(mixdown.whole(Upto::Settled).map(|(first, frames)| (first, frames.len() / 2)));
    }
    pieces.extend(mixdown.whole(Upto::End).map(|(first, frames)| (first, frames.len() / 2)));

    let written: usize = pieces.iter().map(|(_, count)| count).sum();
    assert!((16_000..=17_000).contains(&written), "{written} frames in {pieces:?}");
    let (first, count) = *pieces.last().unwrap();
    assert_eq!(first + count as u64, 3_602 * 8_000);
}
