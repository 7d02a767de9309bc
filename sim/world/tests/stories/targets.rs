//! Where servers are, which of their addresses live, and whom that lets in.

use std::time::Duration;

use actors::{Ended, Habit};
use call::Event;
use sip_stack::locate::Srv;
use switch::TargetState;
use world::{ActorHandle, CallHandle, World};

use crate::{TWO_PROVIDERS, seed};

const NUMBER: &str = "+1 206 555 0142";

/// The provider east is a name with services; nothing says whom its calls come from.
fn house(options: &str) -> String {
    let house = TWO_PROVIDERS.replace(
        "servers = [{ uri = \"sip:198.51.100.10:5060\" }]\naccept = { sources = [\"198.51.100.10\"] }",
        "servers = [{ uri = \"sip:east.example\" }]",
    );
    house.replace("options = \"off\"", &format!("options = \"{options}\""))
}

/// A world where east has so many addresses, `(priority, weight)` each. The first is `east`.
fn world(options: &str, services: &[(u16, u16)]) -> (World, Vec<ActorHandle>) {
    world_of(&house(options), services)
}

fn world_of(house: &str, services: &[(u16, u16)]) -> (World, Vec<ActorHandle>) {
    let mut world = World::with_hosts(seed(), house, &[("east.example", "198.51.100.10")]);
    let mut easts = vec![world.provider("east")];
    for (index, (priority, weight)) in services.iter().enumerate() {
        let ip = format!("198.51.100.{}", 10 + index);
        if index > 0 {
            let name = format!("east-{}", index + 1);
            easts.push(world.another_provider(&name, &format!("{ip}:5060")));
        }
        let target = format!("e{index}.east.example");
        world.zone().address(&target, ip.parse().unwrap());
        let record = Srv { priority: *priority, weight: *weight, port: 5060, target };
        world.zone().service("_sip._udp.east.example", record);
    }
    world.run_for(Duration::from_secs(1));
    (world, easts)
}

fn states(world: &World) -> Vec<(String, TargetState)> {
    let trunk = world.view().trunks.into_iter().find(|trunk| &*trunk.name == "east").unwrap();
    trunk.targets.into_iter().map(|one| (one.address.unwrap_or_default(), one.state)).collect()
}

/// A call is taken from the address of each server that the trunk's name leads to, and from no other; who is
/// not taken is told apart in words.
#[test]
fn a4_calls_are_taken_from_every_resolved_address_and_from_no_other() {
    let (mut world, easts) = world("off", &[(1, 1), (1, 1), (2, 0)]);
    let hana = world.user("hana");
    let other = world.another_provider("mallory", "198.51.100.99:5060");

    for east in &easts {
        let call = east.dials("+14255550100");
        world.run_until_quiet();
        assert!(call.is_up_with(&hana), "{}", east.name());
        call.hangs_up();
        world.run_for(Duration::from_secs(5));
    }
    let refused = other.dials("+14255550100");
    world.run_until_quiet();

    assert_eq!(refused.ended(), Some(Ended::Refused(403)));
    let words = world.events().iter().find_map(|event| match event {
        Event::TurnedAway { refusal, .. } => Some(refusal.words.clone()),
        _ => None,
    });
    assert!(words.unwrap().contains("198.51.100.99"));
    world.finish();
}

/// The first of two priorities drops every packet: the very first call is answered by the second within four
/// seconds, and its caller hears no failure.
#[test]
fn a5_the_second_priority_answers_within_four_seconds() {
    let (mut world, easts) = world("off", &[(1, 1), (2, 1)]);
    easts[0].has_habit(Habit::Silent);
    easts[1].with(|profile| profile.answers_after = Duration::from_millis(500));
    let hana = world.user("hana");

    let call = hana.dials(NUMBER);
    world.run_for(Duration::from_secs(4));

    assert!(call.is_up_with(&easts[1]));
    assert_eq!(world.provider("west").was_called(), 0);
    call.hangs_up();
    world.run_for(Duration::from_secs(40));
    let remotes: Vec<_> = world.records()[0].attempts.iter().map(|one| one.remote.clone().unwrap()).collect();
    assert_eq!(remotes, ["udp:198.51.100.10:5060", "udp:198.51.100.11:5060"]);
    let ids: Vec<_> = world.records()[0].attempts.iter().map(|one| &one.call_id).collect();
    assert_ne!(ids[0], ids[1]);
    world.finish();
}

/// An address that calls have found silent is marked, and skipped by the calls that follow.
#[test]
fn a5_an_address_that_was_silent_is_skipped() {
    let (mut world, easts) = world("off", &[(1, 1), (2, 1)]);
    easts[0].has_habit(Habit::Silent);
    let hana = world.user("hana");
    for _ in 0..3 {
        let call = hana.dials(NUMBER);
        world.run_for(Duration::from_secs(5));
        call.hangs_up();
        world.run_for(Duration::from_secs(2));
    }

    let call = hana.dials(NUMBER);
    world.run_for(Duration::from_millis(1_500));

    assert!(call.is_up_with(&easts[1]));
    assert!(world.events().iter().any(|event| matches!(event, Event::PeerDown { .. })));
    world.finish();
}

/// One address has just died and nobody knows; the other is back and still counts as down. No call fails that
/// a living address could have taken: those that count as down are asked when everybody else has failed.
#[test]
fn a7_an_address_that_counts_as_down_is_asked_when_nobody_else_is_left() {
    let (mut world, easts) = world("30s", &[(1, 1), (2, 1)]);
    world.provider("west").has_habit(Habit::Silent);
    easts[1].has_habit(Habit::Silent);
    world.run_for(Duration::from_secs(61));
    assert_eq!(states(&world)[1].1, TargetState::Down);
    let hana = world.user("hana");
    easts[1].loses_its_habits();
    easts[0].has_habit(Habit::Silent);

    let call = hana.dials(NUMBER);
    world.run_for(Duration::from_secs(11));

    assert!(call.is_up_with(&easts[1]));
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    let remotes: Vec<_> = world.records()[0].attempts.iter().map(|one| one.remote.clone().unwrap()).collect();
    assert_eq!(remotes, ["udp:198.51.100.10:5060", "udp:203.0.113.20:5060", "udp:198.51.100.11:5060"]);
    world.finish();
}

/// Of two addresses one asked to be left alone, and the other counts as down and is back: it is asked when
/// everybody else has failed, and the one that wants its rest has it.
#[test]
fn a7_who_rests_hides_nobody_beside_it() {
    let (world, easts) = world("30s", &[(1, 1), (2, 1)]);
    the_other_is_asked(world, &easts);
}

/// The same where the one that wants its rest is the one that we are registered with.
#[test]
fn a7_who_rests_hides_nobody_beside_it_though_it_knows_us() {
    let east = "servers = [{ uri = \"sip:east.example\" }]";
    let account = "auth = { user = \"contoso-4471\", password = { env = \"EAST\" } }\nregister = {}";
    let registering = house("30s").replace(east, &format!("{east}\n{account}"));
    let (mut world, easts) = world_of(&registering, &[(1, 1), (2, 1)]);
    world.run_for(Duration::from_secs(10));
    assert_eq!(easts[0].registrations().len(), 2, "challenged, and registered");
    the_other_is_asked(world, &easts);
}

fn the_other_is_asked(mut world: World, easts: &[ActorHandle]) {
    easts[1].has_habit(Habit::Silent);
    world.run_for(Duration::from_secs(61));
    easts[0].answers_every_invite_with(503).has_habit(Habit::SaysRetryAfter(300));
    let (hana, west) = (world.user("hana"), world.provider("west"));
    let first = hana.dials(NUMBER);
    world.run_for(Duration::from_secs(3));
    first.hangs_up();
    let states: Vec<_> = states(&world).into_iter().map(|(_, state)| state).collect();
    assert_eq!(states, [TargetState::Resting, TargetState::Down]);
    easts[1].loses_its_habits();
    west.has_habit(Habit::Silent);

    let call = hana.dials(NUMBER);
    world.run_for(Duration::from_secs(6));

    assert!(call.is_up_with(&easts[1]));
    assert_eq!(easts[0].was_called(), 1);
    call.hangs_up();
    world.run_for(Duration::from_secs(2));
    world.finish();
}

/// Two calls are under way to the same place when it asks to be left alone: the second doesn't go there any
/// more, be it to another address of a server or to another server.
#[test]
fn a7_who_asks_during_a_call_to_be_left_alone_is() {
    let two = "[{ uri = \"sip:e0.east.example:5060\", priority = 1 }, \
               { uri = \"sip:e1.east.example:5060\", priority = 2 }]";
    for servers in ["[{ uri = \"sip:east.example\" }]", two] {
        let (mut world, easts) = world("off", &[(1, 1), (2, 1)]);
        world.adopts(&house("off").replace("[{ uri = \"sip:east.example\" }]", servers));
        world.run_for(Duration::from_secs(1));
        easts[0].has_habit(Habit::Silent);
        easts[1].answers_every_invite_with(503).has_habit(Habit::SaysRetryAfter(60));
        let (hana, west) = (world.user("hana"), world.provider("west"));

        let first = hana.dials(NUMBER);
        world.run_for(Duration::from_secs(1));
        let second = hana.dials(NUMBER);
        world.run_for(Duration::from_secs(6));

        assert!(first.is_up_with(&west) && second.is_up_with(&west), "{servers}");
        assert_eq!(easts[1].was_called(), 1, "{servers}");
        world.finish();
    }
}

/// The server that a call is to go to next asks meanwhile to be left alone, as far as it lives: the call goes
/// to somebody else who is there, and to none of its addresses.
#[test]
fn a7_who_asks_meanwhile_to_be_left_alone_is_though_others_of_it_are_down() {
    let (mut world, easts, call) = one_of_a_pair_asks_meanwhile_to_be_left_alone();
    let west = world.provider("west");

    world.run_for(Duration::from_secs(6));

    assert!(call.is_up_with(&west));
    assert_eq!((easts[1].was_called(), easts[2].was_called()), (1, 0));
    world.finish();
}

/// Nobody else answers: what is down of such a server is asked, and is back.
#[test]
fn a7_what_is_down_beside_who_wants_its_rest_is_asked_at_last() {
    let (mut world, easts, call) = one_of_a_pair_asks_meanwhile_to_be_left_alone();
    world.provider("west").has_habit(Habit::Silent);
    easts[2].loses_its_habits();

    world.run_for(Duration::from_secs(9));

    assert!(call.is_up_with(&easts[2]));
    assert_eq!(easts[1].was_called(), 1);
    call.hangs_up();
    world.run_for(Duration::from_secs(2));
    world.finish();
}

/// A call is on its way to a pair of addresses, of which one is down, when another call is told by the other
/// one to leave it alone.
fn one_of_a_pair_asks_meanwhile_to_be_left_alone() -> (World, Vec<ActorHandle>, CallHandle) {
    let (mut world, easts) = world("30s", &[(1, 1), (2, 1), (3, 1)]);
    for ip in ["198.51.100.11", "198.51.100.12"] {
        world.zone().address("pair.east.example", ip.parse().unwrap());
    }
    let two = "[{ uri = \"sip:e0.east.example:5060\", priority = 1 }, \
               { uri = \"sip:pair.east.example:5060\", priority = 2 }]";
    world.adopts(&house("30s").replace("[{ uri = \"sip:east.example\" }]", two));
    easts[2].has_habit(Habit::Silent);
    world.run_for(Duration::from_secs(62));
    let all: Vec<_> = states(&world).into_iter().map(|(_, state)| state).collect();
    assert_eq!(all, [TargetState::Up, TargetState::Up, TargetState::Down]);
    easts[0].has_habit(Habit::Silent);
    easts[1].answers_every_invite_with(503).has_habit(Habit::SaysRetryAfter(60));
    let hana = world.user("hana");

    let first = hana.dials(NUMBER);
    world.run_for(Duration::from_secs(1));
    let second = hana.dials(NUMBER);
    world.run_for(Duration::from_millis(3200));
    first.hangs_up();
    world.run_for(Duration::from_millis(500));
    assert_eq!(easts[1].was_called(), 1);
    (world, easts, second)
}

/// An address answers when the call has gone elsewhere, or is over: what it asks for in its refusal holds.
#[test]
fn a7_who_asks_too_late_to_be_left_alone_is() {
    for is_over in [false, true] {
        let (mut world, easts) = world("off", &[(1, 1)]);
        easts[0].dies();
        let (hana, west) = (world.user("hana"), world.provider("west"));
        let call = hana.dials(NUMBER);
        world.run_for(Duration::from_secs(8));
        assert!(call.is_up_with(&west));
        if is_over {
            call.hangs_up();
            world.run_for(Duration::from_secs(2));
        }

        easts[0].answers_every_invite_with(503).has_habit(Habit::SaysRetryAfter(60));
        easts[0].returns();
        world.run_for(Duration::from_secs(12));

        assert_eq!(states(&world)[0].1, TargetState::Resting);
        call.hangs_up();
        world.run_for(Duration::from_secs(2));
        world.finish();
    }
}

/// DNS ceases to name an address while a call asks it, and it asks to be left alone: named again, it is.
#[test]
fn a7_who_asked_to_be_left_alone_when_dns_named_it_no_more_is() {
    let (mut world, easts) = world("off", &[(1, 1), (2, 1)]);
    easts[0].has_habit(Habit::Silent);
    easts[1].answers_every_invite_with(503).has_habit(Habit::SaysRetryAfter(300));
    world.run_for(Duration::from_millis(58_500));
    world.zone().forgets("e1.east.example");

    let call = world.user("hana").dials(NUMBER);
    world.run_for(Duration::from_secs(1));
    assert_eq!(states(&world).len(), 1);
    world.run_for(Duration::from_secs(2));
    assert_eq!(easts[1].was_called(), 1);
    call.hangs_up();
    world.zone().address("e1.east.example", "198.51.100.11".parse().unwrap());
    world.run_for(Duration::from_secs(62));

    assert_eq!(states(&world)[1].1, TargetState::Resting);
    world.finish();
}

/// With more silent addresses than the time of one server is shared by, the ones that were not reached are
/// asked after everybody else: by usual calls, and by calls for help.
#[test]
fn a7_no_address_is_left_unasked() {
    for number in [NUMBER, "911"] {
        let (mut world, easts) = world("off", &[(1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1)]);
        world.provider("west").has_habit(Habit::Silent);
        for east in &easts[..5] {
            east.has_habit(Habit::Silent);
        }
        let hana = world.user("hana");

        let call = hana.dials(number);
        world.run_for(Duration::from_secs(15));

        assert!(call.is_up_with(&easts[5]), "{number}");
        world.finish();
    }
}

/// Whoever asked to be left alone is not probed either, whatever else becomes of it, and is asked as soon as
/// its time is over; a 503 to a probe that names a time asks for the same.
#[test]
fn a7_whoever_asked_to_be_left_alone_is_not_probed_either() {
    let (mut world, easts) = world("10s", &[(1, 1), (2, 1)]);
    easts[0].has_habit(Habit::AnswersOptionsWith(503)).has_habit(Habit::SaysRetryAfter(120));
    world.captures();
    let probes = |world: &World| {
        let sent = world.captured(&easts[0]);
        let ids = sent.iter().filter(|text| text.starts_with("OPTIONS"));
        let ids = ids.filter_map(|text| text.lines().find(|line| line.starts_with("Call-ID")));
        ids.collect::<std::collections::BTreeSet<_>>().len()
    };
    world.run_for(Duration::from_secs(15));
    assert_eq!((probes(&world), states(&world)[0].1), (1, TargetState::Resting));

    easts[0].loses_its_habits();
    world.run_for(Duration::from_secs(100));
    assert_eq!(probes(&world), 1);

    world.run_for(Duration::from_secs(15));
    assert_eq!((probes(&world), states(&world)[0].1), (2, TargetState::Up));
    world.finish();
}

/// DNS ceases to name an address that is down while it is probed, and names it again: the probe ends in its
/// time, and the next one is not sent before its own.
#[test]
fn a6_an_address_that_dns_names_again_is_probed_in_its_time() {
    let (mut world, easts) = world("107s", &[(1, 1), (2, 1)]);
    easts[1].has_habit(Habit::Silent);
    world.captures();
    world.run_for(Duration::from_secs(116));
    world.zone().forgets("e1.east.example");
    world.run_for(Duration::from_secs(10));
    assert_eq!(states(&world).len(), 1);

    world.zone().address("e1.east.example", "198.51.100.11".parse().unwrap());
    world.run_for(Duration::from_secs(85));

    assert_eq!(states(&world)[1].1, TargetState::Down);
    let sent = world.captured(&easts[1]);
    let ids = sent.iter().filter_map(|text| text.lines().find(|line| line.starts_with("Call-ID")));
    let ids: Vec<_> = ids.collect();
    let last = ids.last().expect("it was probed");
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 4, "three, and one in its time");
    assert_eq!(ids.iter().filter(|id| *id == last).count(), 4, "within four seconds");
    world.finish();
}

/// A name that shows another part of its addresses each time: who was down stays so while it is away.
#[test]
fn pain_12_an_address_that_dns_names_again_stands_as_it_did() {
    let (mut world, easts) = world("30s", &[(1, 1), (2, 1)]);
    easts[0].has_habit(Habit::Silent);
    world.run_for(Duration::from_secs(61));
    assert_eq!(states(&world)[0].1, TargetState::Down);

    world.zone().forgets("e0.east.example");
    world.run_for(Duration::from_secs(65));
    assert_eq!(states(&world).len(), 1);
    world.zone().address("e0.east.example", "198.51.100.10".parse().unwrap());
    world.run_for(Duration::from_secs(62));

    assert_eq!(states(&world)[0].1, TargetState::Down);
    world.finish();
}

/// Among services of one priority calls are spread by weight, drawn anew for each call.
#[test]
fn a5_weights_are_respected() {
    let (mut world, easts) = world("off", &[(1, 75), (1, 25)]);
    let hana = world.user("hana");
    for east in &easts {
        east.answers_every_invite_with(486);
    }

    for _ in 0..400 {
        hana.dials(NUMBER);
        world.run_for(Duration::from_millis(300));
    }

    let first = easts[0].was_called();
    assert_eq!(first + easts[1].was_called(), 400);
    assert!((265..335).contains(&first), "{first} of 400, and three quarters are wanted");
    world.finish();
}

/// A name with four addresses has four standings, each of its own.
#[test]
fn a6_four_addresses_have_four_states() {
    let (mut world, easts) = world("30s", &[(1, 1), (1, 1), (1, 1), (1, 1)]);
    easts[1].has_habit(Habit::Silent);
    easts[2].answers_every_invite_with(503).has_habit(Habit::SaysRetryAfter(300));
    easts[3].has_habit(Habit::Silent);
    let hana = world.user("hana");
    world.run_for(Duration::from_secs(90));
    while easts[2].was_called() == 0 {
        let call = hana.dials(NUMBER);
        world.run_for(Duration::from_secs(3));
        call.hangs_up();
        world.run_for(Duration::from_secs(1));
    }
    easts[3].loses_its_habits();
    world.run_for(Duration::from_secs(45));

    let states: Vec<_> = states(&world).into_iter().map(|(_, state)| state).collect();
    assert_eq!(states[..3], [TargetState::Up, TargetState::Down, TargetState::Resting]);
    assert!(matches!(states[3], TargetState::Probing | TargetState::Returning), "{states:?}");
    world.finish();
}

/// Any final answer to a probe is a sign of life, unless the trunk says that this one is none.
#[test]
fn a6_any_final_answer_is_a_sign_of_life() {
    for status in [404, 405, 481, 483, 500, 503, 603] {
        let (mut world, easts) = world("10s", &[(1, 1)]);
        easts[0].has_habit(Habit::AnswersOptionsWith(status));
        world.run_for(Duration::from_secs(60));
        assert_eq!(states(&world)[0].1, TargetState::Up, "{status}");

        world.adopts(&house("10s").replace("options = \"10s\"", "options = \"10s\", dead_on = [503]"));
        world.run_for(Duration::from_secs(60));
        let expected = if status == 503 { TargetState::Down } else { TargetState::Up };
        assert_eq!(states(&world)[0].1, expected, "{status}");
        world.finish();
    }
}

/// A silent address is down within three times the probe's patience, not three times thirty-two seconds.
#[test]
fn a6_silence_is_found_out_soon() {
    let (mut world, easts) = world("30s", &[(1, 1), (1, 1)]);
    world.run_for(Duration::from_secs(10));
    easts[0].has_habit(Habit::Silent);

    world.run_for(Duration::from_secs(30 + 12 + 1));

    assert_eq!(states(&world)[0].1, TargetState::Down);
    assert_eq!(states(&world)[1].1, TargetState::Up);
    world.finish();
}

/// A data centre that leaves DNS takes calls and probes with it, and the one that comes gets both.
#[test]
fn a6_calls_and_probes_follow_dns() {
    let (mut world, easts) = world("30s", &[(1, 1)]);
    let hana = world.user("hana");
    let moved = world.another_provider("moved", "203.0.113.77:5060");
    world.zone().forgets("e0.east.example").address("e0.east.example", "203.0.113.77".parse().unwrap());
    let before = hana.dials(NUMBER);
    world.run_for(Duration::from_secs(3));
    assert!(before.is_up_with(&easts[0]));
    before.hangs_up();

    world.run_for(Duration::from_secs(70));

    assert_eq!(states(&world), [("udp:203.0.113.77:5060".to_owned(), TargetState::Up)]);
    let after = hana.dials(NUMBER);
    world.run_for(Duration::from_secs(3));
    assert!(after.is_up_with(&moved));
    world.finish();
}

/// An address that comes back takes a growing share of the calls, not all of them at once.
#[test]
fn a6_who_comes_back_takes_a_growing_share() {
    let (mut world, easts) = world("30s", &[(1, 1), (2, 1)]);
    easts[0].has_habit(Habit::Silent);
    world.run_for(Duration::from_secs(60));
    assert_eq!(states(&world)[0].1, TargetState::Down);
    easts[0].loses_its_habits();

    let mut seen = Vec::new();
    for _ in 0..120 {
        world.run_for(Duration::from_secs(1));
        let state = states(&world)[0].1;
        if seen.last() != Some(&state) {
            seen.push(state);
        }
    }

    assert_eq!(seen, [TargetState::Down, TargetState::Probing, TargetState::Returning, TargetState::Up]);
    world.finish();
}

/// With every DNS server gone, calls to names that are known go out at once, long after their time ran out;
/// the trail says since when nothing new was heard.
#[test]
fn d2_a_resolver_that_is_a_black_hole_costs_a_call_nothing() {
    let (mut world, easts) = world("30s", &[(1, 1)]);
    let hana = world.user("hana");
    world.zone().dies();
    world.run_for(Duration::from_secs(3_600));

    let call = hana.dials(NUMBER);
    world.run_for(Duration::from_millis(1_300));

    assert!(call.is_up_with(&easts[0]));
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    let trail = world.records()[0].trail.to_string();
    assert!(trail.contains("DNS has said nothing new since"), "{trail}");
    assert_eq!(world.records()[0].attempts.len(), 1);
    world.zone().returns();
    world.finish();
}

/// A name that nobody could ever look up costs its share of the time, and then the next trunk is called.
#[test]
fn d2_a_name_that_was_never_known_is_given_up_in_time() {
    let mut world = World::with_hosts(seed(), &house("off"), &[("east.example", "198.51.100.10")]);
    world.zone().dies();
    let (hana, west) = (world.user("hana"), world.provider("west"));

    let call = hana.dials(NUMBER);
    world.run_for(Duration::from_millis(5_500));

    assert!(call.is_up_with(&west));
    world.zone().returns();
    world.finish();
}

/// What DNS has denied is not asked again for each call: the call moves on at once.
#[test]
fn d2_what_is_not_there_is_remembered() {
    let mut world = World::with_hosts(seed(), &house("off"), &[]);
    world.run_for(Duration::from_secs(1));
    let (hana, west) = (world.user("hana"), world.provider("west"));

    let call = hana.dials(NUMBER);
    world.run_for(Duration::from_millis(1_300));

    assert!(call.is_up_with(&west));
    assert!(
        world
            .events()
            .iter()
            .any(|event| matches!(event, Event::PeerDown { cause, .. } if cause.starts_with("dns")))
    );
    world.finish();
}

/// An old address is not kept for ever, a failing DNS forgets nothing, and a name without address is a
/// standing of its own.
#[test]
fn pain_12_addresses_are_as_fresh_as_dns_says() {
    let (mut world, _easts) = world("30s", &[(1, 1)]);
    let moved = world.another_provider("moved", "203.0.113.77:5060");
    world.zone().fails();
    world.run_for(Duration::from_secs(600));
    assert_eq!(states(&world), [("udp:198.51.100.10:5060".to_owned(), TargetState::Up)]);

    world.zone().returns();
    world.zone().forgets("e0.east.example").address("e0.east.example", "203.0.113.77".parse().unwrap());
    world.run_for(Duration::from_secs(75));
    let call = world.user("hana").dials(NUMBER);
    world.run_for(Duration::from_secs(3));
    assert!(call.is_up_with(&moved));
    call.hangs_up();

    world.zone().forgets("e0.east.example").forgets("_sip._udp.east.example").forgets("east.example");
    world.run_for(Duration::from_secs(75));
    assert_eq!(states(&world), [(String::new(), TargetState::Dns)]);
    world.finish();
}

/// One name for a pool: calls are spread over its members, and the loss of one loses none.
#[test]
fn req_f02_a_pool_spreads_calls_and_survives_a_member() {
    let (mut world, easts) = world("30s", &[(1, 1), (1, 1)]);
    let hana = world.user("hana");
    world.run_for(Duration::from_secs(5));
    let called = |world: &mut World, count: usize| {
        for _ in 0..count {
            let call = hana.dials(NUMBER);
            world.run_for(Duration::from_secs(5));
            assert!(call.is_up());
            call.hangs_up();
            world.run_for(Duration::from_secs(1));
        }
    };

    called(&mut world, 20);
    assert!(easts.iter().all(|east| east.was_called() > 3));
    easts[0].has_habit(Habit::Silent);
    called(&mut world, 20);

    assert_eq!(world.provider("west").was_called(), 0);
    world.finish();
}

/// A provider with several servers is reached from every one of our interfaces' listeners, and takes calls
/// from each of them.
#[test]
fn req_k08_several_servers_of_one_provider_back_each_other() {
    let two = "servers = [{ uri = \"sip:198.51.100.10:5060\", priority = 1 }, \
               { uri = \"sip:198.51.100.11:5060\", priority = 2 }]";
    let house = TWO_PROVIDERS.replace("servers = [{ uri = \"sip:198.51.100.10:5060\" }]", two);
    let mut world = World::from_toml(seed(), &house);
    let (hana, second) = (world.user("hana"), world.provider("east-2"));
    world.provider("east").has_habit(Habit::Silent);

    let call = hana.dials(NUMBER);
    world.run_for(Duration::from_secs(6));

    assert!(call.is_up_with(&second));
    world.finish();
}

/// A call for help tries even addresses that are known to be dead, and those that asked to be left alone.
#[test]
fn d2_a_call_for_help_tries_what_is_dead_too() {
    let (mut world, easts) = world("30s", &[(1, 1)]);
    let hana = world.user("hana");
    world.provider("west").has_habit(Habit::Silent);
    easts[0].has_habit(Habit::Silent);
    world.run_for(Duration::from_secs(90));
    assert_eq!(states(&world)[0].1, TargetState::Down);
    easts[0].loses_its_habits();

    let call = hana.dials("911");
    world.run_for(Duration::from_secs(6));

    assert!(call.is_up_with(&easts[0]));
    world.finish();
}
