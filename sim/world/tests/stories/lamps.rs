//! Lamps by the thousand: the last NOTIFY is always the true state, and soon.

use std::time::Duration;

use world::Link;
use world::lamps::{Lamps, light};

use crate::seed;

/// A tenth of what `cargo xtask sim --lamps` lights, with as many watchers for each user.
fn a_tenth() -> Lamps {
    Lamps { users: 100, desks: 5, calls_per_second: 20, ..Lamps::many() }
}

#[test]
fn l6_a_thousand_lamps_follow_calls_within_a_quarter_of_a_second() {
    let verdict = light(seed(), &a_tenth());

    assert_eq!(verdict.wrong, 0, "{:#?}", verdict.objections);
    assert_eq!(verdict.subscriptions, 1_000);
    assert!(verdict.calls > 150 && verdict.still_up > 0, "{} calls", verdict.calls);
    assert!(verdict.lags.len() > 4_000, "{} changes seen", verdict.lags.len());
    assert!(verdict.lag(990) <= Duration::from_millis(250), "p99 {:?}", verdict.lag(990));
}

/// A tenth of all datagrams of the consoles lost, others copied and overtaken: late, and true at the end.
#[test]
fn l6_a_thousand_lamps_are_true_at_the_end_of_a_rough_day() {
    for seed in seed()..seed() + 2 {
        let verdict = light(seed, &Lamps { link: Link::rough(100), news_lost: 50, ..a_tenth() });

        assert_eq!(verdict.wrong, 0, "seed {seed}: {:#?}", verdict.objections);
        assert!(verdict.lag(500) <= Duration::from_millis(250), "p50 {:?}", verdict.lag(500));
    }
}

/// The judge is worth something: it notices a lamp that was forgotten.
#[test]
fn l6_a_lamp_that_is_not_told_is_noticed() {
    let cut = Link { loss: 1_000, ..Link::default() };
    let verdict = light(seed(), &Lamps { users: 20, desks: 1, keys: 20, link: cut, ..a_tenth() });

    assert!(verdict.wrong > 0 && verdict.still_up > 0);
}
