//! Calls whose packets are kept because somebody asks for it.

use std::collections::BTreeMap;
use std::time::Duration;

use media::{Excerpted, Side, Way};
use policy::Captured;
use sip_stack::Token;
use switch::{CallView, CaptureWish, Capturing, Command, NoCapture, Reply};
use world::World;

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(5);

fn house(hana: &str, more: &str) -> String {
    let hana = format!("[user.hana]\n{hana}");
    format!("{}\n{more}", TWO_PROVIDERS.replacen("[user.hana]", &hana, 1))
}

fn views(world: &mut World) -> Vec<CallView> {
    match world.commands(Command::Calls { most: 8 }) {
        Some(Reply::Calls(calls)) => calls.calls,
        other => panic!("{other:?}"),
    }
}

/// As an operator does who names a call as the list of calls does.
fn captures(world: &mut World, media: Captured, seconds: u32) -> Capturing {
    let id = views(world).remove(0).id;
    let token = id.rsplit('-').next().and_then(Token::find).unwrap();
    let wish = CaptureWish { media, seconds: Some(seconds) };
    match world.commands(Command::Capture { token, wish }) {
        Some(Reply::Capturing(became)) => became,
        other => panic!("{other:?}"),
    }
}

/// How many packets of each side crossed each way.
fn counted(kept: &[Excerpted]) -> BTreeMap<(Side, bool), usize> {
    let mut counted = BTreeMap::new();
    for one in kept.iter().flat_map(Excerpted::packets) {
        *counted.entry((one.side, one.way == Way::In)).or_default() += 1;
    }
    counted
}

#[test]
fn pain_23_a_call_is_kept_on_both_sides_both_ways_for_as_long_as_was_asked() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let call = world.user("hana").dials("+1 206 555 0142");
    world.run_for(WHILE);
    assert_eq!(world.excerpted(), []);

    let Capturing::Begins { file, seconds } = captures(&mut world, Captured::Headers, 4) else { panic!() };
    world.run_for(WHILE);
    let kept = counted(world.excerpted());
    world.run_for(WHILE);

    assert_eq!(seconds, 4);
    assert_eq!(kept.len(), 4, "{kept:?}");
    assert!(kept.values().all(|count| (15..=25).contains(count)), "{kept:?}");
    assert_eq!(counted(world.excerpted()), kept, "nothing is kept when the time is over");
    let seen = views(&mut world).remove(0).capture.unwrap();
    call.hangs_up();
    world.run_until_quiet();
    let record = world.records().last().unwrap().clone();
    assert_eq!(record.capture, Some(seen.clone()));
    assert_eq!((&*seen.file, seen.media), (&*file, "headers"));
    assert!(file.starts_with("captures/") && file.ends_with(&format!("/{}.pcapng", record.id)), "{file}");
    assert!(world.excerpted().iter().all(|one| file.ends_with(&*one.name)));
    world.finish();
}

/// Of the two parties of a call, the one who allows less decides.
#[test]
fn pain_23_nobody_captures_more_than_both_parties_allow() {
    let of_trunk = |word: &str| format!("[trunk.east]\nmedia = {{ capture = \"{word}\" }}");
    let both = |hana: &str, east: &str| {
        house(&format!("capture = \"{hana}\""), "").replace("[trunk.east]", &of_trunk(east))
    };
    use Captured::{Headers, None as Nothing, Sound};
    for (house, allowed) in [
        (house("", ""), Headers),
        (both("sound", "sound"), Sound),
        (both("sound", "none"), Nothing),
        (both("none", "sound"), Nothing),
        (house("", "[system.media]\ncapture = \"none\"\n"), Nothing),
        (house("", "[system.media]\ncapture = \"sound\"\n"), Headers),
    ] {
        let mut world = World::from_toml(seed(), &house);
        let call = world.user("hana").dials("+1 206 555 0142");
        world.run_for(WHILE);

        for wished in [Headers, Sound] {
            match captures(&mut world, wished, 2) {
                Capturing::Begins { .. } => assert!(wished <= allowed, "{wished:?} of {allowed:?}"),
                became => assert_eq!(became, Capturing::Refused(NoCapture::Rules(allowed)), "{wished:?}"),
            }
        }
        world.run_for(WHILE);

        assert_eq!(world.excerpted().is_empty(), allowed == Nothing);
        call.hangs_up();
        world.run_until_quiet();
        assert_eq!(world.records().last().unwrap().capture.is_some(), allowed != Nothing);
        world.finish();
    }
}

#[test]
fn pain_23_a_call_for_help_is_captured_only_where_that_is_written_down() {
    for (rules, refused) in [
        ("", Some(NoCapture::ForHelp(Captured::None))),
        ("[system.packets]\nemergency = \"headers\"\n", None),
    ] {
        let mut world = World::from_toml(seed(), &house("", rules));
        let call = world.user("hana").dials("911");
        world.run_for(WHILE);

        let became = captures(&mut world, Captured::Headers, 2);
        world.run_for(WHILE);

        match refused {
            Some(why) => assert_eq!(became, Capturing::Refused(why)),
            None => assert!(matches!(became, Capturing::Begins { .. })),
        }
        assert_eq!(world.excerpted().is_empty(), refused.is_some());
        call.hangs_up();
        world.run_until_quiet();
        world.finish();
    }
}

/// Media that went its own way comes back to be captured, and leaves again afterwards.
#[test]
fn pain_23_media_between_far_ends_comes_back_for_as_long_as_it_is_captured() {
    let site = "[site.redmond]\nmedia = { path = \"auto\" }";
    let mut world = World::from_toml(seed(), &TWO_PROVIDERS.replacen("[site.redmond]", site, 1));
    let call = world.user("hana").dials("0101");
    world.run_for(WHILE);
    let path = |world: &mut World| views(world).remove(0).media.unwrap();
    assert_eq!(path(&mut world).path, "direct");

    assert!(matches!(captures(&mut world, Captured::Headers, 8), Capturing::Begins { .. }));
    world.run_for(WHILE);
    let meanwhile = path(&mut world);
    world.run_for(WHILE * 2);

    assert_eq!((meanwhile.path, &*meanwhile.why), ("anchored", "it is captured"));
    assert!(counted(world.excerpted()).len() == 4, "{:?}", counted(world.excerpted()));
    assert_eq!(path(&mut world).path, "direct");
    assert!(call.is_up());
    call.hangs_up();
    world.run_until_quiet();
    world.finish();
}

/// A held call sends nothing, and a transfer makes another call of it: neither harms anything.
#[test]
fn pain_23_a_captured_call_is_held_transferred_and_ended_as_any_other() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let call = world.user("hana").dials("+1 206 555 0142");
    world.run_for(WHILE);
    assert!(matches!(captures(&mut world, Captured::Headers, 600), Capturing::Begins { .. }));
    call.holds();
    world.run_for(WHILE);
    call.resumes();
    world.run_for(WHILE);
    call.transfers_to("0101");
    world.run_for(WHILE * 2);

    assert!(world.excerpted().iter().any(|one| one.is_last));
    let left = views(&mut world);
    assert!(left.iter().all(|call| call.capture.is_none()), "{left:?}");
    world.commands(Command::HangUpAll);
    world.run_until_quiet();
    world.finish();
}
