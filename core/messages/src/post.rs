//! One shard's part of it: what comes in, and who answers for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use policy::{Policy, WallTime};
use registrar::{Door, Table, Wakes};
use serde::Serialize;
use sip_message::Message;
use sip_stack::auth::Guard;
use sip_stack::{ClientId, Late, Reply as Answer, Send, ServerId, Stack};

use crate::kept::Kept;
use crate::letter::{Addressee, Letter};
use crate::limits::{BOX_MAX, BUSY, SHARD_MAX};
use crate::mailbox::{Front, Mailbox, Outcome, Reply};
use crate::no::No;
use crate::reading::{self, Said};

/// The room number of messages among the owners of transactions.
pub const ROOM: u8 = 5;

/// The boxes of this shard.
#[derive(Debug)]
pub struct Post {
    shard: u8,
    boxes: BTreeMap<Addressee, Mailbox>,
    /// Whose messages are on their way, by their numbers.
    leaving: BTreeMap<u64, Addressee>,
    /// When which box has to be looked at.
    looks: BTreeSet<(Instant, Addressee)>,
    waiting: usize,
    last: u64,
    counters: Counters,
    /// What has to be written down.
    kept: Vec<Kept>,
}

/// What it has seen since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// MESSAGEs that were taken.
    pub accepted: u64,
    /// Asked to prove who they are, and with a proof that was wrong.
    pub challenged: u64,
    pub unproven: u64,
    /// Proven, and refused all the same.
    pub refused: u64,
    /// Messages that a device has taken.
    pub delivered: u64,
    /// Messages that no device would have, and that nobody came for in time.
    pub declined: u64,
    pub expired: u64,
}

impl Counters {
    /// What two shards have seen together.
    pub fn and(self, other: Counters) -> Counters {
        Counters {
            accepted: self.accepted + other.accepted,
            challenged: self.challenged + other.challenged,
            unproven: self.unproven + other.unproven,
            refused: self.refused + other.refused,
            delivered: self.delivered + other.delivered,
            declined: self.declined + other.declined,
            expired: self.expired + other.expired,
        }
    }
}

/// Messages that wait for a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    pub user: Arc<str>,
    pub messages: usize,
    /// When the house took the oldest of them.
    pub since: WallTime,
}

/// What it may use while it handles one event.
pub struct Surroundings<'a> {
    pub now: Instant,
    pub wall: WallTime,
    pub policy: &'a Policy,
    /// Where phones are.
    pub table: &'a Table,
    /// Who of them is to be woken.
    pub wakes: &'a mut Wakes,
    pub stack: &'a mut Stack,
    pub guard: &'a mut Guard,
    pub sends: &'a mut Vec<Send>,
}

impl Post {
    pub fn new(shard: u8) -> Post {
        Post {
            shard,
            boxes: BTreeMap::new(),
            leaving: BTreeMap::new(),
            looks: BTreeSet::new(),
            waiting: 0,
            last: 0,
            counters: Counters::default(),
            kept: Vec::new(),
        }
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Whom messages wait for.
    pub fn waiting(&self) -> Vec<Waiting> {
        let mut all: Vec<Waiting> = Vec::new();
        for (Addressee { user, .. }, mailbox) in &self.boxes {
            let Some(since) = mailbox.letters.front().map(|letter| letter.at) else { continue };
            let messages = mailbox.letters.len();
            // The boxes of a user and of their devices stand side by side.
            match all.last_mut().filter(|last| last.user == *user) {
                Some(last) => (last.messages, last.since) = (last.messages + messages, last.since.min(since)),
                None => all.push(Waiting { user: Arc::clone(user), messages, since }),
            }
        }
        all
    }

    /// Takes up what was written down before the process began. With fewer shards than before, what one of
    /// those kept that are no more is another's.
    pub fn restore(&mut self, around: &Surroundings<'_>, shards: u8, kept: &Kept) {
        let shard = (kept.number & 0xff) as u8 % shards.max(1);
        let letter = kept.restore((around.now, around.wall)).filter(|_| shard == self.shard);
        let Some(letter) = letter else { return };
        let is_known = |user: &str| around.policy.credentials_of(user).is_some();
        if is_known(&letter.to) && is_known(&letter.from) {
            self.last = self.last.max(letter.number);
            self.put(around.now, letter);
        }
    }

    /// What has to be written down before anybody is told of it.
    pub fn take_kept(&mut self) -> std::vec::Drain<'_, Kept> {
        self.kept.drain(..)
    }

    /// A MESSAGE outside of any call.
    pub fn asked(&mut self, around: &mut Surroundings<'_>, server: ServerId, message: &Message<'_>) {
        let Some(sender) = self.proven(around, server, message) else { return };
        let taken = reading::message(message).and_then(|said| self.take(around, &sender, &said));
        let no = match &taken {
            Ok(()) => None,
            Err(no) => Some(no.answer()),
        };
        let headers: Vec<(&str, &str)> = no.iter().map(|(_, name, value)| (*name, value.as_str())).collect();
        let status = no.as_ref().map_or(202, |(status, ..)| *status);
        match no {
            None => self.counters.accepted += 1,
            Some(_) => self.counters.refused += 1,
        }
        let answer = Answer { headers: &headers, ..Answer::plain(status) };
        around.stack.respond(around.now, server, &answer, around.sends);
        self.expire(around);
    }

    fn proven(
        &mut self,
        around: &mut Surroundings<'_>,
        server: ServerId,
        message: &Message<'_>,
    ) -> Option<Arc<str>> {
        let door = Door {
            now: around.now,
            wall: around.wall,
            policy: around.policy,
            stack: around.stack,
            guard: around.guard,
            sends: around.sends,
        };
        let Counters { challenged, unproven, .. } = &mut self.counters;
        door.admit(server, message, (challenged, unproven))
    }

    fn take(&mut self, around: &mut Surroundings<'_>, sender: &Arc<str>, said: &Said<'_>) -> Result<(), No> {
        let (receiver, device) = receiver(around, sender, said)?;
        if around.stack.transactions() >= BUSY || self.waiting >= SHARD_MAX {
            return Err(No::Full);
        }
        let addressee = Addressee { user: receiver, device };
        if self.boxes.get(&addressee).is_some_and(|mailbox| mailbox.letters.len() >= BOX_MAX) {
            return Err(No::BoxFull);
        }
        // Those of one shard are in their order, and no two shards give the same.
        let wall = u64::try_from(around.wall.0).unwrap_or(0);
        self.last = ((self.last >> 8) + 1).max(wall) << 8 | u64::from(self.shard);
        let letter = Letter {
            number: self.last,
            from: Arc::clone(sender),
            to: addressee.user,
            device: addressee.device,
            at: around.wall,
            until: around.now + said.lasts,
            kind: said.kind.into(),
            body: said.body.into(),
        };
        if said.is_fleeting {
            return if self.send(around, &letter).is_empty() { Err(No::Away) } else { Ok(()) };
        }
        self.kept.push(Kept::of(&letter, (around.now, around.wall)));
        self.put(around.now, letter);
        Ok(())
    }

    fn put(&mut self, now: Instant, letter: Letter) {
        self.waiting += 1;
        let addressee = letter.addressee();
        match self.boxes.get_mut(&addressee) {
            Some(mailbox) => mailbox.letters.push_back(letter),
            None => drop(self.boxes.insert(addressee.clone(), Mailbox::new(letter, now))),
        }
        self.settle(&addressee);
    }

    /// Phones of these users have said where they are.
    pub fn registered(&mut self, around: &mut Surroundings<'_>, users: &BTreeSet<Arc<str>>) {
        for user in users {
            let first = Addressee { user: Arc::clone(user), device: None };
            let theirs = self.boxes.range(first..).take_while(|(addressee, _)| addressee.user == *user);
            for addressee in theirs.map(|(addressee, _)| addressee.clone()).collect::<Vec<_>>() {
                let Some(mailbox) = self.boxes.get_mut(&addressee) else { continue };
                mailbox.wakes(around.now);
                self.settle(&addressee);
            }
        }
        self.expire(around);
    }

    /// Other documents hold: nobody is told anything who is no more.
    pub fn adopt(&mut self, around: &mut Surroundings<'_>) {
        let gone = |one: &&Addressee| around.policy.credentials_of(&one.user).is_none();
        for addressee in self.boxes.keys().filter(gone).cloned().collect::<Vec<_>>() {
            let Some(mailbox) = self.boxes.remove(&addressee) else { continue };
            if let Some(at) = mailbox.look {
                self.looks.remove(&(at, addressee));
            }
            self.waiting -= mailbox.letters.len();
            mailbox.letters.iter().for_each(|letter| drop(self.leaving.remove(&letter.number)));
            self.kept.extend(mailbox.letters.iter().map(|letter| Kept::gone(letter.number)));
        }
    }

    /// A device has answered.
    pub fn answered(
        &mut self,
        around: &mut Surroundings<'_>,
        client: ClientId,
        key: u64,
        message: &Message<'_>,
    ) {
        let reply = match message.status().unwrap_or_default() {
            ..=199 => return,
            200..=299 => Reply::Taken,
            408 | 480 | 486 | 500 | 503 | 504 | 600 => Reply::Later,
            _ => Reply::Refused,
        };
        self.replied(around, client, key, reply);
    }

    /// A device did not answer in time, or its connection broke.
    pub fn late(&mut self, around: &mut Surroundings<'_>, late: &Late) {
        let (Late::Timeout { client, owner } | Late::FlowFailed { client, owner }) = late else { return };
        self.replied(around, *client, owner.key, Reply::Later);
    }

    fn replied(&mut self, around: &mut Surroundings<'_>, client: ClientId, number: u64, reply: Reply) {
        let Some(user) = self.leaving.get(&number).cloned() else { return };
        let Some(mailbox) = self.boxes.get_mut(&user) else { return };
        match mailbox.replied(around.now, client, reply) {
            Outcome::Open => {}
            Outcome::Taken => {
                self.counters.delivered += 1;
                self.next(around.now, &user);
            }
            Outcome::Refused => {
                self.counters.declined += 1;
                self.next(around.now, &user);
            }
        }
        self.settle(&user);
        self.expire(around);
    }

    /// The message in front has left its box.
    fn next(&mut self, now: Instant, user: &Addressee) {
        let Some(mailbox) = self.boxes.get_mut(user) else { return };
        if let Some(letter) = mailbox.letters.pop_front() {
            self.kept.push(Kept::gone(letter.number));
            self.leaving.remove(&letter.number);
            self.waiting -= 1;
        }
        mailbox.front = Front::Ready { from: now, failures: 0 };
    }

    /// Notes when a box has to be looked at again; an empty one is thrown away.
    fn settle(&mut self, user: &Addressee) {
        let Some(mailbox) = self.boxes.get_mut(user) else { return };
        if let Some(at) = mailbox.look.take() {
            self.looks.remove(&(at, user.clone()));
        }
        if mailbox.letters.is_empty() {
            self.boxes.remove(user);
            return;
        }
        mailbox.look = mailbox.deadline();
        self.looks.extend(mailbox.look.map(|at| (at, user.clone())));
    }

    /// When `expire` should be called next.
    pub fn deadline(&self) -> Option<Instant> {
        self.looks.first().map(|(at, _)| *at)
    }

    /// Hands out what is due, and forgets what nobody came for.
    pub fn expire(&mut self, around: &mut Surroundings<'_>) {
        while let Some((_, user)) = self.looks.first().filter(|(at, _)| *at <= around.now).cloned() {
            self.forget_late(around.now, &user);
            self.hand_out(around, &user);
            self.settle(&user);
        }
    }

    fn forget_late(&mut self, now: Instant, user: &Addressee) {
        let Some(mailbox) = self.boxes.get_mut(user) else { return };
        let before = mailbox.letters.len();
        let (kept, leaving) = (&mut self.kept, &mut self.leaving);
        mailbox.letters.retain(|letter| {
            if letter.until > now {
                return true;
            }
            leaving.remove(&letter.number);
            kept.push(Kept::gone(letter.number));
            false
        });
        let gone = before - mailbox.letters.len();
        self.waiting -= gone;
        self.counters.expired += gone as u64;
    }

    fn hand_out(&mut self, around: &mut Surroundings<'_>, user: &Addressee) {
        let Some(mailbox) = self.boxes.get(user) else { return };
        let Some(letter) = mailbox.letters.front().cloned() else { return };
        let failures = match mailbox.front {
            Front::Ready { from, failures } if from <= around.now => failures,
            _ => return,
        };
        let waits = self.send(around, &letter);
        let front = match waits.is_empty() {
            true => {
                Post::wake(around, &letter);
                Front::Away
            }
            false => {
                self.leaving.insert(letter.number, user.clone());
                Front::Leaving { waits, failures, is_wanted: false }
            }
        };
        if let Some(mailbox) = self.boxes.get_mut(user) {
            mailbox.front = front;
        }
    }
}

/// Whom a message is for, and the one device of theirs that it names. Who asks for one device gets no other.
fn receiver(
    around: &Surroundings<'_>,
    sender: &str,
    said: &Said<'_>,
) -> Result<(Arc<str>, Option<Arc<str>>), No> {
    if !said.is_for_a_device {
        let user = around.policy.person(said.named, sender).ok_or(No::Nobody)?;
        return Ok((Arc::clone(user), None));
    }
    let gruu = around.table.gruu(said.uri);
    let gruu = gruu.filter(|gruu| around.policy.credentials_of(&gruu.user).is_some()).ok_or(No::Nobody)?;
    let is_asleep = around.table.bell(&gruu.user, &gruu.device).is_some();
    let is_there = is_asleep || !around.table.ways(&gruu.user, &gruu.device).is_empty();
    is_there.then_some((gruu.user, Some(gruu.device))).ok_or(No::Away)
}
