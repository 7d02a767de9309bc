//! G.729: speech of 8,000 samples a second in 8,000 bits, coded as its Annex A has it and decoded from
//! either.
//!
//! A frame is 10 ms: 80 samples, 10 bytes. All of it is arithmetic on `f32` over fixed arrays; nothing
//! allocates, and no frame takes another way for what it says. Names and numbers of clauses are those of
//! the Recommendation (06/2012), whose sound lives at half its loudness between the two high-passes, and so
//! does ours.
//!
//! Not here: packets, and when who speaks falls silent (Annex B): what such a far end says of its noise is
//! understood, but no such thing is said.
//!
//! Start with `decoder.rs`; `encoder.rs` does the same the other way round.

mod analysis;
mod arithmetic;
mod bits;
mod decoder;
mod delay;
mod encoder;
mod filter;
mod gain;
mod lsf;
mod lsf_codes;
mod noise;
mod open_loop;
mod postfilter;
mod pulse_search;
mod pulses;
mod tables;
mod taming;

pub use decoder::Decoder;
pub use encoder::Encoder;
pub use noise::{DESCRIPTION_BYTES, Description};

/// 10 ms.
pub const FRAME: usize = 80;
pub const FRAME_BYTES: usize = 10;
/// What a far end that falls silent sends last (RFC 3551, 4.5.6).
pub const SILENCE_BYTES: usize = 2;

/// Half a frame: so often a pitch, a code and their gains are chosen.
const SUBFRAME: usize = 40;
/// Coefficients of the linear prediction.
const ORDER: usize = 10;
/// Between voices of 400 and of 56 hertz.
const DELAY_MIN: usize = 20;
const DELAY_MAX: usize = 143;

/// Whether a payload ends with a description of silence.
pub fn falls_silent(payload: &[u8]) -> bool {
    payload.len() % FRAME_BYTES == SILENCE_BYTES
}
