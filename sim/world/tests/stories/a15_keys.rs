//! Key presses between far ends that tell them in different ways.

use std::time::Duration;

use actors::{Habit, Note, PressedBy, Sound};
use world::{ActorHandle, CallHandle, Link, World};

use crate::{TWO_PROVIDERS, seed};

const OUTSIDE: &str = "+1 206 555 0142";
const KEYS: &[u8; 16] = b"0123456789*#ABCD";
/// A thousand of them take minutes; the relay alone is tried with as many.
const STRINGS: u32 = 60;
/// Of a thousand datagrams.
const LOSS: u32 = 20;

/// A phone that tells its keys by INFO, and a trunk that takes events: both hear what the other presses, and
/// the record says what was made of what.
/// Proves: pain 9.
#[test]
fn a15_a_phone_of_info_and_a_trunk_of_events_hear_each_others_keys() {
    let mut world = World::from_toml(seed(), &house("info", "auto"));
    let (call, east) = talking(&mut world, &[]);

    for key in ["1", "2", "2", "#"] {
        call.presses(key);
        world.run_for(Duration::from_millis(100));
    }
    world.run_for(Duration::from_secs(2));
    east.newest().types("90D");
    world.run_for(Duration::from_secs(2));

    assert_eq!(pressed(&east.notes(), PressedBy::Event), "122#");
    assert_eq!(pressed(&east.notes(), PressedBy::Tone), "");
    assert_eq!(told(&call.notes()), "90D");
    assert_eq!(pressed(&call.notes(), PressedBy::Event), "");
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.records()[0].attempts[0].notes, ["key presses between INFO and events"]);
    world.finish();
}

/// A phone that names no events, and a trunk that takes them: what is a tone here is an event there.
#[test]
fn a15_a_phone_of_tones_and_a_trunk_of_events_hear_each_others_keys() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (call, east) = talking(&mut world, &[Habit::NamesNoEvents]);

    call.types("1590*#AD");
    world.run_for(Duration::from_secs(4));
    east.newest().types("44#");
    world.run_for(Duration::from_secs(4));

    assert_eq!(pressed(&east.notes(), PressedBy::Event), "1590*#AD");
    assert_eq!(pressed(&east.notes(), PressedBy::Tone), "");
    assert_eq!(pressed(&call.notes(), PressedBy::Tone), "44#");
    assert_eq!(pressed(&call.notes(), PressedBy::Event), "");
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    world.finish();
}

/// The same when the trunk calls, and through a hold.
#[test]
fn a15_keys_are_heard_by_a_phone_of_tones_that_was_called_and_held() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.with(|profile| profile.habits.push(Habit::NamesNoEvents));
    for actor in [&hana, &east] {
        actor.with(|profile| profile.sound = Sound::Tone(440));
    }
    let call = east.dials("+1 425 555 0100");
    world.run_for(Duration::from_secs(5));

    call.types("12");
    world.run_for(Duration::from_secs(2));
    call.holds();
    world.run_for(Duration::from_secs(2));
    call.resumes();
    world.run_for(Duration::from_secs(2));
    call.types("34");
    hana.newest().types("56");
    world.run_for(Duration::from_secs(3));

    assert_eq!(pressed(&hana.notes(), PressedBy::Tone), "1234");
    assert_eq!(pressed(&call.notes(), PressedBy::Event), "56");
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    world.finish();
}

/// Where nobody is to listen for tones, they cross as they are, and no far end is offered events for others.
#[test]
fn a15_tones_stay_tones_where_a_phone_is_to_have_events_or_nothing() {
    let mut world = World::from_toml(seed(), &house("events", "auto"));
    let (call, east) = talking(&mut world, &[Habit::NamesNoEvents]);

    call.types("159");
    world.run_for(Duration::from_secs(3));

    assert_eq!(pressed(&east.notes(), PressedBy::Tone), "159");
    assert_eq!(pressed(&east.notes(), PressedBy::Event), "");
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    world.finish();
}

/// Strings by INFO over links that lose one packet in fifty: none lost, none doubled.
#[test]
fn a15_strings_by_info_become_events() {
    strings_by_info(&house("info", "auto"), PressedBy::Event);
}

#[test]
fn a15_strings_by_info_become_tones() {
    strings_by_info(&house("info", "inband"), PressedBy::Tone);
}

#[test]
fn a15_strings_of_events_become_info() {
    strings_to_info(&house("info", "auto"));
}

#[test]
fn a15_strings_of_tones_become_info() {
    strings_to_info(&house("info", "inband"));
}

#[test]
fn a15_strings_by_info_stay_info() {
    let mut world = World::from_toml(seed(), &house("info", "info"));
    let (call, east) = talking(&mut world, &[]);
    world.links_all(Link { loss: LOSS, ..Link::default() });
    let wanted = all_strings();
    for key in wanted.chars() {
        press(&mut world, &call, key);
    }
    world.run_for(Duration::from_secs(40));
    assert_eq!(told(&east.notes()), wanted);
    leave(world, &call);
}

fn strings_by_info(house: &str, by: PressedBy) {
    let mut world = World::from_toml(seed(), house);
    let (call, east) = talking(&mut world, &[]);
    world.links_all(Link { loss: LOSS, ..Link::default() });
    let wanted = all_strings();
    for key in wanted.chars() {
        press(&mut world, &call, key);
        world.run_for(Duration::from_millis(200));
    }
    world.run_for(Duration::from_secs(10));
    assert_eq!(pressed(&east.notes(), by), wanted);
    leave(world, &call);
}

fn strings_to_info(house: &str) {
    let mut world = World::from_toml(seed(), house);
    let (call, east) = talking(&mut world, &[]);
    world.links_all(Link { loss: LOSS, ..Link::default() });
    let wanted = all_strings();
    for string in wanted.as_bytes().chunks(4) {
        east.newest().types(std::str::from_utf8(string).unwrap());
        world.run_for(Duration::from_millis(string.len() as u64 * 240));
    }
    world.run_for(Duration::from_secs(40));
    assert_eq!(told(&call.notes()), wanted);
    leave(world, &call);
}

fn leave(mut world: World, call: &CallHandle) {
    world.links_all(Link::default());
    call.hangs_up();
    world.run_for(Duration::from_secs(40));
    world.finish();
}

/// Says one key by INFO, and waits until that is answered.
fn press(world: &mut World, call: &CallHandle, key: char) {
    let answers = |call: &CallHandle| {
        call.notes().iter().filter(|note| matches!(note, Note::Replied { status: 200, .. })).count()
    };
    let before = answers(call);
    call.presses(&key.to_string());
    for _ in 0..400 {
        world.run_for(Duration::from_millis(20));
        if answers(call) > before {
            return;
        }
    }
    panic!("nobody answers an INFO");
}

/// Strings of one to four keys, one after the other.
fn all_strings() -> String {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut below = |limit: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % limit
    };
    let mut all = String::new();
    for _ in 0..STRINGS {
        for _ in 0..=below(4) {
            all.push(char::from(KEYS[below(16) as usize]));
        }
    }
    all
}

/// Hana's phone and the eastern provider, in a call.
fn talking(world: &mut World, habits: &[Habit]) -> (CallHandle, ActorHandle) {
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.with(|profile| {
        profile.sound = Sound::Tone(440);
        profile.habits.extend_from_slice(habits);
    });
    east.with(|profile| profile.sound = Sound::Tone(1_000));
    let call = hana.dials(OUTSIDE);
    world.run_for(Duration::from_secs(5));
    assert!(call.is_up());
    (call, east)
}

fn house(phones: &str, trunks: &str) -> String {
    let trunk = format!("media = {{ dtmf = \"{trunks}\" }}\n");
    TWO_PROVIDERS
        .replace("[system]\n", &format!("[system]\nmedia = {{ dtmf = \"{phones}\" }}\n"))
        .replace("[trunk.east]\n", &format!("[trunk.east]\n{trunk}"))
        .replace("[trunk.west]\n", &format!("[trunk.west]\n{trunk}"))
}

fn pressed(notes: &[Note], wanted: PressedBy) -> String {
    let key = |note: &Note| match note {
        Note::Pressed { key, by } if *by == wanted => Some(*key),
        _ => None,
    };
    notes.iter().filter_map(key).collect()
}

/// The keys of INFO, in their order.
fn told(notes: &[Note]) -> String {
    let key = |note: &Note| match note {
        Note::Told { body } => body.strip_prefix("Signal=")?.chars().next(),
        _ => None,
    };
    notes.iter().filter_map(key).collect()
}
