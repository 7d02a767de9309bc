//! Meetings: each hears all others, and nothing of itself.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::f64::consts::TAU;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{
    Act, Aim, Begins, Codec, Event, Events, Keys, MeetingKey, Muted, Order, Outbox, Packet, Played, Playing,
    PortIndex, PortPair, Reason, Relay, Reports, Seat, Senders, Sending, SessionKey, Side, Spoken, Turn,
    Verdict,
};
use rtp::{Fixed, Header, TelephoneEvent};
use sound::{Law, Tone, g722, l16, opus};

const MS: Duration = Duration::from_millis(1);
const EVENTS: u8 = 101;
const SECOND: u32 = 1_000;

/// Three tones in three codecs: each is told of the other two, and its own comes back to nobody.
#[test]
fn each_hears_all_others_and_nothing_of_itself() {
    let mut room = Room::new();
    let codecs =
        [Codec::Pcmu, Codec::G722, Codec::Opus, Codec::Pcma, Codec::L16, Codec::L16Narrow, Codec::G729];
    let hertz = [500.0, 1_200.0, 2_100.0];
    for (at, codec) in codecs.into_iter().enumerate() {
        room.enters(codec);
        room.members[at].hertz = hertz.get(at).copied();
    }

    room.runs(3 * SECOND);

    for (at, member) in room.members.iter().enumerate() {
        let (sound, rate) = member.heard_after(1_000);
        for (of, hertz) in hertz.iter().enumerate() {
            let share = share_of(&sound, rate, *hertz);
            match of == at {
                true => assert!(share < 0.005, "member {at} hears itself: {share}"),
                false => assert!(share > 0.2, "member {at} hears {of}: {share}"),
            }
        }
    }
}

/// Numbers and times go on evenly, in a packet every 20 ms from each one's own port to its own place.
#[test]
fn h1_what_a_member_hears_is_one_source_that_goes_on_evenly() {
    let mut room = Room::new();
    [Codec::Pcmu, Codec::G722, Codec::Opus].into_iter().for_each(|codec| room.enters(codec));

    room.runs(2 * SECOND);

    for (at, member) in room.members.iter().enumerate() {
        assert!((98..=100).contains(&member.packets.len()), "{} packets", member.packets.len());
        assert!(member.packets[0].0.marker);
        for ((before, _), (after, _)) in member.packets.iter().zip(&member.packets[1..]) {
            let (codec, ticks) = (member.codec, after.timestamp.wrapping_sub(before.timestamp));
            assert_eq!((after.sequence, ticks), (before.sequence + 1, codec.clock() / 50));
            assert_eq!(
                (after.ssrc, after.payload_type, after.marker),
                (ssrc(at), payload_type(codec), false)
            );
        }
    }
}

/// Who was alone hears music, then the others, then music again: sources differ, and numbers go on. There are
/// phones to which a lower number is late, whosever it is: they would hear nothing for minutes.
#[test]
fn h1_numbers_go_on_from_music_to_voices_and_back() {
    let mut room = Room::new();
    room.enters(Codec::Pcmu);
    let what = Played::Tone(Arc::new(Tone::parse("440").unwrap()));
    let (begins, payload_type, codec) = (Begins::AfterSilence, 0, Codec::Pcmu);
    let playing = Playing { what, begins, payload_type, codec, ssrc: 0x7fff_7f00 };
    let (session, side, playing) = (session(0), Side::Caller, Some(Box::new(playing)));
    room.order(Order::Play { session, stream: 0, side, playing });
    room.runs(2 * SECOND);

    room.enters(Codec::Pcmu);
    room.runs(SECOND);
    room.leaves(1);
    room.runs(3 * SECOND);

    let heard = &room.members[0].packets;
    let changes = heard.windows(2).filter(|two| two[0].0.ssrc != two[1].0.ssrc).count();
    assert_eq!(changes, 2, "music, the other, music");
    for two in heard.windows(2) {
        assert_eq!(two[1].0.sequence, two[0].0.sequence.wrapping_add(1));
    }
}

/// A hundred members, of whom three speak: all hear all three, these hear two.
#[test]
fn a_hundred_members_hear_the_three_who_speak() {
    let mut room = Room::new();
    (0..100).for_each(|_| room.enters(Codec::Pcma));
    let hertz = [500.0, 1_200.0, 2_100.0];
    hertz.iter().enumerate().for_each(|(at, hertz)| room.members[at * 40].hertz = Some(*hertz));

    room.runs(2 * SECOND);

    for (at, member) in room.members.iter().enumerate() {
        let (sound, rate) = member.heard_after(1_000);
        for (of, hertz) in hertz.iter().enumerate() {
            let share = share_of(&sound, rate, *hertz);
            assert_eq!(share > 0.2, of * 40 != at, "member {at} hears {of}: {share}");
        }
    }
}

/// Of six who speak, those are heard who are loudest, and each of them not by itself.
#[test]
fn the_loudest_are_heard_and_a_murmur_is_not_added_up() {
    let mut room = Room::new();
    for at in 0..6 {
        room.enters(Codec::G722);
        room.members[at].hertz = Some(400.0 + 500.0 * at as f64);
        room.members[at].peak = if at < 4 { 6_000.0 } else { 400.0 };
    }

    room.runs(2 * SECOND);

    let (sound, rate) = room.members[5].heard_after(1_000);
    for of in 0..6 {
        let share = share_of(&sound, rate, 400.0 + 500.0 * f64::from(of));
        assert_eq!(share > 0.1, of < 4, "{of}: {share}");
    }
}

/// Four at full loudness are more than samples can hold: what is heard keeps its form.
#[test]
fn what_is_too_loud_together_is_made_softer_and_not_cut_off() {
    let mut room = Room::new();
    let hertz = [410.0, 730.0, 1_310.0, 2_290.0];
    for (at, hertz) in hertz.into_iter().enumerate() {
        room.enters(Codec::G722);
        (room.members[at].hertz, room.members[at].peak) = (Some(hertz), 30_000.0);
    }
    room.enters(Codec::G722);

    room.runs(3 * SECOND);

    let (sound, rate) = room.members[4].heard_after(1_500);
    let shares: f64 = hertz.iter().map(|hertz| share_of(&sound, rate, *hertz)).sum();
    assert!(shares > 0.985, "all that is heard is what was said: {shares}");
    assert!(sound.iter().any(|sample| *sample > 20_000), "and it is loud");
}

/// Who leaves is not heard in the next packet of anybody; who is alone hears nothing of ours.
#[test]
fn who_leaves_is_gone_at_once() {
    let mut room = Room::new();
    (0..3).for_each(|_| room.enters(Codec::Pcmu));
    room.members[0].hertz = Some(800.0);
    room.runs(SECOND);

    room.leaves(0);
    room.members.iter_mut().for_each(|member| member.packets.clear());
    room.runs(SECOND);

    for member in &room.members[1..] {
        let (sound, _) = member.heard_after(0);
        let loud = sound.iter().skip(48).filter(|sample| sample.abs() > 200).count();
        assert_eq!((loud, member.packets.len()), (0, 50), "6 ms of a filter are left of it");
    }
    room.leaves(1);
    room.members[2].packets.clear();
    room.runs(SECOND);
    assert!(room.members[2].packets.is_empty());
    room.leaves(2);
    assert!(room.relay.next_moment().is_none(), "an empty meeting has no turns");
}

/// Clocks that go 200 ppm too fast and too slow, for ten minutes: the tone goes on without a jump, and is as
/// high as that clock makes it, since every sample of it is heard and none is made up.
#[test]
fn h1_another_clock_is_no_glitch() {
    for ppm in [-200.0, 200.0] {
        let mut room = Room::new();
        room.enters(Codec::G722);
        room.enters(Codec::G722);
        (room.members[0].hertz, room.members[0].ppm) = (Some(1_000.0), ppm);

        let (mut worst, mut pitch): (f64, f64) = (0.0, 0.0);
        for _ in 0..20 {
            room.members[1].packets.clear();
            room.runs(30 * SECOND);
            let (sound, rate) = room.members[1].heard_after(1_000);
            worst = worst.max(unevenness(&sound, rate, 1_000.0));
            pitch += pitch_of(&sound, rate) / 20.0;
        }

        assert!(worst < 600.0, "{ppm} ppm: {worst}; a sample left out would be 3,000");
        // Up to 30 ms of ten minutes may wait at the end, or be gone: 50 ppm.
        let off = (pitch / 1_000.0 - 1.0) * 1e6;
        assert!((off - ppm).abs() < 80.0, "{ppm} ppm: heard {off:.0} ppm off: sound was made up or left out");
    }
}

/// One packet in twenty is lost and each is late by up to 30 ms: what is made up is all that is missing.
#[test]
fn h1_loss_and_jitter_are_bridged() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let mut room = Room::new();
        room.enters(codec);
        room.enters(Codec::G722);
        (room.members[0].hertz, room.members[0].late_ms) = (Some(1_000.0), 30);
        room.members[0].loses = Some(20);

        room.runs(20 * SECOND);

        let (sound, rate) = room.members[1].heard_after(5_000);
        let quiet = sound.chunks(160).filter(|ten| ten.iter().all(|sample| sample.abs() < 300)).count();
        let share = share_of(&sound, rate, 1_000.0);
        assert!(quiet == 0 && share > 0.85, "{codec:?}: {quiet} pauses, {share}");
    }
}

/// Keys are for the house: nobody hears them, and it is told each once.
#[test]
fn h4_a_key_is_told_once_and_heard_by_nobody() {
    let mut room = Room::new();
    (0..2).for_each(|_| room.enters(Codec::Pcmu));
    room.runs(200);

    let mut pressed = room.presses(0, 5);
    pressed.extend(room.presses(0, 11));
    room.runs(SECOND);

    let keys: Vec<(u64, u8)> = pressed.iter().map(|(who, press)| (*who, press.key())).collect();
    assert_eq!(keys, [(0, 5), (0, 11)]);
    assert_eq!(pressed[0].1.ms, 80);
    let (sound, _) = room.members[1].heard_after(0);
    assert!(sound.iter().all(|sample| sample.abs() < 20));
}

/// Who is muted, or has put us on hold with music of its own, is not heard; both go on hearing.
#[test]
fn a17_who_holds_or_is_muted_is_not_heard() {
    let mut room = Room::new();
    (0..3).for_each(|_| room.enters(Codec::Pcmu));
    room.members[0].hertz = Some(600.0);
    room.members[1].hertz = Some(1_500.0);
    room.seat(0, Muted::Yes, Codec::Pcmu);
    room.aim(1, Sending::Held);
    room.runs(SECOND);

    let (sound, _) = room.members[2].heard_after(0);
    assert!(sound.iter().all(|sample| sample.abs() < 20));
    assert_eq!(room.members[1].packets.len(), 0, "who holds us hears nothing");

    room.seat(0, Muted::No, Codec::Pcmu);
    room.aim(1, Sending::Allowed);
    room.members[2].packets.clear();
    room.runs(2 * SECOND);
    let (sound, rate) = room.members[2].heard_after(1_000);
    let shares = [600.0, 1_500.0].map(|hertz| share_of(&sound, rate, hertz));
    assert!(shares.iter().all(|share| *share > 0.2), "{shares:?}");
}

/// Another codec in mid-meeting: numbers go on where they were, and everybody is heard.
#[test]
fn a_member_may_change_its_codec() {
    let mut room = Room::new();
    (0..2).for_each(|_| room.enters(Codec::Pcmu));
    room.members[0].hertz = Some(700.0);
    room.members[1].hertz = Some(1_900.0);
    room.runs(SECOND);
    let before = room.members[0].packets.last().unwrap().0;

    room.members[0].codec = Codec::G722;
    room.seat(0, Muted::No, Codec::G722);
    room.members.iter_mut().for_each(|member| member.packets.clear());
    room.runs(2 * SECOND);

    let after = room.members[0].packets[0].0;
    assert_eq!((after.sequence, after.payload_type), (before.sequence + 1, 9));
    for (at, hertz) in [(0, 1_900.0), (1, 700.0)] {
        let (sound, rate) = room.members[at].heard_after(1_000);
        assert!(share_of(&sound, rate, hertz) > 0.95);
    }
}

struct Member {
    codec: Codec,
    hertz: Option<f64>,
    peak: f64,
    ppm: f64,
    late_ms: u32,
    /// One in so many packets.
    loses: Option<u32>,
    next: Instant,
    sent: u32,
    samples: u64,
    g722: g722::Encoder,
    opus: opus::Encoder,
    g729: g729::Encoder,
    packets: Vec<(Fixed, Vec<u8>)>,
    on_the_way: Vec<(Instant, Vec<u8>)>,
    chance: u32,
}

impl Member {
    fn rate(&self) -> u32 {
        if matches!(self.codec, Codec::Pcmu | Codec::Pcma | Codec::L16Narrow | Codec::G729) {
            8_000
        } else {
            16_000
        }
    }

    /// The next 20 ms of what it says.
    fn speaks(&mut self) -> Vec<u8> {
        let rate = f64::from(self.rate());
        let samples: Vec<i16> = (0..self.rate() / 50)
            .map(|_| {
                self.samples += 1;
                let phase = TAU * self.hertz.unwrap_or_default() * self.samples as f64 / rate;
                if self.hertz.is_some() { (phase.sin() * self.peak) as i16 } else { 0 }
            })
            .collect();
        let mut payload = vec![0; 1_400];
        let length = match self.codec {
            Codec::Pcmu | Codec::Pcma => {
                let law = if self.codec == Codec::Pcmu { Law::Mu } else { Law::A };
                payload.iter_mut().zip(&samples).for_each(|(code, sample)| *code = law.encode(*sample));
                samples.len()
            }
            Codec::G722 => self.g722.encode(&samples, &mut payload),
            Codec::Opus => self.opus.encode(&samples, &mut payload).unwrap(),
            Codec::L16 | Codec::L16Narrow => l16::encode(&samples, &mut payload),
            Codec::G729 => self.g729.encode(&samples, &mut payload),
        };
        payload.truncate(length);
        payload
    }

    fn chance(&mut self, of: u32) -> u32 {
        self.chance = self.chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.chance >> 8) % of
    }

    /// All that it heard, without so many milliseconds at the beginning.
    fn heard_after(&self, ms: usize) -> (Vec<i16>, u32) {
        let (mut wide, mut coder, mut all) = (g722::Decoder::new(), opus::Decoder::new(16_000), Vec::new());
        let mut lean = g729::Decoder::new();
        for (_, bytes) in &self.packets {
            let payload = Header::parse(bytes).unwrap().payload;
            let mut samples = [0; 2_000];
            let length = match self.codec {
                Codec::Pcmu | Codec::Pcma => {
                    let law = if self.codec == Codec::Pcmu { Law::Mu } else { Law::A };
                    samples.iter_mut().zip(payload).for_each(|(one, code)| *one = law.decode(*code));
                    payload.len()
                }
                Codec::G722 => wide.decode(payload, &mut samples),
                Codec::Opus => coder.decode(payload, &mut samples).unwrap(),
                Codec::L16 | Codec::L16Narrow => l16::decode(payload, &mut samples),
                Codec::G729 => lean.decode(payload, &mut samples),
            };
            all.extend_from_slice(&samples[..length]);
        }
        let rate = self.rate();
        (all.split_off(ms * rate as usize / 1_000), rate)
    }
}

struct Room {
    relay: Relay,
    now: Instant,
    members: Vec<Member>,
    out: Outbox,
}

impl Room {
    fn new() -> Room {
        Room { relay: Relay::new(), now: Instant::now(), members: Vec::new(), out: Outbox::new() }
    }

    fn order(&mut self, order: Order) {
        self.relay.order(self.now, order, &mut self.out);
    }

    fn enters(&mut self, codec: Codec) {
        let at = self.members.len();
        let pair = |port| PortPair { address: [127, 0, 0, 1].into(), port };
        let ports = [pair(10_000 + 4 * at as u16), pair(10_002 + 4 * at as u16)];
        self.order(Order::Open { session: session(at), stream: 0, ports });
        self.members.push(Member {
            codec,
            hertz: None,
            peak: 8_000.0,
            ppm: 0.0,
            late_ms: 0,
            loses: None,
            next: self.now + MS * (at as u32 * 7 % 20),
            sent: 0,
            samples: 0,
            g722: g722::Encoder::new(),
            opus: opus::Encoder::new(opus::Band::Wide, opus::Redundancy::InBand),
            g729: g729::Encoder::new(),
            packets: Vec::new(),
            on_the_way: Vec::new(),
            chance: at as u32,
        });
        self.aim(at, Sending::Allowed);
        self.seat(at, Muted::No, codec);
    }

    fn seat(&mut self, at: usize, voice: Muted, codec: Codec) {
        let hears = (payload_type(codec), codec);
        let keys = Keys::Events(Events { payload_type: EVENTS, clock: 8_000 });
        let spoken = Spoken { codecs: vec![hears], keys, noise: None };
        let seat = Seat { meeting: MeetingKey(9), spoken, hears, ssrc: ssrc(at), voice };
        let seat = Some(Box::new(seat));
        self.order(Order::Meet { session: session(at), stream: 0, side: Side::Caller, seat });
    }

    fn aim(&mut self, at: usize, sending: Sending) {
        let aim = Aim {
            rtp: Some(place(at)),
            reports: Reports::Apart(None),
            sending,
            senders: Senders::Signalled,
            turn: Turn::Same,
            clock: 8_000,
            protection: None,
            door: None,
        };
        self.order(Order::Aim { session: session(at), stream: 0, side: Side::Caller, aim });
    }

    fn leaves(&mut self, at: usize) {
        self.order(Order::Close { session: session(at) });
        self.members[at].next += Duration::from_secs(9_999);
        self.members[at].on_the_way.clear();
    }

    fn hears(&mut self, at: usize, mut bytes: Vec<u8>) -> Verdict {
        let length = bytes.len();
        bytes.resize(length + 64, 0);
        let mut packet = Packet::new(&mut bytes, length);
        let port = PortIndex(4 * at as u32);
        self.relay.receive(self.now, port, place(at), &mut packet, &mut self.out)
    }

    /// Lets time pass in steps of a millisecond.
    fn runs(&mut self, ms: u32) {
        for _ in 0..ms {
            self.now += MS;
            for at in 0..self.members.len() {
                self.sends(at);
            }
            if self.relay.next_moment().is_some_and(|moment| moment <= self.now) {
                self.plays();
            }
        }
    }

    fn sends(&mut self, at: usize) {
        let member = &mut self.members[at];
        while member.next <= self.now {
            let payload = member.speaks();
            let timestamp = member.sent.wrapping_mul(member.codec.clock() / 50);
            let (sequence, payload_type) = (member.sent as u16, payload_type(member.codec));
            let fixed = Fixed { marker: false, payload_type, sequence, timestamp, ssrc: 40 + at as u32 };
            let mut bytes = Vec::new();
            Header { payload: &payload, ..Header::from(fixed) }.write(&mut bytes);
            let late = if member.late_ms > 0 { member.chance(member.late_ms) } else { 0 };
            let is_lost = member.loses.is_some_and(|of| member.chance(of) == 0);
            if !is_lost {
                member.on_the_way.push((member.next + MS * late, bytes));
            }
            member.sent += 1;
            member.next += Duration::from_nanos((20e6 * (1.0 - member.ppm / 1e6)) as u64);
        }
        let now = self.now;
        let (come, later) =
            std::mem::take(&mut member.on_the_way).into_iter().partition(|(when, _)| *when <= now);
        member.on_the_way = later;
        let come: Vec<(Instant, Vec<u8>)> = come;
        for (_, bytes) in come {
            let verdict = self.hears(at, bytes);
            assert!(matches!(verdict, Verdict::Drop(Reason::Said | Reason::Undeliverable)), "{verdict:?}");
        }
    }

    fn plays(&mut self) {
        self.relay.wake(self.now, &mut self.out);
        let mut room = [0; 2_048];
        loop {
            let mut packet = Packet::new(&mut room, 0);
            let Some((port, to)) = self.relay.next_played(self.now, &mut packet) else { return };
            let at = (port.0 / 4) as usize;
            assert_eq!((port.0 % 4, to), (0, place(at)));
            let bytes = packet.bytes().to_vec();
            self.members[at].packets.push((Fixed::of(&bytes).unwrap(), bytes));
        }
    }

    /// Presses a key as phones do, and tells what the house was told.
    fn presses(&mut self, at: usize, event: u8) -> Vec<(u64, media::Press)> {
        self.out.clear();
        let timestamp = self.members[at].sent * 160;
        for (part, end) in [(1, false), (2, false), (3, false), (4, true), (4, true), (4, true)] {
            self.runs(20);
            let said = TelephoneEvent { event, end, volume: 10, duration: part * 160 };
            let sequence = self.members[at].sent as u16;
            self.members[at].sent += 1;
            let fixed = Fixed { marker: part == 1, payload_type: EVENTS, sequence, timestamp, ssrc: 40 };
            let mut bytes = Vec::new();
            Header { payload: &said.bytes(), ..Header::from(fixed) }.write(&mut bytes);
            self.hears(at, bytes);
        }
        let told = self.out.drain(..).filter_map(|act| match act {
            Act::Tell(Event::Pressed { session, press, .. }) => Some((session.call, press)),
            _ => None,
        });
        told.collect()
    }
}

fn session(at: usize) -> SessionKey {
    SessionKey { shard: 0, call: at as u64 }
}

fn place(at: usize) -> SocketAddr {
    format!("192.0.2.{}:{}", at + 1, 4_000 + 2 * at).parse().unwrap()
}

fn ssrc(at: usize) -> u32 {
    0x5000_0100 + at as u32
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

/// How much of all that is heard is one pitch, in each 40 ms by itself: what is stretched by a hair has no
/// phase that lasts.
fn share_of(samples: &[i16], rate: u32, hertz: f64) -> f64 {
    let pieces = samples.chunks_exact(rate as usize / 25);
    let (mut found, mut power) = (0.0, 1.0);
    for piece in pieces {
        let (of_pitch, of_all) = powers(piece, rate, hertz);
        (found, power) = (found + of_pitch, power + of_all);
    }
    found / power
}

/// How far a sample is at most from where a sine of that pitch would go on: at a jump, far.
fn unevenness(samples: &[i16], rate: u32, hertz: f64) -> f64 {
    let turn = 2.0 * (TAU * hertz / f64::from(rate)).cos();
    let off = |three: &[i16]| f64::from(three[0]) - turn * f64::from(three[1]) + f64::from(three[2]);
    samples.windows(3).map(|three| off(three).abs()).fold(0.0, f64::max)
}

/// How high a tone is, by its passages through zero.
fn pitch_of(samples: &[i16], rate: u32) -> f64 {
    let passages = samples.windows(2).enumerate().filter(|(_, two)| two[0] < 0 && two[1] >= 0);
    let moments: Vec<f64> = passages
        .map(|(at, two)| at as f64 - f64::from(two[0]) / (f64::from(two[1]) - f64::from(two[0])))
        .collect();
    (moments.len() - 1) as f64 * f64::from(rate) / (moments[moments.len() - 1] - moments[0])
}

fn powers(samples: &[i16], rate: u32, hertz: f64) -> (f64, f64) {
    let turn = TAU * hertz / f64::from(rate);
    let (mut sine, mut cosine, mut power) = (0.0, 0.0, 1.0);
    for (at, sample) in samples.iter().enumerate() {
        let ((s, c), sample) = ((turn * at as f64).sin_cos(), f64::from(*sample));
        (sine, cosine, power) = (sine + s * sample, cosine + c * sample, power + sample * sample);
    }
    (2.0 * (sine * sine + cosine * cosine) / samples.len() as f64, power)
}
