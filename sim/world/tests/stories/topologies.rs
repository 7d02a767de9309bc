//! Where sites, trunks and far ends stand towards each other: one centre, branches, inside and outside.

use std::time::Duration;

use actors::Ended;
use switch::{Command, Reply};
use world::World;

use crate::{TWO_PROVIDERS, seed};

/// The house with a branch: its people, and a gateway of its own in the branch's network.
fn with_branch(local_trunk: &str) -> String {
    let branch = r#"
[site.tacoma]
area_code = "253"
outside_prefix = "9"
subnets = ["10.30.0.0/16"]

[user.bran]
name = "Bran Ash"
site = "tacoma"
number = "+12535550100"
devices = [{ contact = "sip:bran@10.30.0.31:5060" }]
allow = ["internal", "national"]

[trunk.gateway]
kind = "gateway"
interface = "lan"
servers = [{ uri = "sip:10.30.0.9:5060" }]
accept = { sources = ["10.30.0.9"] }
health = { options = "off" }

[numbers.branch]
list = ["+12535550100"]
trunk = "east"
"#;
    format!("{TWO_PROVIDERS}{branch}{local_trunk}")
}

const LOCAL_ROUTE: &str = r#"
[route.tacoma]
order = 10
to = "+1 NXX NXX XXXX"
sites = ["tacoma"]
use = [{ trunk = "gateway" }]
backup = ["east"]
"#;

/// A provider beyond the firewall is a network of its own: what goes there names no address of ours inside,
/// what comes inside names none of the provider's; and the trunk is seen up, and down when it falls silent.
#[test]
fn req_c03_a_trunk_joins_two_networks_and_is_seen_up_and_down() {
    let probed =
        TWO_PROVIDERS.replacen("health = { options = \"off\" }", "health = { options = \"10s\" }", 1);
    let mut world = World::from_toml(seed(), &probed);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    world.captures();

    let call = hana.dials("1 206 555 0142");
    world.run_for(Duration::from_secs(20));
    assert!(call.is_up_with(&east));
    call.hangs_up();
    world.run_for(Duration::from_secs(5));

    assert!(world.captured(&east).iter().all(|message| !message.contains("10.20.")));
    assert!(world.captured(&hana).iter().all(|message| !message.contains("198.51.100.")));
    assert_eq!(state_of(&mut world, "east"), "up");
    east.dies();
    world.run_for(Duration::from_secs(120));
    assert_eq!(state_of(&mut world, "east"), "down");
    east.returns();
    world.run_for(Duration::from_secs(120));
    world.finish();
}

fn state_of(world: &mut World, trunk: &str) -> String {
    let Some(Reply::View(view)) = world.commands(Command::View) else { panic!("a view was asked for") };
    let view = view.trunks.iter().find(|one| *one.name == *trunk).expect("the trunk is shown");
    let json = serde_json::to_value(&view.targets[0]).expect("a view is JSON");
    if json.to_string().contains("down") { "down".into() } else { "up".into() }
}

/// A gateway in the internal network is the same kind of object, at another interface: calls go there and
/// come from there, and nothing of them is seen outside.
#[test]
fn req_c04_a_gateway_inside_is_connected_like_a_provider() {
    let mut world = World::from_toml(seed(), &with_branch(LOCAL_ROUTE));
    let (bran, gateway, east) = (world.user("bran"), world.provider("gateway"), world.provider("east"));
    world.captures();

    let out = bran.dials("9 1 206 555 0142");
    world.run_for(Duration::from_secs(5));
    assert!(out.is_up_with(&gateway));
    out.hangs_up();
    let inward = gateway.dials("+1 253 555 0100");
    world.run_for(Duration::from_secs(5));
    assert!(inward.is_up_with(&bran));
    inward.hangs_up();
    world.run_for(Duration::from_secs(40));

    assert_eq!(world.captured(&east).len(), 0);
    world.finish();
}

/// Branch users without a line of their own leave by the centre's trunk and are reached by its numbers.
#[test]
fn req_c05_a_branch_lives_on_the_trunk_of_the_centre() {
    let mut world = World::from_toml(seed(), &with_branch(""));
    let (bran, east) = (world.user("bran"), world.provider("east"));

    let out = bran.dials("9 1 206 555 0142");
    world.run_for(Duration::from_secs(5));
    assert!(out.is_up_with(&east));
    out.hangs_up();
    let inward = east.dials("+1 253 555 0100");
    world.run_for(Duration::from_secs(5));
    assert!(inward.is_up_with(&bran));
    inward.hangs_up();
    world.run_for(Duration::from_secs(40));
    world.finish();
}

/// A branch with a line of its own uses it, the centre doesn't; when the branch's line is dead, the centre's
/// trunk carries the call.
#[test]
fn req_c06_a_branch_uses_its_own_line_and_the_centres_when_that_is_dead() {
    let mut world = World::from_toml(seed(), &with_branch(LOCAL_ROUTE));
    let (bran, hana) = (world.user("bran"), world.user("hana"));
    let (gateway, east) = (world.provider("gateway"), world.provider("east"));

    let local = bran.dials("9 1 206 555 0142");
    let central = hana.dials("1 206 555 0142");
    world.run_for(Duration::from_secs(5));
    assert!(local.is_up_with(&gateway) && central.is_up_with(&east));
    local.hangs_up();
    central.hangs_up();
    world.run_for(Duration::from_secs(5));
    gateway.dies();
    let rescued = bran.dials("9 1 206 555 0142");
    world.run_for(Duration::from_secs(15));
    assert!(rescued.is_up_with(&east));
    rescued.hangs_up();
    world.run_for(Duration::from_secs(40));
    world.finish();
}

/// A trunk that takes G.711 only is offered G.711 only, whatever the phone has; both sides hear each other.
#[test]
fn req_k05_a_trunk_of_g711_is_offered_nothing_else() {
    let text = TWO_PROVIDERS.replace("[trunk.east]\n", "[trunk.east]\nmedia = { codecs = [\"pcma\"] }\n");
    let mut world = World::from_toml(seed(), &text);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    world.captures();

    let call = hana.dials("1 206 555 0142");
    world.run_for(Duration::from_secs(10));

    assert!(call.is_up_with(&east) && call.packets_heard() > 10);
    let invite = world.captured(&east).into_iter().find(|message| message.starts_with("INVITE"));
    let invite = invite.expect("it was called");
    assert!(invite.contains("RTP/AVP 8 101\r\n") && !invite.contains("PCMU"), "{invite}");
    world.finish();
}

/// At the interface of a trunk nobody but the configured far end is heard: neighbours in the same network get
/// nothing, and leave no call.
#[test]
fn req_k07_nobody_but_the_configured_far_end_is_heard() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let neighbour = world.stranger("neighbour", "198.51.100.11:5060");

    let call = neighbour.dials("+1 425 555 0100");
    world.run_for(Duration::from_secs(5));

    assert_eq!(call.ended(), Some(Ended::Refused(403)));
    assert_eq!(world.user("hana").was_called(), 0);
    assert!(world.records().is_empty());
    world.run_for(Duration::from_secs(40));
    world.finish();
}

/// A phone that belongs to nobody, in the lobby: it is called, and calls inside and for help by rights of
/// its own, and nowhere else.
#[test]
fn req_f56_a_phone_in_the_lobby_has_rights_of_its_own() {
    let rights = "[user.lobby]\nallow = [\"internal\"]\n";
    let mut world = World::from_toml(seed(), &TWO_PROVIDERS.replacen("[user.lobby]\n", rights, 1));
    let (hana, lobby, east) = (world.user("hana"), world.user("lobby"), world.provider("east"));

    let called = hana.dials("0102");
    world.run_for(Duration::from_secs(5));
    assert!(called.is_up_with(&lobby));
    called.hangs_up();
    world.run_for(Duration::from_secs(2));
    let inside = lobby.dials("0100");
    world.run_for(Duration::from_secs(5));
    assert!(inside.is_up_with(&hana));
    inside.hangs_up();
    world.run_for(Duration::from_secs(2));
    let outside = lobby.dials("9 206 555 0142");
    world.run_for(Duration::from_secs(5));
    assert_eq!((outside.ended(), east.was_called()), (Some(Ended::Refused(403)), 0));
    let help = lobby.dials("911");
    world.run_for(Duration::from_secs(5));

    assert!(help.is_up_with(&east));
    help.hangs_up();
    world.run_for(Duration::from_secs(2));
    world.finish();
}
