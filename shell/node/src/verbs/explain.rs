//! `tandem explain`: what would become of a call. The same plan as a live call's; nothing is sent.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use cli::{Exit, Explain, Paint, Palette};
use jiff::civil;
use jiff::tz::TimeZone;
use policy::{Callee, Caller, Considered, Decision, Explanation, Inquiry, Outcome, Policy, Trail, WallTime};
use serde_json::json;

use crate::directory;

/// Rejected rows of one step that are shown without `--all`.
const REJECTED_SHOWN: usize = 4;

pub fn run(question: &Explain, palette: Palette) -> Result<Exit> {
    let policy = match directory::load(&question.dir)? {
        Ok(loaded) => loaded.policy,
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("{problem}\n"));
            return Ok(Exit::Bad);
        }
    };
    let Some(from) = caller(&policy, question.from.as_deref(), question.via.as_deref()) else {
        eprintln!("tandem: who calls? Say from which user (--from) or trunk (--via)");
        return Ok(Exit::Usage);
    };
    let inquiry = match inquiry(&policy, &question.number, from, question.at.as_deref()) {
        Ok(inquiry) => inquiry,
        Err(fault) => {
            eprintln!("tandem: {fault:#}");
            return Ok(Exit::Usage);
        }
    };
    let explanation = match policy::explain(&policy, &inquiry) {
        Ok(explanation) => explanation,
        Err(nobody) => {
            eprintln!("tandem: {nobody}");
            return Ok(Exit::Usage);
        }
    };
    if question.json {
        println!("{:#}", json!(explanation));
    } else {
        print(question, &policy, &inquiry, explanation, palette);
    }
    Ok(Exit::Done)
}

/// What is asked: a number, by a user or a trunk, at a time or now.
pub fn inquiry(policy: &Policy, number: &str, from: Caller, at: Option<&str>) -> Result<Inquiry> {
    let at = at.map(|text| moment(text, policy)).transpose().context("at")?.unwrap_or_else(now);
    Ok(Inquiry { dial: number.to_owned(), from, at, down: BTreeSet::new() })
}

/// Who is meant to call: nobody, where nobody is named and there are several.
pub fn caller(policy: &Policy, from: Option<&str>, via: Option<&str>) -> Option<Caller> {
    let user = from.map(|from| Caller::User(from.to_owned()));
    let trunk = || via.map(|via| Caller::Trunk(via.to_owned()));
    // With one user there is no doubt who is meant.
    let only = || {
        let mut users = policy.users();
        let first = users.next()?;
        users.next().is_none().then(|| Caller::User(first.to_string()))
    };
    user.or_else(trunk).or_else(only)
}

fn print(question: &Explain, policy: &Policy, inquiry: &Inquiry, explanation: Explanation, palette: Palette) {
    let who = match &inquiry.from {
        Caller::User(name) => name.clone(),
        Caller::Trunk(name) => format!("trunk {name}"),
    };
    println!("Call     {}  dials  {}", palette.paint(Paint::Strong, who), question.number);
    println!("Result   {}\n", result(&explanation.decision, palette));
    let mut trail = explanation.trail;
    let hidden = match question.all {
        true => {
            let others = policy::routes_not_taken(policy, &explanation.facts);
            lengthen(&mut trail, others);
            0
        }
        false => shorten(&mut trail),
    };
    println!("{trail}");
    if hidden > 0 {
        println!("   – {hidden} more that do not match (use --all)");
    }
    println!("Config revision {}. Same answer as a live call; nothing was sent.", explanation.revision);
}

/// The decision in one line.
pub fn result(decision: &Decision, palette: Palette) -> String {
    match decision {
        Decision::No(refusal) => {
            format!("{}  {} {}", palette.paint(Paint::Bad, "refused"), refusal.code, refusal.words)
        }
        Decision::Go(plan) => {
            let mut names: Vec<String> = Vec::new();
            for attempt in &plan.attempts {
                let name = match &attempt.callee {
                    Callee::Trunk(name) => format!("{name} ({})", attempt.target),
                    Callee::User(name) => format!("{name} ({})", attempt.target),
                };
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            let what = if plan.emergency { "emergency call to" } else { "rings" };
            let quote = plan.attempts.first().and_then(|attempt| attempt.quote.as_ref());
            let price = quote.map(|quote| format!("  estimate {quote}")).unwrap_or_default();
            let what = palette.paint(Paint::Good, what);
            format!("{what} {} through {}{price}", plan.called, names.join(", then "))
        }
    }
}

/// Puts every route that does not match into the list, also those that a large house does not look at.
fn lengthen(trail: &mut Trail, others: Vec<Considered>) {
    if let Some(step) = trail.steps.iter_mut().find(|step| step.name == "routes") {
        step.considered.retain(|row| row.outcome != Outcome::Rejected);
        step.considered.extend(others);
    }
}

/// Takes rejected rows out of long lists; says how many.
fn shorten(trail: &mut Trail) -> usize {
    let mut hidden = 0;
    for step in &mut trail.steps {
        let mut rejected = 0;
        step.considered.retain(|row| {
            rejected += usize::from(row.outcome == Outcome::Rejected);
            let is_kept = row.outcome != Outcome::Rejected || rejected <= REJECTED_SHOWN;
            hidden += usize::from(!is_kept);
            is_kept
        });
    }
    hidden
}

/// A time with an offset, or one in the system's zone.
fn moment(text: &str, policy: &Policy) -> Result<WallTime> {
    if let Ok(exact) = text.parse::<jiff::Timestamp>() {
        return Ok(WallTime(exact.as_millisecond() as _));
    }
    let local: civil::DateTime = text.parse().context("write it as 2026-11-20 10:00, or with an offset")?;
    let zone = match policy.time_zone() {
        Some(name) => TimeZone::get(name).with_context(|| format!("time zone {name}"))?,
        None => TimeZone::system(),
    };
    Ok(WallTime(local.to_zoned(zone)?.timestamp().as_millisecond() as _))
}

pub fn now() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime(since.as_millis() as _)
}
