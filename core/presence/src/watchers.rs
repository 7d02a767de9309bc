//! All subscriptions of a shard: by their token, by whom they watch, by who watches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use sip_stack::Token;

use crate::board::Asks;
use crate::face::Face;
use crate::known::Seen;
use crate::limits::{OF_WATCHED_MAX, OF_WATCHER_MAX, SUBSCRIPTIONS_MAX, WATCHERS_SEEN};
use crate::no::No;
use crate::subscription::{State, Subscription};

/// Subscriptions, and the faces of those who are watched.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    slots: Vec<Option<Subscription>>,
    free: Vec<u32>,
    watched: BTreeMap<Arc<str>, Watched>,
    by_watcher: BTreeMap<Arc<str>, BTreeSet<u32>>,
    looks: BTreeSet<(Instant, u32)>,
    /// NOTIFYs that wait for their answers.
    pub flying: usize,
    /// What was written down, and is no more.
    pub gone: Vec<Token>,
    /// Whose watchers may be others than before.
    pub touched: BTreeSet<Arc<str>>,
}

/// Somebody who is watched.
#[derive(Debug)]
struct Watched {
    face: Arc<Face>,
    slots: BTreeSet<u32>,
    /// How many of them ask who watches.
    asking: usize,
}

impl Watchers {
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether one more finds room.
    pub fn room_for(&self, watcher: &str, watched: &[Arc<str>]) -> Result<(), No> {
        if self.by_watcher.get(watcher).map_or(0, BTreeSet::len) >= OF_WATCHER_MAX {
            return Err(No::TooMany("a user watches too many others"));
        }
        let beside = |user| self.watched.get(user).map_or(0, |watched: &Watched| watched.slots.len());
        if self.len() >= SUBSCRIPTIONS_MAX || watched.iter().any(|user| beside(user) >= OF_WATCHED_MAX) {
            return Err(No::Full);
        }
        Ok(())
    }

    /// The slot that the next subscription takes.
    pub fn next_slot(&self) -> u32 {
        let fresh = u32::try_from(self.slots.len()).expect("there are fewer subscriptions than slots");
        self.free.last().copied().unwrap_or(fresh)
    }

    /// Makes the slot of a token from before the next one; not where it is taken.
    pub fn make_room(&mut self, token: Token) -> bool {
        let slot = token.slot();
        if slot as usize >= SUBSCRIPTIONS_MAX || self.get(slot).is_some() {
            return false;
        }
        let fresh = self.slots.len() as u32;
        self.free.extend(fresh..=slot);
        self.slots.resize_with(self.slots.len().max(slot as usize + 1), || None);
        let place = self.free.iter().rposition(|free| *free == slot).expect("what is not taken is free");
        let last = self.free.len() - 1;
        self.free.swap(place, last);
        true
    }

    /// Takes one in under the slot of its token; `look` says how somebody looks now.
    pub fn insert(&mut self, subscription: Subscription, look: impl Fn(&Arc<str>) -> Face) {
        let slot = self.next_slot();
        assert_eq!(slot, subscription.token.slot(), "a token names the next slot");
        for user in subscription.users() {
            let new = || Watched { face: Arc::new(look(&user)), slots: BTreeSet::new(), asking: 0 };
            let watched = self.watched.entry(Arc::clone(&user)).or_insert_with(new);
            watched.slots.insert(slot);
            watched.asking += usize::from(subscription.package.of_watchers().is_some());
            self.touched.insert(user);
        }
        self.by_watcher.entry(Arc::clone(&subscription.watcher)).or_default().insert(slot);
        match self.free.pop() {
            Some(slot) => self.slots[slot as usize] = Some(subscription),
            None => self.slots.push(Some(subscription)),
        }
        self.settle(slot);
    }

    pub fn slot_of(&self, token: Token) -> Option<u32> {
        let known = self.slots.get(token.slot() as usize)?.as_ref()?;
        (known.token == token).then_some(token.slot())
    }

    pub fn get(&self, slot: u32) -> Option<&Subscription> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// Changes one, and notes when it has to be looked at again; one that is over is forgotten.
    pub fn with<T>(&mut self, slot: u32, change: impl FnOnce(&mut Subscription) -> T) -> Option<T> {
        let subscription = self.slots.get_mut(slot as usize)?.as_mut()?;
        let result = change(subscription);
        self.settle(slot);
        Some(result)
    }

    fn settle(&mut self, slot: u32) {
        let Some(subscription) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else { return };
        let look = subscription.deadline();
        if look != subscription.look {
            if let Some(at) = subscription.look {
                self.looks.remove(&(at, slot));
            }
            self.looks.extend(look.map(|at| (at, slot)));
            subscription.look = look;
        }
        if subscription.state == State::Over {
            self.forget(slot);
        }
    }

    fn forget(&mut self, slot: u32) {
        let Some(gone) = self.slots.get_mut(slot as usize).and_then(Option::take) else { return };
        self.free.push(slot);
        if gone.is_kept {
            self.gone.push(gone.token);
        }
        if let Some(at) = gone.look {
            self.looks.remove(&(at, slot));
        }
        for user in gone.users() {
            let Some(watched) = self.watched.get_mut(&user) else { continue };
            watched.slots.remove(&slot);
            watched.asking -= usize::from(gone.package.of_watchers().is_some());
            if watched.slots.is_empty() {
                self.watched.remove(&user);
            }
            self.touched.insert(user);
        }
        if let Some(slots) = self.by_watcher.get_mut(&gone.watcher) {
            slots.remove(&slot);
            if slots.is_empty() {
                self.by_watcher.remove(&gone.watcher);
            }
        }
    }

    /// The slot that has waited longest to be looked at.
    pub fn due(&self, now: Instant) -> Option<u32> {
        self.looks.first().filter(|(at, _)| *at <= now).map(|(_, slot)| *slot)
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.looks.first().map(|(at, _)| *at)
    }

    /// Everybody who is watched.
    pub fn everybody(&self) -> Vec<Arc<str>> {
        self.watched.keys().cloned().collect()
    }

    pub fn is_watched(&self, user: &str) -> bool {
        self.watched.contains_key(user)
    }

    pub fn face(&self, user: &str) -> Option<&Arc<Face>> {
        self.watched.get(user).map(|watched| &watched.face)
    }

    /// Somebody looks like this from now on: whoever watches what has changed is owed the news.
    pub fn show(&mut self, now: Instant, user: &str, face: Face) {
        let Some(watched) = self.watched.get_mut(user) else { return };
        if *watched.face == face {
            return;
        }
        let before = std::mem::replace(&mut watched.face, Arc::new(face));
        let (after, slots) = (Arc::clone(&watched.face), watched.slots.clone());
        for slot in slots {
            self.with(slot, |one| {
                if one.package.differs(&before, &after) {
                    one.changed(now, user);
                }
            });
        }
    }

    /// The slots of those who watch somebody.
    pub fn watching(&self, user: &str) -> Vec<u32> {
        self.watched.get(user).map(|watched| watched.slots.iter().copied().collect()).unwrap_or_default()
    }

    /// Whether somebody asks who watches a user.
    pub fn asks_who_watches(&self, user: &str) -> Asks {
        match self.watched.get(user).map_or(0, |watched| watched.asking) {
            0 => Asks::Nothing,
            _ => Asks::WhoWatches,
        }
    }

    /// Who watches a user, in order: no more than anybody wants to read.
    pub fn seen(&self, user: &str) -> Vec<Seen> {
        let slots = self.watched.get(user).into_iter().flat_map(|watched| &watched.slots);
        let seen = slots.filter_map(|slot| self.get(*slot)?.seen_by(user));
        let mut seen: Vec<Seen> = seen.collect();
        seen.sort_unstable();
        seen.truncate(WATCHERS_SEEN);
        seen
    }

    /// The slots of what somebody watches.
    pub fn watched_by(&self, user: &str) -> Vec<u32> {
        self.by_watcher.get(user).map(|slots| slots.iter().copied().collect()).unwrap_or_default()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Subscription> {
        self.slots.iter().flatten()
    }

    pub fn slots(&self) -> Vec<u32> {
        self.iter().map(|one| one.token.slot()).collect()
    }
}
