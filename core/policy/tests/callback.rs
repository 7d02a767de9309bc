//! Whoever was called for help calls back.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use house::*;
use policy::{
    CallPlan, Callee, Code, Decision, Facts, Help, Policy, Trail, WallTime, compile_after, plan_live,
};

const MINUTE: i64 = 60_000;

/// Contoso, where hana says this of her calls.
fn house_where(hana: &str) -> Policy {
    house_of(&text_where(hana))
}

fn text_where(hana: &str) -> String {
    CONTOSO.replacen("[user.hana]\n", &format!("[user.hana]\n{hana}\n"), 1)
}

/// Hana's number is called from outside, so long after she called for help.
fn answered(policy: &Policy, after: i64, facts: Facts) -> Result<CallPlan, Code> {
    let mut facts = Facts { at: WallTime(facts.at.0 + after), ..facts };
    match plan_live(policy, &mut facts, &mut Trail::new()) {
        Decision::Go(plan) => Ok(*plan),
        Decision::No(refusal) => Err(refusal.code),
    }
}

fn back() -> Facts {
    northwind_sends("+14255550100")
}

fn called_for_help(policy: &Policy) {
    assert_eq!(policy.calls_for_help("hana", back().at), Some(Help { user: "hana".into(), at: back().at }));
}

fn rings_hana_alone(plan: &CallPlan) -> bool {
    plan.is_callback && plan.attempts.iter().all(|attempt| attempt.callee == Callee::User("hana".into()))
}

#[test]
fn m8_a_call_back_within_the_window_rings_whatever_is_wished() {
    let wishes = [
        ("do_not_disturb = true", Err(Code::DO_NOT_DISTURB)),
        ("forward = { always = { user = \"lobby\" } }", Ok(false)),
        ("forward = { always = { refuse = 603 } }", Err(Code::TAKES_NONE)),
        ("forward = { no_answer = { user = \"lobby\" } }", Ok(false)),
        ("anonymous_calls = \"refused\"", Err(Code::ANONYMOUS)),
        ("max_calls = 1", Err(Code::BUSY)),
    ];
    for (wish, usual) in wishes {
        let policy = house_where(wish);
        let _call = policy.call_of("hana");
        let hidden = || Facts { privacy: Some("id".into()), ..back() };
        let rings = |after| answered(&policy, after, hidden()).map(|plan| rings_hana_alone(&plan));

        assert_eq!(rings(0), usual, "{wish}: she has not called for help");
        called_for_help(&policy);
        assert_eq!(rings(30 * MINUTE), Ok(true), "{wish}");
        assert_eq!(rings(30 * MINUTE + 1), usual, "{wish}: the window is over");
    }
}

#[test]
fn m8_only_the_telephone_network_and_only_whoever_called_for_help() {
    let wish = "do_not_disturb = true\n";
    let pbx = "direction = \"in\"\n";
    let text = text_where(wish).replacen(pbx, "direction = \"in\"\nkind = \"pbx\"\n", 1);
    let policy = house_of(&text.replacen("[user.minsu]\n", &format!("[user.minsu]\n{wish}"), 1));
    called_for_help(&policy);

    let by_lobby = Facts { at: back().at, ..lobby_dials("0100") };
    let by_pbx = Facts { from_uri: back().from_uri, ..call("203.0.113.40:5060", WAN, "", "+14255550100") };
    for facts in [by_lobby, by_pbx] {
        assert_eq!(answered(&policy, MINUTE, facts).err(), Some(Code::DO_NOT_DISTURB));
    }
    let to_minsu = fabrikam_sends("+82255501234");
    assert_eq!(answered(&policy, MINUTE, to_minsu).err(), Some(Code::DO_NOT_DISTURB));
    assert!(answered(&policy, MINUTE, back()).is_ok_and(|plan| rings_hana_alone(&plan)));
}

#[test]
fn m8_the_window_is_as_long_as_is_written() {
    for (window, last) in [("24h", Some(24 * 60)), ("5m", Some(5)), ("0s", None)] {
        let wish = text_where("do_not_disturb = true");
        let wish = wish.replacen("[system]\n", &format!("[system]\ncallback_window = \"{window}\"\n"), 1);
        let policy = house_of(&wish);
        called_for_help(&policy);

        let rings = |minutes: i64| answered(&policy, minutes * MINUTE, back()).is_ok();
        assert_eq!([rings(last.unwrap_or(0)), rings(last.unwrap_or(0) + 1)], [last.is_some(), false]);
    }
}

#[test]
fn m8_a_new_revision_forgets_nobody_who_called_for_help() {
    let policy = house_where("do_not_disturb = true");
    called_for_help(&policy);

    let text = text_where("do_not_disturb = true\nforward = { busy = { user = \"lobby\" } }");
    let next = compile_after(&policy, &documents(&text), &secrets()).unwrap();

    assert!(answered(&next, MINUTE, back()).is_ok_and(|plan| rings_hana_alone(&plan)));
    next.recall_help(&Help { user: "nobody".into(), at: WallTime(1) });
}

/// RFC 7090 5.3: what cannot be verified loses its mark.
#[test]
fn m8_a_phone_is_told_by_the_house_that_it_is_called_back_and_no_far_end_can_say_so() {
    let passing = CONTOSO.replacen(
        "[trunk.northwind]\n",
        "[trunk.northwind]\nheaders = [{ pass = \"Priority\" }]\n",
        1,
    );
    let policy = house_of(&passing);
    let told = |facts: Facts, value: &str| -> Vec<String> {
        let facts = Facts { handed_on: vec![("Priority".into(), value.into())], ..facts };
        let plan = answered(&policy, MINUTE, facts).unwrap();
        let headers = plan.attempts.iter().flat_map(|attempt| attempt.heading.headers.clone());
        let mut told: Vec<String> =
            headers.filter(|(name, _)| **name == *"Priority").map(|(_, value)| value).collect();
        told.dedup();
        told
    };

    assert_eq!(told(hana_dials("+12065550142"), "urgent"), ["urgent"]);
    assert!(told(hana_dials("+12065550142"), " PSAP-callback").is_empty());
    assert!(told(back(), "psap-callback").is_empty());
    called_for_help(&policy);
    assert_eq!(told(back(), "urgent"), ["psap-callback"]);
}
