//! Lines that calls cross: what they are, what a call takes of them, and what happens when they are full.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use house::*;
use model::{Codec, Secrets, SourceFile};
use policy::{AttemptPlan, Callee, Facts, Policy, Trail, Unit, compile_after, plan_live};

const HOUSE: &str = r#"
format = 1
[system]
name = "contoso"
country = "US"
realm = "contoso.example"
[interface.lan]
address = "10.0.0.1"
udp = 5060
tls = 5061
tls_certificate = "cert.pem"
tls_key = "key.pem"
side = "inside"

[link.mpls]
kind = "mpls"
kbps = 200
[link.branch]
kind = "private"
kbps = 100

[site.seattle]
subnets = ["10.1.0.0/16"]
[site.tacoma]
subnets = ["10.2.0.0/16"]
link = "branch"

[trunk.east]
servers = [{ uri = "sip:203.0.113.5" }]
link = "mpls"
media = { codecs = ["pcmu", "g729"] }
[trunk.south]
servers = [{ uri = "sip:203.0.113.6" }]
link = "mpls"
media = { codecs = ["g729"] }
[trunk.gateway]
kind = "gateway"
servers = [{ uri = "sip:10.1.0.9" }]

[user.hana]
site = "seattle"
number = "+14255550100"
devices = [{ contact = "sip:hana@10.1.0.31" }]
[user.bran]
site = "tacoma"
number = "+12535550100"
devices = [{ contact = "sip:bran@10.2.0.31" }]
[user.tess]
site = "tacoma"
number = "+12535550101"
devices = [{ contact = "sip:tess@10.2.0.32" }]

[route.out]
order = 10
to = "+1 …"
use = [{ trunk = "east" }, { trunk = "south" }]
backup = ["gateway"]
[emergency.us]
dial = ["911"]
trunks = ["east"]
"#;

fn dials(who: &str, number: &str) -> Facts {
    let at = if who == "hana" { "10.1.0.31:5060" } else { "10.2.0.31:5060" };
    call(at, LAN, who, number)
}

/// The links that an attempt crosses, and what it takes of each.
fn crossed(attempt: &AttemptPlan) -> Vec<(String, u32)> {
    let links = attempt.claims.iter().filter(|claim| claim.limit.unit() == Unit::Kbps);
    links.map(|claim| (claim.limit.name().to_owned(), claim.amount)).collect()
}

fn link(name: &str, kbps: u32) -> (String, u32) {
    (format!("link {name}"), kbps)
}

fn admission(policy: &Policy, facts: &Facts) -> String {
    let (mut facts, mut trail) = (facts.clone(), Trail::new());
    let _ = plan_live(policy, &mut facts, &mut trail);
    trail.steps.iter().find(|step| step.name == "admission").unwrap().says.to_string()
}

/// G.711 takes 92 kbps on the wire before RTCP, and 97 with it; the formula of the requirement says less.
#[test]
fn req_k04_what_a_call_takes_of_a_line() {
    let wire = |codec: Codec| codec.kbps() - 5;

    assert_eq!([Codec::Pcmu, Codec::Pcma, Codec::G722].map(wire), [92, 92, 92]);
    assert_eq!(Codec::Pcmu.kbps(), 97);
    assert_eq!([Codec::G729, Codec::Opus, Codec::L16].map(Codec::kbps), [41, 65, 289]);
}

/// An attempt takes what its dearest codec takes, of the link of the trunk and of the site it comes from.
#[test]
fn req_k04_a_call_takes_bandwidth_of_every_line_it_crosses() {
    let house = house_of(HOUSE);

    let plan = planned(&house, &dials("bran", "+12065550142"));

    assert_eq!(crossed(&plan.attempts[0]), [link("mpls", 97), link("branch", 97)]);
    assert_eq!(crossed(&plan.attempts[1]), [link("mpls", 41), link("branch", 41)]);
    assert_eq!(crossed(&plan.attempts[2]), [link("branch", 97)]);
    assert_eq!(crossed(&planned(&house, &dials("hana", "+12535550100")).attempts[0]), [link("branch", 97)]);
    assert!(crossed(&planned(&house, &dials("bran", "+12535550101")).attempts[0]).is_empty());
}

/// Several trunks share one line: together they take what it carries, and no more.
#[test]
fn req_k03_trunks_that_share_a_line_fill_it_together() {
    let house = house_of(HOUSE);
    let plan = planned(&house, &dials("hana", "+12065550142"));
    let take = |attempt: usize| plan.attempts[attempt].claims[0].take();

    let (first, second) = (take(0).unwrap(), take(0).unwrap());
    assert!(take(0).is_none() && take(1).is_none(), "194 of 200 are taken");
    assert_eq!(
        admission(&house, &dials("hana", "+12065550142")),
        "194 of 200 kbps of link mpls (97 for this call)"
    );
    drop(first);
    let third = take(1).unwrap();

    assert_eq!(plan.attempts[0].claims[0].limit.used(), 97 + 41);
    drop((second, third));
    assert_eq!(plan.attempts[0].claims[0].limit.used(), 0);
}

/// A new revision counts on; one that narrows the line ends no call.
#[test]
fn req_k04_a_new_revision_counts_on_where_the_old_one_stands() {
    let old = house_of(HOUSE);
    let _held = planned(&old, &dials("hana", "+12065550142")).attempts[0].claims[0].take().unwrap();

    let new = compile_after(&old, &documents(&HOUSE.replace("kbps = 200", "kbps = 90")), &secrets()).unwrap();
    let claim = planned(&new, &dials("hana", "+12065550142")).attempts[0].claims[0].clone();

    assert_eq!((claim.limit.used(), claim.limit.ceiling()), (97, 90));
    assert!(claim.take().is_none());
}

/// A call for help takes what it needs, whatever is left.
#[test]
fn req_f40_a_call_for_help_is_not_refused_for_bandwidth() {
    let house = house_of(&HOUSE.replace("kbps = 200", "kbps = 1"));

    let plan = planned(&house, &dials("hana", "911"));
    let claim = plan.attempts[0].claims[0].clone();

    assert!(plan.emergency && plan.attempts[0].callee == Callee::Trunk("east".into()));
    assert!(claim.take().is_none());
    let permit = claim.take_by_force();
    assert_eq!(claim.limit.used(), 97);
    drop(permit);
}

fn problems(text: &str) -> Vec<String> {
    let files = [SourceFile::new("contoso.toml", text)];
    let problems = match model::load(&files) {
        Ok(documents) => policy::compile(&documents, &Secrets::new()).err().unwrap_or_default(),
        Err(problems) => problems,
    };
    problems.iter().map(|problem| format!("{} {}", problem.code, problem.message)).collect()
}

fn warnings(text: &str) -> Vec<String> {
    let house = house_of(text);
    house.warnings().iter().map(|warning| format!("{} {}", warning.code, warning.message)).collect()
}

/// The types of connection: MPLS and private lines and tunnels want nothing more; through the Internet,
/// calls are sealed by TLS and SRTP, or somebody says why they need not be.
#[test]
fn req_k03_nothing_crosses_the_internet_in_the_clear_unless_somebody_said_why() {
    let over = |kind: &str, trunk: &str| {
        let text = HOUSE.replace("kind = \"mpls\"", &format!("kind = \"{kind}\""));
        text.replace("[trunk.south]\nservers = [{ uri = \"sip:203.0.113.6\" }]\nlink = \"mpls\"", trunk)
            .replace(
                "servers = [{ uri = \"sip:203.0.113.5\" }]\nlink = \"mpls\"",
                "servers = [{ uri = \"sip:203.0.113.5\" }]",
            )
    };
    let south = |server: &str, more: &str| {
        format!("[trunk.south]\nservers = [{{ uri = \"{server}\" }}]\nlink = \"mpls\"\n{more}")
    };
    let bare = south("sip:sbc.example.net", "");
    for kind in ["mpls", "private", "vpn"] {
        assert!(problems(&over(kind, &bare)).is_empty(), "{kind}");
    }

    let clear = problems(&over("internet", &bare));
    assert_eq!(
        clear,
        ["TD-C071 trunk \"south\" crosses the Internet, and neither TLS nor SRTP is sure to seal it"]
    );
    let by_tls = problems(&over("internet", &south("sip:sbc.example.net;transport=tls", "")));
    assert_eq!(
        by_tls,
        ["TD-C071 trunk \"south\" crosses the Internet, and its media need not be sealed by SRTP"]
    );
    let sealed = over("internet", &south("sip:sbc.example.net;transport=tls", ""));
    let sealed = sealed
        .replace("media = { codecs = [\"g729\"] }", "media = { codecs = [\"g729\"], srtp = \"required\" }");
    assert!(problems(&sealed).is_empty());
    let agreed =
        over("internet", &south("sip:sbc.example.net", "unprotected = \"agreed with M. Ito, 2026-03-02\"\n"));
    assert!(problems(&agreed).is_empty());
    let said = "TD-C071 trunk \"south\" crosses the Internet unprotected: agreed with M. Ito, 2026-03-02";
    assert_eq!(warnings(&agreed), [said]);
}

/// A reason that nothing needs, and one that says nothing, are mistakes.
#[test]
fn req_k03_a_reason_stands_where_it_is_needed() {
    let idle = HOUSE.replace("[trunk.gateway]\n", "[trunk.gateway]\nunprotected = \"because\"\n");
    assert_eq!(problems(&idle), ["TD-C071 trunk \"gateway\" is not unprotected on the Internet"]);

    let empty = HOUSE
        .replace("kind = \"mpls\"", "kind = \"internet\"")
        .replace("link = \"mpls\"\n", "link = \"mpls\"\nunprotected = \" \"\n");
    assert_eq!(problems(&empty), ["TD-C071 why it may be is not said", "TD-C071 why it may be is not said"]);
}

/// A line that is narrower than the calls its trunks may have is warned of before it is full.
#[test]
fn req_k04_a_line_too_narrow_for_its_trunks_is_warned_of() {
    let text = HOUSE.replace("[trunk.east]\n", "[trunk.east]\nlimits = { calls = 2 }\n");
    assert!(warnings(&text).is_empty());

    let text = text.replace("[trunk.south]\n", "[trunk.south]\nlimits = { calls = 1 }\n");

    assert_eq!(
        warnings(&text),
        ["TD-C072 link \"mpls\" carries 200 kbps, and the calls that its trunks may have take 235"]
    );
}
