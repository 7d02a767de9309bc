//! The outside of a media loop: how it is started, told and stopped.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use media::{Event, Order};

use crate::desk::Desk;
use crate::engine::{Engine, Ready};
use crate::kernel::KernelPath;
use crate::queue::{Full, Orders, Word};
use crate::socket::{Bell, pin_to};

const ORDERS_MAX: usize = 8192;

/// How a loop is to run.
pub struct Settings<E> {
    /// The thread's name, as `ps` and `top` show it.
    pub name: String,
    /// The core to stay on; none leaves that to the operating system.
    pub core: Option<usize>,
    /// How packets that leave these addresses of ours are marked: a code point each.
    pub marks: Vec<(IpAddr, u8)>,
    /// Where streams may be carried that need no more than being sent on.
    pub kernel: Option<KernelPath>,
    /// Called on the loop's own thread: it must not block.
    pub events: E,
}

/// A running loop. Dropped without [`Handle::stop`], it goes on until the process ends.
#[derive(Debug)]
pub struct Handle {
    orders: Orders,
    engine: Engine,
    thread: JoinHandle<io::Result<()>>,
}

/// Starts a loop on a thread of its own, with the best engine that the system has.
pub fn start<E>(settings: Settings<E>) -> io::Result<Handle>
where
    E: Fn(Event) + Send + 'static,
{
    start_on(Engine::Auto, settings)
}

/// Starts a loop with a certain engine; it is an error if the system does not have that.
pub fn start_on<E>(engine: Engine, settings: Settings<E>) -> io::Result<Handle>
where
    E: Fn(Event) + Send + 'static,
{
    let Settings { name, core, marks, kernel, events } = settings;
    let (queue, words) = mpsc::sync_channel(ORDERS_MAX);
    let bell = Arc::new(Bell::new()?);
    let orders = Orders { queue, bell: Arc::clone(&bell) };
    let carrier = kernel.map(|kernel| kernel.carrier(orders.clone())).transpose()?;
    let (tell, told) = mpsc::sync_channel(1);
    let ours = bell;
    // A ring belongs to the thread that makes it, so all is made there.
    let thread = thread::Builder::new().name(name).spawn(move || {
        let made = core.map_or(Ok(()), pin_to).and_then(|()| Ready::new(engine, ours));
        let told = tell.send(made.as_ref().map(Ready::engine).map_err(copy_of));
        match made {
            Ok(turn) if told.is_ok() => turn.run(Desk::new(words, (marks, carrier), events)),
            _ => Ok(()),
        }
    })?;
    let engine = told.recv().unwrap_or_else(|_| Err(io::Error::other("the media loop ended at once")))?;
    Ok(Handle { orders, engine, thread })
}

fn copy_of(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

impl Handle {
    pub fn order(&self, order: Order) -> Result<(), Full> {
        self.orders.order(order)
    }

    pub fn orders(&self) -> Orders {
        self.orders.clone()
    }

    /// How this loop takes its packets: what [`Engine::Auto`] came to.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Closes every stream, whose figures come back as events before this returns, and waits for the thread.
    pub fn stop(self) -> io::Result<()> {
        // A loop that has ended hears nothing; joining it says why.
        let _ = self.orders.queue.send(Word::Stop);
        self.orders.bell.ring();
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the media loop panicked")))
    }
}
