//! Calls take turns: in order, evenly, bounded, whatever the clock does.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(clippy::disallowed_methods, reason = "shards are threads of the shell; here they are tried by hand")]

mod house;

use std::sync::Arc;

use house::{CONTOSO, hana_dials, house_of, planned};
use policy::{Pace, Turn, WallTime};

const NOW: WallTime = WallTime(1_763_632_800_000);

/// Northwind takes five calls in a second, and lets them wait for two.
fn paces() -> Arc<[Arc<Pace>]> {
    let limits = "limits = { calls = 60, calls_per_second = 5, wait = \"2s\" }";
    let policy = house_of(&CONTOSO.replace("limits = { calls = 60 }", limits));
    let plan = planned(&policy, &hana_dials("+12065550142"));
    assert!(!plan.attempts[0].paces.is_empty(), "the plan says whose line it waits in");
    plan.attempts[0].paces.clone()
}

fn waits_ms(paces: &Arc<[Arc<Pace>]>, now: WallTime, count: usize) -> Vec<u128> {
    (0..count).map(|_| Turn::take(paces, now).unwrap().wait.as_millis()).collect()
}

/// Each call takes the next free moment; the one that would wait too long takes none.
#[test]
fn a23_turns_are_evenly_spaced_and_bounded() {
    let paces = paces();

    assert_eq!(waits_ms(&paces, NOW, 11), [0, 200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800, 2000]);
    let full = Turn::take(&paces, NOW).unwrap_err();
    assert_eq!(full.to_string(), "the line of trunk northwind (5 calls/s) is too long: 2.2 s");
    assert_eq!(waits_ms(&paces, WallTime(NOW.0 + 200), 1), [2000], "a moment later one more fits");
}

/// The last in line who leaves gives its moment back; one with others behind it doesn't move them.
#[test]
fn a23_the_last_in_line_gives_its_moment_back() {
    let paces = paces();
    let turns: Vec<Turn> = (0..3).map(|_| Turn::take(&paces, NOW).unwrap()).collect();

    turns[2].give_back();
    assert_eq!(waits_ms(&paces, NOW, 1), [400]);
    turns[1].give_back();
    assert_eq!(waits_ms(&paces, NOW, 1), [600]);
}

/// A call for help takes no turn, and those behind it leave room for it.
#[test]
fn a19_a_call_for_help_takes_no_turn() {
    let paces = paces();
    waits_ms(&paces, NOW, 11);

    Turn::pass(&paces, NOW);

    assert_eq!(waits_ms(&paces, WallTime(NOW.0 + 1000), 1), [1400]);
}

/// A wall clock that is set back by an hour stops nobody for an hour.
#[test]
fn a23_a_clock_that_is_set_back_stops_nobody() {
    let paces = paces();
    waits_ms(&paces, NOW, 11);

    let earlier = WallTime(NOW.0 - 3_600_000);

    assert_eq!(waits_ms(&paces, earlier, 2), [0, 200]);
}

/// All shards share one line: from eight threads no moment is given twice.
#[test]
fn a23_shards_share_one_line_without_locks() {
    let paces = paces();
    let taken: Vec<u128> = std::thread::scope(|scope| {
        let shards: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Turn::take(&paces, NOW).ok().map(|turn| turn.wait.as_millis())))
            .collect();
        shards.into_iter().filter_map(|shard| shard.join().unwrap()).collect()
    });

    let mut in_order = taken.clone();
    in_order.sort_unstable();
    assert_eq!(in_order, [0, 200, 400, 600, 800, 1000, 1200, 1400]);
}
