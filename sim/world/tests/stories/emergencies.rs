//! Calls for help.

use std::time::Duration;

use actors::Habit;
use world::World;

use crate::{TWO_PROVIDERS, seed};

#[test]
fn help_is_reached_over_a_trunk_that_is_full() {
    let full = TWO_PROVIDERS.replace("limits = { calls = 40 }", "limits = { calls = 1 }");
    let mut world = World::from_toml(seed(), &full);
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    let east = world.provider("east");
    let others = [hana.dials("+1 206 555 0142"), minsu.dials("+1 206 555 0143")];
    world.run_until_quiet();
    assert!(others.iter().all(world::CallHandle::is_up));

    let help = lobby.dials("911");
    world.run_until_quiet();

    assert!(help.is_up_with(&east));
    world.finish();
}

#[test]
fn help_is_reached_by_the_second_way_out_when_the_first_is_dead() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (lobby, east, west) = (world.user("lobby"), world.provider("east"), world.provider("west"));
    east.dies();

    let help = lobby.dials("9 911");
    world.run_until_quiet();

    assert!(help.is_up_with(&west));
    world.finish();
}

#[test]
fn a_call_taker_of_its_own_is_asked_first() {
    let with_psap = TWO_PROVIDERS
        .replace("trunks = [\"east\", \"west\"]", "trunks = [\"psap-king-county\", \"east\"]")
        + "\n[trunk.psap-king-county]\nservers = [{ uri = \"sip:203.0.113.91:5060\" }]\n";
    let mut world = World::from_toml(seed(), &with_psap);
    let (minsu, psap) = (world.user("minsu"), world.actor("psap-king-county"));

    let help = minsu.dials("911");
    world.run_for(Duration::from_secs(5));

    assert!(help.is_up_with(&psap));
    assert_eq!(psap.was_called_as(), ["sip:911@203.0.113.91:5060"]);
    world.finish();
}

#[test]
fn any_failure_of_a_way_out_moves_on_to_the_next() {
    for status in [403, 404, 486, 500, 603] {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let (hana, east, west) = (world.user("hana"), world.provider("east"), world.provider("west"));
        east.has_habit(Habit::RefusesWith(status));

        let help = hana.dials("911");
        world.run_for(Duration::from_secs(10));

        assert!(help.is_up_with(&west), "after {status}");
        world.finish();
    }
}

#[test]
fn a_stranger_inside_reaches_help() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (stranger, east) = (world.stranger("guest", "10.20.0.99:5060"), world.provider("east"));

    let help = stranger.dials("911");
    world.run_until_quiet();

    assert!(help.is_up_with(&east));
    world.finish();
}

/// A phone whose description nobody can read reaches help too, and both are heard: its sound is taken from
/// wherever it comes. With and without reliable ringing, which has to be answered before the call is.
#[test]
fn a19_help_hears_a_phone_whose_description_nobody_can_read() {
    for habits in [vec![], vec![Habit::Reliable], vec![Habit::Reliable, Habit::EarlyMedia]] {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        hana.has_habit(Habit::Adds("Content-Encoding: gzip"));
        for habit in &habits {
            hana.has_habit(*habit);
            east.has_habit(*habit);
        }

        let help = hana.dials("911");
        world.run_for(Duration::from_secs(10));

        assert!(help.is_up_with(&east), "{habits:?}: {:?} {:?}", help.notes(), east.notes());
        assert!(help.packets_heard() > 20, "{}", help.packets_heard());
        help.hangs_up();
        world.run_for(Duration::from_secs(2));
        world.finish();
    }
}

/// Every limit is reached, the line of the trunk is full, every media port is out, and the house is about to
/// stop: nobody else gets a call, and a call for help reaches somebody.
#[test]
fn a19_help_is_reached_when_everything_is_full_and_the_house_is_draining() {
    let full = TWO_PROVIDERS
        .replace("limits = { calls = 40 }", "limits = { calls = 2, calls_per_second = 1, wait = \"0s\" }")
        .replace(
            "area_code = \"425\"\noutside_prefix",
            "media = { max_calls = 2 }\narea_code = \"425\"\noutside_prefix",
        )
        .replace("media_ports = \"30000-31999\"", "media_ports = \"30000-30007\"")
        .replace("media_ports = \"32000-33999\"", "media_ports = \"32000-32007\"");
    let mut world = World::from_toml(seed(), &full);
    let (hana, minsu, lobby) = (world.user("hana"), world.user("minsu"), world.user("lobby"));
    let east = world.provider("east");
    let mut others = Vec::new();
    for _ in 0..4 {
        others.push(hana.dials("+1 206 555 0142"));
        others.push(minsu.dials("+1 206 555 0143"));
        world.run_for(Duration::from_millis(1200));
    }
    world.run_for(Duration::from_secs(2));
    let up = others.iter().filter(|call| call.is_up()).count();
    assert!(up < others.len() && up > 0, "{up} of {}", others.len());
    world.commands(switch::Command::Leave);
    let refused = minsu.dials("+1 206 555 0144");
    let help = lobby.dials("911");
    world.run_for(Duration::from_secs(3));

    assert_eq!(refused.ended(), Some(actors::Ended::Refused(503)));
    assert!(world.records().iter().any(|record| record.verdict == "TD-R502"));
    assert!(help.is_up_with(&east));
    assert_eq!(others.iter().filter(|call| call.is_up()).count(), up, "calls in progress go on");
    world.finish();
}
