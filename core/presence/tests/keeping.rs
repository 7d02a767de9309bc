//! The process dies; the one after it goes on where it was.
#![allow(clippy::unwrap_used)]

mod scene;

use pidf::Activity;
use presence::{Kept, MOBILE, Notice, Says, Stage, Unnoticed};
use scene::{Scene, header, seconds, tag};

const HANA: &str = "sip:hana@contoso.example";
const SAYS: &str = "Event: presence\r\nContent-Type: application/pidf+xml\r\n";
const AWAY: &str = "<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='sip:hana@contoso.example'>\
                    <tuple id='1'><status><basic>open</basic></status><note>back at two</note></tuple>\
                    <p:person xmlns:p='urn:ietf:params:xml:ns:pidf:data-model' id='p'>\
                    <r:activities xmlns:r='urn:ietf:params:xml:ns:pidf:rpid'><r:away/></r:activities>\
                    </p:person></presence>";

/// What a ledger would have, after it was written to a disk and read again.
#[derive(Default)]
struct Ledger(std::collections::BTreeMap<String, String>);

impl Ledger {
    fn take(&mut self, scene: &mut Scene) {
        for kept in scene.house.take_kept() {
            match kept.is_nothing() {
                true => drop(self.0.remove(&*kept.key())),
                false => drop(self.0.insert(kept.key().to_string(), serde_json::to_string(&kept).unwrap())),
            }
        }
    }

    /// The process after this one, so much later.
    fn again(&self, before: &Scene, shard: u8, later: u64) -> Scene {
        let mut scene = Scene::of_shard(shard);
        scene.now = before.now + seconds(later);
        scene.wall.0 = before.wall.0 + i64::try_from(later * 1000).unwrap();
        for line in self.0.values() {
            let mut kept: Kept = serde_json::from_str(line).unwrap();
            kept.expire(scene.wall);
            scene.with(|house, around| house.restore(around, &kept));
        }
        scene
    }
}

fn cseq(notify: &str) -> u32 {
    header(notify, "CSeq").split(' ').next().unwrap().parse().unwrap()
}

fn version(notify: &str) -> u32 {
    let text = notify.split("ns:dialog-info\" version=\"").nth(1).unwrap();
    text.split('"').next().unwrap().parse().unwrap()
}

#[test]
fn pain_20_a_lamp_outlives_the_process() {
    let (mut scene, mut ledger) = (Scene::new(), Ledger::default());
    let first = scene.watches("minsu", HANA, "dialog");
    ledger.take(&mut scene);
    // What is said between two SUBSCRIBEs is not written down.
    scene.engages(7, "hana", Stage::Ringing);
    let last = scene.takes_all("minsu").pop().unwrap();
    ledger.take(&mut scene);

    let mut scene = ledger.again(&scene, 0, 60);
    assert_eq!(scene.house.subscriptions(), 1);
    let told = scene.takes_all("minsu");
    assert_eq!(told.len(), 1, "told how things stand now, without asking: {told:?}");
    assert!(!told[0].contains("<dialog id"), "the call was lost with the process: {}", told[0]);
    assert!(version(&told[0]) > version(&last) && cseq(&told[0]) > cseq(&last), "{last}\n{}", told[0]);
    for name in ["From", "To", "Call-ID"] {
        assert_eq!(header(&told[0], name), header(&last, name));
    }
    let left: u64 = header(&told[0], "Subscription-State").split('=').nth(1).unwrap().parse().unwrap();
    assert!((3500..=3540).contains(&left), "the time before the restart counts: {left}");

    // The phone goes on as if nothing had happened: refreshes, sees a call, and ends it.
    let to = header(&first, "From").to_owned();
    let call = header(&first, "Call-ID").to_owned();
    let refresh = |scene: &mut Scene, more: &str| {
        let headers = format!("Event: dialog\r\n{more}");
        scene.asks_in("minsu", &format!("SUBSCRIBE {HANA}"), (&call, &to), &headers, "")
    };
    // It counts on from its own last request.
    for _ in 0..10 {
        scene.request("minsu", ("OPTIONS", HANA), ("c", "x"), "", "");
    }
    assert!(refresh(&mut scene, "").starts_with("SIP/2.0 200"));
    scene.takes_all("minsu");
    scene.engages(8, "hana", Stage::Talking);
    assert!(scene.takes_all("minsu").pop().unwrap().contains("<state>confirmed</state>"));
    assert!(refresh(&mut scene, "Expires: 0\r\n").starts_with("SIP/2.0 200"));
    scene.takes_all("minsu");
    assert_eq!(scene.house.subscriptions(), 0);
    ledger.take(&mut scene);
    assert!(ledger.0.is_empty(), "what has ended is not taken up again: {:?}", ledger.0);
}

#[test]
fn l2_what_devices_publish_outlives_the_process() {
    let (mut scene, mut ledger) = (Scene::new(), Ledger::default());
    let answer = scene.asks("hana", &format!("PUBLISH {HANA}"), &format!("{SAYS}Expires: 600\r\n"), AWAY);
    let etag = header(&answer, "SIP-ETag").to_owned();
    scene.watches("minsu", HANA, "presence");
    ledger.take(&mut scene);

    let mut again = ledger.again(&scene, 0, 300);
    let told = again.takes_all("minsu").pop().unwrap();
    assert!(told.contains("<rpid:away/>") && told.contains("back at two"), "{told}");
    let headers = format!("Event: presence\r\nSIP-If-Match: {etag}\r\nExpires: 600\r\n");
    let answer = again.asks("hana", &format!("PUBLISH {HANA}"), &headers, "");
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    assert_eq!(ledger.again(&scene, 0, 601).house.publications(), 0, "what has ended meanwhile is left out");
    let other = ledger.again(&scene, 1, 1);
    assert_eq!((other.house.publications(), other.house.subscriptions()), (0, 0), "each shard has its part");
}

#[test]
fn l1_whoever_may_no_longer_watch_is_not_taken_up() {
    let (mut scene, mut ledger) = (Scene::new(), Ledger::default());
    scene.watches("minsu", HANA, "dialog");
    scene.watches("hana", "sip:minsu@contoso.example", "dialog");
    ledger.take(&mut scene);
    assert_eq!(ledger.0.len(), 2);
    let mut again = Scene::new();
    let documents = scene::DOCUMENTS;
    again.policy = scene::policy_of(&documents.replace("[user.hana]", "[user.hana]\nwatchers = \"nobody\""));
    (again.now, again.wall) = (scene.now, scene.wall);
    for line in ledger.0.values() {
        let kept: Kept = serde_json::from_str(line).unwrap();
        again.with(|house, around| house.restore(around, &kept));
    }
    assert_eq!(again.house.subscriptions(), 1);
    let told = again.takes_all("hana");
    assert_eq!(told.len(), 1);
    assert!(tag(header(&told[0], "To")).contains("of-hana"));
}

#[test]
fn req_c10_what_programs_say_outlives_the_process_and_is_theirs_alone() {
    let (mut scene, mut ledger) = (Scene::new(), Ledger::default());
    let says = |activity: Activity| Says { activities: vec![activity], note: None, lasts: seconds(3600) };
    let notice =
        |program: &str, says: Option<Says>| Notice { of: "hana".into(), program: program.into(), says };
    let meeting = notice("calendar", Some(says(Activity::Meeting)));
    let taken = scene.with(|house, around| house.notice(around, &meeting));
    assert_eq!(taken, Ok("hana".into()));
    let on_mobile = notice(MOBILE, Some(says(Activity::OnThePhone)));
    scene.with(|house, around| house.notice(around, &on_mobile)).unwrap();
    for tag in ["", "0"] {
        let headers = format!("{SAYS}Expires: 0\r\nSIP-If-Match: {tag}\r\n");
        let answer = scene.asks("hana", &format!("PUBLISH {HANA}"), &headers, "");
        assert!(!answer.starts_with("SIP/2.0 200"), "a device ends what a program says: {answer}");
    }
    ledger.take(&mut scene);

    let mut scene = ledger.again(&scene, 0, 60);
    let told = scene.watches("minsu", HANA, "presence");
    assert!(told.contains("<rpid:meeting/>") && told.contains("on a call (mobile)"), "{told}");
    assert!(!told.contains("<rpid:busy/>"), "{told}");
    assert!(scene.watches("minsu", HANA, "dialog").contains("<state>confirmed</state>"));

    scene.takes_all("minsu");
    scene.with(|house, around| house.notice(around, &notice("calendar", None))).unwrap();
    scene.passes(seconds(1));
    let told = scene.takes_all("minsu").pop().unwrap();
    assert!(!told.contains("meeting") && told.contains("on a call (mobile)"), "{told}");
}

#[test]
fn only_so_many_programs_say_something_of_one_user_and_nobody_of_a_stranger() {
    let mut scene = Scene::new();
    let mut notice = |of: &str, program: &str| {
        let says = Some(Says { activities: Vec::new(), note: Some("x".into()), lasts: seconds(60) });
        let notice = Notice { of: of.into(), program: program.into(), says };
        scene.with(|house, around| house.notice(around, &notice))
    };

    for program in 0..8 {
        assert_eq!(notice("hana", &program.to_string()), Ok("hana".into()));
    }
    assert_eq!(notice("hana", "one-more"), Err(Unnoticed::TooMany));
    assert_eq!(notice("hana", "7"), Ok("hana".into()), "who says something already may say something else");
    assert_eq!(notice("nobody", "7"), Err(Unnoticed::Nobody));
}
