//! Rules for headers in messages after the INVITE that begins a call.

use std::time::Duration;

use actors::Habit;
use world::{ActorHandle, World};

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(6);
const LONG: &str = "User-to-User: \
    030a11181f262d343b424950575e656c737a81888f969da4abb2b9c0c7ced5dc\
    e3eaf1f8ff060d141b222930373e454c535a61686f767d848b9299a0a7aeb5bc\
    c3cad1d8dfe6edf4fb020910171e252c333a41484f565d646b727980878e959c\
    a3aab1b8bfc6cdd4dbe2e9f0f7fe050c131a21282f363d444b525960676e757c;encoding=hex";

fn house(east: &str, west: &str) -> String {
    TWO_PROVIDERS
        .replace("[trunk.east]\n", &format!("[trunk.east]\nheaders = [{east}]\n"))
        .replace("[trunk.west]\n", &format!("[trunk.west]\nheaders = [{west}]\n"))
}

/// What the values of a header were, by the first word of the messages.
fn said(world: &World, to: &ActorHandle, header: &str) -> Vec<(String, String)> {
    let begin = format!("{header}: ");
    let messages = world.captured(to);
    let said = messages.iter().flat_map(|message| {
        let first = message.split(' ').next().unwrap_or_default();
        let word = if first == "SIP/2.0" { message[8..11].to_owned() } else { first.to_owned() };
        let lines = message.split("\r\n").filter_map(|line| line.strip_prefix(&begin));
        lines.map(move |value| (word.clone(), value.to_owned()))
    });
    said.collect()
}

fn words(said: &[(String, String)]) -> Vec<&str> {
    let mut words: Vec<&str> = said.iter().map(|(word, _)| word.as_str()).collect();
    words.dedup();
    words
}

/// A whole call to a provider: held, asked, ended.
fn call_out(rules: &str) -> (World, ActorHandle) {
    let mut world = World::from_toml(seed(), &house(rules, ""));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    world.captures();
    let call = hana.dials("+1 206 555 0142");
    world.run_for(WHILE);
    assert!(call.is_up_with(&east), "{:?}", call.notes());
    call.holds();
    world.run_for(WHILE);
    call.updates();
    world.run_for(WHILE);
    call.presses("5");
    world.run_for(WHILE);
    call.hangs_up();
    world.run_for(WHILE);
    (world, east)
}

/// Where a rule says nothing of messages, it is about the first INVITE; with `on` it is about those named.
#[test]
fn a_rule_is_about_the_messages_it_names() {
    let cases: [(&str, &[&str]); 5] = [
        ("", &["INVITE"]),
        (", on = [\"reinvite\"]", &["INVITE"]),
        (", on = [\"bye\"]", &["BYE"]),
        (", on = [\"update\", \"info\"]", &["UPDATE", "INFO"]),
        (", on = [\"requests\"]", &["INVITE", "UPDATE", "INFO", "BYE"]),
    ];
    for (on, wanted) in cases {
        let (world, east) = call_out(&format!("{{ set = \"X-Account\", value = \"4471/{{called}}\"{on} }}"));

        let said = said(&world, &east, "X-Account");

        assert_eq!(words(&said), wanted, "{on}");
        let count = if on.contains("requests") { 5 } else { wanted.len() };
        assert_eq!(said.len(), count, "{on}: {said:?}");
        assert!(said.iter().all(|(_, value)| value == "4471/+12065550142"), "{said:?}");
        world.finish();
    }
}

/// A rule for answers is about ringing and 200, of the first INVITE and of changes; what a phone says in its
/// answers reaches the provider where a rule hands it on, and only there.
#[test]
fn a_rule_for_answers_is_about_every_answer_that_counts() {
    let rules = "{ add = \"X-Site\", value = \"{trunk}\", on = [\"answers\"] }, \
                 { pass = \"User-to-User\", on = [\"answers\"] }, { remove = \"Allow\", on = [\"answers\"] }";
    let mut world = World::from_toml(seed(), &house(rules, ""));
    let (east, minsu) = (world.provider("east"), world.user("minsu"));
    minsu.has_habit(Habit::Adds("User-to-User: 56a390f3;encoding=hex"));
    world.captures();

    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);
    assert!(call.is_up_with(&minsu), "{:?}", call.notes());
    call.holds();
    world.run_for(WHILE);
    call.hangs_up();
    world.run_for(WHILE);

    assert_eq!(words(&said(&world, &east, "X-Site")), ["180", "200"]);
    let handed = said(&world, &east, "User-to-User");
    assert_eq!(words(&handed), ["180", "200"]);
    assert!(handed.iter().all(|(_, value)| value == "56a390f3;encoding=hex"), "{handed:?}");
    assert!(said(&world, &east, "Allow").iter().all(|(word, _)| word != "180"));
    world.finish();
}

/// A refusal is an answer too.
#[test]
fn a_rule_for_answers_is_about_refusals() {
    let rules = "{ set = \"X-Site\", value = \"{trunk}\", on = [\"answers\"] }, \
                 { remove = \"Reason\", on = [\"answers\"] }";
    let mut world = World::from_toml(seed(), &house(rules, ""));
    let (east, minsu) = (world.provider("east"), world.user("minsu"));
    minsu.answers_every_invite_with(486);
    world.captures();

    let call = east.dials("+1 425 555 0101");
    world.run_for(WHILE);

    assert!(!call.is_up());
    assert_eq!(words(&said(&world, &east, "X-Site")), ["486"]);
    assert_eq!(said(&world, &east, "Reason"), []);
    world.finish();
}

/// What somebody says with a BYE goes on where a rule hands it on; a hidden caller is not given away by it.
#[test]
fn what_is_said_at_the_end_goes_on_where_a_rule_hands_it_on() {
    for (code, value) in [("", Some("4255550100")), ("*67", None)] {
        let house = house("{ pass = \"X-Owner\", on = [\"bye\"] }", "");
        let house = house.replacen("[system]\n", "[system]\nprivacy_code = \"*67\"\n", 1);
        let mut world = World::from_toml(seed(), &house);
        let (hana, east) = (world.user("hana"), world.provider("east"));
        hana.has_habit(Habit::Adds("X-Owner: 4255550100"));
        world.captures();

        let call = hana.dials(&format!("{code} 1 206 555 0142"));
        world.run_for(WHILE);
        assert!(call.is_up_with(&east));
        call.hangs_up();
        world.run_for(WHILE);

        let handed = said(&world, &east, "X-Owner");
        assert_eq!(handed.first().map(|(_, value)| value.as_str()), value, "{handed:?}");
        assert!(handed.iter().all(|(word, _)| word == "BYE"), "{handed:?}");
        world.finish();
    }
}

/// Nor is somebody hidden who came into the call later, by a transfer.
#[test]
fn who_comes_later_and_hides_is_not_given_away_by_what_is_handed_on() {
    for (privacy, is_handed) in [("by-call", true), ("always", false)] {
        let house = house("{ pass = \"X-Owner\", on = [\"bye\"] }", "");
        let house = house.replace("[user.hana]\n", &format!("[user.hana]\nprivacy = \"{privacy}\"\n"));
        let mut world = World::from_toml(seed(), &house);
        let (hana, minsu, east) = (world.user("hana"), world.user("minsu"), world.provider("east"));
        hana.has_habit(Habit::Adds("X-Owner: Hana Kim, 425-555-0100"));
        world.captures();
        let call = east.dials("+1 425 555 0101");
        world.run_for(WHILE);
        minsu.newest().transfers_to("0100");
        world.run_for(WHILE);
        assert!(call.is_up_with(&hana));

        hana.newest().hangs_up();
        world.run_for(WHILE);

        assert_eq!(said(&world, &east, "X-Owner").len(), usize::from(is_handed));
        world.finish();
    }
}

/// 128 octets of User-to-User (RFC 7433): from a phone to the provider in the INVITE of a call, and in the
/// answers to the provider's own.
#[test]
fn f9_a_long_user_to_user_goes_both_ways_whole() {
    let rules = "{ pass = \"User-to-User\" }, { pass = \"User-to-User\", on = [\"answers\"] }";
    let mut world = World::from_toml(seed(), &house(rules, ""));
    let (east, minsu) = (world.provider("east"), world.user("minsu"));
    minsu.has_habit(Habit::Adds(LONG));
    world.captures();

    let out = minsu.dials("+1 206 555 0142");
    world.run_for(WHILE);
    assert!(out.is_up_with(&east));
    out.hangs_up();
    world.run_for(WHILE);
    let back = east.dials("+1 425 555 0101");
    world.run_for(WHILE);
    assert!(back.is_up_with(&minsu));
    back.hangs_up();
    world.run_for(WHILE);

    let value = LONG.trim_start_matches("User-to-User: ");
    assert_eq!(value.split(';').next().map(str::len), Some(256), "two digits for each octet");
    let handed = said(&world, &east, "User-to-User");
    assert_eq!(words(&handed), ["INVITE", "180", "200"]);
    assert!(handed.iter().all(|(_, said)| said == value), "{handed:?}");
    world.finish();
}
