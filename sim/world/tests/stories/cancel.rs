//! The caller thinks better of it.

use std::time::Duration;

use actors::{Ended, Habit};
use call::Outcome;
use world::World;

use crate::{TWO_PROVIDERS, seed};

#[test]
fn a_caller_who_hangs_up_while_it_rings_cancels_the_call() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.answers_after(Duration::from_secs(8));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(3));
    call.hangs_up();
    world.run_until_quiet();

    assert_eq!(call.ended(), Some(Ended::Cancelled));
    assert_eq!(world.records()[0].outcome, Outcome::Cancelled);
    assert_eq!(east.count(|note| *note == actors::Note::Ended(Ended::Cancelled)), 1);
    world.finish();
}

/// The CANCEL meets the 200 at every moment of its way.
#[test]
fn a_cancel_that_crosses_the_answer_ends_the_call_all_the_same() {
    for after_ms in (1050..1250).step_by(4) {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let (hana, east) = (world.user("hana"), world.provider("east"));

        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_millis(after_ms));
        call.hangs_up();
        world.run_until_quiet();

        assert!(call.ended().is_some(), "after {after_ms} ms");
        assert_eq!((call.is_up(), east.calls_now()), (false, 0), "after {after_ms} ms");
        world.finish();
    }
}

/// The same where the ringing was acknowledged: the BYE to the answer has a number of its own.
#[test]
fn a_cancel_that_crosses_the_answer_of_a_reliable_phone_ends_the_call() {
    for after_ms in (1050..1250).step_by(4) {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        for one in world.everybody() {
            one.has_habit(Habit::Reliable);
        }

        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_millis(after_ms));
        call.hangs_up();
        world.run_until_quiet();

        assert_eq!((call.is_up(), east.calls_now()), (false, 0), "after {after_ms} ms");
        world.finish();
    }
}

#[test]
fn a_callee_that_ignores_the_cancel_is_hung_up_when_it_answers() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::IgnoresCancel).answers_after(Duration::from_secs(5));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(2));
    call.hangs_up();
    world.run_until_quiet();

    assert_eq!(call.ended(), Some(Ended::Cancelled));
    assert_eq!(east.calls_now(), 0);
    world.finish();
}
