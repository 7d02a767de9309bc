//! An INVITE for a call that another shard has goes to that shard, and so does what follows it: its copies,
//! its CANCEL and the ACK of a refusal bear no token of ours, and are steered here by their Call-ID.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use call::{Arrival, HandOn, Now};

use crate::limits;
use crate::seam::{Handed, HandedAs, News, Outbox, Received};
use crate::switch::Switch;

/// As long as an INVITE may have no final answer, and that be repeated.
const FOLLOWS_FOR: Duration = Duration::from_secs(240);

/// Where INVITEs went that were handed on, by their Call-IDs. What came before them under the same Call-ID,
/// such as the one that had no proof yet, is still answered here.
#[derive(Debug, Default)]
pub(crate) struct HandedOn {
    calls: BTreeMap<Box<[u8]>, Place>,
}

#[derive(Debug)]
struct Place {
    shard: u8,
    cseq: u32,
    until: Instant,
}

impl HandedOn {
    fn shard_of(&self, now: Instant, bytes: &[u8]) -> Option<u8> {
        if self.calls.is_empty() {
            return None;
        }
        let (call_id, cseq) = sip_stack::call_id_in(bytes)?;
        let place = self.calls.get(call_id).filter(|place| place.cseq == cseq && now < place.until)?;
        Some(place.shard)
    }

    fn note(&mut self, now: Instant, bytes: &[u8], to: u8) {
        let Some((call_id, cseq)) = sip_stack::call_id_in(bytes) else { return };
        if self.calls.len() >= limits::HANDED_ON_MAX {
            self.calls.retain(|_, place| now < place.until);
        }
        if self.calls.len() >= limits::HANDED_ON_MAX {
            self.calls.pop_first();
        }
        self.calls.insert(call_id.into(), Place { shard: to, cseq, until: now + FOLLOWS_FOR });
    }

    /// The call has come back: what follows is for this shard, and goes round in no circle.
    fn forget(&mut self, bytes: &[u8]) {
        if let Some((call_id, _)) = sip_stack::call_id_in(bytes).filter(|_| !self.calls.is_empty()) {
            self.calls.remove(call_id);
        }
    }
}

impl Switch {
    /// Whether a message belongs to an INVITE that was handed on; if so, it goes there.
    pub(crate) fn follows(&self, now: Now, received: Received<'_>, out: &mut Outbox) -> bool {
        let Received { flow, bytes } = received;
        let Some(to) = self.handed_on.shard_of(now.instant, bytes) else { return false };
        out.handed.push(Handed { to, flow, bytes: bytes.into(), what: HandedAs::Following });
        true
    }

    /// Another shard has handed an INVITE on to this one.
    pub(crate) fn take_handed(
        &mut self,
        now: Now,
        received: Received<'_>,
        authenticated: Option<String>,
        out: &mut Outbox,
    ) {
        self.handed_on.forget(received.bytes);
        self.arrival = Arrival::HandedOn(authenticated);
        self.hear(now, received, out);
        self.arrival = Arrival::Direct;
    }

    /// Hands on what a message was found to be for, if it was.
    pub(crate) fn hand_on(&mut self, now: Now, received: Received<'_>, out: &mut Outbox) {
        let Some(HandOn { server, to, authenticated }) = self.scratch.hand_on.take() else { return };
        let Received { flow, bytes } = received;
        self.stack.leave(server);
        self.handed_on.note(now.instant, bytes, to);
        let what = HandedAs::First { authenticated };
        out.handed.push(Handed { to, flow, bytes: bytes.into(), what });
    }

    /// Tells the other shards what may be taken of calls.
    pub(crate) fn note_offers(&mut self, out: &mut Outbox) {
        out.news.extend(self.scratch.on_offer.drain(..).map(News::OnOffer));
    }
}
