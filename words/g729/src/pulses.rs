//! The code: four pulses of height 1 in a subframe, each on a track of its own (3.8).

use crate::SUBFRAME;
use crate::arithmetic::Subframe;

/// Each track has every fifth place; two of them share the last pulse.
pub(crate) const TRACKS: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pulses {
    pub positions: [usize; 4],
    /// 1 or −1.
    pub signs: [f32; 4],
}

impl Pulses {
    pub fn parse(positions: u16, signs: u8) -> Pulses {
        let part = |shift: u16| usize::from(positions >> shift & 7);
        let second_track = usize::from(positions >> 9 & 1);
        let positions = [
            part(0) * TRACKS,
            part(3) * TRACKS + 1,
            part(6) * TRACKS + 2,
            part(10) * TRACKS + 3 + second_track,
        ];
        let signs = std::array::from_fn(|pulse| if signs >> pulse & 1 == 1 { 1.0 } else { -1.0 });
        Pulses { positions, signs }
    }

    /// C and S.
    pub fn code(&self) -> (u16, u8) {
        let [first, second, third, fourth] = self.positions.map(|position| (position / TRACKS) as u16);
        let second_track = u16::from(self.positions[3] % TRACKS == 4);
        let positions = first | (second << 3) | (third << 6) | (second_track << 9) | (fourth << 10);
        let signs =
            self.signs.iter().enumerate().fold(0, |all, (at, sign)| all | u8::from(*sign > 0.0) << at);
        (positions, signs)
    }

    /// As they sound, where the pitch is shorter than a subframe: again after each of its periods (3.8, 48).
    pub fn sharpened(&self, delay: usize, share: f32) -> Subframe {
        let mut samples = [0.0; SUBFRAME];
        for (position, sign) in self.positions.iter().zip(self.signs) {
            samples[*position] = sign;
        }
        sharpen(&mut samples, delay, share);
        samples
    }
}

pub(crate) fn sharpen(samples: &mut Subframe, delay: usize, share: f32) {
    for at in delay..SUBFRAME {
        samples[at] += share * samples[at - delay];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_as_it_is_written() {
        for positions in 0..1 << 13 {
            let signs = (positions % 16) as u8;
            assert_eq!(Pulses::parse(positions, signs).code(), (positions, signs));
        }
    }
}
