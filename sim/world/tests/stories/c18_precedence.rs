//! Calls that are marked by those who may mark them pass limits that are full (RFC 4412).

use std::time::Duration;

use actors::Ended;
use world::World;

use crate::{TWO_PROVIDERS, seed};

const WHILE: Duration = Duration::from_secs(5);

/// One call at a time goes out by east, two by west for help alone; hana may mark calls.
fn house() -> String {
    TWO_PROVIDERS
        .replacen("limits = { calls = 40 }", "limits = { calls = 1 }\nresource_priority = [\"wps\"]", 1)
        .replacen("backup = [\"west\"]\n", "", 1)
        .replacen("[user.hana]\n", "[user.hana]\nresource_priority = [\"wps\"]\n", 1)
}

/// A full trunk takes the marked call of whoever may mark, and no other; it hears of the mark; help is called
/// past both.
#[test]
fn c18_a_marked_call_is_admitted_under_a_full_limit() {
    let mut world = World::from_toml(seed(), &house());
    let (east, minsu, hana, lobby) =
        (world.provider("east"), world.user("minsu"), world.user("hana"), world.user("lobby"));
    world.captures();
    let first = minsu.dials("+1 206 555 0142");
    world.run_for(WHILE);
    assert!(first.is_up_with(&east));

    let plain = hana.dials("+1 206 555 0143");
    let forged = minsu.calls_with("+12065550144", "Resource-Priority", "wps.0");
    world.run_for(WHILE);
    assert_eq!(plain.ended(), Some(Ended::Refused(503)));
    assert_eq!(forged.ended(), Some(Ended::Refused(503)));
    let marked = hana.calls_with("+12065550145", "Resource-Priority", "wps.0");
    world.run_for(WHILE);
    assert!(marked.is_up());
    let help = lobby.dials("911");
    world.run_for(WHILE);
    assert!(help.is_up());

    let sent = world.captured(&east);
    let marks = sent.iter().filter(|message| message.contains("\r\nResource-Priority: wps.0\r\n"));
    assert_eq!(marks.filter(|message| message.starts_with("INVITE sip:+12065550145")).count(), 1);
    for call in [first, marked, help] {
        call.hangs_up();
    }
    world.run_for(Duration::from_secs(40));
    world.finish();
}

/// Who may mark may demand that the mark is understood; of anybody else that is an extension nobody knows.
#[test]
fn c18_a_mark_that_must_be_understood_is_where_it_counts() {
    let mut world = World::from_toml(seed(), &house());
    let (hana, minsu) = (world.user("hana"), world.user("minsu"));
    for caller in [&hana, &minsu] {
        caller.has_habit(actors::Habit::Adds("Resource-Priority: wps.1"));
    }

    let understood = hana.calls_with("0102", "Require", "resource-priority");
    world.run_for(WHILE);
    let unknown = minsu.calls_with("0102", "Require", "resource-priority");
    world.run_for(WHILE);

    assert!(understood.is_up());
    assert_eq!(unknown.ended(), Some(Ended::Refused(420)));
    understood.hangs_up();
    world.run_for(WHILE);
    world.finish();
}
