//! Sides whose keys come from a handshake of DTLS: who may have it, whose certificate is taken, what is heard
//! before and after, what a far end in clear or with keys in the description hears of it, and what is told of
//! a side that is not heard.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod far;

use far::{
    BESIDE, Far, HOME, House, Kind, NEAR, OTHER, Part, STRANGER, TO_CALLEE, TO_CALLER, certificate, packet,
};
use media::{Lack, Reason, Senders, Side, Signs};

#[test]
fn i4_both_roles_have_a_handshake_and_hear_each_other() {
    for part in [Part::Client12, Part::Client13, Part::Server12, Part::ServerAny] {
        let mut house = House::new();
        let mut far = Far::new(part, HOME);
        house.aim_shaken(Side::Caller, &far, HOME);

        house.shake(&mut far, |_| true);

        let sealed = far.seal(&packet(1));
        assert_ne!(sealed, packet(1));
        assert_eq!(house.receive(TO_CALLER, HOME, &sealed).unwrap(), packet(1), "{part:?}");
        let heard = house.receive(TO_CALLEE, NEAR, &packet(77)).unwrap();
        assert_eq!(far.open(&heard), packet(77), "{part:?}");
        let figures = house.figures();
        assert!(figures.caller.suite.is_some() && figures.callee.suite.is_none(), "{part:?}");
    }
}

#[test]
fn i4_nothing_is_heard_before_there_are_keys() {
    let mut house = House::new();
    let mut far = Far::new(Part::Client12, HOME);
    house.aim_shaken(Side::Caller, &far, HOME);

    assert_eq!(house.receive(TO_CALLER, HOME, &packet(1)), Err(Reason::Unproven));
    assert_eq!(house.receive(TO_CALLEE, NEAR, &packet(2)), Err(Reason::Undeliverable));

    house.shake(&mut far, |_| true);
    assert_eq!(house.receive(TO_CALLER, HOME, &packet(3)), Err(Reason::Unproven), "in clear afterwards");
    assert_eq!(house.figures().caller.dropped_unproven, 2);
}

#[test]
fn i4_another_certificate_than_the_signalled_gets_no_keys() {
    for part in [Part::Client12, Part::Server12, Part::Client13] {
        let mut house = House::new();
        let signalled = Far::new(part, HOME);
        let mut impostor = Far::new(part, HOME);
        house.aim_shaken(Side::Caller, &signalled, HOME);

        house.shake(&mut impostor, |_| true);

        let sealed = impostor.seal_if_keyed(&packet(1));
        assert_eq!(house.receive(TO_CALLER, HOME, &sealed), Err(Reason::Unproven), "{part:?}");
        assert_eq!(house.receive(TO_CALLEE, NEAR, &packet(2)), Err(Reason::Undeliverable), "{part:?}");
        assert!(house.figures().caller.impostors >= 1, "{part:?}");
    }
}

/// Each datagram of either direction is lost once, and all of them come twice.
#[test]
fn i4_what_is_lost_is_sent_again_and_what_comes_twice_does_no_harm() {
    for part in [Part::Client12, Part::Server12, Part::Client13] {
        for lost in 0..12 {
            let mut house = House::new();
            let mut far = Far::new(part, HOME);
            house.aim_shaken(Side::Caller, &far, HOME);
            house.repeats = 2;

            house.shake(&mut far, |count| count != lost);

            let sealed = far.seal(&packet(1));
            assert_eq!(house.receive(TO_CALLER, HOME, &sealed), Ok(packet(1)), "{part:?} {lost}");
            let heard = house.receive(TO_CALLEE, NEAR, &packet(77)).unwrap();
            assert_eq!(far.open(&heard), packet(77), "{part:?} {lost}");
        }
    }
}

/// The attack of a stranger who is quicker with his hello than the peer (EnableSecurity, 2023).
#[test]
fn i4_a_hello_of_a_stranger_does_not_keep_the_peer_out() {
    for senders in [Senders::Signalled, Senders::Near(None), Senders::Anywhere] {
        let mut house = House::new();
        house.senders = senders;
        let mut far = Far::new(Part::Client12, HOME);
        let mut stranger = Far::new(Part::Client12, STRANGER);
        house.aim_shaken(Side::Caller, &far, HOME);

        house.begin_to_shake(&mut stranger, 2);
        house.shake(&mut far, |_| true);
        house.shake(&mut stranger, |_| true);

        let sealed = far.seal(&packet(1));
        assert_eq!(house.receive(TO_CALLER, HOME, &sealed).unwrap(), packet(1), "{senders:?}");
        for (from, reason) in [(STRANGER, Reason::Stranger), (HOME, Reason::Unproven)] {
            let unheard = house.receive(TO_CALLER, from, &stranger.seal_if_keyed(&packet(2)));
            assert_eq!(unheard, Err(reason), "{senders:?}");
        }
    }
}

/// Who is there first and shows another certificate costs the peer one try.
#[test]
fn i4_an_impostor_who_is_first_does_not_keep_the_peer_out() {
    let mut house = House::new();
    let mut far = Far::new(Part::Client12, HOME);
    let mut impostor = Far::new(Part::Client12, STRANGER);
    house.aim_shaken(Side::Caller, &far, HOME);

    house.shake(&mut impostor, |_| true);
    house.shake(&mut far, |_| true);

    let sealed = far.seal(&packet(1));
    assert_eq!(house.receive(TO_CALLER, HOME, &sealed).unwrap(), packet(1));
}

/// We asked at the peer's place, and nobody else can have heard it: who answers from another port of its host
/// does not cost the peer its handshake.
#[test]
fn i4_who_was_not_asked_does_not_answer_for_the_peer() {
    for part in [Part::Server12, Part::ServerAny] {
        let mut house = House::new();
        let (mut far, mut beside) = (Far::new(part, HOME), Far::new(part, BESIDE));
        house.aim_shaken(Side::Caller, &far, HOME);
        for (_, _, hello) in house.outgoing.clone() {
            house.receive(TO_CALLER, BESIDE, &beside.answer(house.now, &hello)).unwrap_err();
        }

        house.shake(&mut far, |_| true);

        let sealed = far.seal(&packet(1));
        assert_eq!(house.receive(TO_CALLER, HOME, &sealed).unwrap(), packet(1), "{part:?}");
        assert_eq!(house.figures().caller.impostors, 0, "{part:?}");
    }
}

/// Anybody can send back what we said to somebody, under the peer's address and before its first word. It
/// costs the peer no handshake and no try.
#[test]
fn i4_what_we_said_ourselves_does_not_keep_the_peer_out() {
    for (part, other) in [
        (Part::Client12, Part::Client12),
        (Part::Client13, Part::Client12),
        (Part::Client12, Part::Client13),
        (Part::Server12, Part::Server12),
    ] {
        let mut house = House::new();
        house.senders = Senders::Anywhere;
        let (mut far, mut beside) = (Far::new(part, HOME), Far::new(other, BESIDE));
        house.aim_shaken(Side::Caller, &far, HOME);
        for _ in 0..3 {
            for (_, _, record) in house.outgoing.clone() {
                house.receive(TO_CALLER, HOME, &record).unwrap_err();
            }
            house.begin_to_shake(&mut beside, 1);
        }

        house.shake(&mut far, |_| true);

        let sealed = far.seal(&packet(1));
        assert_eq!(house.receive(TO_CALLER, HOME, &sealed).unwrap(), packet(1), "{part:?} {other:?}");
        assert_eq!(house.figures().caller.handshakes_broken, 0, "{part:?} {other:?}");
    }
}

/// Who moves goes on with the keys that it has, as often as it moves.
#[test]
fn i4_who_moves_twice_keeps_its_keys() {
    for part in [Part::Client12, Part::Server12] {
        let mut house = House::new();
        let mut far = Far::new(part, HOME);
        house.aim_shaken(Side::Caller, &far, HOME);
        house.shake(&mut far, |_| true);

        for (number, place) in [(1, OTHER), (2, BESIDE), (3, HOME)] {
            house.aim_shaken(Side::Caller, &far, place);

            let sealed = far.seal(&packet(number));
            assert_eq!(house.receive(TO_CALLER, place, &sealed).unwrap(), packet(number), "{part:?} {place}");
        }
    }
}

/// A phone behind a NAT says an address of its own network, and comes from elsewhere.
#[test]
fn g1_a_handshake_shows_where_a_peer_behind_a_nat_is() {
    for part in [Part::Client12, Part::Server12] {
        let mut house = House::new();
        house.senders = Senders::Near(None);
        let mut far = Far::new(part, OTHER);
        house.aim_shaken(Side::Caller, &far, "192.168.1.20:4000");
        if part == Part::Server12 {
            // Nobody hears what is sent to the inner address.
            continue;
        }

        house.shake(&mut far, |_| true);

        for number in [77, 78] {
            let heard = house.receive_from(TO_CALLEE, NEAR, &packet(number)).unwrap();
            assert_eq!(heard.0.to_string(), OTHER);
            assert_eq!(far.open(&heard.1), packet(number));
            // Another negotiation says what the first one said.
            house.aim_shaken(Side::Caller, &far, "192.168.1.20:4000");
        }
        let sealed = far.seal(&packet(1));
        assert_eq!(house.receive(TO_CALLER, OTHER, &sealed).unwrap(), packet(1));
    }
}

/// Who proves by checks where it is has its handshake there, and nobody has it in its place.
#[test]
fn i4_where_checks_are_expected_a_handshake_waits_for_one_and_follows_them() {
    for part in [Part::Server12, Part::Client12] {
        let mut house = House::new();
        let (mut far, mut stranger) = (Far::new(part, HOME), Far::new(part, STRANGER));
        house.aim_checked(Side::Caller, &far);
        house.shake(&mut stranger, |_| true);
        assert!(house.outgoing.is_empty() && house.relay.next_moment().is_none(), "{part:?}: to whom?");

        house.check(HOME);
        house.shake(&mut stranger, |_| true);
        house.shake(&mut far, |_| true);

        let sealed = far.seal(&packet(1));
        assert_eq!(house.receive(TO_CALLER, HOME, &sealed).unwrap(), packet(1), "{part:?}");
        house.check(OTHER);
        house.now += std::time::Duration::from_secs(9);
        house.check(OTHER);
        let sealed = far.seal(&packet(2));
        assert_eq!(house.receive(TO_CALLER, OTHER, &sealed).unwrap(), packet(2), "{part:?}: another path");
        let heard = house.receive_from(TO_CALLEE, NEAR, &packet(77)).unwrap();
        assert_eq!((heard.0.to_string().as_str(), far.open(&heard.1)), (OTHER, packet(77)), "{part:?}");
    }
}

/// Who floods with hellos costs a bounded number of handshakes, and whoever sends nonsense costs none.
#[test]
fn i4_a_flood_costs_little() {
    let mut house = House::new();
    let far = Far::new(Part::Client12, HOME);
    house.aim_shaken(Side::Caller, &far, HOME);

    for _ in 0..50 {
        let mut impostor = Far::new(Part::Client12, HOME);
        house.shake(&mut impostor, |_| true);
    }
    for length in [1, 13, 14, 64, 1200] {
        for first in 20..64 {
            house.receive(TO_CALLER, HOME, &vec![first; length]).unwrap_err();
        }
    }

    let impostors = house.figures().caller.impostors;
    assert!((1..=8).contains(&impostors), "{impostors}");
}

#[test]
fn i4_an_association_stands_while_its_terms_do() {
    let mut house = House::new();
    let mut far = Far::new(Part::Client12, HOME);
    house.aim_shaken(Side::Caller, &far, HOME);
    house.shake(&mut far, |_| true);
    let sealed = far.seal(&packet(1));
    house.receive(TO_CALLER, HOME, &sealed).unwrap();

    house.aim_shaken(Side::Caller, &far, HOME);
    let sealed = far.seal(&packet(2));
    assert_eq!(house.receive(TO_CALLER, HOME, &sealed).unwrap(), packet(2), "nothing has changed");

    let mut newer = Far::new(Part::Client12, HOME);
    house.aim_shaken(Side::Caller, &newer, HOME);
    let sealed = far.seal(&packet(3));
    assert_eq!(house.receive(TO_CALLER, HOME, &sealed), Err(Reason::Unproven), "another certificate");
    house.shake(&mut newer, |_| true);
    let sealed = newer.seal(&packet(4));
    assert_eq!(house.receive(TO_CALLER, HOME, &sealed).unwrap(), packet(4));

    let mut moved = newer.again(OTHER);
    house.aim_shaken(Side::Caller, &moved, OTHER);
    let sealed = newer.seal(&packet(5));
    assert_eq!(house.receive(TO_CALLER, OTHER, &sealed).unwrap(), packet(5), "moved, with its keys");
    house.shake(&mut moved, |_| true);
    let sealed = moved.seal(&packet(6));
    assert_eq!(house.receive(TO_CALLER, OTHER, &sealed).unwrap(), packet(6), "moved, with new ones");
}

#[test]
fn i4_a_client_that_nobody_answers_tries_again_and_gives_up() {
    let mut house = House::new();
    let far = Far::new(Part::Server12, HOME);
    house.aim_shaken(Side::Caller, &far, HOME);
    assert!(!house.outgoing.is_empty(), "the first hello goes at once");

    let mut sent = 0;
    while let Some(moment) = house.relay.next_moment() {
        house.now = moment;
        house.wake();
        sent += house.outgoing.drain(..).count();
        assert!(sent < 200, "it never ends");
    }

    assert!(sent > 20, "{sent}");
    assert_eq!(house.figures().caller.handshakes_broken, 8);
}

/// All pairs of clear media, keys in the description and keys of a handshake, by what arrives.
#[test]
fn i6_nine_pairs_of_protection_carry_the_same_sound() {
    for caller in far::Kind::ALL {
        for callee in far::Kind::ALL {
            let mut house = House::new();
            let mut ends = [(Side::Caller, caller, HOME), (Side::Callee, callee, NEAR)]
                .map(|(side, kind, place)| house.end(side, kind, place));

            for number in 0..50 {
                for from in [0, 1] {
                    let said = far::speech(number, from);
                    let (port, place) = if from == 0 { (TO_CALLER, HOME) } else { (TO_CALLEE, NEAR) };
                    let sent = ends[from].seal(&said);
                    let came = house.receive(port, place, &sent).unwrap();
                    assert_eq!(ends[1 - from].open(&came), said, "{caller:?} {callee:?} {number}");
                }
            }
            for (kind, suite) in [
                (caller, house.figures().caller.suite),
                (callee, House::figures_of(&house.last).callee.suite),
            ] {
                assert_eq!(suite.is_none(), kind == far::Kind::Clear, "{caller:?} {callee:?}");
            }
        }
    }
}

#[test]
fn a_key_does_not_print() {
    let (one, other) = (certificate(), certificate());
    assert_ne!(one, other);
    assert!(format!("{one:?}").len() < 40, "{one:?}");
}

/// Somebody at the peer's address, or on the way, changes what he likes: no step of it ends anything but the
/// handshake, and whoever aims anew can have another.
#[test]
fn i4_changed_records_harm_nothing_but_their_handshake() {
    let mut lot = far::Lot(0x1234_5678_9abc_def1);
    let rounds: u32 = option_env!("ROUNDS").and_then(|rounds| rounds.parse().ok()).unwrap_or(60);
    for round in 0..rounds {
        let part = [Part::Client12, Part::Server12, Part::Client13, Part::ServerAny][round as usize % 4];
        let mut house = House::new();
        let mut far = Far::new(part, HOME);
        house.aim_shaken(Side::Caller, &far, HOME);

        house.shake_through(&mut far, &mut lot);

        let mut newer = Far::new(Part::Client12, HOME);
        house.aim_shaken(Side::Caller, &newer, HOME);
        house.shake(&mut newer, |_| true);
        let sealed = newer.seal(&packet(1));
        assert_eq!(house.receive(TO_CALLER, HOME, &sealed), Ok(packet(1)), "{part:?} {round}");
    }
}

#[test]
fn h8_a_side_that_nobody_speaks_at_shows_nothing() {
    let mut house = House::new();
    house.end(Side::Caller, Kind::Clear, HOME);

    assert_eq!(house.signs(Side::Caller), Signs::default());
    house.receive(TO_CALLER, HOME, &packet(1)).unwrap();
    assert_eq!(house.signs(Side::Caller), Signs { packets: 1, ..Signs::default() });
    assert_eq!(house.signs(Side::Callee), Signs::default(), "each side by itself");
}

#[test]
fn h8_whoever_is_not_believed_is_counted_among_strangers() {
    let mut house = House::new();
    house.senders = Senders::Signalled;
    house.end(Side::Callee, Kind::Clear, NEAR);

    assert_eq!(house.receive(TO_CALLEE, STRANGER, &packet(1)), Err(Reason::Stranger));
    assert_eq!(house.signs(Side::Callee), Signs { strangers: 1, ..Signs::default() });
}

#[test]
fn h8_what_the_agreed_keys_do_not_open_is_counted_apart() {
    let mut house = House::new();
    house.end(Side::Caller, Kind::Described, HOME);

    assert_eq!(house.receive(TO_CALLER, HOME, &packet(1)), Err(Reason::Unproven));
    assert_eq!(house.signs(Side::Caller), Signs { unproven: 1, ..Signs::default() });
}

/// A page lacks its check first, then its keys, then nothing.
#[test]
fn h8_a_side_says_what_it_still_has_to_do() {
    let mut house = House::new();
    let mut far = Far::new(Part::Client12, HOME);
    house.aim_checked(Side::Caller, &far);
    assert_eq!(house.signs(Side::Caller).lacks, Lack::Check);

    house.check(HOME);
    assert_eq!(house.signs(Side::Caller).lacks, Lack::Keys);

    house.shake(&mut far, |_| true);
    assert_eq!(house.signs(Side::Caller).lacks, Lack::Nothing);
    assert_eq!(house.signs(Side::Callee).lacks, Lack::Nothing);
}
