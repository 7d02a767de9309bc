//! A new policy in the middle of calls.

use std::time::Duration;

use world::World;

use crate::{TWO_PROVIDERS, seed};

#[test]
fn a_call_outlives_the_policy_it_was_planned_by() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    let first = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    world.adopts(
        &TWO_PROVIDERS
            .replace("use = [{ trunk = \"east\" }]", "use = [{ trunk = \"west\" }]")
            .replace("backup = [\"west\"]", "backup = [\"east\"]"),
    );
    let second = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    assert!(first.is_up_with(&east) && second.is_up_with(&west));
    first.hangs_up();
    second.hangs_up();
    world.run_for(Duration::from_secs(5));
    let revisions: Vec<_> = world.records().iter().map(|record| record.revision).collect();
    assert_eq!(revisions, [1, 2]);
    world.finish();
}
