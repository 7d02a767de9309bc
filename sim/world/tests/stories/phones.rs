//! Phones of ours that register: who rings then, and by which way.

use std::time::Duration;

use actors::{Credentials, Deed, Note, Transport};
use switch::{Command, Phones, Reply};
use world::{ActorHandle, World};

use crate::{TWO_PROVIDERS, seed};

const PASSWORD: &str = "a password of the story";
const NUMBER: &str = "+14255550100";

/// Hana's devices are not written down: they say where they are.
fn house() -> String {
    TWO_PROVIDERS.replace("devices = [{ contact = \"sip:hana@10.20.0.31:5060\" }]\n", "").replace(
        "area_code = \"425\"\ntime_zone",
        "registrar = { most = \"5m\" }\narea_code = \"425\"\ntime_zone",
    )
}

/// A phone of Hana's at some address.
fn phone(world: &mut World, name: &str, at: &str, transport: Transport) -> ActorHandle {
    let phone = world.stranger(name, at);
    phone.with(|profile| {
        profile.user = "hana".to_owned();
        profile.domain = "contoso.example".to_owned();
        profile.transport = transport;
        profile.credentials = Some(Credentials { user: "hana".to_owned(), password: PASSWORD.to_owned() });
    });
    phone
}

fn registers(phone: &ActorHandle, contact: &str, headers: &[(&str, &str)]) {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    phone.says_outside(Deed::Register { contact: contact.to_owned(), headers });
}

/// The same by the rules of RFC 5626.
fn keeps_a_flow(phone: &ActorHandle, uri: &str) {
    let instance = "<urn:uuid:00000000-0000-1000-8000-000a95a0e129>";
    let contact = format!("<{uri}>;reg-id=1;+sip.instance=\"{instance}\"");
    registers(phone, &contact, &[("Supported", "path, outbound")]);
}

/// How often a phone was told that it is registered.
fn confirmed(phone: &ActorHandle) -> usize {
    phone.count(|note| matches!(note, Note::Registered { status: 200, .. }))
}

fn phones(world: &mut World) -> Phones {
    match world.commands(Command::Phones) {
        Some(Reply::Phones(phones)) => phones,
        other => panic!("{other:?}"),
    }
}

/// The number is called from outside: the call is this phone's, and then over.
#[track_caller]
fn is_called_at(world: &mut World, east: &ActorHandle, phone: &ActorHandle) {
    let call = east.calls(&format!("sip:{NUMBER}@192.0.2.10"));
    world.run_for(Duration::from_secs(5));
    assert!(call.is_up_with(phone));
    call.hangs_up();
    world.run_for(Duration::from_secs(2));
}

/// A phone behind a NAT registers, is called where it was heard, calls out, refreshes for an hour, and is
/// forgotten when it goes silent.
/// Proves: F-50.
#[test]
fn d3_a_registered_phone_is_called_calls_and_is_forgotten_when_it_is_silent() {
    let mut world = World::from_toml(seed(), &house());
    let east = world.provider("east");
    let desk = phone(&mut world, "desk", "10.20.0.77:33001", Transport::Udp);

    let early = east.calls(&format!("sip:{NUMBER}@192.0.2.10"));
    world.run_for(Duration::from_secs(3));
    assert!(!early.is_up());
    assert_eq!(world.records()[0].sip_code, 480, "nobody is registered");

    registers(&desk, "<sip:hana@192.168.1.5:5060>", &[]);
    world.run_for(Duration::from_secs(3600));
    assert!((13..=17).contains(&confirmed(&desk)), "{}", confirmed(&desk));
    is_called_at(&mut world, &east, &desk);
    let record = world.records().last().unwrap();
    let step = record.trail.steps.iter().find(|step| step.name == "devices").unwrap();
    let says = step.says.to_string();
    assert!(
        says.contains("sip:hana@192.168.1.5:5060 registered") && says.contains("10.20.0.77:33001"),
        "{says}"
    );

    let out = desk.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));
    assert!(out.is_up_with(&east));
    out.hangs_up();
    world.run_for(Duration::from_secs(2));

    desk.dies();
    world.run_for(Duration::from_secs(301));
    assert!(phones(&mut world).users.is_empty());
    world.finish();
}

/// Two phones of one user: both are known, both ring, and one is enough.
#[test]
fn d4_two_phones_of_one_user_are_both_reached() {
    let mut world = World::from_toml(seed(), &house());
    let east = world.provider("east");
    let desk = phone(&mut world, "desk", "10.20.0.77:5060", Transport::Udp);
    let soft = phone(&mut world, "soft", "10.20.0.78:5060", Transport::Tcp);
    registers(&desk, "<sip:hana@10.20.0.77:5060>;q=0.9", &[]);
    registers(&soft, "<sip:hana@10.20.0.78:5060;transport=tcp>;q=0.5", &[]);
    world.run_for(Duration::from_secs(2));
    assert_eq!(phones(&mut world).users[0].phones.len(), 2);

    let call = east.calls(&format!("sip:{NUMBER}@192.0.2.10"));
    world.run_for(Duration::from_secs(5));
    assert!(call.is_up_with(&desk) || call.is_up_with(&soft));
    assert_eq!((desk.was_called(), soft.was_called()), (1, 1), "both ring");
    call.hangs_up();
    world.run_for(Duration::from_secs(2));
    desk.dies();
    let call = east.calls(&format!("sip:{NUMBER}@192.0.2.10"));
    world.run_for(Duration::from_secs(10));
    assert!(call.is_up_with(&soft));
    call.hangs_up();
    world.run_for(Duration::from_secs(40));
    world.finish();
}

/// A phone moves to another address: the same instance takes the place of the old one, which is not rung.
#[test]
fn d4_a_phone_that_moves_is_called_where_it_is_now() {
    let mut world = World::from_toml(seed(), &house());
    let east = world.provider("east");
    let before = phone(&mut world, "before", "10.20.0.77:5060", Transport::Udp);
    let after = phone(&mut world, "after", "10.20.0.99:5060", Transport::Udp);
    let instance = ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000a95a0e128>\"";
    registers(&before, &format!("<sip:hana@10.20.0.77:5060>{instance}"), &[]);
    world.run_for(Duration::from_secs(2));
    before.dies();
    registers(&after, &format!("<sip:hana@10.20.0.99:5060>{instance}"), &[]);
    world.run_for(Duration::from_secs(2));

    assert_eq!(phones(&mut world).users[0].phones.len(), 1);
    is_called_at(&mut world, &east, &after);
    world.finish();
}

/// A phone that keeps its way through a NAT open by STUN is told that we rely on it (RFC 5626 6), and is
/// called by that way.
#[test]
fn d4_a_phone_that_asks_by_stun_is_reached_through_its_nat() {
    let mut world = World::from_toml(seed(), &house());
    let east = world.provider("east");
    let soft = phone(&mut world, "soft", "10.20.0.78:40000", Transport::Udp);
    keeps_a_flow(&soft, "sip:hana@192.168.1.9:5060");
    world.run_for(Duration::from_secs(2));

    assert_eq!(confirmed(&soft), 1);
    assert_eq!(phones(&mut world).users[0].phones[0].reached_by, "flow");
    is_called_at(&mut world, &east, &soft);
    world.finish();
}

/// A phone on TCP behind a NAT is reached on the connection that it opened; when that breaks nobody tries in
/// vain, and when it registers again it is there again.
#[test]
fn d4_a_phone_on_a_connection_is_reached_by_it_alone() {
    let mut world = World::from_toml(seed(), &house());
    let east = world.provider("east");
    let soft = phone(&mut world, "soft", "10.20.0.78:40000", Transport::Tcp);
    keeps_a_flow(&soft, "sip:hana@192.168.1.9:5060;transport=tcp");
    world.run_for(Duration::from_secs(2));
    assert_eq!(confirmed(&soft), 1);
    is_called_at(&mut world, &east, &soft);

    soft.loses_its_connections();
    world.run_for(Duration::from_secs(1));
    assert_eq!(phones(&mut world).users[0].phones[0].reached_by, "lost");
    let call = east.calls(&format!("sip:{NUMBER}@192.0.2.10"));
    world.run_for(Duration::from_secs(3));
    assert!(!call.is_up());
    assert_eq!(world.records().last().unwrap().sip_code, 480);

    keeps_a_flow(&soft, "sip:hana@192.168.1.9:5060;transport=tcp");
    world.run_for(Duration::from_secs(2));
    is_called_at(&mut world, &east, &soft);
    world.finish();
}

/// A page registers, is called and calls on the connection that it opened; it is loaded anew, which breaks
/// the connection, and is reached again as soon as it has registered on another.
#[test]
fn d7_a_browser_registers_is_called_calls_and_survives_a_reload() {
    let listens = "udp = 5060\nws = 8080\norigins = [\"https://phones.example.com\"]";
    let mut world = World::from_toml(seed(), &house().replacen("udp = 5060", listens, 1));
    let east = world.provider("east");
    let page = phone(&mut world, "page", "10.20.0.79:40000", Transport::Ws);
    page.with(|profile| profile.house.set_port(8080));
    let registers_anew = || keeps_a_flow(&page, "sip:hana@df7jal23ls0d.invalid;transport=ws");
    registers_anew();
    world.run_for(Duration::from_secs(2));
    assert_eq!(confirmed(&page), 1);
    is_called_at(&mut world, &east, &page);

    let out = page.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));
    assert!(out.is_up_with(&east));
    out.hangs_up();
    world.run_for(Duration::from_secs(2));

    page.loses_its_connections();
    world.run_for(Duration::from_secs(1));
    assert_eq!(phones(&mut world).users[0].phones[0].reached_by, "lost");
    registers_anew();
    world.run_for(Duration::from_secs(2));
    assert_eq!(phones(&mut world).users[0].phones.len(), 1, "the same device, and no second one");
    is_called_at(&mut world, &east, &page);
    world.finish();
}

/// Who asks with a wrong password, however often, is refused, and nobody at its address is banned for it:
/// with the right one it is taken at once, and called.
#[test]
fn pain_14_a_wrong_password_bans_nobody_at_its_address() {
    let mut world = World::from_toml(seed(), &house());
    let east = world.provider("east");
    let desk = phone(&mut world, "desk", "10.20.0.90:5060", Transport::Udp);
    let credentials =
        |password: &str| Some(Credentials { user: "hana".to_owned(), password: password.to_owned() });
    desk.with(|profile| profile.credentials = credentials("the password of last year"));
    for _ in 0..200 {
        registers(&desk, "", &[]);
        world.run_for(Duration::from_millis(50));
    }
    let counters = phones(&mut world).counters;
    assert!(counters.unproven >= 200 && counters.accepted == 0, "{counters:?}");

    desk.with(|profile| profile.credentials = credentials(PASSWORD));
    registers(&desk, "", &[]);
    world.run_for(Duration::from_secs(2));
    assert_eq!(confirmed(&desk), 1);
    is_called_at(&mut world, &east, &desk);
    world.finish();
}

/// A storm of REGISTERs without a proof leaves nothing behind, and calls go on.
#[test]
fn d9_a_storm_without_proofs_keeps_nothing_and_harms_no_call() {
    let mut world = World::from_toml(seed(), &house());
    let (minsu, east) = (world.user("minsu"), world.provider("east"));
    let call = minsu.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(3));
    let storm = phone(&mut world, "storm", "10.20.0.200:5060", Transport::Udp);
    storm.with(|profile| profile.credentials = None);

    for _ in 0..500 {
        registers(&storm, "", &[]);
    }
    world.run_for(Duration::from_secs(5));

    let seen = phones(&mut world);
    assert!(seen.users.is_empty() && seen.counters.challenged >= 500, "{seen:?}");
    assert!(world.held().transactions < 10, "{:?}", world.held());
    assert!(call.is_up_with(&east));
    call.hangs_up();
    world.run_for(Duration::from_secs(2));
    world.finish();
}
