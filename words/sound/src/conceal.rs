//! What is heard in place of a packet that was lost: the last pitch goes on, and fades, as in G.711
//! Appendix I.

/// Between voices of 66 and of 400 hertz.
const PERIOD_MAX_US: usize = 15_000;
const PERIOD_MIN_US: usize = 2_500;
/// So long what was made up is blended with what came.
const BLEND_US: usize = 4_000;
/// Nothing fades in the first 10 ms; nothing is left after 60.
const FULL_US: usize = 10_000;
const GONE_US: usize = 60_000;

/// Remembers what was heard, and makes up what was not.
#[derive(Clone, Debug)]
pub struct Concealer {
    /// Two periods of the lowest voice, round and round; in order while something is made up of it.
    past: Box<[i16]>,
    /// Where the oldest is, and the next goes.
    at: usize,
    rate: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Hearing,
    /// So many samples were made up, of a period that was found at the beginning.
    MakingUp {
        made: usize,
        period: usize,
    },
}

impl Concealer {
    pub fn new(rate: u32) -> Concealer {
        let rate = usize::try_from(rate).expect("rates are small");
        Concealer {
            past: vec![0; 2 * samples(PERIOD_MAX_US, rate)].into(),
            at: 0,
            rate,
            state: State::Hearing,
        }
    }

    /// Takes what came; after something that was made up, its beginning is blended with how that would go on.
    pub fn hear(&mut self, samples: &mut [i16]) {
        if let State::MakingUp { made, period } = self.state {
            let length = self.samples(BLEND_US).min(samples.len());
            for (index, sample) in samples[..length].iter_mut().enumerate() {
                let old = self.made_up(made + index, period);
                let share = (index + 1) as f32 / (length + 1) as f32;
                *sample = (old * (1.0 - share) + f32::from(*sample) * share) as i16;
            }
            self.state = State::Hearing;
        }
        self.remember(samples);
    }

    /// Makes up what did not come.
    pub fn conceal(&mut self, samples: &mut [i16]) {
        self.past.rotate_left(std::mem::take(&mut self.at));
        let (mut made, period) = match self.state {
            State::Hearing => (0, self.period()),
            State::MakingUp { made, period } => (made, period),
        };
        for sample in samples.iter_mut() {
            *sample = self.made_up(made, period) as i16;
            made += 1;
        }
        self.state = State::MakingUp { made, period };
    }

    /// The last period that was heard, round and round; the past stays as it is meanwhile.
    fn made_up(&self, made: usize, period: usize) -> f32 {
        f32::from(self.past[self.past.len() - period + made % period]) * self.loudness(made)
    }

    fn remember(&mut self, samples: &[i16]) {
        let length = self.past.len();
        let kept = &samples[samples.len().saturating_sub(length)..];
        let (until_end, rest) = kept.split_at(kept.len().min(length - self.at));
        self.past[self.at..self.at + until_end.len()].copy_from_slice(until_end);
        self.past[..rest.len()].copy_from_slice(rest);
        self.at = (self.at + kept.len()) % length;
    }

    /// How loud what is made up still is after so many samples.
    fn loudness(&self, made: usize) -> f32 {
        let (full, gone) = (self.samples(FULL_US), self.samples(GONE_US));
        1.0 - (made.saturating_sub(full) as f32 / (gone - full) as f32).min(1.0)
    }

    /// The distance at which the end of what was heard resembles what was before it most.
    fn period(&self) -> usize {
        let (shortest, longest) = (self.samples(PERIOD_MIN_US), self.samples(PERIOD_MAX_US));
        let window = longest;
        let end = &self.past[self.past.len() - window..];
        let likeness = |period: &usize| {
            let before = &self.past[self.past.len() - window - period..self.past.len() - period];
            let (mut product, mut power) = (0.0f32, 1.0f32);
            for (a, b) in end.iter().zip(before) {
                product += f32::from(*a) * f32::from(*b);
                power += f32::from(*b) * f32::from(*b);
            }
            product / power.sqrt()
        };
        let best = (shortest..=longest).map(|period| (likeness(&period), period));
        best.max_by(|one, other| one.0.total_cmp(&other.0)).map_or(longest, |(_, period)| period)
    }

    fn samples(&self, us: usize) -> usize {
        samples(us, self.rate)
    }
}

fn samples(us: usize, rate: usize) -> usize {
    rate * us / 1_000_000
}
