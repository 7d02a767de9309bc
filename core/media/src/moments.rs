//! When something is to be done though no packet comes: one moment for each side at most.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::order::Side;

/// The moments of all streams, by the slots that they have.
#[derive(Debug, Default)]
pub(crate) struct Moments {
    inorder: BTreeSet<(Instant, u32, Side)>,
    by_slot: Vec<[Option<Instant>; 2]>,
}

impl Moments {
    /// The first of all.
    pub fn next(&self) -> Option<Instant> {
        self.inorder.first().map(|(moment, _, _)| *moment)
    }

    /// The side whose moment has come.
    pub fn take(&mut self, now: Instant) -> Option<(u32, Side)> {
        let (_, slot, side) = self.inorder.first().copied().filter(|(moment, _, _)| *moment <= now)?;
        self.set(slot, side, None);
        Some((slot, side))
    }

    /// A side's moment is another one, or none, from now on.
    pub fn set(&mut self, slot: u32, side: Side, moment: Option<Instant>) {
        let at = slot as usize;
        if self.by_slot.len() <= at {
            if moment.is_none() {
                return;
            }
            self.by_slot.resize(at + 1, [None; 2]);
        }
        let before = std::mem::replace(&mut self.by_slot[at][side as usize], moment);
        if before == moment {
            return;
        }
        if let Some(before) = before {
            self.inorder.remove(&(before, slot, side));
        }
        if let Some(moment) = moment {
            self.inorder.insert((moment, slot, side));
        }
    }
}
