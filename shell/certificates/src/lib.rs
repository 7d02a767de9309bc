//! Certificates that an authority gives by ACME (RFC 8555), kept in files and renewed before they end.
//!
//! [`Keeper`] has a thread of its own that asks for each certificate when its turn has come; whoever shows a
//! certificate reads its file, as if somebody else had written it. Until there is one, the file holds a
//! stand-in that we signed ourselves: the house listens from its first start. When to ask is a pure function
//! of what a certificate says and of what became of the tries before (`schedule.rs`).
//!
//! Not here: who shows a certificate, and that it changes while connections live (`switch-io`, `api`).
//!
//! Start with `keeper.rs`.

mod attempt;
mod client;
mod door;
mod files;
mod keeper;
mod schedule;
mod shown;

pub use attempt::Asking;
pub use files::{Fault, Key};
pub use keeper::{Keeper, NoTry, Standing, State, Turn};
pub use shown::{Shown, look};
