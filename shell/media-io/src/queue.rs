//! The queue by which a loop is told what to do.

use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};

use media::Order;

use crate::socket::Bell;

/// What comes through the queue.
#[derive(Debug)]
pub(crate) enum Word {
    Order(Order),
    /// The system may send by other ways than before.
    LookAtRoutes,
    Stop,
}

/// A way to a loop, for every shard that has calls there.
#[derive(Clone, Debug)]
pub struct Orders {
    pub(crate) queue: SyncSender<Word>,
    pub(crate) bell: Arc<Bell>,
}

/// The queue is full, or the loop has ended: here is the order back.
#[derive(Debug)]
pub struct Full(pub Box<Order>);

/// Why a loop was not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unheard {
    Full,
    Gone,
}

impl Orders {
    /// Hands an order to the loop; never waits.
    pub fn order(&self, order: Order) -> Result<(), Full> {
        match self.queue.try_send(Word::Order(order)) {
            Ok(()) => {
                self.bell.ring();
                Ok(())
            }
            Err(mpsc::TrySendError::Full(word) | mpsc::TrySendError::Disconnected(word)) => match word {
                Word::Order(order) => Err(Full(Box::new(order))),
                Word::Stop | Word::LookAtRoutes => unreachable!("only an order was sent"),
            },
        }
    }

    /// Has the loop look whether the kernel still sends where the system would.
    pub(crate) fn look_at_routes(&self) -> Result<(), Unheard> {
        let said = self.queue.try_send(Word::LookAtRoutes);
        self.bell.ring();
        said.map_err(|error| match error {
            mpsc::TrySendError::Full(_) => Unheard::Full,
            mpsc::TrySendError::Disconnected(_) => Unheard::Gone,
        })
    }
}
