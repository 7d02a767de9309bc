//! What a packet costs that the relay makes of another codec, without sockets.
//!
//! `sound-bench` prints µs of CPU a packet for every pair; `sound-bench once FROM TO N` carries N packets and
//! prints nothing, to be counted by callgrind against `once FROM TO 0`.

use std::net::SocketAddr;
use std::time::Instant;

use media::{
    Aim, Codec, Keys, Order, Outbox, Packet, PortIndex, PortPair, Relay, Reports, Senders, Sending,
    SessionKey, Side, Spoken, Turn, Verdict,
};
use rtp::{Fixed, Header};
use sound::{Law, g722, l16, opus};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const CALLER: &str = "192.0.2.1:4000";
const CALLEE: &str = "198.51.100.9:6000";
/// A second of sound, round and round.
const PACKETS: usize = 50;
const ROUNDS: usize = 7;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [word, from, to, count] = words.as_slice()
        && word == "once"
    {
        let count = count.parse().expect("a count");
        House::new(codec(from), codec(to)).carry(count);
        return;
    }
    println!("µs of CPU for a packet of 20 ms, the fastest of {ROUNDS} rounds");
    println!("relayed       {:6.2}", fastest(Codec::Pcmu, Codec::Pcmu));
    println!("recorded      {:6.2}", fastest_of(House::recorded()));
    for from in Codec::ALL {
        for to in Codec::ALL.into_iter().filter(|to| *to != from) {
            println!("{:5} to {:5} {:6.2}", from.name(), to.name(), fastest(from, to));
        }
    }
}

fn codec(name: &str) -> Codec {
    let mut all = Codec::ALL.into_iter();
    all.find(|codec| codec.name().eq_ignore_ascii_case(name)).expect("pcmu, pcma, g722, g729 or opus")
}

fn fastest(from: Codec, to: Codec) -> f64 {
    fastest_of(House::new(from, to))
}

fn fastest_of(mut house: House) -> f64 {
    let [from, to] = house.codecs;
    // Long enough for the clock, which ticks every few milliseconds.
    let count = match [from, to] {
        both if both.contains(&Codec::Opus) => 5_000,
        both if both.contains(&Codec::G722) || both.contains(&Codec::G729) => 20_000,
        _ => 500_000,
    };
    let mut round = || {
        let before = cpu_ns();
        house.carry(count);
        (cpu_ns() - before) as f64 / 1e3 / count as f64
    };
    (0..ROUNDS).map(|_| round()).min_by(f64::total_cmp).expect("there are rounds")
}

/// A relay with one stream, whose caller says a second of sound again and again.
struct House {
    relay: Relay,
    now: Instant,
    out: Outbox,
    said: Vec<Vec<u8>>,
    payload_type: u8,
    clock: u32,
    number: u32,
    caller: SocketAddr,
    codecs: [Codec; 2],
}

impl House {
    fn new(from: Codec, to: Codec) -> House {
        let caller = CALLER.parse().expect("an address");
        let (relay, now, out) = (Relay::new(), Instant::now(), Outbox::new());
        let mut house = House {
            relay,
            now,
            out,
            said: say(from),
            payload_type: payload_type(from),
            clock: from.clock(),
            number: 0,
            caller,
            codecs: [from, to],
        };
        let ports = [30_000, 30_002].map(|port| PortPair { address: [127, 0, 0, 1].into(), port });
        house.order(Order::Open { session: CALL, stream: 0, ports });
        for (side, place) in [(Side::Caller, CALLER), (Side::Callee, CALLEE)] {
            let aim = Aim {
                rtp: place.parse().ok(),
                reports: Reports::Apart(None),
                sending: Sending::Allowed,
                senders: Senders::Signalled,
                turn: Turn::Same,
                clock: 8_000,
                protection: None,
                door: None,
            };
            house.order(Order::Aim { session: CALL, stream: 0, side, aim });
        }
        let spoken = (from != to).then(|| Box::new([from, to].map(speaks)));
        house.order(Order::Transcode { session: CALL, stream: 0, spoken });
        house
    }

    /// The same stream, relayed, and copied for a recording.
    fn recorded() -> House {
        let mut house = House::new(Codec::Pcmu, Codec::Pcmu);
        let codecs = || -> media::Codecs { [(0, Codec::Pcmu)].into() };
        let (began, running) = (house.now, media::Running::Yes);
        let taping = media::Taping { name: "bench".into(), began, codecs: [codecs(), codecs()], running };
        house.order(Order::Record { session: CALL, stream: 0, taping: Some(Box::new(taping)) });
        house
    }

    fn order(&mut self, order: Order) {
        self.relay.order(self.now, order, &mut self.out);
    }

    fn carry(&mut self, count: usize) {
        let mut buffer = [0; 1_600];
        for _ in 0..count {
            let said = &self.said[self.number as usize % PACKETS];
            let header = Fixed {
                marker: false,
                payload_type: self.payload_type,
                sequence: self.number as u16,
                timestamp: self.number.wrapping_mul(self.clock / 50),
                ssrc: 7,
            };
            let mut bytes = Vec::with_capacity(1_300);
            Header { payload: said, ..Header::from(header) }.write(&mut bytes);
            buffer[..bytes.len()].copy_from_slice(&bytes);
            let mut packet = Packet::new(&mut buffer, bytes.len());
            let verdict = self.relay.receive(self.now, PortIndex(0), self.caller, &mut packet, &mut self.out);
            assert!(matches!(verdict, Verdict::Forward { .. }), "{verdict:?}");
            self.out.clear();
            self.number = self.number.wrapping_add(1);
        }
    }
}

fn payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
        Codec::Opus => 111,
        Codec::L16 => 97,
        Codec::L16Narrow => 98,
        Codec::G729 => 18,
    }
}

fn speaks(codec: Codec) -> Spoken {
    Spoken { codecs: vec![(payload_type(codec), codec)], keys: Keys::Unheard, noise: None }
}

/// A second of something like a voice.
fn say(codec: Codec) -> Vec<Vec<u8>> {
    let is_narrow = matches!(codec, Codec::Pcmu | Codec::Pcma | Codec::L16Narrow | Codec::G729);
    let rate = if is_narrow { 8_000 } else { 16_000 };
    let samples = voice(rate);
    let (mut wide, mut opus) =
        (g722::Encoder::new(), opus::Encoder::new(opus::Band::Wide, opus::Redundancy::InBand));
    let mut lean = g729::Encoder::new();
    let frames = samples.chunks_exact(rate / PACKETS);
    let frames = frames.map(|frame| {
        let mut bytes = vec![0; 1_275];
        let length = match codec {
            Codec::Pcmu => return frame.iter().map(|sample| Law::Mu.encode(*sample)).collect(),
            Codec::Pcma => return frame.iter().map(|sample| Law::A.encode(*sample)).collect(),
            Codec::G722 => wide.encode(frame, &mut bytes),
            Codec::Opus => opus.encode(frame, &mut bytes).expect("it takes 20 ms"),
            Codec::L16 | Codec::L16Narrow => l16::encode(frame, &mut bytes),
            Codec::G729 => lean.encode(frame, &mut bytes),
        };
        bytes.truncate(length);
        bytes
    });
    frames.collect()
}

/// Pulses of a wandering pitch through two resonances, louder and softer as syllables are, and some noise.
fn voice(rate: usize) -> Vec<i16> {
    let (mut phase, mut chance, mut past) = (0.0f64, 1u32, [[0.0f64; 2]; 2]);
    let sample = |at: usize| {
        let second = at as f64 / rate as f64;
        let pitch = 120.0 + 30.0 * (second * 9.0).sin();
        phase += pitch / rate as f64;
        let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
        phase = phase.fract();
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let mut sound = pulse + (f64::from(chance >> 16) / 65_536.0 - 0.5) * 0.05;
        for (past, hertz) in past.iter_mut().zip([600.0, 1_700.0]) {
            let (radius, turn) = (0.96, std::f64::consts::TAU * hertz / rate as f64);
            sound += 2.0 * radius * turn.cos() * past[0] - radius * radius * past[1];
            *past = [sound, past[0]];
        }
        (sound * 2_000.0 * (second * 25.0).sin().abs()).clamp(-30_000.0, 30_000.0) as i16
    };
    (0..rate).map(sample).collect()
}

fn cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0)
}
