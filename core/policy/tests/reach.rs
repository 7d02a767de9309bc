//! Who rings when somebody is called, and why: what a trail says of it.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(clippy::disallowed_methods, reason = "tests read their data from files")]

mod house;

use house::*;
use policy::{Begins, Callee, Code, Inquiry, Next, Trail, Unreached, WallTime, explain, plan};

/// Contoso, where lobby says this of its calls.
fn house_where(lobby: &str) -> policy::Policy {
    house_of(&CONTOSO.replacen("[user.lobby]\n", &format!("[user.lobby]\n{lobby}\n"), 1))
}

fn trail(policy: &policy::Policy, facts: &policy::Facts) -> String {
    let mut trail = Trail::new();
    let _ = plan(policy, facts, &mut trail);
    trail.to_string()
}

#[test]
fn req_f44_a_plan_says_who_is_tried_after_what() {
    let policy = house_where(
        "forward = { busy = { user = \"hana\" }, after = \"15s\", \
         no_answer = { number = \"+12065550142\" } }",
    );

    let planned = planned(&policy, &hana_dials("lobby"));

    assert_eq!(planned.attempts[0].callee, Callee::User("lobby".into()));
    assert_eq!(planned.attempts[0].ring_max.as_secs(), 15);
    let Next::By(exits) = &planned.attempts[0].next else { panic!("{:?}", planned.attempts[0].next) };
    let on: Vec<Unreached> = exits.iter().map(|exit| exit.on).collect();
    assert_eq!(on, [Unreached::Busy, Unreached::NoAnswer]);
    assert_eq!(planned.attempts[exits[0].to].callee, Callee::User("hana".into()));
    let last = &planned.attempts[exits[1].to];
    assert!(
        matches!(&last.callee, Callee::Trunk(_)) && last.heading.request_uri.text().contains("2065550142")
    );
    assert!(planned.attempts.iter().all(|attempt| attempt.begins != Begins::Instead));
}

#[test]
fn req_f44_a_trail_says_why_a_call_rings_where_it_rings() {
    let policy = house_where("forward = { always = { user = \"minsu\" } }");

    let said = trail(&policy, &hana_dials("lobby"));

    assert!(said.contains("lobby sends it on to minsu"), "{said}");
    assert!(said.contains("forward     unconditional"), "{said}");
}

#[test]
fn req_f44_explain_names_who_rings_together_and_who_is_tried_then() {
    let policy =
        house_where("also = [{ number = \"+12065550142\" }]\nforward = { no_answer = { user = \"hana\" } }");

    let explained = explain(&policy, &Inquiry::by(&policy, "hana", "lobby", WallTime(0))).unwrap();

    let text = explained.to_string();
    assert!(text.contains("Result   rings lobby inside, together with northwind"), "{text}");
    assert!(text.contains("then hana"), "{text}");
    assert!(text.contains("+12065550142 rings along with the phones of lobby"), "{text}");
}

#[test]
fn a_forward_that_may_not_be_is_left_out_and_said() {
    let policy = house_where("allow = [\"internal\"]\nforward = { busy = { number = \"+12065550142\" } }");

    let said = trail(&policy, &hana_dials("lobby"));
    let planned = planned(&policy, &hana_dials("lobby"));

    assert!(said.contains("left out") && said.contains("may not call national"), "{said}");
    assert_eq!(planned.attempts.len(), 1);
}

#[test]
fn refusals_of_users_have_codes_of_their_own() {
    let rows = [
        ("forward = { always = { refuse = 603 } }", Code::TAKES_NONE, 603),
        ("do_not_disturb = true", Code::DO_NOT_DISTURB, 480),
        ("anonymous_calls = \"refused\"", Code::ANONYMOUS, 433),
    ];
    for (line, code, status) in rows {
        let facts = policy::Facts { privacy: Some("id".into()), ..hana_dials("lobby") };
        let refusal = refused(&house_where(line), &facts);
        assert_eq!((refusal.code, refusal.status), (code, status), "{line}");
    }
}
