//! A call for help gets through.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use house::*;
use policy::{Callee, Cause, Code, Decision, Facts, InterfaceId, ServerId, Standings, Trail, WallTime, plan};
use proptest::prelude::*;

fn trunks_of(plan: &policy::CallPlan) -> Vec<&str> {
    let callees = plan.attempts.iter().map(|attempt| match &attempt.callee {
        Callee::Trunk(name) | Callee::User(name) => &**name,
    });
    callees.collect()
}

#[test]
fn help_is_called_with_and_without_the_outside_prefix_and_by_urn() {
    let policy = house();

    for dialled in
        ["911", "9911", "9-911", "urn:service:sos", "urn:service:sos.fire", "tel:911;phone-context=+1"]
    {
        let plan = planned(&policy, &hana_dials(dialled));
        assert!(plan.emergency, "{dialled}");
        assert_eq!((&*plan.called, plan.route.as_deref()), ("911", Some("us")), "{dialled}");
        assert_eq!(plan.attempts[0].heading.request_uri.text(), "sip:911@203.0.113.20:5060", "{dialled}");
    }
}

#[test]
fn the_trunks_of_the_rule_come_first_and_then_every_other_one() {
    let plan = planned(&house(), &hana_dials("911"));

    let others = ["listener", "speaker"];
    assert_eq!(
        trunks_of(&plan),
        [&["fabrikam", "northwind", "northwind", "northwind"][..], &others].concat()
    );
}

#[test]
fn servers_that_are_down_are_tried_for_help_too_but_last() {
    let policy = house();
    let facts = Facts { standings: down(&policy, &["sip:203.0.113.20:5060"]), ..hana_dials("911") };

    let plan = planned(&policy, &facts);

    assert_eq!(trunks_of(&plan).last(), Some(&"fabrikam"));
    assert_eq!(plan.attempts.len(), 6);
}

#[test]
fn a_call_for_help_moves_on_after_every_failure() {
    let plan = planned(&house(), &hana_dials("911"));

    for attempt in &plan.attempts {
        assert!((300..700).all(|status| attempt.moves_on.contains(Cause::Status(status))));
        for cause in [Cause::Timeout, Cause::Dns, Cause::Transport, Cause::Media, Cause::Limit] {
            assert!(attempt.moves_on.contains(cause), "{cause:?}");
        }
    }
}

#[test]
fn nobody_who_stands_in_the_house_is_asked_for_proof_rights_or_a_name() {
    let policy = house();
    let unproven = Facts { authenticated: None, ..hana_dials("911") };
    let stranger_inside = call("172.16.0.9:5060", LAN, "mallory", "911");
    let stranger_at_site = call("10.20.7.7:5060", WAN, "mallory", "911");
    let rightless = Facts { max_forwards: 0, ..lobby_dials("911") };

    for facts in [unproven, stranger_inside, stranger_at_site, rightless] {
        assert!(planned(&policy, &facts).emergency);
    }
}

#[test]
fn a_user_outside_calls_for_help_once_proved() {
    let policy = house();
    let outside = Facts { interface: WAN, source: "8.8.8.8:5060".parse().unwrap(), ..hana_dials("911") };

    assert!(planned(&policy, &outside).emergency);
    assert_eq!(refused(&policy, &Facts { authenticated: None, ..outside }).code, Code::PROVE_YOURSELF);
}

#[test]
fn a_trunk_calls_no_help_through_us() {
    let refusal = refused(&house(), &northwind_sends("911"));

    assert_eq!(refusal.status, 484);
}

#[test]
fn each_country_has_numbers_of_its_own_even_where_nothing_is_configured() {
    let policy = house();

    let plan = planned(&policy, &minsu_dials("119"));

    assert!(plan.emergency);
    assert_eq!((&*plan.called, plan.route.as_deref()), ("119", None));
    assert_eq!(refused(&policy, &minsu_dials("911")).code, Code::NOT_A_NUMBER);
}

#[test]
fn who_calls_for_help_is_shown_whatever_was_wished() {
    let facts = Facts { privacy: Some("id".into()), ..hana_dials("911") };

    let plan = planned(&house(), &facts);

    assert_eq!(
        plan.attempts[0].heading.from.text(),
        "\"Hana \\\"H\\\" Kim\" <sip:0014255550100@203.0.113.20>"
    );
    assert!(
        plan.attempts.iter().all(|attempt| attempt
            .heading
            .headers
            .iter()
            .all(|(name, _)| **name != *"Privacy"))
    );
}

#[test]
fn a_call_for_help_names_its_limits_so_that_they_can_be_taken_by_force() {
    let policy = house_of(&CONTOSO.replace("limits = { calls = 60 }", "limits = { calls = 0 }"));

    let plan = planned(&policy, &hana_dials("911"));

    let claim =
        plan.attempts.iter().flat_map(|attempt| &attempt.claims).find(|claim| claim.limit.ceiling() == 0);
    assert!(claim.unwrap().take().is_none());
    let permit = claim.unwrap().take_by_force();
    assert_eq!(claim.unwrap().limit.used(), 1);
    drop(permit);
}

#[test]
fn without_any_trunk_the_refusal_says_so() {
    let interface = "[interface.lan]\naddress = \"10.0.0.1\"\nudp = 5060\nside = \"inside\"\n";
    let policy = house_of(&format!("format = 1\n[system]\nname = \"x\"\ncountry = \"US\"\n{interface}"));

    let refusal = refused(&policy, &call("10.0.0.2:5060", InterfaceId(0), "x", "911"));

    assert_eq!((refusal.code, refusal.status), (Code::NO_SERVER, 503));
}

prop_compose! {
    /// A configuration with one trunk or more, and whatever else.
    fn any_house()(
        directions in prop::collection::vec(prop::sample::select(vec!["in", "out", "both"]), 1..5),
        country in prop::sample::select(vec!["US", "GB", "KR", "DE", "AU", "FR"]),
        limit in 0..2_u32,
        prefix in prop::sample::select(vec!["", "9", "0"]),
        rule_trunk in 0..5_usize,
        configured in any::<bool>(),
        allow in prop::sample::select(vec!["[]", "[\"internal\"]", "[\"national\", \"premium\"]"]),
    ) -> String {
        let mut text = format!("format = 1\n[system]\nname = \"x\"\ncountry = \"{country}\"\n");
        text += "[interface.lan]\naddress = \"10.0.0.1\"\nudp = 5060\nside = \"inside\"\n";
        text += &format!("[site.here]\nsubnets = [\"10.0.0.0/8\"]\nmedia = {{ max_calls = {limit} }}\n");
        if !prefix.is_empty() {
            text += &format!("outside_prefix = \"{prefix}\"\n");
        }
        text += &format!("[user.ann]\nsite = \"here\"\npassword = {{ env = \"HANA\" }}\nallow = {allow}\n");
        for (index, direction) in directions.iter().enumerate() {
            let servers = format!("{{ uri = \"sip:t{index}.example\" }}, {{ uri = \"sip:10.9.{index}.1\" }}");
            text += &format!("[trunk.t{index}]\ndirection = \"{direction}\"\nservers = [{servers}]\n");
            text += &format!("limits = {{ calls = {limit} }}\n");
        }
        if configured {
            let trunk = rule_trunk % directions.len();
            text += "[emergency.all]\ndial = [\"112\", \"911\", \"000\"]\n";
            text += &format!("trunks = [\"t{trunk}\"]\n");
        }
        text
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn help_is_never_refused_while_there_is_a_trunk(
        text in any_house(),
        who in prop::sample::select(vec!["ann", "mallory", "anonymous", "+14255550100"]),
        proved in any::<bool>(),
        source in prop::sample::select(vec!["10.1.2.3:5060", "172.16.0.1:40000", "[2001:db8::9]:5060"]),
        number in 0..3_usize,
        downs in prop::collection::btree_set(0..10_u16, 0..10),
        privacy in prop::option::of("[a-z;]{0,8}"),
        at in any::<i64>(),
    ) {
        let policy = house_of(&text);
        let known = [("US", "911"), ("GB", "999"), ("KR", "119"), ("DE", "112"), ("AU", "000"), ("FR", "15")];
        let by_country = known.iter().find(|(id, _)| text.contains(&format!("\"{id}\""))).unwrap().1;
        let dialled = ["urn:service:sos", "urn:service:sos.police", by_country][number];
        let facts = Facts {
            authenticated: proved.then(|| "ann".into()),
            standings: Standings::down(downs.into_iter().map(ServerId)),
            privacy,
            at: WallTime(at),
            ..call(source, LAN, who, dialled)
        };

        let mut trail = Trail::new();
        let decision = plan(&policy, &facts, &mut trail);

        let Decision::Go(plan) = decision else { panic!("refused:\n{text}\n{trail}") };
        prop_assert!(plan.emergency);
        prop_assert_eq!(plan.attempts.len(), policy.servers().len());
    }

    #[test]
    fn the_same_facts_always_give_the_same_plan(at in any::<i64>(), called in "[0-9]{3,15}") {
        let policy = house();
        let facts = Facts { at: WallTime(at), ..hana_dials(&called) };
        let (mut one, mut other) = (Trail::new(), Trail::new());

        let first = serde_json::to_value(plan(&policy, &facts, &mut one)).unwrap();
        let second = serde_json::to_value(plan(&policy, &facts, &mut other)).unwrap();

        prop_assert_eq!(first, second);
        prop_assert_eq!(one, other);
    }

    #[test]
    fn no_text_in_the_facts_makes_a_plan_panic(
        request_uri in "\\PC{0,40}",
        from_uri in "\\PC{0,40}",
        display in ".{0,40}",
    ) {
        let policy = house();
        let facts = Facts { request_uri, from_uri, from_display: Some(display), ..northwind_sends("1") };

        let _ = plan(&policy, &facts, &mut Trail::new());
        let _ = plan(&policy, &Facts { source: "9.9.9.9:1".parse().unwrap(), ..facts }, &mut Trail::new());
    }
}
