//! Several people are watched by one subscription (RFC 4662).
#![allow(clippy::unwrap_used)]

mod scene;

use std::fmt::Write;

use presence::{Kept, Stage};
use scene::{DOCUMENTS, Scene, header, seconds};

const DESK: &str = "sip:desk@contoso.example";
const LISTS: &str = "Event: dialog\r\nSupported: eventlist\r\n";
const TALKS: &str = "<state>confirmed</state>";

fn documents(console: &str) -> String {
    format!("{DOCUMENTS}\n[console.desk]\nusers = {console}\n")
}

/// A scene with a console, and Minsu's subscription to it: what it was told first.
fn watched(console: &str) -> (Scene, String) {
    let mut scene = Scene::new();
    scene.adopts(&documents(console));
    let answer = scene.asks("minsu", &format!("SUBSCRIBE {DESK}"), LISTS, "");
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    assert_eq!(header(&answer, "Require"), "eventlist");
    let first = scene.notified().remove(0);
    scene.takes("minsu", &first, "200 OK", "");
    (scene, first)
}

/// The parts of a body: the list, then what is said of each.
fn parts(notify: &str) -> Vec<&str> {
    let kind = header(notify, "Content-Type");
    assert!(kind.starts_with("multipart/related;type=\"application/rlmi+xml\""), "{kind}");
    let boundary = kind.split("boundary=\"").nth(1).unwrap().trim_end_matches('"');
    let (_, body) = notify.split_once("\r\n\r\n").unwrap();
    let mut parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    assert_eq!((parts.remove(0), parts.pop().unwrap()), ("", "--\r\n"));
    parts
}

/// The document that the list names for somebody, found by its Content-ID.
fn part_of<'n>(notify: &'n str, user: &str) -> Option<&'n str> {
    let parts = parts(notify);
    let resource = parts[0].split("<resource ").find(|one| one.contains(&format!("\"sip:{user}@")))?;
    let cid = resource.split("cid=\"").nth(1)?.split('"').next()?;
    let id = format!("Content-ID: <{cid}>");
    Some(parts.into_iter().find(|part| part.contains(&id)).expect("what is named is there"))
}

fn version(part: &str) -> u32 {
    part.split("ns:dialog-info\" version=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
}

/// One subscription lights every key of a console; afterwards it is told of those who changed, and no more.
#[test]
fn l4_one_subscription_shows_everybody_of_a_console() {
    let (mut scene, first) = watched(r#"["hana", "hidden", "left-alone"]"#);
    assert_eq!(header(&first, "Require"), "eventlist");
    let list = parts(&first)[0];
    assert!(list.contains("uri=\"sip:desk@contoso.example\" version=\"0\" fullState=\"true\""), "{list}");
    assert_eq!(list.matches("<resource ").count(), 3);
    assert!(list.contains("state=\"terminated\" reason=\"rejected\""), "hidden is not to be watched: {list}");
    assert!(part_of(&first, "hana").unwrap().contains("entity=\"sip:hana@contoso.example\""));
    assert!(part_of(&first, "left-alone").is_some());
    assert_eq!(scene.house.subscriptions(), 1);

    scene.engages(1, "hana", Stage::Talking);
    scene.passes(seconds(1) / 5);
    let told = scene.notified();
    assert_eq!(told.len(), 1);
    let list = parts(&told[0])[0];
    assert!(list.contains("version=\"1\" fullState=\"false\""), "{list}");
    assert_eq!(list.matches("<resource ").count(), 1, "{list}");
    let hana = part_of(&told[0], "hana").unwrap();
    assert!(hana.contains(TALKS) && version(hana) == 1, "{hana}");
    assert_eq!(parts(&told[0]).len(), 2);
    scene.takes("minsu", &told[0], "200 OK", "");

    scene.engages(2, "hidden", Stage::Talking);
    scene.passes(seconds(1) / 5);
    assert!(scene.notified().is_empty(), "what happens to whoever is not to be watched is no news");
}

/// Two hundred keys: everybody is named at once, and nobody stays dark, however little fits into a datagram.
#[test]
fn l4_two_hundred_keys_take_one_subscription() {
    let mut text = String::new();
    for number in 0..200 {
        write!(text, "\n[user.u{number}]\ndevices = [{{ contact = \"sip:u{number}@10.20.1.1\" }}]\n")
            .unwrap();
    }
    let names: Vec<String> = (0..200).map(|number| format!("\"u{number}\"")).collect();
    let mut scene = Scene::new();
    scene.adopts(&(documents(&format!("[{}]", names.join(", "))) + &text));
    (0..200).step_by(3).for_each(|number| scene.engages(number, &format!("u{number}"), Stage::Talking));
    let answer = scene.asks("minsu", &format!("SUBSCRIBE {DESK}"), LISTS, "");
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");

    let told = scene.takes_all("minsu");

    assert_eq!(parts(&told[0])[0].matches("<resource ").count(), 200);
    assert!(told.iter().all(|notify| notify.len() < 32 * 1024), "each fits into a datagram");
    for number in 0..200 {
        let user = format!("u{number}");
        let said: Vec<&str> = told.iter().filter_map(|notify| part_of(notify, &user)).collect();
        assert_eq!(said.len(), 1, "{user} is told of once");
        assert_eq!(said[0].contains(TALKS), number % 3 == 0, "{user}");
    }
    assert_eq!(scene.house.subscriptions(), 1);
}

/// Whoever did not take a NOTIFY, and whoever asks again, is told everything, in documents that count on.
#[test]
fn l4_what_was_lost_is_said_again() {
    let (mut scene, _) = watched(r#"["hana", "left-alone"]"#);
    scene.engages(1, "hana", Stage::Talking);
    scene.passes(seconds(1) / 5);
    assert_eq!(scene.notified().len(), 1, "it is never answered");
    scene.passes(seconds(40));
    scene.notified();

    scene.passes(seconds(60));

    let again = scene.notified().remove(0);
    assert!(parts(&again)[0].contains("fullState=\"true\""), "{again}");
    let hana = part_of(&again, "hana").unwrap();
    assert!(hana.contains(TALKS) && version(hana) == 2, "{hana}");
    assert!(part_of(&again, "left-alone").is_some());
}

#[test]
fn l4_who_knows_no_lists_is_told_so() {
    let mut scene = Scene::new();
    scene.adopts(&documents(r#"["hana"]"#));

    let plain = scene.asks("minsu", &format!("SUBSCRIBE {DESK}"), "Event: dialog\r\n", "");
    let mail = "Event: message-summary\r\nSupported: eventlist\r\n";
    let mail = scene.asks("minsu", &format!("SUBSCRIBE {DESK}"), mail, "");
    let required = "Event: presence\r\nRequire: eventlist\r\n";
    let required = scene.asks("minsu", &format!("SUBSCRIBE {DESK}"), required, "");

    assert!(plain.starts_with("SIP/2.0 421"), "{plain}");
    assert_eq!(header(&plain, "Require"), "eventlist");
    assert!(mail.starts_with("SIP/2.0 403"), "{mail}");
    assert!(required.starts_with("SIP/2.0 200"), "{required}");
}

/// A console that shows others is to be asked for anew, one that is gone is not.
#[test]
fn l4_a_console_that_changes_ends_its_subscriptions() {
    for (now, reason) in
        [(documents(r#"["left-alone"]"#), "deactivated"), (DOCUMENTS.to_owned(), "noresource")]
    {
        let (mut scene, _) = watched(r#"["hana"]"#);

        scene.adopts(&now);

        let last = scene.notified().remove(0);
        assert_eq!(header(&last, "Subscription-State"), format!("terminated;reason={reason}"));
        assert!(!last.contains("hana@contoso.example;") && last.ends_with("\r\n\r\n"), "{last}");
        scene.takes("minsu", &last, "200 OK", "");
        assert_eq!(scene.house.subscriptions(), 0);
    }
}

/// The next process goes on telling, in documents that are newer than any that was told.
#[test]
fn l4_a_console_outlives_the_process() {
    let (mut scene, first) = watched(r#"["hana"]"#);
    let lines: Vec<String> =
        scene.house.take_kept().map(|kept| serde_json::to_string(&kept).unwrap()).collect();
    let mut next = Scene::new();
    next.policy = scene.policy.clone();
    (next.now, next.wall) = (scene.now, scene.wall);

    for line in &lines {
        let kept: Kept = serde_json::from_str(line).unwrap();
        next.with(|house, around| house.restore(around, &kept));
    }
    next.passes(seconds(1));

    let told = next.notified().remove(0);
    assert_eq!(header(&told, "Call-ID"), header(&first, "Call-ID"));
    assert!(parts(&told)[0].contains("fullState=\"true\""));
    assert!(version(part_of(&told, "hana").unwrap()) > 0);
}
