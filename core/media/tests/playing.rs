//! Sound of ours that a side hears.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{
    Aim, Begins, Codec, Order, Outbox, Packet, Played, Playing, PortIndex, PortPair, Protection, Relay,
    Reports, Senders, Sending, SessionKey, Side, Turn, Verdict,
};
use rtp::srtp::{MasterKey, Opener, Suite};
use rtp::{Fixed, Header};
use sound::{Law, Recording, Tone, g722, l16, opus};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const CALLER: &str = "192.0.2.1:4000";
const CALLEE: &str = "198.51.100.9:6000";
const SSRC: u32 = 0x7001_2345;
const MS: Duration = Duration::from_millis(1);

#[test]
fn h10_a_tone_is_heard_in_each_codec_every_20_ms() {
    for (payload_type, codec) in [0, 8, 9, 111, 97, 98].into_iter().zip(Codec::ALL) {
        let mut house = House::new(None);
        house.play(Some(Playing { payload_type, codec, ..tone("440") }));

        let heard = house.runs(2_000);

        assert_eq!(heard.len(), 100, "{codec:?}");
        let (first, last) = (&heard[0], &heard[99]);
        assert!(first.fixed.marker && !last.fixed.marker);
        assert_eq!((first.at, last.at), (0, 1_980));
        for (before, after) in heard.iter().zip(&heard[1..]) {
            assert_eq!(after.fixed.sequence, before.fixed.sequence + 1);
            assert_eq!(after.fixed.timestamp.wrapping_sub(before.fixed.timestamp), codec.clock() / 50);
            assert_eq!((after.fixed.ssrc, after.fixed.payload_type), (SSRC, payload_type));
            assert_eq!((after.out_of, after.to), (PortIndex(2), CALLEE.parse().unwrap()));
        }
        let (samples, rate) = decoded(codec, &heard);
        assert!(share_of(&samples[samples.len() / 4..], rate, 440.0) > 0.95, "{codec:?}");
        assert_eq!(house.gone(), 100);
    }
}

#[test]
fn h10_pitches_and_pauses_are_as_they_are_written() {
    let mut house = House::new(None);
    house.play(Some(tone("400+450/400 0/200 400+450/400 0/2000")));

    let (samples, _) = decoded(Codec::Pcmu, &house.runs(6_000));

    let is_loud = |ms: usize| samples[ms * 8..(ms + 20) * 8].iter().any(|sample| sample.abs() > 1_000);
    for ms in (20..5_960).step_by(20) {
        let within = ms % 3_000;
        if within % 200 < 20 || within % 200 >= 180 {
            continue;
        }
        assert_eq!(is_loud(ms), within < 400 || (600..1_000).contains(&within), "at {ms} ms");
    }
    let both = [400.0, 450.0].map(|hertz| share_of(&samples[..3_200], 8_000, hertz));
    assert!(both.iter().all(|share| (0.45..0.55).contains(share)), "{both:?}");
}

#[test]
fn h10_what_the_other_side_says_goes_before_and_ours_goes_on_a_second_after_it() {
    let mut house = House::new(None);
    house.play(Some(tone("440")));
    assert_eq!(house.runs(200).len(), 10);

    house.says(1);
    let between = house.runs(500);
    house.says(2);
    let after = house.runs(1_500);

    assert_eq!(between.len(), 0);
    let first = after.first().unwrap();
    assert!((960..=1_020).contains(&first.at), "{} ms", first.at);
    assert!(first.fixed.marker, "a pause ends");
    assert_eq!(first.fixed.sequence, (SSRC & 0x7fff) as u16 + 10);
    let ticks = first.fixed.timestamp.wrapping_sub(SSRC.rotate_left(16));
    assert_eq!(ticks, (200 + 500 + first.at) * 8, "time has gone on");
}

#[test]
fn h1_who_hears_nothing_for_a_while_hears_ours_and_each_source_goes_on_evenly() {
    let mut house = House::new(None);
    house.play(Some(Playing { begins: Begins::AfterSilence, ..tone("440") }));
    for number in 0..25 {
        house.says(number);
        assert!(house.runs(20).is_empty(), "nothing of ours beside somebody who speaks");
    }

    let heard = house.runs(2_000);

    assert!((960..=1_000).contains(&heard[0].at), "{} ms", heard[0].at);
    assert_eq!(heard.len(), ((2_000 - heard[0].at) / 20) as usize);
    house.play(None);
    assert!(house.runs(100).is_empty());
    assert!(house.relay.next_moment().is_none(), "nothing is waited for any more");
}

#[test]
fn h10_a_recording_is_played_once_or_again_and_again() {
    let recording = Arc::new(Recording::from_wav(&wav(8_000, 1, &ramp(400))).unwrap());
    for (what, packets) in
        [(Played::Once(Arc::clone(&recording)), 3), (Played::Looped(Arc::clone(&recording)), 50)]
    {
        let mut house = House::new(None);
        house.play(Some(Playing { what, ..tone("0") }));

        let heard = house.runs(1_000);

        assert_eq!(heard.len(), packets);
        let (samples, _) = decoded(Codec::Pcmu, &heard);
        for (at, sample) in samples.iter().enumerate() {
            let wanted = if packets == 3 && at >= 400 { 0 } else { ramp(400)[at % 400] };
            assert!(sample.abs_diff(wanted) < 600, "sample {at}: {sample} for {wanted}");
        }
    }
}

#[test]
fn a17_nothing_is_played_to_a_side_that_does_not_listen() {
    let mut house = House::new(None);
    house.play(Some(tone("440")));
    house.aim(Side::Callee, CALLEE, Sending::Held, None);
    assert!(house.runs(500).is_empty());

    house.aim(Side::Callee, CALLEE, Sending::Allowed, None);

    assert_eq!(house.runs(500).len(), 25);
}

#[test]
fn h10_what_is_played_to_a_sealed_side_is_sealed() {
    let key = |seed: u8| MasterKey::new(Suite::AesCm128HmacSha1_80, &[seed; 30]).unwrap();
    let keys = Arc::new(Protection { theirs: key(1), ours: key(2) });
    let mut house = House::new(Some(Arc::clone(&keys)));
    house.play(Some(tone("440")));

    let mut heard = house.runs(400);

    let mut opener = Opener::new(&keys.ours);
    for packet in &mut heard {
        let length = opener.open_rtp(&mut packet.bytes).unwrap();
        packet.bytes.truncate(length);
    }
    let (samples, rate) = decoded(Codec::Pcmu, &heard);
    assert!(share_of(&samples, rate, 440.0) > 0.9);
}

#[test]
fn h1_a_renewed_order_goes_on_and_another_one_begins_anew() {
    let recording = Arc::new(Recording::from_wav(&wav(8_000, 1, &ramp(8_000))).unwrap());
    let playing = Playing { what: Played::Looped(recording), ..tone("0") };
    let mut house = House::new(None);
    house.play(Some(playing.clone()));
    house.runs(500);
    house.play(Some(playing.clone()));

    let next = &house.runs(20)[0];
    assert_eq!(next.fixed.sequence, (SSRC & 0x7fff) as u16 + 25);
    let (samples, _) = decoded(Codec::Pcmu, std::slice::from_ref(next));
    assert!(samples[0].abs_diff(ramp(8_000)[4_000]) < 600);

    house.play(Some(Playing { ssrc: 7, ..playing }));
    let next = &house.runs(20)[0];
    assert_eq!((next.fixed.ssrc, next.fixed.marker), (7, true));
    let (samples, _) = decoded(Codec::Pcmu, std::slice::from_ref(next));
    assert!(samples[0].abs_diff(ramp(8_000)[0]) < 600);
}

#[test]
fn a_closed_stream_plays_nothing_and_its_place_is_free() {
    let mut house = House::new(None);
    house.play(Some(tone("440")));
    house.order(Order::Close { session: CALL });
    assert!(house.runs(100).is_empty());
    assert!(house.relay.next_moment().is_none());

    let ports = [30_000, 30_002].map(|port| PortPair { address: [127, 0, 0, 1].into(), port });
    house.order(Order::Open { session: CALL, stream: 0, ports });
    house.aim(Side::Callee, CALLEE, Sending::Allowed, None);

    assert!(house.runs(100).is_empty());
}

fn tone(text: &str) -> Playing {
    Playing {
        what: Played::Tone(Arc::new(Tone::parse(text).unwrap())),
        begins: Begins::AtOnce,
        ssrc: SSRC,
        payload_type: 0,
        codec: Codec::Pcmu,
    }
}

fn ramp(length: i16) -> Vec<i16> {
    (0..length).map(|at| at * (16_000 / length)).collect()
}

fn wav(rate: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0".to_vec();
    file.extend(channels.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend([0, 0, 0, 0, 0, 0, 16, 0]);
    file.extend(b"data");
    file.extend((samples.len() as u32 * 2).to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

/// A packet of ours, so many milliseconds after a look began.
struct Heard {
    at: u32,
    fixed: Fixed,
    out_of: PortIndex,
    to: SocketAddr,
    bytes: Vec<u8>,
}

fn decoded(codec: Codec, heard: &[Heard]) -> (Vec<i16>, u32) {
    let (mut wide, mut coder) = (g722::Decoder::new(), opus::Decoder::new(16_000));
    let mut lean = g729::Decoder::new();
    let mut all = Vec::new();
    for packet in heard {
        let payload = Header::parse(&packet.bytes).unwrap().payload;
        let mut samples = vec![0; 1_920];
        let length = match codec {
            Codec::Pcmu | Codec::Pcma => {
                let law = if codec == Codec::Pcmu { Law::Mu } else { Law::A };
                all.extend(payload.iter().map(|code| law.decode(*code)));
                continue;
            }
            Codec::G722 => wide.decode(payload, &mut samples),
            Codec::Opus => coder.decode(payload, &mut samples).unwrap(),
            Codec::L16 | Codec::L16Narrow => l16::decode(payload, &mut samples),
            Codec::G729 => lean.decode(payload, &mut samples),
        };
        all.extend_from_slice(&samples[..length]);
    }
    (
        all,
        if matches!(codec, Codec::Pcmu | Codec::Pcma | Codec::L16Narrow | Codec::G729) {
            8_000
        } else {
            16_000
        },
    )
}

/// How much of all that is heard is one pitch.
fn share_of(samples: &[i16], rate: u32, hertz: f64) -> f64 {
    let turn = std::f64::consts::TAU * hertz / f64::from(rate);
    let (mut sine, mut cosine, mut power) = (0.0, 0.0, 0.0);
    for (at, sample) in samples.iter().enumerate() {
        let ((s, c), sample) = ((turn * at as f64).sin_cos(), f64::from(*sample));
        (sine, cosine, power) = (sine + s * sample, cosine + c * sample, power + sample * sample);
    }
    2.0 * (sine * sine + cosine * cosine) / samples.len() as f64 / power
}

/// A relay with one stream, whose callee may be sealed.
struct House {
    relay: Relay,
    now: Instant,
}

impl House {
    fn new(protection: Option<Arc<Protection>>) -> House {
        let mut house = House { relay: Relay::new(), now: Instant::now() };
        let ports = [30_000, 30_002].map(|port| PortPair { address: [127, 0, 0, 1].into(), port });
        house.order(Order::Open { session: CALL, stream: 0, ports });
        house.aim(Side::Caller, CALLER, Sending::Allowed, None);
        house.aim(Side::Callee, CALLEE, Sending::Allowed, protection);
        house
    }

    fn order(&mut self, order: Order) {
        self.relay.order(self.now, order, &mut Outbox::new());
    }

    fn aim(&mut self, side: Side, rtp: &str, sending: Sending, protection: Option<Arc<Protection>>) {
        let aim = Aim {
            rtp: Some(rtp.parse().unwrap()),
            reports: Reports::Apart(None),
            sending,
            senders: Senders::Signalled,
            turn: Turn::Same,
            clock: 8_000,
            protection,
            door: None,
        };
        self.order(Order::Aim { session: CALL, stream: 0, side, aim });
    }

    /// The callee hears that from now on.
    fn play(&mut self, playing: Option<Playing>) {
        let playing = playing.map(Box::new);
        self.order(Order::Play { session: CALL, stream: 0, side: Side::Callee, playing });
    }

    /// The caller says something.
    fn says(&mut self, number: u16) {
        let timestamp = u32::from(number) * 160;
        let fixed = Fixed { marker: false, payload_type: 0, sequence: number, timestamp, ssrc: 1 };
        let mut bytes = Vec::new();
        Header { payload: &[0xff; 160], ..Header::from(fixed) }.write(&mut bytes);
        let length = bytes.len();
        bytes.resize(length + 64, 0);
        let mut packet = Packet::new(&mut bytes, length);
        let from = CALLER.parse().unwrap();
        let verdict = self.relay.receive(self.now, PortIndex(0), from, &mut packet, &mut Outbox::new());
        assert!(matches!(verdict, Verdict::Forward { .. }), "{verdict:?}");
    }

    /// Lets time pass as a loop does: from one moment to the next.
    fn runs(&mut self, ms: u32) -> Vec<Heard> {
        let (begin, mut heard) = (self.now, Vec::new());
        let end = begin + MS * ms;
        while let Some(moment) = self.relay.next_moment().filter(|moment| *moment < end) {
            self.now = self.now.max(moment);
            self.relay.wake(self.now, &mut Outbox::new());
            let mut room = [0; 2_048];
            loop {
                let mut packet = Packet::new(&mut room, 0);
                let Some((out_of, to)) = self.relay.next_played(self.now, &mut packet) else { break };
                let bytes = packet.bytes().to_vec();
                let at = self.now.duration_since(begin).as_millis() as u32;
                heard.push(Heard { at, fixed: Fixed::of(&bytes).unwrap(), out_of, to, bytes });
            }
        }
        self.now = end;
        heard
    }

    fn gone(&mut self) -> u64 {
        let mut out = Outbox::new();
        self.relay.order(self.now, Order::Close { session: CALL }, &mut out);
        let figures = out.iter().find_map(|act| match act {
            media::Act::Tell(media::Event::Finished { figures, .. }) => Some(figures.callee.packets_out),
            _ => None,
        });
        figures.unwrap()
    }
}
