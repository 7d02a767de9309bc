//! What of a call's record reports are made of. All else in its line is passed over.

use std::borrow::Cow;

use serde::Deserialize;

/// Calls that came to nothing as every way out was full: admission has refused them.
const FULL: [&str; 2] = ["TD-R501", "TD-E105"];

/// A call that ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Line<'l> {
    #[serde(borrow)]
    pub id: Cow<'l, str>,
    /// Milliseconds since 1970.
    pub started: i64,
    #[serde(default)]
    pub answered: Option<i64>,
    #[serde(default)]
    pub ended: Option<i64>,
    /// `None`: it was refused before anybody knew.
    #[serde(default)]
    pub direction: Option<Direction>,
    #[serde(borrow, default)]
    pub calling: Cow<'l, str>,
    #[serde(borrow, default)]
    pub to_dialled: Cow<'l, str>,
    #[serde(borrow, default)]
    pub to_e164: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    pub attempts: Vec<Attempt<'l>>,
    #[serde(default)]
    pub talk_ms: u64,
    #[serde(borrow, default)]
    pub outcome: Cow<'l, str>,
    #[serde(borrow, default)]
    pub verdict: Cow<'l, str>,
    #[serde(borrow, default)]
    pub conference: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    pub facts: Facts<'l>,
}

/// One try to reach somebody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Attempt<'l> {
    /// `trunk NAME` or `user NAME`.
    #[serde(borrow, default)]
    pub callee: Cow<'l, str>,
    #[serde(default)]
    pub sip_code: Option<u16>,
}

/// What was known of whoever calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Facts<'l> {
    /// The user who proved it.
    #[serde(borrow, default)]
    pub authenticated: Option<Cow<'l, str>>,
    /// Trunks that send from there.
    #[serde(borrow, default)]
    pub resolved: Vec<Cow<'l, str>>,
    #[serde(borrow, default)]
    pub line: Option<Cow<'l, str>>,
}

/// Where a call went, as seen from the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Outbound,
    Inbound,
    Internal,
    Transit,
}

/// Who had to do with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party<'l> {
    User(&'l str),
    Trunk(&'l str),
}

/// When a call was, and which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'l> {
    pub id: &'l str,
    pub started: i64,
    pub ended: i64,
    pub talk_ms: u64,
    pub waited_ms: u64,
}

impl Line<'_> {
    pub fn call(&self) -> Call<'_> {
        Call {
            id: &self.id,
            started: self.started,
            ended: self.ended.unwrap_or(self.started),
            talk_ms: self.talk_ms,
            waited_ms: self.waited_ms(),
        }
    }

    pub fn is_answered(&self) -> bool {
        self.outcome == "answered"
    }

    /// Whether the house or a far end kept it from being a call; busy, silent and impatient people do not.
    pub fn is_failure(&self) -> bool {
        self.outcome == "failed" || self.outcome == "refused"
    }

    /// Whether every way out was full.
    pub fn has_no_line(&self) -> bool {
        FULL.contains(&&*self.verdict)
    }

    /// Whether somebody was in a conference, and not just before its door.
    pub fn meets(&self) -> bool {
        self.conference.is_some() && self.is_answered()
    }

    pub fn is_from_trunk(&self) -> bool {
        matches!(self.direction, Some(Direction::Inbound | Direction::Transit))
    }

    /// The trunk that it came from, as far as its record says.
    pub fn from_trunk(&self) -> Option<&str> {
        match self.direction {
            Some(Direction::Inbound | Direction::Transit) => Some(&self.calling),
            Some(_) => None,
            None => self.facts.line.as_deref().or_else(|| match &*self.facts.resolved {
                [only] => Some(only),
                _ => None,
            }),
        }
    }

    /// The user who called, as far as its record says.
    pub fn from_user(&self) -> Option<&str> {
        match self.direction {
            Some(Direction::Outbound | Direction::Internal) => Some(&self.calling),
            Some(_) => None,
            None => self.facts.authenticated.as_deref(),
        }
    }

    /// Trunks that it came from or was tried on.
    pub fn trunks(&self) -> impl Iterator<Item = &str> + Clone {
        self.from_trunk().into_iter().chain(self.attempts.iter().filter_map(Attempt::trunk))
    }

    /// Users who called or were rung.
    pub fn users(&self) -> impl Iterator<Item = &str> + Clone {
        self.from_user().into_iter().chain(self.attempts.iter().filter_map(Attempt::user))
    }

    /// All that questions narrow a report by.
    pub fn parties(&self) -> impl Iterator<Item = Party<'_>> {
        self.users().map(Party::User).chain(self.trunks().map(Party::Trunk))
    }

    /// How long its caller waited for an answer.
    fn waited_ms(&self) -> u64 {
        let waited = self.answered.and_then(|answered| answered.checked_sub(self.started));
        waited.and_then(|waited| u64::try_from(waited).ok()).unwrap_or(0)
    }

    /// The part of the address called that names somebody.
    pub fn dialled(&self) -> &str {
        part_called(&self.to_dialled)
    }
}

impl<'l> Line<'l> {
    /// The same, for as long as the line itself.
    pub fn dialled_part(&self) -> Cow<'l, str> {
        match &self.to_dialled {
            Cow::Borrowed(address) => Cow::Borrowed(part_called(address)),
            Cow::Owned(address) => Cow::Owned(part_called(address).to_owned()),
        }
    }
}

fn part_called(address: &str) -> &str {
    let address = address.split_once(':').map_or(address, |(_, rest)| rest);
    address.split(['@', ';', ':']).next().unwrap_or(address)
}

impl Direction {
    /// How it is written in brief; zero is none.
    pub fn number(self) -> u8 {
        match self {
            Direction::Outbound => 1,
            Direction::Inbound => 2,
            Direction::Internal => 3,
            Direction::Transit => 4,
        }
    }

    pub fn numbered(number: u64) -> Option<Option<Direction>> {
        Some(match number {
            0 => None,
            1 => Some(Direction::Outbound),
            2 => Some(Direction::Inbound),
            3 => Some(Direction::Internal),
            4 => Some(Direction::Transit),
            _ => return None,
        })
    }
}

impl Attempt<'_> {
    pub fn trunk(&self) -> Option<&str> {
        self.callee.strip_prefix("trunk ")
    }

    pub fn user(&self) -> Option<&str> {
        self.callee.strip_prefix("user ")
    }

    pub fn is_answered(&self) -> bool {
        self.sip_code.is_some_and(|code| (200..300).contains(&code))
    }

    /// The far end was not there, or could not.
    pub fn is_failure(&self) -> bool {
        self.sip_code.is_none_or(|code| (500..600).contains(&code))
    }
}
