//! Two far ends of a relay that speak and hear in codecs of their own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{
    Act, Aim, Codec, Event, Keys, Order, Outbox, Packet, PortIndex, PortPair, Protection, Reason, Relay,
    Reports, Senders, Sending, SessionKey, Side, Signal, Spoken, Turn, Verdict,
};
use rtp::srtp::MasterKey;
use rtp::{Fixed, Header};
use sound::{Law, Sine, g722, l16, opus};

pub const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
pub const CALLER: &str = "192.0.2.1:4000";
pub const CALLEE: &str = "198.51.100.9:6000";
pub const SSRC: u32 = 0xcafe;

pub fn speaks(payload_type: u8, codec: Codec) -> Spoken {
    Spoken { codecs: vec![(payload_type, codec)], keys: Keys::Unheard, noise: None }
}

/// 20 ms of a tone in some codec.
pub struct Mouth {
    pub sine: Sine,
    pub codec: Codec,
    pub g722: g722::Encoder,
    pub opus: opus::Encoder,
    pub g729: g729::Encoder,
}

impl Mouth {
    pub fn new(codec: Codec, hertz: u16) -> Mouth {
        let rate = if matches!(codec, Codec::Pcmu | Codec::Pcma | Codec::L16Narrow | Codec::G729) {
            8_000
        } else {
            16_000
        };
        let opus = opus::Encoder::new(opus::Band::Wide, opus::Redundancy::InBand);
        Mouth {
            sine: Sine::new(rate, hertz, 8_000),
            codec,
            g722: g722::Encoder::new(),
            opus,
            g729: g729::Encoder::new(),
        }
    }

    pub fn says(&mut self) -> Vec<u8> {
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
            Codec::G729 => {
                self.sine.fill(&mut samples[..160]);
                self.g729.encode(&samples[..160], &mut bytes)
            }
        };
        bytes.truncate(length);
        bytes
    }
}

pub struct Ear {
    pub rate: u32,
    pub codec: Codec,
    pub g722: g722::Decoder,
    pub opus: opus::Decoder,
    pub g729: g729::Decoder,
}

impl Ear {
    pub fn new(codec: Codec) -> Ear {
        let rate = if matches!(codec, Codec::Pcmu | Codec::Pcma | Codec::L16Narrow | Codec::G729) {
            8_000
        } else {
            16_000
        };
        Ear {
            rate,
            codec,
            g722: g722::Decoder::new(),
            opus: opus::Decoder::new(16_000),
            g729: g729::Decoder::new(),
        }
    }

    pub fn hears(&mut self, payload: &[u8]) -> Vec<i16> {
        let mut samples = vec![0; 1_920];
        let length = match self.codec {
            Codec::Pcmu => return payload.iter().map(|code| Law::Mu.decode(*code)).collect(),
            Codec::Pcma => return payload.iter().map(|code| Law::A.decode(*code)).collect(),
            Codec::G722 => self.g722.decode(payload, &mut samples),
            Codec::Opus => self.opus.decode(payload, &mut samples).unwrap(),
            Codec::L16 | Codec::L16Narrow => l16::decode(payload, &mut samples),
            Codec::G729 => self.g729.decode(payload, &mut samples),
        };
        samples.truncate(length);
        samples
    }
}

pub fn loudness(samples: &[i16]) -> f64 {
    let power: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (power / samples.len() as f64).sqrt()
}

/// Of the loudest that there is.
pub fn decibels(samples: &[i16]) -> f64 {
    20.0 * (loudness(samples) / 32_767.0).log10()
}

/// Whether most of what is heard is that pitch, as loud as it was said.
pub fn has_pitch(samples: &[i16], rate: u32, hertz: u16) -> bool {
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
pub struct Wave(Vec<(f64, f64)>);

impl Wave {
    pub fn new(hertz: u32, rate: u32) -> Wave {
        let even = (1..).find(|samples| (hertz * samples).is_multiple_of(rate)).unwrap();
        let turn = std::f64::consts::TAU * f64::from(hertz) / f64::from(rate);
        Wave((0..even).map(|at| (turn * f64::from(at)).sin_cos()).collect())
    }

    /// Where the pitch stands in what is heard from that sample on, and how much of it all is the pitch.
    pub fn phase(&self, samples: &[i16], at: usize) -> (f64, f64) {
        let (mut sine, mut cosine, mut power) = (0.0, 0.0, 0.0);
        for (place, sample) in samples.iter().enumerate() {
            let ((s, c), sample) = (self.0[(at + place) % self.0.len()], f64::from(*sample));
            (sine, cosine, power) = (sine + s * sample, cosine + c * sample, power + sample * sample);
        }
        let share = 2.0 * (sine * sine + cosine * cosine) / samples.len() as f64 / power;
        (cosine.atan2(sine), share)
    }
}

/// A packet of the caller's, and when it comes.
#[derive(Clone)]
pub struct Said {
    pub ms: u64,
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub payload: Vec<u8>,
}

impl Said {
    /// Twenty milliseconds of PCMU that are no noise.
    pub fn word(sequence: u16, slot: u32) -> Said {
        let payload = vec![Law::Mu.encode(4_000); 160];
        let (ms, timestamp) = (u64::from(slot) * 20, slot * 160);
        Said { ms, marker: false, payload_type: 0, sequence, timestamp, payload }
    }
}

/// Noise in Opus for so many packets, of which nothing but a frame each 400 ms is said from the 100th on.
pub fn dozing(packets: u32) -> Vec<Said> {
    let mut encoder = opus::Encoder::new(opus::Band::Wide, opus::Redundancy::None);
    let (mut noise, mut sequence) = (sound::noise::Noise::new(&[40]), 0..);
    let mut said = Vec::new();
    for slot in 0..packets {
        let (mut samples, mut payload) = ([0; 320], vec![0; 400]);
        noise.fill(&mut samples);
        let length = encoder.encode(&samples, &mut payload).unwrap();
        match slot {
            0..100 => payload.truncate(length),
            _ if slot % 20 == 0 => payload.truncate(1),
            _ if slot % 20 == 19 => payload.truncate(length),
            _ => continue,
        }
        let sequence = sequence.next().unwrap();
        let (ms, timestamp) = (u64::from(slot) * 20, slot * 960);
        said.push(Said { ms, marker: false, payload_type: 111, sequence, timestamp, payload });
    }
    said
}

/// A packet that left, and when.
#[derive(Debug)]
pub struct Left {
    pub at: Instant,
    pub header: Fixed,
    pub payload: Vec<u8>,
}

impl Left {
    pub fn new(at: Instant, bytes: &[u8]) -> Left {
        let header = Header::parse(bytes).unwrap();
        Left { at, header: header.fixed, payload: header.payload.to_vec() }
    }

    pub fn ticks(&self, codec: Codec) -> u32 {
        match codec {
            Codec::L16 | Codec::L16Narrow => self.payload.len() as u32 / 2,
            Codec::Opus => 960,
            Codec::G729 => self.payload.len() as u32 * 8,
            Codec::Pcmu | Codec::Pcma | Codec::G722 => self.payload.len() as u32,
        }
    }
}

/// Nothing is missing between any two packets, of their numbers, of their times, or of the clock's.
pub fn expect_even(left: &[Left], codec: Codec) {
    for pair in left.windows(2) {
        let [one, next] = [&pair[0], &pair[1]];
        assert_eq!(next.header.sequence, one.header.sequence.wrapping_add(1), "{codec:?}");
        assert_eq!(next.header.timestamp, one.header.timestamp.wrapping_add(one.ticks(codec)), "{codec:?}");
        assert!(next.at - one.at <= Duration::from_millis(40), "{codec:?}: {:?}", next.at - one.at);
    }
}

/// A relay with one stream whose sides are aimed and speak different codecs.
pub struct House {
    pub relay: Relay,
    pub now: Instant,
    pub out: Outbox,
    /// The last packet that went on, as it left.
    pub left: Vec<u8>,
}

impl House {
    pub fn new(caller: Spoken, callee: Spoken) -> House {
        let mut house = House { relay: Relay::new(), now: Instant::now(), out: Vec::new(), left: Vec::new() };
        let ports = [30_000, 30_002].map(|port| PortPair { address: [127, 0, 0, 1].into(), port });
        house.order(Order::Open { session: CALL, stream: 0, ports });
        [Side::Caller, Side::Callee].into_iter().for_each(|side| house.aims(side, None));
        let spoken = Some(Box::new([caller, callee]));
        house.order(Order::Transcode { session: CALL, stream: 0, spoken });
        house
    }

    pub fn aims(&mut self, side: Side, protection: Option<Arc<Protection>>) {
        self.aims_at(side, Turn::Same, protection);
    }

    pub fn turns(&mut self, side: Side, turn: Turn) {
        self.aims_at(side, turn, None);
    }

    pub fn aims_at(&mut self, side: Side, turn: Turn, protection: Option<Arc<Protection>>) {
        let place = if side == Side::Caller { CALLER } else { CALLEE };
        let aim = Aim {
            rtp: Some(place.parse().unwrap()),
            reports: Reports::Apart(None),
            sending: Sending::Allowed,
            senders: Senders::Signalled,
            turn,
            clock: 8_000,
            protection,
            door: None,
        };
        self.order(Order::Aim { session: CALL, stream: 0, side, aim });
    }

    /// What that side is sent is sealed.
    pub fn seals(&mut self, side: Side, key: &MasterKey) {
        self.aims(side, Some(Arc::new(Protection { theirs: key.clone(), ours: key.clone() })));
    }

    pub fn order(&mut self, order: Order) {
        self.relay.order(self.now, order, &mut self.out);
    }

    pub fn signals(&self) -> Vec<(Side, Signal)> {
        let told = |act: &Act| match act {
            Act::Tell(Event::Signalled { side, signal, .. }) => Some((*side, *signal)),
            _ => None,
        };
        self.out.iter().filter_map(told).collect()
    }

    /// What leaves at the other side.
    pub fn says(
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

    pub fn says_raw(
        &mut self,
        side: Side,
        payload_type: u8,
        sequence: u16,
        timestamp: u32,
        payload: &[u8],
    ) -> Result<(), Reason> {
        self.takes(side, Fixed { marker: false, payload_type, sequence, timestamp, ssrc: SSRC }, payload)
    }

    /// All that leaves while that comes.
    pub fn hears_all(&mut self, said: &[Said]) -> Vec<Left> {
        let (begin, mut left) = (self.now, Vec::new());
        for Said { ms, marker, payload_type, sequence, timestamp, payload } in said.iter().cloned() {
            left.extend(self.waits(begin + Duration::from_millis(ms)));
            let fixed = Fixed { marker, payload_type, sequence, timestamp, ssrc: SSRC };
            if self.takes(Side::Caller, fixed, &payload).is_ok() {
                left.push(Left::new(self.now, &self.left));
            }
        }
        left
    }

    /// All that leaves by itself until then.
    pub fn waits(&mut self, until: Instant) -> Vec<Left> {
        let (mut left, mut bytes) = (Vec::new(), vec![0; 1_600]);
        while let Some(moment) = self.relay.next_moment().filter(|moment| *moment < until) {
            self.now = self.now.max(moment);
            let mut packet = Packet::new(&mut bytes, 0);
            if self.relay.next_played(self.now, &mut packet).is_some() {
                left.push(Left::new(self.now, packet.bytes()));
            }
        }
        self.now = self.now.max(until);
        left
    }

    pub fn takes(&mut self, side: Side, fixed: Fixed, payload: &[u8]) -> Result<(), Reason> {
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
