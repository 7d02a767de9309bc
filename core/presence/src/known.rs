//! What one shard knows of a person.

use std::sync::Arc;

use pidf::{Activity, Cause, Said, Status, Summary};

/// The program that knows of people's mobiles: what it says of a call is a call.
pub const MOBILE: &str = "mobile";

/// A person's part in one call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Engagement {
    /// The same as long as the call lasts, and no other call's.
    pub call: u64,
    pub part: Part,
    pub stage: Stage,
    pub by: By,
    /// What the phone's dialog is named by, as long as the phone rings.
    pub names: Option<Arc<Names>>,
}

/// What a Replaces header names a dialog by, as the person's phone knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Names {
    pub call_id: Box<str>,
    /// The phone's tag, and ours.
    pub local_tag: Box<str>,
    pub remote_tag: Box<str>,
}

/// Who began the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Calling,
    Called,
}

/// How far it has come for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Trying,
    Ringing,
    Talking,
}

/// What the person has the call with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    Phone,
    Mobile,
}

/// What a device of the person says, or a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The later it was said, the higher, on one shard.
    pub number: u64,
    /// Which publication it is: the number that it began with.
    pub id: u64,
    pub said: Arc<Said>,
    /// None, where a device says it.
    pub program: Option<Arc<str>>,
}

impl Published {
    /// A call by mobile of which a program knows, and no shard.
    pub(crate) fn engagement(&self) -> Option<Engagement> {
        let is_talking = self.said.activities.contains(&Activity::OnThePhone);
        if self.program.as_deref() != Some(MOBILE) || !is_talking {
            return None;
        }
        let (part, stage, by) = (Part::Called, Stage::Talking, By::Mobile);
        Some(Engagement { call: self.id, part, stage, by, names: None })
    }
}

/// All that a shard knows of a person, beside where phones are: of that every shard has the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// In order, each once.
    pub engagements: Vec<Engagement>,
    pub published: Vec<Published>,
    pub mailbox: Option<Mailbox>,
    /// Whether somebody asks the shard who watches the person: then all shards say whom they know.
    pub asks_who_watches: bool,
    /// In order.
    pub watchers: Vec<Seen>,
}

/// A watcher, as whoever is watched sees them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    pub status: Status,
    pub watcher: Arc<str>,
    pub cause: Cause,
    pub about: About,
    /// Its subscription.
    pub token: u64,
}

/// What a watcher wants to know of the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    Presence,
    Dialog,
}

/// What waits for the person, as the messaging system said last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// The later it was said, the higher, on whichever shard.
    pub number: u64,
    pub summary: Arc<Summary>,
}

impl Known {
    pub(crate) fn is_nothing(&self) -> bool {
        self.engagements.is_empty()
            && self.published.is_empty()
            && self.mailbox.is_none()
            && !self.asks_who_watches
            && self.watchers.is_empty()
    }
}
