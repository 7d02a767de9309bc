//! Far ends on TCP.

use std::time::Duration;

use world::World;

use crate::{TWO_PROVIDERS, seed};

fn house() -> String {
    TWO_PROVIDERS
        .replace("sip:198.51.100.10:5060", "sip:198.51.100.10:5060;transport=tcp")
        .replace("sip:hana@10.20.0.31:5060", "sip:hana@10.20.0.31:5060;transport=tcp")
}

#[test]
fn calls_come_about_over_streams_cut_anywhere() {
    for seed in 0..20 {
        let mut world = World::from_toml(seed, &house());
        let (hana, east) = (world.user("hana"), world.provider("east"));

        let call = hana.dials("+1 206 555 0142");
        world.run_until_quiet();

        assert!(call.is_up_with(&east));
        world.finish();
    }
}

#[test]
fn a_call_outlives_its_connections() {
    let mut world = World::from_toml(seed(), &house());
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    east.loses_its_connections();
    hana.loses_its_connections();
    world.run_for(Duration::from_secs(1));
    assert!(call.is_up_with(&east));

    call.hangs_up();
    world.run_until_quiet();
    assert_eq!(east.calls_now(), 0);
    world.finish();
}

#[test]
fn a_connection_that_is_refused_moves_on_at_once() {
    let mut world = World::from_toml(seed(), &house());
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    east.with(|profile| profile.transport = actors::Transport::Udp);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_millis(2500));

    assert!(call.is_up_with(&west));
    world.finish();
}
