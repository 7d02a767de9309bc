//! Devices publish (RFC 3903), shards tell each other, and watchers see one person.
#![allow(clippy::unwrap_used)]

mod scene;

use presence::{By, News, Stage};
use scene::{Scene, header, seconds};

const HANA: &str = "sip:hana@contoso.example";
const PUBLISH: &str = "PUBLISH sip:hana@contoso.example";
const SAYS: &str = "Event: presence\r\nContent-Type: application/pidf+xml\r\n";

fn document(basic: &str, activity: &str) -> String {
    format!(
        "<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='{HANA}'><tuple id='1'><status><basic>{basic}\
         </basic></status></tuple><p:person xmlns:p='urn:ietf:params:xml:ns:pidf:data-model' id='p'>\
         <r:activities xmlns:r='urn:ietf:params:xml:ns:pidf:rpid'><r:{activity}/></r:activities>\
         </p:person></presence>"
    )
}

/// Two devices and the phone state compose as documented.
#[test]
fn l2_two_devices_and_a_call_compose_into_one_person() {
    let mut scene = Scene::new();
    let first = scene.watches("minsu", HANA, "presence");
    assert!(first.contains("<basic>closed</basic>") && !first.contains("dm:person id"), "{first}");

    let desk = scene.asks("hana", PUBLISH, SAYS, &document("open", "meeting"));
    let soft = scene.asks("hana", PUBLISH, SAYS, &document("closed", "away"));
    let (desk, soft) = (header(&desk, "SIP-ETag").to_owned(), header(&soft, "SIP-ETag").to_owned());
    scene.engages(77, "hana", Stage::Talking);
    for _ in 0..3 {
        for notify in scene.notified() {
            scene.takes("minsu", &notify, "200 OK", "");
        }
        scene.passes(seconds(1));
    }
    let asked = scene.asks("minsu", &format!("SUBSCRIBE {HANA}"), "Event: presence\r\nExpires: 0\r\n", "");
    assert!(asked.starts_with("SIP/2.0 200"));
    let told = scene.notified().pop().unwrap();
    for part in ["<rpid:away/>", "<rpid:meeting/>", "<rpid:on-the-phone/>", "<dm:note>on a call</dm:note>"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(told.matches("<tuple ").count(), 3, "the house, and two devices: {told}");
    assert_eq!(told.matches("<basic>open</basic>").count(), 1);

    // One device has gone; the other one says nothing for an hour.
    scene.takes("minsu", &told, "200 OK", "");
    scene.ends(77);
    let gone = scene.asks("hana", PUBLISH, &format!("{SAYS}SIP-If-Match: {desk}\r\nExpires: 0\r\n"), "");
    assert!(gone.starts_with("SIP/2.0 200"), "{gone}");
    scene.passes(seconds(1));
    assert_eq!(scene.house.publications(), 1);
    scene.passes(seconds(3600));
    assert_eq!(scene.house.publications(), 0);
    let late = scene.asks("hana", PUBLISH, &format!("{SAYS}SIP-If-Match: {soft}\r\n"), "");
    assert!(late.starts_with("SIP/2.0 412"), "{late}");
}

#[test]
fn l2_each_publish_gives_another_entity_tag_and_the_old_one_is_void() {
    let mut scene = Scene::new();
    let first = scene.asks("hana", PUBLISH, &format!("{SAYS}Expires: 600\r\n"), &document("open", "meeting"));
    assert_eq!(header(&first, "Expires"), "600");
    let one = header(&first, "SIP-ETag").to_owned();
    let refresh = scene.asks("hana", PUBLISH, &format!("Event: presence\r\nSIP-If-Match: {one}\r\n"), "");
    let two = header(&refresh, "SIP-ETag").to_owned();
    assert_ne!(one, two);
    let changed = format!("{SAYS}SIP-If-Match: {one}\r\n");
    assert!(scene.asks("hana", PUBLISH, &changed, &document("open", "away")).starts_with("SIP/2.0 412"));
    let changed = format!("{SAYS}SIP-If-Match: {two}\r\n");
    assert!(scene.asks("hana", PUBLISH, &changed, &document("open", "away")).starts_with("SIP/2.0 200"));
    assert_eq!(scene.house.publications(), 1);
}

#[test]
fn l2_a_publish_that_cannot_be_done_is_refused_and_says_why() {
    let mut scene = Scene::new();
    let (good, large) = (document("open", "away"), "x".repeat(26_000));
    for (user, headers, body, status, name) in [
        ("minsu", SAYS.to_owned(), good.as_str(), 403, "Warning"),
        ("hana", SAYS.replace("presence", "dialog"), &good, 489, "Allow-Events"),
        ("hana", SAYS.replace("pidf", "cpim"), &good, 415, "Accept"),
        ("hana", SAYS.to_owned(), "<presence", 400, "Warning"),
        ("hana", SAYS.to_owned(), "", 400, "Warning"),
        ("hana", SAYS.to_owned(), &large, 413, "Warning"),
        ("hana", format!("{SAYS}Expires: 5\r\n"), &good, 423, "Min-Expires"),
        ("hana", format!("{SAYS}Expires: 0\r\n"), &good, 400, "Warning"),
        ("hana", format!("{SAYS}Require: x\r\n"), &good, 420, "Unsupported"),
    ] {
        let answer = scene.asks(user, PUBLISH, &headers, body);
        assert!(answer.starts_with(&format!("SIP/2.0 {status}")), "{headers}: {answer}");
        header(&answer, name);
    }
    for _ in 0..10 {
        assert!(scene.asks("hana", PUBLISH, SAYS, &good).starts_with("SIP/2.0 200"));
    }
    assert!(scene.asks("hana", PUBLISH, SAYS, &good).starts_with("SIP/2.0 403"), "there is a limit");
}

/// Calls of one shard, watchers on another: whatever is lost between them is missed within a second.
#[test]
fn l6_a_lamp_is_right_whichever_shard_has_the_call_and_whatever_news_are_lost() {
    let mut missed = 0;
    for lost in 0..6 {
        let (mut one, mut other) = (Scene::of_shard(0), Scene::of_shard(1));
        other.now = one.now;
        other.watches("minsu", HANA, "dialog");
        other.passes(seconds(1));
        let mut letters = 0;
        let steps: [fn(&mut Scene); 6] = [
            |scene| scene.engages(77, "hana", Stage::Ringing),
            |scene| scene.engages(77, "hana", Stage::Talking),
            |scene| scene.engages_by(78, "hana", Stage::Talking, By::Mobile),
            |scene| scene.ends(77),
            |scene| scene.ends(78),
            |scene| scene.engages(79, "hana", Stage::Ringing),
        ];
        let mut last = String::new();
        for step in steps {
            step(&mut one);
            for _ in 0..30 {
                let news: Vec<News> = one.news.drain(..).collect();
                for news in news {
                    letters += 1;
                    if letters != lost + 1 {
                        other.with(|house, around| house.learn(around, &news));
                    }
                }
                let back: Vec<News> = other.news.drain(..).collect();
                for news in back {
                    one.with(|house, around| house.learn(around, &news));
                }
                one.passes(seconds(1) / 10);
                other.passes(seconds(1) / 10);
                for notify in other.notified() {
                    other.takes("minsu", &notify, "200 OK", "");
                    last = notify;
                }
            }
        }
        assert!(last.contains("<state>early</state>"), "lost {lost}: {last}");
        assert_eq!(last.matches("<dialog id").count(), 1, "lost {lost}: {last}");
        missed += other.house.counters().missed;
    }
    // A lost count of news that all came is nothing missed.
    assert_eq!(missed, 3);
}
