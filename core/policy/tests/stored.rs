//! The tests that a configuration carries, and what is explained.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod house;

use house::{CONTOSO, house, house_of};
use policy::{Decision, Inquiry, WallTime, explain, run_tests};

#[test]
fn the_stored_tests_of_a_sound_configuration_pass() {
    let results = run_tests(&house());

    assert_eq!(results.len(), 3);
    for result in results {
        assert!(result.is_passed(), "{}: {:?}\n{}", result.name, result.failures, result.trail);
    }
}

#[test]
fn a_stored_test_says_in_words_what_came_out_otherwise() {
    let policy = house_of(&CONTOSO.replace("sent_to = \"911\"", "sent_to = \"112\", user = \"hana\""));

    let results = run_tests(&policy);

    let failed = results.iter().find(|result| !result.is_passed()).unwrap();
    assert_eq!(failed.failures, ["user is nothing, not hana", "sent_to is 911, not 112"]);
    assert!(failed.location.starts_with("contoso.toml:"));
}

#[test]
fn what_is_explained_names_every_step_and_where_its_rule_stands() {
    let policy = house();
    let inquiry = Inquiry::by(&policy, "hana", "011 82 2 5550 9999", WallTime(0));

    let explanation = explain(&policy, &inquiry).unwrap();

    let names: Vec<&str> = explanation.trail.steps.iter().map(|step| step.name).collect();
    let all = [
        "screen",
        "emergency",
        "normalise",
        "class",
        "rights",
        "routes",
        "caller",
        "trunks",
        "identity",
        "media",
        "admission",
    ];
    assert_eq!(names, all);
    let text = explanation.trail.to_string();
    assert!(text.contains("✘ us-national      wants \"+1 NXX NXX XXXX\""), "{text}");
    assert!(text.contains("✔ world            order 200, to \"+…\""), "{text}");
    assert!(matches!(explanation.decision, Decision::Go(_)));
    let shown = explanation.to_string();
    assert!(shown.contains("Result   rings +82255509999 through fabrikam (then northwind)\n"), "{shown}");
}

#[test]
fn an_explanation_is_what_a_live_call_would_get() {
    let policy = house();
    let inquiry = Inquiry::by(&policy, "hana", "2065550142", WallTime(1_763_632_800_000));

    let explained = explain(&policy, &inquiry).unwrap();

    let live = house::planned(&policy, &house::hana_dials("2065550142"));
    let Decision::Go(plan) = explained.decision else { panic!("refused") };
    assert_eq!(serde_json::to_value(plan).unwrap(), serde_json::to_value(live).unwrap());
}

#[test]
fn nobody_can_be_explained_who_is_not_there() {
    let policy = house();

    let nobody = explain(&policy, &Inquiry::by(&policy, "hanna", "911", WallTime(0))).unwrap_err();

    assert_eq!(nobody.to_string(), "there is no user or trunk \"hanna\"; did you mean \"hana\"?");
}

#[test]
fn no_explanation_shows_a_secret() {
    let policy = house();
    let explanation = explain(&policy, &Inquiry::by(&policy, "hana", "2065550142", WallTime(0))).unwrap();

    let told = [
        serde_json::to_string(&explanation).unwrap(),
        format!("{explanation:?}"),
        explanation.trail.to_string(),
        format!("{policy:?}"),
    ];

    assert!(told.iter().all(|text| !text.contains("secret of")), "{told:?}");
}

/// A test may say where the caller is and on which trunk a call comes in, as calls of users and providers do.
#[test]
fn req_f25_a_stored_test_says_where_the_caller_is_and_how_the_call_comes_in() {
    let policy = house_of(&format!(
        "{CONTOSO}\n[site.annex]\nsubnets = [\"10.77.0.0/16\"]\narea_code = \"425\"\n\
[test.by-site]\ngiven = {{ from = \"hana\", dial = \"911\", location = \"annex\" }}\n\
expect = {{ sent_to = \"911\" }}\n\
[test.by-trunk]\ngiven = {{ from = \"+12065550142\", dial = \"+14255550100\", via = \"northwind\" }}\n\
expect = {{ user = \"hana\" }}\n"
    ));
    let tests = policy.tests();
    let of = |name: &str| tests.iter().find(|test| &*test.name == name).unwrap();

    let by_site = policy::explain_test(&policy, of("by-site")).unwrap();
    let by_trunk = policy::explain_test(&policy, of("by-trunk")).unwrap();

    assert_eq!(by_site.facts.source.ip().to_string(), "10.77.0.0");
    assert!(by_trunk.facts.from_uri.starts_with("sip:+12065550142@"));
    let failed: Vec<_> = run_tests(&policy).into_iter().filter(|result| !result.is_passed()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
