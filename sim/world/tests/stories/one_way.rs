//! A party that is not heard is told of while the call goes on, with the likeliest cause.

use std::time::Duration;

use actors::Habit;
use switch::{Command, Event, Reply};
use world::World;

use crate::{TWO_PROVIDERS, seed};

const SECOND: Duration = Duration::from_secs(1);

/// Who was missed, with the code of the cause, and who was heard again.
fn told(world: &World) -> Vec<String> {
    let words = |event: &Event| match event {
        Event::PartyMissed { who, code, .. } => Some(format!("{who}: {code}")),
        Event::PartyHeard { who, .. } => Some(format!("{who} is heard")),
        _ => None,
    };
    world.events().iter().filter_map(words).collect()
}

/// Who is missed now, as the live call shows it.
fn missed(world: &mut World) -> Vec<String> {
    let Some(Reply::Calls(live)) = world.commands(Command::Calls { most: 9 }) else { panic!("no calls") };
    live.calls.into_iter().flat_map(|call| call.missed).collect()
}

/// A provider that never sends anything: within three seconds of its answer it is known who is missed, and
/// why.
/// Proves: pain 4.
#[test]
fn h8_a_party_that_is_never_heard_is_missed_within_three_seconds() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::Mute);
    let call = hana.dials("+1 206 555 0142");
    let rings = (0..100).take_while(|_| {
        world.run_for(SECOND / 10);
        !call.is_up()
    });
    assert!(rings.count() < 100);

    world.run_for(2 * SECOND);
    assert_eq!(told(&world), Vec::<String>::new());
    world.run_for(SECOND);
    assert_eq!(told(&world), ["the callee, trunk east: TD-E401"]);
    world.run_for(60 * SECOND);
    assert_eq!(told(&world).len(), 1, "once is enough");

    call.hangs_up();
    world.run_for(2 * SECOND);
    let record = &world.records()[0];
    assert_eq!((record.verdict.as_str(), record.missed.len()), ("TD-E001", 1));
    let missed = &record.missed[0];
    assert_eq!((missed.code, missed.trunk.as_deref(), missed.until), ("TD-E401", Some("east"), None));
    world.finish();
}

/// A party that stops in mid-call is missed as one that was heard; whoever speaks again is missed no more.
#[test]
fn h8_a_party_that_stops_is_missed_until_it_is_heard_again() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_for(10 * SECOND);
    assert!(call.is_up_with(&east) && told(&world).is_empty(), "{:?}", told(&world));

    hana.has_habit(Habit::Mute);
    world.run_for(3 * SECOND);
    assert_eq!(told(&world), ["the caller, user hana: TD-E406"]);

    hana.loses_its_habits();
    world.run_for(4 * SECOND);
    assert_eq!(told(&world)[1..], ["the caller, user hana is heard"]);
    call.hangs_up();
    world.run_for(2 * SECOND);
    let missed = &world.records()[0].missed;
    assert!(missed.len() == 1 && missed[0].until.is_some(), "{missed:?}");
    world.finish();
}

/// Whoever holds, or is held, need not be heard.
#[test]
fn h8_nobody_is_missed_on_hold() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_for(5 * SECOND);
    call.holds();
    world.run_for(SECOND);
    hana.has_habit(Habit::Mute);
    east.has_habit(Habit::Mute);

    world.run_for(60 * SECOND);

    assert!(told(&world).is_empty() && call.is_up(), "{:?}", told(&world));
    call.hangs_up();
    world.run_for(2 * SECOND);
    world.finish();
}

/// Whoever was missed is not missed any more once the call is held, and is again after that.
#[test]
fn h8_whoever_is_missed_is_not_while_the_call_is_held() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_for(5 * SECOND);
    east.has_habit(Habit::Mute);
    world.run_for(4 * SECOND);
    let words = "the callee, trunk east: TD-E406, this party was heard, and is not heard any more";
    assert_eq!(missed(&mut world), [words]);

    call.holds();
    world.run_for(10 * SECOND);
    assert_eq!(missed(&mut world), Vec::<String>::new());

    call.resumes();
    world.run_for(10 * SECOND);
    assert_eq!(missed(&mut world).len(), 1);
    call.hangs_up();
    world.run_for(2 * SECOND);
    assert_eq!(world.records()[0].missed.len(), 2);
    world.finish();
}

/// A call for help is told of as any, and goes on.
#[test]
fn h8_a_call_for_help_that_nobody_hears_goes_on() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let lobby = world.user("lobby");
    let help = lobby.dials("911");
    world.run_for(5 * SECOND);
    lobby.has_habit(Habit::Mute);

    world.run_for(60 * SECOND);

    assert!(help.is_up());
    assert!(told(&world)[0].ends_with(": TD-E406"), "{:?}", told(&world));
    help.hangs_up();
    world.run_for(2 * SECOND);
    world.finish();
}

/// A phone whose voice comes and goes is told of a few times, and then no more.
#[test]
fn h8_whoever_comes_and_goes_is_told_of_a_few_times() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let hana = world.user("hana");
    let call = hana.dials("+1 206 555 0142");
    for _ in 0..20 {
        world.run_for(4 * SECOND);
        hana.has_habit(Habit::Mute);
        world.run_for(12 * SECOND);
        hana.loses_its_habits();
    }
    world.run_for(4 * SECOND);

    let alarms = told(&world).iter().filter(|words| words.contains("TD-E406")).count();
    assert_eq!(alarms, 6);
    call.hangs_up();
    world.run_for(2 * SECOND);
    let missed = &world.records()[0].missed;
    assert!(missed.len() == 6 && missed.iter().all(|missed| missed.until.is_some()), "{missed:?}");
    world.finish();
}
