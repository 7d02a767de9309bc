//! Which sessions somebody asked to be kept, and when what was gathered of them leaves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Outbox, Relay, tell_excerpted};
use crate::excerpt::Excerpting;
use crate::ports::PortPair;
use crate::side::{SessionKey, Side};

/// Packets are gathered for so long at most.
const GATHERED_FOR: Duration = Duration::from_millis(400);

#[derive(Debug, Default)]
pub(super) struct Excerpts {
    of: BTreeMap<SessionKey, Arc<Excerpting>>,
    /// When what was gathered leaves; never, where nobody asked for anything.
    next: Option<Instant>,
    /// Ours, by slot.
    ports: Vec<Option<[PortPair; 2]>>,
}

impl Excerpts {
    pub fn of(&self, session: SessionKey) -> Option<&Arc<Excerpting>> {
        self.of.get(&session)
    }

    pub fn next(&self) -> Option<Instant> {
        self.next
    }

    /// A stream has these ports now.
    pub fn opened(&mut self, slot: u32, ports: [PortPair; 2]) {
        let slot = slot as usize;
        if self.ports.len() <= slot {
            self.ports.resize(slot + 1, None);
        }
        self.ports[slot] = Some(ports);
    }

    /// A side of it has these ports now; those of both.
    pub fn moved(&mut self, slot: u32, side: Side, ports: PortPair) -> Option<[PortPair; 2]> {
        let both = self.ports.get_mut(slot as usize)?.as_mut()?;
        both[side as usize] = ports;
        Some(*both)
    }

    pub fn forget(&mut self, session: SessionKey) {
        self.of.remove(&session);
    }
}

impl Relay {
    /// Packets of a session are kept from now on, or no more.
    pub(super) fn excerpt(
        &mut self,
        now: Instant,
        session: SessionKey,
        terms: Option<Excerpting>,
        out: &mut Outbox,
    ) {
        let terms = terms.map(Arc::new);
        match &terms {
            Some(terms) => {
                self.excerpts.of.insert(session, Arc::clone(terms));
                self.excerpts.next.get_or_insert(now + GATHERED_FOR);
            }
            None => self.excerpts.forget(session),
        }
        for (_, slot) in self.by_session.range((session, 0)..=(session, u8::MAX)) {
            let ports = self.excerpts.ports.get(*slot as usize).copied().flatten();
            if let Some(pair) = &mut self.slots[*slot as usize] {
                tell_excerpted(pair.excerpt(terms.as_ref().zip(ports)), out);
            }
        }
    }

    /// Lets what was gathered leave, and ends what is over.
    pub(super) fn gather_excerpts(&mut self, now: Instant, out: &mut Outbox) {
        if self.excerpts.next.is_none_or(|next| now < next) {
            return;
        }
        let over: Vec<SessionKey> =
            self.excerpts.of.iter().filter(|(_, terms)| terms.until <= now).map(|(key, _)| *key).collect();
        for session in over {
            self.excerpt(now, session, None, out);
        }
        for session in self.excerpts.of.keys() {
            for (_, slot) in self.by_session.range((*session, 0)..=(*session, u8::MAX)) {
                if let Some(pair) = &mut self.slots[*slot as usize] {
                    tell_excerpted(pair.excerpt_gathered(), out);
                }
            }
        }
        self.excerpts.next = (!self.excerpts.of.is_empty()).then(|| now + GATHERED_FOR);
    }
}
