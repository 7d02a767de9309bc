//! What those hear who wait: on hold, parked, or alone while somebody else is reached.

use std::time::Duration;

use actors::{Deed, Habit, LegId, Note};
use world::{ActorHandle, CallHandle, World};

use crate::{TWO_PROVIDERS, seed};

const MOMENT: Duration = Duration::from_secs(3);

fn up(house: &str) -> (World, CallHandle, ActorHandle, ActorHandle) {
    of(World::from_toml(seed(), house))
}

fn of(mut world: World) -> (World, CallHandle, ActorHandle, ActorHandle) {
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();
    (world, call, hana, east)
}

fn house(media: &str) -> String {
    format!("{TWO_PROVIDERS}\n[system.media]\n{media}\n")
}

/// Packets that both have heard within a while.
fn heard(world: &mut World, call: &CallHandle, other: &ActorHandle) -> (u64, u64) {
    let theirs = || other.legs().last().unwrap().packets_heard;
    let before = (call.packets_heard(), theirs());
    world.run_for(MOMENT);
    (call.packets_heard() - before.0, theirs() - before.1)
}

fn does(world: &mut World, who: &ActorHandle, deed: impl Fn(LegId) -> Deed) {
    who.does(deed);
    world.run_for(MOMENT);
}

pub fn tones(notes: &[Note]) -> Vec<u16> {
    let tone = |note: &Note| match note {
        Note::HeardTone { hertz } => Some(*hertz),
        _ => None,
    };
    notes.iter().filter_map(tone).collect()
}

/// A file of a tone, and its name.
pub fn wav(hertz: u16) -> Vec<u8> {
    let mut sine = sound::Sine::new(16_000, hertz, 8_000);
    let mut file =
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\0\0\0\0".to_vec();
    file.extend((0..16_000).flat_map(|_| sine.next_sample().to_le_bytes()));
    file
}

/// A phone holds the call and sends nothing: whoever waits hears a packet every 20 ms, and the soft tone in
/// it; nobody else does. On resume the two hear each other, and nothing else.
#[test]
fn a17_who_is_held_in_silence_hears_a_soft_tone() {
    let (mut world, call, hana, east) = up(TWO_PROVIDERS);
    does(&mut world, &hana, Deed::HoldInSilence);

    let (at_hana, at_east) = heard(&mut world, &call, &east);
    world.run_for(Duration::from_secs(10));

    assert_eq!(at_hana, 0);
    assert!((149..=151).contains(&at_east), "{at_east} packets");
    assert_eq!(tones(&east.notes()).first(), Some(&440));
    does(&mut world, &hana, Deed::Resume);
    let (at_hana, at_east) = heard(&mut world, &call, &east);
    assert!((14..=16).contains(&at_hana) && (14..=16).contains(&at_east), "{at_hana} and {at_east}");
    call.hangs_up();
    world.run_until_quiet();
    world.finish();
}

/// A phone that sends something of its own to whoever waits is left alone; one that only says that it would
/// is helped out after a second.
#[test]
fn a17_who_plays_music_itself_is_left_alone() {
    for hold in [Deed::Hold as fn(LegId) -> Deed, Deed::HoldByZero] {
        let (mut world, call, hana, east) = up(TWO_PROVIDERS);
        does(&mut world, &hana, hold);
        let (_, at_east) = heard(&mut world, &call, &east);
        assert!((14..=16).contains(&at_east), "{at_east} packets");

        hana.has_habit(Habit::Mute);
        world.run_for(MOMENT);
        let (at_hana, at_east) = heard(&mut world, &call, &east);

        assert_eq!(at_hana, 0);
        assert!((149..=151).contains(&at_east), "{at_east} packets");
        hana.loses_its_habits();
        world.run_for(MOMENT);
        let (_, at_east) = heard(&mut world, &call, &east);
        assert!((14..=16).contains(&at_east), "its own again: {at_east} packets");
        world.finish();
    }
}

/// Two who hold each other hear nothing; nor does anybody where no music is wished, or in a call for help.
#[test]
fn a17_who_holds_and_who_is_not_to_hear_anything_hears_nothing() {
    let (mut world, call, hana, east) = up(TWO_PROVIDERS);
    does(&mut world, &hana, Deed::HoldInSilence);
    does(&mut world, &east, Deed::HoldInSilence);
    assert_eq!(heard(&mut world, &call, &east), (0, 0));
    does(&mut world, &hana, Deed::Resume);
    let (at_hana, at_east) = heard(&mut world, &call, &east);
    assert!((149..=151).contains(&at_hana) && at_east == 0, "{at_hana} and {at_east} packets");
    world.finish();

    for house in [
        house("music = \"off\""),
        TWO_PROVIDERS.replace("[trunk.east]", "[trunk.east]\nmedia = { music = \"off\" }"),
    ] {
        let (mut world, call, hana, east) = up(&house);
        does(&mut world, &hana, Deed::HoldInSilence);
        assert_eq!(heard(&mut world, &call, &east), (0, 0));
        world.finish();
    }

    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("911");
    world.run_until_quiet();
    does(&mut world, &hana, Deed::HoldInSilence);
    assert_eq!(heard(&mut world, &call, &east), (0, 0));
    does(&mut world, &hana, Deed::Resume);
    let (at_hana, at_east) = heard(&mut world, &call, &east);
    assert!(at_hana > 5 && at_east > 5);
    call.hangs_up();
    world.run_until_quiet();
    world.finish();
}

/// A file is heard instead, at a trunk another one than at phones.
#[test]
fn a17_a_file_is_heard_and_a_trunk_has_its_own() {
    let house = house("music = \"sounds/all.wav\"")
        .replace("[trunk.east]", "[trunk.east]\nmedia = { music = \"sounds/east.wav\" }");
    let (all, of_east) = (wav(600), wav(900));
    let sounds: [(&str, &[u8]); 2] = [("sounds/all.wav", &all), ("sounds/east.wav", &of_east)];
    let (mut world, call, hana, east) = of(World::with_sounds(seed(), &house, &sounds));

    does(&mut world, &hana, Deed::HoldInSilence);
    does(&mut world, &hana, Deed::Resume);
    does(&mut world, &east, Deed::HoldInSilence);

    assert_eq!(tones(&east.notes()), [900]);
    assert_eq!(tones(&call.notes()), [600]);
    call.hangs_up();
    world.run_until_quiet();
    world.finish();
}

/// Whoever is parked hears it until somebody takes the call, or it is over.
#[test]
fn req_f46_who_is_parked_hears_music_until_somebody_takes_the_call() {
    let orbit = "[orbit.front]\nnumbers = [\"701\", \"702\"]\n";
    let house = house(&format!("music = \"all.wav\"\n\n{orbit}"));
    let all = wav(600);
    let mut world = World::with_sounds(seed(), &house, &[("all.wav", &all)]);
    let call = world.provider("east").dials("+1 425 555 0101");
    world.run_for(MOMENT);
    let minsu = world.user("minsu");
    minsu.newest().transfers_to("701");
    world.run_for(MOMENT);
    assert_eq!(tones(&call.notes()), [600]);

    let taking = world.user("lobby").dials("701");
    world.run_for(MOMENT);
    let before = (call.packets_heard(), taking.packets_heard());
    world.run_for(MOMENT);

    let (at_caller, at_taker) = (call.packets_heard() - before.0, taking.packets_heard() - before.1);
    assert!((14..=16).contains(&at_caller) && (14..=16).contains(&at_taker), "{at_caller} and {at_taker}");
    taking.hangs_up();
    world.run_until_quiet();
    world.finish();
}

/// A caller is told that it will hear the callee, and then that it rings, and nothing comes: it hears the
/// ringing of its country, until the callee is heard or answers.
#[test]
fn h10_who_was_promised_sound_and_hears_none_hears_it_ring() {
    for (country, pitches) in [("US", [440, 480]), ("GB", [400, 450])] {
        let site = format!("[site.redmond]\ncountry = \"{country}\"");
        let mut world = World::from_toml(seed(), &TWO_PROVIDERS.replace("[site.redmond]", &site));
        let (hana, east) = (world.user("hana"), world.provider("east"));
        east.has_habit(Habit::SilentEarly).answers_after(Duration::from_secs(12));
        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_millis(900));
        assert_eq!((call.progress(), call.packets_heard()), (vec![183, 180], 0));

        world.run_for(Duration::from_secs(6));

        let heard = tones(&call.notes());
        assert!(
            !heard.is_empty() && heard.iter().all(|hertz| pitches.contains(hertz)),
            "{country}: {heard:?}"
        );
        let before = call.packets_heard();
        assert!((240..=300).contains(&before), "{before} packets");
        world.run_for(Duration::from_secs(7));
        assert!(call.is_up_with(&east));
        let before = call.packets_heard();
        world.run_for(MOMENT);
        assert!((14..=16).contains(&(call.packets_heard() - before)), "the callee alone is heard");
        world.finish();
    }
}

/// Whoever transfers leaves, and the new phone rings: the party that waits hears that, and then who answers.
#[test]
fn h10_who_is_transferred_hears_the_new_phone_ring() {
    let mut world = World::from_toml(seed(), &house("music = \"off\""));
    let call = world.provider("east").dials("+1 425 555 0101");
    world.run_for(MOMENT);
    let (minsu, hana) = (world.user("minsu"), world.user("hana"));
    hana.answers_after(Duration::from_secs(9));
    let transferor = minsu.newest();
    transferor.transfers_to("0100");
    world.run_for(Duration::from_millis(300));
    transferor.hangs_up();

    world.run_for(Duration::from_secs(5));

    let heard = tones(&call.notes());
    assert!(!heard.is_empty() && heard.iter().all(|hertz| [440, 480].contains(hertz)), "{heard:?}");
    world.run_for(Duration::from_secs(8));
    let before = call.packets_heard();
    world.run_for(MOMENT);
    assert!((14..=16).contains(&(call.packets_heard() - before)), "hana alone is heard");
    assert!(hana.newest().is_up());
    call.hangs_up();
    world.run_until_quiet();
    world.finish();
}
