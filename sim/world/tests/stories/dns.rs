//! Providers that are names.

use sip_stack::locate::Srv;
use world::World;

use crate::{TWO_PROVIDERS, seed};

#[test]
fn a_provider_is_found_by_its_name() {
    let house = TWO_PROVIDERS.replace("sip:198.51.100.10:5060", "sip:east.example:5060");
    let mut world = World::with_hosts(seed(), &house, &[("east.example", "198.51.100.10")]);
    let (hana, east) = (world.user("hana"), world.provider("east"));

    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    assert!(call.is_up_with(&east));
    world.finish();
}

#[test]
fn a_provider_is_found_by_its_services() {
    let house = TWO_PROVIDERS.replace("sip:198.51.100.10:5060", "sip:east.example");
    let mut world = World::with_hosts(seed(), &house, &[("east.example", "198.51.100.10")]);
    let record = Srv { priority: 1, weight: 1, port: 5060, target: "east.example".to_owned() };
    world.zone().service("_sip._udp.east.example", record);
    let (hana, east) = (world.user("hana"), world.provider("east"));

    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    assert!(call.is_up_with(&east));
    world.finish();
}

#[test]
fn a_provider_that_has_no_address_is_passed_over() {
    let house = TWO_PROVIDERS.replace("sip:198.51.100.10:5060", "sip:east.example:5060");
    let mut world = World::with_hosts(seed(), &house, &[]);
    let (hana, west) = (world.user("hana"), world.provider("west"));

    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    assert!(call.is_up_with(&west));
    world.finish();
}
