//! Providers that are asked whether they are there.

use std::time::Duration;

use actors::Habit;
use call::Event;
use world::World;

use crate::{TWO_PROVIDERS, seed};

fn house() -> String {
    TWO_PROVIDERS.replace("options = \"off\"", "options = \"30s\"")
}

#[test]
fn a_provider_that_answers_nothing_is_passed_over_until_it_answers_again() {
    let mut world = World::from_toml(seed(), &house());
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    east.has_habit(Habit::Silent);
    world.run_for(Duration::from_secs(300));
    assert!(world.events().iter().any(|event| matches!(event, Event::PeerDown { .. })));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(3));
    assert!(call.is_up_with(&west));

    east.loses_its_habits();
    world.run_for(Duration::from_secs(300));
    assert!(world.events().iter().any(|event| matches!(event, Event::PeerUp { .. })));
    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(3));
    assert!(call.is_up_with(&east));
    world.finish();
}

#[test]
fn the_house_answers_who_asks_whether_it_is_there() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);

    world.provider("east").pings();
    world.run_until_quiet();

    world.finish();
}
