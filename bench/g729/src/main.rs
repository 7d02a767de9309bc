//! Our coder of G.729 as a filter, as `interop/g729/peer.c` is the other one: samples to frames, or frames to
//! samples.
//!
//! Samples are of 16 bits, the low byte first. A frame is its length in one byte, 0, 2 or 10, and so many
//! bytes; a length of 255 stands for one that was lost.

use std::io::{self, Read, Write};

use g729::{Decoder, Encoder, FRAME, FRAME_BYTES};

const LOST: u8 = 255;

fn main() -> io::Result<()> {
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input)?;
    let output = match std::env::args().nth(1).as_deref() {
        Some("encode") => encode(&input),
        Some("decode") => decode(&input),
        _ => return Err(io::Error::other("g729-bench encode | decode")),
    };
    io::stdout().lock().write_all(&output)
}

fn encode(samples: &[u8]) -> Vec<u8> {
    let (mut encoder, mut out) = (Encoder::new(), Vec::new());
    let (pairs, _) = samples.as_chunks::<2>();
    for pairs in pairs.chunks_exact(FRAME) {
        let samples: [i16; FRAME] = std::array::from_fn(|at| i16::from_le_bytes(pairs[at]));
        let mut frame = [0; FRAME_BYTES];
        encoder.encode(&samples, &mut frame);
        out.push(FRAME_BYTES as u8);
        out.extend(frame);
    }
    out
}

fn decode(mut frames: &[u8]) -> Vec<u8> {
    let (mut decoder, mut out) = (Decoder::new(), Vec::new());
    while let [length, rest @ ..] = frames {
        let (frame, behind) = rest.split_at(if *length == LOST { 0 } else { usize::from(*length) });
        frames = behind;
        let mut samples = [0; FRAME];
        if *length == LOST {
            decoder.conceal(&mut samples);
        }
        decoder.decode(frame, &mut samples);
        samples.iter().for_each(|sample| out.extend(sample.to_le_bytes()));
    }
    out
}
