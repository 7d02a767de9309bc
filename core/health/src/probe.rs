//! One address: when it is asked for its OPTIONS, and how long it may take.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sip_message::{Host, Method, Uri};
use sip_stack::{ClientId, ConnectionId, Flow, Listener, Owner, Request, Transport};
use targets::{Attention, Book, Cause, Haste, Outcome, Place, Standing};

use crate::{ROOM, Surroundings};

pub(crate) struct Probe {
    /// The key of the server.
    pub key: Arc<str>,
    /// The server's place in the book.
    pub index: usize,
    pub place: Place,
    stage: Stage,
}

enum Stage {
    /// `asked`: when it was asked last.
    Waiting {
        until: Instant,
        asked: Option<Instant>,
    },
    Asked {
        client: ClientId,
        sent: Instant,
        until: Instant,
    },
}

impl Probe {
    pub fn new(key: Arc<str>, index: usize, place: Place, first: Instant) -> Probe {
        Probe { key, index, place, stage: Stage::Waiting { until: first, asked: None } }
    }

    /// The same at another place of the book.
    pub fn of(self, index: usize) -> Probe {
        Probe { index, ..self }
    }

    /// Whether it has asked, and is not due again.
    pub fn is_early(&self, now: Instant) -> bool {
        match self.stage {
            Stage::Asked { .. } => true,
            Stage::Waiting { until, asked } => asked.is_some() && now < until,
        }
    }

    /// Whether it has asked, and may be answered.
    pub fn is_asking(&self) -> bool {
        matches!(self.stage, Stage::Asked { .. })
    }

    pub fn is_client(&self, client: ClientId) -> bool {
        matches!(self.stage, Stage::Asked { client: ours, .. } if ours == client)
    }

    /// An address in doubt is asked again at once, as often as its patience allows; one that asked to be left
    /// alone is, and is asked as soon as that time is over (RFC 3261 21.5.4).
    pub fn deadline(&self, book: &Book) -> Option<Instant> {
        let (until, asked) = match self.stage {
            Stage::Asked { until, .. } => return Some(until),
            Stage::Waiting { until, asked } => (until, asked),
        };
        let Attention { haste, not_before } = book.attention(self.index, self.place);
        let due = match (haste, asked) {
            (Haste::Doubt, Some(asked)) => until.min(asked + book.watch_of(self.index)?.patience),
            (Haste::Doubt, None) | (Haste::Usual, _) => until,
        };
        Some(not_before.map_or(due, |rested| due.max(rested)))
    }

    pub fn expire(&mut self, around: &mut Surroundings<'_>) {
        match self.stage {
            Stage::Waiting { .. } => self.ask(around),
            Stage::Asked { client, .. } => {
                around.stack.abandon(client);
                self.ended(around, Outcome::Failed(Cause::NoAnswerToOptions));
            }
        }
    }

    fn ask(&mut self, around: &mut Surroundings<'_>) {
        let Some(watch) = around.book.watch_of(self.index) else { return };
        let (every, patience) = (watch.every.unwrap_or_default(), watch.patience);
        let Place { transport, address } = self.place;
        let now = around.now;
        let Some(listener) = Listener::toward(around.listeners, transport, address.ip(), watch.interface)
        else {
            self.stage = Stage::Waiting { until: now + every, asked: Some(now) };
            return;
        };
        let target = Arc::clone(&watch.target);
        let (from_tag, call_id) = (around.stack.chance().text(10), around.stack.chance().text(20));
        let from = format!("<sip:{}>;tag={from_tag}", listener.sent_by);
        let request = Request {
            method: Method::Options,
            uri: &target,
            flow: Flow { transport, listener: listener.id, connection: ConnectionId::NONE, remote: address },
            server_name: server_name(transport, &target),
            from: &from,
            to: &format!("<{target}>"),
            call_id: &call_id,
            cseq: 1,
            routes: &[],
            contact: Some(&listener.contact_toward(&target, "")),
            max_forwards: 70,
            session: None,
            headers: &[("Accept", "application/sdp")],
            body: None,
        };
        let owner = Owner { room: ROOM, key: self.index as u64, part: 0 };
        let client = around.stack.request(now, &request, owner, around.sends);
        self.stage = Stage::Asked { client, sent: now, until: now + patience };
    }

    /// The probe is over: the book learns of it, and the next one has its time.
    pub fn ended(&mut self, around: &mut Surroundings<'_>, outcome: Outcome) {
        let Stage::Asked { sent, .. } = self.stage else { return };
        around.book.note(around.now, self.index, self.place, outcome);
        let every = around.book.watch_of(self.index).and_then(|watch| watch.every).unwrap_or_default();
        let standing = around.book.places(self.index).find(|(place, _)| *place == self.place);
        let pause = match standing {
            // On its way back it is looked at more often.
            Some((_, Standing::Probing { .. } | Standing::Returning { .. })) => every.min(RETURN_EVERY),
            _ => every,
        };
        self.stage = Stage::Waiting { until: (sent + pause).max(around.now + SHORTEST), asked: Some(sent) };
    }
}

/// How often an address that comes back is probed.
const RETURN_EVERY: Duration = Duration::from_secs(10);

/// Between the end of a probe and the next one, however short the interval.
const SHORTEST: Duration = Duration::from_millis(100);

/// Whom a TLS connection must prove to be: the name that was configured (RFC 5922 4).
fn server_name(transport: Transport, target: &str) -> Option<Arc<str>> {
    if transport != Transport::Tls {
        return None;
    }
    match Uri::parse(target).ok()?.host()? {
        Host::Name(name) => Some(Arc::from(name)),
        Host::Ip(_) => None,
    }
}
