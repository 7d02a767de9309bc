//! `tandem audit`: who changed what, read from the data folder.

use std::path::Path;

use anyhow::{Context, Result};
use cli::{Audit, AuditList, AuditVerify, Exit, Paint, Palette};
use serde_json::json;
use store::{Deed, Holds, Step};

use crate::verbs::when;

pub fn run(audit: &Audit, palette: Palette) -> Result<Exit> {
    match audit {
        Audit::List(verb) => list(verb),
        Audit::Verify(verb) => verify(verb, palette),
    }
}

fn list(verb: &AuditList) -> Result<Exit> {
    let data = verb.house.data();
    let mut deeds = store::deeds(&data, 0, usize::MAX).with_context(|| data.display().to_string())?;
    let deeds = deeds.split_off(deeds.len().saturating_sub(verb.last));
    if verb.json {
        println!("{:#}", json!({ "deeds": deeds }));
    } else if deeds.is_empty() {
        println!("nothing was changed through the house on {}", data.display());
    } else {
        deeds.iter().for_each(|deed| println!("{}", line(deed)));
    }
    Ok(Exit::Done)
}

fn line(deed: &Deed) -> String {
    let Deed { number, at_ms, who, role, from, what, step, result, more } = deed;
    let who = if who.is_empty() { "a stranger" } else { who };
    let role = if role.is_empty() { String::new() } else { format!(" ({role})") };
    let result = match step {
        Step::Asked => "asked".to_owned(),
        Step::Answered => format!("→ {result}"),
        Step::TurnedAway => format!("→ {result}, turned away"),
    };
    let more = if *more > 0 { format!(", and {more} times before it") } else { String::new() };
    format!("{number:5}  {}  {who}{role} from {from}: {what} {result}{more}", when(*at_ms))
}

fn verify(verb: &AuditVerify, palette: Palette) -> Result<Exit> {
    let data = verb.house.data();
    let (good, bad) = (palette.paint(Paint::Good, "✔"), palette.paint(Paint::Bad, "✘"));
    let verified = store::verify(&data).with_context(|| data.display().to_string())?;
    let lacks_newest = lacks(&data, verb.newest.as_deref())?;
    if verb.json {
        let (holds, broken) = (verified.as_ref().ok(), verified.as_ref().err());
        println!("{:#}", json!({ "holds": holds, "broken": broken, "lacks_newest": lacks_newest }));
    } else {
        match &verified {
            Ok(Holds { entries, newest }) => println!("{good} {entries} entries, the newest {newest}"),
            Err(broken) => println!("{bad} line {}: {}", broken.line, broken.why),
        }
        if lacks_newest {
            println!("{bad} the entry with the hash that you kept is not there: lines are gone");
        }
    }
    Ok(if verified.is_ok() && !lacks_newest { Exit::Done } else { Exit::Bad })
}

fn lacks(data: &Path, newest: Option<&str>) -> Result<bool> {
    let Some(newest) = newest else { return Ok(false) };
    Ok(!store::has_hash(data, newest).with_context(|| data.display().to_string())?)
}
