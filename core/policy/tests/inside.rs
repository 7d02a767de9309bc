//! Whose media may leave our relay: far ends of one site that lets them, and nobody who is hidden or in need.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use house::*;
use policy::{Facts, MediaPath, Policy, Trail};

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
privacy_code = "*67"
media = { path = "auto" }
[site.delhi]
subnets = ["10.91.0.0/16"]
media = { path = "auto" }

[trunk.pbx]
kind = "pbx"
site = "seattle"
media = { path = "auto" }
servers = [{ uri = "sip:10.1.0.8" }]
[trunk.world]
servers = [{ uri = "sip:203.0.113.5" }]

[user.hana]
site = "seattle"
extension = "0100"
password = { env = "HANA" }
devices = [{ contact = "sip:hana@10.1.0.31" }]
allow = ["internal", "national"]
[user.lobby]
site = "seattle"
extension = "0102"
devices = [{ contact = "sip:lobby@10.1.0.32" }]
[user.anil]
site = "delhi"
extension = "0104"
devices = [{ contact = "sip:anil@10.91.0.31" }]

[route.pbx]
order = 1
to = "+1206…"
use = [{ trunk = "pbx" }]
[route.world]
order = 2
to = "+…"
use = [{ trunk = "world" }]
[emergency.us]
country = "US"
dial = ["911"]
trunks = ["pbx"]
"#;

fn hana(dialled: &str) -> Facts {
    Facts { authenticated: Some("hana".into()), ..call("10.1.0.31:5060", LAN, "hana", dialled) }
}

fn says(policy: &Policy, facts: &Facts) -> String {
    let mut trail = Trail::new();
    let _ = policy::plan(policy, facts, &mut trail);
    trail.to_string()
}

#[test]
fn g6_far_ends_of_one_site_may_be_let_out_and_the_trail_says_so() {
    let house = house_of(HOUSE);
    let rows = [
        ("0102", MediaPath::Auto),
        ("0104", MediaPath::Anchored),
        ("*670102", MediaPath::Anchored),
        ("+12065550142", MediaPath::Auto),
        ("+13035550142", MediaPath::Anchored),
        ("911", MediaPath::Anchored),
    ];

    for (dialled, path) in rows {
        let plan = planned(&house, &hana(dialled));
        let legs = [&plan.leg, &plan.attempts[0].leg];

        assert_eq!(plan.attempts[0].media.path, path, "{dialled}");
        let sites = legs.map(|leg| leg.inside.as_ref().map(|inside| inside.site.to_string()));
        let is_let_out = sites[0].is_some() && sites[0] == sites[1];
        assert_eq!(is_let_out, path == MediaPath::Auto, "{dialled}: {sites:?}");
        let says = says(&house, &hana(dialled));
        assert_eq!(says.contains("then between the far ends"), path == MediaPath::Auto, "{says}");
    }
}

/// Whoever is at no addresses that are known is never known to be at one site with anybody.
#[test]
fn g6_a_path_that_can_never_be_taken_is_warned_of() {
    let without_site = HOUSE.replacen("site = \"seattle\"\n", "", 1);
    let without_subnets = HOUSE.replacen("subnets = [\"10.91.0.0/16\"]\n", "", 1);
    let rows = [
        (HOUSE.to_owned(), vec![]),
        (without_site, vec!["TD-C077 media of trunk \"pbx\" never leaves us: it is at no subnets of a site"]),
        (without_subnets, vec!["TD-C077 media at site \"delhi\" never leaves us: it has no subnets"]),
    ];

    for (house, wanted) in rows {
        let policy = house_of(&house);
        let warnings = policy.warnings().iter().filter(|one| one.code == model::Code::MEDIA_PATH);
        let said: Vec<String> = warnings.map(|one| format!("{} {}", one.code, one.message)).collect();

        assert_eq!(said, wanted);
    }
}
