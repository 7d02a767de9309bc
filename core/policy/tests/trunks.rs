//! Trunks as pairs of our interface and a far end, in any combination; and what protects each.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use house::*;
use model::{Secrets, SourceFile};
use policy::{Facts, Policy, Seal, protections};

/// Two interfaces and two far ends: four trunks, each with a name of its own.
const HOUSE: &str = r#"
format = 1
[system]
name = "contoso"
country = "US"
realm = "contoso.example"
[interface.first]
address = "192.0.2.10"
udp = 5060
tcp = 5060
tls = 5061
tls_certificate = "cert.pem"
tls_key = "key.pem"
tls_verify = "carrier.pem"
[interface.second]
address = "2001:db8::10"
udp = 5060
tls = 5061
tls_certificate = "cert.pem"
tls_key = "key.pem"

[trunk.first-east]
interface = "first"
servers = [{ uri = "sip:east.example:5070" }]
accept = { sources = ["203.0.113.5:5070"], did = "any" }
[trunk.first-west]
interface = "first"
servers = [{ uri = "sip:west.example;transport=tcp" }]
[trunk.second-east]
interface = "second"
servers = [{ uri = "sip:east.example:5070" }]
accept = { sources = ["2001:db8::5"], did = "any" }
[trunk.second-west]
interface = "second"
servers = [{ uri = "sip:[2001:db8::6]:5062" }]
[trunk.first-west-again]
interface = "first"
servers = [{ uri = "sip:west.example:5080;transport=tcp" }]

[user.hana]
number = "+14255550100"
devices = [{ contact = "sip:hana@192.0.2.31" }]

[route.one]
order = 10
to = "+1206…"
use = [{ trunk = "first-east" }]
backup = ["second-east", "second-west"]
[route.two]
order = 20
to = "+1253…"
use = [{ trunk = "second-west" }, { trunk = "first-west" }, { trunk = "first-west-again" }]
"#;

/// Interface and target of each attempt of a call by hana.
fn ways(policy: &Policy, number: &str) -> Vec<(String, String)> {
    let facts: Facts = call("192.0.2.31:5060", LAN, "hana", number);
    let way = |attempt: &policy::AttemptPlan| {
        let interface = &policy.interfaces()[usize::from(attempt.interface.unwrap().0)];
        (interface.name.to_string(), attempt.target.to_string())
    };
    planned(policy, &facts).attempts.iter().map(way).collect()
}

fn pair(interface: &str, target: &str) -> (String, String) {
    (interface.to_owned(), target.to_owned())
}

/// Any of our interfaces to any far end, several trunks to one far end, several of a far end's ports: a
/// route names trunks, and the trunk says from where to where.
#[test]
fn req_f01_interfaces_and_far_ends_are_linked_in_any_combination() {
    let house = house_of(HOUSE);

    let one = ways(&house, "+12065550142");
    let two = ways(&house, "+12535550142");

    let east = "sip:east.example:5070";
    assert_eq!(one, [pair("first", east), pair("second", east), pair("second", "sip:[2001:db8::6]:5062")]);
    let west = "sip:west.example;transport=tcp";
    let again = "sip:west.example:5080;transport=tcp";
    assert_eq!(two, [pair("second", "sip:[2001:db8::6]:5062"), pair("first", west), pair("first", again)]);
}

/// A call from a far end belongs to the trunk of the pair it came in by.
#[test]
fn req_f01_a_call_belongs_to_the_pair_it_came_in_by() {
    let house = house_of(HOUSE);
    let trunk = |source: &str| house.trunk_at(source.parse().unwrap()).map(ToString::to_string);

    assert_eq!(trunk("203.0.113.5:5070").as_deref(), Some("first-east"));
    assert_eq!(trunk("[2001:db8::5]:5060").as_deref(), Some("second-east"));
    assert_eq!(trunk("203.0.113.5:5099"), None);
}

fn problems(text: &str) -> Vec<String> {
    let files = [SourceFile::new("contoso.toml", text)];
    let problems = match model::load(&files) {
        Ok(documents) => policy::compile(&documents, &Secrets::new()).err().unwrap_or_default(),
        Err(problems) => problems,
    };
    problems.iter().map(|problem| format!("{} {}", problem.code, problem.message)).collect()
}

/// A trunk's name is its own, its pair too, and its interface has to speak what its servers do.
#[test]
fn req_f01_names_and_pairs_are_unique() {
    let twin = HOUSE.replace(":5080", "");
    let said = "TD-C030 trunk \"first-west\" has the same server, interface and account";
    assert_eq!(problems(&twin), [said]);

    let twice = format!("{HOUSE}\n[trunk.second-east]\nservers = [{{ uri = \"sip:203.0.113.9\" }}]\n");
    assert_eq!(problems(&twice).len(), 1);

    let deaf = HOUSE.replace("[2001:db8::6]:5062", "[2001:db8::6]:5062;transport=tcp");
    assert!(
        problems(&deaf)[0].starts_with("TD-C030 interface \"second\" has no tcp port"),
        "{:?}",
        problems(&deaf)
    );
}

/// What protects a trunk, as it comes out: TLS and whom it believes; SRTP, and whether its keys are safe.
fn protection(trunk: &str) -> (String, Seal) {
    let house = house_of(&format!("{HOUSE}\n[trunk.far]\n{trunk}\n"));
    let found = protections(&house, "far").unwrap().remove(0);
    (found.signalling, found.media)
}

/// Each peer by TCP, TLS or UDP, believed by the roots that its interface names; the effective protection is
/// what is shown, not what is configured: without TLS, optional SRTP is none, and required SRTP is no call.
#[test]
fn req_f03_the_protection_in_effect_is_shown_for_each_peer() {
    let by = |interface: &str, uri: &str, srtp: &str| {
        protection(&format!(
            "interface = \"{interface}\"\nservers = [{{ uri = \"sip:{uri}\" }}]\nmedia = {{ {srtp} }}"
        ))
    };

    let (signalling, media) = by("first", "far.example;transport=tls", "srtp = \"required\"");
    assert_eq!(
        (signalling.as_str(), media),
        ("TLS, its certificate checked against carrier.pem", Seal::Sealed)
    );
    let (signalling, media) = by("second", "far.example;transport=tls", "");
    let usual = "TLS, its certificate checked against the roots of this machine";
    assert_eq!((signalling.as_str(), media), (usual, Seal::SealedIfTheFarEndCan));
    let (signalling, media) = by("first", "far.example;transport=tcp", "");
    assert_eq!((signalling.as_str(), media), ("tcp, in the clear", Seal::ClearForLackOfTls));
    assert_eq!(by("first", "far.example;transport=tcp", "srtp = \"required\"").1, Seal::NoCalls);
    let bold = "srtp = \"required\", keys_in_clear = \"allowed\"";
    assert_eq!(by("first", "far.example;transport=tcp", bold).1, Seal::SealedWithKeysInClear);
    assert_eq!(by("first", "far.example;transport=tls", "srtp = \"off\"").1, Seal::Clear);
}
