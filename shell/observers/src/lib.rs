//! What others have seen: PBXs and capture agents send copies of their messages as HEP version 3, and the
//! house shows them with its own, by the name of whoever reported them.
//!
//! Nothing here is ever needed for a call, and nobody is heard who is not named. What an observer says has
//! room of its own, in memory and on the disk: it pushes out nothing that the house saw itself, and nothing
//! of another observer. Start at `observers`.

mod observers;

mod intake;
mod join;
mod keeping;
mod memory;
mod observation;

mod counts;
mod listener;

pub use counts::{Counted, Outcome};
pub use join::Wanted;
pub use observation::Observation;
pub use observers::{Observers, Standing};
