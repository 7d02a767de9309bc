//! Far ends that say of no place where they are, and are found by their checks (ICE).

use std::time::Duration;

use actors::Habit;
use world::World;

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
