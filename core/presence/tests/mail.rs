//! Messages that wait: the voicemail says how many, and phones that asked show it (RFC 3842).
#![allow(clippy::unwrap_used)]

mod scene;

use std::collections::BTreeMap;

use presence::{Kept, News};
use scene::{Scene, header, seconds};

const HANA: &str = "sip:hana@contoso.example";
const SAYS: &str = "Event: message-summary\r\nSubscription-State: active\r\n\
                    Content-Type: application/simple-message-summary\r\n";
const TWO: &str =
    "Messages-Waiting: yes\r\nMessage-Account: sip:100@vmail.example\r\nVoice-Message: 2/8 (0/2)\r\n";
const NONE: &str = "Messages-Waiting: no\r\nVoice-Message: 0/10\r\n";

#[test]
fn l7_a_lamp_follows_the_mailbox() {
    let mut scene = Scene::new();
    let first = scene.watches("hana", HANA, "message-summary");
    assert_eq!(header(&first, "Content-Type"), "application/simple-message-summary");
    assert!(first.ends_with("\r\n\r\nMessages-Waiting: no\r\n"), "nobody has said anything: {first}");

    // Hana is 100 on the voicemail as well.
    let answer = scene.voicemail_says("sip:10.20.0.1", SAYS, TWO);
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    scene.passes(seconds(1));
    let told = scene.notified().remove(0);
    assert!(told.ends_with(&format!("\r\n\r\n{TWO}")), "{told}");
    scene.takes("hana", &told, "200 OK", "");

    scene.voicemail_says(HANA, SAYS, TWO);
    scene.passes(seconds(1));
    assert!(scene.notified().is_empty(), "nothing new");
    scene.voicemail_says(HANA, SAYS, NONE);
    scene.passes(seconds(1));
    assert!(scene.notified().remove(0).ends_with(NONE));
}

#[test]
fn l7_a_mailbox_is_shown_to_its_owner_alone() {
    let mut scene = Scene::new();
    let start = format!("SUBSCRIBE {HANA}");
    let answer = scene.asks("minsu", &start, "Event: message-summary\r\n", "");
    assert!(answer.starts_with("SIP/2.0 403"), "{answer}");
    let answer = scene.asks("hana", &start, "Event: message-summary\r\nAccept: text/plain\r\n", "");
    assert!(answer.starts_with("SIP/2.0 406"), "{answer}");
}

#[test]
fn l7_what_says_nothing_of_a_mailbox_is_refused() {
    let mut scene = Scene::new();
    let other = "Event: dialog\r\nSubscription-State: active\r\n";
    let kind = "Event: message-summary\r\nContent-Type: text/plain\r\n";
    let large = format!("{TWO}{}", "X-More: 0/0\r\n".repeat(1_000));
    for (uri, headers, body, status) in [
        (HANA, other, TWO, "489"),
        (HANA, kind, TWO, "406"),
        (HANA, SAYS, "Voice-Message: 2/8\r\n", "400"),
        (HANA, SAYS, &large, "413"),
        ("sip:nobody@contoso.example", SAYS, NONE, "404"),
    ] {
        let answer = scene.voicemail_says(uri, headers, body);
        assert!(answer.starts_with(&format!("SIP/2.0 {status}")), "{headers}{body}: {answer}");
    }
    assert_eq!(scene.house.take_kept().count(), 0);
}

/// The process dies; the one after it tells the phone what waited, without anybody saying it again.
#[test]
fn l7_what_waits_outlives_the_process() {
    let mut scene = Scene::new();
    let mut ledger: BTreeMap<String, String> = BTreeMap::new();
    scene.watches("hana", HANA, "message-summary");
    scene.voicemail_says(HANA, SAYS, NONE);
    scene.voicemail_says(HANA, SAYS, TWO);
    for kept in scene.house.take_kept() {
        ledger.insert(kept.key().to_string(), serde_json::to_string(&kept).unwrap());
    }

    let mut again = Scene::new();
    (again.now, again.wall) = (scene.now, scene.wall);
    for line in ledger.values() {
        let kept: Kept = serde_json::from_str(line).unwrap();
        again.with(|house, around| house.restore(around, &kept));
    }
    again.passes(seconds(1));
    let told = again.notified();
    assert!(told.iter().any(|text| text.ends_with(TWO)), "{told:?}");

    // A user who is no more has no mailbox.
    again.adopts(&scene::DOCUMENTS.replace("[user.hana]", "[user.harriet]"));
    assert!(again.house.take_kept().any(|kept| kept.is_nothing() && *kept.key() == *"hana#"));
}

/// What was said later counts, whichever shard heard it.
#[test]
fn l7_shards_agree_on_the_mailbox() {
    let (mut one, mut other) = (Scene::of_shard(0), Scene::of_shard(1));
    one.watches("hana", HANA, "message-summary");
    one.voicemail_says(HANA, SAYS, TWO);
    one.takes_all("hana");
    other.now = one.now + seconds(1);
    other.wall.0 = one.wall.0 + 1000;
    other.voicemail_says(HANA, SAYS, NONE);
    let news: Vec<News> = other.news.drain(..).collect();
    for news in &news {
        one.with(|house, around| house.learn(around, news));
    }
    one.passes(seconds(1));
    assert!(one.notified().remove(0).ends_with(NONE));
}
