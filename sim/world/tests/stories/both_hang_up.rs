//! Both sides hang up at the same moment.

use std::time::Duration;

use actors::Deed;
use world::World;

use crate::{TWO_PROVIDERS, seed};

#[test]
fn byes_from_both_sides_at_once_make_one_record() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));
    call.hangs_up();
    east.does(Deed::HangUp);
    world.run_until_quiet();

    assert!(!call.is_up());
    assert_eq!(world.records().len(), 1);
    world.finish();
}
