//! Chaos: servers, DNS and registrars die and return at random, and calls come and go all the time. The
//! judges (`seeds/chaos.rs`) know who lived, and read the schedules off the wire. `cargo xtask sim --chaos`
//! lives hours.

use std::time::Duration;

use world::{Chronicle, seeds};

/// Lives through a quarter of an hour, and through the minutes after it.
fn survive(seed: u64) {
    let sum = seeds::survive(seed, Duration::from_secs(900), Chronicle::Silent);

    let all: String = sum.failures.iter().map(|failure| format!("{failure}\n")).collect();
    assert!(sum.failures.is_empty(), "{all}");
    assert!(sum.calls >= 250 && sum.answered >= 100, "{sum:?}");
}

/// Whoever dies and returns: no call fails that a living, allowed far end could have taken, and whoever bids
/// us wait is left alone.
#[test]
fn a7_no_call_fails_in_chaos_that_somebody_alive_could_have_taken() {
    survive(1);
}

/// Whatever befalls registrars and DNS: no try before its time, none forgotten, and in the end every account
/// is registered again.
#[test]
fn a3_registrations_keep_their_schedules_in_chaos() {
    survive(2);
}

/// Every address of every provider is probed by its schedule, dead or alive, and is up again when it is back.
#[test]
fn a6_probes_keep_their_schedules_in_chaos() {
    survive(3);
}
