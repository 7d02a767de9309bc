//! What happens, for whoever watches: events as lines of JSON, and those for a person as log lines.
//!
//! Nothing here is ever needed for a call: when the disk or the reader is slow, events are dropped and
//! counted. `flight` keeps the messages of the last calls, `mask` blots secrets out of them, `written` is how
//! they lie on the disk. Start at `telemetry`; `words` says what an event is called in the log.

mod belonging;
mod flight;
mod log;
mod mask;
mod telemetry;
mod words;
mod written;

pub use flight::{Batch, Flight, Found, Noted, Seen, Shown, Sighting, Way};
pub use log::{LogSettings, start_log};
pub use mask::{mask, masked};
pub use telemetry::{Counts, Heed, Keep, Telemetry, Watch};
