//! How much it takes: channels for a traffic, bandwidth for channels, and what offers would cost for both.
//!
//! Figures in, figures out. It reads no records and asks nobody: whoever compares draws traffic from
//! documents or from call records. No live call depends on anything here. Start at [`compare()`].

mod bandwidth;
mod compare;
mod erlang;
mod hours;

pub use bandwidth::{calls_within, formula_of_2013};
pub use compare::{Bill, Comparison, Place, Wanted, bill, compare};
pub use erlang::{blocking, channels_for, erlangs_for};
pub use hours::{BusyHour, Hours};
