//! Safe change: what would change, what did, and the way back.
//!
//! One `Owner` holds what is in force and is the only one to change it. `plan` compares and tests what stands
//! in the directory, `prices` says which prices differ, `effects` what it means in words; `edit` changes one
//! document by HTTP, `people` the users of a directory, and `placing` writes their files; `begin` decides
//! what a start runs, `author` knows who asks, `job` is how other threads have the owner do something.

mod answer;
mod author;
mod begin;
mod edit;
mod effects;
mod job;
mod moment;
mod owner;
mod people;
mod placing;
mod plan;
mod prices;
mod running;
mod tag;

pub use answer::answer;
pub use author::name_of;
pub use begin::{Kept, begin};
pub use edit::{Edit, Edited, NoEdit, Trial};
pub use job::{Job, Told};
pub use moment::now_ms;
pub use owner::{Became, No, Outcome, Owner, Wish};
pub use people::{Leavers, Outcome as PeopleOutcome, People, Settled};
pub use placing::put;
pub use plan::{Changes, Plan, TestsRun, plan_at_rest};
pub use prices::Files;
pub use tag::TagKey;
