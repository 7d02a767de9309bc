//! Hold and resume, by either side, in every way, and changes that are refused.

use std::time::Duration;

use actors::{Chance, Deed, Habit, LegId, Note};
use world::{ActorHandle, CallHandle, World};

use crate::{TWO_PROVIDERS, seed};

const MOMENT: Duration = Duration::from_secs(3);

/// Packets that both have heard within a while.
fn heard(world: &mut World, call: &CallHandle, other: &ActorHandle) -> (u64, u64) {
    let theirs = || other.legs().last().unwrap().packets_heard;
    let before = (call.packets_heard(), theirs());
    world.run_for(MOMENT);
    (call.packets_heard() - before.0, theirs() - before.1)
}

/// Both hear each other.
fn both_hear(world: &mut World, call: &CallHandle, other: &ActorHandle) {
    let (here, there) = heard(world, call, other);
    assert!(here > 5 && there > 5, "{here} and {there} packets");
}

/// Somebody does something, and a moment passes.
fn does(world: &mut World, who: &ActorHandle, deed: impl Fn(LegId) -> Deed) {
    who.does(deed);
    world.run_for(MOMENT);
}

fn up(seed: u64) -> (World, CallHandle, ActorHandle, ActorHandle) {
    let mut world = World::from_toml(seed, TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();
    (world, call, hana, east)
}

/// After any sequence of hold and resume by either side, once neither holds, both hear each other.
#[test]
fn a17_after_any_sequence_of_holds_both_hear_each_other() {
    for round in 0..25 {
        let (mut world, call, hana, east) = up(seed() + round);
        let mut chance = Chance::new(round);
        let deeds: [fn(LegId) -> Deed; 5] =
            [Deed::Hold, Deed::Resume, Deed::HoldByZero, Deed::HoldInSilence, Deed::ReInviteWithoutOffer];
        for _ in 0..8 {
            let who = *chance.one_of(&[&hana, &east]);
            who.does(*chance.one_of(&deeds));
            let pause = chance.span_below(Duration::from_secs(3));
            world.run_for(pause);
        }
        world.run_for(Duration::from_secs(20));

        hana.does(Deed::Resume);
        world.run_for(Duration::from_secs(10));
        east.does(Deed::Resume);
        world.run_for(Duration::from_secs(10));

        let (there, here) = heard(&mut world, &call, &east);
        assert!(there > 5 && here > 5, "round {round}: {there} and {here} packets");
        // Each says something five times a second; whatever comes more often is not theirs.
        assert!(there < 20 && here < 20, "round {round}: {there} and {here} packets");
        world.finish();
    }
}

/// A side on hold hears nothing and is not heard; the holder may still play music.
#[test]
fn a17_on_hold_the_holder_sends_and_the_held_is_silent() {
    for hold in [Deed::Hold as fn(LegId) -> Deed, Deed::HoldByZero] {
        let (mut world, call, hana, east) = up(seed());

        does(&mut world, &hana, hold);
        let (at_hana, _) = heard(&mut world, &call, &east);

        assert_eq!(at_hana, 0);
        call.resumes();
        world.run_for(MOMENT);
        both_hear(&mut world, &call, &east);
        world.finish();
    }
}

/// Both hold, one resumes: the other still holds, and nobody is heard until it resumes too.
#[test]
fn a17_who_still_holds_is_not_resumed_by_the_other() {
    let (mut world, call, hana, east) = up(seed());
    does(&mut world, &hana, Deed::Hold);
    does(&mut world, &east, Deed::Hold);

    does(&mut world, &hana, Deed::Resume);
    let (_, at_east) = heard(&mut world, &call, &east);

    assert_eq!(at_east, 0);
    does(&mut world, &east, Deed::Resume);
    both_hear(&mut world, &call, &east);
    world.finish();
}

/// A re-INVITE without a description inside of a held call: an offer is asked for across, and fits.
#[test]
fn a17_an_offer_may_be_asked_for_while_the_call_is_held() {
    let (mut world, call, hana, east) = up(seed());
    does(&mut world, &east, Deed::Hold);

    does(&mut world, &hana, Deed::ReInviteWithoutOffer);
    does(&mut world, &east, Deed::Resume);

    both_hear(&mut world, &call, &east);
    world.finish();
}

/// Both hold at the same moment: one hears 491, tries again, and is held in the end.
#[test]
fn a17_two_holds_at_once_lose_nothing() {
    let (mut world, call, hana, east) = up(seed());

    hana.does(Deed::Hold);
    east.does(Deed::Hold);
    world.run_for(Duration::from_secs(12));
    assert_eq!(heard(&mut world, &call, &east), (0, 0));
    hana.does(Deed::Resume);
    east.does(Deed::Resume);
    world.run_for(Duration::from_secs(12));

    both_hear(&mut world, &call, &east);
    world.finish();
}

/// A hold that the other side refuses changes nothing: both are heard as before.
#[test]
fn c5_a_refused_change_leaves_media_as_it_was() {
    for deed in [Deed::Hold as fn(LegId) -> Deed, Deed::HoldByZero] {
        let (mut world, call, hana, east) = up(seed());
        east.has_habit(Habit::RefusesChanges);

        does(&mut world, &hana, deed);

        assert!(call.notes().contains(&Note::Declined { method: "INVITE".to_owned(), status: 488 }));
        // The phone itself is on hold now; the house still sends to it where it was.
        let (at_hana, _) = heard(&mut world, &call, &east);
        assert!(at_hana > 5, "{at_hana} packets");
        world.finish();
    }
}
