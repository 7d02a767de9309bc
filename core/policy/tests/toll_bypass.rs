//! Toll bypass is refused by place: who is where may speak with the telephone network by which trunk.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use std::net::SocketAddr;
use std::sync::Arc;

use house::*;
use policy::{CallPlan, Callee, Code, Decision, Facts, Policy, Trail, Whereabouts, may_speak, plan};

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

[site.seattle]
subnets = ["10.1.0.0/16"]
[site.delhi]
country = "IN"
subnets = ["10.91.0.0/16"]
toll_bypass = "refused"
usages = ["of-delhi"]
[site.mumbai]
country = "IN"
subnets = ["10.92.0.0/16"]
toll_bypass = "refused"
mailbox = "post"

[trunk.world]
servers = [{ uri = "sip:203.0.113.5" }]
accept = { sources = ["203.0.113.5"], did = "any" }
site = "seattle"
[trunk.delhi-gw]
kind = "gateway"
site = "delhi"
toll_bypass = "refused"
servers = [{ uri = "sip:10.91.0.9" }]
accept = { sources = ["10.91.0.9"], did = "any" }
[trunk.mumbai-gw]
kind = "gateway"
site = "mumbai"
toll_bypass = "refused"
servers = [{ uri = "sip:10.92.0.9" }]
accept = { sources = ["10.92.0.9"], did = "any" }
[trunk.delhi-pbx]
kind = "pbx"
site = "delhi"
servers = [{ uri = "sip:10.91.0.8" }]
accept = { sources = ["10.91.0.8"], did = "any" }
usages = ["world"]
[trunk.seattle-pbx]
kind = "pbx"
site = "seattle"
servers = [{ uri = "sip:10.1.0.8" }]
accept = { sources = ["10.1.0.8"], did = "any" }
usages = ["world"]

[user.anil]
site = "delhi"
number = "+911155501234"
password = { env = "HANA" }
devices = [{ contact = "sip:anil@10.91.0.31" }, { contact = "sip:anil@10.1.0.31" }]
rights = "staff"
[user.bela]
site = "delhi"
number = "+911155501235"
password = { env = "MINSU" }
devices = [{ contact = "sip:bela@10.1.0.32" }, { contact = "sip:bela@phone.example.net" }]
rights = "staff"
[user.lobby]
number = "+911155501236"
devices = [{ contact = "sip:lobby@10.91.0.40" }]
allow = ["national"]
[user.post]
devices = [{ contact = "sip:post@10.1.0.50" }]
[rights.staff]
allow = ["internal", "national", "mobile", "international"]
usages = ["world", "pbx"]

[route.delhi]
order = 10
to = "+91 …"
usages = ["of-delhi"]
use = [{ trunk = "world" }, { trunk = "delhi-gw" }]
[route.mumbai]
order = 20
to = "+…"
sites = ["mumbai"]
use = [{ trunk = "mumbai-gw" }]
[route.pbx]
order = 30
to = "+1 425 555 02XX"
usages = ["pbx", "world"]
use = [{ trunk = "seattle-pbx" }]
[route.delhi-pbx]
order = 35
to = "+91 11 5550 2XXX"
usages = ["world"]
use = [{ trunk = "delhi-pbx" }]
[route.world]
order = 40
to = "+…"
usages = ["world"]
use = [{ trunk = "world" }, { trunk = "delhi-gw" }, { trunk = "mumbai-gw" }]
[emergency.in]
country = "IN"
dial = ["112"]
trunks = ["world"]
[emergency.us]
country = "US"
dial = ["911"]
trunks = ["delhi-gw"]
"#;

const DELHI: &str = "10.91.0.31:5060";
const MUMBAI: &str = "10.92.0.31:5060";
const SEATTLE: &str = "10.1.0.31:5060";
const HOTEL: &str = "192.0.2.99:5060";

fn anil_dials(number: &str, at: &str) -> Facts {
    Facts { authenticated: Some("anil".into()), ..call(at, LAN, "anil", number) }
}

fn from_delhi_gw(number: &str) -> Facts {
    call("10.91.0.9:5060", LAN, "+919812345678", number)
}

fn ways(policy: &Policy, facts: &Facts) -> Vec<String> {
    names(&planned(policy, facts))
}

fn names(plan: &CallPlan) -> Vec<String> {
    let name = |callee: &Callee| match callee {
        Callee::Trunk(name) | Callee::User(name) => name.to_string(),
    };
    plan.attempts.iter().map(|attempt| name(&attempt.callee)).collect()
}

fn says(policy: &Policy, facts: &Facts) -> String {
    let mut trail = Trail::new();
    let _ = plan(policy, facts, &mut trail);
    trail.to_string()
}

/// One person, three places: each time by the routes of the place, not by those of the person.
#[test]
fn req_f26_whoever_is_at_a_site_that_refuses_leaves_by_its_routes() {
    let house = house_of(HOUSE);

    assert_eq!(ways(&house, &anil_dials("+919876543210", DELHI)), ["world", "delhi-gw"]);
    assert_eq!(ways(&house, &anil_dials("+919876543210", MUMBAI)), ["mumbai-gw"]);
    assert_eq!(ways(&house, &anil_dials("+919876543210", SEATTLE)), ["world"]);
    let trail = says(&house, &anil_dials("+919876543210", MUMBAI));
    assert!(trail.contains("at mumbai, which refuses toll bypass"), "{trail}");
    assert!(trail.contains("mumbai refuses toll bypass, and the route is none of it"), "{trail}");
}

/// Where the site has no route for a number, the person's own do not help: 403, and the reason is told.
#[test]
fn req_f26_a_number_without_a_route_of_the_site_is_refused() {
    let house = house_of(HOUSE);

    let refusal = refused(&house, &anil_dials("+12065550142", DELHI));

    assert_eq!((refusal.code, refusal.status), (Code::TOLL_BYPASS, 403));
    assert!(refusal.words.contains("delhi refuses toll bypass"), "{refusal}");
}

/// Rights stay the person's own wherever they are.
#[test]
fn req_f26_rights_are_still_the_persons_own() {
    let house = house_of(HOUSE);
    let lobby = call("10.91.0.40:5060", LAN, "lobby", "+12065550142");

    assert_eq!(refused(&house, &lobby).code, Code::RIGHTS);
}

/// From a place that nobody knows, a person's own routes hold, without the trunks that serve their site
/// alone.
#[test]
fn req_f26_from_an_unknown_place_only_free_trunks_are_used() {
    let house = house_of(HOUSE);

    let facts = anil_dials("+919876543210", HOTEL);

    assert_eq!(ways(&house, &facts), ["world"]);
    let trail = says(&house, &facts);
    assert!(trail.contains("delhi-gw serves whoever is at delhi alone"), "{trail}");
}

/// A call that arrives by the gateway rings the devices at its site, and those alone.
#[test]
fn req_f26_only_devices_at_the_trunks_site_ring() {
    let house = house_of(HOUSE);

    let plan = planned(&house, &from_delhi_gw("+911155501234"));

    assert_eq!(targets(&plan), ["sip:anil@10.91.0.31"]);
    let free = call("203.0.113.5:5060", LAN, "+12065550142", "+911155501234");
    assert_eq!(targets(&planned(&house, &free)), ["sip:anil@10.91.0.31", "sip:anil@10.1.0.31"]);
}

/// Nobody there: the mailbox of the trunk's site takes the call; without one, 480 lets the caller's network
/// say so.
#[test]
fn req_f26_whoever_is_elsewhere_is_represented_by_the_mailbox() {
    let house = house_of(HOUSE);
    let refusal = refused(&house, &from_delhi_gw("+911155501235"));
    assert_eq!((refusal.code, refusal.status), (Code::NOT_THERE, 480));
    assert!(refusal.words.contains("0 of 2 devices of bela are at delhi"), "{refusal}");

    let house = house_of(
        &HOUSE
            .replace("usages = [\"of-delhi\"]\n[site", "usages = [\"of-delhi\"]\nmailbox = \"post\"\n[site"),
    );
    let plan = planned(&house, &from_delhi_gw("+911155501235"));

    assert_eq!((names(&plan), targets(&plan)), (vec!["post".to_owned()], vec!["sip:post@10.1.0.50"]));
    assert_eq!(&*plan.called, "+911155501235");
}

/// A party from the network goes, when transferred, to people at the site it came in at, and to no other.
#[test]
fn req_f26_a_party_from_the_network_is_transferred_inside_its_site_only() {
    let house = house_of(HOUSE);
    let stays = Some(Whereabouts::Trunk("delhi-gw".into()));
    let transfer = |number| Facts {
        stays: stays.clone(),
        transferred_by: Some("anil".into()),
        ..anil_dials(number, DELHI)
    };

    assert_eq!(targets(&planned(&house, &transfer("+911155501236"))), ["sip:lobby@10.91.0.40"]);
    assert_eq!(refused(&house, &transfer("+911155501235")).code, Code::NOT_THERE);
    assert_eq!(ways(&house, &transfer("+919876543210")), ["delhi-gw"]);
}

/// Who transfers a colleague into the network does so by the routes of where the colleague is.
#[test]
fn req_f26_a_colleague_is_transferred_by_the_routes_of_their_own_place() {
    let house = house_of(HOUSE);
    let colleague_at = |address: &str| Facts {
        stays: Some(Whereabouts::Address(address.parse::<SocketAddr>().unwrap().ip())),
        transferred_by: Some("anil".into()),
        ..anil_dials("+919876543210", SEATTLE)
    };

    assert_eq!(ways(&house, &colleague_at(MUMBAI)), ["mumbai-gw"]);
    assert_eq!(ways(&house, &colleague_at(SEATTLE)), ["world"]);
}

/// Two calls become one only where both parties may speak.
#[test]
fn req_f26_calls_are_not_joined_across_places() {
    let house = house_of(HOUSE);
    let trunk = |name: &str| Whereabouts::Trunk(name.into());
    let at = |address: &str| Whereabouts::Address(address.parse::<SocketAddr>().unwrap().ip());
    let may = |one: &Whereabouts, other: &Whereabouts| may_speak(&house, one, other).map_err(|no| no.code);

    assert_eq!(may(&trunk("delhi-gw"), &at(DELHI)), Ok(()));
    assert_eq!(may(&trunk("delhi-gw"), &at(SEATTLE)), Err(Code::TOLL_BYPASS));
    assert_eq!(may(&at(HOTEL), &trunk("delhi-gw")), Err(Code::TOLL_BYPASS));
    assert_eq!(may(&trunk("delhi-gw"), &trunk("mumbai-gw")), Err(Code::TOLL_BYPASS));
    assert_eq!(may(&trunk("delhi-gw"), &trunk("delhi-pbx")), Ok(()));
    assert_eq!(may(&trunk("world"), &at(DELHI)), Ok(()));
    assert_eq!(may(&at(DELHI), &at(SEATTLE)), Ok(()));
}

/// PBXs reach each other wherever they stand; into the network, people behind one count as being at its site.
#[test]
fn req_f26_people_behind_a_pbx_are_at_its_site() {
    let house = house_of(HOUSE);
    let pbx = |source: &str, number: &str| call(source, LAN, "+911155502000", number);

    assert_eq!(ways(&house, &pbx("10.91.0.8:5060", "+14255550201")), ["seattle-pbx"]);
    assert_eq!(ways(&house, &pbx("10.91.0.8:5060", "+919876543210")), ["world", "delhi-gw"]);
    assert_eq!(refused(&house, &pbx("10.91.0.8:5060", "+12065550142")).code, Code::TOLL_BYPASS);
    assert_eq!(ways(&house, &pbx("10.1.0.8:5060", "+919876543210")), ["world"]);
}

/// A call for help goes out by whatever there is, whoever is where.
#[test]
fn req_f26_a_call_for_help_is_never_hindered() {
    let house = house_of(HOUSE);

    let from_delhi = planned(&house, &anil_dials("112", DELHI));
    let from_seattle = planned(&house, &anil_dials("911", SEATTLE));

    assert!(from_delhi.emergency && from_seattle.emergency);
    assert_eq!(names(&from_delhi)[0], "world");
    assert_eq!(names(&from_seattle)[0], "delhi-gw");
    assert!(names(&from_seattle).contains(&"mumbai-gw".to_owned()));
}

/// A house that says nothing of toll bypass decides as before, and its trails say nothing of places.
#[test]
fn req_f26_where_it_is_allowed_nothing_changes() {
    let house = house();

    let trail = says(&house, &hana_dials("2065550142"));

    assert!(!trail.contains("place"), "{trail}");
}

/// A site that refuses and has no route of its own is warned of.
#[test]
fn req_f26_a_site_without_a_way_out_is_warned_of() {
    let house = house_of(&HOUSE.replace("sites = [\"mumbai\"]\n", ""));

    let said: Vec<String> =
        house.warnings().iter().map(|one| format!("{} {}", one.code, one.message)).collect();

    assert!(said.iter().any(|one| one.starts_with("TD-C070 whoever is at site \"mumbai\"")), "{said:?}");
    let sound = house_of(HOUSE);
    assert!(sound.warnings().iter().all(|one| one.code.to_string() != "TD-C070"), "{:?}", sound.warnings());
}

/// What a record keeps of where a party is, is read again as it was.
#[test]
fn req_f26_what_a_record_keeps_is_planned_alike() {
    let house = house_of(HOUSE);
    let facts = Facts {
        stays: Some(Whereabouts::Trunk(Arc::from("delhi-gw"))),
        ..anil_dials("+919876543210", DELHI)
    };

    let read: Facts = serde_json::from_str(&serde_json::to_string(&facts).unwrap()).unwrap();
    let mut trail = Trail::new();

    assert_eq!(read, facts);
    assert!(matches!(plan(&house, &read, &mut trail), Decision::Go(_)));
}
