//! From what was dialled to whom it reaches.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(clippy::disallowed_methods, reason = "tests read their data from files")]

mod house;

use house::*;
use policy::{Begins, Callee, Code, Direction, Facts};

#[test]
fn people_in_the_us_dial_as_they_are_used_to() {
    let policy = house();
    let rows = [
        ("2065550142", "+12065550142"),
        ("12065550142", "+12065550142"),
        ("912065550142", "+12065550142"),
        ("5559142", "+14255559142"),
        ("95559142", "+14255559142"),
        ("011442079460958", "+442079460958"),
        ("9011442079460958", "+442079460958"),
        ("+442079460958", "+442079460958"),
        ("+1-206-555-0142", "+12065550142"),
        ("(206)555-0142", "+12065550142"),
        ("tel:+1-206-555-0142", "+12065550142"),
        ("tel:2065550142;phone-context=+1", "+12065550142"),
        ("sip:+12065550142;npdi@contoso.example;user=phone", "+12065550142"),
        ("71234", "+49305551234"),
        ("971234", "+49305551234"),
    ];

    for (dialled, called) in rows {
        assert_eq!(&*planned(&policy, &hana_dials(dialled)).called, called, "{dialled}");
    }
}

#[test]
fn people_in_korea_dial_as_they_are_used_to() {
    let policy =
        house_of(&CONTOSO.replace("allow = [\"national\"]", "allow = [\"national\", \"international\"]"));
    let rows =
        [("0212345678", "+82212345678"), ("5550999", "+8225550999"), ("00114255550999", "+14255550999")];

    for (dialled, called) in rows {
        assert_eq!(&*planned(&policy, &minsu_dials(dialled)).called, called, "{dialled}");
    }
}

#[test]
fn what_is_no_number_is_refused_as_incomplete() {
    let policy = house();

    for dialled in ["123", "011", "206555014", "+12", "**"] {
        let refusal = refused(&policy, &hana_dials(dialled));
        assert_eq!((refusal.code, refusal.status), (Code::NOT_A_NUMBER, 484), "{dialled}");
    }
    assert_eq!(refused(&policy, &hana_dials("nobody")).status, 404);
    assert_eq!(refused(&policy, &hana_dials("sip:contoso.example")).code, Code::UNREADABLE);
}

#[test]
fn a_number_that_a_user_owns_is_reached_inside() {
    let policy = house();

    for dialled in ["0100", "hana", "+14255550100", "4255550100", "94255550100"] {
        let plan = planned(&policy, &lobby_dials(dialled));
        assert_eq!((plan.direction, plan.route.as_deref()), (Direction::Internal, None), "{dialled}");
        assert_eq!(plan.attempts[0].callee, Callee::User("hana".into()));
        assert_eq!(&*plan.called, "+14255550100");
    }
}

#[test]
fn the_devices_of_a_user_ring_together() {
    let plan = planned(&house(), &northwind_sends("+14255550100"));

    assert_eq!(targets(&plan), ["sip:hana@10.20.0.31:5062", "sip:hana@10.20.0.32;transport=tcp"]);
    let begins: Vec<Begins> = plan.attempts.iter().map(|attempt| attempt.begins).collect();
    assert_eq!(begins, [Begins::After, Begins::Along]);
    assert!(plan.attempts.iter().all(|attempt| attempt.interface == Some(LAN)));
    assert_eq!(plan.attempts[0].heading.request_uri.text(), "sip:hana@10.20.0.31:5062");
    assert_eq!(plan.attempts[0].heading.from.text(), "<sip:+12065550142@contoso.example>");
}

#[test]
fn a_user_without_device_is_not_there() {
    let refusal = refused(&house(), &hana_dials("+82255501234"));

    assert_eq!((refusal.code, refusal.status), (Code::NO_DEVICE, 480));
}

#[test]
fn a_trunk_may_call_numbers_that_it_gave_to_us() {
    let policy = house();

    let unowned = refused(&policy, &northwind_sends("+14255550123"));
    let foreign = refused(&policy, &northwind_sends("+14255559999"));

    assert_eq!((unowned.code, unowned.status), (Code::UNASSIGNED, 404));
    assert!(unowned.words.contains("redmond-block"), "{}", unowned.words);
    assert_eq!(foreign.code, Code::UNASSIGNED);
    assert!(foreign.words.contains("assigned numbers only"), "{}", foreign.words);
}

#[test]
fn a_route_may_send_a_number_to_somebody() {
    let plan = planned(&house(), &northwind_sends("+14255550150"));

    assert_eq!(plan.route.as_deref(), Some("main-line"));
    assert_eq!(plan.attempts[0].callee, Callee::User("lobby".into()));
}

#[test]
fn trunks_send_numbers_in_forms_of_their_own() {
    let policy = house();

    for dialled in ["0014255550100", "+14255550100", "14255550100", "4255550100"] {
        assert_eq!(&*planned(&policy, &fabrikam_sends(dialled)).called, "+14255550100", "{dialled}");
    }
}

#[test]
fn a_trunk_passes_through_only_where_a_route_names_it() {
    let policy = house();

    let transit = planned(&policy, &fabrikam_sends("+390612345678"));
    let stopped = refused(&policy, &fabrikam_sends("+12065550142"));

    assert_eq!((transit.direction, transit.route.as_deref()), (Direction::Transit, Some("transit")));
    assert_eq!(stopped.code, Code::UNASSIGNED);
}

#[test]
fn rights_are_asked_for_each_class() {
    let policy = house();
    let refused_with = |facts: &Facts| refused(&policy, facts).words;

    assert_eq!(refused_with(&lobby_dials("011442079460958")), "lobby may not call international numbers");
    assert_eq!(refused_with(&hana_dials("19005550142")), "hana may not call premium numbers");
    assert_eq!(refused_with(&hana_dials("+88213300000")), "hana may not call satellite numbers");
    assert_eq!(refused_with(&lobby_dials("18765550142")), "lobby may not call international numbers");
    assert_eq!(refused_with(&minsu_dials("0100")), "minsu may not call internal numbers");
    assert_eq!(&*planned(&policy, &lobby_dials("18005550142")).called, "+18005550142");
}

#[test]
fn where_no_route_matches_the_answer_says_so() {
    let text = CONTOSO.replace("[route.world]", "[route.world]\nsites = [\"seoul\"]");

    let text = text.replace(
        "{ route = \"world\", trunk = \"fabrikam\", sent_to = \"+82255509999\" }",
        "{ refused = \"TD-R401\" }",
    );
    let refusal = refused(&house_of(&text), &hana_dials("011442079460958"));

    assert_eq!((refusal.code, refusal.status), (Code::NO_ROUTE, 404));
}

#[test]
fn dialled_digits_follow_the_shared_rules() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/numbers/dialplan_rules.json");
    let text = std::fs::read_to_string(path).expect("../shared/vectors stands beside the checkout");
    let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rules = "rules = [
        { match = \"XXXX\", becomes = \"+1425555…\" }, { match = \"XXXXXXX\", becomes = \"+1425…\" },
        { match = \"NXXXXXXXXX\", becomes = \"+1…\" }, { match = \"1NXXXXXXXXX\", becomes = \"+1…\" },
        { match = \"011…\", becomes = \"+…\" }, { match = \"7XXXX\", becomes = \"+4930555…\" },\n";
    let text = CONTOSO.replace("extension = \"01", "extension = \"88801").replace("rules = [", rules);
    let policy = house_of(&text);

    let examples = vectors["examples"].as_array().unwrap();
    for example in examples {
        let (dialled, result) = (example["dialled"].as_str().unwrap(), &example["result"]);
        let Some(result) = result.as_str() else { continue };
        assert_eq!(&*planned(&policy, &hana_dials(dialled)).called, result, "{dialled}");
    }
    assert!(examples.len() >= 7);
}

/// Written as people dial in that place: with a plus, or with what is dialled first there.
fn is_dialled_so(written: &str, region: &str) -> bool {
    let is_plain = written.chars().all(|c| c.is_ascii_digit() || "+-.() ".contains(c));
    is_plain && (written.starts_with('+') || written.starts_with('0') || region == "US")
}

#[test]
fn numbers_written_in_many_countries_are_understood() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/numbers/e164.tsv");
    let table = std::fs::read_to_string(path).expect("../shared/vectors stands beside the checkout");
    let rows = table.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let mut understood = 0;

    for row in rows.filter(|row| row[4] == "valid" && is_dialled_so(row[0], row[1])) {
        let system = format!("format = 1\n[system]\nname = \"x\"\ncountry = \"{}\"\n", row[1]);
        let rest = "[trunk.t]\nservers = [{ uri = \"sip:t\" }]\n\
            [route.all]\norder = 1\nto = \"*\"\nuse = [{ trunk = \"t\" }]\n\
            [user.ann]\nallow = [\"national\", \"international\", \"toll-free\", \"premium\"]\n";
        let policy = house_of(&(system + rest));
        let dialled = row[0].replace(' ', "");
        let facts = Facts { authenticated: Some("ann".into()), ..call("10.0.0.1:1", LAN, "ann", &dialled) };

        assert_eq!(&*planned(&policy, &facts).called, row[2], "{} in {}", row[0], row[1]);
        understood += 1;
    }

    assert!(understood >= 44, "{understood} rows");
}
