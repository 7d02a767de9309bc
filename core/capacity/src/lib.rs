//! How much it takes: channels for a traffic, bandwidth for channels, and what offers would cost for both.
//!
//! Figures in, figures out. It reads no records and asks nobody: whoever compares draws traffic from
//! documents or from call records. No live call depends on anything here. Start at [`compare()`] for what
//! offers cost, and at [`size()`] for what a house needs.

mod bandwidth;
mod compare;
mod erlang;
mod hours;
mod measured;
mod size;

pub use bandwidth::{Addresses, Sealed, calls_within, formula_of_2013, kbps_of};
pub use compare::{Bill, Comparison, Place, Wanted, bill, compare};
pub use erlang::{blocking, channels_for, erlangs_for};
pub use hours::{BusyHour, Hours};
pub use measured::{Measured, measured};
pub use size::{Load, Service, Size, size};
