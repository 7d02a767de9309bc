//! Ringing that is acknowledged: 100rel, on each leg by itself.

use std::time::Duration;

use actors::{Ended, Habit, Note};
use world::{ActorHandle, Link, World};

use crate::{TWO_PROVIDERS, seed};

/// A rule, and a far end that is made like it.
const KINDS: [(&str, Option<Habit>); 3] =
    [("off", None), ("supported", Some(Habit::Reliable)), ("required", Some(Habit::InsistsOnReliable))];

fn with_rule(rule: &str) -> String {
    TWO_PROVIDERS.replacen(
        "[trunk.east]\n",
        &format!("[trunk.east]\ncall = {{ reliable = \"{rule}\" }}\n"),
        1,
    )
}

fn made_like(actor: &ActorHandle, habit: Option<Habit>) {
    if let Some(habit) = habit {
        actor.has_habit(habit);
    }
}

fn pracks(actor: &ActorHandle) -> usize {
    actor.count(|note| *note == Note::Pracked { fits: true })
}

/// A phone and a trunk, each of its kind.
#[derive(Clone, Copy)]
struct Pair {
    phone: Option<Habit>,
    rule: &'static str,
    provider: Option<Habit>,
}

/// Every kind of phone with every kind of trunk.
fn pairs() -> impl Iterator<Item = Pair> {
    let of = |phone| KINDS.into_iter().map(move |(rule, provider)| Pair { phone, rule, provider });
    KINDS.into_iter().flat_map(move |(_, phone)| of(phone))
}

impl Pair {
    fn world(&self, seed: u64) -> (World, ActorHandle, ActorHandle) {
        let world = World::from_toml(seed, &with_rule(self.rule));
        let (hana, east) = (world.user("hana"), world.provider("east"));
        made_like(&hana, self.phone);
        made_like(&east, self.provider);
        (world, hana, east)
    }
}

impl std::fmt::Display for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "phone {:?}, trunk {}", self.phone, self.rule)
    }
}

/// Each combination of a phone and a trunk that don't do 100rel, can, or insist: the call works, and each
/// reliable answer has exactly one PRACK (the wire judge counts them).
#[test]
fn a13_every_combination_of_phone_and_trunk_works() {
    for pair in pairs() {
        let (mut world, hana, east) = pair.world(seed());
        east.has_habit(Habit::EarlyMedia);

        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(8));

        assert!(call.is_up_with(&east), "{pair}");
        assert_eq!(pracks(&east), usize::from(pair.provider.is_some()), "{pair}");
        world.finish();
    }
}

/// The same for calls that a trunk brings to a phone: the caller's leg follows the trunk's rule.
#[test]
fn a13_every_combination_of_trunk_and_phone_works() {
    for pair in pairs() {
        let (mut world, hana, east) = pair.world(seed());

        let call = east.dials("+1 425 555 0100");
        world.run_for(Duration::from_secs(8));

        assert!(call.is_up_with(&hana), "{pair}");
        assert_eq!(pracks(&hana), usize::from(pair.phone.is_some()), "{pair}");
        world.finish();
    }
}

/// A tenth of all packets is lost on both sides, whatever the combination: the call still comes about.
#[test]
fn a13_every_combination_survives_a_loss_of_ten_percent() {
    for (pair, seed) in pairs().flat_map(|pair| (0..4).map(move |seed| (pair, seed))) {
        let (mut world, hana, east) = pair.world(seed);
        world.links_all(Link::rough(100));
        east.has_habit(Habit::EarlyMedia).answers_after(Duration::from_secs(3));

        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(60));

        assert!(call.is_up(), "{pair}, seed {seed}: {:?}", call.notes());
        world.finish();
    }
}

/// A PRACK that is lost is asked for again by the same 183, and the answer waits for it.
#[test]
fn c6_a_lost_prack_brings_the_answer_before_it_again() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::Reliable).has_habit(Habit::LosesPracks(3));
    east.has_habit(Habit::EarlyMedia);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(3));
    assert!(!call.is_up(), "the 200 waits for the PRACK of the session");
    world.run_for(Duration::from_secs(4));

    assert!(call.is_up_with(&east));
    assert_eq!(call.progress(), [183, 183, 183, 183]);
    world.finish();
}

/// A PRACK that names nothing is answered 481, and changes nothing.
#[test]
fn c6_a_prack_that_names_nothing_is_answered_481() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::Reliable).has_habit(Habit::MisnumbersPracks);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));

    assert!(call.notes().contains(&Note::Declined { method: "PRACK".into(), status: 481 }));
    assert!(call.is_up_with(&east));
    world.finish();
}

/// A caller that never acknowledges is given up after 64 T1, and so is the callee.
#[test]
fn c6_a_caller_who_never_acknowledges_hears_504_and_nobody_is_left_ringing() {
    for answers in [true, false] {
        let mut world =
            World::from_toml(seed(), &TWO_PROVIDERS.replace("ring_wait = \"15s\"", "ring_wait = \"99s\""));
        let (hana, east) = (world.user("hana"), world.provider("east"));
        hana.has_habit(Habit::InsistsOnReliable).has_habit(Habit::NeverPracks);
        east.has_habit(Habit::EarlyMedia);
        if !answers {
            east.has_habit(Habit::RingsForever);
        }

        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(40));

        assert_eq!(call.ended(), Some(Ended::Refused(504)));
        assert_eq!(east.calls_now(), 0);
        assert_eq!(world.records()[0].verdict, "TD-E204");
        world.finish();
    }
}

/// The caller gives up while the answer waits for its PRACK: both sides are let go.
#[test]
fn c6_a_cancel_while_the_answer_is_held_back_ends_the_answered_callee() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::Reliable).has_habit(Habit::NeverPracks);
    east.has_habit(Habit::EarlyMedia);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(4));
    assert_eq!(east.calls_now(), 1);
    call.hangs_up();
    world.run_for(Duration::from_secs(4));

    assert_eq!((call.ended(), east.calls_now()), (Some(Ended::Cancelled), 0));
    world.finish();
}

/// The callee hangs up while the answer waits for the caller's PRACK.
#[test]
fn c6_a_callee_who_hangs_up_while_its_answer_is_held_back_ends_the_call() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::Reliable).has_habit(Habit::NeverPracks);
    east.has_habit(Habit::EarlyMedia);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(4));
    east.does(actors::Deed::HangUp);
    world.run_for(Duration::from_secs(4));

    assert_eq!((call.ended(), east.calls_now()), (Some(Ended::Refused(480)), 0));
    world.finish();
}

/// A PRACK may cross the CANCEL at every moment; nothing is left behind.
#[test]
fn c6_a_prack_crosses_a_cancel_at_every_moment() {
    for after_ms in (100..260).step_by(8) {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        hana.has_habit(Habit::Reliable);
        east.has_habit(Habit::Reliable).has_habit(Habit::EarlyMedia);

        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_millis(after_ms));
        call.hangs_up();
        world.run_for(Duration::from_secs(5));

        assert!(call.ended().is_some(), "after {after_ms} ms");
        assert_eq!(east.calls_now(), 0, "after {after_ms} ms");
        world.finish();
    }
}

/// A new offer in the caller's PRACK is answered in its 200.
#[test]
fn c6_an_offer_in_a_prack_is_answered_in_its_200() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::Reliable).has_habit(Habit::OffersInPrack);
    east.has_habit(Habit::EarlyMedia).answers_after(Duration::from_secs(3));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(8));

    assert!(call.is_up_with(&east));
    assert!(call.packets_heard() > 20);
    world.finish();
}

/// A caller who leaves the offer open gets it in the 183, answers in its PRACK, and both hear each other
/// before the answer.
#[test]
fn c6_an_offer_in_a_183_is_answered_through_both_pracks() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::Reliable).has_habit(Habit::OffersLate);
    east.has_habit(Habit::Reliable).has_habit(Habit::EarlyMedia).answers_after(Duration::from_secs(4));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(3));
    assert!(call.packets_heard() > 0 && !call.is_up());
    world.run_for(Duration::from_secs(5));

    assert!(call.is_up_with(&east));
    world.finish();
}

/// Who leaves the offer open and can't do 100rel gets the offer in the answer, as ever.
#[test]
fn a13_a_late_offer_without_100rel_works_with_a_trunk_that_has_it() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::OffersLate);
    east.has_habit(Habit::Reliable).has_habit(Habit::EarlyMedia);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(8));

    assert!(call.is_up_with(&east));
    world.finish();
}

/// A trunk that requires 100rel of its callers refuses who can't, with the code that says so.
#[test]
fn a13_a_caller_without_100rel_is_told_that_it_is_required() {
    let mut world = World::from_toml(seed(), &with_rule("required"));
    let east = world.provider("east");

    let call = east.dials("+1 425 555 0100");
    world.run_for(Duration::from_secs(3));

    assert_eq!(call.ended(), Some(Ended::Refused(421)));
    assert_eq!(world.records()[0].verdict, "TD-R503");
    world.finish();
}

/// A call for help whose phone insists on 100rel is served, by a trunk that is told to require it and can't.
#[test]
fn a19_a_call_for_help_that_requires_100rel_works() {
    let mut world = World::from_toml(seed(), &with_rule("required"));
    let (lobby, east) = (world.user("lobby"), world.provider("east"));
    lobby.has_habit(Habit::InsistsOnReliable);

    let help = lobby.dials("911");
    world.run_for(Duration::from_secs(5));

    assert!(help.is_up_with(&east));
    world.finish();
}
