//! What happens, sent on to other people's programs while it happens: copies of messages to capture servers.
//!
//! Nothing here is ever needed for a call, and nothing runs on a shard: everything is read from what the
//! flight recorder and the writer of events have anyway. Who does not keep up misses something, and it is
//! counted. Start at `exports`.

mod exports;

mod capture;
mod joined;
mod sink;
mod stop;

mod hep;

pub use capture::Counts;
pub use exports::{Exported, Exports};
