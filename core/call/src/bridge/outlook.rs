//! How a side's ports are seen from outside: what the relay is told of it, and who asks of the call.

use std::sync::Arc;

use media::{Order, Side};

use super::{Bridge, number};
use crate::Room;

impl Bridge {
    /// The relay sees to it that a pair goes on being seen from outside as its far end is told.
    pub(super) fn see(&self, room: &mut Room<'_>, side: Side, stream: usize) {
        let port = &self.sides[side as usize];
        let outer = port.pairs.get(stream).and_then(|pair| port.outlooks.of(*pair));
        let (session, stream) = (self.session(), number(stream));
        let order = |outer| Order::Outside { session, stream, side, outer: Arc::clone(outer) };
        room.orders.extend(outer.map(order));
    }

    /// What is new of how a side's ports are seen from outside, in words.
    pub(crate) fn new_outlooks(&mut self, side: Side) -> Vec<String> {
        self.sides[side as usize].outlooks.take_words()
    }
}
