//! Session timers: kept on each leg by itself, with whoever can and whoever can't.

use std::time::Duration;

use actors::{Ended, Habit, Note, RefreshBy, Refresher, Timing};
use world::{ActorHandle, CallHandle, Link, World};

use crate::{TWO_PROVIDERS, seed};

const MINUTE: Duration = Duration::from_secs(60);

fn keeps(who: &ActorHandle, interval: u32, refresher: Refresher, by: RefreshBy) {
    who.with(|profile| profile.timing = Some(Timing { interval, least: 90, refresher, by }));
}

/// Little sound: these stories are long.
fn quiet(world: &World) {
    for one in world.everybody() {
        one.with(|profile| profile.packet_every = Duration::from_secs(5));
    }
}

/// A trunk whose session timer is of this length.
fn house(interval: &str) -> String {
    let east = "[trunk.east]";
    TWO_PROVIDERS.replace(east, &format!("{east}\ncall = {{ session_timer = \"{interval}\" }}"))
}

/// Whoever refreshes, by UPDATE or by re-INVITE, on either leg: the call outlives its session intervals.
#[test]
fn a22_a_call_outlives_its_intervals_with_every_refresher_on_both_legs() {
    let refreshers = [Refresher::Me, Refresher::You, Refresher::Whoever];
    for at_hana in refreshers {
        for at_east in refreshers {
            for by in [RefreshBy::Update, RefreshBy::ReInvite] {
                let mut world = World::from_toml(seed(), &house("90s"));
                let (hana, east) = (world.user("hana"), world.provider("east"));
                quiet(&world);
                keeps(&hana, 120, at_hana, by);
                keeps(&east, 100, at_east, by);

                let call = hana.dials("+1 206 555 0142");
                world.run_for(10 * MINUTE);

                assert!(call.is_up_with(&east), "{at_hana:?} {at_east:?} {by:?}");
                assert_eq!(east.calls_now(), 1, "{at_hana:?} {at_east:?} {by:?}");
                world.finish();
            }
        }
    }
}

/// The same where one packet in ten is lost.
#[test]
fn c8_sessions_are_refreshed_over_a_lossy_network() {
    for seed in 0..6 {
        let mut world = World::from_toml(seed, &house("90s"));
        let (hana, east) = (world.user("hana"), world.provider("east"));
        quiet(&world);
        keeps(&hana, 90, Refresher::Whoever, RefreshBy::ReInvite);
        keeps(&east, 90, Refresher::Me, RefreshBy::Update);
        world.links_all(Link::rough(100));

        let call = hana.dials("+1 206 555 0142");
        world.run_for(10 * MINUTE);

        assert!(call.is_up() && east.calls_now() == 1, "seed {seed}");
        world.finish();
    }
}

/// Far ends without session timers: calls pass 15, 30 and 60 minutes.
#[test]
fn pain_16_a_call_of_an_hour_ends_when_its_parties_want() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    quiet(&world);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(65 * MINUTE);

    assert!(call.is_up_with(&east));
    call.hangs_up();
    world.run_until_quiet();
    assert_eq!(world.records().last().unwrap().verdict, "TD-E001");
    world.finish();
}

/// A peer goes silent: both legs hear BYE and the record is closed within the interval.
#[test]
fn a22_a_silent_peer_ends_the_call_within_the_interval() {
    let mut world = World::from_toml(seed(), &house("90s"));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    quiet(&world);
    keeps(&east, 90, Refresher::Me, RefreshBy::Update);
    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(10));

    east.dies();
    world.run_for(Duration::from_secs(90));

    assert_eq!(call.ended(), Some(Ended::ByPeer));
    let record = world.records().last().unwrap();
    assert_eq!(record.verdict, "TD-E205");
    assert_eq!(record.words, "a party gave no sign of life: the callee, trunk east");
    assert!(record.talk_ms <= 90_000);
    east.returns();
    world.finish();
}

/// A peer that the house has to ask, and that is gone: the call ends when it doesn't answer.
#[test]
fn a22_a_peer_that_answers_no_refresh_is_given_up() {
    let mut world = World::from_toml(seed(), &house("90s"));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    quiet(&world);
    keeps(&east, 90, Refresher::You, RefreshBy::Update);
    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(10));

    east.dies();
    world.run_for(Duration::from_secs(90));

    assert_eq!(call.ended(), Some(Ended::ByPeer));
    east.returns();
    world.finish();
}

/// Both sides vanish without a word, and neither knows session timers: nothing is held for ever.
#[test]
fn a22_a_call_whose_both_sides_vanish_ends() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    quiet(&world);
    hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(10));

    hana.dies();
    east.dies();
    world.run_for(17 * MINUTE);

    assert_eq!(world.held(), switch::Held::default());
    hana.returns();
    east.returns();
    world.finish();
}

/// A provider that takes no interval below five minutes: the INVITE is repeated with one that it takes.
#[test]
fn c8_a_422_is_answered_with_a_longer_interval() {
    let mut world = World::from_toml(seed(), &house("90s"));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    quiet(&world);
    keeps(&east, 300, Refresher::Me, RefreshBy::Update);
    east.with(|profile| profile.timing.as_mut().unwrap().least = 300);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(20 * MINUTE);

    assert!(call.is_up_with(&east));
    assert_eq!(world.records().len(), 0);
    world.finish();
}

/// A phone that asks for a minute hears 422 and the least that the house takes; a call for help is taken.
#[test]
fn c8_too_short_an_interval_is_refused_except_for_a_call_for_help() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    quiet(&world);
    keeps(&hana, 30, Refresher::You, RefreshBy::Update);
    hana.with(|profile| profile.timing.as_mut().unwrap().least = 30);

    let usual = hana.dials("+1 206 555 0142");
    world.run_for(MINUTE);
    let help = hana.dials("911");
    world.run_for(5 * MINUTE);

    assert!(usual.is_up() && help.is_up_with(&east));
    assert_eq!(help.ended(), None);
    world.finish();
}

/// A far end that loses its refreshes and never acknowledges: the glare of refresh and change is resolved.
#[test]
fn c7_a_refresh_that_meets_a_change_is_repeated_and_nothing_is_lost() {
    for offset in 0..12 {
        let mut world = World::from_toml(seed(), &house("90s"));
        let (hana, east) = (world.user("hana"), world.provider("east"));
        quiet(&world);
        keeps(&east, 90, Refresher::You, RefreshBy::ReInvite);
        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_millis(46_100 + 5 * offset));

        call.reinvites();
        east.does(actors::Deed::ReInvite);
        world.run_for(5 * MINUTE);

        assert!(call.is_up_with(&east), "offset {offset}");
        assert!(call.notes().contains(&Note::Renegotiated), "offset {offset}");
        world.finish();
    }
}

/// With the timer off nothing is offered, nothing asked.
#[test]
fn a22_off_means_off() {
    let mut world = World::from_toml(seed(), &house("off"));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    quiet(&world);
    east.has_habit(Habit::Silent);
    east.loses_its_habits();

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(10));
    east.has_habit(Habit::Silent);
    world.run_for(70 * MINUTE);

    assert!(call.is_up());
    east.loses_its_habits();
    world.finish();
}

/// How often its session was negotiated anew.
fn changes(call: &CallHandle) -> usize {
    call.notes().iter().filter(|note| matches!(note, Note::Renegotiated)).count()
}

/// Who answers a hold and refreshes with that answer makes an offer of it: it is answered as one.
#[test]
fn c8_an_answer_that_comes_again_as_an_offer_gets_an_answer_that_fits() {
    let mut world = World::from_toml(seed(), &house("90s"));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    keeps(&east, 90, Refresher::Me, RefreshBy::ReInvite);
    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(4));
    let theirs = east.newest();
    theirs.holds();
    world.run_for(Duration::from_secs(2));
    call.holds();
    world.run_for(Duration::from_secs(2));
    let before = changes(&call);

    world.run_for(MINUTE);

    assert!(changes(&call) > before);
    assert!(theirs.notes().iter().all(|note| !matches!(note, Note::Wrong { .. })));
    for leg in [&call, &theirs] {
        leg.resumes();
        world.run_for(Duration::from_secs(2));
    }
    let before = (call.packets_heard(), theirs.packets_heard());
    world.run_for(Duration::from_secs(4));
    assert!(call.packets_heard() > before.0 + 5 && theirs.packets_heard() > before.1 + 5);
    world.finish();
}
