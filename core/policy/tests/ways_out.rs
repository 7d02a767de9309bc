//! Which servers, in what order, and what they see.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use std::sync::Arc;
use std::time::Duration;

use house::*;
use policy::{
    AttemptPlan, Callee, Cause, Code, Decision, Facts, Trail, WallTime, compile_after, plan, plan_live,
};

const SBC1: &str = "sip:sbc1.northwind.example";
const SBC2: &str = "sip:sbc2.northwind.example";
const DR: &str = "sip:dr.northwind.example:5070;transport=tcp";
const FABRIKAM: &str = "sip:203.0.113.20:5060";

fn header<'a>(attempt: &'a AttemptPlan, name: &str) -> Option<&'a str> {
    attempt.heading.headers.iter().find(|(one, _)| **one == *name).map(|(_, value)| value.as_str())
}

fn first_targets(policy: &policy::Policy, calls: i64) -> Vec<String> {
    let at = |ms| Facts { at: WallTime(ms), ..hana_dials("2065550142") };
    (0..calls).map(|ms| targets(&planned(policy, &at(ms)))[0].to_owned()).collect()
}

#[test]
fn servers_of_a_better_priority_come_first_and_every_server_is_tried() {
    let plan = planned(&house(), &hana_dials("2065550142"));

    let mut targets = targets(&plan);
    assert_eq!(targets[2..], [DR, FABRIKAM]);
    targets.sort_unstable();
    assert_eq!(targets, [FABRIKAM, DR, SBC1, SBC2]);
}

#[test]
fn calls_are_spread_by_weight() {
    let firsts = first_targets(&house(), 2_000);

    let on_first = firsts.iter().filter(|target| *target == SBC1).count();
    assert!((1_100..1_300).contains(&on_first), "{on_first} of 2000, and 60 % is wanted");
}

#[test]
fn calls_are_spread_by_share_where_a_route_says_so() {
    let policy = house_of(&CONTOSO.replace("choose = \"order\"", "choose = \"share\""));

    let firsts = first_targets(&policy, 2_000);

    let on_fabrikam = firsts.iter().filter(|target| *target == FABRIKAM).count();
    assert!((500..700).contains(&on_fabrikam), "{on_fabrikam} of 2000, and 30 % is wanted");
}

#[test]
fn servers_that_are_down_come_last() {
    let policy = house();
    let facts = Facts { standings: down(&policy, &[SBC1, SBC2]), ..hana_dials("2065550142") };

    let plan = planned(&policy, &facts);

    assert_eq!(targets(&plan)[..2], [DR, FABRIKAM]);
    assert_eq!(plan.attempts.len(), 4);
}

#[test]
fn a_trunk_for_incoming_calls_is_passed_over() {
    let text = CONTOSO.replace(
        "allow = [\"internal\", \"national\", \"international\"]",
        "allow = [\"premium\", \"international\"]",
    );
    let policy = house_of(&text.replace("to = \"+…\"", "to = \"+4…\""));

    let plan = planned(&policy, &hana_dials("011442079460958"));
    let refusal = refused(&policy, &hana_dials("+883120000000"));

    assert!(plan.attempts.iter().all(|attempt| attempt.callee != Callee::Trunk("listener".into())));
    assert_eq!((refusal.code, refusal.status), (Code::NO_SERVER, 503));
}

#[test]
fn a_provider_sees_the_account_and_the_asserted_number() {
    let plan = planned(&house(), &hana_dials("2065550142"));

    let attempt = &plan.attempts[0];
    assert_eq!(attempt.heading.from.text(), "\"Hana \\\"H\\\" Kim\" <sip:contoso-4471@northwind.example>");
    assert_eq!(header(attempt, "P-Asserted-Identity"), Some("<sip:+14255550100@northwind.example>"));
    assert_eq!(
        attempt.heading.request_uri.text(),
        format!("sip:+12065550142@{}", &attempt.target["sip:".len()..])
    );
    assert_eq!(&*attempt.heading.contact_user, "contoso-4471");
    assert_eq!(attempt.credentials.as_ref().unwrap().password.reveal(), "secret of NORTHWIND");
}

#[test]
fn each_provider_gets_numbers_in_its_own_form() {
    let formats = [
        ("+e164", "+12065550142"),
        ("e164", "12065550142"),
        ("00", "0012065550142"),
        ("national", "2065550142"),
    ];

    for (format, sent) in formats {
        let policy = house_of(&CONTOSO.replace("format = \"00\"", &format!("format = \"{format}\"")));
        let plan = planned(&policy, &hana_dials("2065550142"));
        let attempt = plan.attempts.iter().find(|attempt| *attempt.target == *FABRIKAM).unwrap();
        assert_eq!(attempt.heading.request_uri.text(), format!("sip:{sent}@203.0.113.20:5060"));
        assert_eq!(attempt.heading.to.text(), format!("<sip:{sent}@203.0.113.20>"));
    }
}

#[test]
fn a_caller_without_number_is_shown_by_the_trunks_default() {
    let plan = planned(&house(), &lobby_dials("2065550142"));

    assert_eq!(
        header(&plan.attempts[0], "P-Asserted-Identity"),
        Some("<sip:+14255550199@northwind.example>")
    );
}

#[test]
fn who_asks_for_privacy_is_shown_to_nobody_but_the_provider() {
    let facts = Facts { privacy: Some("id".into()), ..hana_dials("2065550142") };

    let plan = planned(&house(), &facts);

    let (account, caller) = (&plan.attempts[0], &plan.attempts[3]);
    assert_eq!(account.heading.from.text(), "<sip:contoso-4471@northwind.example>");
    assert_eq!(header(account, "Privacy"), Some("id"));
    assert_eq!(caller.heading.from.text(), "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
    assert!(!format!("{:?} {}", caller.heading.headers, caller.heading.contact_user).contains("5550100"));
}

#[test]
fn a_trunk_that_wants_an_account_and_has_none_still_hides_who_asks_for_it() {
    let text = CONTOSO.replace("identity = { caller_id = \"from\", ", "identity = { from = \"account\", ");
    let facts = Facts { privacy: Some("user;id".into()), ..hana_dials("011442079460958") };

    let plan = planned(&house_of(&text), &facts);

    assert_eq!(plan.attempts[0].heading.from.text(), "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
    assert_eq!(&*plan.attempts[0].heading.contact_user, "anonymous");
}

#[test]
fn what_a_trunk_asserts_goes_before_what_from_says() {
    let facts = Facts { asserted: vec!["tel:+12065550177".into()], ..northwind_sends("+14255550100") };

    let plan = planned(&house(), &facts);

    assert_eq!(plan.attempts[0].heading.from.text(), "<sip:+12065550177@contoso.example>");
}

#[test]
fn a_display_name_cannot_break_out_of_its_quotes() {
    let evil = "\"\r\nX-Evil: 1 <sip:x@y>".to_owned();
    let facts = Facts { from_display: Some(evil), ..northwind_sends("+14255550100") };

    let from = &planned(&house(), &facts).attempts[0].heading.from.text();

    assert_eq!(from, "\"\\\"X-Evil: 1 <sip:x@y>\" <sip:+12065550142@contoso.example>");
}

#[test]
fn codecs_are_the_trunks_as_far_as_the_site_carries_them() {
    let plan = planned(&house(), &hana_dials("2065550142"));

    let codecs: Vec<&str> = plan.attempts[0].media.codecs.iter().map(|codec| &**codec).collect();
    assert_eq!(codecs, ["pcmu", "g722"]);
}

#[test]
fn a_busy_callee_is_not_tried_elsewhere() {
    let plan = planned(&house(), &hana_dials("2065550142"));
    let moves_on = |cause| plan.attempts[0].moves_on.contains(cause);

    for cause in [486, 404, 484, 501, 600, 603].map(Cause::Status) {
        assert!(!moves_on(cause), "{cause:?}");
    }
    for cause in [Cause::Status(408), Cause::Status(503), Cause::Timeout, Cause::Dns, Cause::Transport] {
        assert!(moves_on(cause), "{cause:?}");
    }
}

#[test]
fn causes_are_the_safe_ones_where_a_trunk_says_nothing() {
    let plan = planned(&house(), &hana_dials("011442079460958"));
    let moves_on = |cause| plan.attempts[0].moves_on.contains(cause);

    assert_eq!(*plan.attempts[0].target, *FABRIKAM);
    assert!(
        (300..700)
            .all(|status| moves_on(Cause::Status(status)) == (status == 408 || (500..600).contains(&status)))
    );
    assert!(moves_on(Cause::Limit) && moves_on(Cause::Media));
    assert_eq!(plan.attempts[0].answer_wait, Duration::from_secs(4));
}

#[test]
fn a_call_takes_from_the_limits_of_trunk_and_site() {
    let plan = planned(&house(), &hana_dials("2065550142"));

    let limits: Vec<&str> = plan.attempts[0].claims.iter().map(|claim| claim.limit.name()).collect();
    assert_eq!(limits, ["trunk northwind", "site redmond"]);
}

#[test]
fn a_call_within_a_site_takes_nothing_of_its_limit() {
    let plan = planned(&house(), &hana_dials("0101"));

    assert!(plan.attempts[0].claims.is_empty());
}

#[test]
fn a_call_into_a_site_takes_from_the_trunk_and_the_site() {
    let plan = planned(&house(), &northwind_sends("+14255550100"));

    let limits: Vec<&str> = plan.attempts[0].claims.iter().map(|claim| claim.limit.name()).collect();
    assert_eq!(limits, ["trunk northwind", "site redmond"]);
}

#[test]
fn a_full_limit_gives_no_permit_and_a_dropped_permit_is_given_back() {
    let policy = house_of(&CONTOSO.replace("limits = { calls = 60 }", "limits = { calls = 1 }"));
    let claim = planned(&policy, &hana_dials("2065550142")).attempts[0].claims[0].clone();

    let first = claim.take().unwrap();
    assert!(claim.take().is_none());
    let forced = claim.take_by_force();
    assert_eq!(claim.limit.used(), 2);

    drop((first, forced));
    assert_eq!(claim.limit.used(), 0);
    assert!(claim.take().is_some());
}

#[test]
fn calls_in_progress_count_on_in_the_next_revision() {
    let old = house();
    let permit = planned(&old, &hana_dials("2065550142")).attempts[0].claims[0].take().unwrap();

    let new = compile_after(&old, &documents(CONTOSO), &secrets()).unwrap();

    let limit = Arc::clone(&planned(&new, &hana_dials("2065550142")).attempts[0].claims[0].limit);
    assert_eq!((old.revision(), new.revision(), limit.used()), (1, 2, 1));
    drop(permit);
    assert_eq!(limit.used(), 0);
}

/// What a live call is told of full limits stands in its facts, so that it can be explained afterwards.
#[test]
fn how_full_limits_are_is_a_fact_of_the_call() {
    let policy = house();
    let held = planned(&policy, &hana_dials("2065550142")).attempts[0].claims[0].take().unwrap();

    let (mut facts, mut live) = (hana_dials("2065550142"), Trail::new());
    let decision = plan_live(&policy, &mut facts, &mut live);
    drop(held);

    assert!(matches!(decision, Decision::Go(_)));
    assert_eq!(facts.in_use, [("trunk northwind".into(), 1)]);
    let mut again = Trail::new();
    plan(&policy, &facts, &mut again);
    assert_eq!(live, again);
    let said = live.to_string();
    assert!(said.contains("1 of 60 calls of trunk northwind, 0 of 120 calls of site redmond"), "{said}");
}
