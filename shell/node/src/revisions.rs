//! Safe change: what would change, what did, and the way back.
//!
//! One `Owner` holds what is in force and is the only one to change it. `plan` compares and tests what stands
//! in the directory, `prices` says which prices differ, `effects` what it means in words; `begin` decides
//! what a start runs, `author` knows who asks.

mod answer;
mod author;
mod begin;
mod effects;
mod moment;
mod owner;
mod plan;
mod prices;
mod running;

pub use answer::answer;
pub use author::name_of;
pub use begin::{Kept, begin};
pub use moment::now_ms;
pub use owner::Owner;
pub use plan::{Changes, TestsRun, plan_at_rest};
pub use prices::Files;
