//! Far ends that say of no place where they are, and are found by their checks (ICE).

use std::time::Duration;

use actors::Habit;
use world::{ActorHandle, World};

use crate::{TWO_PROVIDERS, seed};

/// A phone behind a NAT that nobody can see through is heard and hears, through a hold and a resume.
#[test]
fn g2_a_phone_that_is_found_by_checks_alone_speaks_with_a_trunk_that_knows_none() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::Checks);
    hana.has_habit(Habit::Muxes);
    world.captures();

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));
    call.holds();
    world.run_for(Duration::from_secs(3));
    call.resumes();
    world.run_for(Duration::from_secs(3));
    let before = (call.packets_heard(), east.legs()[0].packets_heard);
    world.run_for(Duration::from_secs(5));

    assert!(call.is_up_with(&east));
    let after = (call.packets_heard(), east.legs()[0].packets_heard);
    assert!(after.0 > before.0 + 10 && after.1 > before.1 + 10, "{before:?} {after:?}");
    let answered = world.captured(&hana).concat();
    assert!(answered.contains("a=ice-lite") && answered.contains("typ host"), "{answered}");
    let told = world.captured(&east).concat();
    assert!(!told.contains("ice-") && !told.contains("candidate"), "{told}");
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    world.finish();
}

/// An interface may want no checks: such an offer is answered as if nobody knew them.
#[test]
fn g2_an_interface_without_checks_answers_none() {
    let mut world =
        World::from_toml(seed(), &TWO_PROVIDERS.replace("udp = 5060", "udp = 5060\nice = \"off\""));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::Checks);
    world.captures();

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));

    assert!(call.is_up() && east.calls_now() == 1);
    assert!(!world.captured(&hana).concat().contains("ice-"));
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    world.finish();
}

/// Two that only answer would wait for each other. A house that is to be a full agent asks such a trunk, and
/// tells it where to speak; a call in, a hold and calls with whoever knows no checks are as ever.
#[test]
fn g2_a_trunk_that_only_answers_checks_speaks_with_a_house_that_asks() {
    let mut world =
        World::from_toml(seed(), &TWO_PROVIDERS.replace("udp = 5060", "udp = 5060\nice = \"full\""));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::OnlyAnswersChecks);
    world.captures();

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));
    call.holds();
    world.run_for(Duration::from_secs(40));
    call.resumes();
    world.run_for(Duration::from_secs(3));
    let before = (call.packets_heard(), east.legs()[0].packets_heard);
    world.run_for(Duration::from_secs(40));

    assert!(call.is_up_with(&east));
    let after = (call.packets_heard(), east.legs()[0].packets_heard);
    assert!(after.0 > before.0 + 90 && after.1 > before.1 + 90, "{before:?} {after:?}");
    let told = world.captured(&east).concat();
    assert!(told.contains("a=ice-ufrag:") && told.contains("typ host"), "{told}");
    assert!(!told.contains("a=ice-lite"), "{told}");
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    let media = world.records().first().and_then(|record| record.media.as_deref().copied());
    assert!(media.is_some_and(|media| media.callee.withheld == 0 && media.callee.packets_out > 300));
    world.finish();
}

/// It is the house's questions that do it: one that only answers never hears such a trunk.
#[test]
fn g2_a_trunk_that_only_answers_is_not_found_by_a_house_that_does_too() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::OnlyAnswersChecks);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));

    assert!(call.is_up() && east.calls_now() == 1);
    assert_eq!((call.packets_heard(), call.is_up_with(&east)), (0, false));
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    world.finish();
}

/// A page that is closed with its lid: what the trunk says is not sent to where nobody is.
#[test]
fn g3_a_page_that_has_gone_is_sent_nothing_and_the_record_says_so() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::Checks);
    hana.has_habit(Habit::Muxes);
    hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(40));
    assert_eq!(withheld(&world, &east), None, "it goes on as long as it checks");

    hana.dies();
    world.run_for(Duration::from_secs(60));
    east.newest().hangs_up();
    world.run_for(Duration::from_secs(40));

    let withheld = withheld(&world, &east);
    assert!(withheld.is_some_and(|count| (100..=160).contains(&count)), "{withheld:?} in half a minute");
    world.finish();
}

/// A trunk that sent reports dies. Calls go on, and nothing more is sent there; in a call for help it is.
#[test]
fn h6_a_far_end_that_is_dead_is_sent_no_media_but_in_a_call_for_help() {
    for (number, user, is_withheld) in [("+1 206 555 0142", "hana", true), ("911", "lobby", false)] {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let (caller, east) = (world.user(user), world.provider("east"));
        east.has_habit(Habit::OnlyReports);
        let call = caller.dials(number);
        world.run_for(Duration::from_secs(5));
        assert!(call.is_up() && east.calls_now() == 1);

        east.dies();
        world.run_for(Duration::from_secs(120));
        assert!(call.is_up(), "{number}");
        call.hangs_up();
        world.run_for(Duration::from_secs(40));

        let media = world.records()[0].media.as_ref();
        let withheld = media.map(|media| (media.callee.withheld, media.callee.packets_out));
        assert!(withheld.is_some_and(|(count, _)| (count > 200) == is_withheld), "{number}: {withheld:?}");
        assert!(is_withheld || withheld.is_some_and(|(count, sent)| count == 0 && sent > 500));
        world.finish();
    }
}

/// What was not sent to the caller of the call that ended, if it ended.
fn withheld(world: &World, callee: &ActorHandle) -> Option<u64> {
    assert!(callee.was_called() == 1);
    world.records().first().map(|record| record.media.as_ref().map_or(0, |media| media.caller.withheld))
}
