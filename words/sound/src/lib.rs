//! Sound: samples to the bytes of a codec and back, from one rate to another, and what is heard in it.
//!
//! All of it is plain functions and small state machines over 16-bit samples. Nothing here allocates while
//! sound passes, except [`opus`], which may in its first packets.
//!
//! Not here: packets (rtp), which codec a call speaks (policy, sdp), and G.729, which is a crate of its own.
//!
//! Start with `g711.rs`, the plainest codec; `opus.rs` and `g722.rs` are the others.

pub mod conceal;
mod filter;
pub mod g711;
pub mod g722;
pub mod keys;
pub mod l16;
pub mod noise;
pub mod ogg;
pub mod opus;
pub mod opus_file;
mod recording;
pub mod resample;
pub mod signals;
mod sine;
mod tone;
mod tones;

pub use g711::Law;
pub use recording::{NotPlayable, Recording};
pub use sine::Sine;
pub use tone::{Sounding, Tone};
pub use tones::Tones;
