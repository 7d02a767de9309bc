//! What a shard's loop has done. Written by one thread, read by any.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Figures of one shard at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)*
        }

        #[derive(Debug, Default)]
        pub struct Counters {
            $(pub $name: Counter,)*
        }

        impl Counters {
            pub fn read(&self) -> Counts {
                Counts { $($name: self.$name.0.load(Relaxed),)* }
            }
        }
    };
}

counters! {
    /// Messages handed to the switch.
    received,
    /// Messages given to the kernel.
    sent,
    /// Datagrams the kernel would not take.
    unsent,
    /// Requests of phones that were left to be said again, because too much came at once.
    put_off,
    /// Last answers that did not wait for the disk any longer.
    unlanded,
    /// Messages that another shard owned.
    steered,
    /// Messages lost because the owner's inbox was full.
    overrun,
    /// Inputs that ended in a panic.
    faults,
    /// Connections others opened.
    accepted,
    /// Connections refused by a limit.
    turned_away,
    /// Connections we opened.
    opened,
    /// Connections that ended, for whatever reason.
    closed,
    /// Connections given up because the far end did not read.
    slow_readers,
    /// Connections closed because what came was no message.
    unframed,
    /// WebSockets that were refused at their handshake.
    unwelcome,
    /// The longest that the loop was busy before it looked at its sockets again, in microseconds.
    longest_turn_us,
}

/// A number that one thread raises.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Only its own thread writes, so a plain load and store are enough.
    pub fn add(&self, count: u64) {
        self.0.store(self.0.load(Relaxed) + count, Relaxed);
    }

    /// The same for the largest of many.
    pub fn raise_to(&self, count: u64) {
        self.0.store(self.0.load(Relaxed).max(count), Relaxed);
    }
}
