//! What the relay counted, as a record says it.

use std::time::Duration;

use media::{Account, Coding, Figures, Line};

use crate::record::{Heard, SideFigures, Sound};

impl Sound {
    /// Codecs by name, the caller's side first.
    pub(crate) fn of(figures: &Figures, codecs: [&str; 2]) -> Sound {
        let [caller, callee] = codecs.map(Coding::of);
        let [by_caller, by_callee] = figures.accounts;
        Sound {
            caller: SideFigures::of(&figures.caller, by_caller, caller),
            callee: SideFigures::of(&figures.callee, by_callee, callee),
        }
    }
}

impl SideFigures {
    fn of(counted: &media::SideFigures, account: Option<Account>, coding: Coding) -> SideFigures {
        let round_trip = account.and_then(|account| account.round_trip).unwrap_or_default();
        SideFigures {
            packets_in: counted.packets_in,
            packets_out: counted.packets_out,
            carried: counted.packets_carried,
            lost: counted.lost,
            late: u64::from(counted.late),
            jitter_us: u64::from(counted.jitter_us),
            mos_in: line_in(counted, round_trip, coding).opinion().map(hundredths),
            mos_out: account.and_then(|account| opinion_out(counted, &account, coding)),
            heard: account.map(Heard::from),
            strangers: counted.dropped_strangers,
            srtp: counted.suite.map(|suite| suite.name()),
            unproven: counted.dropped_unproven,
            impostors: u64::from(counted.impostors),
            handshakes_broken: u64::from(counted.handshakes_broken),
            withheld: u64::from(counted.withheld),
        }
    }
}

/// What came from the party.
fn line_in(counted: &media::SideFigures, round_trip: Duration, coding: Coding) -> Line {
    Line {
        coding,
        received: counted.packets_in,
        lost: counted.lost,
        gaps: counted.gaps.into(),
        late: counted.late.into(),
        jitter: Duration::from_micros(u64::from(counted.jitter_us)),
        round_trip,
    }
}

/// What went out to the party, by its own opinion where it has one.
fn opinion_out(counted: &media::SideFigures, account: &Account, coding: Coding) -> Option<f64> {
    if let Some(tenths) = account.opinion {
        return Some(f64::from(tenths) / 10.0);
    }
    let line = Line {
        coding,
        received: counted.packets_out.saturating_sub(account.lost),
        lost: account.lost,
        // Reports say nothing of gaps.
        gaps: account.lost,
        late: 0,
        jitter: Duration::from_micros(u64::from(account.jitter_us)),
        round_trip: account.round_trip.unwrap_or_default(),
    };
    line.opinion().map(hundredths)
}

fn hundredths(opinion: f64) -> f64 {
    (opinion * 100.0).round() / 100.0
}

impl From<Account> for Heard {
    fn from(account: Account) -> Heard {
        let ms = |trip: Duration| u64::try_from(trip.as_millis()).unwrap_or(u64::MAX);
        Heard {
            lost: account.lost,
            jitter_us: u64::from(account.jitter_us),
            round_trip_ms: account.round_trip.map(ms),
            round_trip_max_ms: account.round_trip_max.map(ms),
        }
    }
}
