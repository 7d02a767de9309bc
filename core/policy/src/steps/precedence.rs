//! Calls that are marked to be of more weight than others, by those who may mark them (RFC 4412). No limit
//! holds them up; calls for help go before them all the same, for nothing holds those up at all.

use std::sync::Arc;

use model::Precedence;

use crate::connected::Line;
use crate::facts::Facts;
use crate::policy::Trunk;
use crate::steps::{Caller, Party};
use crate::trail::Trail;

const NAME: &str = "priority";

/// The mark of a call that counts.
pub(crate) fn of(caller: &Caller<'_>, facts: &Facts, trail: &mut Trail) -> Option<Arc<str>> {
    if facts.resource_priority.is_empty() {
        return None;
    }
    let marked = || facts.resource_priority.join(", ");
    let Some(mark) = believed(caller, facts).next() else {
        trail.note(NAME, "ignored", format!("{} may not mark calls as {}", caller.name, marked()));
        return None;
    };
    trail.note(NAME, "ok", format!("{mark}, as {} may mark calls: no limit holds it up", caller.name));
    Some(mark.into())
}

/// What a trunk is told, if it is to know of such marks.
pub(crate) fn told(caller: &Caller<'_>, facts: &Facts, trunk: &Trunk) -> Option<Line> {
    if facts.resource_priority.is_empty() {
        return None;
    }
    let known = |mark: &&str| Precedence::of(mark).is_some_and(|one| trunk.precedence.contains(&one));
    let marks: Vec<&str> = believed(caller, facts).filter(known).collect();
    (!marks.is_empty()).then(|| ("Resource-Priority".into(), marks.join(", ")))
}

fn believed<'f>(caller: &Caller<'_>, facts: &'f Facts) -> impl Iterator<Item = &'f str> {
    let may: Vec<Precedence> = match caller.party {
        Party::Trunk(trunk) => trunk.precedence.to_vec(),
        Party::User(user) => user.precedence.to_vec(),
        Party::Stranger { .. } => Vec::new(),
    };
    let marks = facts.resource_priority.iter().flat_map(|line| line.split(',')).map(str::trim);
    marks.filter(move |mark| Precedence::of(mark).is_some_and(|one| may.contains(&one)))
}
