//! Toll bypass: a party from the network stays in the site where it came in, by transfer too.

use std::time::Duration;

use actors::Ended;
use world::World;

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(8);

/// East stands in Redmond and serves Redmond alone; hana's phone is in Tacoma.
fn house() -> String {
    let bound = "[trunk.east]\nsite = \"redmond\"\ntoll_bypass = \"refused\"\n";
    let tacoma = "[site.tacoma]\nsubnets = [\"10.30.0.0/16\"]\n\n[trunk.west]";
    let text = TWO_PROVIDERS.replace("[trunk.east]\n", bound).replace("[trunk.west]", tacoma);
    text.replace("sip:hana@10.20.0.31:5060", "sip:hana@10.30.0.31:5060")
}

/// What comes in at a site rings at that site; whoever is elsewhere is not there for it.
#[test]
fn req_f26_a_call_from_the_network_rings_at_its_site_only() {
    let mut world = World::from_toml(seed(), &house());
    let (east, hana, minsu) = (world.provider("east"), world.user("hana"), world.user("minsu"));

    let refused = east.dials("+1 425 555 0100");
    world.run_for(WHILE);
    let taken = east.dials("+1 425 555 0101");
    world.run_for(WHILE);

    assert_eq!((refused.ended(), hana.was_called()), (Some(Ended::Refused(480)), 0));
    assert!(taken.is_up_with(&minsu));
    let verdict = &world.records()[0];
    assert!(verdict.words.contains("0 of 1 devices of hana are at redmond"), "{}", verdict.words);
    taken.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// A caller from the network is transferred to somebody at the site, blind or attended, and to nobody
/// elsewhere.
#[test]
fn req_f26_a_transfer_does_not_carry_the_network_elsewhere() {
    let mut world = World::from_toml(seed(), &house());
    let (east, minsu, hana, lobby) =
        (world.provider("east"), world.user("minsu"), world.user("hana"), world.user("lobby"));
    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);
    let first = minsu.newest();

    first.transfers_to("0100");
    world.run_for(WHILE);
    assert_eq!(first.replied("REFER"), Some(480));
    first.holds();
    world.run_for(WHILE);
    let second = minsu.dials("0100");
    world.run_for(WHILE);
    assert!(second.is_up_with(&hana), "people speak with each other wherever they are");
    first.transfers_with(&second);
    world.run_for(WHILE);
    assert_eq!(first.replied("REFER"), Some(403));
    second.hangs_up();
    world.run_for(WHILE);
    first.transfers_to("0102");
    world.run_for(WHILE);

    assert_eq!(first.notified().last(), Some(&200));
    assert!(call.is_up_with(&lobby));
    call.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// Whoever is elsewhere leaves by a trunk that is free, and reaches help by every one.
#[test]
fn req_f26_elsewhere_a_free_trunk_carries_the_call_and_help_is_reached_by_any() {
    let mut world = World::from_toml(seed(), &house());
    let (east, west, hana) = (world.provider("east"), world.provider("west"), world.user("hana"));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(WHILE);
    assert!(call.is_up_with(&west));
    call.hangs_up();
    let help = hana.dials("911");
    world.run_for(WHILE);

    assert!(help.is_up_with(&east));
    help.hangs_up();
    world.run_for(WHILE);
    world.finish();
}
