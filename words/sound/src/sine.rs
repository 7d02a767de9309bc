//! A tone of one pitch, for far ends that are made up and for tests.

use std::f64::consts::TAU;

/// Samples of a sine, each the next.
#[derive(Clone, Debug)]
pub struct Sine {
    rate: u32,
    hertz: u16,
    peak: i16,
    /// Samples since it began.
    at: u32,
}

impl Sine {
    pub fn new(rate: u32, hertz: u16, peak: i16) -> Sine {
        Sine { rate, hertz, peak, at: 0 }
    }

    pub fn next_sample(&mut self) -> i16 {
        let turns = f64::from(self.at) * f64::from(self.hertz) / f64::from(self.rate);
        self.at = self.at.wrapping_add(1);
        ((turns.fract() * TAU).sin() * f64::from(self.peak)) as i16
    }

    pub fn fill(&mut self, samples: &mut [i16]) {
        samples.fill_with(|| self.next_sample());
    }
}
