//! One watcher of one person, for one package: what they are owed, and when (RFC 6665 4.2).

use std::sync::Arc;
use std::time::Instant;

use pidf::{Cause, Status};
use policy::{Admission, Policy};
use sip_stack::{ClientId, Dialog, Token};

use crate::console::Console;
use crate::document::Package;
use crate::holding::Holding;
use crate::known::Seen;
use crate::limits::{GATHER, REST, RESTS_MAX};

/// A subscription, as we keep it.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub token: Token,
    pub dialog: Dialog,
    pub watcher: Arc<str>,
    /// Whom it is about: a user, or a console.
    pub watched: Arc<str>,
    /// Those whom the console shows.
    pub console: Option<Console>,
    pub package: Package,
    /// The Event value that NOTIFYs repeat.
    pub event: Box<str>,
    /// Our Contact.
    pub contact: Box<str>,
    /// The URI that was asked for.
    pub entity: Box<str>,
    pub until: Instant,
    /// Of the next document.
    pub version: u32,
    pub state: State,
    /// What may be seen of whom it is about, if that is one user.
    pub admission: Admission,
    /// What has brought it to that.
    pub cause: Cause,
    /// Whether it was written down.
    pub is_kept: bool,
    /// What the watcher holds, where that decides what it is told.
    pub holding: Option<Box<Holding>>,
    /// When it was looked at last, or will be.
    pub look: Option<Instant>,
}

/// What the watcher is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing: the newest was told, and answered.
    Told {
        at: Instant,
    },
    /// The newest state, from a moment on.
    Owed {
        from: Instant,
        failures: u32,
    },
    /// A NOTIFY waits for its answer; whether there is something newer.
    Telling {
        client: ClientId,
        then: Then,
        failures: u32,
    },
    /// A last word, from a moment on.
    Ending {
        reason: Reason,
        from: Instant,
    },
    /// The last word waits for its answer.
    Parting {
        client: ClientId,
    },
    Over,
}

/// What follows once a NOTIFY is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Nothing,
    Again,
    End(Reason),
}

/// Why a subscription ends (RFC 6665 4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Timeout,
    Rejected,
    NoResource,
    /// Others are watched by the same name: it may be asked for again at once.
    Deactivated,
}

impl Reason {
    pub fn word(self) -> &'static str {
        match self {
            Reason::Timeout => "timeout",
            Reason::Rejected => "rejected",
            Reason::NoResource => "noresource",
            Reason::Deactivated => "deactivated",
        }
    }
}

/// What became of a NOTIFY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Taken,
    /// Not now: from then on.
    Later(Instant),
    /// The watcher knows nothing of it, or wants no more.
    Refused,
    Nothing,
}

impl Subscription {
    /// Everybody whose changes it tells of.
    pub fn users(&self) -> Vec<Arc<str>> {
        match &self.console {
            Some(console) => console.users().cloned().collect(),
            None => vec![Arc::clone(&self.watched)],
        }
    }

    /// Its watcher, as somebody whom it is about sees them; nothing where it ends.
    pub fn seen_by(&self, user: &str) -> Option<Seen> {
        let is_over = matches!(self.state, State::Ending { .. } | State::Parting { .. } | State::Over);
        let about = self.package.about().filter(|_| !is_over)?;
        let status = match self.admission_to(user) {
            Admission::Block => return None,
            Admission::Confirm => Status::Pending,
            // Whoever is blocked politely counts as one who watches (RFC 5025 3.2.1).
            Admission::PoliteBlock | Admission::Allow => Status::Active,
        };
        let (watcher, cause, token) = (Arc::clone(&self.watcher), self.cause, self.token.bits());
        Some(Seen { status, watcher, cause, about, token })
    }

    /// When it has to be looked at.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Told { .. } => Some(self.until),
            State::Owed { from, .. } => Some(self.until.min(*from)),
            State::Telling { .. } | State::Parting { .. } | State::Over => None,
            State::Ending { from, .. } => Some(*from),
        }
    }

    /// What it is owed at this moment, if anything is to be sent now.
    pub fn due(&self, now: Instant) -> Option<Due> {
        match &self.state {
            State::Ending { reason, from } if *from <= now => Some(Due::LastWord(*reason)),
            // Whoever did not answer before hears no last word either.
            State::Owed { failures: 1.., .. } if self.until <= now => Some(Due::Nothing),
            State::Told { .. } | State::Owed { .. } if self.until <= now => {
                Some(Due::LastWord(Reason::Timeout))
            }
            State::Owed { from, .. } if *from <= now => Some(Due::State),
            _ => None,
        }
    }

    /// What the watcher may see of somebody whom it is about.
    pub fn admission_to(&self, user: &str) -> Admission {
        self.console.as_ref().map_or(self.admission, |console| console.admission_to(user))
    }

    /// Finds out what the watcher may see, and tells them if it is something else than before.
    pub fn judge(&mut self, now: Instant, policy: &Policy) {
        if let Some(console) = &mut self.console {
            if console.judge(policy, &self.watcher) {
                self.is_owed_more(now);
            }
            return;
        }
        let admission = policy.admission(&self.watched, &self.watcher);
        if admission != self.admission {
            self.cause = match self.admission {
                Admission::Confirm => Cause::Approved,
                _ => Cause::Subscribe,
            };
            self.admission = admission;
            self.holding.iter_mut().for_each(|holding| holding.begin_anew());
            self.is_owed_more(now);
        }
    }

    /// The state of somebody whom it is about is another one: no news where it is not to be seen.
    pub fn changed(&mut self, now: Instant, user: &str) {
        if self.admission_to(user) != Admission::Allow {
            return;
        }
        self.console.iter_mut().for_each(|console| console.changed(user));
        self.is_owed_more(now);
    }

    fn is_owed_more(&mut self, now: Instant) {
        match &mut self.state {
            State::Told { at } => {
                let from = now.max(*at + GATHER);
                self.state = State::Owed { from, failures: 0 };
            }
            State::Telling { then: then @ Then::Nothing, .. } => *then = Then::Again,
            _ => {}
        }
    }

    /// The watcher was heard: it is told at once, whatever happened before (RFC 6665 4.2.1.2).
    pub fn heard(&mut self, now: Instant) {
        self.begin_anew();
        match &mut self.state {
            State::Told { .. } | State::Owed { .. } => self.state = State::Owed { from: now, failures: 0 },
            State::Telling { then, .. } if *then == Then::Nothing => *then = Then::Again,
            _ => {}
        }
    }

    /// Nobody knows what the watcher knows: it is told everything.
    fn begin_anew(&mut self) {
        self.console.iter_mut().for_each(Console::begin_anew);
        self.holding.iter_mut().for_each(|holding| holding.begin_anew());
    }

    /// What it was owed is no news to the watcher.
    pub fn is_spared(&mut self, now: Instant) {
        self.state = State::Told { at: now };
    }

    /// The watcher may be there again.
    pub fn wakes(&mut self, now: Instant) {
        if let State::Owed { from, failures: 1.. } = &mut self.state {
            *from = now.min(*from);
        }
    }

    /// It ends, as soon as its last NOTIFY is answered.
    pub fn end(&mut self, now: Instant, reason: Reason) {
        match &mut self.state {
            State::Telling { then, .. } => *then = Then::End(reason),
            State::Told { .. } | State::Owed { .. } => self.state = State::Ending { reason, from: now },
            State::Ending { .. } | State::Parting { .. } | State::Over => {}
        }
    }

    /// A NOTIFY has left.
    pub fn sent(&mut self, due: Due, client: ClientId) {
        let failures = if let State::Owed { failures, .. } = self.state { failures } else { 0 };
        self.state = match due {
            Due::State => {
                let is_owed_more = self.console.as_ref().is_some_and(Console::is_owed);
                let then = if is_owed_more { Then::Again } else { Then::Nothing };
                State::Telling { client, then, failures }
            }
            Due::LastWord(_) => State::Parting { client },
            Due::Nothing => State::Over,
        };
    }

    /// What became of a NOTIFY.
    ///
    /// An error ends the subscription (RFC 6665 4.2.2). Silence need not: a phone that was without power for
    /// a minute would watch a dead lamp for an hour, so it is tried again, ever more rarely, until its time
    /// is over.
    pub fn replied(&mut self, now: Instant, to: ClientId, reply: Reply) {
        let State::Telling { client, then, failures } = self.state else {
            if matches!(self.state, State::Parting { client } if client == to) {
                self.state = State::Over;
            }
            return;
        };
        if client != to {
            return;
        }
        match reply {
            Reply::Taken => self.holding.iter_mut().for_each(|holding| holding.taken()),
            Reply::Later(_) | Reply::Refused | Reply::Nothing => self.begin_anew(),
        }
        self.state = match (reply, then) {
            (Reply::Refused, _) => State::Over,
            (Reply::Nothing, Then::End(_)) => State::Over,
            (Reply::Taken, Then::End(reason)) => State::Ending { reason, from: now },
            (Reply::Later(from), Then::End(reason)) => State::Ending { reason, from },
            (Reply::Taken, Then::Nothing) => State::Told { at: now },
            (Reply::Taken, Then::Again) => State::Owed { from: now + GATHER, failures: 0 },
            (Reply::Later(from), _) => State::Owed { from, failures },
            (Reply::Nothing, _) => {
                let failures = failures.saturating_add(1);
                let rest = REST * 2u32.pow(failures.min(RESTS_MAX) - 1);
                State::Owed { from: now + rest, failures }
            }
        };
    }
}

/// What leaves next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    State,
    LastWord(Reason),
    /// It is over, and nobody hears of it.
    Nothing,
}
