//! Requests that the house doesn't know, in calls and outside of them.

use std::time::Duration;

use actors::{Deed, Ended, Habit, LegId, Note};
use world::World;

use crate::{TWO_PROVIDERS, seed};

/// Methods of other standards, of the past, and of nobody.
const METHODS: [&str; 30] = [
    "MESSAGE",
    "PROPAGATE",
    "ENROL",
    "SERVICE",
    "BENOTIFY",
    "NEGOTIATE",
    "QAUTH",
    "SPRACK",
    "DO",
    "COMET",
    "BREW",
    "PROPFIND",
    "GET",
    "POST",
    "PUT",
    "DELETE",
    "HEAD",
    "PATCH",
    "CONNECT",
    "TRACE",
    "invite",
    "Bye",
    "X",
    "INVITES",
    "0",
    "A-B",
    "a.b",
    "~",
    "!%*_+",
    "CANCELLED",
];

fn say(leg: Option<LegId>, method: &'static str) -> Deed {
    let headers = vec![("Event".to_owned(), "dialog".to_owned())];
    Deed::Say { leg, method, headers, body: Some(("text/plain".to_owned(), "hello".to_owned())) }
}

fn replies(notes: &[Note]) -> Vec<(String, u16, String)> {
    let reply = |note: &Note| match note {
        Note::Replied { method, status, allow } => Some((method.clone(), *status, allow.clone())),
        _ => None,
    };
    notes.iter().filter_map(reply).collect()
}

/// Thirty methods inside of a call, from either side: 405 with Allow, nothing carried, the call goes on.
#[test]
fn a24_thirty_unknown_methods_inside_of_a_call_are_refused_and_not_forwarded() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    for method in METHODS {
        hana.does(|leg| say(Some(leg), method));
        east.does(|leg| say(Some(leg), method));
        world.run_for(Duration::from_millis(300));
    }
    world.run_until_quiet();

    for who in [&hana, &east] {
        let replies = replies(&who.notes());
        assert_eq!(replies.len(), METHODS.len(), "{}", who.name());
        for (method, status, allow) in replies {
            assert!(status == 405 && allow.contains("INVITE"), "{method}: {status} {allow}");
        }
    }
    assert!(call.is_up_with(&east));
    world.finish();
}

/// The same outside of any call, where users write to each other.
#[test]
fn a24_thirty_unknown_methods_outside_of_a_call_are_refused() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let hana = world.user("hana");
    let unknown = || METHODS.into_iter().filter(|method| *method != "MESSAGE");

    for method in unknown() {
        hana.says_outside(say(None, method));
        world.run_for(Duration::from_millis(300));
    }
    world.run_until_quiet();

    let replies = replies(&hana.notes());
    assert_eq!(replies.len(), unknown().count());
    for (method, status, allow) in replies {
        assert!(status == 405 && allow.contains("INVITE"), "{method}: {status} {allow}");
    }
    world.finish();
}

/// Events that nobody serves, and requests of calls that there are not.
#[test]
fn a24_known_methods_in_the_wrong_place_hear_their_own_codes() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let hana = world.user("hana");

    for method in ["SUBSCRIBE", "MESSAGE", "NOTIFY", "REFER", "INFO", "UPDATE", "PRACK"] {
        hana.says_outside(say(None, method));
        world.run_for(Duration::from_millis(300));
    }
    world.run_until_quiet();

    let statuses: Vec<u16> = replies(&hana.notes()).iter().map(|(_, status, _)| *status).collect();
    // Whoever would watch or write is asked for a proof before anything else is said.
    assert_eq!(statuses, [401, 401, 481, 403, 481, 481, 481]);
    world.finish();
}

/// MESSAGE and INFO are carried where both legs' rules say so, and only there.
#[test]
fn a24_a_trunk_says_what_it_carries() {
    let house = TWO_PROVIDERS.replace("[trunk.east]", "[trunk.east]\ncall = { methods = [] }");
    let mut world = World::from_toml(seed(), &house);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_until_quiet();

    call.presses("5");
    world.run_until_quiet();

    let replies = replies(&call.notes());
    assert_eq!((replies[0].1, replies[0].2.contains("INFO")), (405, false));
    assert_eq!(east.count(|note| matches!(note, Note::Told { .. })), 0);
    world.finish();
}

/// A far end that is deaf to INFO: nobody is told 408, which would come too late to be of use (RFC 4320
/// 4.1), nor 100 before time (4.2).
#[test]
fn c3_a_request_that_nobody_answers_is_not_answered_with_408() {
    let mut world = World::from_toml(seed(), TWO_PROVIDERS);
    let (hana, east) = (world.user("hana"), world.provider("east"));
    let call = hana.dials("+1 206 555 0142");
    world.run_for(Duration::from_secs(5));
    assert!(call.is_up_with(&east));
    world.captures();

    east.has_habit(Habit::Silent);
    call.presses("5");
    world.run_for(Duration::from_secs(3));
    let soon = world.ladder();
    world.run_for(Duration::from_secs(60));

    let answers = |lines: &[String]| -> Vec<String> {
        lines.iter().filter(|line| line.starts_with("hana <- ")).cloned().collect()
    };
    assert!(soon.contains(&"east <- INFO".to_owned()), "{soon:?}");
    assert_eq!(answers(&soon), Vec::<String>::new(), "nothing is said before the transaction ages");
    let told = answers(&world.ladder());
    assert!(!told.iter().any(|line| line.contains("408 ")), "{told:?}");
    assert_eq!(call.ended(), Some(Ended::ByPeer), "who answers nothing is not there (RFC 3261 12.2.1.2)");
    world.finish();
}
