//! Teams says where its people are: who is inside of our network speaks with the inside interface, and who is
//! outside with the public one (media bypass with local media optimisation).

use std::time::Duration;

use actors::Habit;
use world::{ActorHandle, CallHandle, World};

use crate::providers::world_with;
use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(6);

const LOCAL: &str = "[trunk.far.media]\ninside_interface = \"lan\"\nice = \"offered\"\n";
const INSIDE: &str = "10.20.0.1";
const PUBLIC: &str = "192.0.2.10";

const INTERNAL: &str = "X-MS-UserLocation: internal";
const EXTERNAL: &str = "X-MS-UserLocation: external";
const PATH: &str = "X-MS-MediaPath: sbc1.contoso.example, proxysbc.contoso.example";
const SITE: &str = "X-MS-UserSite: Redmond";

/// Teams as it says where its people are, and a user who is called Hana.
fn teams(more: &str) -> (World, ActorHandle, ActorHandle) {
    let mut world = world_with("teams-direct-routing", more);
    let (hana, far) = (world.user("hana"), world.provider("far"));
    far.has_habit(Habit::Checks).has_habit(Habit::Adds(PATH)).has_habit(Habit::Adds(SITE));
    world.run_for(Duration::from_secs(3));
    world.captures();
    (world, hana, far)
}

fn says(far: &ActorHandle, line: &'static str) {
    far.with(|profile| {
        profile.habits.retain(|habit| ![Habit::Adds(INTERNAL), Habit::Adds(EXTERNAL)].contains(habit));
        profile.habits.push(Habit::Adds(line));
    });
}

/// The address of our last description for a far end, where its connection line and all of its candidates
/// agree on one.
fn told(world: &World, to: &ActorHandle) -> String {
    let messages = world.captured(to);
    let last = messages.iter().rev().find(|message| message.contains("m=audio")).unwrap();
    let line = last.lines().find_map(|line| line.strip_prefix("c=IN IP4 ")).unwrap();
    let candidates: Vec<&str> = last.lines().filter(|line| line.starts_with("a=candidate")).collect();
    assert!(!candidates.is_empty() && last.contains("a=ice-lite"), "{last}");
    assert!(candidates.iter().all(|candidate| candidate.contains(line)), "{last}");
    line.to_owned()
}

fn word(world: &World, to: &ActorHandle) -> String {
    let messages = world.captured(to).concat();
    messages.lines().filter_map(|line| line.strip_prefix("a=ice-pwd:")).next_back().unwrap().to_owned()
}

fn invites(world: &World, to: &ActorHandle) -> usize {
    world.captured(to).iter().filter(|message| message.starts_with("INVITE ")).count()
}

fn talk(world: &mut World, one: &CallHandle, other: &CallHandle) -> bool {
    world.run_for(Duration::from_secs(2));
    let before = (one.packets_heard(), other.packets_heard());
    world.run_for(Duration::from_secs(3));
    one.packets_heard() > before.0 + 5 && other.packets_heard() > before.1 + 5
}

/// Where a far end sends its media.
fn sends_to(far: &ActorHandle) -> String {
    let legs = far.legs();
    legs.iter().rev().find_map(|leg| leg.media.to).unwrap().ip().to_string()
}

fn trail(world: &World) -> String {
    world.records().last().unwrap().trail.to_string()
}

/// A call from Teams; what it says of the caller decides, and is nobody else's business.
#[test]
fn b8_who_calls_from_inside_gets_the_inside_candidate_and_who_is_outside_the_public_one() {
    for (says_so, place, verdict) in [
        (INTERNAL, INSIDE, "location    inside"),
        ("x-ms-userlocation:  Internal", INSIDE, "location    inside"),
        (EXTERNAL, PUBLIC, "location    outside"),
        ("X-MS-UserLocation: somewhere", PUBLIC, "location    outside"),
        ("Subject: nothing", PUBLIC, "location    outside"),
    ] {
        let (mut world, hana, far) = teams(LOCAL);
        far.has_habit(Habit::Adds(says_so));

        let call = far.dials("+1 425 555 0100");
        world.run_for(WHILE);

        assert!(call.is_up_with(&hana), "{says_so}: {:?}", call.notes());
        assert_eq!(told(&world, &far), place, "{says_so}");
        assert_eq!(sends_to(&far), place, "{says_so}");
        assert!(talk(&mut world, &call, &hana.newest()), "{says_so}");
        assert!(!world.captured(&hana).concat().contains("X-MS-"), "{says_so}");
        call.hangs_up();
        world.run_for(WHILE);
        assert!(trail(&world).contains(verdict), "{}", trail(&world));
        world.finish();
    }
}

/// A call to Teams: nobody knows where the callee is before it answers. It is offered the public place, with
/// candidates; who turns out to be inside is offered the inside one by a re-INVITE, of which Hana hears
/// nothing.
#[test]
fn b8_who_is_called_and_turns_out_to_be_inside_is_told_of_the_inside_place() {
    let (mut world, hana, far) = teams(LOCAL);
    says(&far, INTERNAL);

    let call = hana.dials("+44 20 7946 0123");
    world.run_for(Duration::from_millis(600));
    assert_eq!(told(&world, &far), PUBLIC);
    let before = word(&world, &far);
    world.run_for(WHILE);

    assert!(call.is_up_with(&far), "{:?}", call.notes());
    assert_eq!((told(&world, &far).as_str(), sends_to(&far).as_str()), (INSIDE, INSIDE));
    assert_ne!(word(&world, &far), before, "another place is checked by other words");
    assert_eq!((invites(&world, &far), invites(&world, &hana)), (2, 0));
    assert!(talk(&mut world, &call, &far.newest()));
    call.hangs_up();
    world.run_for(WHILE);
    let says =
        "the callee, trunk far: its far end says that the party is inside, at site Redmond: media lies";
    assert!(trail(&world).contains(says), "{}", trail(&world));
    world.finish();
}

/// Where most people are inside they are offered the inside place at once; who is outside after all is told.
#[test]
fn b8_who_is_assumed_to_be_inside_is_asked_again_only_if_outside() {
    for (says_so, place, asked) in [(INTERNAL, INSIDE, 1), (EXTERNAL, PUBLIC, 2)] {
        let (mut world, hana, far) = teams(&format!("{LOCAL}assume = \"inside\"\n"));
        says(&far, says_so);

        let call = hana.dials("+44 20 7946 0123");
        world.run_for(Duration::from_millis(600));
        assert_eq!(told(&world, &far), INSIDE);
        world.run_for(WHILE);

        assert_eq!((told(&world, &far).as_str(), invites(&world, &far)), (place, asked), "{says_so}");
        assert!(talk(&mut world, &call, &far.newest()), "{says_so}");
        call.hangs_up();
        world.run_for(WHILE);
        world.finish();
    }
}

/// Somebody leaves the building in mid-call, and comes back: with an offer, and without one.
#[test]
fn b8_who_moves_is_followed_and_the_other_party_is_heard_all_the_time() {
    let (mut world, hana, far) = teams(LOCAL);
    says(&far, INTERNAL);
    let call = far.dials("+1 425 555 0100");
    world.run_for(WHILE);
    let place_of_hana = hana.legs()[0].media.to;

    for (says_so, place, offers) in [
        (EXTERNAL, PUBLIC, true),
        (INTERNAL, INSIDE, true),
        (EXTERNAL, PUBLIC, false),
        (INTERNAL, INSIDE, false),
    ] {
        says(&far, says_so);
        let before = word(&world, &far);
        if offers {
            call.reinvites()
        } else {
            call.reinvites_without_offer()
        }
        world.run_for(Duration::from_secs(2));

        assert!(call.is_up(), "{:?}", call.notes());
        assert_eq!((told(&world, &far), sends_to(&far)), (place.into(), place.into()), "offers: {offers}");
        assert!(offers || word(&world, &far) != before, "what we offer anew is checked by other words");
        assert!(talk(&mut world, &call, &hana.newest()), "{says_so}");
    }

    assert_eq!(hana.legs()[0].media.to, place_of_hana);
    call.hangs_up();
    world.run_for(WHILE);
    assert!(trail(&world).contains("the caller, trunk far: its far end says that the party is outside"));
    world.finish();
}

/// What Teams offers with its move, the other party may refuse. Where Teams speaks with us is none of its
/// business: what was prepared is given back, and Teams is told of the inside place by itself.
#[test]
fn b8_who_moves_is_followed_though_the_other_party_wants_no_change() {
    let (mut world, hana, far) = teams(LOCAL);
    says(&far, EXTERNAL);
    let call = far.dials("+1 425 555 0100");
    world.run_for(WHILE);
    hana.has_habit(Habit::RefusesChanges);

    says(&far, INTERNAL);
    call.reinvites();
    world.run_for(WHILE);

    assert!(call.is_up());
    assert_eq!((invites(&world, &far), invites(&world, &hana)), (1, 2));
    assert_eq!(sends_to(&far), INSIDE);
    assert!(talk(&mut world, &call, &hana.newest()));
    call.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// Who is called and will not have another place keeps the one that it has.
#[test]
fn b8_who_refuses_the_inside_place_is_heard_at_the_public_one() {
    let (mut world, hana, far) = teams(LOCAL);
    says(&far, INTERNAL);
    far.has_habit(Habit::RefusesChanges);

    let call = hana.dials("+44 20 7946 0123");
    world.run_for(WHILE);

    assert_eq!((invites(&world, &far), sends_to(&far).as_str()), (2, PUBLIC));
    assert!(talk(&mut world, &call, &far.newest()));
    call.hangs_up();
    world.run_for(WHILE);
    assert!(trail(&world).contains("would not have its media elsewhere"), "{}", trail(&world));
    world.finish();
}

/// Nobody is believed but the far end of a trunk that has an inside interface.
#[test]
fn b8_of_everybody_else_nobody_reads_where_they_say_to_be() {
    let other = r#"
[trunk.other]
kind = "pbx"
servers = [{ uri = "sip:198.51.100.77:5060" }]
accept = { sources = ["198.51.100.77"], did = "any" }
health = { options = "off" }
identity.format = "+e164"
"#;
    for (more, name) in [("", "far"), (&*format!("{other}{LOCAL}"), "other")] {
        let (mut world, hana, far) = teams(more);
        let liar = world.provider(name);
        if name != "far" {
            liar.has_habit(Habit::Checks);
        }
        says(&liar, INTERNAL);

        let call = liar.dials("+1 425 555 0100");
        world.run_for(WHILE);

        assert!(call.is_up_with(&hana), "{name}: {:?}", call.notes());
        assert_eq!((told(&world, &liar).as_str(), sends_to(&liar).as_str()), (PUBLIC, PUBLIC), "{name}");
        assert!(name == "far" || far.calls_now() == 0);
        call.hangs_up();
        world.run_for(WHILE);
        assert!(!trail(&world).contains("location"), "{}", trail(&world));
        world.finish();
    }
}

/// Media is to cross another border controller first, of which we know nothing: it passes through us, and the
/// trail says so.
#[test]
fn b8_media_that_is_to_cross_a_controller_of_others_passes_through_us() {
    let (mut world, hana, far) = teams(LOCAL);
    far.with(|profile| profile.habits.retain(|habit| *habit != Habit::Adds(PATH)));
    far.has_habit(Habit::Adds("X-MS-MediaPath: vnsbc.contoso.example, sbc1.contoso.example"));
    says(&far, INTERNAL);

    let call = far.dials("+1 425 555 0100");
    world.run_for(WHILE);

    assert!(call.is_up_with(&hana));
    assert_eq!(told(&world, &far), INSIDE);
    call.hangs_up();
    world.run_for(WHILE);
    let trail = trail(&world);
    assert!(trail.contains("to cross vnsbc.contoso.example first, which is not ours"), "{trail}");
    world.finish();
}

/// The inside interface has one pair of ports, kept for help: whoever else is inside gets the public place, a
/// call for help takes the last pair, and the next one is not refused for want of another.
#[test]
fn b8_nobody_is_refused_for_want_of_an_inside_port() {
    let more = r#"
[interface.voice]
address = "10.30.0.1"
udp = 5060
side = "inside"
media_ports = "31000-31001"
[trunk.gateway]
kind = "gateway"
servers = [{ uri = "sip:198.51.100.77:5060" }]
accept = { sources = ["198.51.100.77"] }
health = { options = "off" }
identity.format = "+e164"
[emergency.us]
dial = ["911"]
trunks = ["gateway"]
[trunk.far.media]
inside_interface = "voice"
"#;
    let (mut world, hana, far) = teams(more);
    says(&far, INTERNAL);

    let usual = far.dials("+1 425 555 0100");
    world.run_for(WHILE);
    assert!(usual.is_up_with(&hana), "{:?}", usual.notes());
    assert_eq!(told(&world, &far), PUBLIC);
    let first = far.dials("911");
    world.run_for(WHILE);
    assert_eq!(told(&world, &far), "10.30.0.1");
    let second = far.dials("911");
    world.run_for(WHILE);
    assert_eq!(told(&world, &far), PUBLIC);

    assert!(usual.is_up() && first.is_up() && second.is_up());
    for call in [usual, first, second] {
        call.hangs_up();
    }
    world.run_for(WHILE);
    let all: Vec<String> = world.records().iter().map(|record| record.trail.to_string()).collect();
    let displaced = all.iter().filter(|trail| trail.contains("no media port was free at interface voice"));
    assert_eq!(displaced.count(), 2, "{all:?}");
    world.finish();
}

/// Of two that only answer checks nobody would ask: the house asks, as a full agent. An inside address is
/// asked from the inside interface alone.
#[test]
fn b8_who_comes_inside_is_looked_for_from_the_inside_interface() {
    let house = TWO_PROVIDERS.replace("udp = 5060", "udp = 5060\nice = \"full\"");
    let house = house.replace("198.51.100.10", "10.30.0.10");
    let house = format!("{house}\n[trunk.east.media]\ninside_interface = \"lan\"\n");
    let mut world = World::from_toml(seed(), &house);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::OnlyAnswersChecks);
    says(&east, EXTERNAL);
    let call = east.dials("+1 425 555 0100");
    world.run_for(WHILE);
    assert!(call.is_up() && hana.newest().packets_heard() == 0);

    says(&east, INTERNAL);
    call.reinvites();

    assert!(talk(&mut world, &call, &hana.newest()), "{:?}", call.notes());
    call.hangs_up();
    world.run_for(WHILE);
    world.finish();
}

/// The media of a trunk lies apart from its signalling, in both directions.
#[test]
fn g5_media_lies_at_another_interface_than_its_signalling() {
    let more = r#"
[interface.dmz]
address = "192.0.2.20"
udp = 5060
side = "outside"
media_ports = "33000-33009"
[trunk.far.media]
interface = "dmz"
ice = "offered"
"#;
    let (mut world, hana, far) = teams(more);
    for is_out in [true, false] {
        let call = if is_out { hana.dials("+44 20 7946 0123") } else { far.dials("+1 425 555 0100") };
        world.run_for(WHILE);

        assert!(call.is_up_with(if is_out { &far } else { &hana }), "{:?}", call.notes());
        assert_eq!((told(&world, &far).as_str(), sends_to(&far).as_str()), ("192.0.2.20", "192.0.2.20"));
        assert_eq!(hana.legs().last().unwrap().media.to.unwrap().ip().to_string(), INSIDE);
        call.hangs_up();
        world.run_for(WHILE);
    }
    world.finish();
}
