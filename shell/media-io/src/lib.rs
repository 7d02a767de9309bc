//! Pinned packet loops around a relay: one thread, its sockets, and one [`media::Relay`].
//!
//! A loop takes orders from a bounded queue, opens and closes the ports that its relay asks for, and moves
//! packets. It reads the clock once for each batch, and decides nothing.
//!
//! Not here: which packet goes where (media), and what an order is for (call).
//!
//! Start with `handle.rs`, then `turn.rs`.

mod batch;
mod desk;
mod handle;
mod socket;
mod turn;

pub use handle::{Full, Handle, Orders, Settings, start};
