//! How a phone of ours rings: by who calls; by itself it answers whoever may page, and nobody else.

use std::sync::Arc;

use model::{AlertText, Paging, answers_alone};

use crate::connected::Line;
use crate::policy::{Policy, User};
use crate::steps::identity::Who;
use crate::steps::{Called, Caller, Line as CalledLine, Party};

const ALERT: &str = "Alert-Info";

/// Headers in which phones find that they are to answer by themselves: those of RFC 5373, and two others that
/// makers use for it.
pub(crate) const PAGING: [&str; 4] = ["Answer-Mode", "Priv-Answer-Mode", "Call-Info", ALERT];

/// What a phone is told of how to ring, and why it isn't told more.
#[derive(Default)]
pub(crate) struct Alert {
    pub lines: Vec<Line>,
    pub because: Option<String>,
}

pub(crate) fn towards_user(
    policy: &Policy,
    who: &Who<'_>,
    caller: &Caller<'_>,
    called: &Called<'_>,
    user: &User,
) -> Alert {
    let (lines, because) = match paged(who, caller, called, user) {
        Paged::No => (Vec::new(), None),
        Paged::Yes(lines) => (lines, None),
        Paged::Refused(because) => (Vec::new(), Some(because)),
    };
    if lines.iter().any(|(name, _)| **name == *ALERT) {
        return Alert { lines, because };
    }
    let alerts = &policy.alerts;
    let is_private = called.line == CalledLine::Private && is_owner(called, user);
    let values: &[AlertText] = match caller.party {
        _ if is_private && !alerts.private.is_empty() => &alerts.private,
        Party::User(_) => &alerts.inside,
        Party::Trunk(_) | Party::Stranger { .. } => &alerts.outside,
    };
    let alert = values.iter().map(|value| (Arc::from(ALERT), value.as_str().to_owned()));
    Alert { lines: lines.into_iter().chain(alert).collect(), because }
}

enum Paged {
    No,
    Yes(Vec<Line>),
    /// Why what was asked for isn't passed on.
    Refused(String),
}

/// Whether the phone is to answer by itself, and in whose words.
fn paged(who: &Who<'_>, caller: &Caller<'_>, called: &Called<'_>, user: &User) -> Paged {
    let asked = who.facts.handed_on.iter().filter(|(name, value)| is_paging(name, value));
    let mut asked = asked.peekable();
    if asked.peek().is_none() {
        return Paged::No;
    }
    let refused = |why: &str| Paged::Refused(format!("it is not answered by itself: {why}"));
    match caller.party {
        Party::User(one) if one.paging == Paging::Refused => {
            refused(&format!("paging of {} is not \"allowed\"", one.name))
        }
        Party::Trunk(_) | Party::Stranger { .. } => refused("whoever asks for that is outside"),
        // Whoever takes somebody else's call has not been paged.
        Party::User(_) if !who.sent_on.is_empty() || !is_owner(called, user) => {
            refused(&format!("somebody else than {} was called", user.name))
        }
        Party::User(_) => {
            let line = |(name, value): &(String, String)| (Arc::from(canonical(name)), one_line(value));
            Paged::Yes(asked.map(line).collect())
        }
    }
}

fn is_owner(called: &Called<'_>, user: &User) -> bool {
    called.owner.is_some_and(|owner| owner.name == user.name)
}

fn is_paging(name: &str, value: &str) -> bool {
    let [answer_mode, privileged, call_info, alert_info] = PAGING;
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    is(answer_mode) || is(privileged) || ((is(call_info) || is(alert_info)) && answers_alone(value))
}

fn canonical(name: &str) -> &str {
    PAGING.into_iter().find(|known| known.eq_ignore_ascii_case(name)).unwrap_or(name)
}

fn one_line(value: &str) -> String {
    value.replace(char::is_control, " ")
}
