//! Random days: each seed is one, with its losses, habits and deaths.

use world::seeds;

#[test]
fn no_judge_speaks_on_the_first_days() {
    let summary = seeds::run(1, 20);

    let all: String = summary.failures.iter().map(|failure| format!("{failure}\n")).collect();
    assert!(summary.failures.is_empty(), "{all}");
    assert!(summary.calls >= 200 && summary.answered >= 100, "{summary:?}");
}

#[test]
fn a_seed_tells_the_same_day_each_time() {
    let [one, other] = [seeds::run(8, 1), seeds::run(8, 1)];

    assert_eq!((one.calls, one.answered, one.lived), (other.calls, other.answered, other.lived));
}
