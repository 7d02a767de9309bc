//! Calls that are parked in an orbit, taken from it, and brought back.

use std::time::Duration;

use actors::{Ended, Habit, Note, Stage};
use world::{CallHandle, Link, World};

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(4);
const WAIT: Duration = Duration::from_secs(30);

/// Two numbers; who parked is called back after half a minute, two times.
fn house(more: &str) -> String {
    let orbit = "\n[orbit.front]\nnumbers = [\"701\", \"702\"]\ncode = \"*68\"\nring_back = \"30s\"\n";
    format!("{TWO_PROVIDERS}{orbit}ring_backs = 2\n{more}\n")
}

/// Minsu is in a call from outside.
fn called(seed: u64, house: &str) -> (World, CallHandle, CallHandle) {
    let mut world = World::from_toml(seed, house);
    let call = world.provider("east").dials("+1 425 555 0101");
    world.run_for(WHILE);
    let minsu = world.user("minsu");
    assert!(call.is_up_with(&minsu));
    let leg = minsu.newest();
    (world, call, leg)
}

/// The same, and he has parked it.
fn parked(seed: u64, house: &str) -> (World, CallHandle) {
    let (mut world, call, minsu) = called(seed, house);
    minsu.transfers_to("701");
    world.run_for(WHILE);
    assert_eq!((minsu.replied("REFER"), minsu.notified().last()), (Some(202), Some(&200)));
    assert_eq!(minsu.ended(), Some(Ended::ByPeer));
    assert!(call.is_up());
    (world, call)
}

fn talk(world: &mut World, one: &CallHandle, other: &CallHandle) -> bool {
    let before = (one.packets_heard(), other.packets_heard());
    world.run_for(WHILE);
    one.packets_heard() > before.0 + 10 && other.packets_heard() > before.1 + 10
}

fn verdicts(world: &World) -> Vec<String> {
    world.records().iter().map(|record| record.verdict.clone()).collect()
}

/// The parked party is held and hears that it waits; whoever dials the number speaks with it. Two records, of
/// which the second names the first; and the number is free again.
#[test]
fn req_f46_a_parked_call_is_taken_by_its_number() {
    let (mut world, call) = parked(seed(), &house(""));
    let lobby = world.user("lobby");
    let before = call.packets_heard();
    world.run_for(WHILE);
    assert!((199..=201).contains(&(call.packets_heard() - before)), "a packet every 20 ms");

    let taking = lobby.dials("701");
    world.run_for(WHILE);
    assert!(talk(&mut world, &call, &taking));
    lobby.newest().transfers_to("701");
    world.run_for(WHILE);
    let again = world.user("hana").dials("701");
    world.run_for(WHILE);
    assert!(talk(&mut world, &call, &again));
    call.hangs_up();
    world.run_for(WHILE);

    assert_eq!(again.ended(), Some(Ended::ByPeer));
    assert_eq!(verdicts(&world), ["TD-E003", "TD-E003", "TD-E001"]);
    let [first, second, third] = world.records() else { panic!("three records") };
    assert!(first.words.contains("transferred to lobby, who dialled 701"), "{}", first.words);
    assert_eq!(second.parents.join(" "), first.id);
    assert_eq!(third.parents.join(" "), second.id);
    assert_eq!(second.transferred_by.as_deref(), Some("minsu"));
    world.finish();
}

/// The code takes the first number that is free and says which; where none is, the call stays where it was.
#[test]
fn req_f46_the_code_takes_the_first_number_that_is_free() {
    let (mut world, call, minsu) = called(seed(), &house(""));
    minsu.transfers_to("*68");
    world.run_for(WHILE);
    let told = minsu.notes().into_iter().rev().find_map(|note| match note {
        Note::Told { body } => Some(body),
        _ => None,
    });
    assert_eq!(told.as_deref(), Some("<sip:701@contoso.example>"));
    let (hana, lobby) = (world.user("hana"), world.user("lobby"));
    let second = hana.dials("0102");
    world.run_for(WHILE);
    lobby.newest().transfers_to("*68");
    world.run_for(WHILE);
    let third = hana.dials("0102");
    world.run_for(WHILE);

    let full = lobby.newest();
    full.transfers_to("*68");
    world.run_for(WHILE);
    assert_eq!(full.replied("REFER"), Some(486));
    full.transfers_to("702");
    world.run_for(WHILE);
    assert_eq!(full.replied("REFER"), Some(486));
    assert!(talk(&mut world, &third, &full));
    full.hangs_up();
    world.run_for(WHILE);

    let taking = lobby.dials("702");
    world.run_for(WHILE);
    assert!(talk(&mut world, &second, &taking));
    second.hangs_up();
    call.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// Nobody is parked there, or a code was dialled, or somebody outside wants it: refused, with the reason.
#[test]
fn req_f46_what_is_not_parked_is_not_taken() {
    let (mut world, call) = parked(seed(), &house(""));
    let (hana, east) = (world.user("hana"), world.provider("east"));

    for (dialled, words) in [("702", "nobody is parked there"), ("*68", "by a transfer to the code")] {
        let taking = hana.dials(dialled);
        world.run_for(WHILE);
        assert_eq!(taking.ended(), Some(Ended::Refused(404)), "{dialled}");
        let record = world.records().last().unwrap();
        assert_eq!(record.verdict, "TD-R709");
        assert!(record.words.contains(words), "{}", record.words);
    }
    let outside = east.dials("701");
    world.run_for(WHILE);
    assert!(matches!(outside.ended(), Some(Ended::Refused(404 | 484))), "{:?}", outside.ended());
    assert!(call.is_up());
    call.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// A call for help stays with who answered it.
#[test]
fn req_f46_help_is_not_parked() {
    let mut world = World::from_toml(seed(), &house(""));
    let help = world.user("hana").dials("911");
    world.run_for(WHILE);

    help.transfers_to("701");
    world.run_for(WHILE);

    assert_eq!(help.replied("REFER"), Some(403));
    assert!(help.is_up_with(&world.provider("east")));
    help.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// After its time the call comes back to whoever parked it: the phone shows the orbit, then the caller.
#[test]
fn req_f46_a_call_that_nobody_takes_comes_back() {
    let (mut world, call) = parked(seed(), &house(""));
    let minsu = world.user("minsu");

    world.run_for(WAIT + WHILE);

    let back = minsu.newest();
    assert!(talk(&mut world, &call, &back));
    let shown = back.notes().into_iter().find_map(|note| match note {
        Note::Called { from, .. } => Some(from),
        _ => None,
    });
    assert!(shown.as_deref().is_some_and(|from| from.starts_with("sip:701@")), "{shown:?}");
    back.hangs_up();
    world.run_for(WHILE);
    assert_eq!(call.ended(), Some(Ended::ByPeer));
    assert_eq!(verdicts(&world), ["TD-E003", "TD-E001"]);
    world.finish();
}

/// Nobody answers when it comes back, and again: the caller is told by a BYE, and the record says why.
#[test]
fn req_f46_a_call_that_nobody_ever_takes_ends() {
    let (mut world, call) = parked(seed(), &house(""));
    let minsu = world.user("minsu");
    minsu.has_habit(Habit::RingsForever);

    world.run_for(2 * WAIT + WHILE);
    assert!(call.is_up());
    assert_eq!(minsu.was_called(), 2, "it was called back once");
    world.run_for(2 * WAIT + WHILE);

    assert_eq!(minsu.was_called(), 3);
    assert_eq!(call.ended(), Some(Ended::ByPeer));
    let record = world.records().last().unwrap();
    assert_eq!(record.verdict, "TD-E208");
    assert!(record.words.contains("parked at 701 by minsu"), "{}", record.words);
    world.finish();
}

/// Another one may be called back, and one at last.
#[test]
fn req_f46_others_may_be_called_back() {
    let more = "ring_back_to = { user = \"hana\" }\nfallback = { user = \"lobby\" }";
    let (mut world, call) = parked(seed(), &house(more));
    let (minsu, hana, lobby) = (world.user("minsu"), world.user("hana"), world.user("lobby"));
    hana.has_habit(Habit::RefusesWith(486));

    world.run_for(3 * WAIT + 2 * WHILE);

    assert_eq!((minsu.was_called(), hana.was_called()), (1, 2));
    let last = lobby.newest();
    assert!(talk(&mut world, &call, &last));
    call.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// Somebody takes the call while it comes back: the phone that rings is let go.
#[test]
fn req_f46_a_call_is_taken_while_it_comes_back() {
    let (mut world, call) = parked(seed(), &house(""));
    let (minsu, lobby) = (world.user("minsu"), world.user("lobby"));
    minsu.has_habit(Habit::RingsForever);
    world.run_for(WAIT + WHILE);
    assert_eq!(minsu.was_called(), 2);

    let taking = lobby.dials("701");
    world.run_for(WHILE);

    assert!(talk(&mut world, &call, &taking));
    assert!(minsu.legs().iter().all(|leg| leg.stage == Stage::Over));
    taking.hangs_up();
    world.run_for(WHILE);
    assert_eq!(call.ended(), Some(Ended::ByPeer));
    world.finish();
}

/// The parked party gives up, at any moment of somebody's taking the call or of its coming back.
#[test]
fn req_f46_the_parked_party_may_leave_at_any_moment() {
    for after_ms in [0, 3, 9, 15, 21, 27, 33, 45, 60, 90, 150, 400] {
        let (mut world, call) = parked(seed(), &house(""));
        let taking = world.user("lobby").dials("701");
        world.run_for(Duration::from_millis(after_ms));
        call.hangs_up();
        world.run_for(2 * WHILE);
        assert!(!taking.is_up() && call.ended().is_some(), "after {after_ms} ms");
        assert!(world.everybody().iter().all(|one| one.calls_now() == 0), "after {after_ms} ms");
        world.finish();
    }
    for after_ms in [0, 10, 20, 40, 80, 160, 1010, 1030, 1060, 1100] {
        let (mut world, call) = parked(seed(), &house(""));
        world.run_for(WAIT - WHILE + Duration::from_millis(after_ms));
        call.hangs_up();
        world.run_for(2 * WHILE);
        assert!(world.everybody().iter().all(|one| one.calls_now() == 0), "back after {after_ms} ms");
        world.finish();
    }
}

/// Two take the call at once: one has it.
#[test]
fn req_f46_of_two_who_take_it_at_once_one_has_it() {
    for apart_ms in [0, 5, 10, 15, 20, 25, 30, 40, 60, 100] {
        let (mut world, call) = parked(seed(), &house(""));
        let one = world.user("lobby").dials("701");
        world.run_for(Duration::from_millis(apart_ms));
        let other = world.user("hana").dials("701");
        world.run_for(2 * WHILE);

        assert_ne!(one.is_up(), other.is_up(), "{apart_ms} ms apart");
        let winner = if one.is_up() { &one } else { &other };
        assert!(talk(&mut world, &call, winner), "{apart_ms} ms apart");
        call.hangs_up();
        world.run_for(WHILE);
        world.finish();
    }
}

/// Who parks and leaves at once, before it hears of it, leaves a parked call.
#[test]
fn req_f46_whoever_parks_may_leave_at_once() {
    let (mut world, call, minsu) = called(seed(), &house(""));
    world.user("minsu").has_habit(Habit::LeavesAfterRefer);
    minsu.transfers_to("701");
    world.run_for(WHILE);

    let taking = world.user("lobby").dials("701");
    world.run_for(WHILE);

    assert!(talk(&mut world, &call, &taking));
    taking.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// What the party that stays asks while it is parked is put off: 481 would make it hang up.
#[test]
fn req_f46_a_party_that_asks_something_meanwhile_stays() {
    let asks: [fn(&CallHandle); 3] = [CallHandle::updates, CallHandle::reinvites, |call| call.presses("5")];
    for (ask, before_ms) in asks.into_iter().flat_map(|ask| [0, 4, 8, 12].map(|before| (ask, before))) {
        let mut world = World::from_toml(seed(), &house(""));
        let call = world.user("hana").dials("0101");
        world.run_for(WHILE);
        let minsu = world.user("minsu").newest();

        ask(&call);
        world.run_for(Duration::from_millis(before_ms));
        minsu.transfers_to("701");
        world.run_for(WHILE);
        assert!(call.is_up(), "{before_ms} ms before");
        let taking = world.user("lobby").dials("701");
        world.run_for(WHILE);

        assert!(talk(&mut world, &call, &taking), "{before_ms} ms before");
        taking.hangs_up();
        world.run_for(WHILE);
        world.finish();
    }
}

/// A call that was held before it is parked is taken like any other; so is one whose caller parks it.
#[test]
fn req_f46_held_calls_and_own_calls_are_parked() {
    let (mut world, call, minsu) = called(seed(), &house(""));
    minsu.holds();
    world.run_for(WHILE);
    minsu.transfers_to("701");
    world.run_for(WHILE);
    let hana = world.user("hana");
    let own = hana.dials("+1 206 555 0199");
    world.run_for(WHILE);
    own.transfers_to("702");
    world.run_for(WHILE);
    assert_eq!(own.notified().last(), Some(&200));

    let one = world.user("lobby").dials("701");
    world.run_for(WHILE);
    assert!(talk(&mut world, &call, &one));
    one.hangs_up();
    world.run_for(WHILE);
    let other = world.user("minsu").dials("702");
    world.run_for(WHILE);
    let outside = world.provider("east").newest();
    assert!(talk(&mut world, &other, &outside));
    other.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// A party that refuses to be held waits all the same; one that refuses whoever takes it waits on.
#[test]
fn req_f46_a_party_that_refuses_changes_waits_on() {
    let (mut world, call, minsu) = called(seed(), &house(""));
    let east = world.provider("east");
    east.has_habit(Habit::RefusesChanges);
    minsu.transfers_to("701");
    world.run_for(WHILE);
    assert!(call.is_up());

    let refused = world.user("lobby").dials("701");
    world.run_for(WHILE);
    assert_eq!(refused.ended(), Some(Ended::Refused(480)));
    assert!(call.is_up());
    east.loses_its_habits();
    let taking = world.user("lobby").dials("701");
    world.run_for(WHILE);

    assert!(talk(&mut world, &call, &taking));
    taking.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// Another configuration takes no parked call its place; without the orbit, nobody is called back to it.
#[test]
fn req_f46_parked_calls_outlast_a_change_of_the_documents() {
    let (mut world, call) = parked(seed(), &house(""));
    world.adopts(&house("fallback = { user = \"lobby\" }"));
    let hana = world.user("hana");
    let inside = hana.dials("0102");
    world.run_for(WHILE);
    inside.transfers_to("701");
    world.run_for(WHILE);
    assert_eq!(inside.replied("REFER"), Some(486));
    inside.hangs_up();

    let taking = hana.dials("701");
    world.run_for(WHILE);

    assert!(talk(&mut world, &call, &taking));
    taking.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// An operator ends every call: parked ones too, and their places are free.
#[test]
fn req_f46_an_operator_ends_parked_calls() {
    let (mut world, call) = parked(seed(), &house(""));

    world.commands(switch::Command::HangUpAll);
    world.run_for(WHILE);

    assert_eq!(call.ended(), Some(Ended::ByPeer));
    assert_eq!(verdicts(&world), ["TD-E301"]);
    world.finish();
}

/// Whoever parks hangs up just as the house lets it go: both BYEs are answered with 200.
#[test]
fn req_f46_a_bye_of_whoever_parks_that_crosses_ours_is_answered() {
    let (mut world, call, minsu) = called(seed(), &house(""));
    let far = Link { latency: Duration::from_millis(300), ..Link::default() };
    world.links(&world.user("minsu"), far);
    world.captures();
    minsu.transfers_to("701");
    world.run_for(Duration::from_millis(400));
    minsu.hangs_up();
    world.run_for(WHILE);

    let sent = world.captured(&world.user("minsu"));
    let answers: Vec<&str> = sent
        .iter()
        .filter(|message| message.starts_with("SIP/2.0 ") && message.contains(" BYE\r\n"))
        .map(|message| &message[8..11])
        .collect();
    assert!(sent.iter().any(|message| message.starts_with("BYE ")));
    assert!(!answers.is_empty() && answers.iter().all(|status| *status == "200"), "{answers:?}");
    let taking = world.user("hana").dials("701");
    world.run_for(WHILE);
    assert!(talk(&mut world, &call, &taking));
    world.finish();
}

/// Whoever parks or transfers the call has asked the other side for an offer, and leaves before it has taken
/// the one that came: the other side's answer is acknowledged all the same (RFC 3261 13.2.2.4).
#[test]
fn req_f46_an_offer_that_the_parker_asked_for_is_answered_without_it() {
    for target in ["701", "0100"] {
        let (mut world, call, minsu) = called(seed(), &house(""));
        world.user("minsu").has_habit(Habit::LosesAcks(2)).has_habit(Habit::LeavesAfterRefer);
        minsu.reinvites_without_offer();
        world.run_for(Duration::from_millis(300));
        minsu.transfers_to(target);
        world.run_for(3 * WHILE);
        assert!(minsu.ended().is_some(), "{target}");

        if target == "701" {
            world.user("hana").dials("701");
            world.run_for(WHILE);
        }
        let newest = world.user("hana").newest();
        assert!(talk(&mut world, &call, &newest), "{target}");
        call.hangs_up();
        world.run_for(WHILE);
        world.finish();
    }
}
