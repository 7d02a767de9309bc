//! What is said again until it is answered (RFC 3261 17.1).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Leaving;
use crate::repeat::{T1, T2};

/// The number of a call.
pub(crate) type CallId = usize;

/// What is repeated; one of each at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Repeated {
    Invite(CallId),
    Success(CallId),
    /// A BYE or CANCEL of the provider.
    Leave(CallId),
    /// A BYE of the phone.
    Bye(CallId),
    Subscribe(usize),
}

#[derive(Debug, Default)]
pub(crate) struct Repeats {
    open: HashMap<Repeated, Open>,
    pub given_up: Vec<Repeated>,
}

#[derive(Debug)]
struct Open {
    leaving: Leaving,
    span: Duration,
    until: Instant,
    /// Copies that were due for what is not repeated any more are none.
    next: Instant,
}

impl Repeats {
    /// When the first copy is due.
    pub fn begin(&mut self, now: Instant, what: Repeated, leaving: Leaving) -> Instant {
        let next = now + T1;
        self.open.insert(what, Open { leaving, span: T1, until: now + 64 * T1, next });
        next
    }

    pub fn settle(&mut self, what: Repeated) {
        self.open.remove(&what);
    }

    /// Says it again, and when once more.
    pub fn again(&mut self, what: &Repeated, now: Instant, out: &mut Vec<Leaving>) -> Option<Instant> {
        let open = self.open.get_mut(what).filter(|open| open.next <= now)?;
        if open.until <= now {
            self.open.remove(what);
            self.given_up.push(*what);
            return None;
        }
        out.push(open.leaving.clone());
        open.span = (open.span * 2).min(T2);
        open.next = now + open.span;
        Some(open.next)
    }
}
