//! One try to reach a callee, and how far it has come.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{AttemptPlan, Large, Rang, Turn};
use sip_stack::locate::{Locate, Target};
use sip_stack::{ClientId, Flow};
use targets::Place;

use crate::draft::Row;
use crate::early::Earlies;
use crate::timer::Timer;

/// One peer being tried.
pub(crate) struct Attempt {
    /// Which attempt of the plan.
    pub index: usize,
    /// Its row in the record.
    pub row: Row,
    pub stage: Stage,
    pub call_id: Box<str>,
    pub cseq: u32,
    pub contact: Box<str>,
    /// The contact by which a phone registered, where it isn't the one of the plan.
    pub registered: Option<Box<str>>,
    /// Whom a TLS connection must prove to be.
    pub server_name: Option<Arc<str>>,
    /// What its INVITE offers of a session timer.
    pub timer: Timer,
    /// The route set that the trunk's registrar wants.
    pub routes: Arc<[Box<str>]>,
    /// How often its challenge was answered.
    pub proofs: u32,
    /// Where the INVITE was sent to.
    pub place: Option<Place>,
    /// How a request travels there that is too large for a datagram.
    pub large: Large,
    /// Addresses that are left to try.
    pub others: VecDeque<Hop>,
    /// How long one address may say nothing at all.
    pub each: Duration,
    /// When the peer has said nothing for too long, by whatever address.
    pub give_up_at: Instant,
    /// Since when its time to ring counts, where its phone was to be woken first.
    pub rings_since: Option<Instant>,
    /// When its INVITE left.
    pub sent_at: Instant,
    /// Who has answered before the answer.
    pub earlies: Earlies,
    /// Whether the caller is kept from hearing what comes.
    pub is_gated: bool,
}

/// One address to try.
pub(crate) struct Hop {
    pub target: Target,
    /// How a request travels to it that is too large for a datagram.
    pub large: Large,
    /// The flow and the contact by which a phone registered.
    pub registered: Option<(Flow, Box<str>)>,
}

pub(crate) enum Stage {
    /// Nothing was sent yet.
    Begun,
    /// It is not its turn yet.
    Waiting(Waiting),
    /// Its phone is to wake, and say where it is.
    Waking(Waking),
    /// Its name is being looked up.
    Locating(Box<Locate>),
    /// The INVITE is out, and nothing came back yet.
    Calling { client: ClientId, until: Instant },
    /// Somebody is there.
    Ringing { client: ClientId, until: Instant, progress: Progress },
}

/// A call in line.
pub(crate) struct Waiting {
    pub turn: Turn,
    pub until: Instant,
    /// When its caller is told.
    pub tell_at: Option<Instant>,
}

/// A phone that was asked to wake.
pub(crate) struct Waking {
    pub since: Instant,
    pub until: Instant,
    pub provider: Arc<str>,
}

/// What the callee has said so far.
pub(crate) enum Progress {
    /// 100 Trying.
    Trying,
    /// A provisional answer that the caller was told of.
    Told,
}

/// So many addresses share the time that a peer may take to say something.
const SHARERS_MAX: usize = 4;

impl Attempt {
    pub(crate) fn new(
        (index, row): (usize, Row),
        call_id: String,
        now: Instant,
        plan: &AttemptPlan,
    ) -> Attempt {
        Attempt {
            index,
            row,
            stage: Stage::Begun,
            call_id: call_id.into(),
            cseq: 1,
            contact: "".into(),
            registered: None,
            server_name: None,
            timer: Timer::new(plan.leg.session_timer),
            routes: Arc::default(),
            proofs: 0,
            place: None,
            large: plan.large,
            others: VecDeque::new(),
            each: plan.answer_wait,
            give_up_at: now + plan.answer_wait,
            rings_since: None,
            sent_at: now,
            earlies: Earlies::default(),
            is_gated: false,
        }
    }

    /// Its addresses are known; they share the time.
    pub(crate) fn goes_to(&mut self, targets: Vec<Target>, large: Large) {
        let sharers = u32::try_from(targets.len().clamp(1, SHARERS_MAX)).unwrap_or(1);
        self.each /= sharers;
        self.others = targets.into_iter().map(|target| Hop { target, large, registered: None }).collect();
    }

    /// Until when the address that is asked now may say nothing.
    pub(crate) fn patience(&self, now: Instant) -> Instant {
        let is_last = self.others.is_empty();
        if is_last { self.give_up_at.max(now + self.each) } else { now + self.each }
    }

    pub(crate) fn is_client(&self, client: ClientId) -> bool {
        self.client() == Some(client)
    }

    pub(crate) fn client(&self) -> Option<ClientId> {
        match &self.stage {
            Stage::Begun | Stage::Waiting(_) | Stage::Waking(_) | Stage::Locating(_) => None,
            Stage::Calling { client, .. } | Stage::Ringing { client, .. } => Some(*client),
        }
    }

    /// When it is to be looked at.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let other = match &self.stage {
            Stage::Waiting(waiting) => waiting.tell_at,
            _ => self.earlies.silent_at(),
        };
        [self.until(), other].into_iter().flatten().min()
    }

    /// When it is over, or its turn.
    pub(crate) fn until(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Waiting(waiting) => Some(waiting.until),
            Stage::Waking(waking) => Some(waking.until),
            Stage::Begun | Stage::Locating(_) => Some(self.give_up_at),
            Stage::Calling { until, .. } | Stage::Ringing { until, .. } => Some(*until),
        }
    }

    /// Whether the caller heard it ring.
    pub(crate) fn rang(&self) -> Rang {
        if self.was_told() { Rang::Heard } else { Rang::Never }
    }

    /// Whether the caller heard of it.
    pub(crate) fn was_told(&self) -> bool {
        matches!(self.stage, Stage::Ringing { progress: Progress::Told, .. })
    }
}
