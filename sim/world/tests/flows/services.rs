//! RFC 5359: the services of a telephone system.

use std::time::Duration;

use actors::{Ended, Habit};

use crate::{HOUSE, expect, world_of};

const MOMENT: Duration = Duration::from_secs(4);

/// RFC 5359 2.1: hold, and back.
#[test]
fn rfc_5359_2_1_call_hold() {
    let mut world = world_of(HOUSE);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    minsu.newest().holds();
    world.run_for(MOMENT);
    minsu.newest().resumes();
    world.run_for(MOMENT);
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.1.txt"));
    world.finish();
}

/// RFC 5359 2.2: hold one, ask another, go back to the first.
#[test]
fn rfc_5359_2_2_consultation_hold() {
    let mut world = world_of(HOUSE);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    let held = minsu.newest();
    held.holds();
    world.run_for(MOMENT);
    let asked = minsu.dials("0102");
    world.run_for(MOMENT);
    assert!(asked.is_up_with(&world.user("lobby")));
    asked.hangs_up();
    world.run_for(MOMENT);
    held.resumes();
    world.run_for(MOMENT);
    let before = call.packets_heard();
    world.run_for(MOMENT);
    assert!(call.packets_heard() > before + 10);
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.2.txt"));
    world.finish();
}

/// RFC 5359 2.4: whoever transfers is let go at once.
#[test]
fn rfc_5359_2_4_unattended_transfer() {
    let mut world = world_of(HOUSE);
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    let transferor = minsu.newest();
    transferor.transfers_to("0102");
    world.run_for(MOMENT);
    assert_eq!(transferor.ended(), Some(Ended::ByPeer));
    assert!(call.packets_heard() > 10 && lobby.newest().packets_heard() > 10);
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.4.txt"));
    world.finish();
}

/// RFC 5359 2.5: whoever transfers speaks with the new party first.
#[test]
fn rfc_5359_2_5_attended_transfer() {
    let mut world = world_of(HOUSE);
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));

    let call = hana.dials("0101");
    world.run_for(MOMENT);
    let first = minsu.newest();
    first.holds();
    world.run_for(MOMENT);
    let second = minsu.dials("0102");
    world.run_for(MOMENT);
    first.transfers_with(&second);
    world.run_for(MOMENT);
    let before = (call.packets_heard(), lobby.newest().packets_heard());
    world.run_for(MOMENT);
    assert!(call.packets_heard() > before.0 + 10 && lobby.newest().packets_heard() > before.1 + 10);
    call.hangs_up();
    world.run_for(MOMENT);

    expect(&world, include_str!("figures/5359-2.5.txt"));
    world.finish();
}

/// RFC 5359 2.15: a user who may not call abroad is told so, and nobody is called.
#[test]
fn rfc_5359_2_15_outgoing_calls_are_screened() {
    let mut world = world_of(HOUSE);
    let (minsu, east) = (world.user("minsu"), world.provider("east"));
    east.has_habit(Habit::NoRinging);

    let call = minsu.dials("011 82 2 5550 1234");
    world.run_for(MOMENT);

    assert_eq!(call.ended(), Some(Ended::Refused(403)));
    assert_eq!(east.was_called(), 0);
    expect(&world, include_str!("figures/5359-2.15.txt"));
    world.finish();
}
