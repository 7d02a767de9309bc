//! All phones of a house come back at once: they wait for one another, and calls wait for nobody.

use std::time::Duration;

use world::storm::{Outcome, PROMISED, Shaping, Weather, blow};

use crate::seed;

/// So long calls go on, which is enough for what `cargo xtask sim --storms` lets blow in short.
const LASTS: Duration = Duration::from_secs(12);

fn assert_calls_are_unharmed(outcome: &Outcome) {
    let verdict = &outcome.verdict;
    assert_eq!((verdict.well, verdict.help_well), (verdict.calls, verdict.help), "{verdict:?}");
    assert_eq!((verdict.repeats, outcome.calls_left), (0, 0), "nothing of a call is said twice");
}

#[test]
fn in_a_storm_of_phones_no_call_is_harmed_and_all_phones_are_back_as_promised() {
    let outcome = blow(seed(), &Weather::short(), LASTS);

    assert_calls_are_unharmed(&outcome);
    let verdict = &outcome.verdict;
    assert!(verdict.calls > 350 && verdict.rang.len() == verdict.calls, "{verdict:?}");
    assert_eq!(verdict.registered.len(), 5_000, "asked again {}", verdict.asked_again);
    assert!(verdict.all_back() <= PROMISED, "{:?}", verdict.all_back());
    assert!(outcome.put_off > 0, "it was a storm");
}

/// The judge is worth something: where nobody is put off, calls suffer.
#[test]
fn a_storm_in_which_nobody_is_put_off_harms_calls() {
    let outcome = blow(seed(), &Weather { shaping: Shaping::Off, ..Weather::short() }, LASTS);

    assert!(outcome.verdict.repeats > 0 && outcome.lost > 0, "{outcome:?}");
}
