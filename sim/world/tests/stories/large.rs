//! Requests that are too large for a datagram.

use std::time::Duration;

use actors::Habit;
use world::{Link, World};

use crate::{TWO_PROVIDERS, seed};

const NUMBER: &str = "+1 206 555 0142";

/// Hana's name alone makes every INVITE of hers larger than 1,300 bytes.
fn house(east: &str) -> String {
    let name = "Hana ".repeat(200);
    TWO_PROVIDERS
        .replace("name = \"Hana Kim\"", &format!("name = \"{name}\""))
        .replace("sip:198.51.100.10:5060", east)
}

/// Where the attempts of the first call went.
fn asked(world: &World) -> Vec<String> {
    let attempts = world.records()[0].attempts.iter();
    attempts.map(|one| one.remote.clone().expect("it was sent")).collect()
}

/// A large INVITE goes by TCP where the far end takes it: it arrives though the way loses large datagrams,
/// and the record says why it went so.
#[test]
fn pain_17_a_large_invite_arrives() {
    let mut world = World::from_toml(seed(), &house("sip:198.51.100.10:5060"));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::TakesTcpToo);
    world.links(&east, Link { mtu: Some(1_300), ..Link::default() });

    let call = hana.dials(NUMBER);
    world.run_until_quiet();

    assert!(call.is_up_with(&east));
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    let attempt = &world.records()[0].attempts[0];
    assert_eq!(attempt.remote.as_deref(), Some("tcp:198.51.100.10:5060"));
    assert!(attempt.notes[0].contains("sent by TCP"), "{:?}", attempt.notes);
    world.finish();
}

/// A far end that refuses the connection gets a datagram, at once.
#[test]
fn d1_a_refused_connection_falls_back_to_a_datagram() {
    let mut world = World::from_toml(seed(), &house("sip:198.51.100.10:5060"));
    let (hana, east) = (world.user("hana"), world.provider("east"));

    let call = hana.dials(NUMBER);
    world.run_for(Duration::from_secs(2));

    assert!(call.is_up_with(&east));
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    assert_eq!(asked(&world), ["tcp:198.51.100.10:5060", "udp:198.51.100.10:5060"]);
    world.finish();
}

/// It is not asked by TCP once more when it wants proof, which makes the request larger still.
#[test]
fn d1_who_takes_no_connection_gets_the_proof_in_a_datagram() {
    let account = "servers = [{ uri = \"sip:198.51.100.10:5060\" }]\n\
                   auth = { user = \"contoso-4471\", password = { env = \"EAST\" } }";
    let house =
        house("sip:198.51.100.10:5060").replace("servers = [{ uri = \"sip:198.51.100.10:5060\" }]", account);
    let mut world = World::from_toml(seed(), &house);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::Challenges);

    let call = hana.dials(NUMBER);
    world.run_for(Duration::from_secs(2));

    assert!(call.is_up_with(&east));
    call.hangs_up();
    world.run_for(Duration::from_secs(5));
    assert_eq!(asked(&world), ["tcp:198.51.100.10:5060", "udp:198.51.100.10:5060"]);
    world.finish();
}

/// Where configuration names the transport, it is kept; and what fits into a datagram goes as one.
#[test]
fn d1_a_transport_that_was_chosen_is_kept() {
    for house in [house("sip:198.51.100.10:5060;transport=udp"), TWO_PROVIDERS.to_owned()] {
        let mut world = World::from_toml(seed(), &house);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        east.has_habit(Habit::TakesTcpToo);

        let call = hana.dials(NUMBER);
        world.run_for(Duration::from_secs(2));

        assert!(call.is_up_with(&east));
        call.hangs_up();
        world.run_for(Duration::from_secs(5));
        assert_eq!(world.records()[0].attempts[0].remote.as_deref(), Some("udp:198.51.100.10:5060"));
        world.finish();
    }
}

/// A caller whose connection broke before the answer hears it on a new one.
#[test]
fn d1_an_answer_finds_its_way_when_the_connection_broke() {
    let house = TWO_PROVIDERS.replace("sip:hana@10.20.0.31:5060", "sip:hana@10.20.0.31:5060;transport=tcp");
    let mut world = World::from_toml(seed(), &house);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.answers_after(Duration::from_secs(3));

    let call = hana.dials(NUMBER);
    world.run_for(Duration::from_secs(1));
    hana.loses_its_connections();
    world.run_for(Duration::from_secs(5));

    assert!(call.is_up_with(&east));
    world.finish();
}
