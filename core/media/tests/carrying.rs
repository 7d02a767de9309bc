//! Streams that somebody else carries for a while: which, how, and what takes them back.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{
    Act, Aim, Begins, Carriage, Codec, Event, Events, Figures, Kept, Keys, LawChange, Order, Outbox, Packet,
    Played, Playing, PortIndex, PortPair, Protection, Reason, Relay, Reports, SealTurn, Senders, Sending,
    SessionKey, Side, Spoken, Tally, Turn, Verdict,
};
use rtp::srtp::{MasterKey, Opener, Reached, Sealer, Suite};
use rtp::{Fixed, Header};
use sound::Law;
use sound::g711::a_of_mu;

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const CALLER: &str = "192.0.2.1:4000";
const CALLEE: &str = "198.51.100.9:6000";
const STRANGER: &str = "203.0.113.66:5555";
const TO_CALLER: PortIndex = PortIndex(0);
const TO_CALLEE: PortIndex = PortIndex(2);

#[test]
fn a_relay_beside_which_nobody_carries_offers_nothing() {
    let mut house = House::new(Relay::new(), Senders::Signalled);

    house.caller_says(0..500);

    assert_eq!(house.offered, 0);
}

#[test]
fn a_steady_direction_is_offered_with_all_that_is_to_be_known() {
    let mut house = House::steady(Senders::Signalled);

    let Carriage { from, to, via, clock, types, longest, change, seal, tally } =
        house.relay.carriage(TO_CALLER).unwrap();

    assert_eq!(house.offered, 1);
    assert_eq!((from.to_string(), to.to_string(), via), (CALLER.to_owned(), CALLEE.to_owned(), TO_CALLEE));
    assert_eq!((clock, types, longest, change, seal), (8000, [1, 0], 172, None, None));
    assert_eq!((tally.packets, tally.bytes, tally.last), (50, 50 * 172, house.now));
    assert_eq!((tally.source.highest, tally.source.received), (49, 50));
}

/// Some phones begin their numbers anew after a hold, and keep their source (RFC 3550, A.1), if only a little
/// behind.
#[test]
fn h1_who_begins_numbers_anew_is_offered_again() {
    let laws = House::of_laws(Spoken::default(), Spoken::default());
    for mut house in [House::new(Relay::with_carrier(), Senders::Signalled), laws] {
        house.caller_says(2000..2050);
        let tally = house.carry();
        house.relay.taken_back(TO_CALLER, &later(tally, 100));

        house.says(Side::Caller, CALLER, 1900);
        house.caller_says(1901..2001);

        let carriage = house.relay.carriage(TO_CALLER).unwrap();
        assert_eq!((house.offered, carriage.tally.source.highest), (2, 2000));
        let caller = house.close().caller;
        assert_eq!((caller.sources, caller.reordered, caller.lost), (2, 1, 0));
    }
}

#[test]
fn what_was_carried_is_in_the_figures_as_if_it_had_not_been() {
    let mut house = House::steady(Senders::Signalled);
    let tally = house.carry();

    house.relay.counted(TO_CALLER, &Tally { packets: 60, bytes: 60 * 172, ..tally });
    house.relay.taken_back(TO_CALLER, &later(tally, 100));

    house.caller_says(150..160);
    let Figures { caller, callee, .. } = house.close();
    assert_eq!((caller.packets_in, callee.packets_out, caller.packets_carried), (160, 160, 100));
    assert_eq!((caller.bytes_in, callee.bytes_out), (160 * 172, 160 * 172));
    assert_eq!((caller.lost, caller.sources), (0, 1));
}

#[test]
fn whoever_asks_is_told_what_the_carrier_has_counted() {
    let mut house = House::steady(Senders::Signalled);
    let tally = house.carry();
    let heard = house.now + Duration::from_secs(9);

    assert_eq!(house.relay.carried_in(CALL), [TO_CALLER]);
    house.relay.counted(TO_CALLER, &Tally { last: heard, ..later(tally, 9) });

    let acts = house.order(Order::Ask { session: CALL });
    let told = acts.iter().find_map(|act| match act {
        Act::Tell(Event::LastHeard { caller, signs, .. }) => Some((*caller, signs[0].packets)),
        _ => None,
    });
    assert_eq!(told, Some((heard, 59)));
}

#[test]
fn a_packet_of_the_peer_takes_its_direction_back() {
    let mut house = House::steady(Senders::Signalled);
    let tally = house.carry();

    assert_eq!(house.says(Side::Caller, CALLER, 51), Verdict::TakeBack);
    assert_eq!(house.says(Side::Callee, CALLEE, 1), Verdict::TakeBack, "it says where the others go");
    assert_eq!(house.relay.carried_beside(TO_CALLEE), [TO_CALLER]);
    house.relay.taken_back(TO_CALLER, &tally);

    assert!(matches!(house.says(Side::Caller, CALLER, 51), Verdict::Forward { .. }));
    assert!(house.relay.carried_in(CALL).is_empty());
}

#[test]
fn a_stranger_takes_nothing_back() {
    let mut house = House::steady(Senders::Signalled);
    house.carry();

    for (side, from) in [(Side::Caller, STRANGER), (Side::Caller, "192.0.2.1:4002"), (Side::Callee, STRANGER)]
    {
        assert_eq!(house.says(side, from, 51), Verdict::Drop(Reason::Stranger));
    }
}

#[test]
fn who_may_be_the_peer_at_another_port_is_judged_by_what_the_carrier_knows() {
    let mut house = House::steady(Senders::Anywhere);
    let tally = house.carry();
    house.now += Duration::from_secs(5);

    assert_eq!(house.says(Side::Caller, "192.0.2.1:4002", 51), Verdict::TakeBack);
    // The peer was heard a moment ago, where it was.
    house.relay.taken_back(TO_CALLER, &Tally { last: house.now, ..later(tally, 9) });

    assert_eq!(house.says(Side::Caller, "192.0.2.1:4002", 60), Verdict::Drop(Reason::Stranger));
    assert!(matches!(house.says(Side::Caller, CALLER, 60), Verdict::Forward { .. }));
}

#[test]
fn who_is_taken_back_again_and_again_waits_longer_each_time() {
    let mut house = House::steady(Senders::Signalled);
    let mut number = 50;
    for wait in [100, 200, 400] {
        let tally = house.carry();
        house.relay.taken_back(TO_CALLER, &tally);
        let offered = house.offered;

        house.caller_says(number..number + wait - 1);
        assert_eq!(house.offered, offered);
        house.caller_says(number + wait - 1..number + wait);
        assert_eq!(house.offered, offered + 1);
        number += wait;
    }
}

#[test]
fn what_needs_more_than_sending_on_is_not_offered() {
    let mut sealed = House::steady(Senders::Signalled);
    sealed.seals(Side::Callee, Suite::AeadAes128Gcm);
    let mut made = House::of_laws(Spoken::default(), Spoken::default());
    made.seals(Side::Callee, Suite::AesCm128HmacSha1_80);
    let mut held = House::steady(Senders::Signalled);
    held.aim(Side::Callee, Aim { sending: Sending::Held, ..aim_at(CALLEE) });
    let mut played = House::steady(Senders::Signalled);
    let playing = Playing {
        what: Played::Tone(sound::Tone::parse("425").unwrap().into()),
        begins: Begins::AtOnce,
        ssrc: 9,
        payload_type: 8,
        codec: Codec::Pcma,
    };
    let playing = Some(Box::new(playing));
    played.order(Order::Play { session: CALL, stream: 0, side: Side::Callee, playing });

    let houses = [("sealed", &mut sealed), ("made", &mut made), ("held", &mut held), ("played", &mut played)];
    for (why, house) in houses {
        for number in 50..200 {
            house.says(Side::Caller, CALLER, number);
        }
        assert_eq!(house.relay.carriage(TO_CALLER), None, "{why}");
    }
}

/// Others may seal for one side by AES in counter mode; the numbers that they used are not used again, and
/// what left nothing is not counted as if it had.
#[test]
fn i1_a_sealed_direction_is_offered_with_its_keys_and_goes_on_behind_them() {
    let mut house = House::new(Relay::with_carrier(), Senders::Signalled);
    house.seals(Side::Callee, Suite::AesCm128HmacSha1_80);
    house.caller_says(0..50);

    let carriage = house.relay.carriage(TO_CALLER).unwrap();
    house.relay.carried(TO_CALLER);
    let seal = carriage.seal.unwrap();
    assert_eq!((seal.turn, seal.number_off, seal.keys.proof), (SealTurn::Seals, 0, 10));
    assert_eq!(seal.reached, Reached { highest: 49, used: (1 << 50) - 1 });

    let kept = Kept { packets: 4, bytes: 4 * 172 };
    let reached = Some(Reached { highest: 1 << 16 | 5, used: 0b111 });
    let mut back = Tally { kept, reached, ..later(carriage.tally, 100) };
    back.source.highest = 5;
    house.relay.taken_back(TO_CALLER, &back);

    assert_eq!(house.says(Side::Caller, CALLER, 4), Verdict::Drop(Reason::Copy), "it was sealed before");
    assert!(matches!(house.says(Side::Caller, CALLER, 6), Verdict::Forward { .. }));
    let mut opener = Opener::new(&key(Suite::AesCm128HmacSha1_80, 2));
    opener.went_on(7, Reached { highest: 1 << 16 | 5, used: 0b111 });
    assert_eq!(opener.open_rtp(&mut house.left), Ok(172), "it goes on in the second round");
    let callee = house.close().callee;
    assert_eq!((callee.packets_out, callee.bytes_out), (50 + 96 + 1, (50 + 96 + 1) * 182));
}

/// What came sealed was proven by the carrier: what he saw the relay takes for seen.
#[test]
fn i1_what_a_carrier_opened_is_not_opened_again() {
    let mut house = House::new(Relay::with_carrier(), Senders::Signalled);
    house.seals(Side::Caller, Suite::AesCm128HmacSha1_80);
    let mut sealer = Sealer::new(&key(Suite::AesCm128HmacSha1_80, 1));
    let mut says = |house: &mut House, number| {
        let mut bytes = [house.packet(number), vec![0; 16]].concat();
        let length = sealer.seal_rtp(&mut bytes, 172).unwrap();
        house.takes_bytes(Side::Caller, CALLER, &bytes[..length])
    };
    for number in 0..50 {
        assert!(matches!(says(&mut house, number), Verdict::Forward { .. }));
    }

    let carriage = house.relay.carriage(TO_CALLER).unwrap();
    house.relay.carried(TO_CALLER);
    assert_eq!(carriage.seal.unwrap().turn, SealTurn::Opens);
    let reached = Some(Reached { highest: 60, used: u64::MAX });
    house.relay.taken_back(TO_CALLER, &Tally { reached, unproven: 3, ..later(carriage.tally, 11) });

    assert_eq!(says(&mut house, 60), Verdict::Drop(Reason::Copy));
    assert!(matches!(says(&mut house, 61), Verdict::Forward { .. }));
    let caller = house.close().caller;
    assert_eq!((caller.packets_in, caller.dropped_unproven, caller.duplicates), (62, 3, 1));
}

#[test]
fn a_side_that_is_aimed_anew_begins_anew_to_be_steady() {
    let mut house = House::steady(Senders::Signalled);
    house.aim(Side::Caller, aim_at(CALLER));

    assert_eq!(house.relay.carriage(TO_CALLER), None, "it was not heard since");
    house.caller_says(50..99);

    assert_eq!(house.offered, 1);
    house.caller_says(99..100);
    assert_eq!(house.offered, 2);
}

/// Who sent reports, and is silent for a minute, is sent nothing more (RFC 8083): nor by the carrier.
#[test]
fn h6_a_direction_is_taken_back_from_who_gives_no_sign_of_life() {
    let mut house = House::steady(Senders::Signalled);
    house.says(Side::Callee, CALLEE, 1);
    let tally = house.carry();
    house.reports(Side::Callee);
    for second in [59, 60] {
        let now = house.now + Duration::from_secs(second);
        house.relay.counted(TO_CALLER, &Tally { last: now, ..later(tally, 9) });
        let back = if second < 60 { vec![] } else { vec![TO_CALLER] };
        assert_eq!(house.relay.idle_in(now, CALL), back, "{second}");
    }

    house.now += Duration::from_secs(60);
    house.relay.taken_back(TO_CALLER, &Tally { last: house.now, ..later(tally, 9) });

    assert_eq!(house.says(Side::Caller, CALLER, 60), Verdict::Drop(Reason::Gone));
}

/// The relay does not see what is carried: who speaks there is not thought dead between two tallies.
#[test]
fn h6_whose_packets_are_carried_is_not_gone_while_they_come() {
    let mut house = House::steady(Senders::Signalled);
    house.says(Side::Callee, CALLEE, 1);
    house.carry();
    house.reports(Side::Caller);
    house.now += Duration::from_secs(300);

    assert!(matches!(house.says(Side::Callee, CALLEE, 2), Verdict::Forward { .. }));
}

#[test]
fn a_sender_who_is_silent_is_taken_back() {
    let mut house = House::steady(Senders::Signalled);
    let tally = house.carry();
    house.relay.counted(TO_CALLER, &tally);

    assert_eq!(house.relay.idle_in(tally.last + Duration::from_secs(9), CALL), []);
    assert_eq!(house.relay.idle_in(tally.last + Duration::from_secs(10), CALL), [TO_CALLER]);
}

#[test]
fn a_fax_and_a_call_for_help_stay_in_the_relay() {
    for (why, aim) in [
        ("no RTP", Aim { clock: 0, ..aim_at(CALLEE) }),
        ("a call for help", Aim { sending: Sending::Insisted, ..aim_at(CALLEE) }),
    ] {
        let mut house = House::new(Relay::with_carrier(), Senders::Signalled);
        house.aim(Side::Callee, aim.clone());
        house.aim(Side::Caller, Aim { rtp: Some(CALLER.parse().unwrap()), ..aim });
        house.caller_says(0..200);
        assert_eq!(house.relay.carriage(TO_CALLER), None, "{why}");
    }
}

#[test]
fn h4_one_law_of_the_other_is_offered_with_what_is_made_of_it() {
    let mut house = House::of_laws(presses(101), Spoken { noise: Some(19), ..presses(96) });
    house.caller_says(0..50);

    let Carriage { types, change, .. } = house.relay.carriage(TO_CALLER).unwrap();

    let change = change.unwrap();
    assert_eq!((change.to, change.sound), (Law::A, (0, 8)));
    assert_eq!((change.keys, change.noise), (Some((101, 96)), Some((13, 19))));
    assert_eq!((change.number_off, change.time_off), (0, 0));
    assert_eq!(types, [1 | 1 << 13, 1 << (101 - 64)], "also what has not come yet");
    assert_eq!((house.offered, house.left[1] & 0x7f, house.left[12]), (1, 8, a_of_mu(0)));
}

/// Where noise of ours stood for who said nothing, more packets left than came: whoever carries the stream
/// goes on with the next number and the same time, and so does the relay after him.
#[test]
fn h1_numbers_and_times_go_on_from_the_relay_to_the_carrier_and_back() {
    let mut house = House::of_laws(Spoken::default(), Spoken::default());
    house.caller_says(0..10);
    house.says_of(Side::Caller, CALLER, (13, 10), &[40]);
    let made_up = house.waits(Duration::from_secs(1));
    house.caller_says_later(11..61, 49);
    let last = house.left_at();

    let LawChange { number_off, time_off, .. } = house.relay.carriage(TO_CALLER).unwrap().change.unwrap();

    assert!(made_up >= 48, "{made_up} packets of noise");
    assert_eq!(usize::from(number_off), made_up - 1, "one packet came, and left nothing");
    assert_eq!(last, (60 + number_off, (60_u32 + 49) * 160 + time_off));
    let tally = house.carry();
    let mut carried = later(tally, 100);
    carried.source.timestamp += 100 * 160;
    house.relay.taken_back(TO_CALLER, &carried);
    let copy = house.says_of(Side::Caller, CALLER, (0, 155), &[0; 160]);
    assert_eq!(copy, Verdict::Drop(Reason::Kept), "that number went out elsewhere");
    house.caller_says_later(161..162, 49);
    assert_eq!(house.left_at(), (last.0 + 101, last.1 + 101 * 160));
}

#[test]
fn h7_copies_and_stragglers_that_left_nothing_elsewhere_are_in_the_figures() {
    let mut house = House::of_laws(Spoken::default(), Spoken::default());
    house.caller_says(0..50);
    let tally = house.carry();
    assert_eq!(tally.kept, Kept::default());

    let kept = |packets| Kept { packets, bytes: packets * 172 };
    house.relay.counted(TO_CALLER, &Tally { kept: kept(2), ..later(tally, 60) });
    house.relay.taken_back(TO_CALLER, &Tally { kept: kept(5), ..later(tally, 100) });
    assert!(house.relay.carriage(TO_CALLER).is_some_and(|carriage| carriage.tally.kept == kept(5)));

    let Figures { caller, callee, .. } = house.close();
    assert_eq!((caller.packets_in, callee.packets_out), (150, 145));
    assert_eq!((caller.bytes_in, callee.bytes_out), (150 * 172, 145 * 172));
    assert_eq!(caller.packets_carried, 100);
}

/// More than bytes of bytes is made in the relay alone: another codec, keys that are heard in the sound or
/// told in messages, noise that stands for who says nothing, one who speaks as he likes.
#[test]
fn what_is_more_than_one_law_of_the_other_is_not_offered() {
    let keys = |keys| Spoken { keys, ..Spoken::default() };
    let laws = [(0, Codec::Pcmu), (8, Codec::Pcma)];
    let mut g722 = House::of(Spoken { codecs: vec![laws[0]], ..Spoken::default() }, speaks(9, Codec::G722));
    let mut heard = House::of_laws(keys(Keys::Tones), presses(101));
    let mut told = House::of_laws(presses(101), keys(Keys::Told));
    let mut silent = House::of_laws(Spoken::default(), Spoken::default());
    let mut either = House::of(Spoken { codecs: laws.to_vec(), ..Spoken::default() }, speaks(8, Codec::Pcma));
    either.says_of(Side::Caller, CALLER, (8, 0), &[0; 160]);
    let houses = [
        ("another codec", &mut g722),
        ("keys in the sound", &mut heard),
        ("keys in messages", &mut told),
        ("noise of ours", &mut silent),
        ("both laws", &mut either),
    ];

    for (why, house) in houses {
        house.caller_says(1..50);
        if why == "noise of ours" {
            house.caller_says(50..51);
            house.says_of(Side::Caller, CALLER, (13, 51), &[40]);
        }
        assert_eq!(house.relay.carriage(TO_CALLER), None, "{why}");
    }
}

#[test]
fn key_presses_in_another_clock_are_the_relays() {
    let other = Keys::Events(Events { payload_type: 96, clock: 16_000 });
    let mut house = House::of_laws(presses(101), Spoken { keys: other, ..Spoken::default() });
    house.caller_says(0..50);

    let carriage = house.relay.carriage(TO_CALLER).unwrap();

    assert_eq!((carriage.change.unwrap().keys, carriage.types), (None, [1, 0]));
}

/// A far end that speaks another codec from now on is another stream.
#[test]
fn another_codec_begins_anew_to_be_steady() {
    let mut house = House::of_laws(Spoken::default(), Spoken::default());
    house.caller_says(0..40);
    let spoken = Some(Box::new([speaks(0, Codec::Pcmu), speaks(18, Codec::Pcma)]));
    house.order(Order::Transcode { session: CALL, stream: 0, spoken });

    house.caller_says(40..89);
    assert_eq!(house.offered, 0);
    house.caller_says(89..90);

    assert_eq!(house.relay.carriage(TO_CALLER).unwrap().change.unwrap().sound, (0, 18));
}

struct House {
    relay: Relay,
    now: Instant,
    offered: usize,
    /// The last packet that went on, as it left.
    left: Vec<u8>,
}

impl House {
    fn new(relay: Relay, senders: Senders) -> House {
        let mut house = House { relay, now: Instant::now(), offered: 0, left: Vec::new() };
        let ports = [30000, 30002].map(|port| PortPair { address: [127, 0, 0, 1].into(), port });
        house.order(Order::Open { session: CALL, stream: 0, ports });
        for (side, place) in [(Side::Caller, CALLER), (Side::Callee, CALLEE)] {
            house.aim(side, Aim { senders, ..aim_at(place) });
        }
        house
    }

    /// The caller has been heard for a second.
    fn steady(senders: Senders) -> House {
        let mut house = House::new(Relay::with_carrier(), senders);
        house.caller_says(0..50);
        house
    }

    /// The two speak these.
    fn of(caller: Spoken, callee: Spoken) -> House {
        let mut house = House::new(Relay::with_carrier(), Senders::Signalled);
        let spoken = Some(Box::new([caller, callee]));
        house.order(Order::Transcode { session: CALL, stream: 0, spoken });
        house
    }

    /// The caller speaks PCMU, and the callee PCMA.
    fn of_laws(caller: Spoken, callee: Spoken) -> House {
        let caller = Spoken { codecs: vec![(0, Codec::Pcmu)], ..caller };
        House::of(caller, Spoken { codecs: vec![(8, Codec::Pcma)], ..callee })
    }

    /// Carries what the caller says, and tells from where on.
    fn carry(&mut self) -> Tally {
        let carriage = self.relay.carriage(TO_CALLER).unwrap();
        self.relay.carried(TO_CALLER);
        carriage.tally
    }

    fn order(&mut self, order: Order) -> Outbox {
        let mut out = Outbox::new();
        self.relay.order(self.now, order, &mut out);
        out
    }

    fn aim(&mut self, side: Side, aim: Aim) {
        self.order(Order::Aim { session: CALL, stream: 0, side, aim });
    }

    /// A side is protected from now on.
    fn seals(&mut self, side: Side, suite: Suite) {
        let protection = Protection { theirs: key(suite, 1), ours: key(suite, 2) };
        let place = if side == Side::Caller { CALLER } else { CALLEE };
        self.aim(side, Aim { protection: Some(Arc::new(protection)), ..aim_at(place) });
    }

    fn caller_says(&mut self, numbers: std::ops::Range<u16>) {
        for number in numbers {
            let verdict = self.says(Side::Caller, CALLER, number);
            assert!(matches!(verdict, Verdict::Forward { port: TO_CALLEE, .. }), "{verdict:?}");
        }
    }

    /// The same, so many packets later by the clock.
    fn caller_says_later(&mut self, numbers: std::ops::Range<u16>, later: u16) {
        for number in numbers {
            let timestamp = u32::from(number + later) * 160;
            let fixed = Fixed { marker: false, payload_type: 0, sequence: number, timestamp, ssrc: 7 };
            let verdict = self.takes(Side::Caller, CALLER, fixed, &[0; 160]);
            assert!(matches!(verdict, Verdict::Forward { port: TO_CALLEE, .. }), "{verdict:?}");
        }
    }

    fn says(&mut self, side: Side, from: &str, number: u16) -> Verdict {
        self.says_of(side, from, (0, number), &[0; 160])
    }

    /// The same of a payload type.
    fn says_of(
        &mut self,
        side: Side,
        from: &str,
        (payload_type, sequence): (u8, u16),
        payload: &[u8],
    ) -> Verdict {
        let timestamp = u32::from(sequence) * 160;
        let fixed = Fixed { marker: false, payload_type, sequence, timestamp, ssrc: 7 };
        self.takes(side, from, fixed, payload)
    }

    /// What the caller says, before it is sealed.
    fn packet(&self, sequence: u16) -> Vec<u8> {
        let timestamp = u32::from(sequence) * 160;
        let fixed = Fixed { marker: false, payload_type: 0, sequence, timestamp, ssrc: 7 };
        let mut bytes = Vec::new();
        Header { payload: &[0; 160], ..Header::from(fixed) }.write(&mut bytes);
        bytes
    }

    fn takes(&mut self, side: Side, from: &str, fixed: Fixed, payload: &[u8]) -> Verdict {
        let mut bytes = Vec::new();
        Header { payload, ..Header::from(fixed) }.write(&mut bytes);
        self.takes_bytes(side, from, &bytes)
    }

    fn takes_bytes(&mut self, side: Side, from: &str, bytes: &[u8]) -> Verdict {
        self.now += Duration::from_millis(20);
        let (mut bytes, length) = (bytes.to_vec(), bytes.len());
        bytes.resize(300, 0);
        let port = if side == Side::Caller { TO_CALLER } else { TO_CALLEE };
        let (from, mut out): (SocketAddr, _) = (from.parse().unwrap(), Outbox::new());
        let mut packet = Packet::new(&mut bytes, length);
        let verdict = self.relay.receive(self.now, port, from, &mut packet, &mut out);
        self.offered += out.iter().filter(|act| **act == Act::Carry { port }).count();
        if matches!(verdict, Verdict::Forward { .. }) {
            self.left = packet.bytes().to_vec();
        }
        verdict
    }

    /// The number and the time of what left last.
    fn left_at(&self) -> (u16, u32) {
        let Fixed { sequence, timestamp, .. } = Fixed::of(&self.left).unwrap();
        (sequence, timestamp)
    }

    /// How many packets leave by themselves for so long.
    fn waits(&mut self, time: Duration) -> usize {
        let (until, mut count, mut bytes) = (self.now + time, 0, vec![0; 300]);
        while let Some(moment) = self.relay.next_moment().filter(|moment| *moment < until) {
            self.now = self.now.max(moment);
            let mut packet = Packet::new(&mut bytes, 0);
            count += usize::from(self.relay.next_played(self.now, &mut packet).is_some());
        }
        self.now = until;
        count
    }

    /// A peer's report, at the port for media.
    fn reports(&mut self, side: Side) -> Verdict {
        let mut report = Vec::new();
        rtp::rtcp::write_report(1, None, &[], &mut report);
        let length = report.len();
        report.resize(300, 0);
        let (port, from) = if side == Side::Caller { (TO_CALLER, CALLER) } else { (TO_CALLEE, CALLEE) };
        let mut packet = Packet::new(&mut report, length);
        self.relay.receive(self.now, port, from.parse().unwrap(), &mut packet, &mut Outbox::new())
    }

    fn close(mut self) -> Figures {
        let acts = self.order(Order::Close { session: CALL });
        let figures = acts.into_iter().find_map(|act| match act {
            Act::Tell(Event::Finished { figures, .. }) => Some(*figures),
            _ => None,
        });
        figures.unwrap()
    }
}

fn speaks(payload_type: u8, codec: Codec) -> Spoken {
    Spoken { codecs: vec![(payload_type, codec)], ..Spoken::default() }
}

/// Presses keys as events of that type.
fn presses(payload_type: u8) -> Spoken {
    let keys = Keys::Events(Events { payload_type, clock: 8_000 });
    Spoken { keys, ..Spoken::default() }
}

fn aim_at(place: &str) -> Aim {
    Aim {
        rtp: Some(place.parse().unwrap()),
        reports: Reports::Apart(None),
        sending: Sending::Allowed,
        senders: Senders::Signalled,
        turn: Turn::Same,
        clock: 8000,
        protection: None,
        door: None,
    }
}

/// So many packets later, none of which was lost.
fn later(tally: Tally, packets: u16) -> Tally {
    let mut later = tally;
    later.packets += u64::from(packets);
    later.bytes += 172 * u64::from(packets);
    later.source.highest += packets;
    later.source.expected += u64::from(packets);
    later.source.received += u64::from(packets);
    later.source.seen = u64::MAX;
    later
}

fn key(suite: Suite, byte: u8) -> MasterKey {
    MasterKey::new(suite, &vec![byte; MasterKey::length(suite)]).unwrap()
}
