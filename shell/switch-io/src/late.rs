//! Last answers that wait until what they end is on the disk, and nothing else that does.

use std::collections::VecDeque;
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
        self.waiting.extend(late.take(room).map(|send| Waiting { needs, until, send }));
    }

    /// Whether it is what waits already, said again: it goes when that goes.
    pub fn is_copy(&self, send: &Send) -> bool {
        self.waiting.iter().any(|waiting| waiting.send == *send)
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
        self.waiting.pop_front().map(|waiting| (waiting.send, freed))
    }

    /// Everything, as the loop ends.
    pub fn drain(&mut self) -> impl Iterator<Item = Send> {
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
