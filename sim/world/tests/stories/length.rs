//! Calls that are as long as a trunk lets them be.

use std::time::Duration;

use actors::Ended;
use world::World;

use crate::{TWO_PROVIDERS, seed};

/// The call ends at its time, both hear so, and the record says why; a call for help by the trunk goes on.
#[test]
fn a_call_ends_when_it_is_as_long_as_its_trunk_lets_it_be() {
    let house = TWO_PROVIDERS.replacen("[trunk.east]\n", "[trunk.east]\ncall = { longest = \"5m\" }\n", 1);
    let mut world = World::from_toml(seed(), &house);
    let (east, hana, lobby) = (world.provider("east"), world.user("hana"), world.user("lobby"));

    let call = hana.dials("+1 206 555 0142");
    let help = lobby.dials("911");
    world.run_for(Duration::from_secs(290));
    assert!(call.is_up() && help.is_up() && east.calls_now() == 2);
    world.run_for(Duration::from_secs(20));

    assert_eq!(call.ended(), Some(Ended::ByPeer));
    assert!(help.is_up());
    let record = &world.records()[0];
    assert_eq!(record.verdict, "TD-E209");
    assert!((299_000..=302_000).contains(&record.talk_ms), "{}", record.talk_ms);
    help.hangs_up();
    world.run_for(Duration::from_secs(40));
    world.finish();
}
