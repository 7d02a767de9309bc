//! A sender of one tone in G.711, for far ends that are made up.

use std::f32::consts::TAU;

use crate::g711::{self, Law};
use crate::header::{Fixed, Header};

const RATE: f32 = 8000.0;
const SAMPLES: usize = 160;
const LOUDNESS: f32 = 8000.0;

/// Makes packets of 20 ms, each the next of its stream.
#[derive(Clone, Debug)]
pub struct Tone {
    law: Law,
    hertz: u16,
    next: Fixed,
    /// Samples since the tone began.
    at: u32,
}

impl Tone {
    pub fn new(law: Law, hertz: u16, ssrc: u32) -> Self {
        let payload_type = match law {
            Law::Mu => 0,
            Law::A => 8,
        };
        Tone {
            law,
            hertz,
            next: Fixed { marker: true, payload_type, sequence: 0, timestamp: 0, ssrc },
            at: 0,
        }
    }

    /// Puts the next packet into `out`, which is emptied first.
    pub fn next_packet(&mut self, out: &mut Vec<u8>) {
        out.clear();
        Header::from(self.next).write(out);
        for _ in 0..SAMPLES {
            let turns = f64::from(self.at) * f64::from(self.hertz) / f64::from(RATE);
            let sample = ((turns.fract() as f32 * TAU).sin() * LOUDNESS) as i16;
            out.push(match self.law {
                Law::Mu => g711::encode_mu(sample),
                Law::A => g711::encode_a(sample),
            });
            self.at = self.at.wrapping_add(1);
        }
        self.next.marker = false;
        self.next.sequence = self.next.sequence.wrapping_add(1);
        self.next.timestamp = self.next.timestamp.wrapping_add(SAMPLES as u32);
    }
}
