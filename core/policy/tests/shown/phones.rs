//! What a phone of ours is told beside who calls: how to ring, and whether to answer by itself.

use policy::{AttemptPlan, Facts, Policy};

use crate::{HOUSE, all, carrier_sends, first, hana, header, lobby, private};

/// The house, where the system, hana and lobby say this.
fn house(system: &str, hana: &str, lobby: &str) -> Policy {
    crate::house::house_of(&written(system, hana, lobby))
}

fn written(system: &str, hana: &str, lobby: &str) -> String {
    let text = ["CARRIER", "SPARE", "PBX"].iter().fold(HOUSE.to_owned(), |text, word| text.replace(word, ""));
    let text = text.replacen("[system]\n", &format!("[system]\n{system}\n"), 1);
    text.replace("[user.lobby]\n", &format!("[user.lobby]\n{lobby}\n")).replace("HANA", hana)
}

const ALERTS: &str = r#"alerts = { inside = [
  "<http://127.0.0.1>;info=alert-internal", "<http://127.0.0.1/Bellcore-dr2>", "<urn:alert:source:internal>",
], outside = [
  "<http://127.0.0.1>;info=alert-external", "<http://127.0.0.1/Bellcore-dr1>", "<urn:alert:source:external>",
], private = ["<http://127.0.0.1>;info=alert-group"] }"#;

fn saying(facts: Facts, lines: &[(&str, &str)]) -> Facts {
    let line = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Facts { handed_on: lines.iter().map(line).collect(), ..facts }
}

/// Everything that asks to be answered without anybody.
const ALONE: [(&str, &str); 5] = [
    ("Answer-Mode", "Auto;require"),
    ("priv-answer-mode", "Auto"),
    ("Call-Info", "<sip:x>;answer-after=0"),
    ("Alert-Info", "<http://127.0.0.1>;info=alert-autoanswer"),
    ("Alert-Info", "Ring Answer, Auto Answer"),
];

fn asks_to_be_answered(attempt: &AttemptPlan) -> Vec<&str> {
    let names = ["Answer-Mode", "Priv-Answer-Mode", "Call-Info", "Alert-Info"];
    attempt.heading.headers.iter().map(|(name, _)| &**name).filter(|name| names.contains(name)).collect()
}

/// Who may page has other phones answer by themselves, in the words of each maker; nobody else has, and the
/// trail says why.
#[test]
fn f7_a_phone_answers_by_itself_for_those_who_may_page() {
    let policy = house("", "paging = \"allowed\"", "");

    let paged = first(&policy, &saying(hana("0101"), &ALONE));
    let unpaged = first(&policy, &saying(lobby("0100"), &ALONE));
    let outside = first(&policy, &saying(carrier_sends("+12065550142", "+14255550100"), &ALONE));

    assert_eq!(
        asks_to_be_answered(&paged),
        ["Answer-Mode", "Priv-Answer-Mode", "Call-Info", "Alert-Info", "Alert-Info"]
    );
    assert_eq!(header(&paged, "Answer-Mode"), Some("Auto;require"));
    for (attempt, why) in [(&unpaged, "paging of lobby is not"), (&outside, "is outside")] {
        assert!(asks_to_be_answered(attempt).is_empty(), "{:?}", attempt.heading.headers);
        assert!(
            attempt.heading.because.iter().any(|because| because.contains(why)),
            "{:?}",
            attempt.heading.because
        );
    }
}

/// Whoever takes a call in somebody else's place was not paged.
#[test]
fn f7_a_page_that_is_sent_on_rings() {
    let policy = house("", "paging = \"allowed\"", "forward = { always = { user = \"hana\" } }");

    let facts = saying(crate::house::call("10.20.0.31:5060", crate::house::LAN, "hana", "0101"), &ALONE);
    let attempt = first(&policy, &facts);

    assert!(asks_to_be_answered(&attempt).is_empty(), "{:?}", attempt.heading.headers);
}

/// Other values of the same headers are no matter of phones: they don't pass even for those who may page.
#[test]
fn f7_nothing_else_passes_under_the_names_of_paging() {
    let policy = house("", "paging = \"allowed\"", "");
    let icon = ("Call-Info", "<http://203.0.113.9/icon.png>;purpose=icon");
    let tune = ("Alert-Info", "<http://203.0.113.9/tune.wav>");

    let attempt = first(&policy, &saying(hana("0101"), &[icon, tune]));

    assert!(asks_to_be_answered(&attempt).is_empty(), "{:?}", attempt.heading.headers);
    assert!(attempt.heading.because.is_empty());
}

/// Inside, outside and the private number ring otherwise, in the words of three makes of phones; what comes
/// from outside says nothing to it.
#[test]
fn f8_phones_of_three_makes_ring_by_who_calls() {
    let policy = house(ALERTS, "private_number = \"+14255550191\"\npaging = \"allowed\"", "");
    let tune = [("Alert-Info", "<http://203.0.113.9/tune.wav>")];

    let inside = first(&policy, &lobby("0100"));
    let outside = first(&policy, &saying(carrier_sends("+12065550142", "+14255550100"), &tune));
    let hidden = first(&policy, &private(lobby("0100")));
    let own = first(&policy, &carrier_sends("+12065550142", "+14255550191"));

    let values = |info, drum, urn| {
        [format!("<http://127.0.0.1>;info={info}"), format!("<http://127.0.0.1/{drum}>"), format!("<{urn}>")]
    };
    let of_inside = values("alert-internal", "Bellcore-dr2", "urn:alert:source:internal");
    assert_eq!(all(&inside, "Alert-Info"), of_inside);
    assert_eq!(all(&hidden, "Alert-Info"), of_inside);
    assert_eq!(
        all(&outside, "Alert-Info"),
        values("alert-external", "Bellcore-dr1", "urn:alert:source:external")
    );
    assert_eq!(all(&own, "Alert-Info"), ["<http://127.0.0.1>;info=alert-group"]);
}

/// Without a word in the configuration, a phone is told nothing of how to ring.
#[test]
fn f8_nobody_is_told_how_to_ring_unless_somebody_says_so() {
    assert!(all(&first(&house("", "", ""), &lobby("0100")), "Alert-Info").is_empty());
}

/// An alert that would have every phone answer by itself is refused.
#[test]
fn f8_no_alert_answers_by_itself() {
    let text = written("alerts = { inside = [\"<x>;info=Auto-Answer\"] }", "", "");
    let files = [model::SourceFile::new("house.toml", text)];

    let problems = model::load(&files).unwrap_err();

    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|problem| problem.contains("answer by themselves")), "{said:?}");
}
