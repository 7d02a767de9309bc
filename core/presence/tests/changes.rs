//! Watchers who are told what has changed alone (RFC 5263), and those who say what they want (RFC 4660).
#![allow(clippy::unwrap_used)]

mod scene;

use presence::{Kept, Stage};
use scene::{Scene, header, seconds, tag};

const HANA: &str = "sip:hana@contoso.example";
const WANTS: &str =
    "Event: presence\r\nAccept: application/pidf+xml;q=0.3, application/pidf-diff+xml;q=1\r\n";
const FILTERS: &str = "Event: presence\r\nContent-Type: application/simple-filter+xml\r\n";
const SAYS: &str = "Event: presence\r\nContent-Type: application/pidf+xml\r\n";

fn body(notify: &str) -> &str {
    notify.split_once("\r\n\r\n").unwrap().1
}

/// Whether a document is of changes, and its version.
fn sort(notify: &str) -> (&'static str, u32) {
    assert_eq!(header(notify, "Content-Type"), "application/pidf-diff+xml");
    let name = if body(notify).contains("<p:pidf-diff ") { "diff" } else { "full" };
    let version = body(notify).rsplit(" version=\"").next().unwrap();
    (name, version.split('"').next().unwrap().parse().unwrap())
}

/// Subscribes, and answers nothing yet; the answer and the first NOTIFY.
fn watches(scene: &mut Scene, headers: &str, filters: &str) -> (String, String) {
    let answer = scene.asks("minsu", &format!("SUBSCRIBE {HANA}"), headers, filters);
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    (answer, scene.notified().remove(0))
}

fn set(parts: &str) -> String {
    format!(
        "<filter-set xmlns=\"urn:ietf:params:xml:ns:simple-filter\"><filter id=\"1\">{parts}</filter>\
         </filter-set>"
    )
}

#[test]
fn l5_whoever_asks_for_changes_is_told_everything_once_and_then_what_changes() {
    let mut scene = Scene::new();
    let (answer, first) = watches(&mut scene, WANTS, "");
    assert_eq!(sort(&first), ("full", 1));
    assert!(first.contains("<tuple id=\"house\"><status><basic>closed</basic>"), "{first}");
    scene.takes("minsu", &first, "200 OK", "");

    scene.engages(7, "hana", Stage::Talking);
    let told = scene.takes_all("minsu");
    assert_eq!(told.len(), 1);
    // There was no person before.
    assert_eq!(sort(&told[0]), ("diff", 2));
    assert!(body(&told[0]).contains("<p:add sel=\"*\"><dm:person id=\"person\">"), "{}", told[0]);
    scene.ends(7);
    let told = scene.takes_all("minsu");
    assert_eq!(sort(&told[0]), ("diff", 3));
    assert!(body(&told[0]).contains("<p:remove sel=\"*/dm:person\"/>"), "{}", told[0]);

    let (call, to) = (header(&first, "Call-ID").to_owned(), header(&answer, "To").to_owned());
    let again = scene.asks_in("minsu", &format!("SUBSCRIBE {HANA}"), (&call, &to), WANTS, "");
    assert!(again.starts_with("SIP/2.0 200"), "{again}");
    assert_eq!(sort(&scene.takes_all("minsu")[0]), ("full", 4), "who asks again is told everything");
    let plain = scene.asks_in("minsu", &format!("SUBSCRIBE {HANA}"), (&call, &to), "Event: presence\r\n", "");
    assert!(plain.starts_with("SIP/2.0 200"), "{plain}");
    assert_eq!(header(&scene.takes_all("minsu")[0], "Content-Type"), "application/pidf+xml");
}

#[test]
fn l5_changes_are_told_to_whoever_names_them_and_likes_them_no_less() {
    for (accept, kind) in [
        ("application/pidf-diff+xml", "application/pidf-diff+xml"),
        ("application/pidf+xml, application/pidf-diff+xml", "application/pidf-diff+xml"),
        ("application/pidf-diff+xml;q=0.5, application/pidf+xml;q=0.51", "application/pidf+xml"),
        ("application/pidf-diff+xml;q=0, application/pidf+xml", "application/pidf+xml"),
        ("application/*", "application/pidf+xml"),
        ("*/*", "application/pidf+xml"),
    ] {
        let mut scene = Scene::new();
        let (_, first) = watches(&mut scene, &format!("Event: presence\r\nAccept: {accept}\r\n"), "");
        assert_eq!(header(&first, "Content-Type"), kind, "{accept}");
    }
    let mut scene = Scene::new();
    let lamp = "Event: dialog\r\nAccept: application/pidf-diff+xml\r\n";
    assert!(scene.asks("minsu", &format!("SUBSCRIBE {HANA}"), lamp, "").starts_with("SIP/2.0 406"));
}

#[test]
fn l5_after_silence_or_a_refusal_everything_is_told() {
    let mut scene = Scene::new();
    let (_, first) = watches(&mut scene, WANTS, "");
    scene.takes("minsu", &first, "503 Service Unavailable", "Retry-After: 5\r\n");
    scene.passes(seconds(6));
    let second = scene.notified().remove(0);
    assert_eq!(sort(&second), ("full", 2));
    scene.takes("minsu", &second, "200 OK", "");

    scene.engages(7, "hana", Stage::Talking);
    scene.passes(seconds(1));
    assert_eq!(sort(&scene.notified()[0]), ("diff", 3));
    // Nobody answers: whether it has arrived, nobody knows.
    scene.passes(seconds(60));
    scene.notified();
    scene.passes(seconds(60));
    let told = scene.takes_all("minsu");
    assert_eq!(sort(&told[0]), ("full", 4));
    assert!(body(&told[0]).contains("on-the-phone"), "{}", told[0]);
    scene.ends(7);
    assert_eq!(sort(&scene.takes_all("minsu")[0]), ("diff", 5));
}

#[test]
fn l5_what_changed_and_changed_back_is_no_news_and_a_refresh_that_crosses_is_told_everything() {
    let mut scene = Scene::new();
    let (answer, first) = watches(&mut scene, WANTS, "");
    scene.engages(7, "hana", Stage::Talking);
    scene.ends(7);
    scene.takes("minsu", &first, "200 OK", "");
    assert!(scene.takes_all("minsu").is_empty());

    scene.engages(8, "hana", Stage::Talking);
    scene.passes(seconds(1));
    let flying = scene.notified().remove(0);
    assert_eq!(sort(&flying), ("diff", 2));
    let (call, to) = (header(&first, "Call-ID").to_owned(), header(&answer, "To").to_owned());
    assert!(scene.asks_in("minsu", &format!("SUBSCRIBE {HANA}"), (&call, &to), WANTS, "").contains(" 200 "));
    assert!(scene.notified().is_empty(), "one at a time");
    scene.takes("minsu", &flying, "200 OK", "");
    let told = scene.takes_all("minsu");
    assert_eq!((told.len(), sort(&told[0])), (1, ("full", 3)));
}

#[test]
fn l5_a_device_keeps_its_place_and_name_as_long_as_it_publishes() {
    let document = |basic: &str| {
        format!(
            "<presence xmlns='urn:ietf:params:xml:ns:pidf'><tuple id='1'><status><basic>{basic}</basic>\
             </status>\
                 </tuple></presence>"
        )
    };
    let mut scene = Scene::new();
    let publish = |scene: &mut Scene, headers: &str, basic: &str| {
        let answer =
            scene.asks("hana", &format!("PUBLISH {HANA}"), &format!("{SAYS}{headers}"), &document(basic));
        header(&answer, "SIP-ETag").to_owned()
    };
    let desk = publish(&mut scene, "", "open");
    publish(&mut scene, "", "open");
    let (_, first) = watches(&mut scene, WANTS, "");
    scene.takes("minsu", &first, "200 OK", "");

    let desk = publish(&mut scene, &format!("SIP-If-Match: {desk}\r\n"), "closed");
    let told = scene.takes_all("minsu").remove(0);
    assert_eq!(body(&told).matches("<p:").count(), 2, "the root, and one word: {told}");
    assert!(body(&told).contains("/status/basic/text()\">closed</p:replace>"), "{told}");
    publish(&mut scene, &format!("SIP-If-Match: {desk}\r\n"), "closed");
    assert!(scene.takes_all("minsu").is_empty(), "who says the same again says nothing");
}

#[test]
fn l5_a_filter_lets_through_what_was_asked_for_when_it_was_asked_for() {
    let mut scene = Scene::new();
    let parts = "<what><exclude>//note</exclude><exclude>//contact</exclude></what>\
                 <trigger><changed>//basic</changed></trigger>";
    let (answer, first) = watches(&mut scene, FILTERS, &set(parts));
    assert!(first.contains("<tuple id=\"house\"><status>") && !first.contains("<contact>"), "{first}");
    assert_eq!(header(&first, "Content-Type"), "application/pidf+xml");
    scene.takes("minsu", &first, "200 OK", "");
    scene.engages(7, "hana", Stage::Talking);
    assert!(scene.takes_all("minsu").is_empty(), "a call does not make it ring anywhere else");

    // Asked again without a word of filters: they stay, and everything is told.
    let (call, to) = (header(&first, "Call-ID").to_owned(), header(&answer, "To").to_owned());
    let dialog = (&*call, &*to);
    let start = format!("SUBSCRIBE {HANA}");
    assert!(scene.asks_in("minsu", &start, dialog, "Event: presence\r\n", "").contains(" 200 "));
    let told = scene.takes_all("minsu").remove(0);
    assert!(told.contains("on-the-phone") && !told.contains("<contact>"), "{told}");
    // One that cannot be kept to changes nothing.
    let refused =
        scene.asks_in("minsu", &start, dialog, FILTERS, &set("<what><include>//a[1]</include></what>"));
    assert!(refused.starts_with("SIP/2.0 488"), "{refused}");
    scene.ends(7);
    assert!(scene.takes_all("minsu").is_empty());
    // By its name it is taken away.
    let gone = set("").replace("id=\"1\"", "id=\"1\" remove=\"true\"");
    assert!(scene.asks_in("minsu", &start, dialog, FILTERS, &gone).contains(" 200 "));
    assert!(scene.takes_all("minsu")[0].contains("<contact>"));
    scene.engages(8, "hana", Stage::Talking);
    assert_eq!(scene.takes_all("minsu").len(), 1);
}

#[test]
fn l5_filters_that_cannot_be_kept_to_are_refused_and_say_why() {
    let good = set("<what><include>//basic</include></what>");
    let long = set(&" ".repeat(5_000));
    let filters = |more: &str| format!("{FILTERS}{more}");
    for (headers, text, status, name, value) in [
        (filters(""), "<filter-set", 400, "Warning", "no XML"),
        (filters(""), "<presence/>", 488, "Warning", "nobody knows"),
        (filters(""), &long, 413, "Warning", "4 kB"),
        (filters("").replace(": presence", ": dialog"), &good, 488, "Warning", "for presence"),
        (filters("").replace("simple-filter", "resource-lists"), &good, 415, "Accept", "simple-filter+xml"),
        (
            filters("Content-Disposition: x; handling=optional\r\n").replace("simple-filter", "made-up"),
            &good,
            200,
            "Expires",
            "3600",
        ),
        (filters(""), &good, 200, "Expires", "3600"),
    ] {
        let mut scene = Scene::new();
        let answer = scene.asks("minsu", &format!("SUBSCRIBE {HANA}"), &headers, text);
        assert!(answer.starts_with(&format!("SIP/2.0 {status}")), "{headers}{text}: {answer}");
        assert!(header(&answer, name).contains(value), "{answer}");
        assert_eq!(scene.house.subscriptions(), usize::from(status == 200));
    }
}

#[test]
fn l5_how_a_watcher_wants_to_be_told_outlives_the_process() {
    let mut scene = Scene::new();
    let parts = "<what><exclude>//contact</exclude></what><trigger><added>//rpid</added></trigger>";
    let headers = format!("{WANTS}Content-Type: application/simple-filter+xml\r\n");
    let (_, first) = watches(&mut scene, &headers, &set(parts));
    scene.takes("minsu", &first, "200 OK", "");
    let kept: Vec<Kept> = scene.house.take_kept().collect();
    let line = serde_json::to_string(&kept[0]).unwrap();

    let mut again = Scene::new();
    (again.now, again.wall) = (scene.now, scene.wall);
    let kept: Kept = serde_json::from_str(&line).unwrap();
    again.with(|house, around| house.restore(around, &kept));
    let told = again.takes_all("minsu").remove(0);
    let (sort, version) = sort(&told);
    assert!(sort == "full" && version > 1 && !told.contains("<contact>"), "{told}");
    assert_eq!(tag(header(&told, "From")), tag(header(&first, "From")));
    again.engages(7, "hana", Stage::Talking);
    assert!(again.takes_all("minsu").is_empty(), "what it waits for does not happen");
}

#[test]
fn l5_who_may_see_something_else_from_now_on_is_told_everything() {
    let mut scene = Scene::new();
    let (_, first) = watches(&mut scene, WANTS, "");
    scene.takes("minsu", &first, "200 OK", "");
    scene.engages(7, "hana", Stage::Talking);
    scene.takes_all("minsu");

    let fooled = "[user.hana]\nwatch_rules = { polite_block = [\"minsu\"] }";
    scene.adopts(&scene::DOCUMENTS.replace("[user.hana]", fooled));
    let told = scene.takes_all("minsu").remove(0);
    assert_eq!(sort(&told), ("full", 3));
    assert!(!told.contains("on-the-phone"), "{told}");
    scene.ends(7);
    assert!(scene.takes_all("minsu").is_empty());
    scene.adopts(scene::DOCUMENTS);
    assert_eq!(sort(&scene.takes_all("minsu")[0]), ("full", 4));
}
