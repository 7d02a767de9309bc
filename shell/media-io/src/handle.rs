//! The outside of a media loop: how it is started, told and stopped.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};
use std::thread::{self, JoinHandle};

use media::{Event, Order};

use crate::desk::{Desk, Word};
use crate::socket::{Bell, pin_to};
use crate::turn::Turn;

const ORDERS_MAX: usize = 8192;

/// How a loop is to run.
pub struct Settings<E> {
    /// The thread's name, as `ps` and `top` show it.
    pub name: String,
    /// The core to stay on; none leaves that to the operating system.
    pub core: Option<usize>,
    /// Called on the loop's own thread: it must not block.
    pub events: E,
}

/// A running loop. Dropped without [`Handle::stop`], it goes on until the process ends.
#[derive(Debug)]
pub struct Handle {
    orders: Orders,
    thread: JoinHandle<io::Result<()>>,
}

/// A way to a loop, for every shard that has calls there.
#[derive(Clone, Debug)]
pub struct Orders {
    queue: SyncSender<Word>,
    bell: Arc<Bell>,
}

/// The queue is full, or the loop has ended: here is the order back.
#[derive(Debug)]
pub struct Full(pub Order);

/// Starts a loop on a thread of its own.
pub fn start<E>(settings: Settings<E>) -> io::Result<Handle>
where
    E: Fn(Event) + Send + 'static,
{
    let Settings { name, core, events } = settings;
    let (queue, words) = mpsc::sync_channel(ORDERS_MAX);
    let bell = Arc::new(Bell::new()?);
    let turn = Turn::new(bell.clone())?;
    let thread = thread::Builder::new().name(name).spawn(move || {
        if let Some(core) = core {
            pin_to(core)?;
        }
        turn.run(Desk::new(words, events))
    })?;
    Ok(Handle { orders: Orders { queue, bell }, thread })
}

impl Handle {
    pub fn order(&self, order: Order) -> Result<(), Full> {
        self.orders.order(order)
    }

    pub fn orders(&self) -> Orders {
        self.orders.clone()
    }

    /// Closes every port and waits for the thread. Figures of streams still open are lost.
    pub fn stop(self) -> io::Result<()> {
        // A loop that has ended hears nothing; joining it says why.
        let _ = self.orders.queue.send(Word::Stop);
        self.orders.bell.ring();
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the media loop panicked")))
    }
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
                Word::Order(order) => Err(Full(order)),
                Word::Stop => unreachable!("only an order was sent"),
            },
        }
    }
}
