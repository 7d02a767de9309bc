//! Who is watched says who may see what, and sees who watches (RFC 3857, RFC 5025), while calls go on.

use std::time::Duration;

use actors::{Deed, Note};
use world::{ActorHandle, Link, World};

use crate::{TWO_PROVIDERS, seed};

const SECOND: Duration = Duration::from_secs(1);
const HANA: &str = "sip:0100@10.20.0.1";
const WAITS: &str = "watchers = \"confirm\"";
const LET_IN: &str = "watchers = \"confirm\"\nwatch_rules = { allow = [\"minsu\"] }";
const SHUT_OUT: &str = "watchers = \"confirm\"\nwatch_rules = { block = [\"minsu\"] }";
const FOOLED: &str = "watch_rules = { polite_block = [\"minsu\"] }";

/// The house, with this said of who may watch Hana.
fn house(rules: &str) -> String {
    TWO_PROVIDERS.replacen("[user.hana]\n", &format!("[user.hana]\n{rules}\n"), 1)
}

fn watches(watcher: &ActorHandle, package: &'static str) {
    watcher.says_outside(Deed::Watch { uri: HANA.to_owned(), package, seconds: 3600 });
}

/// The states and bodies that a watcher was shown, in order.
fn shown(watcher: &ActorHandle, wanted: &str) -> Vec<(String, String)> {
    let seen = |note| match note {
        Note::Shown { package, state, body, .. } if package == wanted => Some((state, body)),
        _ => None,
    };
    watcher.notes().into_iter().filter_map(seen).collect()
}

fn newest(watcher: &ActorHandle, package: &str) -> (String, String) {
    shown(watcher, package).pop().expect("each subscription is told something at once")
}

/// Whom Hana sees watching, and how they stand.
fn seen_by(hana: &ActorHandle, package: &str) -> Vec<(String, String)> {
    let (_, body) = newest(hana, package);
    let watchers = body.split("<watcher ").skip(1).map(|one| {
        let status = one.split("status=\"").nth(1).and_then(|rest| rest.split('"').next());
        let address = one.split('>').nth(1).and_then(|rest| rest.split('<').next());
        (status.unwrap_or_default().to_owned(), address.unwrap_or_default().to_owned())
    });
    watchers.collect()
}

fn minsu_is(status: &str) -> Vec<(String, String)> {
    vec![(status.to_owned(), "sip:minsu@contoso.example".to_owned())]
}

#[test]
fn l3_who_has_to_wait_is_seen_waiting_and_sees_the_call_at_hand_once_let_in() {
    let mut world = World::from_toml(seed(), &house(WAITS));
    let (minsu, hana, lobby) = (world.user("minsu"), world.user("hana"), world.user("lobby"));
    watches(&hana, "presence.winfo");
    world.run_for(SECOND);
    assert!(seen_by(&hana, "presence.winfo").is_empty());

    watches(&minsu, "presence");
    world.run_for(SECOND);
    assert_eq!(seen_by(&hana, "presence.winfo"), minsu_is("pending"));
    let call = lobby.dials("0100");
    world.run_for(10 * SECOND);
    assert!(call.is_up_with(&hana));
    assert!(
        shown(&minsu, "presence").iter().all(|(state, body)| state.starts_with("pending") && body.is_empty())
    );

    world.adopts(&house(LET_IN));
    world.run_for(SECOND);
    let (state, body) = newest(&minsu, "presence");
    assert!(state.starts_with("active") && body.contains("on-the-phone"), "{state}: {body}");
    assert_eq!(seen_by(&hana, "presence.winfo"), minsu_is("active"));

    call.hangs_up();
    world.run_for(SECOND);
    assert!(!newest(&minsu, "presence").1.contains("on-the-phone"));
    world.finish();
}

#[test]
fn l3_who_is_shut_out_is_told_so_and_seen_no_more() {
    let mut world = World::from_toml(seed(), &house(LET_IN));
    let (minsu, hana) = (world.user("minsu"), world.user("hana"));
    watches(&hana, "presence.winfo");
    watches(&minsu, "presence");
    world.run_for(SECOND);
    assert_eq!(seen_by(&hana, "presence.winfo"), minsu_is("active"));

    world.adopts(&house(SHUT_OUT));
    world.run_for(SECOND);
    let (state, body) = newest(&minsu, "presence");
    assert!(state.starts_with("terminated") && state.contains("reason=rejected"), "{state}");
    assert!(body.is_empty(), "{body}");
    assert!(seen_by(&hana, "presence.winfo").is_empty());
    let told = shown(&minsu, "presence").len();
    watches(&minsu, "presence");
    world.run_for(5 * SECOND);
    assert_eq!(shown(&minsu, "presence").len(), told, "who asks again is refused");
    world.finish();
}

#[test]
fn l3_who_is_politely_blocked_sees_a_dark_lamp_through_a_whole_call_and_is_seen() {
    let mut world = World::from_toml(seed(), &house(FOOLED));
    let (minsu, hana, lobby) = (world.user("minsu"), world.user("hana"), world.user("lobby"));
    watches(&hana, "dialog.winfo");
    watches(&minsu, "dialog");
    watches(&minsu, "presence");
    world.run_for(SECOND);
    let before = [shown(&minsu, "dialog"), shown(&minsu, "presence")];

    let call = lobby.dials("0100");
    world.run_for(10 * SECOND);
    assert!(call.is_up_with(&hana));
    call.hangs_up();
    world.run_for(5 * SECOND);

    assert_eq!([shown(&minsu, "dialog"), shown(&minsu, "presence")], before, "silence tells nothing either");
    let (state, lamp) = newest(&minsu, "dialog");
    assert!(state.starts_with("active") && !lamp.contains("<dialog id"), "{state}: {lamp}");
    assert!(newest(&minsu, "presence").1.contains("<basic>closed</basic>"));
    assert_eq!(seen_by(&hana, "dialog.winfo"), minsu_is("active"));
    world.finish();
}

#[test]
fn l3_nobody_is_told_who_watches_somebody_else() {
    let mut world = World::from_toml(seed(), &house(""));
    let minsu = world.user("minsu");

    watches(&minsu, "presence.winfo");
    watches(&minsu, "dialog.winfo");
    world.run_for(5 * SECOND);

    assert!(shown(&minsu, "presence.winfo").is_empty() && shown(&minsu, "dialog.winfo").is_empty());
    world.finish();
}

/// Rules change while NOTIFYs are lost, doubled and overtaken: when it is quiet, both ends see what is so.
#[test]
fn l3_the_last_rule_holds_at_both_ends_through_loss_copies_and_reordering() {
    for seed in seed()..seed() + 8 {
        let mut world = World::from_toml(seed, &house(WAITS));
        let (minsu, hana, lobby) = (world.user("minsu"), world.user("hana"), world.user("lobby"));
        watches(&hana, "presence.winfo");
        watches(&minsu, "presence");
        world.run_for(SECOND);
        world.links(&minsu, Link::rough(350));
        world.links(&hana, Link::rough(350));

        let call = lobby.dials("0100");
        for turn in 0..6 {
            world.adopts(&house([WAITS, LET_IN, FOOLED][(seed as usize + turn) % 3]));
            world.run_for(Duration::from_millis(100 + 300 * (seed % 5)));
        }
        let last = (seed as usize + 5) % 3;
        world.run_for(Duration::from_secs(40));

        let is_up = call.is_up_with(&hana);
        let (state, body) = newest(&minsu, "presence");
        let sees = (state.split(';').next().unwrap_or_default(), body.contains("on-the-phone"));
        let truth = [("pending", false), ("active", is_up), ("active", false)][last];
        assert_eq!(sees, truth, "seed {seed}: {body}");
        let status = if last == 0 { "pending" } else { "active" };
        assert_eq!(seen_by(&hana, "presence.winfo"), minsu_is(status), "seed {seed}");
        world.finish();
    }
}
