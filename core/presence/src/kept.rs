//! What outlives the process: who watches whom, and what devices publish.

use std::sync::Arc;
use std::time::Instant;

use pidf::{Activity, Basic, Cause, Filters, Said};
use policy::{Admission, Policy, WallTime};
use serde::{Deserialize, Serialize};
use sip_stack::{Dialog, KeptDialog, Listener, Token};

use crate::console::Console;
use crate::document::Package;
use crate::holding::{Holding, Style};
use crate::known::Mailbox;
use crate::limits::{AFTER_RESTART, UNWRITTEN};
use crate::publications::Publication;
use crate::subscription::{State, Subscription};

/// The newest under a key counts; what was written before under the same key no longer holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    /// A subscription, under its token.
    Watching { token: Box<str>, watching: Option<Box<KeptWatching>> },
    /// All that devices of a user publish to a shard, and programs say to it.
    Publishing { shard: u8, user: Arc<str>, published: Vec<KeptPublication> },
    /// What waits in a user's mailbox.
    Mail { user: Arc<str>, number: u64, summary: Option<Box<str>> },
}

/// A subscription as of the last SUBSCRIBE: NOTIFYs are not written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptWatching {
    watcher: Arc<str>,
    watched: Arc<str>,
    package: String,
    event: Box<str>,
    contact: Box<str>,
    entity: Box<str>,
    until: WallTime,
    version: u32,
    dialog: KeptDialog,
    /// Whether it is about those whom a console shows.
    #[serde(default, skip_serializing_if = "is_not")]
    console: bool,
    /// Whether it is told what has changed alone.
    #[serde(default, skip_serializing_if = "is_not")]
    changes: bool,
    /// What it wants to be told.
    #[serde(default, skip_serializing_if = "Filters::is_empty")]
    filters: Filters,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_not(flag: &bool) -> bool {
    !flag
}

/// One publication.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPublication {
    tag: Box<str>,
    number: u64,
    /// Where it is another one than the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    until: WallTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is_open: Option<bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    activities: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device_note: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    program: Option<Arc<str>>,
}

impl Kept {
    /// What it is known by.
    pub fn key(&self) -> Arc<str> {
        match self {
            Kept::Watching { token, .. } => Arc::from(&**token),
            // No token has such a sign.
            Kept::Publishing { shard, user, .. } => Arc::from(format!("{user}@{shard}")),
            Kept::Mail { user, .. } => Arc::from(format!("{user}#")),
        }
    }

    /// Whether it says that there is nothing any more.
    pub fn is_nothing(&self) -> bool {
        match self {
            Kept::Watching { watching, .. } => watching.is_none(),
            Kept::Publishing { published, .. } => published.is_empty(),
            Kept::Mail { summary, .. } => summary.is_none(),
        }
    }

    /// Leaves out what has ended by now.
    pub fn expire(&mut self, now: WallTime) {
        match self {
            Kept::Watching { watching, .. } => drop(watching.take_if(|one| one.until <= now)),
            Kept::Publishing { published, .. } => published.retain(|one| one.until > now),
            Kept::Mail { .. } => {}
        }
    }

    pub(crate) fn of(one: &Subscription, now: (Instant, WallTime), listeners: &[Listener]) -> Kept {
        let watching = KeptWatching {
            watcher: Arc::clone(&one.watcher),
            watched: Arc::clone(&one.watched),
            package: one.package.name().to_owned(),
            event: one.event.clone(),
            contact: one.contact.clone(),
            entity: one.entity.clone(),
            until: WallTime::at(one.until, now),
            version: one.version,
            dialog: one.dialog.kept(listeners),
            console: one.console.is_some(),
            changes: one.holding.as_ref().is_some_and(|holding| holding.style == Style::Changes),
            filters: one.holding.as_ref().map(|holding| holding.filters.clone()).unwrap_or_default(),
        };
        Kept::Watching { token: one.token.letters().text().into(), watching: Some(Box::new(watching)) }
    }

    pub(crate) fn mailbox(user: &Arc<str>, mailbox: &Mailbox) -> Kept {
        let summary = Some(mailbox.summary.to_string().into());
        Kept::Mail { user: Arc::clone(user), number: mailbox.number, summary }
    }

    pub(crate) fn no_mailbox(user: &Arc<str>) -> Kept {
        Kept::Mail { user: Arc::clone(user), number: 0, summary: None }
    }

    pub(crate) fn gone(token: Token) -> Kept {
        Kept::Watching { token: token.letters().text().into(), watching: None }
    }
}

impl KeptWatching {
    /// The watcher is told how things stand now, in its turn: much may have happened.
    pub(crate) fn restore(
        &self,
        token: Token,
        now: (Instant, WallTime),
        policy: &Policy,
        listeners: &[Listener],
    ) -> Option<Subscription> {
        let from = now.0 + AFTER_RESTART * (token.slot() % 5_000);
        let version = self.version.saturating_add(UNWRITTEN);
        let users = if self.console { Some(policy.console(&self.watched)?.1) } else { None };
        let mut one = Subscription {
            token,
            dialog: Dialog::restore(&self.dialog, UNWRITTEN, listeners)?,
            watcher: Arc::clone(&self.watcher),
            watched: Arc::clone(&self.watched),
            console: users.map(|users| Console::of(users).counting_from(version)),
            package: Package::named(&self.package)?,
            event: self.event.clone(),
            contact: self.contact.clone(),
            entity: self.entity.clone(),
            until: self.until.moment(now)?,
            version,
            state: State::Owed { from, failures: 0 },
            admission: Admission::Block,
            cause: Cause::Subscribe,
            is_kept: true,
            holding: Holding::of(
                if self.changes { Style::Changes } else { Style::Whole },
                self.filters.clone(),
            ),
            look: None,
        };
        one.judge(now.0, policy);
        // Nobody has been told before.
        one.state = State::Owed { from, failures: 0 };
        Some(one)
    }
}

impl KeptPublication {
    pub(crate) fn of(one: &Publication, now: (Instant, WallTime)) -> KeptPublication {
        KeptPublication {
            tag: one.tag.clone(),
            number: one.number,
            id: Some(one.id).filter(|id| *id != one.number),
            until: WallTime::at(one.until, now),
            is_open: one.said.basic.map(|basic| basic == Basic::Open),
            activities: one.said.activities.iter().map(|one| one.word().to_owned()).collect(),
            notes: one.said.notes.clone(),
            device_note: one.said.device_note.clone(),
            program: one.program.clone(),
        }
    }

    pub(crate) fn restore(&self, now: (Instant, WallTime)) -> Option<Publication> {
        let basic = self.is_open.map(|is_open| if is_open { Basic::Open } else { Basic::Closed });
        let activities = self.activities.iter().filter_map(|word| Activity::named(word)).collect();
        Some(Publication {
            tag: self.tag.clone(),
            number: self.number,
            id: self.id.unwrap_or(self.number),
            said: Arc::new(Said {
                basic,
                activities,
                notes: self.notes.clone(),
                device_note: self.device_note.clone(),
            }),
            until: self.until.moment(now)?,
            program: self.program.clone(),
        })
    }
}
