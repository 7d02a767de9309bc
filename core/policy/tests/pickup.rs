//! What codes for picking up calls mean, and for whom.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use house::{CONTOSO, house_of};
use policy::{Code, Decision, Inquiry, Policy, Service, WallTime, explain};

fn shared(text: &str, users: &[&str]) -> Policy {
    let group = |text: String, user: &&str| {
        let from = format!("[user.{user}]\n");
        text.replacen(&from, &format!("{from}pickup_group = \"sales\"\n"), 1)
    };
    house_of(&users.iter().fold(text.to_owned(), group))
}

fn asked(policy: &Policy, who: &str, dialled: &str) -> (Decision, String) {
    let explained = explain(policy, &Inquiry::by(policy, who, dialled, WallTime(0))).unwrap();
    (explained.decision.clone(), explained.to_string())
}

/// An explanation says whose calls a code would take; other digits mean what they did.
#[test]
fn req_f47_an_explanation_says_what_a_code_would_take() {
    let policy = shared(CONTOSO, &["hana", "minsu"]);

    let (decision, said) = asked(&policy, "minsu", "*8");
    let Decision::Go(plan) = decision else { panic!("{said}") };
    assert_eq!(plan.service, Some(Service::PickUp(vec!["hana".into()])));
    assert!(said.contains("Result   picks up the call that has rung for longest at hana"), "{said}");
    assert!(said.contains("pickup"), "{said}");

    let (decision, said) = asked(&policy, "minsu", "*8hana");
    assert!(matches!(decision, Decision::Go(_)), "{said}");
    let (decision, said) = asked(&policy, "hana", "+12065550142");
    let Decision::Go(plan) = decision else { panic!("{said}") };
    assert_eq!(plan.service, None);
}

/// Alone in a group there is nobody to pick up for; another code may be configured.
#[test]
fn req_f47_refusals_say_why_and_the_code_can_be_another() {
    let policy = shared(CONTOSO, &["hana"]);
    let (decision, said) = asked(&policy, "hana", "*8");
    assert!(matches!(decision, Decision::No(ref no) if no.code == Code::NO_PICKUP), "{said}");
    let (decision, said) = asked(&policy, "hana", "*8minsu");
    assert!(matches!(decision, Decision::No(ref no) if no.code == Code::NO_PICKUP), "{said}");

    let text = CONTOSO.replacen("[system]\n", "[system]\npickup_code = \"**\"\n", 1);
    let policy = shared(&text, &["hana", "minsu"]);
    let (decision, said) = asked(&policy, "hana", "**");
    assert!(matches!(decision, Decision::Go(_)), "{said}");
    let (decision, said) = asked(&policy, "hana", "*8");
    assert!(matches!(decision, Decision::No(ref no) if no.code == Code::NOT_A_NUMBER), "{said}");
}
