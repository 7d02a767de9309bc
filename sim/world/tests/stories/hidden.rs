//! What a far end may not learn, searched for byte by byte in everything that it was sent.

use std::time::Duration;

use actors::{BOAST, Habit};
use world::{ActorHandle, World};

use crate::{TWO_PROVIDERS, seed};

/// Everything by which hana could be known: number, name, user, address.
const HANA: [&str; 6] = ["4255550100", "555-0100", "hana", "Hana", "Kim", "10.20.0.31"];

fn house(identity: &str) -> String {
    TWO_PROVIDERS
        .replacen("[system]\n", "[system]\nprivacy_code = \"*67\"\n", 1)
        .replace("[trunk.east]\n", &format!("[trunk.east]\nidentity = {{ {identity} }}\n"))
}

/// A call with everything that a call may do: rings, is held and resumed, changed, told digits, hung up.
fn whole_call(world: &mut World, caller: &ActorHandle, number: &str) {
    let call = caller.dials(number);
    world.run_for(Duration::from_secs(5));
    assert!(call.is_up(), "{:?}", call.ended());
    call.holds();
    world.run_for(Duration::from_secs(2));
    call.resumes();
    world.run_for(Duration::from_secs(2));
    call.updates();
    world.run_for(Duration::from_secs(2));
    call.presses("5");
    world.run_for(Duration::from_secs(2));
    call.hangs_up();
    world.run_for(Duration::from_secs(40));
}

fn assert_free_of(messages: &[String], words: &[&str]) {
    assert!(messages.len() > 8, "there is something to search");
    for message in messages {
        for word in words {
            assert!(!message.contains(word), "\"{word}\" stands in\n{message}");
        }
    }
}

/// An anonymous call names its caller nowhere: not in From, Contact, Call-ID, any header, or a description,
/// from the INVITE to the BYE.
#[test]
fn a10_an_anonymous_call_names_its_caller_in_no_message() {
    let mut world = World::from_toml(seed(), &house(""));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::EarlyMedia);
    world.captures();

    whole_call(&mut world, &hana, "*67 1 206 555 0142");

    let sent = world.captured(&east);
    assert_free_of(&sent, &HANA);
    assert!(sent[0].contains("anonymous.invalid") && !sent[0].contains("P-Asserted-Identity"), "{}", sent[0]);
    world.finish();
}

/// A trusted provider is told who calls, in P-Asserted-Identity with Privacy: id, and nowhere else.
#[test]
fn a10_a_trusted_provider_is_told_in_one_header_only() {
    let mut world = World::from_toml(seed(), &house("trust = \"both\""));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    world.captures();

    whole_call(&mut world, &hana, "*67 1 206 555 0142");

    let sent = world.captured(&east);
    let invite = sent.iter().find(|message| message.starts_with("INVITE")).cloned().unwrap_or_default();
    assert!(invite.contains("\r\nPrivacy: id\r\n"), "{invite}");
    let without = |message: &String| -> String {
        message
            .lines()
            .filter(|line| !line.starts_with("P-Asserted-Identity: "))
            .collect::<Vec<_>>()
            .join("\r\n")
    };
    assert!(invite.contains("P-Asserted-Identity: <sip:+14255550100@"), "{invite}");
    assert_free_of(&sent.iter().map(without).collect::<Vec<_>>(), &HANA);
    world.finish();
}

/// The feature code is the house's own, and what is dialled after it is what is called.
#[test]
fn a10_the_same_call_without_the_code_names_its_caller() {
    let mut world = World::from_toml(seed(), &house(""));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    world.captures();

    whole_call(&mut world, &hana, "1 206 555 0142");

    let sent = world.captured(&east);
    assert!(sent[0].contains("+14255550100"), "{}", sent[0]);
    assert_eq!(east.was_called_as()[0], "sip:+12065550142@198.51.100.10:5060");
    world.finish();
}

/// What one side says of itself in headers for its own house reaches the other in no request, no answer,
/// nothing inside of the call: each leg is written afresh.
#[test]
fn f1_headers_of_one_side_reach_the_other_in_no_request_and_no_answer() {
    let mut world = World::from_toml(seed(), &house(""));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    hana.has_habit(Habit::Boasts);
    east.has_habit(Habit::Boasts);
    world.captures();

    whole_call(&mut world, &hana, "1 206 555 0142");

    assert_free_of(&world.captured(&east), &[BOAST]);
    assert_free_of(&world.captured(&hana), &[BOAST]);
    world.finish();
}

/// The same between two trunks that nobody trusts, where P-Charging-Vector and its like could pass.
#[test]
fn f6_network_headers_are_stripped_toward_those_who_are_not_trusted() {
    let mut world = World::from_toml(seed(), &house("trust = \"none\""));
    let (hana, east) = (world.user("hana"), world.provider("east"));
    east.has_habit(Habit::Boasts);
    world.captures();

    let call = east.dials("+1 425 555 0100");
    world.run_for(Duration::from_secs(5));
    call.hangs_up();
    world.run_for(Duration::from_secs(40));

    let to_hana = world.captured(&hana);
    assert!(to_hana.iter().any(|message| message.starts_with("INVITE")), "it rang");
    for message in &to_hana {
        assert!(!message.contains(BOAST), "{message}");
    }
    world.finish();
}
