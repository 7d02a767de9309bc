//! The definitions of RFC 6076, by figures that were worked out by hand.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use performance::{BOUNDS_MS, ByTrunk, Delays, End, Leave, Outcome, Performance, Requests, says_something};
use serde_json::json;

fn requests(ends: impl IntoIterator<Item = End>) -> Requests {
    let mut all = Requests::default();
    ends.into_iter().for_each(|end| all.count(end, None));
    all
}

fn statuses(all: &[u16]) -> Requests {
    requests(all.iter().copied().map(End::Status))
}

#[test]
fn k2_ser_is_the_share_of_sessions_among_requests_that_were_not_redirected() {
    // 3 of 6 - 1.
    let all = statuses(&[200, 200, 202, 302, 486, 503]);

    assert_eq!(all.establishment(), Some(60.0));
}

#[test]
fn k2_seer_counts_who_is_away_or_busy_or_declines_as_served() {
    for status in [480, 486, 600, 603] {
        assert_eq!(statuses(&[200, status, 404, 301]).effectiveness(), Some(200.0 / 3.0), "{status}");
    }
    for status in [404, 484, 487, 488, 500, 503, 604, 606] {
        assert_eq!(statuses(&[200, status, 404, 301]).effectiveness(), Some(100.0 / 3.0), "{status}");
    }
}

#[test]
fn k2_isa_counts_what_the_far_end_could_not_serve_among_all_requests() {
    for status in [408, 500, 503, 504] {
        // Redirections are requests here.
        assert_eq!(statuses(&[status, 200, 302, 486]).ineffectiveness(), Some(25.0), "{status}");
    }
    for status in [400, 403, 404, 480, 487, 501, 502, 505, 603] {
        assert_eq!(statuses(&[status, 200, 302, 486]).ineffectiveness(), Some(0.0), "{status}");
    }
    assert_eq!(requests([End::Silence, End::Unreachable, End::Left]).ineffectiveness(), Some(200.0 / 3.0));
}

#[test]
fn k2_scr_is_the_share_of_requests_whose_session_ended_as_it_should() {
    let requests = statuses(&[200, 200, 486, 302]);
    let trunk = Performance { requests, completed: 1, ..Performance::default() };

    assert_eq!(trunk.completion(), Some(25.0));
}

#[test]
fn k2_srd_is_kept_apart_for_requests_that_came_to_a_session_and_those_that_did_not() {
    let mut all = Requests::default();
    all.count(End::Status(200), Some(40));
    all.count(End::Status(200), Some(60));
    all.count(End::Status(486), Some(900));
    all.count(End::Left, Some(100));
    all.count(End::Silence, None);

    assert_eq!(all.delays_established.mean_ms(), Some(50));
    assert_eq!((all.delays_failed.mean_ms(), all.delays_failed.count), (Some(500), 2));
    assert_eq!(all.all(), 5);
}

#[test]
fn k2_srd_ends_with_the_first_answer_that_is_neither_trying_nor_a_challenge() {
    for status in [100, 401, 402, 407] {
        assert!(!says_something(status), "{status}");
    }
    for status in [101, 180, 183, 200, 302, 400, 403, 422, 486, 500, 603] {
        assert!(says_something(status), "{status}");
    }
}

#[test]
fn k2_sdd_is_kept_apart_for_a_bye_that_was_taken_and_one_that_nobody_answered() {
    let mut trunk = Performance::default();
    trunk.left(Leave::Answered, 20);
    trunk.left(Leave::Answered, 40);
    trunk.left(Leave::TimedOut, 32_000);

    assert_eq!((trunk.leaves_answered.mean_ms(), trunk.leaves_answered.count), (Some(30), 2));
    assert_eq!((trunk.leaves_timed_out.mean_ms(), trunk.leaves_timed_out.count), (Some(32_000), 1));
}

#[test]
fn k2_ira_is_the_share_of_ineffective_requests_to_be_registered() {
    let mut trunk = Performance::default();
    trunk.registering.requests = 8;
    trunk.registering.ineffective = 2;

    assert_eq!(trunk.registering.ineffective_percent(), Some(25.0));
}

#[test]
fn k2_of_nothing_there_is_no_ratio() {
    let none = Performance::default();
    let moved = statuses(&[302]);

    assert_eq!((none.requests.establishment(), none.requests.ineffectiveness()), (None, None));
    assert_eq!((none.completion(), none.registering.ineffective_percent()), (None, None));
    assert_eq!((moved.establishment(), moved.effectiveness()), (None, None));
    assert_eq!(moved.ineffectiveness(), Some(0.0));
}

#[test]
fn k2_each_request_has_one_outcome_and_each_outcome_a_word() {
    for status in 200..=699 {
        let one = statuses(&[status]);
        let found: Vec<Outcome> = Outcome::ALL.into_iter().filter(|outcome| one.of(*outcome) == 1).collect();
        assert_eq!(found.len(), 1, "{status}");
    }
    let mut words = Outcome::ALL.map(Outcome::word).to_vec();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Outcome::ALL.len());
}

#[test]
fn a_delay_counts_with_the_first_bound_that_it_does_not_pass() {
    let mut delays = Delays::default();
    [0, 10, 11, 32_000, 32_001].into_iter().for_each(|ms| delays.add(ms));

    assert_eq!((delays.counts[0], delays.counts[1], delays.counts[BOUNDS_MS.len() - 1]), (2, 1, 1));
    assert_eq!((delays.count, delays.sum_ms), (5, 64_022));
}

/// A trunk of which no two figures are the same.
fn of_every_kind() -> Performance {
    let mut trunk = Performance { completed: 3, ..Performance::default() };
    for (end, times, delay_ms) in [
        (End::Status(200), 4, 40),
        (End::Status(486), 2, 300),
        (End::Status(302), 1, 7_000),
        (End::Status(503), 5, 30),
        (End::Left, 6, 9),
    ] {
        (0..times).for_each(|_| trunk.requests.count(end, Some(delay_ms)));
    }
    (0..7).for_each(|_| trunk.left(Leave::Answered, 20));
    (0..8).for_each(|_| trunk.left(Leave::TimedOut, 32_000));
    (trunk.registering.requests, trunk.registering.ineffective) = (11, 2);
    (0..9).for_each(|_| trunk.registering.delays.add(60));
    trunk
}

#[test]
fn figures_of_shards_add_up() {
    let (one, mut sum) = (of_every_kind(), of_every_kind());

    sum += one;
    sum += Performance::default();

    let twice = |delays: &Delays| {
        let counts = delays.counts.map(|count| 2 * count);
        Delays { counts, sum_ms: 2 * delays.sum_ms, count: 2 * delays.count }
    };
    for outcome in Outcome::ALL {
        assert_eq!(sum.requests.of(outcome), 2 * one.requests.of(outcome), "{outcome:?}");
    }
    assert_eq!(sum.requests.delays_established, twice(&one.requests.delays_established));
    assert_eq!(sum.requests.delays_failed, twice(&one.requests.delays_failed));
    assert_eq!(sum.completed, 6);
    assert_eq!(sum.leaves_answered, twice(&one.leaves_answered));
    assert_eq!(sum.leaves_timed_out, twice(&one.leaves_timed_out));
    assert_eq!((sum.registering.requests, sum.registering.ineffective), (22, 4));
    assert_eq!(sum.registering.delays, twice(&one.registering.delays));
}

#[test]
fn trunks_that_are_gone_are_forgotten() {
    let mut trunks = ByTrunk::default();
    trunks.of("east").completed = 3;
    trunks.of("west").completed = 4;

    trunks.keep(|name| name == "east");

    assert_eq!((trunks.read("east").completed, trunks.read("west").completed), (3, 0));
}

#[test]
fn k2_what_is_shown_has_sums_and_ratios() {
    let shown = serde_json::to_value(of_every_kind()).unwrap();

    let all_of_it = json!({
        "session_requests": {
            "all": 18, "established": 4, "declined": 2, "redirected": 1, "ineffective": 5, "other": 6,
        },
        // 4 and 4 + 2 of 18 - 1; 5 of 18; 3 of 18.
        "ser": 23.5, "seer": 35.3, "isa": 27.8, "sessions_completed": 3, "scr": 16.7,
        // 2 * 300 + 7,000 + 5 * 30 + 6 * 9, of 14.
        "srd_ms": { "established": { "count": 4, "mean": 40 }, "failed": { "count": 14, "mean": 557 } },
        "sdd_ms": { "answered": { "count": 7, "mean": 20 }, "timed_out": { "count": 8, "mean": 32_000 } },
        // 2 of 11.
        "registrations": { "all": 11, "ineffective": 2, "ira": 18.2, "rrd_ms": { "count": 9, "mean": 60 } },
    });
    assert_eq!(shown, all_of_it);
    let none = serde_json::to_value(Performance::default()).unwrap();
    for absent in ["ser", "seer", "isa", "scr", "registrations"] {
        assert!(none.get(absent).is_none(), "{absent} of nothing");
    }
    assert_eq!(none["sdd_ms"]["answered"], json!({ "count": 0 }));
}
