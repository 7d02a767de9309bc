//! Whom somebody wants woken: asked for once for all who want it, and not without end.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::WallTime;

use crate::bell::Bell;

/// A phone that was asked to wake and did not come is not asked again before.
const AGAIN: Duration = Duration::from_secs(2);
const MINUTE: Duration = Duration::from_secs(60);
/// So often in a minute one user's phones are woken, and those of all together; a call for help, and one
/// that comes back from there, may go beyond both.
const PER_USER: u32 = 30;
const IN_ALL: usize = 60_000;

/// A phone is to be woken, by whoever can do that.
#[derive(Clone, PartialEq, Eq)]
pub struct Wake {
    pub user: Arc<str>,
    pub device: Box<str>,
    pub provider: Arc<str>,
    pub token: Box<str>,
    pub param: Option<Box<str>>,
    pub why: Why,
    pub urgency: Urgency,
    pub at: WallTime,
}

impl fmt::Debug for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wake { user, device, provider, why, urgency, at, token: _, param: _ } = self;
        let mut shown = f.debug_struct("Wake");
        shown.field("user", user).field("device", device).field("provider", provider).field("why", why);
        shown.field("urgency", urgency).field("at", at).finish_non_exhaustive()
    }
}

/// What a phone is woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Call,
    Message,
    /// To say again where it is, before it is forgotten.
    Registration,
}

impl Why {
    pub fn word(self) -> &'static str {
        match self {
            Why::Call => "call",
            Why::Message => "message",
            Why::Registration => "registration",
        }
    }
}

/// Whether limits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    Usual,
    Urgent,
}

/// What became of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Now,
    /// It was asked for a moment ago: the phone may be on its way.
    Before,
    TooOften,
}

/// What one shard has asked for.
#[derive(Debug, Default)]
pub struct Wakes {
    wanted: Vec<Wake>,
    /// When each device was asked last, within the last minute.
    last: BTreeMap<(Arc<str>, Box<str>), Instant>,
    per_user: BTreeMap<Arc<str>, u32>,
    /// In their order.
    all: VecDeque<(Instant, Arc<str>, Box<str>)>,
}

impl Wakes {
    /// Somebody wants a phone of a user.
    pub fn ask(
        &mut self,
        (now, wall): (Instant, WallTime),
        (user, device, bell): (&Arc<str>, &str, &Bell),
        (why, urgency): (Why, Urgency),
    ) -> Asked {
        self.forget(now);
        let key = (Arc::clone(user), Box::from(device));
        if urgency == Urgency::Usual {
            if self.last.get(&key).is_some_and(|last| now < *last + AGAIN) {
                return Asked::Before;
            }
            if self.per_user.get(user).is_some_and(|count| *count >= PER_USER) || self.all.len() >= IN_ALL {
                return Asked::TooOften;
            }
        }
        self.all.push_back((now, Arc::clone(user), device.into()));
        *self.per_user.entry(Arc::clone(user)).or_default() += 1;
        self.last.insert(key, now);
        self.wanted.push(Wake {
            user: Arc::clone(user),
            device: device.into(),
            provider: Arc::clone(&bell.provider),
            token: bell.token.clone(),
            param: bell.param.clone(),
            why,
            urgency,
            at: wall,
        });
        Asked::Now
    }

    /// Who is to be woken.
    pub fn take(&mut self) -> std::vec::Drain<'_, Wake> {
        self.wanted.drain(..)
    }

    fn forget(&mut self, now: Instant) {
        while self.all.front().is_some_and(|(at, ..)| *at + MINUTE <= now) {
            let Some((at, user, device)) = self.all.pop_front() else { return };
            if let Some(count) = self.per_user.get_mut(&user) {
                *count -= 1;
                if *count == 0 {
                    self.per_user.remove(&user);
                }
            }
            let key = (user, device);
            if self.last.get(&key) == Some(&at) {
                self.last.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    // A test has no shell to be given its first `now` by.
    #![allow(clippy::disallowed_methods)]
    use super::*;

    fn bell() -> Bell {
        Bell {
            provider: "apns".into(),
            token: "t0k3n".into(),
            param: None,
            device: "push-1".into(),
            ahead_s: 120,
            heard: None,
        }
    }

    #[test]
    fn d11_nobody_wakes_one_phone_without_end_and_help_may() {
        let (mut wakes, bell, anna) = (Wakes::default(), bell(), Arc::from("anna"));
        let start = Instant::now();
        let ask = |wakes: &mut Wakes, ms: u64, device: &str, urgency| {
            let now = (start + Duration::from_millis(ms), WallTime(0));
            wakes.ask(now, (&anna, device, &bell), (Why::Call, urgency))
        };

        assert_eq!(ask(&mut wakes, 0, "one", Urgency::Usual), Asked::Now);
        assert_eq!(ask(&mut wakes, 1999, "one", Urgency::Usual), Asked::Before);
        assert_eq!(ask(&mut wakes, 1999, "one", Urgency::Urgent), Asked::Now);
        assert_eq!(ask(&mut wakes, 3998, "one", Urgency::Usual), Asked::Before);
        for device in 0..PER_USER - 2 {
            assert_eq!(ask(&mut wakes, 4000, &device.to_string(), Urgency::Usual), Asked::Now);
        }
        assert_eq!(ask(&mut wakes, 5000, "other", Urgency::Usual), Asked::TooOften);
        assert_eq!(ask(&mut wakes, 5000, "other", Urgency::Urgent), Asked::Now);
        assert_eq!(wakes.take().count(), PER_USER as usize + 1);

        assert_eq!(ask(&mut wakes, 65_000, "one", Urgency::Usual), Asked::Now);
        assert_eq!((wakes.all.len(), wakes.last.len(), wakes.per_user.len()), (1, 1, 1));
    }

    #[test]
    fn what_is_shown_of_a_wish_holds_no_token() {
        let (mut wakes, anna) = (Wakes::default(), Arc::from("anna"));
        wakes.ask((Instant::now(), WallTime(0)), (&anna, "one", &bell()), (Why::Message, Urgency::Usual));

        let wake = wakes.take().next();

        assert!(!format!("{wake:?} {:?}", bell()).contains("t0k3n"));
        assert_eq!(wake.map(|wake| wake.token), Some("t0k3n".into()));
    }
}
