//! What an operator does to a house, and what a machine does to its clock.

use std::sync::Arc;
use std::time::Duration;

use actors::Ended;
use sip_stack::Token;
use switch::{Command, HungUp, Reply};
use world::World;

use crate::{TWO_PROVIDERS, seed};

#[test]
fn a_house_about_to_stop_takes_no_call_but_calls_for_help() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    let east = world.provider("east");
    let before = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    world.commands(Command::Leave);
    let (refused, help) = (minsu.dials("+1 206 555 0143"), lobby.dials("911"));
    world.run_until_quiet();

    assert_eq!(refused.ended(), Some(Ended::Refused(503)));
    assert!(before.is_up_with(&east) && help.is_up_with(&east));
    world.finish();
}

/// As an operator does who names a call as the list of calls does.
pub fn hang_up(world: &mut World, calling: &str) -> HungUp {
    let Some(Reply::Calls(some)) = world.commands(Command::Calls { most: 10 }) else { panic!("no list") };
    let call = some.calls.iter().find(|call| call.calling.contains(calling)).expect("it is in progress");
    let token = call.id.rsplit('-').next().and_then(Token::find).expect("an id ends in a token");
    match world.commands(Command::HangUp { token }) {
        Some(Reply::HungUp(became)) => became,
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_call_is_hung_up_and_no_other() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    let east = world.provider("east");
    let (meant, other) = (hana.dials("+1 206 555 0142"), minsu.dials("+1 206 555 0143"));
    world.run_for(Duration::from_secs(4));
    east.answers_after(Duration::from_secs(30));
    let ringing = lobby.dials("+1 206 555 0144");
    world.run_for(Duration::from_secs(2));

    assert_eq!(hang_up(&mut world, "hana"), HungUp::Ends);
    assert_eq!(hang_up(&mut world, "lobby"), HungUp::Ends);
    world.run_for(Duration::from_secs(2));

    assert_eq!(meant.ended(), Some(Ended::ByPeer));
    assert_eq!(ringing.ended(), Some(Ended::Refused(503)));
    assert!(other.is_up_with(&east), "nobody else's call ends");
    assert!(world.records().iter().all(|record| record.verdict == "TD-E301"));
    assert_eq!(world.records().len(), 2);
    other.hangs_up();
    world.run_for(Duration::from_secs(2));
    world.finish();
}

#[test]
fn a_call_for_help_is_not_hung_up_by_an_operator() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (lobby, east) = (world.user("lobby"), world.provider("east"));
    let help = lobby.dials("911");
    world.run_for(Duration::from_secs(4));

    assert_eq!(hang_up(&mut world, "lobby"), HungUp::ForHelp);
    world.run_for(Duration::from_secs(2));

    assert!(help.is_up_with(&east));
    help.hangs_up();
    world.run_for(Duration::from_secs(2));
    world.finish();
}

#[test]
fn a_draining_house_takes_calls_again_when_it_is_told_to() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    let east = world.provider("east");

    world.commands(Command::Drain);
    let (refused, help) = (minsu.dials("+1 206 555 0143"), lobby.dials("911"));
    world.run_for(Duration::from_secs(4));
    world.commands(Command::Resume);
    let taken = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(4));

    assert_eq!(refused.ended(), Some(Ended::Refused(503)));
    assert!(help.is_up_with(&east) && taken.is_up_with(&east));
    world.finish();
}

fn drain(world: &mut World, trunks: &[&str]) {
    let trunks = trunks.iter().map(|name| Arc::from(*name)).collect();
    world.commands(Command::DrainTrunks(Arc::new(trunks)));
}

#[test]
fn a_drained_trunk_takes_no_new_call_either_way_and_keeps_those_it_has() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    let (east, west) = (world.provider("east"), world.provider("west"));
    let before = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(4));
    assert!(before.is_up_with(&east));

    drain(&mut world, &["east"]);
    let (other, inward) = (minsu.dials("+1 206 555 0143"), east.dials("+1 425 555 0102"));
    world.run_for(Duration::from_secs(4));
    assert!(before.is_up_with(&east) && other.is_up_with(&west));
    assert_eq!(inward.ended(), Some(Ended::Refused(503)));
    assert!(world.records().iter().any(|record| record.verdict == "TD-R505"));

    drain(&mut world, &[]);
    let again = east.dials("+1 425 555 0102");
    world.run_for(Duration::from_secs(4));
    assert!(again.is_up_with(&lobby));
    for call in [before, other, again] {
        call.hangs_up();
    }
    world.run_for(Duration::from_secs(2));
    world.finish();
}

#[test]
fn a19_a_call_for_help_takes_drained_trunks_when_there_are_no_others() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (minsu, lobby, east) = (world.user("minsu"), world.user("lobby"), world.provider("east"));

    drain(&mut world, &["east", "west"]);
    let (refused, help) = (minsu.dials("+1 206 555 0143"), lobby.dials("911"));
    world.run_for(Duration::from_secs(4));
    help.hangs_up();
    world.run_for(Duration::from_secs(2));
    let back = east.dials("+1 425 555 0102");
    world.run_for(Duration::from_secs(4));

    assert_eq!(refused.ended(), Some(Ended::Refused(503)));
    assert_eq!(help.ended(), Some(Ended::ByUs), "it was up");
    assert!(back.is_up_with(&lobby), "whoever was called for help calls back");
    world.finish();
}

#[test]
fn a_house_that_hangs_up_all_tells_both_sides() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, minsu, east) = (world.user("hana"), world.user("minsu"), world.provider("east"));
    east.answers_after(Duration::from_secs(4));
    let up = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(8));
    let ringing = minsu.dials("+1 206 555 0143");
    world.run_for(Duration::from_secs(2));

    world.commands(Command::HangUpAll);
    world.run_until_quiet();

    assert_eq!(up.ended(), Some(Ended::ByPeer));
    assert!(matches!(ringing.ended(), Some(Ended::Refused(_))), "{:?}", ringing.ended());
    assert_eq!((east.calls_now(), world.records().len()), (0, 2));
    world.finish();
}

#[test]
fn a_wall_clock_that_jumps_back_costs_no_talk_time() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let hana = world.user("hana");
    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(10));

    world.skews_the_wall_clock(-3_600_000);
    world.run_for(Duration::from_secs(10));
    call.hangs_up();
    world.run_for(Duration::from_secs(5));

    let talked = world.records()[0].talk_ms;
    assert!((18_000..20_000).contains(&talked), "{talked} ms");
    world.finish();
}

#[test]
fn g7_the_last_media_ports_are_for_help() {
    let scarce = TWO_PROVIDERS.replace("media_ports = \"30000-31999\"", "media_ports = \"30000-30003\"");
    let mut world = World::from_toml(seed(), &scarce);
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    let east = world.provider("east");
    let first = hana.dials("+1 206 555 0142");
    world.run_until_quiet();
    assert!(first.is_up_with(&east));

    let (refused, help) = (minsu.dials("+1 206 555 0143"), lobby.dials("911"));
    world.run_until_quiet();

    assert_eq!(refused.ended(), Some(Ended::Refused(503)));
    assert!(help.is_up_with(&east));
    world.finish();
}

/// Whoever finds no port for the way out has taken none of the house's inside: phones call each other.
#[test]
fn g7_calls_that_find_no_port_outside_use_up_none_inside() {
    let scarce = TWO_PROVIDERS
        .replace("media_ports = \"30000-31999\"", "media_ports = \"30000-30009\"")
        .replace("media_ports = \"32000-33999\"", "media_ports = \"32000-32001\"");
    let mut world = World::from_toml(seed(), &scarce);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    for _ in 0..4 {
        let refused = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_millis(500));
        assert_eq!(refused.ended(), Some(Ended::Refused(503)));
        assert_eq!(world.records().last().map(|record| &*record.verdict), Some("TD-E105"));
    }

    let inside = hana.dials("0101");
    world.run_for(Duration::from_secs(3));

    assert!(inside.is_up_with(&minsu), "{:?}", inside.ended());
    world.finish();
}

#[test]
fn a_description_that_does_not_fit_a_small_datagram_is_no_reason_to_hang() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
    world.links(&east, world::Link { mtu: Some(500), ..world::Link::default() });

    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    assert!(call.is_up_with(&west));
    world.finish();
}
