//! Where our users' phones are: they say so with REGISTER, and calls find them by it (RFC 3261 10).
//!
//! A REGISTER is proven by the user's password, its contacts become bindings, all or none; a binding
//! remembers the flow that its REGISTER came on, so that a phone behind a NAT is reached by it (RFC 5626),
//! and how a phone that sleeps is woken (RFC 8599). Every shard has the whole table; the shard that a user's
//! REGISTERs are steered to changes it and tells the others. Who may be rung is decided by `policy`, and done
//! by `call`.
//!
//! Start at `answering.rs`; `update.rs` has the rules of RFC 3261 10.3, `table.rs` what is known.

mod answering;
mod bell;
mod binding;
mod date;
mod kept;
mod naming;
mod proving;
mod push;
mod reading;
mod renewals;
mod seal;
mod table;
mod update;
mod view;
mod wakes;

pub use answering::{Counters, Registrar, Surroundings};
pub use bell::{Bell, without_tokens};
pub use binding::{Binding, Naming, Reach};
pub use date::date;
pub use kept::{Kept, KeptBinding, KeptReach};
pub use proving::{Door, admits, algorithms, secret_of};
pub use renewals::Renewal;
pub use table::{Table, Way};
pub use view::DeviceView;
pub use wakes::{Asked, Urgency, Wake, Wakes, Why};
