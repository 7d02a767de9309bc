//! Key presses between sides that tell them in different ways: each arrives once, whatever is lost.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::net::SocketAddr;
use std::time::Instant;

use media::{
    Act, Aim, Codec, Event, Events, Keys, Order, Outbox, Packet, PortIndex, PortPair, Press, Relay, Reports,
    Senders, Sending, SessionKey, Side, Spoken, Turn, Verdict,
};
use rtp::{Fixed, Header, TelephoneEvent};
use sound::keys::{Heard, KEYS, KeyEar};
use sound::{Law, g722};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const CALLER: &str = "192.0.2.1:4000";
const CALLEE: &str = "198.51.100.9:6000";
const SSRC: u32 = 0xcafe;
const EVENT: u8 = 101;
const STRINGS: u64 = 1_000;
const PCMU: (u8, Codec) = (0, Codec::Pcmu);
const PCMA: (u8, Codec) = (8, Codec::Pcma);
const G722: (u8, Codec) = (9, Codec::G722);

#[test]
fn a15_events_become_tones() {
    every_string_arrives([events(PCMU), tones(PCMU)], Lossy::Both);
}

/// Whoever decodes G.722 and lost a packet of it understands no tone for the next 80 ms: nothing is lost
/// behind the relay here.
#[test]
fn a15_events_become_tones_of_another_codec() {
    every_string_arrives([events(PCMA), tones(G722)], Lossy::Near);
}

#[test]
fn a15_tones_become_events() {
    every_string_arrives([tones(PCMA), events(PCMA)], Lossy::Both);
}

#[test]
fn a15_tones_become_events_beside_another_codec() {
    every_string_arrives([tones(PCMU), events(G722)], Lossy::Both);
}

#[test]
fn a15_events_become_messages() {
    every_string_arrives([events(PCMU), told(PCMU)], Lossy::Both);
}

#[test]
fn a15_tones_become_messages() {
    every_string_arrives([tones(PCMU), told(PCMU)], Lossy::Both);
}

#[test]
fn a15_messages_become_events() {
    every_string_arrives([told(PCMU), events(PCMU)], Lossy::Both);
}

#[test]
fn a15_messages_become_tones() {
    every_string_arrives([told(PCMU), tones(PCMU)], Lossy::Both);
}

#[test]
fn a15_events_stay_events_beside_another_codec() {
    every_string_arrives([events(PCMU), events(PCMA)], Lossy::Both);
}

#[test]
fn a15_tones_stay_tones_in_another_codec() {
    every_string_arrives([tones(PCMU), tones(PCMA)], Lossy::Both);
}

/// What a tone is made of is what was pressed: as long as the event was, and the stream goes on around it.
#[test]
fn a15_a_tone_is_as_long_as_its_event_and_the_sound_goes_on_around_it() {
    for habit in [Habit::Alone(20), Habit::Alone(50), Habit::Beside(50)] {
        let mut house = House::new([events(PCMU), tones(PCMU)]);
        let presses =
            [Pressed { key: 5, ms: 100, pause_ms: 100 }, Pressed { key: 6, ms: 200, pause_ms: 200 }];
        let (mut samples, mut next) = (Vec::new(), None);
        for packet in said_by_events(&presses, PCMU, habit) {
            let Some((header, payload)) = house.says(&packet) else { continue };
            if let Some((sequence, timestamp)) = next {
                assert_eq!((header.sequence, header.timestamp), (sequence, timestamp), "{habit:?}");
            }
            assert_eq!(header.payload_type, 0);
            next = Some((header.sequence.wrapping_add(1), header.timestamp + payload.len() as u32));
            samples.extend(payload.iter().map(|code| Law::Mu.decode(*code)));
        }
        for (pair, ms) in [([770.0, 1336.0], 100), ([770.0, 1477.0], 200)] {
            let loud =
                samples.chunks(80).filter(|few| pair.iter().all(|hertz| amplitude(few, *hertz) > 3_000.0));
            let heard_ms = loud.count() * 10;
            assert!(heard_ms.abs_diff(ms) <= 10, "{habit:?}: {heard_ms} ms of {ms}");
        }
    }
}

/// An event is what RFC 4733 wants it to be: one timestamp, the marker on its first packet, a duration that
/// grows to what was pressed, and its end said three times.
#[test]
fn a15_an_event_is_marked_grows_and_ends_three_times() {
    let mut house = House::new([tones(PCMU), events(PCMU)]);
    let mut chance = Chance(7);
    let presses = [Pressed { key: 11, ms: 150, pause_ms: 200 }];
    let mut reports = Vec::new();
    for (number, packet) in said_by_tones(&presses, PCMU, &mut chance).iter().enumerate() {
        let (header, payload) = house.says(packet).unwrap();
        assert_eq!(header.sequence, number as u16);
        if header.payload_type == EVENT {
            reports.push((header, TelephoneEvent::parse(&payload).unwrap()));
        }
    }
    let begins = reports[0].0.timestamp;
    assert!(begins.abs_diff(LEAD * 160) <= 80, "it began at {begins}");
    for (at, (header, event)) in reports.iter().enumerate() {
        assert_eq!((event.event, header.timestamp, header.marker), (11, begins, at == 0));
        assert!(at == 0 || event.duration >= reports[at - 1].1.duration);
    }
    let ends: Vec<_> = reports.iter().filter(|(_, event)| event.end).collect();
    assert_eq!(ends.len(), 3);
    let (_, last) = ends[0];
    assert!(ends.iter().all(|(_, end)| end == last));
    assert!(last.duration.abs_diff(1_200) <= 80, "it took {}", last.duration);
}

/// A key that is held for longer than one event can say goes on as another event, and stays one press.
#[test]
fn a15_a_press_of_ten_seconds_is_one() {
    let mut house = House::new([events(PCMU), told(PCMU)]);
    let mut sequence = 0;
    let mut say = |timestamp: u32, duration: u16, end: bool| {
        sequence += 1;
        let event = TelephoneEvent { event: 3, end, volume: 10, duration };
        house.says(&Said { sequence, ..Said::event(timestamp, event) });
        std::mem::take(&mut house.pressed)
    };
    for duration in [400, 30_000, u16::MAX] {
        assert_eq!(say(8_000, duration, false), []);
    }
    assert_eq!(say(8_000 + 65_535, 800, false), []);

    let told = say(8_000 + 65_535, 14_465, true);

    assert_eq!(told, [Press::new(3, 10_000).unwrap()]);
}

#[test]
fn a15_a_side_that_hears_tones_is_sent_no_events_and_other_events_leave_nothing() {
    let mut house = House::new([events(PCMU), tones(PCMU)]);
    let flash = TelephoneEvent { event: 16, end: true, volume: 0, duration: 800 };
    assert_eq!(house.says(&Said { sequence: 1, ..Said::event(160, flash) }), None);
    assert_eq!(house.says(&Said { sequence: 2, payload: vec![1, 2], ..Said::event(160, flash) }), None);
}

/// Two packets in a row are lost, wherever that is: what was pressed is heard, and once.
#[test]
fn a15_two_packets_in_a_row_may_be_missing_anywhere() {
    let press = |key| Pressed { key, ms: 120, pause_ms: 100 };
    let presses = [press(5), press(5), press(9)];
    let habits = [Habit::Alone(20), Habit::Alone(50), Habit::Beside(20), Habit::Beside(50)];
    let by_events = habits.map(|habit| (events(PCMU), said_by_events(&presses, PCMU, habit)));
    let by_tones = (tones(PCMU), said_by_tones(&presses, PCMU, &mut Chance(1)));
    let ways = by_events.into_iter().chain([by_tones]);
    for (from, said) in ways {
        let others = [events(PCMU), tones(PCMU), told(PCMU)];
        for to in others.iter().filter(|to| to.keys != from.keys) {
            for lost in 0..said.len() {
                let mut house = House::new([from.clone(), to.clone()]);
                let mut far = Far::new(to);
                let missing = |at: usize| (lost..lost + 2).contains(&at);
                for (_, packet) in said.iter().enumerate().filter(|(at, _)| !missing(*at)) {
                    if let Some((header, payload)) = house.says(packet) {
                        far.hears(&header, &payload);
                    }
                }
                let keys: Vec<u8> = match to.keys {
                    Keys::Events(_) => far.events.iter().map(|(_, key)| *key).collect(),
                    Keys::Tones => far.tones,
                    _ => house.pressed.iter().map(|press| press.key()).collect(),
                };
                assert_eq!(keys, [5, 5, 9], "{:?} to {:?}, {lost} is lost", from.keys, to.keys);
            }
        }
    }
}

/// Which links lose one packet in fifty.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lossy {
    /// That of whoever presses.
    Near,
    Both,
}

fn every_string_arrives(sides: [Spoken; 2], lossy: Lossy) {
    let (mut lost, mut doubled) = (Vec::new(), Vec::new());
    for seed in 1..=STRINGS {
        let mut chance = Chance(seed);
        let presses = string(&mut chance);
        let wanted: Vec<u8> = presses.iter().map(|press| press.key).collect();
        let heard = arrives(&sides, lossy, &presses, &mut chance);
        if heard != wanted {
            let list = if heard.len() < wanted.len() { &mut lost } else { &mut doubled };
            list.push((seed, wanted, heard));
        }
    }
    assert!(lost.is_empty() && doubled.is_empty(), "lost {lost:?}\ndoubled {doubled:?}");
}

/// What is heard at the other side of presses of the caller.
fn arrives(sides: &[Spoken; 2], lossy: Lossy, presses: &[Pressed], chance: &mut Chance) -> Vec<u8> {
    let mut house = House::new(sides.clone());
    let habits = [Habit::Alone(20), Habit::Alone(50), Habit::Beside(20), Habit::Beside(50)];
    let said = match sides[0].keys {
        Keys::Events(_) => said_by_events(presses, sides[0].codecs[0], habits[chance.below(4) as usize]),
        Keys::Tones => said_by_tones(presses, sides[0].codecs[0], chance),
        _ => said_beside(presses, sides[0].codecs[0]),
    };
    let mut far = Far::new(&sides[1]);
    for packet in said {
        if let Some(press) = packet.press {
            house.press(press);
        }
        if chance.below(50) == 0 {
            continue;
        }
        if let Some((header, payload)) = house.says(&packet)
            && !(lossy == Lossy::Both && chance.below(50) == 0)
        {
            far.hears(&header, &payload);
        }
    }
    match sides[1].keys {
        Keys::Events(_) => {
            assert_eq!(far.tones, [], "a tone is heard beside its event");
            far.events.iter().map(|(_, key)| *key).collect()
        }
        Keys::Tones => {
            assert_eq!(far.events, [], "an event is heard beside its tone");
            far.tones
        }
        _ => {
            assert!(far.tones.is_empty() && far.events.is_empty());
            house.pressed.iter().map(|press| press.key()).collect()
        }
    }
}

/// Whatever a far end says of how long it presses, or how its events are counted: it is borne, and ends.
#[test]
fn a15_an_event_of_any_length_ends() {
    for clock in [1, 7, 8_000, u32::MAX] {
        let keys = Keys::Events(Events { payload_type: EVENT, clock });
        let mut house = House::new([speaks(PCMU, keys), tones(PCMU)]);
        for number in 0..70_000_u32 {
            let event = TelephoneEvent { event: 5, end: false, volume: 10, duration: u16::MAX };
            let timestamp = number.wrapping_mul(u32::from(u16::MAX));
            house.says(&Said { sequence: number as u16, ..Said::event(timestamp, event) });
        }
        let mut last_loud = 0;
        for number in 0..3_300_u32 {
            let said = Said { sequence: (number + 70_000) as u16, ..Said::sound(number * 160, PCMU) };
            let Some((_, payload)) = house.says(&said) else { continue };
            let samples: Vec<i16> = payload.iter().map(|code| Law::Mu.decode(*code)).collect();
            if amplitude(&samples, 770.0) > 3_000.0 {
                last_loud = number;
            }
        }
        assert!(last_loud < 3_100, "clock {clock}: the key sounds after {last_loud} packets of 20 ms");
    }
}

#[derive(Clone, Copy, Debug)]
struct Pressed {
    key: u8,
    ms: u32,
    pause_ms: u32,
}

fn string(chance: &mut Chance) -> Vec<Pressed> {
    let mut press = || Pressed {
        key: chance.below(u32::from(KEYS)) as u8,
        ms: 80 + chance.below(171),
        pause_ms: 80 + chance.below(171),
    };
    let first = press();
    let more = first.ms % 8;
    std::iter::once(first).chain((0..more).map(|_| press())).collect()
}

/// A packet of the caller, and what a message of the call says before it.
#[derive(Clone, Debug)]
struct Said {
    payload_type: u8,
    sequence: u16,
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
    press: Option<Press>,
}

impl Said {
    fn event(timestamp: u32, event: TelephoneEvent) -> Said {
        let payload = event.bytes().to_vec();
        Said { payload_type: EVENT, sequence: 0, timestamp, marker: false, payload, press: None }
    }

    fn sound(timestamp: u32, (payload_type, codec): (u8, Codec)) -> Said {
        let law = if codec == Codec::Pcmu { Law::Mu } else { Law::A };
        let at = |place: u32| f64::from(timestamp + place) / 8_000.0;
        let hum = |place: u32| ((std::f64::consts::TAU * 200.0 * at(place)).sin() * 900.0) as i16;
        let payload = (0..160).map(|place| law.encode(hum(place))).collect();
        Said { payload_type, sequence: 0, timestamp, marker: false, payload, press: None }
    }
}

/// Packets of sound before the first press.
const LEAD: u32 = 10;
const TAIL: u32 = 20;

/// How an event is sent: every so many ms, in place of the sound or beside it.
#[derive(Clone, Copy, Debug)]
enum Habit {
    Alone(u32),
    Beside(u32),
}

fn said_by_events(presses: &[Pressed], codec: (u8, Codec), habit: Habit) -> Vec<Said> {
    let mut said: Vec<Said> = Vec::new();
    let mut at = 0;
    let sound_until = |at: &mut u32, until: u32, said: &mut Vec<Said>| {
        while *at < until {
            said.push(Said::sound(*at, codec));
            *at += 160;
        }
    };
    sound_until(&mut at, LEAD * 160, &mut said);
    for press in presses {
        let (begins, length) = (at, press.ms * 8);
        let (Habit::Alone(every_ms) | Habit::Beside(every_ms)) = habit;
        let every = every_ms * 8;
        let growing = (1..).map(|number| number * every).take_while(|told| *told < length);
        let mut updates: Vec<(u32, bool)> = growing.map(|told| (told, false)).collect();
        updates.extend([(length, true); 3]);
        for (place, (duration, end)) in updates.into_iter().enumerate() {
            let then = begins + (place as u32 + 1) * every;
            if matches!(habit, Habit::Beside(_)) {
                sound_until(&mut at, then, &mut said);
            }
            let event = TelephoneEvent { event: press.key, end, volume: 10, duration: duration as u16 };
            said.push(Said { marker: place == 0, ..Said::event(begins, event) });
        }
        at = at.max(begins + length);
        let until = begins + length + press.pause_ms * 8;
        sound_until(&mut at, until, &mut said);
    }
    let end = at + TAIL * 160;
    sound_until(&mut at, end, &mut said);
    numbered(said)
}

/// Tones of the caller's own making, of any loudness that telephones send and a little beside their pitch.
fn said_by_tones(presses: &[Pressed], (payload_type, codec): (u8, Codec), chance: &mut Chance) -> Vec<Said> {
    const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
    const COLUMNS: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
    const PLACES: [(usize, usize); 16] = [
        (3, 1),
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 1),
        (1, 2),
        (2, 0),
        (2, 1),
        (2, 2),
        (3, 0),
        (3, 2),
        (0, 3),
        (1, 3),
        (2, 3),
        (3, 3),
    ];
    let mut samples = vec![0.0; LEAD as usize * 160];
    for press in presses {
        let (row, column) = PLACES[usize::from(press.key)];
        let off = |chance: &mut Chance| 0.99 + f64::from(chance.below(200)) / 10_000.0;
        let (low, high) = (ROWS[row] * off(chance), COLUMNS[column] * off(chance));
        let loudness = 1_500.0 + f64::from(chance.below(6_000));
        let twist = 0.8 + f64::from(chance.below(40)) / 100.0;
        samples.extend((0..press.ms * 8).map(|at| {
            let turn = std::f64::consts::TAU * f64::from(at) / 8_000.0;
            loudness * ((turn * low).sin() + twist * (turn * high).sin())
        }));
        samples.resize(samples.len() + press.pause_ms as usize * 8, 0.0);
    }
    samples.resize(samples.len() + TAIL as usize * 160, 0.0);
    let law = if codec == Codec::Pcmu { Law::Mu } else { Law::A };
    let mut noisy = |sample: f64| law.encode((sample + f64::from(chance.below(60)) - 30.0) as i16);
    let packet = |(number, few): (usize, &[f64])| Said {
        payload_type,
        payload: few.iter().map(|sample| noisy(*sample)).collect(),
        ..Said::sound(number as u32 * 160, (payload_type, codec))
    };
    numbered(samples.chunks_exact(160).enumerate().map(packet).collect())
}

/// Sound, and messages that say what was pressed.
fn said_beside(presses: &[Pressed], codec: (u8, Codec)) -> Vec<Said> {
    let packets =
        LEAD + TAIL + presses.iter().map(|press| (press.ms + press.pause_ms).div_ceil(20)).sum::<u32>();
    let mut said: Vec<Said> = (0..packets).map(|number| Said::sound(number * 160, codec)).collect();
    let mut at_ms = LEAD * 20;
    for press in presses {
        at_ms += press.ms;
        said[at_ms as usize / 20].press = Press::new(press.key, press.ms as u16);
        at_ms += press.pause_ms;
    }
    numbered(said)
}

fn numbered(mut said: Vec<Said>) -> Vec<Said> {
    said.iter_mut().zip(0..).for_each(|(said, number)| said.sequence = number);
    said
}

/// The other side's peer.
struct Far {
    rate: u32,
    wide: Option<g722::Decoder>,
    law: Law,
    ear: KeyEar,
    keys: Keys,
    next: Option<u16>,
    due: Option<u32>,
    tones: Vec<u8>,
    events: Vec<(u32, u8)>,
}

impl Far {
    fn new(spoken: &Spoken) -> Far {
        let codec = spoken.codecs[0].1;
        let rate = if codec == Codec::G722 { 16_000 } else { 8_000 };
        let law = if codec == Codec::Pcmu { Law::Mu } else { Law::A };
        let wide = (codec == Codec::G722).then(g722::Decoder::new);
        Far {
            rate,
            wide,
            law,
            ear: KeyEar::new(rate),
            keys: spoken.keys,
            next: None,
            due: None,
            tones: Vec::new(),
            events: Vec::new(),
        }
    }

    fn hears(&mut self, header: &Fixed, payload: &[u8]) {
        let lost = self.next.map_or(0, |next| header.sequence.wrapping_sub(next));
        self.next = Some(header.sequence.wrapping_add(1));
        // Who looks for tones knows what is missing; else there is nothing where a packet is.
        let is_listening = self.keys == Keys::Tones;
        let missing = if is_listening { 0 } else { lost + u16::from(header.payload_type == EVENT) };
        let silence = vec![0; usize::from(missing) * self.rate as usize / 50];
        self.note(|ear, note| ear.hear(&silence, note));
        let gap = self.due.filter(|_| is_listening).map_or(0, |due| header.timestamp.wrapping_sub(due));
        self.due = Some(header.timestamp.wrapping_add(payload.len() as u32));
        if gap > 0 {
            let samples = (gap * (self.rate / 8_000)) as usize;
            self.note(|ear, note| ear.miss(samples, note));
        }
        if header.payload_type == EVENT {
            let event = TelephoneEvent::parse(payload).unwrap();
            if !self.events.contains(&(header.timestamp, event.event)) {
                self.events.push((header.timestamp, event.event));
            }
            return;
        }
        let samples: Vec<i16> = match &mut self.wide {
            Some(wide) => {
                let mut samples = vec![0; 2 * payload.len()];
                wide.decode(payload, &mut samples);
                samples
            }
            None => payload.iter().map(|code| self.law.decode(*code)).collect(),
        };
        self.note(|ear, note| ear.hear(&samples, note));
    }

    fn note(&mut self, what: impl FnOnce(&mut KeyEar, &mut dyn FnMut(Heard))) {
        let tones = &mut self.tones;
        what(&mut self.ear, &mut |heard| {
            if let Heard::Down { key, .. } = heard {
                tones.push(key);
            }
        });
    }
}

fn amplitude(samples: &[i16], hertz: f64) -> f64 {
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (at, sample) in samples.iter().enumerate() {
        let (s, c) = (std::f64::consts::TAU * hertz * at as f64 / 8_000.0).sin_cos();
        (sine, cosine) = (sine + s * f64::from(*sample), cosine + c * f64::from(*sample));
    }
    2.0 * sine.hypot(cosine) / samples.len() as f64
}

/// Numbers that look like chance and are the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) >> 33) as u32 % limit
    }
}

fn events(codec: (u8, Codec)) -> Spoken {
    speaks(codec, Keys::Events(Events { payload_type: EVENT, clock: 8_000 }))
}

fn tones(codec: (u8, Codec)) -> Spoken {
    speaks(codec, Keys::Tones)
}

fn told(codec: (u8, Codec)) -> Spoken {
    speaks(codec, Keys::Told)
}

fn speaks(codec: (u8, Codec), keys: Keys) -> Spoken {
    Spoken { codecs: vec![codec], keys, noise: None }
}

/// A relay with one stream whose sides tell presses in different ways.
struct House {
    relay: Relay,
    now: Instant,
    out: Outbox,
    /// What was pressed, as messages of the call are to say.
    pressed: Vec<Press>,
}

impl House {
    fn new(spoken: [Spoken; 2]) -> House {
        let mut house =
            House { relay: Relay::new(), now: Instant::now(), out: Vec::new(), pressed: Vec::new() };
        let ports = [30_000, 30_002].map(|port| PortPair { address: [127, 0, 0, 1].into(), port });
        house.order(Order::Open { session: CALL, stream: 0, ports });
        for (side, place) in [(Side::Caller, CALLER), (Side::Callee, CALLEE)] {
            let aim = Aim {
                rtp: Some(place.parse().unwrap()),
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
        house.order(Order::Transcode { session: CALL, stream: 0, spoken: Some(Box::new(spoken)) });
        house
    }

    fn order(&mut self, order: Order) {
        self.relay.order(self.now, order, &mut self.out);
    }

    fn press(&mut self, press: Press) {
        self.order(Order::Press { session: CALL, stream: 0, side: Side::Caller, press });
    }

    /// What leaves at the callee's side of a packet of the caller.
    fn says(&mut self, said: &Said) -> Option<(Fixed, Vec<u8>)> {
        let Said { payload_type, sequence, timestamp, marker, .. } = *said;
        let fixed = Fixed { marker, payload_type, sequence, timestamp, ssrc: SSRC };
        let mut bytes = Vec::new();
        Header { payload: &said.payload, ..Header::from(fixed) }.write(&mut bytes);
        let length = bytes.len();
        bytes.resize(1_600, 0);
        let from: SocketAddr = CALLER.parse().unwrap();
        let mut packet = Packet::new(&mut bytes, length);
        let verdict = self.relay.receive(self.now, PortIndex(0), from, &mut packet, &mut self.out);
        for act in self.out.drain(..) {
            if let Act::Tell(Event::Pressed { side: Side::Caller, press, .. }) = act {
                self.pressed.push(press);
            }
        }
        match verdict {
            Verdict::Forward { .. } => {
                let header = Header::parse(packet.bytes()).unwrap();
                Some((header.fixed, header.payload.to_vec()))
            }
            Verdict::Drop(_) => None,
            Verdict::TakeBack => unreachable!("nobody carries streams here"),
        }
    }
}
