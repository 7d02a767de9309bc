//! A user's own devices see where the user is registered (RFC 3680).
#![allow(clippy::unwrap_used)]

mod scene;

use registrar::{Binding, Reach};
use scene::{Scene, flow, header, seconds};

const HANA: &str = "sip:hana@contoso.example";

fn binding(scene: &Scene, contact: &str, instance: Option<&str>) -> Binding {
    Binding {
        contact: contact.into(),
        instance: instance.map(Box::from),
        flow_number: None,
        priority: 1000,
        call_id: "c".into(),
        cseq: 1,
        registered: scene.wall,
        until: scene.now + seconds(600),
        path: Vec::new(),
        source: flow("hana"),
        agent: None,
        features: None,
        reach: Reach::On { flow: flow("hana"), otherwise: None },
        naming: None,
        bell: None,
    }
}

fn version(notify: &str) -> u32 {
    let text = notify.split("ns:reginfo\" version=\"").nth(1).unwrap();
    text.split('"').next().unwrap().parse().unwrap()
}

/// The id of a contact.
fn id<'n>(notify: &'n str, contact: &str) -> &'n str {
    let before = notify.split(&format!("<uri>{contact}</uri>")).next().unwrap();
    before.rsplit("<contact id=\"").next().unwrap().split('"').next().unwrap()
}

/// A phone that comes and one that goes are told of; one that only says again that it is there is not.
#[test]
fn l8_a_device_sees_which_others_are_registered() {
    let mut scene = Scene::new();
    let first = scene.watches("hana", HANA, "reg");
    assert_eq!(header(&first, "Content-Type"), "application/reginfo+xml");
    assert!(first.contains("aor=\"sip:hana@contoso.example\" id=\"r\" state=\"init\""), "{first}");

    let desk = binding(&scene, "sip:hana@10.20.0.31:5060", Some("urn:uuid:1"));
    scene.table.set(&"hana".into(), vec![desk.clone()].into());
    scene.phones_changed();
    scene.passes(seconds(1) / 5);
    let one = scene.notified().remove(0);
    assert!(one.contains("state=\"active\" event=\"registered\"") && version(&one) == 1, "{one}");
    assert!(one.contains("<unknown-param name=\"+sip.instance\">&quot;&lt;urn:uuid:1&gt;&quot;"), "{one}");
    scene.takes("hana", &one, "200 OK", "");

    scene.passes(seconds(300));
    let again = Binding { cseq: 2, until: scene.now + seconds(600), ..desk.clone() };
    scene.table.set(&"hana".into(), vec![again.clone()].into());
    scene.phones_changed();
    scene.passes(seconds(1) / 5);
    assert!(scene.notified().is_empty(), "nothing is new");

    let soft = binding(&scene, "sip:hana@10.20.0.77:5062;transport=tcp", None);
    scene.table.set(&"hana".into(), vec![again, soft.clone()].into());
    scene.phones_changed();
    scene.passes(seconds(1) / 5);
    let two = scene.notified().remove(0);
    assert_eq!(two.matches("<contact ").count(), 2, "{two}");
    assert_eq!(id(&two, &desk.contact), id(&one, &desk.contact));
    assert_ne!(id(&two, &desk.contact), id(&two, &soft.contact));
    scene.takes("hana", &two, "200 OK", "");

    scene.table.set(&"hana".into(), vec![soft].into());
    scene.phones_changed();
    scene.passes(seconds(1) / 5);
    let left = scene.notified().remove(0);
    assert!(!left.contains("<uri>sip:hana@10.20.0.31") && left.matches("<contact ").count() == 1, "{left}");
}

#[test]
fn l8_where_somebody_is_is_shown_to_nobody_else() {
    let mut scene = Scene::new();

    let answer = scene.asks("minsu", &format!("SUBSCRIBE {HANA}"), "Event: reg\r\n", "");

    assert!(answer.starts_with("SIP/2.0 403"), "{answer}");
    assert_eq!(scene.house.subscriptions(), 0);
}
