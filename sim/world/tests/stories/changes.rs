//! Calls that change while they are up.

use std::time::Duration;

use actors::{Deed, Habit, Note};
use world::{CallHandle, World};

use crate::{TWO_PROVIDERS, seed};

fn changes_of(call: &CallHandle) -> usize {
    call.notes().iter().filter(|note| **note == Note::Renegotiated).count()
}

#[test]
fn a_reinvite_and_an_update_are_carried_across() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    call.reinvites();
    world.run_until_quiet();
    call.updates();
    world.run_until_quiet();
    east.does(Deed::ReInvite);
    world.run_until_quiet();

    assert_eq!(changes_of(&call), 3);
    assert_eq!(east.count(|note| *note == Note::Renegotiated), 3);
    assert!(call.is_up_with(&east));
    world.finish();
}

#[test]
fn on_hold_nothing_is_heard_and_after_it_again() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    call.holds();
    world.run_for(Duration::from_secs(2));
    let before = call.packets_heard();
    world.run_for(Duration::from_secs(5));
    assert_eq!(call.packets_heard(), before);

    call.resumes();
    world.run_for(Duration::from_secs(2));
    assert!(call.packets_heard() > before);
    assert!(call.is_up_with(&east));
    world.finish();
}

#[test]
fn reinvites_from_both_sides_at_once_are_both_carried_in_the_end() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    call.reinvites();
    east.does(Deed::ReInvite);
    world.run_until_quiet();

    assert_eq!(changes_of(&call), 2);
    assert!(call.is_up_with(&east));
    world.finish();
}

#[test]
fn a_change_that_the_other_side_refuses_leaves_the_call_as_it_was() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::RefusesChanges);
    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    call.reinvites();
    world.run_until_quiet();

    assert!(call.notes().contains(&Note::Declined { method: "INVITE".to_owned(), status: 488 }));
    let before = call.packets_heard();
    world.run_for(Duration::from_secs(2));
    assert!(call.is_up() && call.packets_heard() > before);
    world.finish();
}

#[test]
fn a_pressed_digit_is_carried_across() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    call.presses("7");
    world.run_until_quiet();

    assert_eq!(east.count(|note| matches!(note, Note::Told { body } if body.contains("Signal=7"))), 1);
    world.finish();
}

#[test]
fn an_update_that_is_answered_after_the_end_is_let_be() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    call.updates();
    world.run_for(Duration::from_millis(8));
    call.hangs_up();
    world.run_until_quiet();

    assert_eq!(east.calls_now(), 0);
    world.finish();
}
