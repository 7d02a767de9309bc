//! Pinned packet loops around a relay: one thread, its sockets, and one [`media::Relay`].
//!
//! A loop takes orders from a bounded queue, opens and closes the ports that its relay asks for, and moves
//! packets. It reads the clock once for each batch, and decides nothing.
//!
//! Not here: which packet goes where (media), and what an order is for (call).
//!
//! There are two engines, alike in all they do: one with io_uring, and one with epoll for where that is
//! missing.
//!
//! Beside them there may be a path in the kernel, which spares a stream that needs no more than being sent on
//! the way to a loop: `kernel.rs`.
//!
//! Start with `handle.rs`, then `epoll.rs`, the plainer of the two.

mod desk;
mod engine;
mod epoll;
mod handle;
mod kernel;
mod name;
mod queue;
mod socket;
mod uring;

pub use engine::Engine;
pub use handle::{Handle, Settings, start, start_on};
pub use kernel::{KernelPath, Without};
pub use queue::{Full, Orders};
pub use socket::raise_descriptor_limit;
