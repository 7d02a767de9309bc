//! The loop around a [`chats::Hub`]: listening sockets, connections, and waiting. One thread for all sessions
//! of messages of a house.
//!
//! It reads no more of a connection than the hub wants, and decides nothing about what came.
//!
//! Start at `handle.rs`, then `turn.rs`.

mod handle;
mod queue;
mod socket;
mod turn;

pub use handle::{Handle, Settings, StartFault, start};
pub use queue::{Full, Orders};
