//! What devices publish, each until its time is over (RFC 3903 4), and what programs notice of people.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pidf::Said;
use sip_stack::Chance;

use crate::known::Published;
use crate::limits::{NOTICES_MAX, PUBLICATIONS_MAX};
use crate::no::No;

/// What a PUBLISH wants (RFC 3903 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wish<'m> {
    Begin(Said),
    Refresh(&'m str),
    Change(&'m str, Said),
    End(&'m str),
}

/// One publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Publication {
    /// Another with each PUBLISH.
    pub tag: Box<str>,
    pub number: u64,
    /// The same as long as it lasts: the number that it began with.
    pub id: u64,
    pub said: Arc<Said>,
    pub until: Instant,
    /// The program that says it; none, where a device does.
    pub program: Option<Arc<str>>,
}

/// All that was published to one shard.
#[derive(Debug, Default)]
pub(crate) struct Publications {
    users: BTreeMap<Arc<str>, Vec<Publication>>,
    ends: BTreeSet<(Instant, Arc<str>)>,
}

impl Publications {
    /// Does what a PUBLISH wants; returns the entity tag that names the publication from now on.
    pub fn apply(
        &mut self,
        now: Instant,
        user: &Arc<str>,
        wish: &Wish<'_>,
        lasts: Duration,
        (number, chance): (u64, &mut Chance),
    ) -> Result<Box<str>, No> {
        let mut all = self.users.get(user).cloned().unwrap_or_default();
        all.retain(|one| one.until > now);
        let tag: Box<str> = chance.text(16).into();
        let until = now + lasts;
        let is_of_device = |one: &&Publication| one.program.is_none();
        let named = |all: &[Publication], tag: &str| {
            let found = all.iter().position(|one| one.program.is_none() && *one.tag == *tag);
            found.ok_or(No::StaleTag)
        };
        match wish {
            Wish::Begin(_) if all.iter().filter(is_of_device).count() >= PUBLICATIONS_MAX => {
                return Err(No::TooMany("a user has too many publications"));
            }
            Wish::Begin(said) => {
                let said = Arc::new(said.clone());
                all.push(Publication { tag: tag.clone(), number, id: number, said, until, program: None });
            }
            Wish::Refresh(known) => {
                let at = named(&all, known)?;
                (all[at].tag, all[at].until) = (tag.clone(), until);
            }
            Wish::Change(known, said) => {
                let at = named(&all, known)?;
                let (id, said) = (all[at].id, Arc::new(said.clone()));
                all[at] = Publication { tag: tag.clone(), number, id, said, until, program: None };
            }
            Wish::End(known) => drop(all.remove(named(&all, known)?)),
        }
        self.set(user, all);
        Ok(tag)
    }

    /// A program says this of a user from now on, or nothing any more. Whether there was room for it.
    pub fn notice(
        &mut self,
        now: Instant,
        user: &Arc<str>,
        program: &Arc<str>,
        says: Option<(Said, Duration)>,
        number: u64,
    ) -> bool {
        let mut all = self.users.get(user).cloned().unwrap_or_default();
        all.retain(|one| one.until > now && one.program.as_ref() != Some(program));
        let notices = all.iter().filter(|one| one.program.is_some()).count();
        if says.is_some() && notices >= NOTICES_MAX {
            return false;
        }
        all.extend(says.map(|(said, lasts)| Publication {
            tag: Box::default(),
            number,
            id: number,
            said: Arc::new(said),
            until: now + lasts,
            program: Some(Arc::clone(program)),
        }));
        self.set(user, all);
        true
    }

    pub fn of(&self, user: &str) -> &[Publication] {
        self.users.get(user).map_or(&[][..], Vec::as_slice)
    }

    /// As the other shards are told.
    pub fn published(&self, user: &str) -> Vec<Published> {
        self.of(user)
            .iter()
            .map(|one| Published {
                number: one.number,
                id: one.id,
                said: Arc::clone(&one.said),
                program: one.program.clone(),
            })
            .collect()
    }

    pub fn len(&self) -> usize {
        self.users.values().map(Vec::len).sum()
    }

    pub fn users(&self) -> impl Iterator<Item = &Arc<str>> {
        self.users.keys()
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// A user of whom something has ended, and what is left of it.
    pub fn expire(&mut self, now: Instant) -> Option<Arc<str>> {
        let (_, user) = self.ends.first().filter(|(at, _)| *at <= now).cloned()?;
        let mut all = self.users.get(&user).cloned().unwrap_or_default();
        all.retain(|one| one.until > now);
        self.set(&user, all);
        Some(user)
    }

    pub fn set(&mut self, user: &Arc<str>, all: Vec<Publication>) {
        let first = |all: &[Publication]| all.iter().map(|one| one.until).min();
        if let Some(known) = self.users.remove(user)
            && let Some(end) = first(&known)
        {
            self.ends.remove(&(end, Arc::clone(user)));
        }
        if let Some(end) = first(&all) {
            self.ends.insert((end, Arc::clone(user)));
            self.users.insert(Arc::clone(user), all);
        }
    }
}
