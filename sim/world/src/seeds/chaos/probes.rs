//! The law of probes: none too early, none forgotten, and whoever bids us wait is left alone.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sip_message::{Message, Method};
use sip_stack::Transport;

use crate::sight::{Overheard, Way};

/// What the documents and the manual say: each address every so often, …
const EVERY: Duration = Duration::from_secs(30);
/// … sooner while it comes back, …
const RETURNING: Duration = Duration::from_secs(10);
/// … and in doubt as soon as the last question has had its time.
const PATIENCE: Duration = Duration::from_secs(4);
/// Failures in a row that make an address count as down.
const FAILURES: u32 = 3;
/// After so many good answers nothing is left of its return.
const STEADY: u32 = 6;
/// Nobody is left alone for longer.
const REST_MAX: Duration = Duration::from_secs(600);
/// First probes are spread over some seconds.
const SPREAD: Duration = Duration::from_secs(7);
const HAIR: Duration = Duration::from_millis(100);

#[derive(Default)]
pub(crate) struct Probes {
    rows: BTreeMap<(SocketAddr, Transport), Row>,
    /// Who bade us leave it alone, and until when.
    pub rests: BTreeMap<IpAddr, Duration>,
    /// First INVITEs by Call-ID.
    invites: BTreeMap<String, Invite>,
    breaches: Vec<Breach>,
    faults: Vec<String>,
}

/// What was asked of one address.
struct Row {
    asked: Duration,
    call_id: String,
    answered: bool,
    good: u32,
    bad: u32,
    last_good: Duration,
    was_missed: bool,
}

struct Invite {
    at: Duration,
    far: SocketAddr,
    answered: bool,
}

/// A call that was sent to somebody who had bidden us wait. Right only if nobody else was there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    pub at: Duration,
    pub far: SocketAddr,
}

impl Probes {
    pub fn hear(&mut self, one: &Overheard) {
        let Ok(message) = Message::parse(&one.bytes) else { return };
        match (one.way, message.method(), message.cseq().method) {
            (Way::FromHouse, Some(Method::Options), _) => self.asked(one, &message),
            (Way::FromHouse, Some(Method::Invite), _) if message.to().tag().is_none() => {
                self.called(one, &message);
            }
            (Way::ToHouse, None, Method::Options) => self.answered(one, &message),
            (Way::ToHouse, None, Method::Invite) => self.call_answered(one, &message),
            _ => {}
        }
    }

    /// Whether anybody asked this address at all.
    pub fn has_probed(&self, far: SocketAddr) -> bool {
        self.rows.keys().any(|(at, _)| *at == far)
    }

    /// Calls to those who had bidden us wait, since this was asked last.
    pub fn take_breaches(&mut self) -> Vec<Breach> {
        std::mem::take(&mut self.breaches)
    }

    pub fn take_faults(&mut self) -> Vec<String> {
        std::mem::take(&mut self.faults)
    }

    fn asked(&mut self, one: &Overheard, message: &Message<'_>) {
        let (at, far) = (one.at, one.far);
        let place = (far, one.transport);
        if self.rows.get(&place).is_some_and(|row| row.call_id == message.call_id()) {
            return;
        }
        if let Some(until) = self.rests.get(&far.ip()).filter(|until| at + HAIR < **until) {
            self.faults.push(format!("{at:?}: {far} was probed, and had bidden us wait until {until:?}"));
        }
        let unanswered = |since: Duration| {
            let mut calls = self.invites.values();
            calls.any(|call| call.far == far && !call.answered && call.at + PATIENCE >= since)
        };
        let fresh = Row {
            asked: at,
            call_id: message.call_id().to_owned(),
            answered: false,
            good: 0,
            bad: 0,
            last_good: Duration::ZERO,
            was_missed: false,
        };
        let Some(row) = self.rows.get_mut(&place) else {
            self.rows.insert(place, fresh);
            return;
        };
        let gap = at - row.asked;
        if gap > EVERY + PATIENCE + SPREAD {
            // DNS didn't lead there for a while.
            (row.bad, row.good) = (0, 0);
        } else if !row.answered {
            (row.bad, row.good) = (row.bad + 1, 0);
        }
        let least = match row {
            Row { bad, .. } if *bad >= FAILURES => EVERY,
            Row { bad: 1.., .. } => PATIENCE,
            Row { last_good, .. } if unanswered(*last_good) => PATIENCE,
            Row { good, .. } if *good < STEADY => RETURNING,
            Row { .. } => EVERY,
        };
        if gap + HAIR < least {
            self.faults.push(format!("{at:?}: {far} was probed after {gap:?}, at least {least:?} are due"));
        }
        let (good, bad, last_good) = (row.good, row.bad, row.last_good);
        *row = Row { good, bad, last_good, ..fresh };
    }

    fn answered(&mut self, one: &Overheard, message: &Message<'_>) {
        let status = message.status().unwrap_or_default();
        if status < 200 {
            return;
        }
        let call_id = message.call_id();
        if let Some(row) = self.rows.get_mut(&(one.far, one.transport)).filter(|row| row.call_id == call_id) {
            (row.answered, row.good, row.bad, row.last_good) = (true, row.good + 1, 0, one.at);
        }
        self.bidden(one, message);
    }

    fn called(&mut self, one: &Overheard, message: &Message<'_>) {
        let (at, far) = (one.at, one.far);
        let is_new = !self.invites.contains_key(message.call_id());
        let is_for_help = message.request_uri().is_some_and(|uri| uri.contains("911@"));
        if !is_new {
            return;
        }
        self.invites.insert(message.call_id().to_owned(), Invite { at, far, answered: false });
        if !is_for_help && self.rests.get(&far.ip()).is_some_and(|until| at + HAIR < *until) {
            self.breaches.push(Breach { at, far });
        }
    }

    fn call_answered(&mut self, one: &Overheard, message: &Message<'_>) {
        let Some(invite) = self.invites.get_mut(message.call_id()) else { return };
        invite.answered = true;
        if let Some(row) = self.rows.get_mut(&(one.far, one.transport)) {
            (row.bad, row.last_good) = (0, one.at);
        }
        self.bidden(one, message);
    }

    /// RFC 3261 21.5.4: nothing is sent to whoever names a time, until it is over.
    fn bidden(&mut self, one: &Overheard, message: &Message<'_>) {
        if let (Some(503), Ok(Some(seconds))) = (message.status(), message.retry_after()) {
            let until = one.at + Duration::from_secs(seconds.into()).min(REST_MAX);
            self.rests.insert(one.far.ip(), until);
            self.rows.values_mut().for_each(|row| row.was_missed = false);
        }
    }

    /// Looks whether an address is forgotten that the house knows since then and has to ask.
    pub fn look(&mut self, now: Duration, far: SocketAddr, known_since: Duration) {
        let rest = self.rests.get(&far.ip()).copied().unwrap_or_default();
        let mut rows = self.rows.iter_mut().filter(|((at, _), _)| *at == far).map(|(_, row)| row);
        let newest = rows.by_ref().max_by_key(|row| row.asked);
        let asked = newest.as_ref().map_or(Duration::ZERO, |row| row.asked);
        let from = asked.max(known_since).max(rest);
        if newest.as_ref().is_some_and(|row| row.was_missed) || now < from + EVERY + PATIENCE + SPREAD {
            return;
        }
        self.faults.push(format!("{now:?}: {far} was last probed at {asked:?}"));
        match newest {
            Some(row) => row.was_missed = true,
            None => drop(self.rows.insert((far, Transport::Udp), Row::missed(now))),
        }
    }
}

impl Row {
    fn missed(at: Duration) -> Row {
        let call_id = String::new();
        Row { asked: at, call_id, answered: true, good: 0, bad: 0, last_good: at, was_missed: true }
    }
}
