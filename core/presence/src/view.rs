//! What is shown of watchers and watched to whoever looks.

use std::sync::Arc;
use std::time::Instant;

use policy::Admission;
use serde::Serialize;

use crate::house::House;
use crate::subscription::State;

/// One watcher, as whoever looks sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct WatcherView {
    pub watcher: Arc<str>,
    /// `presence` or `dialog`.
    pub package: &'static str,
    /// Until it is forgotten.
    pub seconds: u64,
    /// What it sees of the user: `all`, `absent` (a user who is never there) or `pending` (nothing yet).
    pub sees: &'static str,
    /// NOTIFYs that were sent to it.
    pub told: u32,
    /// `told`, `owed`, `telling`, `resting` or `ending`.
    pub state: &'static str,
}

/// Somebody who is watched, or of whom devices publish something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sight {
    pub user: Arc<str>,
    /// Whether a phone can be rung: `open` or `closed`.
    pub basic: &'static str,
    /// What they do.
    pub activities: Vec<&'static str>,
    pub notes: Vec<String>,
    /// How many calls lamps show.
    pub calls: usize,
    pub watchers: Vec<WatcherView>,
}

impl House {
    /// Subscriptions of this shard.
    pub fn subscriptions(&self) -> usize {
        self.watchers.len()
    }

    /// Publications of this shard.
    pub fn publications(&self) -> usize {
        self.publications.len()
    }

    /// Calls of this shard that engage somebody.
    pub fn calls(&self) -> usize {
        self.board.calls()
    }

    /// Everybody who is watched on this shard, and by whom.
    pub fn sights(&self, now: Instant) -> Vec<Sight> {
        let sight = |user: Arc<str>| {
            let face = self.watchers.face(&user)?;
            let slots = self.watchers.watching(&user);
            let watching = slots.into_iter().filter_map(|slot| self.watchers.get(slot));
            let mut watchers: Vec<WatcherView> = watching
                .map(|one| WatcherView {
                    watcher: Arc::clone(&one.watcher),
                    package: one.package.name(),
                    seconds: one.until.saturating_duration_since(now).as_secs(),
                    sees: match one.admission_to(&user) {
                        Admission::Allow => "all",
                        Admission::PoliteBlock => "absent",
                        Admission::Confirm => "pending",
                        Admission::Block => "nothing",
                    },
                    told: one.version,
                    state: match &one.state {
                        State::Told { .. } => "told",
                        State::Owed { failures: 0, .. } => "owed",
                        State::Owed { .. } => "resting",
                        State::Telling { .. } => "telling",
                        State::Ending { .. } | State::Parting { .. } | State::Over => "ending",
                    },
                })
                .collect();
            watchers.sort_unstable();
            Some(Sight {
                basic: face.presence.basic.word(),
                activities: face.presence.activities.iter().map(|one| one.word()).collect(),
                notes: face.presence.notes.iter().map(|note| note.to_string()).collect(),
                calls: face.dialogs.len(),
                watchers,
                user,
            })
        };
        self.watchers.everybody().into_iter().filter_map(sight).collect()
    }
}
