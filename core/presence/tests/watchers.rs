//! Who watches is shown to whom they watch (RFC 3857), who says what each of them may see (RFC 5025).
#![allow(clippy::unwrap_used)]

mod scene;

use presence::{House, News, Stage};
use scene::{DOCUMENTS, Scene, header};

const HANA: &str = "sip:hana@contoso.example";

/// The house, with more said of who may watch Hana.
fn rules(text: &str) -> String {
    DOCUMENTS.replacen("pickup_group = \"desk\"\n", &format!("pickup_group = \"desk\"\n{text}\n"), 1)
}

/// Hana asks who watches; the document is complete, and the first of its subscription.
fn asks_who(scene: &mut Scene, package: &str) -> String {
    let told = scene.watches("hana", HANA, package);
    assert_eq!(header(&told, "Content-Type"), "application/watcherinfo+xml");
    assert!(told.contains("version=\"0\" state=\"full\""), "{told}");
    told
}

/// Each watcher of a document: status, event and address.
fn watchers(notify: &str) -> Vec<(String, String, String)> {
    let attribute = |text: &str, name: &str| -> String {
        text.split(&format!(" {name}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let all = notify.split("<watcher ").skip(1).map(|rest| {
        let rest = format!(" {rest}");
        let address = rest.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned();
        (attribute(&rest, "status"), attribute(&rest, "event"), address)
    });
    all.collect()
}

fn one(status: &str, event: &str, user: &str) -> (String, String, String) {
    (status.to_owned(), event.to_owned(), format!("sip:{user}@contoso.example"))
}

/// Everybody answers all that they are told within two seconds; what of it is about watchers.
fn told_of_watchers(scene: &mut Scene) -> Vec<String> {
    let all = scene.takes_all("hana");
    all.into_iter().filter(|one| one.contains("<watcherinfo")).collect()
}

fn state(notify: &str) -> &str {
    header(notify, "Subscription-State").split(';').next().unwrap()
}

#[test]
fn l3_who_is_watched_sees_who_watches_and_since_what() {
    let mut scene = Scene::new();
    let first = asks_who(&mut scene, "presence.winfo");
    assert!(watchers(&first).is_empty(), "{first}");
    assert!(first.contains("<watcher-list resource=\"sip:hana@contoso.example\" package=\"presence\">"));

    let asked = "Event: presence\r\nExpires: 600\r\n";
    scene.asks("minsu", "SUBSCRIBE sip:100@contoso.example", asked, "");
    scene.asks("minsu", &format!("SUBSCRIBE {HANA}"), "Event: dialog\r\nExpires: 600\r\n", "");
    let told = told_of_watchers(&mut scene);
    assert_eq!(told.len(), 1, "lamps are another list: {told:?}");
    assert_eq!(watchers(&told[0]), [one("active", "subscribe", "minsu")]);
    assert!(told[0].contains("version=\"1\" state=\"full\""), "{}", told[0]);
    let lamps = asks_who(&mut scene, "dialog.winfo");
    assert_eq!(watchers(&lamps), [one("active", "subscribe", "minsu")]);
    assert_ne!(told[0].split(" id=\"").nth(1), lamps.split(" id=\"").nth(1), "another subscription");

    // What happens to Hana is no news of her watchers.
    scene.engages(1, "hana", Stage::Talking);
    assert!(told_of_watchers(&mut scene).is_empty());
    scene.passes(scene::seconds(601));
    let told = told_of_watchers(&mut scene);
    assert_eq!(told.len(), 2, "of each list once: {told:?}");
    assert!(told.iter().all(|one| watchers(one).is_empty()), "their time is over: {told:?}");
}

#[test]
fn l3_nobody_else_sees_who_watches() {
    let mut scene = Scene::new();
    for package in ["presence.winfo", "dialog.winfo"] {
        let refused = scene.asks("minsu", &format!("SUBSCRIBE {HANA}"), &format!("Event: {package}\r\n"), "");
        assert!(refused.starts_with("SIP/2.0 403"), "{refused}");
    }
    let unknown = scene.asks("hana", &format!("SUBSCRIBE {HANA}"), "Event: presence.winfo.winfo\r\n", "");
    assert!(unknown.starts_with("SIP/2.0 489"), "{unknown}");
}

#[test]
fn l3_polite_block_shows_somebody_who_is_never_there() {
    let mut scene = Scene::new();
    scene.adopts(&rules("watch_rules = { polite_block = [\"minsu\"] }"));
    scene.engages(1, "hana", Stage::Talking);

    let told = scene.watches("minsu", HANA, "presence");
    assert_eq!(state(&told), "active", "as for everybody");
    assert!(told.contains("<basic>closed</basic>") && !told.contains("on-the-phone"), "{told}");
    let lamp = scene.watches("minsu", HANA, "dialog");
    assert!(lamp.contains("<dialog-info") && !lamp.contains("<dialog id"), "{lamp}");
    let fetched = scene.asks("minsu", &format!("SUBSCRIBE {HANA}"), "Event: presence\r\nExpires: 0\r\n", "");
    assert!(fetched.starts_with("SIP/2.0 200"), "{fetched}");
    let last = scene.takes_all("minsu").pop().unwrap();
    assert!(last.contains("<basic>closed</basic>") && !last.contains("on-the-phone"), "{last}");

    for stage in [Stage::Ringing, Stage::Talking] {
        scene.engages(2, "hana", stage);
    }
    scene.ends(1);
    assert!(scene.takes_all("minsu").is_empty(), "silence must not tell either");
    // Others, and Hana herself, see what is so; and she sees who seems to.
    let hidden = scene.watches("hidden", HANA, "presence");
    assert!(hidden.contains("on-the-phone"), "{hidden}");
    let seen = asks_who(&mut scene, "presence.winfo");
    assert_eq!(watchers(&seen), [one("active", "subscribe", "hidden"), one("active", "subscribe", "minsu")]);

    scene.adopts(DOCUMENTS);
    let told = scene.takes_all("minsu");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|one| one.contains("on-the-phone")), "whoever may see is told: {told:?}");
}

#[test]
fn l3_who_has_to_be_confirmed_waits_and_is_told_all_once_allowed() {
    let mut scene = Scene::new();
    scene.adopts(&rules("watchers = \"confirm\""));
    asks_who(&mut scene, "presence.winfo");
    let told = scene.watches("minsu", HANA, "presence");
    assert_eq!(state(&told), "pending");
    assert!(told.ends_with("\r\n\r\n"), "it says nothing of anybody: {told}");
    let seen = scene.takes_all("hana");
    assert_eq!(watchers(seen.last().unwrap()), [one("pending", "subscribe", "minsu")]);
    scene.engages(1, "hana", Stage::Talking);
    assert!(scene.takes_all("minsu").is_empty());

    scene.adopts(&rules("watchers = \"confirm\"\nwatch_rules = { allow = [\"minsu\"] }"));
    let told = scene.notified();
    let (to_minsu, to_hana): (Vec<_>, Vec<_>) =
        told.into_iter().partition(|one| one.contains("application/pidf+xml"));
    assert_eq!(state(&to_minsu[0]), "active");
    assert!(to_minsu[0].contains("on-the-phone"), "{}", to_minsu[0]);
    scene.takes("minsu", &to_minsu[0], "200 OK", "");
    let seen: Vec<String> = to_hana.into_iter().chain(scene.takes_all("hana")).collect();
    assert_eq!(watchers(seen.last().unwrap()), [one("active", "approved", "minsu")]);

    // Back to waiting: told once that it is so, and nothing more.
    scene.adopts(&rules("watchers = \"confirm\""));
    let told: Vec<String> =
        scene.takes_all("minsu").into_iter().filter(|one| one.contains("Event: presence\r\n")).collect();
    assert_eq!((told.len(), state(&told[0])), (1, "pending"));
    scene.adopts(&rules("watchers = \"confirm\"\nwatch_rules = { block = [\"minsu\"] }"));
    let told: Vec<String> =
        scene.takes_all("minsu").into_iter().filter(|one| one.contains("Event: presence\r\n")).collect();
    assert!(header(&told[0], "Subscription-State").contains("reason=rejected"), "{told:?}");
    let refused = scene.asks("minsu", &format!("SUBSCRIBE {HANA}"), "Event: presence\r\n", "");
    assert!(refused.starts_with("SIP/2.0 403"), "{refused}");
}

#[test]
fn l3_of_several_rules_the_kindest_holds_and_names_have_to_be_users() {
    let mut scene = Scene::new();
    let text = "watch_rules = { block = [\"minsu\"], polite_block = [\"minsu\"], confirm = [\"minsu\"] }";
    scene.adopts(&rules(text));
    let told = scene.watches("minsu", HANA, "presence");
    assert!(told.contains("<basic>closed</basic>"), "RFC 4745 10.2: {told}");

    let unknown = rules("watch_rules = { allow = [\"nobody-here\"] }");
    let documents = model::load(&[model::SourceFile::new("contoso.toml", &*unknown)]).unwrap();
    let mut secrets = model::Secrets::new();
    for name in ["HANA", "MINSU", "HIDDEN"] {
        secrets.insert(model::SecretRef::Env(name.into()), format!("secret of {name}"));
    }
    let problems = policy::compile(&documents, &secrets).unwrap_err();
    assert!(problems.iter().any(|one| one.to_string().contains("nobody-here")), "{problems:?}");
}

#[test]
fn l3_a_console_shows_who_is_absent_and_who_has_not_said_yet() {
    let mut scene = Scene::new();
    let console = "\n[console.desk]\nusers = [\"hana\", \"hidden\", \"left-alone\"]\n";
    let text =
        rules("watchers = \"polite-block\"").replace("watchers = \"nobody\"", "watchers = \"confirm\"");
    scene.adopts(&format!("{text}{console}"));
    scene.engages(1, "hana", Stage::Talking);

    let start = "SUBSCRIBE sip:desk@contoso.example";
    let answer = scene.asks("minsu", start, "Event: presence\r\nSupported: eventlist\r\n", "");
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
    let told = scene.takes_all("minsu").concat();
    assert!(told.contains("<instance id=\"1\" state=\"pending\"/>"), "{told}");
    assert!(told.contains("<basic>closed</basic>") && !told.contains("on-the-phone"), "{told}");
    scene.ends(1);
    assert!(scene.takes_all("minsu").is_empty());

    scene.adopts(&format!("{DOCUMENTS}{console}"));
    let told = scene.takes_all("minsu").concat();
    assert!(told.contains("<instance id=\"1\" state=\"terminated\" reason=\"rejected\"/>"), "{told}");
}

/// Brings the news of each of two shards to the other until there are none.
fn exchange(shards: &mut [Scene; 2]) {
    for _ in 0..10 {
        for at in 0..2 {
            let news: Vec<News> = std::mem::take(&mut shards[at].news);
            for one in &news {
                shards[1 - at].with(|house, around| house.learn(around, one));
                shards[1 - at].with(House::expire);
            }
        }
    }
}

#[test]
fn l3_watchers_of_all_shards_are_shown_and_only_while_somebody_asks() {
    let mut shards = [Scene::of_shard(0), Scene::of_shard(1)];
    shards[1].watches("minsu", "sip:100@contoso.example", "presence");
    assert!(shards[1].news.is_empty(), "nobody asks");
    asks_who(&mut shards[0], "presence.winfo");
    exchange(&mut shards);
    let told = told_of_watchers(&mut shards[0]);
    assert_eq!(watchers(told.last().unwrap()), [one("active", "subscribe", "minsu")]);

    shards[0].asks("hidden", &format!("SUBSCRIBE {HANA}"), "Event: presence\r\n", "");
    let told = told_of_watchers(&mut shards[0]);
    let both = [one("active", "subscribe", "hidden"), one("active", "subscribe", "minsu")];
    assert_eq!(watchers(told.last().unwrap()), both);
    exchange(&mut shards);

    // Hana's phone asks no more: after its hour the others say no more either.
    for shard in &mut shards {
        shard.passes(scene::seconds(3700));
        shard.takes_all("hana");
        shard.takes_all("minsu");
    }
    exchange(&mut shards);
    shards[1].watches("minsu", HANA, "presence");
    assert!(!shards[1].news.iter().any(|one| matches!(one, News::Of { .. })), "{:?}", shards[1].news);
}
