//! Media of two phones at one site leaves the house once they talk, and comes back when something needs it.

use std::time::Duration;

use actors::{Chance, Deed, Ended, Habit, LegId};
use call::{CallView, MediaRecord};
use switch::{Command, Reply};
use world::{ActorHandle, CallHandle, Link, World};

use crate::music::tones;
use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(5);

/// Whoever is at the site may speak with others there past the house.
fn house(more: &str) -> String {
    let site = "[site.redmond]\nmedia = { path = \"auto\" }";
    format!("{}\n{more}", TWO_PROVIDERS.replacen("[site.redmond]", site, 1))
}

/// Hana calls minsu, who answers.
fn called(seed: u64, house: &str) -> (World, CallHandle, CallHandle) {
    let mut world = World::from_toml(seed, house);
    let call = world.user("hana").dials("0101");
    world.run_for(WHILE);
    assert!(call.is_up_with(&world.user("minsu")));
    let leg = world.user("minsu").newest();
    (world, call, leg)
}

/// Packets that both hear, and those of them that passed the house by.
fn talk(world: &mut World, one: &CallHandle, other: &CallHandle) -> (bool, usize) {
    let (heard, before) = ((one.packets_heard(), other.packets_heard()), world.crossed_without_us());
    world.run_for(WHILE);
    let each = [one.packets_heard() - heard.0, other.packets_heard() - heard.1];
    (each.iter().all(|heard| *heard > 20), world.crossed_without_us() - before)
}

fn is_direct(world: &mut World, one: &CallHandle, other: &CallHandle) -> bool {
    let (both_hear, past) = talk(world, one, other);
    assert!(both_hear, "both are to be heard");
    let ports = world.held().ports;
    assert_eq!(past > 0, ports == 0, "{past} packets passed the house by, which holds {ports} ports");
    past > 40
}

fn views(world: &mut World) -> Vec<CallView> {
    match world.commands(Command::Calls { most: 8 }) {
        Some(Reply::Calls(calls)) => calls.calls,
        other => panic!("{other:?}"),
    }
}

fn seen(world: &mut World) -> (&'static str, String) {
    let media = views(world).remove(0).media.unwrap();
    (media.path, media.why)
}

fn paths(rows: &[MediaRecord]) -> Vec<&'static str> {
    let mut paths: Vec<&str> = rows.iter().map(|row| row.path).collect();
    paths.dedup();
    paths
}

/// Both are told of each other, hear each other as before, and the house holds no port for them. Call and
/// record say so, and what the relay counted before that is kept.
#[test]
fn g6_two_phones_of_a_site_speak_past_the_house() {
    for seed in seed()..seed() + 5 {
        let (mut world, call, minsu) = called(seed, &house(""));

        assert!(is_direct(&mut world, &call, &minsu));

        assert_eq!(seen(&mut world), ("direct", "both are at site redmond".to_owned()));
        call.hangs_up();
        world.run_until_quiet();
        let record = world.records().last().unwrap().clone();
        assert_eq!(paths(&record.paths), ["anchored", "direct"]);
        let media = record.media.unwrap();
        assert!((1..40).contains(&media.caller.packets_in), "{media:?}");
        assert!((1..40).contains(&media.callee.packets_in), "{media:?}");
        world.finish();
    }
}

/// What the house says of itself in a call stays as it was but for its version, which grows (RFC 3264, 8).
#[test]
fn g6_our_descriptions_have_one_writer() {
    let mut world = World::from_toml(seed(), &house(""));
    world.captures();
    let call = world.user("hana").dials("0101");
    world.run_for(WHILE);
    let minsu = world.user("minsu").newest();
    assert!(is_direct(&mut world, &call, &minsu));
    call.holds();
    world.run_for(WHILE);

    for name in ["hana", "minsu"] {
        let told = world.captured(&world.user(name));
        let origin = |text: &String| text.lines().find(|line| line.starts_with("o=")).map(str::to_owned);
        let origins: Vec<String> = told.iter().filter_map(origin).collect();
        let versions: Vec<u64> = origins.iter().map(|line| field(line, 2).parse().unwrap()).collect();
        assert!(versions.len() >= 2 && versions.is_sorted(), "{name}: {origins:?}");
        assert!(versions.first() != versions.last(), "{name}: {origins:?}");
        assert!(origins.iter().all(|line| field(line, 1) == field(&origins[0], 1)), "{name}: {origins:?}");
        assert!(origins.iter().all(|line| field(line, 5) == "10.20.0.1"), "{name}: {origins:?}");
    }
    call.hangs_up();
    world.run_until_quiet();
    world.finish();
}

fn field(line: &str, at: usize) -> &str {
    line.split(' ').nth(at).unwrap_or_default()
}

/// To a colleague at the site, and on to somebody outside: media comes back while the transfer is under way,
/// nobody outside learns where anybody is, and everybody is heard.
#[test]
fn g6_a_transfer_brings_media_back_and_it_leaves_again_where_it_may() {
    for seed in seed()..seed() + 5 {
        let (mut world, call, minsu) = called(seed, &house(""));
        let (lobby, east) = (world.user("lobby"), world.provider("east"));
        lobby.answers_after(Duration::from_secs(3));
        assert!(is_direct(&mut world, &call, &minsu));

        minsu.transfers_to("0102");
        world.run_for(Duration::from_secs(2));
        assert_eq!(seen(&mut world), ("anchored", "it is being transferred".to_owned()));
        world.run_for(WHILE);

        assert_eq!(minsu.ended(), Some(Ended::ByPeer));
        assert!(is_direct(&mut world, &call, &lobby.newest()));
        call.transfers_to("+1 206 555 0142");
        world.run_for(WHILE);
        assert!(!is_direct(&mut world, &lobby.newest(), &east.newest()));
        lobby.newest().hangs_up();
        world.run_until_quiet();
        let all: Vec<_> = world.records().iter().map(|record| paths(&record.paths)).collect();
        assert_eq!(all[0], ["anchored", "direct", "anchored"], "{all:?}");
        assert_eq!(all[1].last(), Some(&"anchored"), "{all:?}");
        assert!(all[1].contains(&"direct") && all[2].is_empty(), "{all:?}");
        world.finish();
    }
}

/// Whoever transfers hangs up at once: the party that stays hears the house, and then the new one.
#[test]
fn g6_who_is_left_alone_by_a_transfer_hears_the_house() {
    for seed in seed()..seed() + 5 {
        let (mut world, call, minsu) = called(seed, &house(""));
        let lobby = world.user("lobby");
        lobby.answers_after(Duration::from_secs(6));
        world.user("minsu").has_habit(Habit::LeavesAfterRefer);
        assert!(is_direct(&mut world, &call, &minsu));

        minsu.transfers_to("0102");
        world.run_for(WHILE);

        assert!(tones(&call.notes()).contains(&440), "seed {seed}: {:?}", tones(&call.notes()));
        world.run_for(WHILE);
        assert!(is_direct(&mut world, &call, &lobby.newest()));
        call.hangs_up();
        world.run_until_quiet();
        world.finish();
    }
}

/// Consulted first: both calls of the transferor were direct, and so is the one that is made of them.
#[test]
fn g6_an_attended_transfer_joins_two_calls_that_were_direct() {
    let (mut world, call, first) = called(seed(), &house(""));
    let (minsu, lobby) = (world.user("minsu"), world.user("lobby"));
    assert!(is_direct(&mut world, &call, &first));
    first.holds();
    world.run_for(WHILE);
    let second = minsu.dials("0102");
    world.run_for(WHILE);
    assert!(second.is_up_with(&lobby));

    first.transfers_with(&second);
    world.run_for(WHILE);

    assert!(is_direct(&mut world, &call, &lobby.newest()));
    call.hangs_up();
    world.run_until_quiet();
    world.finish();
}

/// A hold brings media back, so that whoever waits hears music; a resume lets it leave again.
#[test]
fn g6_who_is_held_hears_music_and_media_leaves_again_after_it() {
    let (mut world, call, minsu) = called(seed(), &house(""));
    assert!(is_direct(&mut world, &call, &minsu));

    call.holds_in_silence();
    world.run_for(WHILE);

    assert_eq!(tones(&minsu.notes()).first(), Some(&440));
    assert_eq!(seen(&mut world).0, "anchored");
    call.resumes();
    world.run_for(WHILE);
    assert!(is_direct(&mut world, &call, &minsu));
    call.hangs_up();
    world.run_until_quiet();
    world.finish();
}

/// A recording that a phone asks for brings media back before anything is copied, and keeps it.
#[test]
fn g6_a_recording_that_is_asked_for_brings_media_back() {
    let house = house("[system.media]\nrecord = \"on-demand\"\n");
    let (mut world, call, minsu) = called(seed(), &house);
    assert!(is_direct(&mut world, &call, &minsu));
    assert!(world.taped().is_empty());

    world.user("hana").does(|leg| Deed::Say {
        leg: Some(leg),
        method: "INFO",
        headers: vec![("Record".to_owned(), "on".to_owned())],
        body: None,
    });
    world.run_for(WHILE);

    assert!(!is_direct(&mut world, &call, &minsu));
    assert_eq!(seen(&mut world), ("anchored", "it is recorded".to_owned()));
    call.hangs_up();
    world.run_until_quiet();
    assert!(!world.taped().is_empty());
    assert!(!world.records().last().unwrap().recording.as_ref().unwrap().unheard);
    world.finish();
}

/// Parked, a party hears music; taken, its media leaves again.
#[test]
fn g6_a_parked_party_hears_music() {
    let orbit = "[orbit.front]\nnumbers = [\"701\", \"702\"]\ncode = \"*68\"\nring_back = \"60s\"\n";
    let (mut world, call, minsu) = called(seed(), &house(orbit));
    assert!(is_direct(&mut world, &call, &minsu));

    minsu.transfers_to("701");
    world.run_for(WHILE);

    assert_eq!(tones(&call.notes()).first(), Some(&440));
    let taken = world.user("lobby").dials("701");
    world.run_for(WHILE);
    assert!(is_direct(&mut world, &call, &taken));
    call.hangs_up();
    world.run_until_quiet();
    world.finish();
}

/// Whoever refuses the change is asked once, and nobody is unheard for it: be it asked first or second.
#[test]
fn g6_a_far_end_that_refuses_keeps_its_media_through_the_house() {
    for (who, words) in [("minsu", "the callee, user minsu"), ("hana", "the caller, user hana")] {
        let mut world = World::from_toml(seed(), &house(""));
        world.user(who).has_habit(Habit::RefusesChanges);
        let call = world.user("hana").dials("0101");
        world.run_for(WHILE);
        let minsu = world.user("minsu").newest();

        assert!(!is_direct(&mut world, &call, &minsu), "{who}");

        let (path, why) = seen(&mut world);
        assert_eq!((path, why.as_str()), ("anchored", &*format!("{words}, would have it no other way")));
        assert!(!is_direct(&mut world, &call, &minsu), "{who}");
        call.hangs_up();
        world.run_until_quiet();
        world.finish();
    }
}

/// Calls that need the house stay: to somebody outside, for help, recorded, hidden, sealed, or with a phone
/// that is not where its site is.
#[test]
fn g6_what_needs_the_house_stays_there() {
    let recorded = house("[system.media]\nrecord = \"always\"\n");
    let hiding = house("").replace("subnets =", "privacy_code = \"*67\"\nsubnets =");
    let elsewhere = house("").replace("subnets = [\"10.20.0.0/16\"]", "subnets = [\"10.20.0.0/27\"]");
    let rows: [(&str, &str, Option<Habit>, &str); 6] = [
        (&house(""), "+1 206 555 0142", None, "its far ends are not both of one site"),
        (&house(""), "911", None, "its far ends are not both of one site"),
        (&hiding, "*670101", None, "its far ends are not both of one site"),
        (&recorded, "0101", None, "it is recorded"),
        (&house(""), "0101", Some(Habit::Muxes), "a side is found by checks, or has one port"),
        (&elsewhere, "0101", None, "outside of site redmond"),
    ];
    for (house, number, habit, why) in rows {
        let mut world = World::from_toml(seed(), house);
        let hana = world.user("hana");
        habit.into_iter().for_each(|habit| drop(hana.has_habit(habit).legs()));
        let call = hana.dials(number);
        world.run_for(Duration::from_secs(12));

        assert!(call.is_up(), "{number}");
        assert_eq!(world.crossed_without_us(), 0, "{number}");
        let (path, words) = seen(&mut world);
        assert!(path == "anchored" && words.contains(why), "{number}: {words}");
        call.hangs_up();
        world.run_until_quiet();
        world.finish();
    }
}

/// A trunk that is at the site may be let out, too; one that is not, or does not say so, stays.
#[test]
fn g6_a_trunk_at_the_site_is_let_out_where_it_says_so() {
    for (media, is_let_out) in [("auto", true), ("anchored", false)] {
        let pbx = format!(
            "[trunk.pbx]\nkind = \"pbx\"\nsite = \"redmond\"\nmedia = {{ path = \"{media}\" }}\n\
             servers = [{{ uri = \"sip:10.20.0.90:5060\" }}]\naccept = {{ sources = [\"10.20.0.90\"] }}\n\
             health = {{ options = \"off\" }}\n\
             [route.pbx]\norder = 1\nto = \"+1206555…\"\nuse = [{{ trunk = \"pbx\" }}]\n"
        );
        let mut world = World::from_toml(seed(), &house(&pbx));
        let pbx = world.actor("pbx");
        let call = world.user("hana").dials("+1 206 555 0142");
        world.run_for(WHILE);

        assert_eq!(is_direct(&mut world, &call, &pbx.newest()), is_let_out);

        call.hangs_up();
        world.run_until_quiet();
        world.finish();
    }
}

/// One of two who do whatever comes to mind.
fn does_something(chance: &mut Chance, who: &ActorHandle) {
    let deeds: [fn(LegId) -> Deed; 6] = [
        Deed::Hold,
        Deed::Resume,
        Deed::HoldInSilence,
        Deed::HoldByZero,
        Deed::ReInviteWithoutOffer,
        Deed::Update,
    ];
    who.does(*chance.one_of(&deeds));
}

/// Whatever the two do while media leaves and comes back, over lines that lose: both hear each other in the
/// end, past the house, and nothing is left behind.
#[test]
fn g6_after_any_sequence_both_hear_each_other_past_the_house() {
    for round in 0..40 {
        let mut world = World::from_toml(seed() + round, &house(""));
        if round % 2 == 1 {
            world.links_all(Link { loss: 60, ..Link::default() });
        }
        let (hana, minsu) = (world.user("hana"), world.user("minsu"));
        let call = hana.dials("0101");
        world.run_for(WHILE);
        let mut chance = Chance::new(round);
        for _ in 0..6 {
            let who = *chance.one_of(&[&hana, &minsu]);
            does_something(&mut chance, who);
            let pause = chance.span_below(Duration::from_secs(4));
            world.run_for(pause);
        }
        world.links_all(Link::default());
        world.run_for(Duration::from_secs(40));
        hana.does(Deed::Resume);
        world.run_for(Duration::from_secs(12));
        minsu.does(Deed::Resume);
        world.run_for(Duration::from_secs(12));

        if call.is_up() {
            assert!(is_direct(&mut world, &call, &minsu.newest()), "round {round}");
        }
        call.hangs_up();
        world.run_until_quiet();
        world.finish();
    }
}
