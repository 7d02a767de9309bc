//! Whose turn it is in teams, as far as a shard has seen it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::WallTime;

/// What was seen of teams and their members; one table for all calls until something changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Turns(Arc<Seen>);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Seen {
    /// Of each team, who rang last.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    rang: BTreeMap<Arc<str>, Arc<str>>,
    /// Of those who were in a call, since when they aren't.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    idle: BTreeMap<Arc<str>, Idle>,
}

/// Whether somebody has time for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Idle {
    Since(WallTime),
    /// In a call.
    Not,
}

/// An attempt that is somebody's turn in a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamTurn {
    pub team: Arc<str>,
    /// The user's name, or the number.
    pub member: Arc<str>,
}

impl Turns {
    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.0.rang.is_empty() && self.0.idle.is_empty()
    }

    /// A member of a team rings.
    pub fn rings(&mut self, turn: &TeamTurn) {
        if self.last_of(&turn.team) != Some(&turn.member) {
            Arc::make_mut(&mut self.0).rang.insert(turn.team.clone(), turn.member.clone());
        }
    }

    /// Somebody is in a call, or isn't any more.
    pub fn is(&mut self, who: &Arc<str>, idle: Idle) {
        Arc::make_mut(&mut self.0).idle.insert(who.clone(), idle);
    }

    /// Who rang last for a team.
    pub fn last_of(&self, team: &str) -> Option<&Arc<str>> {
        self.0.rang.get(team)
    }

    /// Whether somebody is idle; `None` if they were in no call yet.
    pub fn idle(&self, who: &str) -> Option<Idle> {
        self.0.idle.get(who).copied()
    }

    /// Only what a decision asked for: what a record has to keep.
    pub(crate) fn keep(&mut self, asked: &[Arc<str>]) {
        if self.is_empty() {
            return;
        }
        let rang = asked.iter().filter_map(|name| Some((name.clone(), self.0.rang.get(name)?.clone())));
        let idle = asked.iter().filter_map(|name| Some((name.clone(), *self.0.idle.get(name)?)));
        *self = Turns(Arc::new(Seen { rang: rang.collect(), idle: idle.collect() }));
    }
}
