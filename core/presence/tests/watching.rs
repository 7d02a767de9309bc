//! Watchers subscribe, are told, and are told no more (RFC 6665), and lamps show what is so (RFC 4235).
#![allow(clippy::unwrap_used)]

mod scene;

use presence::{By, Stage};
use scene::{DOCUMENTS, Scene, header, seconds, tag};

const HANA: &str = "sip:hana@contoso.example";

fn says(notify: &str, state: &str) -> bool {
    notify.contains(&format!("<state>{state}</state>"))
}

fn is_dark(notify: &str) -> bool {
    notify.contains("<dialog-info") && !notify.contains("<dialog id")
}

fn version(notify: &str) -> u32 {
    let at = notify.find("version=\"").filter(|_| notify.contains("<dialog-info")).unwrap();
    let text = &notify[notify[at..].find("dialog-info xmlns").unwrap_or(0)..];
    let text = text.split("ns:dialog-info\" version=\"").nth(1).unwrap();
    text.split('"').next().unwrap().parse().unwrap()
}

#[test]
fn l1_nobody_hears_more_than_a_challenge_without_a_proof() {
    let mut scene = Scene::new();
    for start in ["SUBSCRIBE", "PUBLISH"] {
        for headers in ["Event: presence\r\n", "Event: made-up\r\n", "Require: made-up\r\n"] {
            let text = scene.request("hana", (start, HANA), ("c", "<sip:x@y>"), headers, "");
            scene.hear(scene::flow("hana"), &text);
            let left = scene.left();
            assert_eq!(left.len(), 1);
            assert!(left[0].starts_with("SIP/2.0 401"), "{left:?}");
        }
    }
    assert_eq!((scene.house.subscriptions(), scene.stack.transactions()), (0, 0));
    assert_eq!(scene.house.counters().challenged, 6);
}

#[test]
fn l1_a_subscription_is_confirmed_told_at_once_refreshed_and_ended() {
    let mut scene = Scene::new();
    let answer =
        scene.asks("minsu", &format!("SUBSCRIBE {HANA}"), "Event: dialog;id=4\r\nExpires: 600\r\n", "");
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    assert_eq!(header(&answer, "Expires"), "600");
    assert!(header(&answer, "Contact").contains("10.20.0.1:5060"));

    let first = scene.notified().remove(0);
    assert!(first.starts_with("NOTIFY sip:minsu@10.20.0.32:5060 SIP/2.0"), "{first}");
    assert_eq!(header(&first, "Event"), "dialog;id=4");
    assert_eq!(header(&first, "Subscription-State"), "active;expires=600");
    assert_eq!(tag(header(&first, "From")), tag(header(&answer, "To")));
    assert!(is_dark(&first) && version(&first) == 0);
    scene.takes("minsu", &first, "200 OK", "");

    scene.passes(seconds(300));
    let to = header(&answer, "To").to_owned();
    let dialog = (header(&answer, "Call-ID"), to.as_str());
    let start = "SUBSCRIBE sip:10.20.0.1:5060";
    // The Request-URI of a refresh is our Contact: whom it is about was said when it began.
    let again = scene.asks_in("minsu", start, dialog, "Event: dialog;id=4\r\nExpires: 1200\r\n", "");
    assert!(again.starts_with("SIP/2.0 200"), "{again}");
    let second = scene.notified().remove(0);
    assert_eq!(header(&second, "Subscription-State"), "active;expires=1200");
    assert_eq!(version(&second), 1);
    scene.takes("minsu", &second, "200 OK", "");

    let end = scene.asks_in("minsu", start, dialog, "Event: dialog;id=4\r\nExpires: 0\r\n", "");
    assert!(end.starts_with("SIP/2.0 200"), "{end}");
    let last = scene.notified().remove(0);
    assert_eq!(header(&last, "Subscription-State"), "terminated;reason=timeout");
    scene.takes("minsu", &last, "200 OK", "");
    assert_eq!(scene.house.subscriptions(), 0);
    let gone = scene.asks_in("minsu", start, dialog, "Event: dialog;id=4\r\n", "");
    assert!(gone.starts_with("SIP/2.0 481"), "{gone}");
}

#[test]
fn l1_whoever_asks_once_is_told_once() {
    let mut scene = Scene::new();
    let answer = scene.asks("minsu", &format!("SUBSCRIBE {HANA}"), "Event: presence\r\nExpires: 0\r\n", "");
    assert!(answer.starts_with("SIP/2.0 200"));
    let told = scene.notified();
    assert_eq!(told.len(), 1);
    assert_eq!(header(&told[0], "Subscription-State"), "terminated;reason=timeout");
    assert!(told[0].contains("<basic>closed</basic>"), "{}", told[0]);
    scene.takes("minsu", &told[0], "200 OK", "");
    assert_eq!(scene.house.subscriptions(), 0);
}

#[test]
fn l1_what_cannot_be_done_is_refused_and_says_why() {
    let mut scene = Scene::new();
    for (user, uri, headers, status, name, value) in [
        ("minsu", HANA, "Event: dialog\r\nExpires: 59\r\n", 423, "Min-Expires", "60"),
        ("minsu", HANA, "Event: conference\r\n", 489, "Allow-Events", "presence, dialog, message-summary"),
        ("minsu", HANA, "", 489, "Allow-Events", "presence, dialog"),
        (
            "minsu",
            HANA,
            "Event: dialog\r\nAccept: text/plain\r\n",
            406,
            "Accept",
            "application/dialog-info+xml",
        ),
        ("minsu", HANA, "Event: dialog\r\nRequire: made-up\r\n", 420, "Unsupported", "made-up"),
        ("minsu", "sip:nobody@contoso.example", "Event: dialog\r\n", 404, "Warning", "nobody here"),
        ("minsu", "sip:hidden@contoso.example", "Event: dialog\r\n", 403, "Warning", "not to be watched"),
        ("hidden", "sip:102@contoso.example", "Event: dialog\r\nAccept: */*\r\n", 200, "Expires", "3600"),
        ("minsu", HANA, "Event: dialog\r\nExpires: 99999\r\n", 200, "Expires", "3600"),
    ] {
        let answer = scene.asks(user, &format!("SUBSCRIBE {uri}"), headers, "");
        assert!(answer.starts_with(&format!("SIP/2.0 {status}")), "{uri} {headers}: {answer}");
        assert!(header(&answer, name).contains(value), "{answer}");
    }
}

#[test]
fn l6_a_lamp_follows_ring_answer_and_end_and_is_known_by_name_extension_and_number() {
    for uri in [HANA, "sip:100@10.20.0.1", "sip:+14255550100@contoso.example;user=phone"] {
        let mut scene = Scene::new();
        let first = scene.watches("minsu", uri, "dialog");
        assert!(first.contains(&format!("entity=\"{}\"", uri.split(';').next().unwrap())), "{first}");
        for (turn, stage, shown) in
            [(1, Stage::Trying, "trying"), (2, Stage::Ringing, "early"), (3, Stage::Talking, "confirmed")]
        {
            scene.engages(77, "hana", stage);
            scene.passes(seconds(1) / 5);
            let told = scene.notified();
            assert_eq!(told.len(), 1);
            assert!(says(&told[0], shown) && version(&told[0]) == turn, "{}", told[0]);
            scene.takes("minsu", &told[0], "200 OK", "");
        }
        scene.engages(77, "hana", Stage::Talking);
        scene.passes(seconds(1));
        assert!(scene.left().is_empty(), "nothing new");
        scene.ends(77);
        let told = scene.notified();
        assert!(is_dark(&told[0]) && version(&told[0]) == 4, "{told:?}");
    }
}

/// While a NOTIFY waits for its answer nothing else is said; then the newest is, and nothing of before.
#[test]
fn l6_a_slow_watcher_is_told_the_newest_state_and_never_an_old_one() {
    let mut scene = Scene::new();
    scene.watches("minsu", HANA, "dialog");
    scene.passes(seconds(1));
    scene.engages(77, "hana", Stage::Trying);
    let told = scene.notified();
    for stage in [Stage::Ringing, Stage::Talking] {
        scene.engages(77, "hana", stage);
    }
    scene.ends(77);
    scene.engages(78, "hana", Stage::Ringing);
    assert!(scene.left().is_empty());

    scene.takes("minsu", &told[0], "200 OK", "");
    scene.passes(seconds(1));
    let told = scene.notified();
    let (newest, copies) = told.split_first().unwrap();
    assert!(says(newest, "early") && !says(newest, "confirmed") && version(newest) == 2, "{newest}");
    assert!(copies.iter().all(|copy| copy == newest), "only copies of the one that is not answered");
}

#[test]
fn l1_an_error_ends_a_subscription_unless_it_says_when_to_come_again() {
    for (status, headers, left) in [
        ("481 Gone", "", 0),
        ("489 Bad Event", "", 0),
        ("500 Oops", "", 0),
        ("503 Busy", "Retry-After: 7\r\n", 1),
        ("481 Gone", "Retry-After: 7\r\n", 0),
    ] {
        let mut scene = Scene::new();
        scene.watches("minsu", HANA, "dialog");
        scene.passes(seconds(1));
        scene.engages(77, "hana", Stage::Ringing);
        let told = scene.notified();
        scene.takes("minsu", &told[0], status, headers);
        assert_eq!(scene.house.subscriptions(), left, "{status}");
        scene.passes(seconds(6));
        assert!(scene.left().is_empty());
        scene.passes(seconds(2));
        assert_eq!(scene.notified().is_empty(), left == 0);
    }
}

/// A phone that was without power does not watch a dead lamp: it is told again, ever more rarely, and at once
/// when it is there again.
#[test]
fn pain_20_silence_does_not_end_a_subscription() {
    let mut scene = Scene::new();
    scene.watches("minsu", HANA, "dialog");
    scene.passes(seconds(1));
    scene.engages(77, "hana", Stage::Talking);
    scene.passes(seconds(33));
    let tries = scene.notified().len();
    assert!((10..=12).contains(&tries), "{tries}");
    scene.passes(seconds(30));
    assert!(scene.left().is_empty(), "it rests");
    scene.ends(77);
    scene.passes(seconds(30));
    let told = scene.notified();
    assert!(is_dark(&told[0]), "what is so by then: {}", told[0]);
    assert_eq!(scene.house.counters().unanswered, 1);

    scene.passes(seconds(60));
    scene.left();
    scene.table.set(&"minsu".into(), Vec::new().into());
    scene.phones_changed();
    let told = scene.notified();
    assert_eq!(told.len(), 1, "its phone has registered");
    scene.takes("minsu", &told[0], "200 OK", "");
    scene.passes(seconds(4000));
    let last = scene.notified();
    assert_eq!(header(&last[0], "Subscription-State"), "terminated;reason=timeout");
    assert_eq!(scene.house.subscriptions(), 0);
}

#[test]
fn req_f51_documents_that_change_end_what_they_no_longer_allow() {
    let mut scene = Scene::new();
    scene.watches("minsu", HANA, "presence");
    scene.watches("minsu", "sip:left-alone@contoso.example", "presence");
    scene.passes(seconds(1));
    let text = DOCUMENTS.replacen("extension = \"100\"", "extension = \"100\"\nwatchers = \"nobody\"", 1);
    let gone = text.find("[user.left-alone]").unwrap();

    scene.adopts(&text[..gone]);

    let mut told = scene.notified();
    told.sort_by_key(|text| header(text, "Subscription-State").to_owned());
    assert_eq!(header(&told[0], "Subscription-State"), "terminated;reason=noresource");
    assert_eq!(header(&told[1], "Subscription-State"), "terminated;reason=rejected");
    assert!(told.iter().all(|text| text.ends_with("\r\n\r\n")), "nothing is told any more: {told:?}");
}

/// The mobile on the house's trunks: on the phone, and by what.
#[test]
fn req_c10_a_call_of_the_mobile_is_shown_and_gone_after() {
    let mut scene = Scene::new();
    scene.watches("minsu", HANA, "presence");
    scene.watches("minsu", HANA, "dialog");
    scene.passes(seconds(1));

    scene.engages_by(77, "hana", Stage::Ringing, By::Mobile);
    assert!(scene.left().is_empty(), "a mobile that rings is nobody's lamp");
    scene.engages_by(77, "hana", Stage::Talking, By::Mobile);
    let told = scene.notified();
    assert_eq!(told.len(), 2);
    let (lamp, person): (Vec<_>, Vec<_>) = told.iter().partition(|text| text.contains("<dialog-info"));
    assert!(says(lamp[0], "confirmed"));
    assert!(person[0].contains("<rpid:on-the-phone/>"), "{}", person[0]);
    assert!(person[0].contains("<dm:note>on a call (mobile)</dm:note>"), "{}", person[0]);
    told.iter().for_each(|notify| scene.takes("minsu", notify, "200 OK", ""));

    scene.passes(seconds(9));
    scene.engages(78, "hana", Stage::Talking);
    let told = scene.notified();
    assert!(
        told.iter().any(|text| text.contains("<dm:note>on a call</dm:note>")),
        "at a phone too: {told:?}"
    );
    told.iter().for_each(|notify| scene.takes("minsu", notify, "200 OK", ""));
    scene.passes(seconds(9));
    scene.ends(77);
    scene.ends(78);
    let told = scene.takes_all("minsu");
    let newest = &told[told.len() - 2..];
    assert!(
        newest.iter().all(|text| !text.contains("on-the-phone") && !says(text, "confirmed")),
        "{newest:?}"
    );
}

#[test]
fn req_f51_who_is_not_to_be_disturbed_is_busy() {
    let mut scene = Scene::new();
    let told = scene.watches("minsu", "sip:103@contoso.example", "presence");
    assert!(told.contains("<rpid:busy/>") && told.contains("<dm:note>do not disturb</dm:note>"), "{told}");
    assert!(told.contains("<basic>open</basic>"), "the phone is there: {told}");
}

/// Hundreds of watchers are told, a few at once, and what else comes is handled between.
#[test]
fn l6_many_watchers_are_told_in_turns() {
    let mut scene = Scene::new();
    for _ in 0..200 {
        scene.watches("minsu", HANA, "dialog");
    }
    scene.passes(seconds(1));
    scene.left();
    scene.with(|house, around| {
        let one = presence::Engagement {
            call: 0,
            part: presence::Part::Calling,
            stage: Stage::Talking,
            by: By::Phone,
            names: None,
        };
        house.engage(around, 5, &[("hana".into(), one)]);
        house.tell(around);
    });
    assert_eq!(scene.left().len(), 64);
    assert!(scene.house.deadline().is_some_and(|at| at <= scene.now));
    scene.passes(seconds(0));
    assert_eq!(scene.left().len(), 200 - 64);
}

/// RFC 4235 4.1.2: a dialog's names let whoever knows them take the call. They are for those who may.
#[test]
fn l6_a_ringing_dialog_is_named_to_those_who_may_pick_it_up() {
    let mut scene = Scene::new();
    scene.watches("minsu", HANA, "dialog");
    scene.watches("hidden", HANA, "dialog");
    scene.passes(seconds(1));
    scene.engages(5, "hana", Stage::Ringing);

    let told = scene.notified();
    let to = |user: &str| {
        let start = format!("NOTIFY sip:{user}@");
        told.iter().find(|text| text.starts_with(&start)).unwrap_or_else(|| panic!("{told:#?}"))
    };
    let named = "call-id=\"their-call\" local-tag=\"theirs\" remote-tag=\"ours\"";
    assert!(says(to("minsu"), "early") && to("minsu").contains(named), "{}", to("minsu"));
    assert!(says(to("hidden"), "early") && !to("hidden").contains("their-call"), "{}", to("hidden"));
    for user in ["minsu", "hidden"] {
        scene.takes(user, to(user), "200 OK", "");
    }

    scene.passes(seconds(1));
    scene.engages(5, "hana", Stage::Talking);
    let up = scene.notified();
    assert!(up.iter().all(|text| says(text, "confirmed") && !text.contains("call-id=")), "{up:#?}");
}
