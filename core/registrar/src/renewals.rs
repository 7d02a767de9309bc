//! When phones that sleep are woken to say again where they are (RFC 8599 5.5).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use crate::bell::Bell;
use crate::binding::Binding;

/// Of all users.
#[derive(Debug, Default)]
pub(crate) struct Renewals {
    users: BTreeMap<Arc<str>, Of>,
    next: BTreeSet<(Instant, Arc<str>)>,
}

/// Of one user.
#[derive(Clone, Copy, Debug, Default)]
struct Of {
    next: Option<Instant>,
    /// Whatever was due before has been done.
    done: Option<Instant>,
}

/// A phone that is to be woken: its user, its device, and how.
pub type Renewal = (Arc<str>, Box<str>, Box<Bell>);

impl Renewals {
    /// These are the bindings of a user from now on.
    pub fn follow(&mut self, user: &Arc<str>, bindings: &[Binding]) {
        let is_woken = bindings.iter().any(|binding| binding.bell.is_some());
        if self.users.is_empty() && !is_woken {
            return;
        }
        let of = self.users.remove(user).unwrap_or_default();
        if let Some(at) = of.next {
            self.next.remove(&(at, Arc::clone(user)));
        }
        if !is_woken {
            return;
        }
        let is_open = |at: &Instant| of.done.is_none_or(|done| *at > done);
        let next = bindings.iter().flat_map(dues).filter(is_open).min();
        self.next.extend(next.map(|at| (at, Arc::clone(user))));
        self.users.insert(Arc::clone(user), Of { next, ..of });
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.next.first().map(|(at, _)| *at)
    }

    /// The next user with a phone that is due, and since when.
    pub fn due(&self, now: Instant) -> Option<(Instant, Arc<str>)> {
        self.next.first().filter(|(at, _)| *at <= now).cloned()
    }

    /// Whatever was due of a user until now is taken; who of them is woken.
    pub fn take(
        &mut self,
        (since, now): (Instant, Instant),
        user: &Arc<str>,
        all: &[Binding],
    ) -> Vec<Renewal> {
        if let Some(of) = self.users.get_mut(user) {
            of.done = Some(now);
        }
        self.follow(user, all);
        let is_due = |one: &&Binding| one.until > now && dues(one).any(|at| (since..=now).contains(&at));
        let woken = all.iter().filter(is_due);
        woken.filter_map(|one| Some((Arc::clone(user), one.device().into(), one.bell.clone()?))).collect()
    }
}

fn dues(binding: &Binding) -> impl Iterator<Item = Instant> {
    let dues = binding.bell.as_ref().map(|bell| bell.dues(binding.until));
    dues.into_iter().flatten().flatten()
}
