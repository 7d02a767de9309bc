//! What makes calls alike: of one kind are those that a report cannot tell apart but by their times. A kind
//! is a line of which only what the report looks at is left, in an order that is always the same.

use std::borrow::Cow;

use crate::line::{Attempt, Direction, Line};

const ANSWERED: &str = "answered";
const CANCELLED: &str = "cancelled";
/// Codes that stand for all of their sort.
const TAKEN: u16 = 200;
const DECLINED: u16 = 400;

pub fn of_usage<'l>(line: &Line<'l>) -> Line<'l> {
    Line { outcome: word_of(line, &[ANSWERED]), ..of_users(line) }
}

pub fn of_failures<'l>(line: &Line<'l>) -> Line<'l> {
    let verdict = if line.is_failure() || line.has_no_line() { line.verdict.clone() } else { Cow::default() };
    match line.is_failure() {
        true => Line { outcome: line.outcome.clone(), verdict, ..of_users(line) },
        false => Line { verdict, ..Line::default() },
    }
}

pub fn of_meetings<'l>(line: &Line<'l>) -> Line<'l> {
    if !line.meets() {
        return Line::default();
    }
    let direction = line.is_from_trunk().then_some(Direction::Inbound);
    Line { conference: line.conference.clone(), outcome: line.outcome.clone(), direction, ..Line::default() }
}

pub fn of_teams<'l>(line: &Line<'l>) -> Line<'l> {
    Line {
        to_e164: line.to_e164.clone(),
        to_dialled: line.dialled_part(),
        outcome: word_of(line, &[ANSWERED, CANCELLED]),
        ..Line::default()
    }
}

pub fn of_trunks<'l>(line: &Line<'l>) -> Line<'l> {
    let mut attempts: Vec<Attempt<'l>> =
        line.attempts.iter().filter(|one| one.trunk().is_some()).map(in_short).collect();
    attempts.sort();
    let mut kind = Line { outcome: word_of(line, &[ANSWERED, CANCELLED]), attempts, ..Line::default() };
    if line.is_from_trunk() {
        (kind.direction, kind.calling) = (Some(Direction::Inbound), line.calling.clone());
    }
    kind
}

fn of_users<'l>(line: &Line<'l>) -> Line<'l> {
    let mut kind = Line { direction: line.direction, ..Line::default() };
    match line.direction {
        Some(Direction::Outbound | Direction::Internal) => kind.calling = line.calling.clone(),
        Some(_) => {}
        None => kind.facts.authenticated = line.facts.authenticated.clone(),
    }
    kind.attempts = once(line.attempts.iter().filter(|one| one.user().is_some()).map(to_callee));
    kind
}

/// The outcome, where it is one of these.
fn word_of<'l>(line: &Line<'l>, words: &[&str]) -> Cow<'l, str> {
    if words.contains(&&*line.outcome) { line.outcome.clone() } else { Cow::default() }
}

fn to_callee<'l>(attempt: &Attempt<'l>) -> Attempt<'l> {
    Attempt { callee: attempt.callee.clone(), sip_code: None }
}

/// Whether it was taken, or has failed, or neither.
fn in_short<'l>(attempt: &Attempt<'l>) -> Attempt<'l> {
    let sip_code = match attempt {
        one if one.is_answered() => Some(TAKEN),
        one if one.is_failure() => None,
        _ => Some(DECLINED),
    };
    Attempt { callee: attempt.callee.clone(), sip_code }
}

fn once<'l>(attempts: impl Iterator<Item = Attempt<'l>>) -> Vec<Attempt<'l>> {
    let mut attempts: Vec<Attempt<'l>> = attempts.collect();
    attempts.sort();
    attempts.dedup();
    attempts
}
