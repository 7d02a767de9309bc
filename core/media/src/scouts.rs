//! Pairs of ports that a server outside has been asked about before anybody needs them: a call that begins
//! takes one, and waits for nobody.
//!
//! They are few, and asked about again and again while they wait, so that a NAT between keeps them in mind.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::outpost::{Found, Outer, Outposts, Scout, Unseen, Wanted};
use crate::ports::{PortBook, PortPair, Purpose};

/// So many wait, or are asked about.
const READY_MAX: usize = 4;
/// NATs forget after 30 s at the earliest that are worth the name (RFC 4787, 4.3, wants two minutes).
const RENEWED: Duration = Duration::from_secs(20);
/// Who has not answered is left alone so long, then twice as long, and so on.
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// An answer that has not come by then does not come: nobody asks for longer.
const FORGOTTEN: Duration = Duration::from_secs(120);
/// Who gives no more places is asked for none meanwhile (RFC 8656, 7.4).
const TURNED_AWAY: Duration = Duration::from_secs(120);

/// Those of one shard at one interface.
#[derive(Debug)]
pub struct Scouts {
    posts: Arc<Outposts>,
    /// Asked about now; of some nobody wants to know any more.
    asking: Vec<Asking>,
    /// Longest known first.
    ready: VecDeque<Ready>,
    pause: Duration,
    free: Option<Instant>,
    no_detours: Option<Instant>,
    why: Option<Unseen>,
}

#[derive(Clone, Copy, Debug)]
struct Asking {
    ports: PortPair,
    since: Instant,
    asked: Asked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Wanted,
    Unwanted,
}

#[derive(Debug)]
struct Ready {
    known: Instant,
    ports: PortPair,
    outer: Arc<Outer>,
}

impl Scouts {
    pub fn new(now: Instant, posts: Arc<Outposts>) -> Scouts {
        Scouts {
            posts,
            asking: Vec::new(),
            ready: VecDeque::new(),
            pause: PAUSE,
            free: Some(now),
            no_detours: None,
            why: None,
        }
    }

    /// Others are asked from now on, or nobody.
    pub fn ask_others(&mut self, now: Instant, posts: Arc<Outposts>, book: &mut PortBook) {
        if self.posts == posts {
            return;
        }
        self.ready.drain(..).for_each(|ready| book.give_back(now, ready.ports));
        self.asking.iter_mut().for_each(|asking| asking.asked = Asked::Unwanted);
        let asking = std::mem::take(&mut self.asking);
        *self = Scouts { asking, ..Scouts::new(now, posts) };
    }

    /// Whether anybody is asked.
    pub fn are_wanted(&self) -> bool {
        *self.posts != Outposts::default()
    }

    /// The next question that is to be asked by now.
    pub fn next(
        &mut self,
        now: Instant,
        secret: impl FnOnce() -> [u8; 16],
        book: &mut PortBook,
    ) -> Option<Scout> {
        self.forget(now, book);
        let is_old = |ready: &&Ready| ready.known + RENEWED <= now;
        let (ports, before) = match self.ready.front().filter(is_old) {
            Some(_) => self.ready.pop_front().map(|ready| (ready.ports, Some(ready.outer)))?,
            None if self.may_begin(now) => (self.lease(now, book)?, None),
            None => return None,
        };
        self.asking.push(Asking { ports, since: now, asked: Asked::Wanted });
        let is_free = self.no_detours.is_none_or(|until| until <= now);
        let detour = if is_free { Wanted::Yes } else { Wanted::NotNow };
        Some(Scout { ports, posts: Arc::clone(&self.posts), detour, before, secret: secret() })
    }

    /// Pairs of which nobody says anything any more are free.
    fn forget(&mut self, now: Instant, book: &mut PortBook) {
        let gone = |asking: &mut Asking| asking.since + FORGOTTEN <= now;
        self.asking.extract_if(.., gone).for_each(|asking| book.give_back(now, asking.ports));
    }

    fn lease(&mut self, now: Instant, book: &mut PortBook) -> Option<PortPair> {
        let ports = book.lease(now, Purpose::Call);
        self.free = if ports.is_some() { self.free } else { Some(now + PAUSE_MAX) };
        ports
    }

    /// When there is something to be asked.
    pub fn due(&self) -> Option<Instant> {
        let renewed = self.ready.front().map(|ready| ready.known + RENEWED);
        let begins = self.free.filter(|_| self.wants_more());
        let forgotten = self.asking.iter().map(|asking| asking.since + FORGOTTEN).min();
        renewed.into_iter().chain(begins).chain(forgotten).min()
    }

    /// What came of a question.
    pub fn hear(&mut self, now: Instant, ports: PortPair, found: Found, book: &mut PortBook) {
        let Some(at) = self.asking.iter().position(|asking| asking.ports == ports) else { return };
        if self.asking.swap_remove(at).asked == Asked::Unwanted {
            return book.give_back(now, ports);
        }
        if let Some(Unseen::Refused(_)) = found.why {
            self.no_detours = Some(now + TURNED_AWAY);
        }
        self.why = found.why;
        match found.outer {
            Some(outer) => {
                (self.pause, self.free) = (PAUSE, None);
                self.ready.push_back(Ready { known: now, ports, outer });
            }
            None => {
                book.give_back(now, ports);
                // Who was asked beside another one fails for the same reason.
                if self.free.is_none_or(|free| free <= now) {
                    self.free = Some(now + self.pause);
                    self.pause = (self.pause * 2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// A pair of which something is known.
    pub fn take(&mut self) -> Option<(PortPair, Arc<Outer>)> {
        self.ready.pop_back().map(|ready| (ready.ports, ready.outer))
    }

    /// Why less was learnt than was asked, the last time.
    pub fn why(&self) -> Option<Unseen> {
        self.why
    }

    /// How many pairs of the book it has.
    pub fn held(&self) -> usize {
        self.asking.len() + self.ready.len()
    }

    fn wants_more(&self) -> bool {
        // One shows whether anybody answers again.
        let is_alone = self.pause == PAUSE || self.asking.is_empty();
        self.are_wanted() && self.held() < READY_MAX && is_alone
    }

    fn may_begin(&self, now: Instant) -> bool {
        self.wants_more() && self.free.is_none_or(|free| free <= now)
    }
}
