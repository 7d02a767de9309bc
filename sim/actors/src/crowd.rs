//! Many phones, a provider that calls them, and consoles whose keys show who is on the phone: what a house
//! tells them is compared with what phones do, and how far it lags behind is measured.
//!
//! Like an [`Actor`](crate::Actor) it has no socket and no clock; it is cheaper by far, for there are ten
//! thousand keys. Not here: the network between the crowd and the house (world, bench/lamps).
//!
//! Start here; `calls.rs` is the provider and the phones, `keys.rs` the consoles, `truth.rs` the judge.

mod calls;
mod keys;
mod plan;
mod repeats;
mod truth;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use sip_message::Message;

pub use plan::{CrowdPlan, PASSWORD};
pub use truth::Verdict;

use crate::chance::Chance;
use calls::Call;
use keys::Key;
use repeats::{CallId, Repeated, Repeats};
use truth::Truth;

/// Which of the crowd's three addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seat {
    Provider,
    Phones,
    Consoles,
}

/// What leaves, for the house.
pub type Leaving = (Seat, Vec<u8>);

/// All of them.
#[derive(Debug)]
pub struct Crowd {
    pub(crate) plan: CrowdPlan,
    pub(crate) chance: Chance,
    pub(crate) calls: Vec<Call>,
    /// Phones that are in no call.
    pub(crate) idle: Vec<usize>,
    /// The call that a phone is in.
    pub(crate) busy: HashMap<usize, CallId>,
    pub(crate) by_call_id: HashMap<String, CallId>,
    pub(crate) keys: Vec<Key>,
    pub(crate) truth: Truth,
    pub(crate) repeats: Repeats,
    due: BTreeMap<(Instant, u64), Doing>,
    last_due: u64,
    /// Calls begin until then.
    dials_until: Option<Instant>,
}

/// What is done at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    Subscribe(usize),
    Dial,
    Answer(CallId),
    End(CallId),
    /// The phone may be called again.
    Rest(usize),
    Repeat(Repeated),
}

impl Crowd {
    pub fn new(plan: CrowdPlan, seed: u64, now: Instant) -> Crowd {
        Crowd {
            chance: Chance::new(seed),
            calls: Vec::new(),
            idle: (0..plan.users).collect(),
            busy: HashMap::new(),
            by_call_id: HashMap::new(),
            keys: Key::all(&plan),
            truth: Truth::new(plan.users, now),
            repeats: Repeats::default(),
            due: BTreeMap::new(),
            last_due: 0,
            dials_until: None,
            plan,
        }
    }

    /// Every key subscribes within a time.
    pub fn subscribe_within(&mut self, now: Instant, span: Duration) {
        let count = u32::try_from(self.keys.len().max(1)).unwrap_or(u32::MAX);
        for at in 0..self.keys.len() {
            let turn = u32::try_from(at).unwrap_or(u32::MAX);
            self.at(now + span / count * turn, Doing::Subscribe(at));
        }
    }

    /// Keys that have a subscription, and a first document.
    pub fn lit(&self) -> usize {
        self.keys.iter().filter(|key| key.is_lit()).count()
    }

    /// Calls begin from now on, for so long.
    pub fn call_for(&mut self, now: Instant, span: Duration) {
        self.dials_until = Some(now + span);
        self.at(now, Doing::Dial);
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Does what is due.
    pub fn expire(&mut self, now: Instant, out: &mut Vec<Leaving>) {
        while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= now) {
            let (due, _) = *entry.key();
            match entry.remove() {
                Doing::Subscribe(key) => self.subscribe(now, key, None, out),
                Doing::Dial => self.dial_next(now, due, out),
                Doing::Answer(call) => self.pick_up(now, call, out),
                Doing::End(call) => self.end(now, call, out),
                Doing::Rest(user) => self.idle.push(user),
                Doing::Repeat(what) => {
                    if let Some(again) = self.repeats.again(&what, now, out) {
                        self.at(again, Doing::Repeat(what));
                    }
                }
            }
        }
    }

    /// A datagram of the house has come to a seat.
    pub fn receive(&mut self, now: Instant, seat: Seat, bytes: &[u8], out: &mut Vec<Leaving>) {
        let Ok(message) = Message::parse(bytes) else {
            return self.truth.object(format!("no message: {}", String::from_utf8_lossy(bytes)));
        };
        match seat {
            Seat::Provider => self.provider_hears(now, &message, out),
            Seat::Phones => self.phone_hears(now, &message, out),
            Seat::Consoles => self.console_hears(now, &message, out),
        }
    }

    /// How the house did. Ask when nothing is on its way any more.
    pub fn verdict(&self) -> Verdict {
        let mut verdict = self.truth.verdict();
        for (at, key) in self.keys.iter().enumerate() {
            key.judge(at, self.truth.now(key.user), &mut verdict);
        }
        let up = self.calls.iter().filter(|call| call.is_up()).count();
        (verdict.calls, verdict.still_up) = (self.calls.len(), up);
        verdict
    }

    pub(crate) fn at(&mut self, at: Instant, doing: Doing) {
        self.last_due += 1;
        self.due.insert((at, self.last_due), doing);
    }

    /// Sends, and sends again until it is settled.
    pub(crate) fn insist(&mut self, now: Instant, what: Repeated, leaving: Leaving, out: &mut Vec<Leaving>) {
        out.push(leaving.clone());
        let again = self.repeats.begin(now, what, leaving);
        self.at(again, Doing::Repeat(what));
    }

    /// The next call is due by the last one's time: whoever is late makes up for it.
    fn dial_next(&mut self, now: Instant, due: Instant, out: &mut Vec<Leaving>) {
        if self.dials_until.is_none_or(|until| now >= until) {
            return;
        }
        self.dial(now, out);
        self.at(due + Duration::from_secs(1) / self.plan.calls_per_second.max(1), Doing::Dial);
    }
}
