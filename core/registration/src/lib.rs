//! We, registered with providers: each is told where we are, in time, and no oftener than it should be.
//!
//! It knows nothing of trunks but their names, and nothing of routes: it says how each account stands, and
//! policy makes of that what it likes. Phones that register with us are no matter of this crate.
//!
//! Start at `registrations.rs`; one account is one machine, in `account.rs`.

mod registrations;

mod account;
mod memory;
mod reading;
mod round;
mod writing;

mod known;
mod pause;
mod surroundings;
mod watch;

pub use known::{Known, Standing, View};
pub use registrations::Registrations;
pub use surroundings::{AccountKey, ROOM, Surroundings};
pub use watch::{Contact, Place, Retry, Style, Watch};
