//! Last answers that wait until what they end is on the disk, and nothing else that does.

use std::collections::{HashSet, VecDeque};
use std::ops::Range;
use std::time::{Duration, Instant};

use sip_stack::Send;

use crate::ports::{Mark, Receipt, SHELVES, Shelf};

/// However sick the disk is, nobody waits longer for it. Far ends say again what is not answered in 500 ms.
const WAIT_MAX: Duration = Duration::from_millis(200);
/// When so many wait the next ones do not.
const WAITING_MAX: usize = 16 * 1024;

/// What must be on the disk before somebody is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs([u64; SHELVES]);

impl Needs {
    pub fn add(&mut self, shelf: Shelf, receipt: Receipt) {
        if let Receipt::Awaited(Mark(mark)) = receipt {
            let known = &mut self.0[shelf as usize];
            *known = mark.max(*known);
        }
    }

    fn is_met_by(&self, landed: &Needs) -> bool {
        self.0.iter().zip(&landed.0).all(|(needed, landed)| needed <= landed)
    }

    fn is_none(&self) -> bool {
        *self == Needs::default()
    }
}

/// What waits, in the order in which it was said.
#[derive(Default)]
pub struct Late {
    landed: Needs,
    waiting: VecDeque<Waiting>,
    /// Where the bytes are that wait: thousands do while a disk is slow and phones come.
    places: HashSet<usize>,
}

struct Waiting {
    needs: Needs,
    until: Instant,
    send: Send,
}

impl Late {
    /// Takes out of `sends` what has to wait; the ranges do not overlap, and stand in order.
    pub fn hold(&mut self, now: Instant, needs: Needs, ranges: &[Range<usize>], sends: &mut Vec<Send>) {
        if needs.is_none() || needs.is_met_by(&self.landed) || ranges.iter().all(Range::is_empty) {
            return;
        }
        let mut at = 0;
        let room = WAITING_MAX.saturating_sub(self.waiting.len());
        let is_late = |place: usize| ranges.iter().any(|range| range.contains(&place));
        let late = sends.extract_if(.., |_| {
            at += 1;
            is_late(at - 1)
        });
        let until = now + WAIT_MAX;
        // Where there is no room the rest stays in line, and goes at once.
        for send in late.take(room) {
            self.places.insert(send.wire.place());
            self.waiting.push_back(Waiting { needs, until, send });
        }
    }

    /// Whether it is what waits already, said again: it goes when that goes.
    pub fn is_copy(&self, send: &Send) -> bool {
        !self.places.is_empty() && self.places.contains(&send.wire.place())
    }

    pub fn landed(&mut self, shelf: Shelf, Mark(mark): Mark) {
        let known = &mut self.landed.0[shelf as usize];
        *known = mark.max(*known);
    }

    /// The next that need not wait any more, and whether the disk was too slow for it.
    pub fn next(&mut self, now: Instant) -> Option<(Send, Freed)> {
        let front = self.waiting.front()?;
        let freed = match (front.needs.is_met_by(&self.landed), front.until <= now) {
            (true, _) => Freed::OnDisk,
            (false, true) => Freed::TooLate,
            (false, false) => return None,
        };
        let Waiting { send, .. } = self.waiting.pop_front()?;
        self.places.remove(&send.wire.place());
        Some((send, freed))
    }

    /// Everything, as the loop ends.
    pub fn drain(&mut self) -> impl Iterator<Item = Send> {
        self.places.clear();
        self.waiting.drain(..).map(|waiting| waiting.send)
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.waiting.front().map(|waiting| waiting.until)
    }
}

/// Why something does not wait any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freed {
    OnDisk,
    TooLate,
}

#[cfg(test)]
mod tests {
    use sip_stack::{ConnectionId, Flow, ListenerId, Transport, Wire};

    use super::*;

    #[test]
    fn a_copy_of_what_waits_waits_with_it_and_not_longer() {
        let flow = Flow {
            transport: Transport::Udp,
            listener: ListenerId(0),
            connection: ConnectionId::NONE,
            remote: ([192, 0, 2, 7], 5060).into(),
        };
        let said = |text: &str| Send { flow, server_name: None, wire: Wire::new(text.as_bytes()) };
        let (now, mut late, mut needs) = (Instant::now(), Late::default(), Needs::default());
        needs.add(Shelf::Phones, Receipt::Awaited(Mark(1)));
        let (first, other) = (said("200"), said("401"));
        let mut sends = vec![other.clone(), first.clone()];

        late.hold(now, needs, &[0..0, 1..2], &mut sends);

        assert_eq!(sends.iter().collect::<Vec<_>>(), [&other]);
        assert!(late.is_copy(&first) && !late.is_copy(&other));
        assert_eq!(late.next(now), None);
        late.landed(Shelf::Phones, Mark(1));
        assert_eq!(late.next(now), Some((first.clone(), Freed::OnDisk)));
        assert!(!late.is_copy(&first), "it was said; who asks again has lost it");
    }
}
