//! People who meet in a conference: each hears all others, and nothing of itself.

use std::time::Duration;

use actors::{Ended, Habit, Note, Sound};
use world::{ActorHandle, CallHandle, World};

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(2);
const NUMBER: &str = "+14255550150";

/// A room with an extension, and with one of the numbers of the first provider.
fn house(more: &str) -> String {
    let room = format!("[conference.sales]\nextension = \"8001\"\nnumber = \"{NUMBER}\"\n{more}\n");
    format!("{TWO_PROVIDERS}\n{room}")
}

fn tones(notes: &[Note]) -> Vec<u16> {
    let tone = |note: &Note| match note {
        Note::HeardTone { hertz } => Some(*hertz),
        _ => None,
    };
    notes.iter().filter_map(tone).collect()
}

/// Hana, Minsu and somebody outside, each with a tone and muted, in the room.
fn met(mut world: World) -> (World, Vec<(ActorHandle, CallHandle, u16)>) {
    let (hana, minsu, east) = (world.user("hana"), world.user("minsu"), world.provider("east"));
    hana.with(|profile| profile.sound = Sound::Tone(500));
    minsu.with(|profile| profile.sound = Sound::Wide(800));
    east.with(|profile| profile.sound = Sound::Tone(1_500));
    let calls =
        [(hana, "8001", 500), (minsu, "sales", 800), (east, NUMBER, 1_500)].map(|(who, dialled, hertz)| {
            let call = who.dials(dialled);
            world.run_for(WHILE);
            assert!(call.is_up(), "{dialled}: {:?}", call.ended());
            who.has_habit(Habit::Mute);
            (who, call, hertz)
        });
    world.run_for(WHILE);
    (world, calls.into())
}

/// Who is heard by whom, one speaking after the other.
fn all_hear_all(world: &mut World, members: &[(ActorHandle, CallHandle, u16)]) {
    for (at, (speaker, _, hertz)) in members.iter().enumerate() {
        let before: Vec<usize> = members.iter().map(|(_, call, _)| tones(&call.notes()).len()).collect();
        speaker.loses_its_habits();
        world.run_for(WHILE);
        speaker.has_habit(Habit::Mute);
        world.run_for(WHILE);
        for (of, (_, call, _)) in members.iter().enumerate() {
            let heard = tones(&call.notes()).split_off(before[of]);
            let is_heard = heard.iter().any(|one| one.abs_diff(*hertz) <= 5);
            assert_eq!(is_heard, of != at, "{hertz} at {of}: {heard:?}");
        }
    }
}

/// By extension, by name and by the number that a provider gives, in two codecs: all hear all others. Each
/// has a record that names the room.
#[test]
fn everybody_in_a_conference_hears_everybody_else() {
    let (mut world, members) = met(World::from_toml(seed(), &house("")));

    all_hear_all(&mut world, &members);
    members.iter().for_each(|(_, call, _)| call.hangs_up());
    world.run_for(WHILE);

    assert_eq!(world.records().len(), 3);
    for record in world.records() {
        assert_eq!(record.conference.as_deref(), Some("sales"), "{record:?}");
        assert_eq!((record.verdict.as_str(), record.talk_ms > 10_000), ("TD-E001", true));
    }
    let directions: Vec<String> =
        world.records().iter().map(|record| format!("{:?}", record.direction)).collect();
    assert!(directions.contains(&"Some(Inbound)".to_owned()), "{directions:?}");
    assert_eq!((world.held().calls, world.held().permits), (0, 0));
    world.finish();
}

/// Whichever shard each call comes to, they meet in one.
#[test]
fn calls_of_all_shards_meet_in_one_room() {
    let mut handed_on = 0;
    for seed in 0..6 {
        let (mut world, members) = met(World::with_shards(seed, &house(""), 3));
        all_hear_all(&mut world, &members);
        members.iter().for_each(|(_, call, _)| call.hangs_up());
        world.run_for(WHILE);
        handed_on += world.handed_on();
        world.finish();
    }
    assert!(handed_on > 6, "{handed_on} of 18 were at another shard");
}

/// Who is alone hears what people hear who wait; nobody does any more when somebody comes.
#[test]
fn who_is_alone_hears_music_until_somebody_comes() {
    let mut world = World::from_toml(seed(), &house(""));
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    for (who, hertz) in [(&hana, 500), (&minsu, 800)] {
        who.with(|profile| profile.sound = Sound::Tone(hertz));
        who.has_habit(Habit::Mute);
    }
    let first = hana.dials("8001");
    world.run_for(WHILE);
    assert_eq!(tones(&first.notes()), [440]);

    let second = minsu.dials("8001");
    world.run_for(WHILE);
    let (before, heard) = (tones(&first.notes()).len(), first.packets_heard());
    world.run_for(WHILE);
    assert_eq!(tones(&first.notes()).len(), before, "silence");
    assert!((99..=101).contains(&(first.packets_heard() - heard)), "a packet every 20 ms");
    assert!(tones(&second.notes()).is_empty());

    second.hangs_up();
    world.run_for(WHILE * 2);
    first.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// A member who holds us is not heard, and hears nothing; on resume all is as before. One who asks for our
/// offer, or offers the same again, stays.
#[test]
fn a17_who_holds_is_not_heard_by_the_others() {
    let (mut world, members) = met(World::from_toml(seed(), &house("")));
    let [(hana, hana_call, _), (_, minsu_call, _), _] = &members[..] else { panic!("three members") };

    hana_call.holds();
    world.run_for(WHILE);
    hana.loses_its_habits();
    let (before, heard) = (tones(&minsu_call.notes()).len(), hana_call.packets_heard());
    world.run_for(WHILE);
    assert_eq!(tones(&minsu_call.notes()).len(), before, "music on hold stays outside");
    assert_eq!(hana_call.packets_heard(), heard);
    hana.has_habit(Habit::Mute);
    hana_call.resumes();
    world.run_for(WHILE);
    all_hear_all(&mut world, &members);

    hana_call.reinvites_without_offer();
    minsu_call.reinvites();
    world.run_for(WHILE);
    assert!(hana_call.is_up() && minsu_call.is_up());
    all_hear_all(&mut world, &members);
    members.iter().for_each(|(_, call, _)| call.hangs_up());
    world.run_for(WHILE);
    world.finish();
}

/// The limit holds, and a place is free again when somebody leaves; who is not among the users stays outside.
#[test]
fn a_conference_has_its_limit_and_its_users() {
    let house = house("limit = 2\nusers = [\"hana\", \"lobby\"]");
    let mut world = World::from_toml(seed(), &house);
    let (hana, minsu, lobby, east) =
        (world.user("hana"), world.user("minsu"), world.user("lobby"), world.provider("east"));

    let stays_out = minsu.dials("8001");
    let first = hana.dials("8001");
    let second = east.dials(NUMBER);
    world.run_for(WHILE);
    assert_eq!(stays_out.ended(), Some(Ended::Refused(403)));
    let third = lobby.dials("8001");
    world.run_for(WHILE);
    assert_eq!(third.ended(), Some(Ended::Refused(486)));
    second.hangs_up();
    world.run_for(WHILE);
    let third = lobby.dials("8001");
    world.run_for(WHILE);

    assert!(first.is_up() && third.is_up());
    let verdicts: Vec<&str> = world.records().iter().map(|record| record.verdict.as_str()).collect();
    assert_eq!(verdicts, ["TD-R722", "TD-R723", "TD-E001"]);
    first.hangs_up();
    third.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// Nobody is transferred into a room, or out of it: the call stays where it was.
#[test]
fn a18_a_transfer_to_a_conference_is_refused_and_harms_nobody() {
    let mut world = World::from_toml(seed(), &house(""));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_for(WHILE);
    assert!(call.is_up_with(&east));

    call.transfers_to("8001");
    world.run_for(WHILE);
    assert_eq!(call.replied("REFER"), Some(403));
    let meeting = world.user("minsu").dials("8001");
    world.run_for(WHILE);
    meeting.transfers_to("0100");
    world.run_for(WHILE);

    assert!(meeting.replied("REFER").is_some_and(|status| status >= 400), "{:?}", meeting.replied("REFER"));
    assert!(call.is_up() && meeting.is_up());
    call.hangs_up();
    meeting.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

const PIN: &str = "pin = { plain = \"4711\" }\nusers = [\"hana\"]";

/// Who is not among the users types the PIN, by events or by INFO, and hears nobody before; another PIN three
/// times, or none for too long, and the house hangs up.
#[test]
fn h4_a_conference_opens_to_whoever_types_its_pin() {
    let house = house(PIN).replacen("[system]\n", "[system]\ndemo = true\n", 1);
    let mut world = World::from_toml(seed(), &house);
    let (hana, minsu, lobby, east) =
        (world.user("hana"), world.user("minsu"), world.user("lobby"), world.provider("east"));
    hana.with(|profile| profile.sound = Sound::Tone(500));
    east.with(|profile| profile.sound = Sound::Tone(1_500));
    lobby.with(|profile| profile.sound = Sound::Tone(2_500));
    let inside = hana.dials("8001");
    let outside = east.dials(NUMBER);
    world.run_for(WHILE * 3);
    assert!(outside.is_up());
    let heard = tones(&outside.notes());
    assert!(heard.iter().any(|hertz| hertz.abs_diff(620) <= 10) && !heard.contains(&500), "{heard:?}");

    outside.types("4712");
    world.run_for(WHILE);
    outside.types("4711");
    world.run_for(WHILE * 2);
    assert!(tones(&outside.notes()).contains(&500), "{:?}", tones(&outside.notes()));
    assert!(tones(&inside.notes()).contains(&1_500));
    let by_info = minsu.dials("8001");
    world.run_for(WHILE);
    for key in ["4", "7", "1", "1"] {
        by_info.presses(key);
        world.run_for(WHILE / 4);
    }
    let guesses = lobby.dials("8001");
    world.run_for(WHILE);
    guesses.types("111122223333");
    world.run_for(WHILE * 3);
    assert_eq!(guesses.ended(), Some(Ended::ByPeer));
    let waits = lobby.dials("8001");
    world.run_for(Duration::from_secs(50));
    assert_eq!(waits.ended(), Some(Ended::ByPeer));

    assert!([&inside, &outside, &by_info].iter().all(|call| call.is_up()));
    [inside, outside, by_info].iter().for_each(|call| call.hangs_up());
    world.run_for(WHILE);
    let refused = world.records().iter().filter(|record| record.verdict == "TD-E211").count();
    assert_eq!((refused, world.records().len()), (2, 5));
    world.finish();
}

/// `*6` takes the own voice out of the room, and brings it back.
#[test]
fn a_member_mutes_itself_by_keys() {
    let mut world = World::from_toml(seed(), &house(""));
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    hana.with(|profile| profile.sound = Sound::Tone(500));
    minsu.has_habit(Habit::Mute);
    let (speaks, hears) = (hana.dials("8001"), minsu.dials("8001"));
    world.run_for(WHILE);
    assert_eq!(tones(&hears.notes()).last(), Some(&500));

    speaks.types("*6");
    world.run_for(WHILE);
    minsu.loses_its_habits();
    minsu.with(|profile| profile.sound = Sound::Tone(900));
    let third = world.user("lobby").dials("8001");
    world.run_for(WHILE);
    assert!(!tones(&third.notes()).contains(&500), "{:?}", tones(&third.notes()));

    speaks.types("*6");
    world.run_for(WHILE);
    assert!(tones(&third.notes()).contains(&500), "{:?}", tones(&third.notes()));
    [speaks, hears, third].iter().for_each(|call| call.hangs_up());
    world.run_for(WHILE);
    world.finish();
}
