//! All phones of a house come back at the same moment, while calls go on beside them, some of them for help:
//! who is registered when, and what it costs the calls.
//!
//! Like a [`Crowd`](crate::Crowd) it has no socket and no clock. Not here: how fast the house is (world).

mod calls;
mod phones;
mod plan;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sip_message::Message;

pub use plan::StormPlan;

use crate::chance::Chance;
use crate::repeat::{T1, T2};
use calls::Call;
use phones::Phone;

/// Where a message leaves, and its bytes.
pub type Blown = (SocketAddr, Vec<u8>);

/// Phones, callers and those whom they call.
#[derive(Debug)]
pub struct Storm {
    pub(crate) plan: StormPlan,
    pub(crate) chance: Chance,
    pub(crate) phones: Vec<Phone>,
    pub(crate) calls: Vec<Call>,
    pub(crate) sum: StormVerdict,
    due: BTreeMap<(Instant, u64), Doing>,
    last_due: u64,
    began: Option<Instant>,
}

/// What is done at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    Register(usize),
    SayAgain(usize),
    Dial(calls::Wish),
    InviteAgain(usize),
    Answer(usize),
    AnswerAgain(usize),
    HangUp(usize),
    ByeAgain(usize),
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct StormVerdict {
    /// How long after the storm began each phone was registered, in order.
    pub registered: Vec<Duration>,
    /// Phones that were asked for a proof again when they had given one.
    pub asked_again: usize,
    /// Phones whom nobody answered for 32 s; they begin anew.
    pub unheard: usize,
    /// Calls that were made, those for help among them.
    pub calls: usize,
    pub help: usize,
    /// Calls that went as they should, from INVITE to the answer of BYE.
    pub well: usize,
    pub help_well: usize,
    /// From INVITE to 180, in order.
    pub rang: Vec<Duration>,
    /// Messages of calls that were said again.
    pub repeats: usize,
}

impl StormVerdict {
    /// Of a thousand calls, so many rang within it.
    pub fn rang_within(&self, of_thousand: usize) -> Duration {
        part(&self.rang, of_thousand)
    }

    /// Of a thousand phones, so many were back within it.
    pub fn back_within(&self, of_thousand: usize) -> Duration {
        part(&self.registered, of_thousand)
    }

    /// When the last phone was back.
    pub fn all_back(&self) -> Duration {
        self.registered.last().copied().unwrap_or(Duration::MAX)
    }
}

fn part(sorted: &[Duration], of_thousand: usize) -> Duration {
    let at = (sorted.len() * of_thousand / 1_000).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or(Duration::MAX)
}

impl Storm {
    pub fn new(plan: StormPlan, seed: u64) -> Storm {
        Storm {
            chance: Chance::new(seed),
            phones: (0..plan.users).map(|_| Phone::default()).collect(),
            calls: Vec::new(),
            sum: StormVerdict::default(),
            due: BTreeMap::new(),
            last_due: 0,
            began: None,
            plan,
        }
    }

    /// Calls begin from now on, for so long; one in twenty is for help.
    pub fn calls_for(&mut self, now: Instant, span: Duration) {
        let count = u32::try_from(span.as_millis()).unwrap_or(u32::MAX) * self.plan.calls_per_second / 1_000;
        for n in 0..count {
            let wish = if n % 20 == 10 { calls::Wish::Help } else { calls::Wish::Somebody };
            let jitter = self.chance.span_below(Duration::from_millis(5));
            self.plan_at(now + span / count * n + jitter, Doing::Dial(wish));
        }
    }

    /// All phones register, the last of them so much later than the first.
    pub fn breaks_loose(&mut self, now: Instant, within: Duration) {
        self.began = Some(now);
        for phone in 0..self.phones.len() {
            let at = now + self.chance.span_below(within);
            self.plan_at(at, Doing::Register(phone));
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    pub fn expire(&mut self, now: Instant, out: &mut Vec<Blown>) {
        while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= now) {
            match entry.remove() {
                Doing::Register(phone) => self.register(now, phone, out),
                Doing::SayAgain(phone) => self.say_again(now, phone, out),
                Doing::Dial(wish) => self.dial(now, wish, out),
                Doing::InviteAgain(call) => self.invite_again(now, call, out),
                Doing::Answer(call) => self.answer(now, call, out),
                Doing::AnswerAgain(call) => self.answer_again(now, call, out),
                Doing::HangUp(call) => self.hang_up(now, call, out),
                Doing::ByeAgain(call) => self.bye_again(now, call, out),
            }
        }
    }

    /// Something came from the house.
    pub fn receive(&mut self, now: Instant, at: SocketAddr, bytes: &[u8], out: &mut Vec<Blown>) {
        let message = Message::parse(bytes).expect("the house writes what can be read");
        if at == self.plan.phones {
            self.told_of_registering(now, &message, out);
        } else if at == self.plan.callers {
            self.caller_hears(now, &message, out);
        } else {
            self.callee_hears(now, &message, out);
        }
    }

    pub fn verdict(mut self) -> StormVerdict {
        self.sum.registered.sort_unstable();
        self.sum.rang.sort_unstable();
        self.sum
    }

    pub(crate) fn since_it_began(&self, now: Instant) -> Duration {
        self.began.map(|began| now.saturating_duration_since(began)).unwrap_or_default()
    }

    pub(crate) fn plan_at(&mut self, at: Instant, doing: Doing) {
        self.last_due += 1;
        self.due.insert((at, self.last_due), doing);
    }
}

/// What is said again until it is answered (RFC 3261 17.1).
#[derive(Debug)]
pub(crate) struct Open {
    pub bytes: Vec<u8>,
    span: Duration,
    next: Instant,
    until: Instant,
}

/// What is to be done about it at its time.
pub(crate) enum Again {
    /// It is not due: it was answered, or something else is said by now.
    Nothing,
    Say(Vec<u8>, Instant),
    GiveUp,
}

impl Open {
    pub fn new(now: Instant, bytes: Vec<u8>) -> Open {
        Open { bytes, span: T1, next: now + T1, until: now + 64 * T1 }
    }

    pub fn again(open: Option<&mut Open>, now: Instant, longest: Duration) -> Again {
        let Some(open) = open.filter(|open| open.next <= now) else { return Again::Nothing };
        if open.until <= now {
            return Again::GiveUp;
        }
        open.span = (open.span * 2).min(longest);
        open.next = now + open.span;
        Again::Say(open.bytes.clone(), open.next)
    }

    pub fn next(&self) -> Instant {
        self.next
    }
}

/// The longest time between copies of what is no INVITE.
pub(crate) const SPAN_MAX: Duration = T2;
