//! When an authority is asked: a pure function.
//!
//! A certificate is renewed when two thirds of its life are over, a little earlier by chance: houses that
//! began together do not come together. After a failure the next try comes after a minute, ten, a hundred,
//! and then once a day, as Let's Encrypt wishes it; sooner where a certificate lives for days or hours alone.

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;
/// Where nobody has a certificate yet, somebody is about to mend what is wrong.
const WITHOUT_MAX: i64 = 6 * 60 * MINUTE;
/// Whatever a certificate says of its life, nobody is asked for one after another.
const LEAST: i64 = 10 * SECOND;
/// How much of a life chance takes from the end of its second third, and of a wait: one part in so many.
const SPREAD: i64 = 20;
/// Between two tries there is no more than one part in so many of a life.
const TRIES: i64 = 24;

/// From when until when a certificate holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    pub from_ms: i64,
    pub until_ms: i64,
}

/// What became of the tries before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Since the last one that went well.
    pub failures: u32,
    pub tried_ms: Option<i64>,
    /// Before then the authority does not want to be asked.
    pub wait_until_ms: Option<i64>,
}

/// When to ask for the next one. `life` is that of the one in use, if the authority gave it.
pub fn next_ms(life: Option<Life>, past: Past, chance: u32) -> i64 {
    let span = life.map(|life| (life.until_ms - life.from_ms).max(0));
    let due = match (past.failures, past.tried_ms) {
        (0, tried) | (_, tried @ None) => life.map_or(0, |life| {
            let span = span.unwrap_or(0);
            let due = life.from_ms + span / 3 * 2 - part(span / SPREAD, chance);
            tried.map_or(due, |tried| due.max(tried + LEAST))
        }),
        (failures, Some(tried)) => {
            let wait = wait(failures, span);
            tried + wait + part(wait / SPREAD, chance)
        }
    };
    past.wait_until_ms.map_or(due, |until| due.max(until))
}

fn wait(failures: u32, span: Option<i64>) -> i64 {
    let step = match failures {
        0 | 1 => MINUTE,
        2 => 10 * MINUTE,
        3 => 100 * MINUTE,
        _ => DAY,
    };
    let most = span.map_or(WITHOUT_MAX, |span| (span / TRIES).max(SECOND));
    step.min(most)
}

fn part(of: i64, chance: u32) -> i64 {
    let share = i128::from(of) * i128::from(chance) / i128::from(u32::MAX);
    i64::try_from(share).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_764_000_000_000;
    const MONTHS: Life = Life { from_ms: NOW, until_ms: NOW + 90 * DAY };

    fn failed(failures: u32) -> Past {
        Past { failures, tried_ms: Some(NOW), wait_until_ms: None }
    }

    #[test]
    fn d14_a_certificate_is_renewed_after_two_thirds_of_its_life_or_a_little_before() {
        let latest = next_ms(Some(MONTHS), Past::default(), 0);
        let earliest = next_ms(Some(MONTHS), Past::default(), u32::MAX);
        let between = next_ms(Some(MONTHS), Past::default(), u32::MAX / 2);

        assert_eq!(latest, NOW + 60 * DAY);
        assert_eq!(earliest, NOW + 60 * DAY - 90 * DAY / 20);
        assert!((earliest + 1..latest).contains(&between));
    }

    #[test]
    fn d14_whoever_has_none_asks_at_once() {
        assert!(next_ms(None, Past::default(), u32::MAX) < NOW);
    }

    #[test]
    fn d14_each_failure_is_followed_by_a_longer_wait() {
        let waits = [1, 2, 3, 4, 5, 1_000].map(|count| next_ms(Some(MONTHS), failed(count), 0) - NOW);

        assert_eq!(waits, [MINUTE, 10 * MINUTE, 100 * MINUTE, DAY, DAY, DAY]);
        let by_chance = next_ms(Some(MONTHS), failed(2), u32::MAX) - NOW;
        assert_eq!(by_chance, 10 * MINUTE + MINUTE / 2);
    }

    #[test]
    fn d14_a_short_life_is_tried_for_often_enough_and_never_without_a_pause() {
        let week = Life { from_ms: NOW, until_ms: NOW + 6 * DAY };
        let minute = Life { from_ms: NOW, until_ms: NOW + MINUTE };
        let none = Life { from_ms: NOW, until_ms: NOW };

        assert_eq!(next_ms(Some(week), failed(9), 0) - NOW, 6 * DAY / 24);
        assert_eq!(next_ms(Some(minute), failed(9), 0) - NOW, MINUTE / 24);
        assert_eq!(next_ms(Some(none), failed(9), 0) - NOW, SECOND);
        assert_eq!(next_ms(None, failed(9), 0) - NOW, WITHOUT_MAX);
    }

    #[test]
    fn d14_a_certificate_whose_life_is_over_when_it_comes_is_not_asked_for_again_and_again() {
        let over = Life { from_ms: NOW - DAY, until_ms: NOW };
        let given = Past { tried_ms: Some(NOW), ..Past::default() };

        assert_eq!(next_ms(Some(over), given, u32::MAX), NOW + LEAST);
    }

    #[test]
    fn d14_who_says_when_to_come_again_is_not_asked_before() {
        let told = Past { wait_until_ms: Some(NOW + 2 * DAY), ..failed(1) };

        assert_eq!(next_ms(Some(MONTHS), told, 0), NOW + 2 * DAY);
        assert_eq!(next_ms(None, told, u32::MAX), NOW + 2 * DAY);
        let over = Past { wait_until_ms: Some(NOW - DAY), ..failed(1) };
        assert_eq!(next_ms(Some(MONTHS), over, 0), NOW + MINUTE);
    }
}
