//! Faxes and modems: once one is heard, nothing is made of its sound any more.

use std::time::Duration;

use actors::{Deed, Habit, Note, Sound};
use switch::Event;
use world::{CallHandle, Link, World};

use crate::{TWO_PROVIDERS, seed};

/// What a fax answers with, and what only sounds like a voice to whoever listens for faxes.
const ANSWER_TONE: u16 = 2_100;
const VOICE: u16 = 440;

/// Where the tone comes from has G.722 at first and takes G.711 when asked for that alone; both hear each
/// other in it, nothing stands for silence, and the record says so.
#[test]
fn j4_a_fax_that_began_with_g722_is_asked_for_g711() {
    let mut world = World::from_toml(seed(), &house(""));
    world.captures();
    let call = faxes(&mut world, &[Habit::KnowsG711]);
    world.run_for(Duration::from_secs(6));

    let (hana, east) = (world.user("hana"), world.provider("east"));
    let offers: Vec<String> = world.captured(&hana).into_iter().filter(|text| is_offer(text)).collect();
    assert_eq!(offers.len(), 1, "{offers:#?}");
    assert!(offers[0].contains(" RTP/AVP 0 8\r\n"), "{}", offers[0]);
    assert!(offers[0].contains("a=silenceSupp:off - - - -\r\n"), "{}", offers[0]);
    assert!(!offers[0].contains("telephone-event"), "{}", offers[0]);
    let before = (call.packets_heard(), east.newest().packets_heard());
    world.run_for(Duration::from_secs(5));
    assert!(call.packets_heard() > before.0 + 200 && east.newest().packets_heard() > before.1 + 200);
    assert!(east.count(is_tone(ANSWER_TONE)) > 0 && call.notes().iter().any(is_tone(VOICE)));
    assert_eq!(told(&world), ["the caller, user hana: CED"]);
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    let fax = world.records()[0].fax.clone().unwrap();
    assert_eq!(
        (fax.signals, fax.kept, fax.spoilt),
        (vec!["CED from the caller, user hana".to_owned()], true, None)
    );
    world.finish();
}

/// The fax is called, and the one that calls is a trunk.
#[test]
fn j4_a_fax_that_was_called_is_asked_for_g711() {
    let mut world = World::from_toml(seed(), &house(""));
    world.captures();
    let (hana, east) = parties(&world, &[Habit::KnowsG711]);
    let call = east.dials("+1 425 555 0100");
    world.run_for(Duration::from_secs(6));

    let offers: Vec<String> = world.captured(&hana).into_iter().filter(|text| is_offer(text)).collect();
    assert_eq!(offers.len(), 1, "{offers:#?}");
    assert!(call.notes().iter().any(is_tone(ANSWER_TONE)) && hana.count(is_tone(VOICE)) > 0);
    assert_eq!(told(&world), ["the callee, user hana: CED"]);
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    assert!(world.records()[0].fax.as_ref().unwrap().kept);
    world.finish();
}

/// Its answer is lost on its way, and comes half a second later. It speaks G.711 from when it said so first,
/// and is heard all the while (RFC 3264, 5.1).
#[test]
fn j4_who_goes_over_to_g711_is_heard_before_its_answer_is_here() {
    let mut world = World::from_toml(seed(), &house(""));
    world.captures();
    let call = faxes(&mut world, &[Habit::KnowsG711, Habit::LosesItsAnswer]);
    world.run_for(Duration::from_millis(1_200));
    let (hana, east) = (world.user("hana"), world.provider("east"));

    let mut heard = Vec::new();
    for _ in 0..50 {
        world.run_for(Duration::from_millis(100));
        heard.push((east.newest().packets_heard(), call.packets_heard()));
    }

    let offers = world.captured(&hana).into_iter().filter(|text| is_offer(text)).count();
    assert!(offers > 1, "the offer was repeated for want of an answer");
    for pair in heard.windows(2) {
        let (east, hana) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        assert!((4..=6).contains(&east) && (4..=6).contains(&hana), "{heard:?}");
    }
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    assert!(world.records()[0].fax.as_ref().unwrap().kept);
    world.finish();
}

/// Whichever side of the call negotiates once more, no other codec comes back.
#[test]
fn j4_no_other_codec_comes_back_while_a_fax_is_in_the_call() {
    for fax_calls in [true, false] {
        let mut world = World::from_toml(seed(), &house(""));
        world.captures();
        let (hana, east) = parties(&world, &[Habit::KnowsG711]);
        let call = if fax_calls { hana.dials("+1 206 555 0142") } else { east.dials("+1 425 555 0100") };
        world.run_for(Duration::from_secs(6));
        let before = world.captured(&hana).len();
        east.does(Deed::ReInvite);
        world.run_for(Duration::from_secs(3));
        hana.does(Deed::ReInvite);
        world.run_for(Duration::from_secs(3));

        let told: Vec<String> = world.captured(&hana).split_off(before);
        let sounds: Vec<&str> =
            told.iter().map(String::as_str).filter(|text| text.contains("m=audio")).collect();
        assert_eq!(sounds.len(), 2, "an offer and an answer: {told:#?}");
        for sound in sounds {
            assert!(
                sound.contains(" RTP/AVP 0 ") && sound.contains("a=silenceSupp:off - - - -\r\n"),
                "{sound}"
            );
            assert!(!sound.contains("G722") && !sound.contains("opus"), "{sound}");
        }
        call.hangs_up();
        world.run_for(Duration::from_secs(5));
        assert!(world.records()[0].fax.as_ref().unwrap().kept);
        world.finish();
    }
}

/// Who has no G.711 refuses: the call goes on as it was, and both are told why the fax may come to nothing.
#[test]
fn j4_a_side_that_refuses_g711_goes_on_and_the_record_says_so() {
    let mut world = World::from_toml(seed(), &house(""));
    let call = faxes(&mut world, &[]);
    world.run_for(Duration::from_secs(6));

    let east = world.provider("east");
    let before = (call.packets_heard(), east.newest().packets_heard());
    world.run_for(Duration::from_secs(5));
    assert!(call.packets_heard() > before.0 + 200 && east.newest().packets_heard() > before.1 + 200);
    let why = "the caller, user hana, would not speak G.711 alone";
    assert_eq!(told(&world), ["the caller, user hana: CED", why]);
    call.reinvites();
    world.run_for(Duration::from_secs(3));
    assert!(call.is_up());
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    let fax = world.records()[0].fax.clone().unwrap();
    assert_eq!((fax.kept, fax.spoilt.as_deref()), (false, Some(why)));
    world.finish();
}

/// Where a trunk or the phones are to be left as they are, they are asked nothing.
#[test]
fn j4_nobody_is_asked_where_faxes_are_left_as_they_are() {
    let mut world = World::from_toml(seed(), &house(", fax = \"as-it-is\""));
    world.captures();
    let call = faxes(&mut world, &[Habit::KnowsG711]);
    world.run_for(Duration::from_secs(6));

    let hana = world.user("hana");
    assert!(!world.captured(&hana).iter().any(|text| is_offer(text)));
    assert_eq!(told(&world), ["the caller, user hana: CED", "media.fax leaves it as it is"]);
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    world.finish();
}

/// A phone of G.711 whose keys are listened for: nobody is asked anything, and nobody listens any more.
#[test]
fn j4_keys_are_not_listened_for_in_a_fax() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    world.captures();
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.with(|profile| {
        profile.sound = Sound::Tone(ANSWER_TONE);
        profile.habits.push(Habit::NamesNoEvents);
    });
    east.with(|profile| profile.sound = Sound::Tone(VOICE));
    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));

    assert!(!world.captured(&hana).iter().any(|text| is_offer(text)));
    call.types("159");
    world.run_for(Duration::from_secs(3));
    assert!(
        !east.notes().iter().any(|note| matches!(note, Note::Pressed { by: actors::PressedBy::Event, .. }))
    );
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    assert!(world.records()[0].fax.as_ref().unwrap().kept);
    world.finish();
}

/// A voice is no fax.
#[test]
fn j4_who_only_speaks_is_asked_nothing() {
    let mut world = World::from_toml(seed(), &house(""));
    world.captures();
    let (hana, _) = parties(&world, &[Habit::KnowsG711]);
    hana.with(|profile| profile.sound = Sound::Wide(VOICE));
    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(10));

    assert!(!world.captured(&hana).iter().any(|text| is_offer(text)));
    assert_eq!(told(&world), [""; 0]);
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    assert_eq!(world.records()[0].fax, None);
    world.finish();
}

/// Either far end begins a negotiation of its own at any moment around ours, over lines that lose one packet
/// in a hundred: both go through in the end. Where the far end's went first, and both speak G.711 by it
/// before the fax is heard, there is nothing to ask.
#[test]
fn j4_a_negotiation_of_a_far_end_may_cross_ours() {
    let mut kept = 0;
    for (at, by_trunk) in (0..10).flat_map(|at| [(at, false), (at, true)]) {
        let mut world = World::from_toml(seed() + at, &house(""));
        let call = faxes(&mut world, &[Habit::KnowsG711]);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        world.links_all(Link { loss: 10, ..Link::default() });
        world.run_for(Duration::from_millis(900 + 100 * at));
        match by_trunk {
            true => east.does(Deed::ReInvite),
            false => call.reinvites(),
        }
        world.run_for(Duration::from_secs(12));

        assert!(call.is_up() && hana.legs().len() == 1, "{at}");
        let before = (call.packets_heard(), east.newest().packets_heard());
        world.run_for(Duration::from_secs(4));
        let after = (call.packets_heard(), east.newest().packets_heard());
        assert!(after.0 > before.0 + 150 && after.1 > before.1 + 150, "{at} {by_trunk}");
        call.hangs_up();
        world.run_for(Duration::from_secs(5));
        let fax = world.records()[0].fax.clone();
        assert!(fax.as_ref().is_none_or(|fax| fax.kept), "{at} {by_trunk}: {fax:?}");
        kept += usize::from(fax.is_some());
        world.finish();
    }
    assert!(kept >= 10, "{kept}");
}

/// Whoever hangs up while a side is being asked: nothing is left behind.
#[test]
fn j4_a_fax_may_hang_up_at_any_moment() {
    for (at, by_trunk) in (0..30).flat_map(|at| [(at, false), (at, true)]) {
        let mut world = World::from_toml(seed(), &house(""));
        let call = faxes(&mut world, &[Habit::KnowsG711]);
        let east = world.provider("east");
        world.run_for(Duration::from_millis(900 + 20 * at));
        match by_trunk {
            true => east.newest().hangs_up(),
            false => call.hangs_up(),
        }
        world.run_for(Duration::from_secs(40));

        assert_eq!(world.records().len(), 1);
        world.finish();
    }
}

fn parties(world: &World, habits: &[Habit]) -> (world::ActorHandle, world::ActorHandle) {
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.with(|profile| {
        profile.sound = Sound::Wide(ANSWER_TONE);
        profile.habits.extend(habits);
    });
    east.with(|profile| profile.sound = Sound::Tone(VOICE));
    (hana, east)
}

fn faxes(world: &mut World, habits: &[Habit]) -> CallHandle {
    parties(world, habits).0.dials("+1 206 555 0142")
}

fn house(more: &str) -> String {
    let media = format!("media = {{ codecs = [\"pcmu\"], transcode = \"needed\"{more} }}\n");
    TWO_PROVIDERS
        .replace("[trunk.east]\n", &format!("[trunk.east]\n{media}"))
        .replace("[trunk.west]\n", &format!("[trunk.west]\n{media}"))
}

/// Whether a message asks for other media inside of a call.
fn is_offer(message: &str) -> bool {
    let is_inside = message.lines().any(|line| line.starts_with("To:") && line.contains("tag="));
    message.starts_with("INVITE ") && is_inside && message.contains("m=audio")
}

fn is_tone(wanted: u16) -> impl Fn(&Note) -> bool {
    move |note| matches!(note, Note::HeardTone { hertz } if hertz.abs_diff(wanted) <= 5)
}

/// What was told of faxes.
fn told(world: &World) -> Vec<String> {
    let words = |event: &Event| match event {
        Event::FaxHeard { who, signal, .. } => Some(format!("{who}: {signal}")),
        Event::FaxSpoilt { words, .. } => Some(words.clone()),
        _ => None,
    };
    world.events().iter().filter_map(words).collect()
}
