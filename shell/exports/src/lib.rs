//! What happens, sent on to other people's programs while it happens: copies of messages to capture servers,
//! traces of calls to collectors, records of calls to webhooks, wishes that phones wake to push services.
//!
//! Nothing here is ever needed for a call, and nothing runs on a shard: everything is read from what the
//! flight recorder and the writer of events have anyway. Who does not keep up misses something, and it is
//! counted. Start at `exports`.

mod exports;

mod capture;
mod joined;
mod sink;

mod bookmark;
mod follow;
mod post;
mod pushes;
mod traces;
mod webhooks;

mod counts;
mod patience;
mod stop;

mod cloud_events;
mod signature;
mod signed;
mod spans;

pub use exports::{Exported, Exports};
pub use webhooks::replay;
