//! What happens, for whoever watches: events as lines of JSON, and those for a person as log lines.
//!
//! Nothing here is ever needed for a call: when the disk or the reader is slow, events are dropped and
//! counted. Start at `telemetry`; `words` says what an event is called in the log.

mod log;
mod telemetry;
mod words;

pub use log::{LogSettings, start_log};
pub use telemetry::{Counts, Settings, Telemetry};
