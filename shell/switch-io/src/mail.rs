//! What other threads say to a shard: a bounded box for each, and a bell that ends its wait.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use policy::Policy;
use rustix::event::{EventfdFlags, eventfd};
use sip_stack::{ConnectionId, Flow, Send};
use switch::{Answer, AskId, Command, CommandId, News, Wake};

use crate::aliases::Alias;
use crate::ports::{Mark, Shelf};

/// One thing told to a shard.
pub enum Letter {
    /// A message that arrived at another shard.
    Steered {
        flow: Flow,
        bytes: Box<[u8]>,
    },
    /// An INVITE for a call that this shard has, and whom its sender has proved to be.
    HandedOn {
        flow: Flow,
        bytes: Box<[u8]>,
        authenticated: Option<String>,
    },
    /// Bytes for a connection that this shard has.
    Carry(Send),
    FlowFailed(Flow),
    /// The far end of another shard's connection has proved to have these names.
    Proved(ConnectionId, Arc<[String]>),
    /// The same far end wants our requests on it too.
    Aliased(Alias),
    Heard(media::Event),
    Answered(AskId, Answer),
    NewPolicy(Arc<Policy>),
    News(News),
    /// What was kept up to here is on the disk.
    Landed(Shelf, Mark),
    Command(CommandId, Command),
    Stop,
}

/// The box is full; the letter was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// The boxes of all shards. Cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Mail {
    boxes: Arc<[Inbox]>,
}

struct Inbox {
    waiting: Mutex<Waiting>,
    capacity: usize,
    bell: OwnedFd,
}

#[derive(Default)]
struct Waiting {
    letters: VecDeque<Letter>,
    rings: bool,
    /// The shard looks by itself soon: what says that phones are on the disk does not ring.
    is_resting: bool,
}

impl Mail {
    pub fn new(shards: u8, capacity: usize) -> io::Result<Mail> {
        let inbox = |_| {
            let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
            Ok(Inbox { waiting: Mutex::default(), capacity, bell })
        };
        let boxes = (0..shards).map(inbox).collect::<io::Result<Vec<_>>>()?;
        Ok(Mail { boxes: boxes.into() })
    }

    pub fn shards(&self) -> u8 {
        self.boxes.len() as u8
    }

    pub fn heard(&self, shard: u8, event: media::Event) -> Result<(), Full> {
        self.post(shard, Letter::Heard(event))
    }

    pub fn answered(&self, shard: u8, ask: AskId, answer: Answer) -> Result<(), Full> {
        self.post(shard, Letter::Answered(ask, answer))
    }

    /// What a shard kept up to here is on the disk.
    pub fn landed(&self, shard: u8, shelf: Shelf, mark: Mark) -> Result<(), Full> {
        self.post(shard, Letter::Landed(shelf, mark))
    }

    /// Tells every shard that nobody wakes a phone. Where a box is full, calls wait for it in vain.
    pub fn not_woken(&self, wake: &Wake) {
        for shard in 0..self.shards() {
            let news = News::NotWoken { user: Arc::clone(&wake.user), device: wake.device.clone() };
            let _ = self.post(shard, Letter::News(news));
        }
    }

    /// Gives every shard the new policy.
    pub fn new_policy(&self, policy: &Arc<Policy>) {
        for shard in 0..self.shards() {
            // A policy is never turned away for want of room: all shards have it, or none.
            let _ = self.post(shard, Letter::NewPolicy(Arc::clone(policy)));
        }
    }

    pub(crate) fn post(&self, shard: u8, letter: Letter) -> Result<(), Full> {
        let Some(inbox) = self.boxes.get(usize::from(shard)) else { return Err(Full) };
        inbox.put(letter)
    }

    /// Tells every shard but one.
    pub(crate) fn post_to_others(&self, but: u8, letter: impl Fn() -> Letter) -> Result<(), Full> {
        let others = (0..self.shards()).filter(|shard| *shard != but);
        others.map(|shard| self.post(shard, letter())).fold(Ok(()), Result::and)
    }

    pub(crate) fn bell(&self, shard: u8) -> &OwnedFd {
        &self.boxes[usize::from(shard)].bell
    }

    /// Takes everything that waits, and silences the bell.
    pub(crate) fn take(&self, shard: u8, into: &mut VecDeque<Letter>) {
        let inbox = &self.boxes[usize::from(shard)];
        let mut waiting = inbox.waiting();
        if std::mem::take(&mut waiting.rings) {
            // An error says that it does not ring yet: then it will, for nothing.
            let _ = rustix::io::read(&inbox.bell, &mut [0; 8]);
        }
        std::mem::swap(&mut waiting.letters, into);
    }

    /// The shard will look by itself when its rest is over.
    pub(crate) fn rest(&self, shard: u8) {
        self.boxes[usize::from(shard)].waiting().is_resting = true;
    }

    /// It has to be told of everything again. Whoever says so takes next what was not told.
    pub(crate) fn wake(&self, shard: u8) {
        self.boxes[usize::from(shard)].waiting().is_resting = false;
    }
}

impl Inbox {
    fn put(&self, letter: Letter) -> Result<(), Full> {
        let mut waiting = self.waiting();
        let room = match letter {
            // A message is repeated or its call fails; what threads of the house say is said once.
            Letter::Steered { .. } | Letter::Carry(_) => self.capacity / 4,
            // Its transaction is gone where it came from: nobody else would answer it.
            Letter::HandedOn { .. } => usize::MAX,
            Letter::Stop | Letter::Command(..) | Letter::NewPolicy(_) => usize::MAX,
            _ => self.capacity,
        };
        if waiting.letters.len() >= room {
            return Err(Full);
        }
        let can_wait = waiting.is_resting && matches!(letter, Letter::Landed(Shelf::Phones, _));
        waiting.letters.push_back(letter);
        if can_wait || std::mem::replace(&mut waiting.rings, true) {
            return Ok(());
        }
        drop(waiting);
        // The counter of an eventfd is full only if it rings already.
        let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn landed(mail: &Mail, mark: u64) {
        mail.landed(0, Shelf::Phones, Mark(mark)).unwrap();
    }

    /// Whether somebody who waits for the bell would wake.
    fn rings(mail: &Mail) -> bool {
        let bell = mail.bell(0);
        let mut asked = [rustix::event::PollFd::new(bell, rustix::event::PollFlags::IN)];
        let none = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        rustix::event::poll(&mut asked, Some(&none)).unwrap() > 0
    }

    fn taken(mail: &Mail) -> usize {
        let mut letters = VecDeque::new();
        mail.take(0, &mut letters);
        letters.len()
    }

    #[test]
    fn a_shard_that_rests_is_woken_for_all_but_phones_on_the_disk() {
        let mail = Mail::new(1, 16).unwrap();
        mail.rest(0);

        landed(&mail, 1);
        assert!(!rings(&mail));
        mail.landed(0, Shelf::Records, Mark(1)).unwrap();
        assert!(rings(&mail));

        assert_eq!(taken(&mail), 2);
        assert!(!rings(&mail));
        landed(&mail, 2);
        assert_eq!((rings(&mail), taken(&mail)), (false, 1));
    }

    #[test]
    fn a_shard_that_is_awake_hears_of_everything() {
        let mail = Mail::new(1, 16).unwrap();
        mail.rest(0);
        landed(&mail, 1);
        mail.wake(0);

        landed(&mail, 2);

        assert!(rings(&mail));
        assert_eq!(taken(&mail), 2);
    }
}
