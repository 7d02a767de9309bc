//! ACKs that don't come.

use std::time::Duration;

use actors::Habit;
use world::{Link, World};

use crate::{TWO_PROVIDERS, seed};

#[test]
fn an_answer_is_repeated_until_its_ack_comes() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::LosesAcks(3));

    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    assert!(call.is_up_with(&east));
    world.finish();
}

#[test]
fn a_caller_that_never_acknowledges_is_hung_up_after_64_t1() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::NeverAcks);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(30));
    assert!(call.is_up());
    world.run_for(Duration::from_secs(10));

    assert!(!call.is_up());
    assert_eq!(east.calls_now(), 0);
    world.finish();
}

#[test]
fn calls_come_about_over_a_network_that_loses_every_fifth_packet() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    world.links_all(Link::rough(200));

    let calls: Vec<_> = (0..10).map(|_| hana.dials("+1 206 555 0142")).collect();
    world.run_until_quiet();

    assert!(calls.iter().all(|call| call.is_up_with(&east)), "{}", calls.len());
    world.finish();
}
