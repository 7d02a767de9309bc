//! A user calls the world through a provider.

use std::time::Duration;

use actors::Ended;
use call::{EndedBy, Outcome};
use world::World;

use crate::{TWO_PROVIDERS, seed};

#[test]
fn a_user_calls_out_talks_and_hangs_up() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));

    let call = hana.dials("011 82 2 5550 1234");
    world.run_until_quiet();

    assert!(call.is_up_with(&east));
    assert_eq!(call.progress(), [180]);

    call.hangs_up();
    world.run_for(Duration::from_secs(10));

    assert_eq!(call.ended(), Some(Ended::ByUs));
    let record = &world.records()[0];
    assert_eq!((record.outcome, record.ended_by, record.sip_code), (Outcome::Answered, EndedBy::Caller, 200));
    assert_eq!(record.attempts.len(), 1);
    world.finish();
}

#[test]
fn the_far_end_may_hang_up_too() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.with(|profile| profile.talks_for = Some(Duration::from_secs(5)));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(10));

    assert_eq!(call.ended(), Some(Ended::ByPeer));
    assert_eq!(world.records()[0].ended_by, EndedBy::Callee);
    world.finish();
}
