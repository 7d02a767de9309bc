//! Calls between trunks: PBXs and the telephone network, behind and in front of one another.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use house::*;
use policy::{Code, Direction, Facts, Policy};

const HOUSE: &str = r#"
format = 1
[system]
name = "contoso"
country = "US"
realm = "contoso.example"
[interface.lan]
address = "10.0.0.1"
udp = 5060
side = "inside"
[site.office]
[trunk.provider]
servers = [{ uri = "sip:203.0.113.5" }]
accept = { sources = ["203.0.113.5"], did = "any" }
usages = ["to-old-pbx"]
[trunk.old-pbx]
kind = "pbx"
servers = [{ uri = "sip:10.0.0.5" }]
accept = { sources = ["10.0.0.5"] }
usages = ["to-new-pbx", "out"]
[trunk.new-pbx]
kind = "pbx"
servers = [{ uri = "sip:10.0.0.6" }]
accept = { sources = ["10.0.0.6"] }
[trunk.gateway]
kind = "gateway"
servers = [{ uri = "sip:10.0.0.7" }]
accept = { sources = ["10.0.0.7"], did = "any" }
usages = ["to-old-pbx", "out"]
[user.hana]
site = "office"
number = "+14255550100"
password = { env = "HANA" }
devices = [{ contact = "sip:hana@10.0.0.31" }]
rights = "office"
[rights.office]
usages = ["to-old-pbx", "to-new-pbx", "out"]
[numbers.block]
range = ["+14255550100", "+14255550999"]
trunk = "provider"
[route.old-pbx]
order = 10
usages = ["to-old-pbx"]
to = "+14255550200..+14255550299"
use = [{ trunk = "old-pbx" }]
[route.new-pbx]
order = 20
usages = ["to-new-pbx"]
to = "+14255550300..+14255550399"
use = [{ trunk = "new-pbx" }]
[route.out]
order = 100
usages = ["out"]
to = "+1 NXX NXX XXXX"
use = [{ trunk = "provider" }]
backup = ["gateway"]
[emergency.us]
dial = ["911"]
trunks = ["provider"]
"#;

fn from(trunk: &str, number: &str) -> Facts {
    let source = match trunk {
        "provider" => "203.0.113.5:5060",
        "old-pbx" => "10.0.0.5:5060",
        "new-pbx" => "10.0.0.6:5060",
        _ => "10.0.0.7:5060",
    };
    call(source, LAN, "+12065550177", number)
}

fn ways(policy: &Policy, facts: &Facts) -> (Direction, Vec<String>) {
    let plan = planned(policy, facts);
    let names = plan.attempts.iter().map(|attempt| match &attempt.callee {
        policy::Callee::Trunk(name) | policy::Callee::User(name) => name.to_string(),
    });
    (plan.direction, names.collect())
}

/// Users of a PBX reach the telephone network by the usages of its trunk, in their order.
#[test]
fn req_f07_a_pbx_reaches_the_telephone_network() {
    let (direction, ways) = ways(&house_of(HOUSE), &from("old-pbx", "+12065550142"));

    assert_eq!(
        (direction, ways.as_slice()),
        (Direction::Transit, &["provider", "gateway"].map(String::from)[..])
    );
}

/// Two PBXs reach each other, and the one without the usage does not.
#[test]
fn req_f07_a_pbx_reaches_another_pbx() {
    let policy = house_of(HOUSE);

    let (_, found) = ways(&policy, &from("old-pbx", "+14255550301"));

    assert_eq!(found[0], "new-pbx");
    assert_eq!(refused(&policy, &from("new-pbx", "+14255550201")).code, Code::UNASSIGNED);
}

/// In front of a PBX: what arrives from the network for its numbers is handed on, and its users keep them.
#[test]
fn req_k10_a_house_in_front_of_a_pbx_hands_its_calls_on() {
    let policy = house_of(HOUSE);

    for trunk in ["provider", "gateway"] {
        let (direction, ways) = ways(&policy, &from(trunk, "+14255550201"));
        assert_eq!((direction, ways.as_slice()), (Direction::Transit, &["old-pbx".to_owned()][..]));
    }
    let (direction, found) = ways(&policy, &from("provider", "+14255550100"));
    assert_eq!((direction, found.as_slice()), (Direction::Inbound, &["hana".to_owned()][..]));
}

/// Behind a PBX: its calls for our people ring here, and our people reach the world by it.
#[test]
fn req_k10_a_house_behind_a_pbx_rings_and_calls_by_it() {
    let text = HOUSE.replace(
        "use = [{ trunk = \"provider\" }]\nbackup = [\"gateway\"]",
        "use = [{ trunk = \"old-pbx\" }]",
    );
    let policy = house_of(&text);
    let hana =
        Facts { authenticated: Some("hana".into()), ..call("10.0.0.31:5060", LAN, "hana", "2065550142") };

    assert_eq!(ways(&policy, &from("old-pbx", "+14255550100")).1, ["hana"]);
    assert_eq!(ways(&policy, &hana).1, ["old-pbx"]);
}

/// A gateway inside is a trunk like any other: same objects, same steps, another place.
#[test]
fn req_k11_a_gateway_inside_leads_to_the_telephone_network() {
    let policy = house_of(&HOUSE.replace(
        "use = [{ trunk = \"provider\" }]\nbackup = [\"gateway\"]",
        "use = [{ trunk = \"gateway\" }]",
    ));
    let hana =
        Facts { authenticated: Some("hana".into()), ..call("10.0.0.31:5060", LAN, "hana", "2065550142") };

    assert_eq!(ways(&policy, &hana), (Direction::Outbound, vec!["gateway".to_owned()]));
    assert_eq!(ways(&policy, &from("gateway", "+14255550100")).1, ["hana"]);
}

/// Nothing wants a gateway: a provider's trunk alone is a house.
#[test]
fn req_c07_a_house_needs_no_gateway() {
    let start = HOUSE.find("[trunk.gateway]").unwrap();
    let end = HOUSE.find("[user.hana]").unwrap();
    let text = format!("{}{}", &HOUSE[..start], &HOUSE[end..]).replace("backup = [\"gateway\"]\n", "");
    let hana =
        Facts { authenticated: Some("hana".into()), ..call("10.0.0.31:5060", LAN, "hana", "2065550142") };

    assert_eq!(ways(&house_of(&text), &hana).1, ["provider"]);
}

/// Calls from the telephone network do not leave into it again at our expense, by usage or by route.
#[test]
fn req_f07_nobody_passes_through_from_the_network_into_it() {
    let refusal = refused(&house_of(HOUSE), &from("gateway", "+12065550142"));

    assert_eq!((refusal.code, refusal.status), (Code::TRANSIT, 403));
    assert_eq!(
        refusal.words,
        "+12065550142 would only pass from gateway to provider, and gateway may not be used for that"
    );
    let named = HOUSE.replace(
        "[emergency.us]",
        "[route.named]\norder = 1\nfrom = { trunk = \"gateway\" }\n\
        to = \"+1 206 …\"\nuse = [{ trunk = \"provider\" }]\n[emergency.us]",
    );
    assert_eq!(refused(&house_of(&named), &from("gateway", "+12065550142")).code, Code::TRANSIT);
}

/// The check warns of such a loop before any call is made, and says what to write if it is meant.
#[test]
fn req_f07_a_loop_is_warned_of_and_allowed_where_it_is_meant() {
    let warned = house_of(HOUSE);
    let said: Vec<String> = warned.warnings().iter().map(ToString::to_string).collect();

    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("warning[TD-C050]: route \"out\" leads calls of gateway back"), "{said:?}");
    let meant = house_of(&HOUSE.replace("kind = \"gateway\"", "kind = \"gateway\"\ntransit = \"allowed\""));
    assert!(meant.warnings().is_empty());
    assert_eq!(ways(&meant, &from("gateway", "+12065550142")).1, ["provider", "gateway"]);
}

/// A trunk without the usage that a number wants is told so.
#[test]
fn req_f07_a_trunk_without_the_usage_is_refused_and_named() {
    let text =
        HOUSE.replace("usages = [\"to-new-pbx\", \"out\"]\n[trunk", "usages = [\"to-new-pbx\"]\n[trunk");

    let refusal = refused(&house_of(&text), &from("old-pbx", "+12065550142"));

    assert_eq!((refusal.code, refusal.status), (Code::USAGE, 403));
    assert_eq!(
        refusal.words,
        "trunk old-pbx has no usage that leads to +12065550142: it wants out (route out)"
    );
}

/// Several trunks to one server are told apart by port, interface or account; nothing else tells them apart.
#[test]
fn req_k11_two_trunks_do_not_share_both_ends() {
    let twin = "[trunk.twin]\nservers = [{ uri = \"sip:10.0.0.7\" }]\n[user.hana]";
    let text = HOUSE.replace("[user.hana]", twin);

    let problems = policy::compile(&documents(&text), &secrets()).unwrap_err();

    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].message, "trunk \"gateway\" has the same server, interface and account");
    let other = text.replace("uri = \"sip:10.0.0.7\" }]\n[user", "uri = \"sip:10.0.0.7:5070\" }]\n[user");
    assert!(policy::compile(&documents(&other), &secrets()).is_ok());
    let account = text.replace("[user.hana]", "identity = { account = \"second\" }\n[user.hana]");
    assert!(policy::compile(&documents(&account), &secrets()).is_ok());
}
