//! What listeners would say of a line: the E-model (ITU-T G.107), with its defaults for what is not known.

use std::time::Duration;

/// The rating of a line that nothing is wrong with.
const BEST: f64 = 93.2;
/// Delay below this is not noticed in a conversation.
const UNNOTICED: Duration = Duration::from_millis(100);
/// A packet of sound, and what a listener's buffer waits beyond the jitter.
const USUAL_DELAY: Duration = Duration::from_millis(40);

/// What that buffer waits at most for the jitter.
const BUFFER_MAX: Duration = Duration::from_millis(80);

/// How a codec sounds, and how well it bears loss (G.113, appendix I).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coding {
    /// Equipment impairment without any loss.
    pub impairment: f64,
    /// Robustness against loss.
    pub robustness: f64,
}

impl Coding {
    /// PCM whose gaps are filled, as all phones do today.
    pub const PCM: Coding = Coding { impairment: 0.0, robustness: 25.1 };

    /// Codecs that G.113 has no values for, G.722 and Opus among them, count as PCM: on the scale of a
    /// telephone line they are no worse.
    pub fn of(codec: &str) -> Coding {
        let (impairment, robustness) = match codec.to_ascii_uppercase().as_str() {
            "G729" => (11.0, 19.0),
            "G723" => (15.0, 16.1),
            "GSM-EFR" => (5.0, 10.0),
            _ => return Coding::PCM,
        };
        Coding { impairment, robustness }
    }
}

/// One direction of a line, as far as it was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    pub coding: Coding,
    pub received: u64,
    pub lost: u64,
    /// Gaps that those lost made: as many as were lost, where no two followed each other.
    pub gaps: u64,
    /// Of those received: too late for a listener's buffer.
    pub late: u64,
    pub jitter: Duration,
    pub round_trip: Duration,
}

impl Line {
    /// The mean opinion of listeners, from 1 to 4.5; nothing where nothing was to be heard.
    pub fn opinion(&self) -> Option<f64> {
        (self.received > 0).then(|| opinion_of(self.rating()))
    }

    /// From 0 to 100.
    pub fn rating(&self) -> f64 {
        let delay = self.round_trip / 2 + (self.jitter * 2).min(BUFFER_MAX) + USUAL_DELAY;
        (BEST - delayed(delay) - self.equipment()).clamp(0.0, 100.0)
    }

    /// The effective equipment impairment (G.107, 7.5).
    fn equipment(&self) -> f64 {
        let Coding { impairment, robustness } = self.coding;
        let expected = (self.received + self.lost).max(1) as f64;
        let share = (self.lost + self.late) as f64 / expected;
        let percent = 100.0 * share;
        impairment + (95.0 - impairment) * percent / (percent / self.burst_ratio(share) + robustness)
    }

    /// How much longer the gaps are than those of losses that know nothing of each other.
    fn burst_ratio(&self, share: f64) -> f64 {
        // Those that are late come one by one, as far as one knows.
        let length = (self.lost + self.late) as f64 / (self.gaps + self.late).max(1) as f64;
        (length * (1.0 - share)).max(1.0)
    }
}

/// The impairment of delay by itself (G.107, 7.4, Idd).
fn delayed(delay: Duration) -> f64 {
    if delay <= UNNOTICED {
        return 0.0;
    }
    let x = (delay.as_secs_f64() / UNNOTICED.as_secs_f64()).log2();
    let root = |power: f64| (1.0 + power).powf(1.0 / 6.0);
    25.0 * (root(x.powi(6)) - 3.0 * root((x / 3.0).powi(6)) + 2.0)
}

/// The opinion that goes with a rating (G.107, annex B).
fn opinion_of(rating: f64) -> f64 {
    if rating <= 0.0 {
        return 1.0;
    }
    let opinion = 1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6;
    opinion.clamp(1.0, 4.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Line = Line {
        coding: Coding::PCM,
        received: 10_000,
        lost: 0,
        gaps: 0,
        late: 0,
        jitter: Duration::ZERO,
        round_trip: Duration::ZERO,
    };

    fn is_near(one: f64, other: f64, within: f64) -> bool {
        (one - other).abs() <= within
    }

    /// The limits of "very satisfied", "satisfied" and so on in table B.1 of G.107.
    #[test]
    fn k1_ratings_and_opinions_go_together_as_in_the_standard() {
        for (rating, opinion) in [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58)] {
            assert!(is_near(opinion_of(rating), opinion, 0.01), "{rating}");
        }
        assert!(is_near(opinion_of(93.2), 4.41, 0.006), "a line with nothing wrong");
        assert_eq!((opinion_of(0.0), opinion_of(100.0)), (1.0, 4.5));
    }

    /// G.114: hardly anything up to 150 ms one way, most people are annoyed beyond 400.
    #[test]
    fn k1_delay_is_felt_from_a_tenth_of_a_second() {
        for (ms, impairment) in [(0, 0.0), (100, 0.0), (150, 0.16), (200, 3.04), (300, 14.76), (400, 24.07)] {
            assert!(is_near(delayed(Duration::from_millis(ms)), impairment, 0.05), "{ms} ms");
        }
    }

    /// Losses of G.711 with concealment, one by one: 3.6, 6.8, 15.8 of the rating.
    #[test]
    fn k1_loss_is_felt_by_what_the_codec_bears() {
        for (lost, rating, opinion) in [(100, 89.6, 4.33), (200, 86.2, 4.23), (500, 77.4, 3.92)] {
            let line = Line { received: 10_000 - lost, lost, gaps: lost, ..GOOD };
            assert!(is_near(line.rating(), rating, 0.1), "{lost}: {}", line.rating());
            assert!(is_near(line.opinion().unwrap_or(0.0), opinion, 0.01), "{lost}");
        }
        let narrow = Line { coding: Coding::of("g729"), ..GOOD };
        assert!(is_near(narrow.rating(), 82.2, 0.01));
    }

    #[test]
    fn k1_losses_in_a_row_are_worse_than_as_many_apart() {
        let apart = Line { received: 9_500, lost: 500, gaps: 480, ..GOOD };
        let together = Line { gaps: 100, ..apart };
        assert!(apart.rating() - together.rating() > 2.0, "{} {}", apart.rating(), together.rating());
    }

    #[test]
    fn k1_nobody_has_an_opinion_of_a_line_that_was_silent() {
        assert_eq!(Line { received: 0, lost: 9, ..GOOD }.opinion(), None);
        let dead = Line { received: 1, lost: 1_000_000, gaps: 1, round_trip: Duration::from_secs(9), ..GOOD };
        assert_eq!(dead.opinion(), Some(1.0));
    }
}
