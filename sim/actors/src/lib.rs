//! Far ends made up: phones, providers, PBXs and PSAPs as state machines without sockets or clock.
//!
//! An [`Actor`] is a user agent written from the RFCs and from nothing else of ours than the words: its
//! transactions, dialogs and digest are its own, so that two readings of the same standard meet. It behaves,
//! except for the [`Habit`]s its [`Profile`] gives it.
//!
//! Not here: the network between them (world), real sockets (node).
//!
//! Start with `exchange.rs`, what goes in and out, then `actor.rs`.

mod exchange;
mod profile;

mod actor;
mod answering;
mod arriving;
mod bindings;
mod chance;
mod checking;
mod crowd;
mod digest;
mod doing;
mod dozing;
mod leg;
mod lite;
mod media;
mod moves;
mod patching;
mod pracking;
mod publishing;
mod recording;
mod registering;
mod registrar;
mod reliable;
mod repeat;
mod sealed;
mod shaken;
mod shaker;
mod sound;
mod storm;
mod timer;
mod timing;
mod typing;
mod voice;
mod watching;
mod whereabouts;
mod writing;

pub use actor::{Actor, BOAST, LegView};
pub use bindings::Binding;
pub use chance::Chance;
pub use crowd::{Crowd, CrowdPlan, Leaving, PASSWORD, Seat, Verdict};
pub use exchange::{ActorInput, ActorOut, Deed, Ended, LegId, Note, Noted, Parcel, Transport};
pub use leg::Stage;
pub use media::MediaView;
pub use patching::Held;
pub use profile::{Credentials, Habit, Kind, Profile};
pub use shaker::{Identity, Part, Shaker};
pub use sound::{Sound, Tag};
pub use storm::{Storm, StormPlan, StormVerdict};
pub use timing::{RefreshBy, Refresher, Timing};
pub use typing::PressedBy;
pub use voice::Codec;
