//! Who diverted a call, as one far end is told.

use std::sync::Arc;

use model::DiversionHeader;

use crate::address::{named_in, user_escaped};
use crate::connected::Line;
use crate::handed_on::Secrets;
use crate::heading::SentUri;
use crate::history::{Diversion, History};
use crate::policy::Policy;
use crate::steps::identity::who::{Who, named};
use crate::steps::{Caller, Party};

/// How a far end is told.
pub(crate) struct Telling<'t> {
    pub header: DiversionHeader,
    pub domain: &'t str,
    /// Whether it may know what is hidden.
    pub is_trusted: bool,
    /// A number as the far end wants it.
    pub written: &'t dyn Fn(&str) -> String,
    pub secrets: &'t Secrets,
}

pub(crate) fn lines(
    policy: &Policy,
    who: &Who<'_>,
    caller: &Caller<'_>,
    telling: &Telling<'_>,
    target: &SentUri,
) -> Vec<Line> {
    if telling.header == DiversionHeader::None || who.history.is_empty() {
        return Vec::new();
    }
    let is_told = |hop: &Diversion| {
        let gives_away = who.privacy.is_hidden && telling.secrets.are_told_by(&hop.by.uri);
        telling.is_trusted || !(who.privacy.hides_history || hop.is_hidden() || gives_away)
    };
    let told = |hop: &Diversion| match is_told(hop) {
        true => towards(policy, caller, telling, hop),
        false => hop.anonymous(),
    };
    let hops = who.history.hops.iter().map(told).collect();
    let history = History { hops, unreadable: Vec::new() };
    let both = telling.header == DiversionHeader::Both;
    let mut lines = Vec::new();
    if both || telling.header == DiversionHeader::Diversion {
        lines.extend(named_lines("Diversion", history.to_diversion()));
    }
    if both || telling.header == DiversionHeader::HistoryInfo {
        lines.extend(named_lines("History-Info", history.to_history_info(&target.text())));
    }
    lines
}

fn named_lines(name: &str, values: Vec<String>) -> impl Iterator<Item = Line> {
    let name: Arc<str> = name.into();
    values.into_iter().map(move |value| (name.clone(), value))
}

/// The same hop in the far end's numbers and domain: no host of another leg crosses.
fn towards(policy: &Policy, caller: &Caller<'_>, telling: &Telling<'_>, hop: &Diversion) -> Diversion {
    let mut hop = hop.clone();
    let number = match caller.party {
        Party::Trunk(trunk) => named(policy, trunk, &hop.by.uri),
        // Only people here have sent on a call that a phone began.
        Party::User(_) | Party::Stranger { .. } => {
            named_in(&hop.by.uri).filter(|name| name.starts_with('+')).map(Arc::from)
        }
    };
    let name = match number {
        Some(number) => (telling.written)(&number),
        None => named_in(&hop.by.uri).unwrap_or_else(|| "anonymous".to_owned()),
    };
    hop.by.uri = format!("sip:{}@{}", user_escaped(&name), telling.domain);
    hop
}
