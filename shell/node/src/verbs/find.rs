//! `tandem call find`: records as they are searched.

use std::time::SystemTime;

use anyhow::{Context, Result};
use cli::{Exit, Find, Palette, span};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use serde_json::{Value, json};
use store::{Alone, Note, Wanted};

use crate::control::{self, Request, Response};
use crate::storage;
use crate::verbs::record;

pub fn run(verb: &Find, palette: Palette) -> Result<Exit> {
    let data = verb.house.data();
    let wanted = wanted(verb)?;
    let found = match control::ask(&data, &Request::Find(wanted.clone()))? {
        Some(Response::Answer(found)) => found,
        Some(Response::Refused { exit, words }) => {
            eprintln!("tandem: {words}");
            return Ok(Exit::from_code(exit));
        }
        None if !data.join("records").exists() => json!({ "records": [], "next": null, "behind_bytes": 0 }),
        None => {
            let alone = Alone::open_on(&storage::of_house(&verb.house)?, &data, say)?;
            let alone = alone.with_context(|| format!("a house begins or ends on {}", data.display()))?;
            json!(alone.find(&wanted)?)
        }
    };
    if verb.json {
        println!("{found:#}");
    } else {
        print(&found, palette);
    }
    Ok(Exit::Done)
}

fn print(found: &Value, palette: Palette) {
    let records = found["records"].as_array().map_or(&[][..], Vec::as_slice);
    if records.is_empty() {
        println!("no calls");
    }
    // As other lists, the newest last.
    records.iter().rev().for_each(|one| println!("{}", record::line(one, palette)));
    if let Some(next) = found["next"].as_str() {
        eprintln!("older ones: --after {next}");
    }
    if let Some(behind @ 1..) = found["behind_bytes"].as_u64() {
        eprintln!("not all can be searched yet: {behind} bytes of records are still being read");
    }
}

fn wanted(verb: &Find) -> Result<Wanted> {
    let moment = |name, text: &Option<String>| {
        text.as_deref().map(|text| moment(text).with_context(|| format!("--{name} {text}"))).transpose()
    };
    let after = verb.after.as_deref().map(|after| after.parse().with_context(|| format!("--after {after}")));
    Ok(Wanted {
        number: verb.number.clone(),
        user: verb.user.clone(),
        trunk: verb.trunk.clone(),
        cause: verb.cause.clone(),
        since: moment("since", &verb.since)?,
        until: moment("until", &verb.until)?,
        after: after.transpose()?,
        most: usize::from(verb.last),
    })
}

/// A moment as somebody writes it: so long ago, a day or a time in the zone of this machine, or with an
/// offset.
pub fn moment(text: &str) -> Result<i64> {
    if let Ok(ago) = span(text) {
        let then = SystemTime::now().checked_sub(ago).context("too long ago")?;
        return Ok(Timestamp::try_from(then)?.as_millisecond());
    }
    if let Ok(exact) = text.parse::<Timestamp>() {
        return Ok(exact.as_millisecond());
    }
    let day = text.parse::<civil::Date>().map(|day| day.at(0, 0, 0, 0)).ok();
    let local = text.parse::<civil::DateTime>().ok().or(day);
    let local = local.context("write it as 36h, 2026-11-20 or \"2026-11-20 10:00\", or with an offset")?;
    Ok(local.to_zoned(TimeZone::system())?.timestamp().as_millisecond())
}

/// What befalls the database of a folder on which no house runs.
fn say(note: Note) {
    if let Note::Broken { words } = note {
        eprintln!("tandem: what finds records was broken, and is made anew: {words}");
    }
}
