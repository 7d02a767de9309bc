//! How long to wait: never all at once, never for ever.

use std::time::Duration;

use sip_stack::Chance;

use crate::watch::Retry;

/// Whoever bids us wait longer than this is asked again all the same.
const ASKED_MOST: Duration = Duration::from_secs(3600);

/// Before the next try after so many failures in a row.
pub(crate) fn after_failures(failures: u32, retry: Retry, chance: &mut Chance) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let whole = retry.first.saturating_mul(1 << doublings).min(retry.most);
    part_of(whole, 75, 100, chance)
}

/// How long a provider is left alone that asks for so many seconds.
pub(crate) fn as_asked(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds)).min(ASKED_MOST)
}

/// A little more than was asked for, so that not everybody comes at once.
pub(crate) fn spread(chance: &mut Chance) -> Duration {
    part_of(Duration::from_secs(2), 0, 100, chance)
}

/// Once the account is refused for good.
pub(crate) fn stopped(retry: Retry, chance: &mut Chance) -> Duration {
    part_of(retry.stopped, 90, 100, chance)
}

/// Before a registration is renewed: early enough for some failures before it lapses.
pub(crate) fn until_refresh(granted: Duration, chance: &mut Chance) -> Duration {
    part_of(granted, 75, 90, chance)
}

fn part_of(whole: Duration, least: u32, most: u32, chance: &mut Chance) -> Duration {
    let thousandths = least * 10 + chance.below((most - least) * 10 + 1);
    whole * thousandths / 1000
}
