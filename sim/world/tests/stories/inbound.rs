//! Calls from outside.

use actors::Ended;
use world::World;

use crate::{TWO_PROVIDERS, seed};

#[test]
fn a_number_of_ours_reaches_its_user() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (east, minsu) = (world.provider("east"), world.user("minsu"));

    let call = east.dials("+1 425 555 0101");
    world.run_until_quiet();

    assert!(call.is_up_with(&minsu));
    world.finish();
}

#[test]
fn a_number_that_nobody_has_is_not_found() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let east = world.provider("east");

    let call = east.dials("+1 425 555 0188");
    world.run_until_quiet();

    assert_eq!(call.ended(), Some(Ended::Refused(404)));
    world.finish();
}
