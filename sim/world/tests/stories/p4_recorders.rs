//! Calls that are recorded by somebody outside (SIPREC, RFC 7865 and 7866).

use std::time::Duration;

use actors::{Deed, Habit, Note};
use call::{Event, RecordingRecord};
use world::{ActorHandle, CallHandle, World};

use crate::{TWO_PROVIDERS, seed};

const MOMENT: Duration = Duration::from_secs(3);
/// Longer than a recorder may say nothing, and than those who have failed are left alone.
const A_WHILE: Duration = Duration::from_secs(12);
const ARCHIVE: &str = "[recorder.archive]\nservers = [\"sip:10.20.0.90:5060;transport=udp\"]\n";
const VAULT: &str = "[recorder.vault]\nservers = [\"sip:10.20.0.91:5060;transport=tcp\"]\n";

/// Beside the archive, not in its stead.
const MIRROR: &str =
    "[recorder.mirror]\ngroup = \"law\"\nservers = [\"sip:10.20.0.92:5060;transport=tcp\"]\n";
const SPARE: &str = "[recorder.spare]\ngroup = \"law\"\nservers = [\"sip:10.20.0.93:5060;transport=tcp\"]\n";

fn house(recorders: &[&str], recording: &str) -> String {
    let always = TWO_PROVIDERS.replacen("[user.hana]", "[user.hana]\nrecord = \"always\"", 1);
    format!("{always}\n{}\n[system.recording]\n{recording}\n", recorders.join("\n"))
}

fn recorded(world: &mut World) -> CallHandle {
    let call = world.user("hana").dials("+1 206 555 0142");
    world.run_for(MOMENT);
    call
}

/// What a recorder was told, one document after the other.
fn told(recorder: &ActorHandle) -> Vec<String> {
    let of = |note| if let Note::Told { body } = note { Some(body) } else { None };
    recorder.notes().into_iter().filter_map(of).collect()
}

/// Who was heard by a recorder, and how many packets of each.
fn heard(recorder: &ActorHandle) -> [usize; 2] {
    let of = |name: &str| {
        recorder.count(|note| matches!(note, Note::HeardEach { tag, .. } if tag.actor.starts_with(name)))
    };
    [of("hana"), of("east")]
}

fn recording(world: &World) -> RecordingRecord {
    world.records().last().unwrap().recording.as_deref().cloned().unwrap()
}

fn outside(world: &World) -> Vec<String> {
    let events = world.events().iter().filter_map(|event| match event {
        Event::RecorderTook { recorder, .. } => Some(format!("{recorder} took it")),
        Event::RecorderFailed { recorder, why, .. } => Some(format!("{recorder}: {why}")),
        Event::CallUnrecorded { group, .. } if group.is_empty() => Some("nobody has it".to_owned()),
        Event::CallUnrecorded { group, .. } => Some(format!("nobody of {group} has it")),
        _ => None,
    });
    events.collect()
}

/// From the answer on the recorder hears both sides, and is told who they are; that ends with the call.
#[test]
fn p4_a_recorder_hears_both_sides_and_is_told_who_they_are() {
    for recorder in [ARCHIVE, VAULT] {
        let mut world = World::from_toml(seed(), &house(&[recorder], "to = \"recorder\""));
        let name = if recorder == ARCHIVE { "archive" } else { "vault" };
        let archive = world.actor(name);
        let call = recorded(&mut world);

        assert!(call.is_up_with(&world.provider("east")));
        assert_eq!(archive.calls_now(), 1);
        world.run_for(MOMENT);
        call.hangs_up();
        world.run_until_quiet();

        let [hana, east] = heard(&archive);
        assert!(hana > 10 && east > 10, "{hana} and {east} packets");
        let told = told(&archive);
        assert!(told[0].contains("aor=\"tel:+14255550100\"><name>Hana Kim</name>"), "{}", told[0]);
        assert!(told[0].contains("aor=\"tel:+12065550142\""), "{}", told[0]);
        assert_eq!((told[0].matches("<send>").count(), told[0].matches("<recv>").count()), (2, 2));
        assert_eq!(archive.calls_now(), 0);
        let recording = recording(&world);
        assert_eq!(recording.file, "");
        let row = &recording.recorders[0];
        assert_eq!((&*row.recorder, row.since.is_some(), &row.why), (name, true, &None));
        assert!(row.until > row.since.unwrap());
        assert_eq!(outside(&world), [format!("{name} took it")]);
        assert!(world.taped().is_empty(), "nothing was to be kept in files");
        world.finish();
    }
}

/// A pause is at once nothing for the recorder to hear, whatever it says to that; so with its end.
#[test]
fn p4_a_pause_is_silence_for_the_recorder_at_once() {
    for (habit, changes) in [(None, 2), (Some(Habit::RefusesChanges), 0)] {
        let mut world = World::from_toml(seed(), &house(&[ARCHIVE], ""));
        let (hana, archive) = (world.user("hana"), world.actor("archive"));
        if let Some(habit) = habit {
            archive.has_habit(habit);
        }
        let call = recorded(&mut world);
        crate::recordings::asks(&hana, "off");
        world.run_for(Duration::from_millis(300));

        let before = heard(&archive);
        world.run_for(MOMENT);
        assert_eq!(heard(&archive), before);
        crate::recordings::asks(&hana, "on");
        world.run_for(MOMENT);
        let after = heard(&archive);
        call.hangs_up();
        world.run_until_quiet();

        assert!(after[0] > before[0] + 5 && after[1] > before[1] + 5, "{before:?}, then {after:?}");
        assert_eq!(archive.count(|note| matches!(note, Note::Renegotiated)), changes);
        assert_eq!(recording(&world).pauses, 1);
        world.finish();
    }
}

/// Whoever is on hold neither speaks nor hears, and the recorder is told so.
#[test]
fn p4_a_hold_is_told_to_the_recorder() {
    let mut world = World::from_toml(seed(), &house(&[ARCHIVE], ""));
    let archive = world.actor("archive");
    let call = recorded(&mut world);
    call.holds();
    world.run_for(MOMENT);
    call.resumes();
    world.run_for(MOMENT);
    call.hangs_up();
    world.run_until_quiet();

    let streams: Vec<_> = told(&archive)
        .iter()
        .map(|text| (text.matches("<send>").count(), text.matches("<recv>").count()))
        .collect();
    assert_eq!(streams, [(2, 2), (1, 1), (2, 2)]);
    world.finish();
}

/// A recorder that refuses, is silent or is nowhere is passed over; the call does not wait for it.
#[test]
fn p4_a_recorder_that_fails_is_passed_over_for_the_next() {
    for (habit, why) in
        [(Habit::RefusesWith(503), "archive: it answered 503"), (Habit::Silent, "archive: no answer in time")]
    {
        let mut world = World::from_toml(seed(), &house(&[ARCHIVE, VAULT], ""));
        world.actor("archive").has_habit(habit);
        let call = recorded(&mut world);
        assert!(call.is_up_with(&world.provider("east")));
        world.run_for(A_WHILE);
        assert_eq!(world.actor("vault").calls_now(), 1);
        call.hangs_up();
        world.run_until_quiet();

        assert_eq!(outside(&world), [why, "vault took it"]);
        assert!(heard(&world.actor("vault")).iter().all(|count| *count > 10));
        world.finish();
    }
}

/// Recorders of two groups have a call side by side: each hears both sides, and is told of a pause and of the
/// end by itself.
#[test]
fn p4_recorders_of_two_groups_have_a_call_side_by_side() {
    let mut world = World::from_toml(seed(), &house(&[ARCHIVE, MIRROR, VAULT], "to = \"recorder\""));
    let hana = world.user("hana");
    let [archive, mirror, vault] = ["archive", "mirror", "vault"].map(|name| world.actor(name));
    let call = recorded(&mut world);
    world.run_for(MOMENT);

    assert_eq!([&archive, &mirror, &vault].map(|one| one.calls_now()), [1, 1, 0]);
    crate::recordings::asks(&hana, "off");
    world.run_for(Duration::from_millis(300));
    let before = [heard(&archive), heard(&mirror)];
    world.run_for(MOMENT);
    assert_eq!([heard(&archive), heard(&mirror)], before);
    assert!(before.iter().flatten().all(|count| *count > 10), "{before:?}");
    call.hangs_up();
    world.run_until_quiet();

    assert_eq!([&archive, &mirror].map(|one| one.calls_now()), [0, 0]);
    assert_eq!(outside(&world), ["archive took it", "mirror took it"]);
    let recording = recording(&world);
    let rows: Vec<_> =
        recording.recorders.iter().map(|row| (&*row.recorder, row.until > row.since.unwrap())).collect();
    assert_eq!(rows, [("archive", true), ("mirror", true)]);
    assert!(recording.missed.is_empty());
    world.finish();
}

/// One of two fails: the next of its group has the rest, and the other has heard all of it without a gap.
#[test]
fn p4_a_group_that_loses_its_recorder_takes_nothing_from_the_other() {
    let mut world = World::from_toml(seed(), &house(&[ARCHIVE, MIRROR, SPARE], ""));
    let [archive, mirror, spare] = ["archive", "mirror", "spare"].map(|name| world.actor(name));
    let call = recorded(&mut world);
    assert_eq!([&archive, &mirror, &spare].map(|one| one.calls_now()), [1, 1, 0]);
    let before = heard(&archive);
    mirror.newest().hangs_up();
    world.run_for(MOMENT);

    assert_eq!([&archive, &mirror, &spare].map(|one| one.calls_now()), [1, 0, 1]);
    let after = heard(&archive);
    assert!(after[0] > before[0] + 10 && after[1] > before[1] + 10, "{before:?}, then {after:?}");
    call.hangs_up();
    world.run_until_quiet();
    assert!(heard(&spare).iter().all(|count| *count > 5));
    let recorders = recording(&world).recorders;
    let rows: Vec<_> = recorders.iter().map(|row| (&*row.recorder, row.why.as_deref())).collect();
    assert_eq!(rows, [("archive", None), ("mirror", Some("it hung up")), ("spare", None)]);
    assert!(recorders.iter().all(|row| row.since.is_some_and(|since| row.until > since)), "{recorders:?}");
    world.finish();
}

/// A group that nobody of takes a call is told of; the call ends for it only where no other group has it.
#[test]
fn p4_a_call_ends_for_want_of_a_recorder_only_where_no_group_has_it() {
    for (archive_refuses, is_up) in [(false, true), (true, false)] {
        let recorders = house(&[ARCHIVE, MIRROR], "without_recorder = \"end\"");
        let mut world = World::from_toml(seed(), &recorders);
        world.actor("mirror").has_habit(Habit::RefusesWith(503));
        if archive_refuses {
            world.actor("archive").has_habit(Habit::RefusesWith(503));
        }
        let call = recorded(&mut world);
        world.run_for(A_WHILE);

        assert_eq!(call.is_up(), is_up);
        call.hangs_up();
        world.run_until_quiet();
        assert!(outside(&world).contains(&"nobody of law has it".to_owned()), "{:?}", outside(&world));
        assert_eq!(recording(&world).missed.len(), if archive_refuses { 2 } else { 1 });
        world.finish();
    }
}

/// A call for help is neither held up nor ended by recorders that say nothing, however many there are.
#[test]
fn p4_help_does_not_wait_for_any_of_several_recorders() {
    let recorders = house(&[ARCHIVE, MIRROR, SPARE], "without_recorder = \"end\"");
    let mut world = World::from_toml(seed(), &recorders);
    for name in ["archive", "mirror", "spare"] {
        world.actor(name).has_habit(Habit::Silent);
    }
    let call = world.user("hana").dials("911");
    world.run_for(MOMENT);
    assert!(call.is_up());
    let before = call.packets_heard();
    world.run_for(A_WHILE);

    assert!(call.is_up() && call.packets_heard() > before + 40);
    call.hangs_up();
    world.run_until_quiet();
    assert_eq!(world.records().last().unwrap().verdict, "TD-E001");
    world.finish();
}

/// A recorder that dies in the midst of a call is found out, and the next has the rest of it.
#[test]
fn p4_when_a_recorder_dies_the_next_has_the_rest() {
    let mut world = World::from_toml(seed(), &house(&[ARCHIVE, VAULT], ""));
    let (archive, vault) = (world.actor("archive"), world.actor("vault"));
    let call = recorded(&mut world);
    assert_eq!((archive.calls_now(), vault.calls_now()), (1, 0));
    archive.dies();
    world.run_for(Duration::from_secs(60));

    assert_eq!(vault.calls_now(), 1);
    assert!(call.is_up());
    call.hangs_up();
    world.run_until_quiet();
    let recorders = recording(&world).recorders;
    let rows: Vec<_> = recorders.iter().map(|row| (&*row.recorder, row.why.as_deref())).collect();
    assert_eq!(rows, [("archive", Some("it gives no sign of life")), ("vault", None)]);
    world.finish();
}

/// A recorder that hangs up has the call no more; it is asked again when nobody else is there.
#[test]
fn p4_a_recorder_that_was_away_is_asked_again() {
    let mut world = World::from_toml(seed(), &house(&[ARCHIVE], ""));
    let archive = world.actor("archive");
    archive.has_habit(Habit::RefusesWith(480));
    let call = recorded(&mut world);
    assert_eq!(outside(&world), ["archive: it answered 480", "nobody has it"]);
    archive.with(|profile| profile.habits.retain(|habit| *habit != Habit::RefusesWith(480)));
    world.run_for(A_WHILE);
    assert_eq!(archive.calls_now(), 1);
    archive.newest().hangs_up();
    world.run_for(A_WHILE);
    assert_eq!(archive.calls_now(), 1, "it is asked again");
    call.hangs_up();
    world.run_until_quiet();

    assert_eq!(recording(&world).missed.len(), 1);
    world.finish();
}

/// Where the house says so, a call that nobody takes is ended; a call for help never is.
#[test]
fn p4_a_call_without_a_recorder_ends_where_that_is_wanted_and_help_never_does() {
    for (number, is_up) in [("+1 206 555 0142", false), ("911", true)] {
        let mut world = World::from_toml(seed(), &house(&[ARCHIVE], "without_recorder = \"end\""));
        world.actor("archive").has_habit(Habit::RefusesWith(503));
        let call = world.user("hana").dials(number);
        world.run_for(A_WHILE);

        assert_eq!(call.is_up(), is_up, "{number}");
        call.hangs_up();
        world.run_until_quiet();
        let verdict = if is_up { "TD-E001" } else { "TD-E212" };
        assert_eq!(world.records().last().unwrap().verdict, verdict);
        world.finish();
    }
}

/// After a transfer both calls have the same group, and a recording session each.
#[test]
fn p4_calls_of_a_transfer_are_of_one_group() {
    let house = house(&[ARCHIVE], "").replacen("[user.minsu]", "[user.minsu]\nrecord = \"always\"", 1);
    let mut world = World::from_toml(seed(), &house);
    let (east, archive) = (world.provider("east"), world.actor("archive"));
    let call = east.dials("+1 425 555 0101");
    world.run_for(MOMENT);
    world.user("minsu").newest().transfers_to("0100");
    world.run_for(A_WHILE);
    assert_eq!(archive.calls_now(), 1);
    call.hangs_up();
    world.run_until_quiet();

    let told = told(&archive);
    let named = |text: &str, name: &str| {
        let at = text.find(name).unwrap() + name.len();
        text[at..].split('"').next().unwrap().to_owned()
    };
    let all = |name: &str| {
        let mut names: Vec<String> = told.iter().map(|text| named(text, name)).collect();
        names.sort();
        names.dedup();
        names.len()
    };
    assert_eq!((all("group_id=\""), all("<session session_id=\"")), (1, 2));
    world.finish();
}

/// A recorder that has lost what it knew asks for all of it, and is told at once (RFC 7866, 9.1).
#[test]
fn p4_a_recorder_may_ask_to_be_told_all_anew() {
    let mut world = World::from_toml(seed(), &house(&[ARCHIVE], ""));
    let archive = world.actor("archive");
    let call = recorded(&mut world);
    let document = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
        <requestsnapshot xmlns='urn:ietf:params:xml:ns:recording:1'/>\r\n";
    archive.does(|leg| Deed::Say {
        leg: Some(leg),
        method: "UPDATE",
        headers: vec![("Content-Disposition".to_owned(), "recording-session".to_owned())],
        body: Some(("application/rs-metadata".to_owned(), document.to_owned())),
    });
    world.run_for(MOMENT);

    let told = told(&archive);
    assert_eq!(told.len(), 2);
    assert_eq!(told[0], told[1]);
    call.hangs_up();
    world.run_until_quiet();
    world.finish();
}

/// Who knows of recording is told by a re-INVITE how it stands (RFC 7866, 7.1.2); others are asked nothing.
#[test]
fn p4_a_phone_that_knows_sees_how_recording_stands() {
    let mut world = World::from_toml(seed(), &house(&[ARCHIVE], ""));
    world.captures();
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::Adds("Supported: record-aware"));
    let call = recorded(&mut world);
    crate::recordings::asks(&hana, "off");
    world.run_for(MOMENT);

    let seen = |who: &ActorHandle| {
        let texts = world.captured(who).into_iter();
        let lines = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
        lines.filter(|line| line.starts_with("a=record:")).collect::<Vec<_>>()
    };
    assert_eq!(seen(&hana), ["a=record:on", "a=record:paused"]);
    assert!(seen(&east).is_empty());
    assert!(call.is_up_with(&east));
    call.hangs_up();
    world.run_until_quiet();
    world.finish();
}

/// Where a recorder is sent sealed sound, it has keys of its own, and a recorder without any is passed over.
#[test]
fn p4_a_recorder_is_sent_what_is_sealed_where_that_is_wanted() {
    let sealed = "srtp = \"required\"\nkeys_in_clear = \"allowed\"\n";
    for (habit, is_taken) in [(Some(Habit::Seals), true), (None, false)] {
        let mut world = World::from_toml(seed(), &house(&[&format!("{ARCHIVE}{sealed}")], ""));
        let archive = world.actor("archive");
        if let Some(habit) = habit {
            archive.has_habit(habit);
        }
        let call = recorded(&mut world);
        world.run_for(MOMENT);

        assert_eq!(archive.calls_now() == 1, is_taken);
        assert_eq!(heard(&archive)[0] > 10, is_taken, "the caller is heard by the keys of the first stream");
        assert!(call.is_up());
        call.hangs_up();
        world.run_until_quiet();
        world.finish();
    }
}
