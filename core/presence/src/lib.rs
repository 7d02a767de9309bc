//! Who watches whom, and what they are told: presence, busy lamps and messages that wait (RFC 6665, 3856,
//! 3903, 4235, 3842), and who watches them (RFC 3857).
//!
//! A person's state is composed of what the house knows: where phones are registered, the calls that any
//! shard carries, what devices publish, what programs notice, and what documents say. Every shard knows all
//! of it, by news that are numbered, so that none is missed unseen; a subscription lives on the shard that
//! its SUBSCRIBE was steered to. A watcher is told whole states, one at a time, and always the newest; or, if
//! it asks for that, what has changed since it answered last (`holding.rs`).
//!
//! Not here: how requests travel (`sip-stack`), where phones are (`registrar`), and every word about a call
//! but that it is there (`call`, which this crate does not know).
//!
//! Start at `house.rs`, where everything comes in; `subscription.rs` is one watcher's machine, `face.rs` what
//! is shown of somebody.

mod limits;

mod board;
mod feed;
mod kept;
mod known;

mod face;

mod document;
mod holding;

mod console;
mod publications;
mod subscription;
mod watchers;

mod no;
mod reading;

mod answering;
mod house;
mod mail;
mod noticing;
mod publishing;
mod telling;
mod view;

pub use feed::News;
pub use house::{Counters, House, ROOM, Surroundings};
pub use kept::{Kept, KeptPublication, KeptWatching};
pub use known::{About, By, Engagement, Known, MOBILE, Mailbox, Names, Part, Published, Seen, Stage};
pub use noticing::{Notice, Says, Unnoticed};
pub use view::{Sight, WatcherView};
