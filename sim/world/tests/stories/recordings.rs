//! Calls that are recorded.

use std::time::Duration;

use actors::Deed;
use media::Side;
use world::{ActorHandle, World};

use crate::music::tones;
use crate::{TWO_PROVIDERS, seed};

const MOMENT: Duration = Duration::from_secs(3);
const NOTICE: u16 = 1_400;

fn house(hana: &str, more: &str) -> String {
    let hana = format!("[user.hana]\n{hana}");
    format!("{}\n{more}", TWO_PROVIDERS.replacen("[user.hana]", &hana, 1))
}

/// Packets of each side that were copied until now.
fn taped(world: &World) -> [usize; 2] {
    let of = |side| {
        let all = world.taped().iter().flat_map(|taped| taped.packets());
        all.filter(|(_, one, _)| *one == side).count()
    };
    [of(Side::Caller), of(Side::Callee)]
}

pub fn asks(who: &ActorHandle, wish: &'static str) {
    who.does(|leg| Deed::Say {
        leg: Some(leg),
        method: "INFO",
        headers: vec![("Record".to_owned(), wish.to_owned())],
        body: None,
    });
}

/// Both sides are copied from the answer on, both hear the notice before anything else, and the record names
/// the file.
#[test]
fn who_is_recorded_is_told_so_and_both_sides_are_heard() {
    let mut world = World::from_toml(seed(), &house("record = \"always\"", ""));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_for(MOMENT);

    assert!(call.is_up_with(&east));
    assert_eq!([tones(&call.notes()), tones(&east.notes())], [vec![NOTICE], vec![NOTICE]]);
    let heard = call.packets_heard();
    world.run_for(MOMENT);
    assert!((14..=16).contains(&(call.packets_heard() - heard)), "the callee is heard after the notice");
    call.hangs_up();
    world.run_until_quiet();

    let [caller, callee] = taped(&world);
    assert!(caller > 20 && callee > 20, "{caller} and {callee} packets");
    let record = world.records().last().unwrap().clone();
    let recording = record.recording.unwrap();
    assert!(recording.file.starts_with("recordings/") && recording.file.ends_with(".wav"), "{recording:?}");
    assert!(recording.file.contains(&record.id) && !recording.unheard, "{recording:?}");
    assert!(world.taped().iter().all(|taped| recording.file.contains(&*taped.name)));
    world.finish();
}

/// Where either party is never recorded, the call is not; nor is a call of whom nobody has said anything.
#[test]
fn who_is_never_recorded_is_not_recorded_with_anybody() {
    let never = "[trunk.east]\nmedia = { record = \"never\" }";
    for house in [
        house("record = \"always\"", "").replace("[trunk.east]", never),
        house("record = \"never\"", "[system.media]\nrecord = \"always\"\n"),
        house("", ""),
    ] {
        let mut world = World::from_toml(seed(), &house);
        let call = world.user("hana").dials("+1 206 555 0142");
        world.run_for(MOMENT);
        asks(&world.user("hana"), "on");
        world.run_for(MOMENT);

        assert!(call.is_up() && tones(&call.notes()).is_empty());
        assert_eq!(taped(&world), [0, 0]);
        call.hangs_up();
        world.run_until_quiet();
        assert_eq!(world.records().last().unwrap().recording, None);
        world.finish();
    }
}

/// A phone asks for it, pauses it and goes on; the far end of a trunk cannot.
#[test]
fn a_phone_starts_pauses_and_resumes_a_recording() {
    let mut world = World::from_toml(seed(), &house("record = \"on-demand\"", ""));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_for(MOMENT);
    asks(&east, "on");
    world.run_for(MOMENT);
    assert_eq!((taped(&world), tones(&east.notes())), ([0, 0], vec![]));

    asks(&hana, "on");
    world.run_for(MOMENT);
    let running = taped(&world);
    asks(&hana, "off");
    world.run_for(MOMENT);
    let paused = taped(&world);
    world.run_for(MOMENT);
    let still = taped(&world);
    asks(&hana, "on");
    world.run_for(MOMENT);
    call.hangs_up();
    world.run_until_quiet();
    let after = taped(&world);

    assert_eq!(tones(&east.notes()), [NOTICE]);
    assert!(running[0] > 5 && running[1] > 5, "{running:?}");
    assert!(still[0] <= paused[0] + 1 && still[1] <= paused[1] + 1, "{paused:?}, then {still:?}");
    assert!(after[0] > still[0] + 10 && after[1] > still[1] + 10, "{still:?}, then {after:?}");
    assert_eq!(world.records().last().unwrap().recording.as_ref().unwrap().pauses, 1);
    world.finish();
}

/// A call for help is recorded where that is wished, and nobody in it hears a notice.
#[test]
fn a_call_for_help_is_recorded_without_a_sound() {
    let mut world = World::from_toml(seed(), &house("record = \"always\"", ""));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("911");
    world.run_for(MOMENT);

    assert!(call.is_up_with(&east));
    assert!(tones(&call.notes()).is_empty() && tones(&east.notes()).is_empty());
    assert!(call.packets_heard() > 5, "{} packets", call.packets_heard());
    call.hangs_up();
    world.run_until_quiet();
    let [caller, callee] = taped(&world);
    assert!(caller > 5 && callee > 5, "{caller} and {callee} packets");
    world.finish();
}

/// What it is written as is said by its name, in the record and to who writes it.
#[test]
fn a_recording_is_named_for_what_it_is_written_as() {
    for (format, end) in [("", ".wav"), ("format = \"wav\"", ".wav"), ("format = \"opus\"", ".opus")] {
        let rules = format!("[system.recording]\n{format}\n");
        let mut world = World::from_toml(seed(), &house("record = \"always\"", &rules));
        let call = world.user("hana").dials("+1 206 555 0142");
        world.run_for(MOMENT);
        call.hangs_up();
        world.run_until_quiet();

        let recording = world.records().last().unwrap().recording.clone().unwrap();
        assert!(recording.file.ends_with(end), "{recording:?}");
        assert!(world.taped().iter().all(|taped| recording.file == format!("recordings/{}", taped.name)));
        assert!(!world.taped().is_empty());
        world.finish();
    }
}

/// The notice may be a file, or nothing.
#[test]
fn the_notice_is_what_is_written() {
    let file = crate::music::wav(600);
    for (notice, hertz) in [("notice.wav", vec![600]), ("off", vec![])] {
        let rules = format!("[system.recording]\nnotice = \"{notice}\"\n");
        let house = house("record = \"always\"", &rules);
        let mut world = World::with_sounds(seed(), &house, &[("notice.wav", &file)]);
        let call = world.user("hana").dials("+1 206 555 0142");
        world.run_for(MOMENT);

        let mut heard = tones(&call.notes());
        heard.dedup();
        assert_eq!(heard, hertz, "{notice}");
        call.hangs_up();
        world.run_until_quiet();
        world.finish();
    }
}
