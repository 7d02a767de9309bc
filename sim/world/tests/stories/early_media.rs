//! Sound before the answer, and answers by more than one.

use std::time::Duration;

use actors::Habit;
use world::World;

use crate::{TWO_PROVIDERS, seed};

#[test]
fn early_media_is_heard_before_the_answer() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::EarlyMedia).answers_after(Duration::from_secs(5));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(3));

    assert_eq!(call.progress(), [183]);
    assert!(call.packets_heard() > 0 && !call.is_up());
    world.run_until_quiet();
    assert!(call.is_up_with(&east));
    world.finish();
}

#[test]
fn of_two_answers_one_is_taken_and_the_other_ended() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::AnswersTwice);

    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    assert!(call.is_up());
    assert_eq!(east.calls_now(), 1);
    world.finish();
}

#[test]
fn a_callee_that_changes_its_tag_between_ringing_and_answer_is_reached() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::ChangesTags);

    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    assert!(call.is_up_with(&east));
    world.finish();
}
