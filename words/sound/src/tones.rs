//! What each country's telephone network tells its callers by tones.

use crate::tone::Tone;

const TABLE: &str = include_str!("tones.tsv");

/// The tones of a country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tones {
    /// Somebody's phone rings.
    pub ringback: Tone,
    pub busy: Tone,
    /// The network has no way just now.
    pub congestion: Tone,
    /// Nobody has that number.
    pub unobtainable: Tone,
}

impl Tones {
    /// Those of a country, by its two letters; where it has none of its own, those that E.180 recommends.
    pub fn of(country: &str) -> Tones {
        let row = rows().find(|row| row.first() == Some(&country)).unwrap_or_default();
        let tone = |at: usize, usual: &str| {
            let own = row.get(at).and_then(|text| Tone::parse(text));
            own.or_else(|| Tone::parse(usual)).expect("what is recommended is written as it is read")
        };
        Tones {
            ringback: tone(1, "425/1000 0/4000"),
            busy: tone(2, "425/500 0/500"),
            congestion: tone(3, "425/250 0/250"),
            unobtainable: tone(4, "950/330 1400/330 1800/330 0/1000"),
        }
    }

    /// The countries that have tones of their own.
    pub fn countries() -> impl Iterator<Item = &'static str> {
        rows().filter_map(|row| row.first().copied())
    }
}

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn h10_sixty_countries_have_tones_and_each_can_be_played() {
        let mut countries: Vec<&str> = Tones::countries().collect();
        assert!(countries.len() >= 60, "{} countries", countries.len());
        for row in rows() {
            assert_eq!(row.len(), 5, "{row:?}");
            for text in row[1..].iter().filter(|text| **text != "-") {
                assert!(Tone::parse(text).is_some(), "{}: {text}", row[0]);
            }
        }
        countries.sort_unstable();
        countries.dedup();
        assert_eq!(countries.len(), rows().count(), "each stands there once");
    }

    #[test]
    fn h10_a_country_has_its_own_tones_and_others_have_what_is_recommended() {
        let ringback = |country: &str| Tones::of(country).ringback;

        assert_eq!(ringback("GB"), Tone::parse("400+450/400 0/200 400+450/400 0/2000").unwrap());
        assert_eq!(ringback("AQ"), Tone::parse("425/1000 0/4000").unwrap());
        assert_eq!(Tones::of("US").busy, Tone::parse("480+620/500 0/500").unwrap());
        assert_ne!(ringback("IN"), ringback("DE"));
    }
}
