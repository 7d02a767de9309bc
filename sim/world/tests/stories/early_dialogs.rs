//! Several callees that speak before one answers, and sound that is promised, authorised, or not let through.

use std::time::Duration;

use actors::{Habit, Note};
use world::{CallHandle, World};

use crate::{TWO_PROVIDERS, seed};

fn with_rule(rule: &str) -> String {
    TWO_PROVIDERS.replacen(
        "[trunk.east]\n",
        &format!("[trunk.east]\ncall = {{ early_media = \"{rule}\" }}\n"),
        1,
    )
}

/// Who was heard, in order.
fn heard(call: &CallHandle) -> Vec<String> {
    let actor = |note| if let Note::Heard { tag } = note { Some(tag.actor) } else { None };
    call.notes().into_iter().filter_map(actor).collect()
}

/// Three devices of a provider speak one after the other: the caller hears each in its turn, never two at a
/// time, and none again (the crosstalk judge listens).
#[test]
fn a12_of_several_early_dialogs_the_latest_is_heard() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.with(|phone| phone.packet_every = Duration::from_millis(50));
    east.has_habit(Habit::Forks(3)).has_habit(Habit::LastForkAnswers).answers_after(Duration::from_secs(4));
    east.with(|provider| provider.packet_every = Duration::from_millis(20));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(7));

    assert!(call.is_up());
    assert_eq!(heard(&call), ["east", "east~1", "east~2"]);
    world.finish();
}

/// The device that answers is not the one that was heard last: the caller is switched over to it.
#[test]
fn a12_an_answer_by_another_device_switches_the_caller_over() {
    for reliable in [false, true] {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        if reliable {
            hana.has_habit(Habit::Reliable);
            east.has_habit(Habit::Reliable);
        }
        east.has_habit(Habit::Forks(2)).answers_after(Duration::from_secs(3));
        east.with(|provider| provider.packet_every = Duration::from_millis(20));

        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(3));
        assert_eq!(heard(&call), ["east", "east~1"]);
        let before = call.packets_heard();
        world.run_for(Duration::from_secs(3));

        assert!(call.is_up());
        assert!(call.packets_heard() > before + 50);
        // East was heard before, and is heard again, alone.
        world.finish();
    }
}

/// The first packet of early sound is heard at once: within 50 ms of its arrival.
#[test]
fn a12_the_first_early_packet_passes_at_once() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::EarlyMedia).answers_after(Duration::from_secs(5));

    let call = hana.dials("+1 206 555 0142");
    let mut told_at = None;
    for ms in 0..1000 {
        world.run_for(Duration::from_millis(1));
        if told_at.is_none() && call.progress() == [183] {
            told_at = Some(ms);
        }
        if call.packets_heard() > 0 {
            break;
        }
    }

    assert!(call.packets_heard() > 0);
    // The provider speaks 20 ms after its 183, and each way takes its time.
    assert!(world.elapsed() < Duration::from_millis(250), "{:?} after {told_at:?}", world.elapsed());
    world.finish();
}

/// So many callees may speak before the answer: more are ended, and the call goes on with the others.
#[test]
fn req_f04_an_early_dialog_too_many_is_ended() {
    let few =
        TWO_PROVIDERS.replacen("limits = { calls = 40 }", "limits = { calls = 40, early_dialogs = 2 }", 1);
    let mut world = World::from_toml(seed(), &few);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::Forks(4)).answers_after(Duration::from_secs(4));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(8));

    assert!(call.is_up());
    assert_eq!(heard(&call), ["east", "east~1"]);
    world.finish();
}

/// A trunk whose early sound isn't wanted: 183 with a session becomes 180 without, nothing is heard until the
/// answer, and everything after it.
#[test]
fn a12_unwanted_early_sound_becomes_ringing() {
    let mut world = World::from_toml(seed(), &with_rule("none"));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::EarlyMedia).answers_after(Duration::from_secs(4));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(3));
    assert_eq!((call.progress(), call.packets_heard()), (vec![180], 0));
    world.run_for(Duration::from_secs(4));

    assert!(call.is_up_with(&east));
    world.finish();
}

/// Gated sound is heard when the far end authorises it, and not when it says nothing or no.
#[test]
fn c10_early_sound_passes_when_p_early_media_authorises_it() {
    for (says, status, passes) in [
        (Some("sendrecv"), 183, true),
        (Some("sendonly"), 183, true),
        (Some("inactive"), 180, false),
        (None, 180, false),
    ] {
        let mut world = World::from_toml(seed(), &with_rule("gated"));
        let (hana, east) = (world.user("hana"), world.provider("east"));
        east.has_habit(Habit::EarlyMedia).answers_after(Duration::from_secs(4));
        if let Some(says) = says {
            east.has_habit(Habit::SaysOfEarlySound(says));
        }

        let call = hana.dials("+1 206 555 0142");
        world.run_for(Duration::from_secs(3));
        assert_eq!((call.progress(), call.packets_heard() > 0), (vec![status], passes), "{says:?}");
        world.run_for(Duration::from_secs(4));

        assert!(call.is_up_with(&east), "{says:?}");
        world.finish();
    }
}

/// A call for help is heard from the first packet on, whatever the trunk's rule.
#[test]
fn c10_nothing_is_gated_for_a_call_for_help() {
    let mut world = World::from_toml(seed(), &with_rule("none"));
    let (lobby, east) = (world.user("lobby"), world.provider("east"));
    east.has_habit(Habit::EarlyMedia).answers_after(Duration::from_secs(4));

    let help = lobby.dials("911");
    world.run_for(Duration::from_secs(3));

    assert_eq!(help.progress(), [183]);
    assert!(help.packets_heard() > 0);
    world.finish();
}

/// 183 with a session, then 180, and no packet: after three seconds the caller's phone is told to ring by
/// itself. Sound that comes in the end is heard.
#[test]
fn pain_18_a_caller_is_not_left_in_silence() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::SilentEarly).answers_after(Duration::from_secs(8));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(2));
    assert_eq!(call.progress(), [183, 180]);
    world.run_for(Duration::from_secs(3));
    assert_eq!(call.progress(), [183, 180, 180]);
    world.run_for(Duration::from_secs(7));

    assert!(call.is_up_with(&east));
    world.finish();
}

/// How long the callee was heard before it answered stands in the record.
#[test]
fn pain_18_the_record_says_how_long_early_sound_was_heard() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::EarlyMedia).answers_after(Duration::from_millis(2400));

    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(6));
    call.hangs_up();
    world.run_for(Duration::from_secs(2));

    let early_ms = world.records()[0].early_ms;
    assert!((2200..=2500).contains(&early_ms), "{early_ms}");
    world.finish();
}

/// The first way out spoke and failed: nothing of it is heard while the second one is tried.
#[test]
fn req_f10_a_failed_attempt_is_not_heard_any_more() {
    let moved = TWO_PROVIDERS.replacen("ring_wait = \"15s\"", "ring_wait = \"2s\"", 1);
    let mut world = World::from_toml(seed(), &moved);
    let (lobby, east, west) = (world.user("lobby"), world.provider("east"), world.provider("west"));
    east.has_habit(Habit::EarlyMedia).has_habit(Habit::RingsForever);
    east.with(|provider| provider.packet_every = Duration::from_millis(20));
    west.has_habit(Habit::EarlyMedia).answers_after(Duration::from_secs(3));

    let help = lobby.dials("911");
    world.run_for(Duration::from_secs(10));

    assert!(help.is_up_with(&west));
    world.finish();
}
