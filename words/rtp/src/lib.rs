//! RTP, RTCP and telephone events, read in place and written without ceremony (RFC 3550, 4733, 7983).
//!
//! [`Fixed`] is what the packet path reads: the fixed header, by value. [`Header`] is the whole of it, with
//! its payload. [`rtcp::packets`] walks a compound; [`extended`] reads what phones make of what they hear.
//!
//! [`srtp`] seals packets and opens them.
//!
//! Not here: what a payload sounds like (sound), and any judgement of what a packet means for a call.
//!
//! Start with `header.rs`.

mod demux;
mod event;
pub mod extended;
mod header;
pub mod rtcp;
pub mod srtp;
mod voice_report;

pub use demux::{Kind, is_rtcp};
pub use event::{Digit, TelephoneEvent};
pub use header::{Error, Extension, Fixed, Header};
pub use voice_report::{Occasion, VoiceMetrics, VoiceReport};
