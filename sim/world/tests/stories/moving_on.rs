//! When a call moves on to the next provider, and when it does not.

use std::time::Duration;

use actors::{Ended, Habit, Note};
use call::Event;
use policy::Standing;
use world::World;

use crate::{TWO_PROVIDERS, seed};

const NUMBER: &str = "011 82 2 5550 1234";
const TABLE: &str = include_str!("moves_on.tsv");

/// Every final status with what the table says of it: nothing before it, after 180, after 183.
fn rows() -> Vec<(u16, [String; 3])> {
    let mut rows = Vec::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let (first, last) = columns[0].split_once('-').unwrap_or((columns[0], columns[0]));
        for status in first.parse::<u16>().unwrap()..=last.parse().unwrap() {
            let said = |column: usize| match columns[column] {
                "same" => status.to_string(),
                other => other.to_owned(),
            };
            rows.push((status, [said(1), said(2), said(3)]));
        }
    }
    rows
}

/// East refuses each call with the next status of the table; what became of the calls.
fn outcomes(house: &str, before: Option<Habit>, refusing: fn(u16) -> Habit) -> Vec<String> {
    // Far ends remember every call: a few worlds are faster than one.
    rows().chunks(40).flat_map(|rows| outcomes_of(rows, house, before, refusing)).collect()
}

fn outcomes_of(
    rows: &[(u16, [String; 3])],
    house: &str,
    before: Option<Habit>,
    refusing: fn(u16) -> Habit,
) -> Vec<String> {
    let mut world = World::from_toml(seed(), house);
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    west.has_habit(Habit::NoRinging).answers_after(Duration::from_millis(50));
    let mut found = Vec::new();
    for (status, _) in rows {
        east.loses_its_habits().answers_after(Duration::from_millis(200));
        east.with(|profile| profile.habits.extend(before.into_iter().chain([refusing(*status)])));
        let call = hana.dials(NUMBER);
        world.run_for(Duration::from_secs(1));
        found.push(match call.ended() {
            Some(Ended::Refused(status)) => status.to_string(),
            Some(Ended::Cancelled) => "487".to_owned(),
            None if call.is_up_with(&west) => "west".to_owned(),
            other => format!("{other:?}"),
        });
        call.hangs_up();
        world.run_for(Duration::from_millis(200));
    }
    world.finish();
    found
}

fn compare(column: usize, found: &[String]) {
    let rows = rows();
    assert_eq!(rows.len(), 400);
    for ((status, expected), found) in rows.iter().zip(found) {
        assert_eq!(&expected[column], found, "{status}, column {column}");
    }
}

/// All final codes, nothing heard before: the table says which of them move on.
#[test]
fn a7_every_code_before_ringing() {
    compare(0, &outcomes(TWO_PROVIDERS, None, Habit::RefusesWith));
}

/// All final codes after 180: none moves on.
#[test]
fn a7_every_code_after_180() {
    compare(1, &outcomes(TWO_PROVIDERS, None, Habit::RefusesAfterRinging));
}

/// All final codes after 183 with early media: none moves on.
#[test]
fn a7_every_code_after_early_media() {
    compare(2, &outcomes(TWO_PROVIDERS, Some(Habit::EarlyMedia), Habit::RefusesAfterRinging));
}

/// Where the trunk says so, what moves on before ringing moves on after it too.
#[test]
fn a7_after_ringing_too_where_the_trunk_says_so() {
    let house = TWO_PROVIDERS.replace("ring_wait = \"15s\"", "ring_wait = \"15s\", after_ringing = true");

    compare(0, &outcomes(&house, None, Habit::RefusesAfterRinging));
}

/// 503 with Retry-After takes the provider out for that time, and no longer; the trail says until when.
#[test]
fn a7_a_503_with_retry_after_rests_the_provider_for_that_time() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    east.answers_every_invite_with(503).has_habit(Habit::SaysRetryAfter(60));
    let calls = |world: &mut World, count: usize| {
        for _ in 0..count {
            let call = hana.dials(NUMBER);
            world.run_for(Duration::from_secs(3));
            assert!(call.is_up());
            call.hangs_up();
            world.run_for(Duration::from_secs(2));
        }
    };

    calls(&mut world, 3);
    assert_eq!((east.was_called(), west.was_called()), (1, 3));
    assert!(world.events().iter().any(|event| matches!(event, Event::PeerRests { .. })));
    let trail = world.records()[1].trail.to_string();
    assert!(trail.contains("✘ east") && trail.contains("resting until"), "{trail}");

    east.loses_its_habits();
    world.run_for(Duration::from_secs(60));
    calls(&mut world, 1);
    assert_eq!((east.was_called(), west.was_called()), (2, 3));
    world.finish();
}

/// A provider that wants to rest for a day rests as long as the trunk allows; a 503 without Retry-After rests
/// nobody.
#[test]
fn a7_a_rest_is_bounded() {
    let house = TWO_PROVIDERS.replace("options = \"off\"", "options = \"off\", rest_max = \"30s\"");
    let mut world = World::from_toml(seed(), &house);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let rests = |world: &World| world.records().last().unwrap().facts.standings.clone();
    for (second, habits) in [(false, vec![]), (true, vec![Habit::SaysRetryAfter(86_400)])] {
        east.loses_its_habits().answers_every_invite_with(503);
        east.with(|profile| profile.habits.extend(habits));
        for _ in 0..2 {
            let call = hana.dials(NUMBER);
            world.run_for(Duration::from_secs(3));
            call.hangs_up();
            world.run_for(Duration::from_secs(2));
        }
        assert_eq!(!rests(&world).is_empty(), second);
    }
    let facts = rests(&world);
    let standing = &facts.of(policy::ServerId(0)).unwrap().addresses[0].standing;
    assert!(matches!(standing, Standing::Resting { .. }));

    world.run_for(Duration::from_secs(31));
    assert_eq!(world.view().trunks[0].targets[0].state, switch::TargetState::NotProbed);
    world.finish();
}

/// The time to set up a call is one for all its providers: when it is over, the caller hears so.
#[test]
fn a7_the_budget_ends_the_call() {
    let house = TWO_PROVIDERS.replace("ring_wait = \"15s\"", "ring_wait = \"15s\", budget = \"6s\"");
    let mut world = World::from_toml(seed(), &house);
    let (hana, west) = (world.user("hana"), world.provider("west"));
    world.provider("east").has_habit(Habit::Silent);
    west.has_habit(Habit::RingsForever);

    let call = hana.dials(NUMBER);
    world.run_for(Duration::from_millis(5_900));
    assert_eq!(call.ended(), None);
    world.run_for(Duration::from_millis(300));

    assert_eq!(call.ended(), Some(Ended::Refused(408)));
    assert_eq!(west.count(|note| *note == Note::Ended(Ended::Cancelled)), 1);
    world.finish();
}

/// Who answers after the call has moved on is acknowledged and hung up, and the call stays where it is.
#[test]
fn a7_a_late_answer_is_acknowledged_and_hung_up() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    east.has_habit(Habit::NoRinging).answers_after(Duration::from_millis(200));
    let far = world::Link { latency: Duration::from_millis(2_100), ..world::Link::default() };
    world.links(&east, far);

    let call = hana.dials(NUMBER);
    world.run_for(Duration::from_secs(30));

    assert!(call.is_up_with(&west));
    assert_eq!(east.count(|note| *note == Note::Answered), 1);
    assert_eq!(east.calls_now(), 0);
    world.finish();
}

/// Each attempt is a dialog of its own: no Call-ID is used twice.
#[test]
fn a7_each_attempt_is_a_fresh_dialog() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    world.provider("east").answers_every_invite_with(500);

    let call = world.user("hana").dials(NUMBER);
    world.run_until_quiet();
    call.hangs_up();
    world.run_for(Duration::from_secs(5));

    let record = &world.records()[0];
    let ids: std::collections::BTreeSet<_> = record.attempts.iter().map(|one| &one.call_id).collect();
    assert_eq!((record.attempts.len(), ids.len()), (2, 2));
    world.finish();
}

/// What speaks for the callee is not tried elsewhere, what speaks for the provider is, and both lists can be
/// changed.
#[test]
fn pain_11_a_busy_callee_is_rung_once_and_a_sick_provider_is_left() {
    let never = TWO_PROVIDERS.replace("ring_wait = \"15s\"", "ring_wait = \"15s\", never_on = [503]");
    let on_404 = TWO_PROVIDERS.replace("ring_wait = \"15s\"", "ring_wait = \"15s\", on = [404]");
    let cases = [
        (TWO_PROVIDERS, 486, 0),
        (TWO_PROVIDERS, 603, 0),
        (TWO_PROVIDERS, 404, 0),
        (TWO_PROVIDERS, 503, 1),
        (&never, 503, 0),
        (&never, 500, 1),
        (&on_404, 404, 1),
        (&on_404, 503, 0),
    ];
    for (house, status, called) in cases {
        let mut world = World::from_toml(seed(), house);
        let (hana, west) = (world.user("hana"), world.provider("west"));
        world.provider("east").answers_every_invite_with(status);

        hana.dials(NUMBER);
        world.run_until_quiet();

        assert_eq!(west.was_called(), called, "{status}");
        world.finish();
    }
}

/// No sign of processing in time: the next trunk, and the caller hears no break; a sign of it keeps the call.
#[test]
fn req_f08_the_next_trunk_when_nothing_is_heard_in_time() {
    let house = TWO_PROVIDERS.replace("answer_wait = \"4s\"", "answer_wait = \"10s\"");
    for (habit, to_west) in [(Habit::Silent, true), (Habit::RingsForever, false)] {
        let mut world = World::from_toml(seed(), &house);
        let (hana, west) = (world.user("hana"), world.provider("west"));
        world.provider("east").has_habit(habit);

        let call = hana.dials(NUMBER);
        world.run_for(Duration::from_millis(9_900));
        assert_eq!((west.was_called(), call.ended()), (0, None));
        world.run_for(Duration::from_secs(3));

        assert_eq!((west.was_called() == 1, call.ended()), (to_west, None));
        world.finish();
    }
}

/// A trunk's table turns a status, a Q.850 cause or both into another status: for failover, and for what the
/// caller hears. The first row that fits counts.
#[test]
fn req_f09_answers_are_taken_for_others() {
    let rules = "responses = [{ status = 404, q850 = 3, becomes = 503 }, { q850 = 21, becomes = 480 }, \
                 { status = 404, becomes = 486 }, { status = 404, becomes = 600 }]\n";
    let house = TWO_PROVIDERS.replace("[trunk.west]", &format!("{rules}\n[trunk.west]"));
    let cases =
        [(404, Some(3), None), (403, Some(21), Some(480)), (404, None, Some(486)), (403, None, Some(403))];
    for (status, cause, heard) in cases {
        let mut world = World::from_toml(seed(), &house);
        let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
        east.answers_every_invite_with(status);
        east.with(|profile| profile.habits.extend(cause.map(Habit::SaysCause)));

        let call = hana.dials(NUMBER);
        world.run_until_quiet();

        match heard {
            Some(heard) => assert_eq!(call.ended(), Some(Ended::Refused(heard)), "{status} {cause:?}"),
            None => assert!(call.is_up_with(&west), "{status} {cause:?}"),
        }
        world.finish();
    }
}
