//! A provider that won't is passed over.

use std::time::Duration;

use actors::{Ended, Habit};
use world::World;

use crate::{TWO_PROVIDERS, seed};

#[test]
fn a_failing_provider_is_passed_over() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    east.answers_every_invite_with(503);

    let call = hana.dials("011 82 2 5550 1234");
    world.run_until_quiet();

    assert!(call.is_up_with(&west));
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    let causes: Vec<_> = world.records()[0].attempts.iter().map(|attempt| attempt.sip_code).collect();
    assert_eq!(causes, [Some(503), Some(200)]);
    world.finish();
}

#[test]
fn a_busy_callee_is_not_tried_elsewhere() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    east.answers_every_invite_with(486);

    let call = hana.dials("011 82 2 5550 1234");
    world.run_until_quiet();

    assert_eq!(call.ended(), Some(Ended::Refused(486)));
    assert_eq!(west.was_called(), 0);
    world.finish();
}

#[test]
fn a_silent_provider_is_given_up_after_its_answer_wait() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    east.has_habit(Habit::Silent);

    let call = hana.dials("011 82 2 5550 1234");
    world.run_for(Duration::from_millis(3900));
    assert_eq!(west.was_called(), 0);
    world.run_for(Duration::from_secs(4));

    assert!(call.is_up_with(&west));
    world.finish();
}

#[test]
fn a_provider_that_rings_forever_is_given_up_and_cancelled() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::RingsForever);

    let call = hana.dials("011 82 2 5550 1234");
    world.run_for(Duration::from_secs(60));

    assert!(call.ended().is_some() || call.is_up());
    assert_eq!(east.count(|note| *note == actors::Note::Ended(Ended::Cancelled)), 1);
    world.finish();
}
