//! What somebody else may take of the calls in progress: those that ring at users, and those that are parked.
//! Each shard tells the others of its own, so that a code reaches a call wherever it is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use media::MeetingKey;
use sip_stack::{ServerId, Token};

use crate::Room;

/// What may be taken of one call; nothing, when it names no user and no number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnOffer {
    pub call: Token,
    pub began: Instant,
    /// The user who calls.
    pub by: Option<Arc<str>>,
    pub rings_at: Vec<Arc<str>>,
    pub parked_at: Option<Arc<str>>,
}

/// What may be taken of the calls of other shards.
#[derive(Debug, Default)]
pub struct Elsewhere {
    calls: BTreeMap<u64, OnOffer>,
}

/// An INVITE that takes a call of another shard, and whom its sender has proved to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOn {
    pub server: ServerId,
    pub to: u8,
    pub authenticated: Option<String>,
}

/// How a shard that is not alone knows of the others, and they of it.
pub struct Others<'a> {
    pub shard: u8,
    /// How many shards there are, this one included.
    pub shards: u8,
    pub known: &'a Elsewhere,
    pub told: &'a mut Vec<OnOffer>,
    pub hand_on: &'a mut Option<HandOn>,
    pub arrival: &'a Arrival,
}

/// How a message came to this shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Arrival {
    #[default]
    Direct,
    /// From a shard that has heard its sender prove to be this user, or nobody.
    HandedOn(Option<String>),
}

impl Elsewhere {
    /// Takes what another shard tells.
    pub fn learn(&mut self, offer: OnOffer) {
        if let Some(number) = &offer.parked_at {
            // A number has one call: whoever was there before is gone, even if nobody said so.
            self.calls.retain(|_, other| other.parked_at.as_ref() != Some(number));
        }
        if offer.is_nothing() {
            self.calls.remove(&offer.call.bits());
        } else {
            self.calls.insert(offer.call.bits(), offer);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Since when the oldest call rings that this user may take at one of those, and the shard that has it.
    fn ringing_for_longest(&self, picker: &Arc<str>, users: &[Arc<str>]) -> Option<(Instant, u8)> {
        let rings = |offer: &&OnOffer| offer.rings_at.iter().any(|user| users.contains(user));
        let of_others = self.calls.values().filter(|offer| offer.by.as_ref() != Some(picker));
        let oldest = of_others.filter(rings).min_by_key(|offer| (offer.began, offer.call.bits()))?;
        Some((oldest.began, oldest.call.shard()))
    }

    fn parked_at(&self, number: &str) -> Option<u8> {
        let is_there = |offer: &&OnOffer| offer.parked_at.as_deref() == Some(number);
        self.calls.values().find(is_there).map(|offer| offer.call.shard())
    }
}

impl OnOffer {
    /// Nothing of this call may be taken, for it is gone.
    pub(crate) fn nothing(call: Token, now: Instant) -> OnOffer {
        OnOffer { call, began: now, by: None, rings_at: Vec::new(), parked_at: None }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        self.rings_at.is_empty() && self.parked_at.is_none()
    }
}

impl Room<'_> {
    /// Hands an INVITE on to the shard whose call rings there for longest, if that began before `here`.
    pub(crate) fn hands_on_to_ringing(
        &mut self,
        (server, authenticated): (ServerId, Option<&str>),
        (picker, users): (&Arc<str>, &[Arc<str>]),
        here: Option<Instant>,
    ) -> bool {
        let found = self.elsewhere().and_then(|known| known.ringing_for_longest(picker, users));
        let older = found.filter(|(began, _)| here.is_none_or(|here| *began < here));
        older.is_some_and(|(_, shard)| self.hand_on(server, shard, authenticated))
    }

    /// Hands an INVITE on to the shard that has a call at a number of an orbit.
    pub(crate) fn hands_on_to_parked(
        &mut self,
        (server, authenticated): (ServerId, Option<&str>),
        number: &str,
    ) -> bool {
        let found = self.elsewhere().and_then(|known| known.parked_at(number));
        found.is_some_and(|shard| self.hand_on(server, shard, authenticated))
    }

    /// Hands an INVITE on to the shard in which a meeting is held.
    pub(crate) fn hands_on_to_meeting(
        &mut self,
        (server, authenticated): (ServerId, Option<&str>),
        meeting: MeetingKey,
    ) -> bool {
        let Some(others) = self.others.as_ref().filter(|others| *others.arrival == Arrival::Direct) else {
            return false;
        };
        let to = meeting.shard_of(others.shards);
        to != others.shard && self.hand_on(server, to, authenticated)
    }

    /// Whom another shard has heard the sender prove to be.
    pub(crate) fn vouched(&self) -> Option<String> {
        match self.others.as_ref()?.arrival {
            Arrival::HandedOn(authenticated) => authenticated.clone(),
            Arrival::Direct => None,
        }
    }

    /// What was handed on once is not handed on again: who came for a call finds it, or hears it is gone.
    fn elsewhere(&self) -> Option<&Elsewhere> {
        let others = self.others.as_ref()?;
        (*others.arrival == Arrival::Direct).then_some(others.known)
    }

    fn hand_on(&mut self, server: ServerId, to: u8, authenticated: Option<&str>) -> bool {
        let Some(others) = &mut self.others else { return false };
        *others.hand_on = Some(HandOn { server, to, authenticated: authenticated.map(str::to_owned) });
        true
    }
}
