//! What is shown of a person: all that is known, composed into one state.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use pidf::{Activity, Basic, Said, Summary};
use policy::Policy;
use registrar::{Binding, Table};

use crate::board::Board;
use crate::known::{By, Engagement, Published, Seen, Stage};

/// So many notes are shown of one person.
const NOTES_MAX: usize = 4;

pub(crate) const ON_A_CALL: &str = "on a call";
pub(crate) const ON_MOBILE: &str = "on a call (mobile)";
pub(crate) const NOT_TO_BE_DISTURBED: &str = "do not disturb";

/// A person as watchers see them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Face {
    pub presence: Arc<Mien>,
    /// Dialogs, in order.
    pub dialogs: Arc<[Engagement]>,
    /// Where their phones are.
    pub contacts: Arc<[Place]>,
    /// What waits in their mailbox, if anybody has said so.
    pub mailbox: Option<Arc<Summary>>,
    /// Who watches them, if anybody wants to know.
    pub watchers: Arc<[Seen]>,
}

/// Where a phone of theirs is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub id: u64,
    pub uri: Box<str>,
    pub instance: Option<Box<str>>,
    /// The address that reaches that device alone.
    pub gruu: Option<Box<str>>,
}

impl Place {
    fn of(table: &Table, user: &str, binding: &Binding) -> Place {
        let mut id = DefaultHasher::new();
        (&binding.contact, binding.registered.0).hash(&mut id);
        Place {
            id: id.finish(),
            uri: registrar::without_tokens(&binding.contact).as_ref().into(),
            instance: binding.instance.clone(),
            gruu: table.public_gruu(user, binding).map(Box::from),
        }
    }
}

/// The part of it that is no lamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mien {
    /// Whether some phone of theirs can be rung.
    pub basic: Basic,
    /// What devices say, the newest first.
    pub published: Vec<Published>,
    /// What the person does: by what devices and programs say, and by what the house sees. In order, each
    /// once.
    pub activities: Vec<Activity>,
    pub notes: Vec<Box<str>>,
}

impl Face {
    pub fn compose(user: &str, policy: &Policy, table: &Table, board: &Board) -> Face {
        let mut engagements: Vec<Engagement> =
            board.of(user).flat_map(|known| known.engagements.iter().cloned()).collect();
        let mut published: Vec<Published> =
            board.of(user).flat_map(|known| known.published.iter().cloned()).collect();
        published.sort_by_key(|one| std::cmp::Reverse(one.number));
        engagements.extend(published.iter().filter_map(Published::engagement));
        engagements.sort_unstable();
        let is_reachable = table.is_reachable(user) || policy.has_fixed_devices(user);
        let mut mien = Mien {
            basic: if is_reachable { Basic::Open } else { Basic::Closed },
            activities: published.iter().flat_map(|one| one.said.activities.iter().copied()).collect(),
            notes: Vec::new(),
            published,
        };
        mien.note_calls(&engagements);
        if policy.does_not_disturb(user) {
            mien.activities.push(Activity::Busy);
            mien.note(NOT_TO_BE_DISTURBED);
        }
        let said: Vec<Arc<Said>> = mien.published.iter().map(|one| Arc::clone(&one.said)).collect();
        said.iter().flat_map(|said| &said.notes).for_each(|note| mien.note(note));
        mien.published.retain(|one| one.program.is_none());
        mien.activities.sort_unstable();
        mien.activities.dedup();
        // A mobile that rings is nobody's lamp: who is to pick that up?
        engagements.retain(|one| one.by == By::Phone || one.stage == Stage::Talking);
        let mailbox = board.of(user).filter_map(|known| known.mailbox.as_ref()).max_by_key(|one| one.number);
        let mailbox = mailbox.map(|mailbox| Arc::clone(&mailbox.summary));
        let place = |binding: &Binding| Place::of(table, user, binding);
        let contacts = table.of(user).map(|all| all.iter().map(place).collect()).unwrap_or_default();
        let mut watchers: Vec<Seen> =
            board.of(user).flat_map(|known| known.watchers.iter().cloned()).collect();
        watchers.sort_unstable();
        let (presence, dialogs, watchers) = (Arc::new(mien), engagements.into(), watchers.into());
        Face { presence, dialogs, contacts, mailbox, watchers }
    }

    /// Somebody who is not there, and does nothing.
    pub fn absent() -> Face {
        let mien =
            Mien { basic: Basic::Closed, published: Vec::new(), activities: Vec::new(), notes: Vec::new() };
        Face {
            presence: Arc::new(mien),
            dialogs: Arc::default(),
            contacts: Arc::default(),
            mailbox: None,
            watchers: Arc::default(),
        }
    }
}

impl Mien {
    fn note_calls(&mut self, engagements: &[Engagement]) {
        let mut talks = engagements.iter().filter(|one| one.stage == Stage::Talking).peekable();
        if talks.peek().is_none() {
            return;
        }
        self.activities.push(Activity::OnThePhone);
        let is_mobile = talks.all(|one| one.by == By::Mobile);
        self.note(if is_mobile { ON_MOBILE } else { ON_A_CALL });
    }

    fn note(&mut self, note: &str) {
        if self.notes.len() < NOTES_MAX && !self.notes.iter().any(|known| **known == *note) {
            self.notes.push(note.into());
        }
    }
}
