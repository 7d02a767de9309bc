//! RTP, RTCP and telephone events, read in place and written without ceremony (RFC 3550, 4733, 7983).
//!
//! [`Fixed`] is what the packet path reads: the fixed header, by value. [`Header`] is the whole of it, with
//! its payload. [`rtcp::packets`] walks a compound. G.711 and a tone are here for those who make media.
//!
//! [`srtp`] seals packets and opens them.
//!
//! Not here: any judgement of what a packet means for a call.
//!
//! Start with `header.rs`.

mod demux;
mod event;
pub mod g711;
mod header;
pub mod rtcp;
pub mod srtp;
mod tone;

pub use demux::{Kind, is_rtcp};
pub use event::{Digit, TelephoneEvent};
pub use g711::Law;
pub use header::{Error, Extension, Fixed, Header};
pub use tone::Tone;
