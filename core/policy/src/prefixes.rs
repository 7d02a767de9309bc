//! Beginnings of numbers, and the longest of them that a number begins with.
//!
//! A beginning is a word of 16 places of four bits; sorted, each knows the longest other one that it begins
//! with. So a look-up is one search and a short climb, whatever the number of beginnings.

const PLACES: u32 = 16;
const NONE: u32 = u32::MAX;

/// So many beginnings make a table of their first four places worth its room.
const MANY: usize = 4_096;
const DOORS: usize = 1 << 16;

/// Up to 16 places of digits, `+`, `*` and `#`, in the order of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Prefix(u64);

impl Prefix {
    /// The first 16 places of a text, as far as they are what a phone's keys can dial.
    pub fn of(text: &str) -> Prefix {
        let mut word = 0;
        let mut shift = 64;
        for byte in text.bytes().take(PLACES as usize) {
            let place: u8 = match byte {
                b'0'..=b'9' => byte - b'0' + 1,
                b'*' => 11,
                b'#' => 12,
                b'+' => 13,
                _ => break,
            };
            shift -= 4;
            word |= u64::from(place) << shift;
        }
        Prefix(word)
    }

    fn length(self) -> u32 {
        PLACES - self.0.trailing_zeros() / 4
    }

    fn begins(self, other: Prefix) -> bool {
        let places = u64::MAX.checked_shl(64 - 4 * self.length()).unwrap_or(0);
        other.0 & places == self.0
    }

    fn door(self) -> usize {
        usize::try_from(self.0 >> 48).unwrap_or(0)
    }
}

impl std::fmt::Display for Prefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for place in 0..self.length() {
            let digit = (self.0 >> (60 - 4 * place)) & 0xf;
            let letter = b"?0123456789*#+??"[usize::try_from(digit).unwrap_or(0)];
            write!(f, "{}", char::from(letter))?;
        }
        Ok(())
    }
}

/// Beginnings, each known by its place in their order.
#[derive(Debug, Default)]
pub(crate) struct Prefixes {
    words: Box<[u64]>,
    /// For each, the longest other that it begins with.
    shorter: Box<[u32]>,
    /// For the first four places, where their beginnings start.
    doors: Box<[u32]>,
}

impl Prefixes {
    /// Beginnings in order, none twice.
    pub fn new(sorted: impl Iterator<Item = Prefix>) -> Prefixes {
        let words: Box<[u64]> = sorted.map(|beginning| beginning.0).collect();
        let mut shorter = Vec::with_capacity(words.len());
        let mut above: Vec<u32> = Vec::new();
        for (index, word) in (0..).zip(&words) {
            while above.last().is_some_and(|top| !begins(&words, *top, Prefix(*word))) {
                above.pop();
            }
            shorter.push(above.last().copied().unwrap_or(NONE));
            above.push(index);
        }
        let doors = if words.len() < MANY { Box::default() } else { doors(&words) };
        Prefixes { words, shorter: shorter.into(), doors }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// The beginning at a place of the order.
    pub fn at(&self, index: usize) -> Prefix {
        Prefix(self.words[index])
    }

    /// Where a beginning stands in the order, if it is there.
    pub fn exactly(&self, beginning: Prefix) -> Option<usize> {
        self.words.binary_search(&beginning.0).ok()
    }

    /// The longest that a number begins with.
    pub fn longest(&self, number: Prefix) -> Option<usize> {
        let (from, to) = match self.doors.get(number.door()..number.door() + 2) {
            Some(edges) => (edges[0] as usize, edges[1] as usize),
            None => (0, self.words.len()),
        };
        let after = from + self.words[from..to].partition_point(|word| *word <= number.0);
        let mut at = u32::try_from(after.checked_sub(1)?).unwrap_or(NONE);
        while at != NONE && !begins(&self.words, at, number) {
            at = self.shorter[at as usize];
        }
        (at != NONE).then_some(at as usize)
    }

    /// The longest other that this one begins with.
    pub fn shorter(&self, index: usize) -> Option<usize> {
        let at = self.shorter[index];
        (at != NONE).then_some(at as usize)
    }

    /// The room it takes.
    pub fn bytes(&self) -> usize {
        8 * self.words.len() + 4 * (self.shorter.len() + self.doors.len())
    }
}

fn begins(words: &[u64], index: u32, number: Prefix) -> bool {
    Prefix(words[index as usize]).begins(number)
}

fn doors(words: &[u64]) -> Box<[u32]> {
    let mut doors = Vec::with_capacity(DOORS + 1);
    let mut at = 0;
    for door in 0..=DOORS {
        while at < words.len() && Prefix(words[at]).door() < door {
            at += 1;
        }
        doors.push(u32::try_from(at).unwrap_or(NONE));
    }
    doors.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> (Vec<String>, Prefixes) {
        let mut texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        texts.sort_by_key(|text| Prefix::of(text));
        let prefixes = Prefixes::new(texts.iter().map(|text| Prefix::of(text)));
        (texts, prefixes)
    }

    #[test]
    fn the_longest_beginning_is_found_and_all_shorter_ones_after_it() {
        let (texts, prefixes) = of(&["", "1", "12", "1206", "1209", "44", "+1", "+"]);
        let all = |number: &str| {
            let mut found = Vec::new();
            let mut next = prefixes.longest(Prefix::of(number));
            while let Some(at) = next {
                found.push(texts[at].as_str());
                next = prefixes.shorter(at);
            }
            found
        };

        assert_eq!(all("12065550142"), ["1206", "12", "1", ""]);
        assert_eq!(all("1208"), ["12", "1", ""]);
        assert_eq!(all("+14255550100"), ["+1", "+", ""]);
        assert_eq!(all("7"), [""]);
        assert_eq!(all("hana"), [""]);
    }

    #[test]
    fn a_beginning_prints_as_it_was_written() {
        for text in ["", "+14255550100", "*67", "#31#", "123456789012345"] {
            assert_eq!(Prefix::of(text).to_string(), text);
        }
    }

    #[test]
    fn many_beginnings_are_found_as_few_are() {
        let texts: Vec<String> = (0..40_000_u32).map(|number| format!("{}", number * 7 + 1)).collect();
        let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (sorted, prefixes) = of(&refs);
        assert!(!prefixes.doors.is_empty());

        for number in (0..200_u32).map(|number| format!("{}", number.wrapping_mul(2_654_435_761))) {
            let longest = prefixes.longest(Prefix::of(&number)).map(|at| sorted[at].as_str());
            let slow = refs.iter().filter(|text| number.starts_with(**text)).max_by_key(|text| text.len());
            assert_eq!(longest, slow.copied(), "{number}");
        }
    }
}
