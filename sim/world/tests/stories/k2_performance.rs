//! The figures of RFC 6076, as calls and registrations make them.

use std::time::Duration;

use actors::{Deed, Habit};
use performance::{Outcome, Performance};
use world::{ActorHandle, World};

use crate::{TWO_PROVIDERS, seed};

const NUMBER: &str = "+1 206 555 0142";
const EAST: &str = "servers = [{ uri = \"sip:198.51.100.10:5060\" }]";
const AUTH: &str = "auth = { user = \"contoso-4471\", password = { env = \"EAST\" } }";
const WHILE: Duration = Duration::from_secs(6);

fn of(world: &World, trunk: &str) -> Performance {
    world.view().trunks.iter().find(|one| *one.name == *trunk).unwrap().performance
}

/// The east provider does something odd with one call of Hana's, who hangs up in the end.
fn calls(world: &mut World, hana: &ActorHandle, east: &ActorHandle, habit: Option<Habit>) {
    east.loses_its_habits();
    if let Some(habit) = habit {
        east.has_habit(habit);
    }
    let call = hana.dials(NUMBER);
    world.run_for(WHILE);
    call.hangs_up();
    world.run_for(WHILE);
}

#[test]
fn k2_each_request_for_a_session_counts_once_as_what_its_trunk_made_of_it() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));

    calls(&mut world, &hana, &east, None);
    for status in [486, 603, 404, 302, 500, 503] {
        calls(&mut world, &hana, &east, Some(Habit::RefusesWith(status)));
    }
    calls(&mut world, &hana, &east, Some(Habit::RingsForever));
    calls(&mut world, &hana, &east, Some(Habit::Silent));

    let Performance { requests, completed, .. } = of(&world, "east");
    let counted = Outcome::ALL.map(|outcome| requests.of(outcome));
    assert_eq!(counted, [1, 2, 1, 3, 2], "established, declined, redirected, ineffective, other");
    assert_eq!((requests.all(), completed), (9, 1));
    assert_eq!(requests.establishment(), Some(12.5));
    assert_eq!(requests.effectiveness(), Some(37.5));
    // Who said nothing gave no sign to wait for.
    assert_eq!((requests.delays_established.count, requests.delays_failed.count), (1, 7));
    world.finish();
}

#[test]
fn k2_a_call_that_moves_on_is_a_request_to_each_trunk() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));

    calls(&mut world, &hana, &east, Some(Habit::RefusesWith(503)));

    let (east, west) = (of(&world, "east"), of(&world, "west"));
    assert_eq!((east.requests.of(Outcome::Ineffective), east.requests.all()), (1, 1));
    assert_eq!((west.requests.of(Outcome::Established), west.requests.all()), (1, 1));
    assert_eq!((east.completion(), west.completion()), (Some(0.0), Some(100.0)));
    world.finish();
}

#[test]
fn k2_srd_ends_with_ringing_and_not_with_the_answer() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.answers_after(Duration::from_secs(3));

    calls(&mut world, &hana, &east, None);

    let delays = of(&world, "east").requests.delays_established;
    let record = &world.records()[0];
    assert!(record.setup_ms.unwrap() >= 3_000, "{:?}", record.setup_ms);
    // It rings a tenth of a second after it was asked.
    assert!((100..=200).contains(&delays.sum_ms), "{} ms", delays.sum_ms);
    assert_eq!(record.attempts[0].request_delay_ms, Some(delays.sum_ms));
    world.finish();
}

#[test]
fn k2_a_challenge_makes_no_second_request_and_ends_no_wait() {
    let house = TWO_PROVIDERS.replace(EAST, &format!("{EAST}\n{AUTH}"));
    let mut world = World::from_toml(seed(), &house);
    let (hana, east) = (world.user("hana"), world.provider("east"));

    calls(&mut world, &hana, &east, Some(Habit::Challenges));

    let requests = of(&world, "east").requests;
    assert_eq!((requests.of(Outcome::Established), requests.all()), (1, 1));
    let waited = requests.delays_established.sum_ms;
    assert!(waited >= 20, "twice there and back again: {waited} ms");
    world.finish();
}

#[test]
fn k2_sdd_is_the_time_that_a_trunk_takes_to_take_our_bye() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));

    calls(&mut world, &hana, &east, None);
    let ours = of(&world, "east");
    assert_eq!((ours.leaves_answered.count, ours.completed), (1, 1));
    assert!((10..=50).contains(&ours.leaves_answered.sum_ms), "{} ms", ours.leaves_answered.sum_ms);

    // Theirs is no wait of ours, and ends the session as well.
    hana.dials(NUMBER);
    world.run_for(WHILE);
    east.does(Deed::HangUp);
    world.run_for(WHILE);
    let theirs = of(&world, "east");
    assert_eq!((theirs.leaves_answered.count, theirs.completed), (1, 2));
    world.finish();
}

#[test]
fn k2_a_session_whose_bye_nobody_answers_is_not_completed() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));

    calls(&mut world, &hana, &east, Some(Habit::DiesAfterAnswer));
    world.run_for(Duration::from_secs(60));

    let east = of(&world, "east");
    assert_eq!((east.requests.of(Outcome::Established), east.completed), (1, 0));
    assert_eq!((east.leaves_answered.count, east.leaves_timed_out.count), (0, 1));
    assert!((31_000..=33_000).contains(&east.leaves_timed_out.sum_ms), "64 times T1");
    world.finish();
}

#[test]
fn k2_two_byes_that_cross_complete_one_session() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));

    let call = hana.dials(NUMBER);
    world.run_for(WHILE);
    call.hangs_up();
    east.does(Deed::HangUp);
    world.run_until_quiet();

    assert_eq!(of(&world, "east").completed, 1);
    world.finish();
}

#[test]
fn k2_what_a_trunk_asks_of_us_is_none_of_its_service_but_how_it_takes_our_bye_is() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (east, hana) = (world.provider("east"), world.user("hana"));

    let call = east.dials("+1 425 555 0100");
    world.run_for(WHILE);
    assert!(call.is_up_with(&hana));
    hana.newest().hangs_up();
    world.run_for(WHILE);

    let east = of(&world, "east");
    assert_eq!((east.requests.all(), east.completed, east.leaves_answered.count), (0, 0, 1));
    world.finish();
}

#[test]
fn k2_ira_counts_what_a_registrar_refuses_and_no_challenge() {
    let house = TWO_PROVIDERS.replace(EAST, &format!("{EAST}\n{AUTH}\nregister = {{ expires = \"2m\" }}"));
    let mut world = World::from_toml(seed(), &house);
    let east = world.provider("east");

    world.run_for(Duration::from_secs(10));
    let good = of(&world, "east").registering;
    assert_eq!((good.requests, good.ineffective, good.delays.count), (1, 0, 1));
    assert!(good.delays.sum_ms >= 20, "with the challenge: {} ms", good.delays.sum_ms);

    east.has_habit(Habit::RegistersNobody(403));
    world.run_for(Duration::from_secs(300));
    let bad = of(&world, "east").registering;
    assert!(bad.ineffective >= 1, "it was asked again, and has refused");
    assert_eq!(bad.requests - bad.ineffective, bad.delays.count, "{bad:?}");
    assert_eq!(bad.delays.count, good.delays.count);
    world.finish();
}

#[test]
fn k2_a_change_of_documents_keeps_the_figures() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    calls(&mut world, &hana, &east, None);

    world.adopts(&TWO_PROVIDERS.replace("limits = { calls = 40 }", "limits = { calls = 41 }"));

    assert_eq!(of(&world, "east").completed, 1, "a change of something else changes no figures");
    world.finish();
}
