//! A made-up world around a real house: time, network, far ends, faults, and judges that watch.
//!
//! [`World::from_toml`] compiles a real policy, builds the real switch and relay, and a far end for each user
//! and trunk of the configuration. Everything by chance comes from one seed. The judges always watch;
//! [`World::finish`] ends every call, waits until nothing is held, and lets them speak.
//!
//! Not here: how a far end behaves (actors), real sockets (node).
//!
//! Start with `world.rs`; a story to read first is `tests/first_call.rs`.

mod cast;
mod handle;
mod node;
mod running;
mod world;

mod attackers;
mod clock;
mod network;
mod sprayer;
pub mod storm;
mod streams;
mod street;
mod zone;

mod chronicle;
mod judges;
mod ladder;
mod reference;
mod sight;

pub mod lamps;
pub mod seeds;

pub use chronicle::Chronicle;
pub use handle::{ActorHandle, CallHandle};
pub use judges::Speech;
pub use network::Link;
pub use sight::Sight;
pub use world::World;
pub use zone::Zone;
