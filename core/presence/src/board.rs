//! What all shards know of everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::known::{Engagement, Known, Mailbox, Published, Seen};
use crate::limits::ENGAGEMENTS_MAX;

/// Everybody of whom anything is known.
#[derive(Debug)]
pub(crate) struct Board {
    own: u8,
    /// By user, then by the shard that knows it.
    users: BTreeMap<Arc<str>, BTreeMap<u8, Arc<Known>>>,
    /// Whom this shard's calls engage, and by which number watchers know the call.
    calls: BTreeMap<u64, Call>,
    last_call: u64,
}

/// What the watchers of somebody want to know, beside how they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    Nothing,
    WhoWatches,
}

#[derive(Debug)]
struct Call {
    number: u64,
    users: Vec<Arc<str>>,
}

impl Board {
    /// Numbers of calls count on from `lot`, so that those of another life of the process are others.
    pub fn new(own: u8, lot: u32) -> Board {
        let last_call = u64::from(own) << 56 | u64::from(lot) << 24;
        Board { own, users: BTreeMap::new(), calls: BTreeMap::new(), last_call }
    }

    pub fn of(&self, user: &str) -> impl Iterator<Item = &Arc<Known>> {
        self.users.get(user).into_iter().flat_map(BTreeMap::values)
    }

    /// What this shard itself knows of a user.
    pub fn own(&self, user: &str) -> Arc<Known> {
        self.users.get(user).and_then(|shards| shards.get(&self.own)).cloned().unwrap_or_default()
    }

    /// Everything that this shard itself knows.
    pub fn all_own(&self) -> Vec<(Arc<str>, Arc<Known>)> {
        let own = |(user, shards): (&Arc<str>, &BTreeMap<u8, Arc<Known>>)| {
            shards.get(&self.own).map(|known| (Arc::clone(user), Arc::clone(known)))
        };
        self.users.iter().filter_map(own).collect()
    }

    /// Calls of this shard that engage somebody.
    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    /// A shard knows this of a user from now on.
    pub fn learn(&mut self, shard: u8, user: &Arc<str>, known: Arc<Known>) {
        if !known.is_nothing() {
            self.users.entry(Arc::clone(user)).or_default().insert(shard, known);
        } else if let Some(shards) = self.users.get_mut(user) {
            shards.remove(&shard);
            if shards.is_empty() {
                self.users.remove(user);
            }
        }
    }

    /// A shard knows this and no more; returns of whom it knows something else than before.
    pub fn learn_all(&mut self, shard: u8, all: &[(Arc<str>, Arc<Known>)]) -> BTreeSet<Arc<str>> {
        let before = self.users.iter().filter(|(_, shards)| shards.contains_key(&shard));
        let mut changed: BTreeSet<Arc<str>> = before.map(|(user, _)| Arc::clone(user)).collect();
        changed.extend(all.iter().map(|(user, _)| Arc::clone(user)));
        for user in &changed {
            self.learn(shard, user, Arc::default());
        }
        for (user, known) in all {
            self.learn(shard, user, Arc::clone(known));
        }
        changed
    }

    /// Whom a call of this shard engages from now on; returns whose engagements are others than before.
    pub fn engage(&mut self, call: u64, parties: &[(Arc<str>, Engagement)]) -> BTreeSet<Arc<str>> {
        let known = self.calls.remove(&call);
        let number = known.as_ref().map_or_else(
            || {
                self.last_call += 1;
                self.last_call
            },
            |known| known.number,
        );
        let mut touched: BTreeSet<Arc<str>> = known.into_iter().flat_map(|known| known.users).collect();
        let now: BTreeSet<Arc<str>> = parties.iter().map(|(user, _)| Arc::clone(user)).collect();
        touched.extend(now.iter().cloned());
        if !now.is_empty() {
            self.calls.insert(call, Call { number, users: now.into_iter().collect() });
        }
        touched.retain(|user| {
            let known = self.own(user);
            let mut engagements = known.engagements.clone();
            engagements.retain(|one| one.call != number);
            let new = parties.iter().filter(|(party, _)| party == user);
            engagements.extend(new.map(|(_, one)| Engagement { call: number, ..one.clone() }));
            engagements.sort_unstable();
            engagements.dedup();
            engagements.truncate(ENGAGEMENTS_MAX);
            let is_other = engagements != known.engagements;
            if is_other {
                self.learn(self.own, user, Arc::new(Known { engagements, ..Known::clone(&known) }));
            }
            is_other
        });
        touched
    }

    /// What devices of a user publish to this shard from now on.
    pub fn publish(&mut self, user: &Arc<str>, published: Vec<Published>) {
        let known = self.own(user);
        self.learn(self.own, user, Arc::new(Known { published, ..Known::clone(&known) }));
    }

    /// What waits for a user from now on.
    pub fn put_mail(&mut self, user: &Arc<str>, mailbox: Mailbox) {
        let known = self.own(user);
        self.learn(self.own, user, Arc::new(Known { mailbox: Some(mailbox), ..Known::clone(&known) }));
    }

    /// Whether somebody, on whichever shard, wants to know who watches a user.
    pub fn is_asked_who_watches(&self, user: &str) -> bool {
        self.of(user).any(|known| known.asks_who_watches)
    }

    /// Who watches a user on this shard from now on, and whether one of them asks for that; whether it is
    /// something else than before.
    pub fn watch(&mut self, user: &Arc<str>, asks_who_watches: Asks, watchers: Vec<Seen>) -> bool {
        let known = self.own(user);
        let asks_who_watches = asks_who_watches == Asks::WhoWatches;
        if known.asks_who_watches == asks_who_watches && known.watchers == watchers {
            return false;
        }
        let known = Known { asks_who_watches, watchers, ..Known::clone(&known) };
        self.learn(self.own, user, Arc::new(known));
        true
    }

    /// Forgets what waits for a user; whether anything was known.
    pub fn forget_mail(&mut self, user: &Arc<str>) -> bool {
        let known = self.own(user);
        if known.mailbox.is_some() {
            self.learn(self.own, user, Arc::new(Known { mailbox: None, ..Known::clone(&known) }));
        }
        known.mailbox.is_some()
    }
}
