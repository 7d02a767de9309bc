//! What records say of the busy hour.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use capacity::Hours;
use serde_json::Value;

const HOUR_MS: i64 = 3_600_000;

/// The busiest hour of the clock.
pub struct Lately {
    pub began_ms: i64,
    pub calls_an_hour: f64,
    pub hold_s: f64,
    /// Shares of all calls that took a channel.
    pub outside: f64,
    pub direct: f64,
}

/// Nothing, where no call took any time.
pub fn lately(data: &Path) -> Result<Option<Lately>> {
    let records = match store::records_in(data) {
        Ok(records) => records,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| data.display().to_string()),
    };
    let mut hours = Hours::default();
    let mut begun: BTreeMap<i64, u64> = BTreeMap::new();
    let (mut calls, mut held_ms, mut outside, mut direct) = (0_u64, 0_i64, 0_u64, 0_u64);
    for record in records.filter_map(Result::ok) {
        let moment = |key: &str| record[key].as_i64();
        let Some((started, ended)) = moment("started").zip(moment("ended")) else { continue };
        // What was refused before anybody knew has taken nothing.
        let Some(direction) = record["direction"].as_str() else { continue };
        hours.add(started, ended);
        *begun.entry(started.div_euclid(HOUR_MS) * HOUR_MS).or_default() += 1;
        calls += 1;
        held_ms += (ended - started).max(0);
        outside += u64::from(direction != "internal");
        direct += u64::from(is_direct(&record));
    }
    let Some(busiest) = hours.busiest().filter(|_| calls > 0) else { return Ok(None) };
    let in_hour = begun.get(&busiest.began_ms).copied().unwrap_or(0);
    let mean_s = held_ms as f64 / 1_000.0 / calls as f64;
    // Where long calls fill an hour in which few began, traffic counts, and not beginnings.
    let calls_an_hour = (in_hour as f64).max(busiest.erlangs * 3_600.0 / mean_s.max(1.0));
    Ok(Some(Lately {
        began_ms: busiest.began_ms,
        calls_an_hour,
        hold_s: busiest.erlangs * 3_600.0 / calls_an_hour,
        outside: outside as f64 / calls as f64,
        direct: direct as f64 / calls as f64,
    }))
}

/// Where its media went last.
fn is_direct(record: &Value) -> bool {
    record["paths"].as_array().and_then(|paths| paths.last()).is_some_and(|last| last["path"] == "direct")
}
