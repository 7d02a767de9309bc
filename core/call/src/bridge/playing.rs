//! What a side hears of ours, where it may.

use media::{Begins, Side};

use super::{Bridge, Port};
use crate::Room;
use crate::plays::{self, Listening, Wish};

impl Bridge {
    /// Whether a side's peer wants to hear sound.
    pub(crate) fn listens(&self, side: Side) -> bool {
        self.sides[side as usize].listening == Listening::Now
    }

    /// Whether a side's peer has put the other on hold, and when that may hear something of ours.
    pub(crate) fn waits_for(&self, side: Side) -> Option<Begins> {
        match self.sides[side as usize].listening {
            Listening::Holding(begins) => Some(begins),
            Listening::NotYet | Listening::Now => None,
        }
    }

    /// Lets a side hear something of ours, or nothing from now on.
    pub(crate) fn play(&mut self, room: &mut Room<'_>, side: Side, wish: Option<Wish>) {
        if wish.is_none() && self.plays.is_silent(side) {
            return;
        }
        let wish = wish.filter(|_| self.is_open());
        let Port { heard, told, .. } = &self.sides[side as usize];
        let stage = plays::Stage { session: self.session(), described: self.described, heard, told };
        self.plays.settle(room, side, &stage, wish);
    }
}
