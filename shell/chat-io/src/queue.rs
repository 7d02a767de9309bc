//! The queue by which the loop is told what to do.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use media::{ChatOrder, SessionKey};

/// What comes through the queue.
pub(crate) enum Word {
    Order { session: SessionKey, stream: u8, order: ChatOrder },
    Stop,
}

/// A way to the loop, for every shard that has calls with messages.
#[derive(Clone, Debug)]
pub struct Orders {
    pub(crate) queue: SyncSender<Word>,
    pub(crate) bell: Arc<OwnedFd>,
}

/// The queue is full, or the loop has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Orders {
    /// Hands an order to the loop; never waits.
    pub fn order(&self, session: SessionKey, stream: u8, order: ChatOrder) -> Result<(), Full> {
        self.queue.try_send(Word::Order { session, stream, order }).map_err(|_| Full)?;
        self.ring();
        Ok(())
    }

    pub(crate) fn ring(&self) {
        // The counter of an eventfd is full only if it rings already.
        let _ = rustix::io::write(&*self.bell, &1u64.to_ne_bytes());
    }
}
