//! The names of a call's two ends (Session-ID, RFC 7989): kept, made, translated, and found again.

use std::collections::BTreeSet;
use std::time::Duration;

use actors::Habit;
use call::Record;
use world::{ActorHandle, CallHandle, World};

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(8);
const EAST: &str = "aaaa1111aaaa4111aaaa1111aaaa1111";
const MINSU: &str = "bbbb2222bbbb4222bbbb2222bbbb2222";
const NOBODY: &str = "00000000000000000000000000000000";
const OF_EAST: &str = "Session-ID: aaaa1111aaaa4111aaaa1111aaaa1111;remote=00000000000000000000000000000000";
const OF_MINSU: &str = "Session-ID: bbbb2222bbbb4222bbbb2222bbbb2222;remote=00000000000000000000000000000000";
const ANEW: &str = "cccc3333cccc4333cccc3333cccc3333";
const OF_ANEW: &str = "Session-ID: cccc3333cccc4333cccc3333cccc3333;remote=bbbb2222bbbb4222bbbb2222bbbb2222";

/// A call that is up between east and minsu, each of whom names itself.
fn named_call() -> (World, ActorHandle, ActorHandle, CallHandle) {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (east, minsu) = (world.provider("east"), world.user("minsu"));
    east.has_habit(Habit::Adds(OF_EAST));
    minsu.has_habit(Habit::Adds(OF_MINSU));
    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);
    assert!(call.is_up_with(&minsu));
    (world, east, minsu, call)
}

/// Method or status, and Session-ID, of all that somebody was sent.
fn said(world: &World, to: &ActorHandle) -> Vec<(String, Option<String>)> {
    let messages = world.captured(to);
    let said = messages.iter().map(|message| {
        let word = message.strip_prefix("SIP/2.0 ").unwrap_or(message).split(' ').next();
        let value = message.lines().find_map(|line| line.strip_prefix("Session-ID: "));
        (word.unwrap_or_default().to_owned(), value.map(str::to_owned))
    });
    said.collect()
}

fn said_in(said: &[(String, Option<String>)], word: &str) -> String {
    let found = said.iter().find(|(one, _)| one == word);
    found.unwrap_or_else(|| panic!("no {word} in {said:?}")).1.clone().unwrap_or_default()
}

/// The names that a record was kept under.
fn names(record: &Record) -> BTreeSet<String> {
    let pairs = record.sessions.iter();
    let names = pairs.flat_map(|pair| [pair.caller.to_string(), pair.callee.to_string()]);
    names.filter(|name| name != NOBODY).collect()
}

/// East calls minsu, who answers; the call is held, asked, and ended by minsu.
fn whole_call(house: &str, east_says: Option<&'static str>, minsu_says: Option<&'static str>) -> World {
    let mut world = World::from_toml(seed(), house);
    let (east, minsu) = (world.provider("east"), world.user("minsu"));
    east_says.into_iter().for_each(|line| _ = east.has_habit(Habit::Adds(line)));
    minsu_says.into_iter().for_each(|line| _ = minsu.has_habit(Habit::Adds(line)));
    world.captures();
    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);
    assert!(call.is_up_with(&minsu), "{:?}", call.notes());
    call.holds();
    world.run_for(WHILE);
    minsu.newest().hangs_up();
    world.run_for(WHILE);
    world
}

/// Each leg hears the other end's name and its own, in requests and answers of every kind.
#[test]
fn c14_names_go_across_and_come_back_turned_round() {
    let world = whole_call(TWO_PROVIDERS, Some(OF_EAST), Some(OF_MINSU));
    let (to_east, to_minsu) = (said(&world, &world.provider("east")), said(&world, &world.user("minsu")));

    assert_eq!(said_in(&to_minsu, "INVITE"), format!("{EAST};remote={NOBODY}"));
    for word in ["ACK", "200"] {
        assert_eq!(said_in(&to_minsu, word), format!("{EAST};remote={MINSU}"), "{word}");
    }
    for word in ["180", "200", "BYE"] {
        assert_eq!(said_in(&to_east, word), format!("{MINSU};remote={EAST}"), "{word}");
    }
    let changes: Vec<_> = to_minsu.iter().filter(|(word, _)| word == "INVITE").collect();
    assert_eq!(changes[1].1.as_deref(), Some(&*format!("{EAST};remote={MINSU}")), "{changes:?}");
    let both: BTreeSet<String> = [EAST, MINSU].map(str::to_owned).into();
    assert_eq!(names(&world.records()[0]), both);
    world.finish();
}

/// Nobody says a name: the house makes one for each end, and keeps to them; every message has them.
#[test]
fn c14_whoever_has_no_name_gets_one() {
    let world = whole_call(TWO_PROVIDERS, None, None);
    let (to_east, to_minsu) = (said(&world, &world.provider("east")), said(&world, &world.user("minsu")));

    let invite = said_in(&to_minsu, "INVITE");
    let (caller, nobody) = invite.split_once(";remote=").unwrap();
    assert_eq!(nobody, NOBODY);
    let answer = said_in(&to_east, "200");
    let (callee, back) = answer.split_once(";remote=").unwrap();
    assert_eq!(back, caller);
    assert_ne!(callee, caller);
    assert_eq!(said_in(&to_minsu, "ACK"), format!("{caller};remote={callee}"));
    assert_eq!(said_in(&to_east, "BYE"), format!("{callee};remote={caller}"));
    let named = |(word, value): &(String, Option<String>)| value.is_some() || word == "100";
    assert!(to_east.iter().all(named), "{to_east:?}");
    assert!(to_minsu.iter().all(named), "{to_minsu:?}");
    assert_eq!(names(&world.records()[0]), [caller, callee].map(str::to_owned).into());
    world.finish();
}

/// The names of one record find those of every call that its parties went on in, and of no other.
fn finds_all(world: &World, first: &Record) {
    let wanted = names(first);
    let found = world.records().iter().filter(|record| !names(record).is_disjoint(&wanted)).count();
    assert_eq!(found, 2, "{:?}", world.records().iter().map(names).collect::<Vec<_>>());
    assert_eq!(world.records().len(), 3, "the third is somebody else's");
}

/// Blind: the pair of the call that was transferred finds the one that it became; the two that speak now
/// have each other's names.
#[test]
fn c14_one_pair_finds_every_leg_of_a_call_that_was_transferred_blind() {
    for line in [None, Some(OF_EAST)] {
        let mut world = World::from_toml(seed(), TWO_PROVIDERS);
        let (east, minsu, hana) = (world.provider("east"), world.user("minsu"), world.user("hana"));
        line.into_iter().for_each(|line| _ = east.has_habit(Habit::Adds(line)));
        world.captures();
        let call = east.dials("+1 425 555 0101");
        world.run_for(WHILE);
        minsu.newest().transfers_to("0100");
        world.run_for(WHILE);
        let other = minsu.dials("0102");
        world.run_for(WHILE);
        call.hangs_up();
        other.hangs_up();
        world.run_for(WHILE);

        let (first, second) = (world.records()[0].clone(), world.records()[1].clone());
        finds_all(&world, &first);
        let pair = second.sessions.last().unwrap();
        let to_hana = said(&world, &hana);
        assert_eq!(said_in(&to_hana, "INVITE"), format!("{};remote={NOBODY}", pair.caller));
        assert_eq!(said_in(&to_hana, "BYE"), format!("{};remote={}", pair.caller, pair.callee));
        let joined = said(&world, &east).into_iter().rfind(|(word, _)| word == "INVITE").unwrap();
        assert_eq!(joined.1, Some(format!("{};remote={}", pair.callee, pair.caller)));
        world.finish();
    }
}

/// Attended: the record of the call that goes on has the names from before and after.
#[test]
fn c14_one_pair_finds_every_leg_of_a_call_that_was_transferred_attended() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (east, minsu, lobby) = (world.provider("east"), world.user("minsu"), world.user("lobby"));
    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);
    let first = minsu.newest();
    first.holds();
    world.run_for(WHILE);
    let second = minsu.dials("0100");
    world.run_for(WHILE);
    first.transfers_with(&second);
    world.run_for(WHILE);
    let other = lobby.dials("0101");
    world.run_for(WHILE);
    call.hangs_up();
    other.hangs_up();
    world.run_for(WHILE);

    let records = world.records();
    finds_all(&world, &records[0]);
    assert_eq!(records[1].sessions.len(), 2, "{:?}", records[1].sessions);
    assert_eq!(records[1].sessions[1].caller, records[0].sessions[0].caller);
    world.finish();
}

/// Where a trunk is to be told nothing, nothing goes there; what comes from there counts for nothing.
#[test]
fn c14_a_trunk_may_be_told_nothing() {
    let house = TWO_PROVIDERS.replace("[trunk.east]\n", "[trunk.east]\ncall = { session_id = \"off\" }\n");
    let world = whole_call(&house, Some(OF_EAST), Some(OF_MINSU));

    let to_east = said(&world, &world.provider("east"));
    assert!(to_east.iter().all(|(word, value)| value.is_none() || word == "100"), "{to_east:?}");
    let invite = said_in(&said(&world, &world.user("minsu")), "INVITE");
    assert!(!invite.contains(EAST) && invite.ends_with(NOBODY), "{invite}");
    world.finish();
}

/// Far ends older than RFC 7989 say one name and want it back (RFC 7329): a caller hears its own, a callee
/// repeats what it was told.
#[test]
fn c14_who_is_older_hears_its_own_word() {
    let old = "Session-ID: aaaa1111aaaa4111aaaa1111aaaa1111";
    let world = whole_call(TWO_PROVIDERS, Some(old), Some(old));
    let (to_east, to_minsu) = (said(&world, &world.provider("east")), said(&world, &world.user("minsu")));

    for word in ["180", "200", "BYE"] {
        assert_eq!(said_in(&to_east, word), EAST, "{word}");
    }
    assert_eq!(said_in(&to_minsu, "INVITE"), format!("{EAST};remote={NOBODY}"));
    assert_eq!(said_in(&to_minsu, "ACK"), EAST);
    assert_eq!(names(&world.records()[0]).len(), 2);
    world.finish();
}

/// What is no name is as if nothing had been said.
#[test]
fn c14_a_value_that_is_none_counts_for_nothing() {
    let world = whole_call(TWO_PROVIDERS, Some("Session-ID: nonsense;remote"), None);

    let invite = said_in(&said(&world, &world.user("minsu")), "INVITE");
    assert!(invite.ends_with(&format!(";remote={NOBODY}")) && invite.len() == 72, "{invite}");
    world.finish();
}

/// A CANCEL and the ACK of a failure bear what their INVITE bore; the record of a call that nobody answered
/// has the caller's name.
#[test]
fn c14_what_travels_with_an_invite_bears_its_names() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (east, minsu) = (world.provider("east"), world.user("minsu"));
    east.has_habit(Habit::Adds(OF_EAST));
    minsu.answers_after(Duration::from_secs(60));
    world.captures();
    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);
    call.hangs_up();
    world.run_for(WHILE);

    let to_minsu = said(&world, &minsu);
    for word in ["INVITE", "CANCEL", "ACK"] {
        assert_eq!(said_in(&to_minsu, word), format!("{EAST};remote={NOBODY}"), "{word}");
    }
    assert_eq!(said_in(&said(&world, &east), "487"), format!("{NOBODY};remote={EAST}"));
    assert_eq!(names(&world.records()[0]), [EAST.to_owned()].into());
    world.finish();
}

/// A request that names its sender anew and is refused changes nothing; one that is accepted does, for
/// whatever follows (RFC 7989 8).
#[test]
fn c14_a_new_name_counts_if_its_request_is_accepted() {
    for is_refused in [true, false] {
        let (mut world, east, minsu, call) = named_call();
        if is_refused {
            minsu.has_habit(Habit::RefusesChanges);
        }
        east.loses_its_habits();
        east.has_habit(Habit::Adds(OF_ANEW));
        world.captures();
        call.reinvites();
        world.run_for(WHILE);
        minsu.newest().hangs_up();
        world.run_for(WHILE);

        let to_east = said(&world, &east);
        let answer = if is_refused { "488" } else { "200" };
        assert_eq!(said_in(&to_east, answer), format!("{MINSU};remote={ANEW}"));
        let now = if is_refused { EAST } else { ANEW };
        assert_eq!(said_in(&to_east, "BYE"), format!("{MINSU};remote={now}"));
        world.finish();
    }
}

/// The ACK of an answer may bring a new name too, which counts from then on; the ACK of a refusal changes
/// nothing (RFC 7989 8).
#[test]
fn c14_a_new_name_in_an_ack_counts_if_it_acknowledges_a_success() {
    for is_refused in [true, false] {
        let (mut world, east, minsu, call) = named_call();
        if is_refused {
            minsu.has_habit(Habit::RefusesChanges);
        }
        world.captures();
        call.reinvites();
        world.run_for(Duration::from_millis(1));
        east.loses_its_habits();
        east.has_habit(Habit::Adds(OF_ANEW));
        world.run_for(WHILE);
        minsu.newest().hangs_up();
        world.run_for(WHILE);

        let to_east = said(&world, &east);
        let answer = if is_refused { "488" } else { "200" };
        assert_eq!(said_in(&to_east, answer), format!("{MINSU};remote={EAST}"));
        let now = if is_refused { EAST } else { ANEW };
        assert_eq!(said_in(&to_east, "BYE"), format!("{MINSU};remote={now}"));
        world.finish();
    }
}
