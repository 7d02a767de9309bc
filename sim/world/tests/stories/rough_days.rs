//! Random days, and random sequences of what the parties of one call do: each seed is one.

use world::seeds::{self, Tale};

#[test]
fn no_judge_speaks_on_the_first_days() {
    let summary = seeds::run(Tale::Day, 1, 20);

    let all: String = summary.failures.iter().map(|failure| format!("{failure}\n")).collect();
    assert!(summary.failures.is_empty(), "{all}");
    assert!(summary.calls >= 200 && summary.answered >= 100, "{summary:?}");
}

/// Whatever the parties do to a call, in whatever order: who is left hears the other, and nothing is held.
#[test]
fn no_judge_speaks_on_the_first_sequences() {
    let summary = seeds::run(Tale::Sequence { shards: 1 }, 1, 60);

    let all: String = summary.failures.iter().map(|failure| format!("{failure}\n")).collect();
    assert!(summary.failures.is_empty(), "{all}");
    assert!(summary.answered >= 50, "{summary:?}");
}

#[test]
fn a_seed_tells_the_same_day_each_time() {
    let [one, other] = [seeds::run(Tale::Day, 8, 1), seeds::run(Tale::Day, 8, 1)];

    assert_eq!((one.calls, one.answered, one.lived), (other.calls, other.answered, other.lived));
}
