//! Calls whose media has stopped: they end where nobody is there any more, and only there.

use std::time::Duration;

use actors::{Ended, Habit};
use world::{ActorHandle, CallHandle, World};

use crate::{TWO_PROVIDERS, seed};

const MINUTE: Duration = Duration::from_secs(60);

/// A trunk that says this of its calls. Signs of life in signalling are asked of nobody; nobody who waits
/// hears music, which would be two hundred thousand packets an hour.
fn house(says: &str) -> String {
    let off = "[system.media]\nmusic = \"off\"\n\n";
    let rules = format!("{off}[trunk.east]\ncall = {{ session_timer = \"off\"{says} }}\n");
    TWO_PROVIDERS.replacen("[trunk.east]\n", &rules, 1)
}

/// A call that has gone on for a minute, with little sound.
fn talking(says: &str) -> (World, CallHandle, ActorHandle, ActorHandle) {
    let mut world = World::from_toml(seed(), &house(says));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    for one in world.everybody() {
        one.with(|profile| profile.packet_every = Duration::from_secs(1));
    }
    let call = hana.dials("+1 206 555 0142");
    world.run_for(MINUTE);
    assert!(call.is_up_with(&east));
    (world, call, hana, east)
}

fn both_fall_silent(hana: &ActorHandle, east: &ActorHandle) {
    hana.has_habit(Habit::Mute);
    east.has_habit(Habit::Mute);
}

/// A phone and a trunk that die without BYE: the call ends five minutes after the last packet.
#[test]
fn a22_a_call_whose_both_ends_have_died_ends_when_its_media_was_missing_for_long_enough() {
    let (mut world, _, hana, east) = talking("");

    hana.dies();
    east.dies();
    world.run_for(5 * MINUTE - Duration::from_secs(2));
    assert_eq!(world.records().len(), 0);
    world.run_for(Duration::from_secs(60));

    let record = world.records()[0].clone();
    assert_eq!(
        (record.verdict.as_str(), record.words.as_str()),
        ("TD-E210", "neither side sent any media any more")
    );
    assert!((354_000..=362_000).contains(&record.talk_ms), "{}", record.talk_ms);
    let mut silent: Vec<&str> = record.silences.iter().map(|one| one.who.as_str()).collect();
    silent.sort_unstable();
    assert_eq!(silent, ["the callee, trunk east", "the caller, user hana"]);
    let apart = record.silences[0].since.0 - record.started.0;
    assert!((57_000..=63_000).contains(&apart), "{apart}");
    assert_eq!(world.held(), switch::Held::default());
    hana.returns();
    east.returns();
    world.finish();
}

/// Ends that are there, and send nothing, hear why the call ends.
#[test]
fn a_call_that_ends_for_silence_says_so_to_both() {
    let (mut world, call, hana, east) = talking(", silence = \"30s\"");
    world.captures();

    both_fall_silent(&hana, &east);
    world.run_for(Duration::from_secs(28));
    assert!(call.is_up());
    world.run_for(Duration::from_secs(5));

    assert_eq!(call.ended(), Some(Ended::ByPeer));
    for one in [&hana, &east] {
        let bye = world.captured(one).into_iter().find(|text| text.starts_with("BYE "));
        let reason = "Reason: Q.850;cause=102;text=\"TD-E210\"";
        assert!(bye.is_some_and(|text| text.contains(reason)), "{}", one.name());
    }
    world.finish();
}

/// Whoever is on hold need send nothing; the time begins anew when the call goes on.
#[test]
fn a17_a_held_call_is_not_ended_for_its_silence() {
    for hold in [CallHandle::holds as fn(&CallHandle), CallHandle::holds_by_zero] {
        let (mut world, call, hana, east) = talking("");
        hold(&call);
        both_fall_silent(&hana, &east);
        world.run_for(60 * MINUTE);
        assert!(call.is_up_with(&east));

        call.resumes();
        world.run_for(5 * MINUTE - Duration::from_secs(5));
        assert!(call.is_up_with(&east));
        world.run_for(Duration::from_secs(10));

        assert_eq!(call.ended(), Some(Ended::ByPeer));
        assert_eq!(world.records()[0].verdict, "TD-E210");
        world.finish();
    }
}

/// Where an operator wants it, a call on hold has its time too.
#[test]
fn a_held_call_ends_when_its_own_time_is_over() {
    let (mut world, call, hana, east) = talking(", silence_on_hold = \"20m\"");

    call.holds();
    both_fall_silent(&hana, &east);
    world.run_for(20 * MINUTE - Duration::from_secs(5));
    assert!(call.is_up_with(&east));
    world.run_for(Duration::from_secs(10));

    assert_eq!(call.ended(), Some(Ended::ByPeer));
    assert!(world.records()[0].silences.is_empty());
    world.finish();
}

/// A call for help is nobody's to end; the record says that nobody was heard.
#[test]
fn a_call_for_help_goes_on_in_silence_and_its_record_says_so() {
    let mut world = World::from_toml(seed(), &house(", silence = \"30s\""));
    let (lobby, east) = (world.user("lobby"), world.provider("east"));
    let help = lobby.dials("911");
    world.run_for(Duration::from_secs(10));

    both_fall_silent(&lobby, &east);
    world.run_for(30 * MINUTE);

    assert!(help.is_up_with(&east));
    help.hangs_up();
    world.run_for(MINUTE);
    let record = &world.records()[0];
    assert_eq!((record.emergency, record.verdict.as_str(), record.silences.len()), (true, "TD-E001", 2));
    world.finish();
}

/// One side that is not heard ends nothing: it may listen. The record says since when, and so does an event.
#[test]
fn a_party_that_only_listens_keeps_the_call() {
    let (mut world, call, _, east) = talking(", silence = \"1m\"");

    east.has_habit(Habit::Mute);
    world.run_for(30 * MINUTE);
    assert!(call.is_up_with(&east));
    let told =
        world.events().iter().filter(|event| matches!(event, switch::Event::CallSilent { .. })).count();
    assert_eq!(told, 1);
    call.hangs_up();
    world.run_for(MINUTE);

    let record = &world.records()[0];
    assert_eq!(record.verdict, "TD-E001");
    assert_eq!(record.silences.len(), 1);
    assert_eq!(record.silences[0].who, "the callee, trunk east");
    world.finish();
}

/// Reports are a sign of life: phones that suppress silence go on sending them.
#[test]
fn reports_keep_a_call_in_which_nobody_speaks() {
    let (mut world, call, hana, east) = talking(", silence = \"30s\"");

    hana.has_habit(Habit::OnlyReports);
    east.has_habit(Habit::OnlyReports);
    world.run_for(20 * MINUTE);

    assert!(call.is_up_with(&east));
    call.hangs_up();
    world.run_for(MINUTE);
    assert!(world.records()[0].silences.is_empty());
    world.finish();
}

/// A trunk may want no such ending: its far end says nothing while nobody speaks.
#[test]
fn a_trunk_whose_far_end_may_be_silent_keeps_its_calls() {
    let mut world = World::from_toml(seed(), &house(", silence = \"off\""));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    both_fall_silent(&hana, &east);

    let call = hana.dials("+1 206 555 0142");
    world.run_for(60 * MINUTE);

    assert!(call.is_up() && east.calls_now() == 1);
    call.hangs_up();
    world.run_for(MINUTE);
    assert!(world.records()[0].silences.is_empty());
    world.finish();
}

/// Phones of the house have the time that nobody has said.
#[test]
fn a_call_between_users_that_nobody_is_in_any_more_ends_after_five_minutes() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    both_fall_silent(&hana, &minsu);

    let call = hana.dials("0101");
    world.run_for(4 * MINUTE);
    assert!(call.is_up() && minsu.calls_now() == 1);
    world.run_for(2 * MINUTE);

    assert_eq!(call.ended(), Some(Ended::ByPeer));
    assert_eq!(world.records()[0].verdict, "TD-E210");
    world.finish();
}
