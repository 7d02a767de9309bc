//! Far ends that die.

use std::time::Duration;

use actors::Habit;
use world::World;

use crate::{TWO_PROVIDERS, seed};

#[test]
fn the_caller_can_leave_a_call_whose_provider_died() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    east.dies();
    call.hangs_up();
    world.run_for(Duration::from_secs(60));

    assert_eq!(world.held(), switch::Held::default());
    assert_eq!(world.records().len(), 1);
    east.returns();
    world.finish();
}

#[test]
fn a_callee_that_dies_after_its_answer_holds_nothing_for_ever() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::DiesAfterAnswer);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(10));
    call.hangs_up();
    world.run_for(Duration::from_secs(60));

    assert_eq!(world.held(), switch::Held::default());
    world.finish();
}
