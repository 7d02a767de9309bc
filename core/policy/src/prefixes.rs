//! Beginnings of numbers, and the longest of them that a number begins with.
//!
//! A beginning is a word of 16 places of four bits; sorted, each knows the longest other one that it begins
//! with. So a look-up is one search and a short climb, whatever the number of beginnings.

const PLACES: u32 = 16;
const NONE: u32 = u32::MAX;

/// So many beginnings, all of digits, make a table of their first five places worth its room.
const MANY: usize = 4_096;
const DOOR_PLACES: u32 = 5;
/// The digits, and no digit before them all.
const DOOR_WAYS: usize = 11;
const DOORS: usize = DOOR_WAYS.pow(DOOR_PLACES);

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

    /// By which door its beginnings are; there is none for what is no digit.
    fn door(self) -> Option<usize> {
        (1..=DOOR_PLACES).try_fold(0, |door, place| {
            let way = (self.0 >> (64 - 4 * place)) as usize & 0xf;
            (way < DOOR_WAYS).then_some(door * DOOR_WAYS + way)
        })
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
    rows: Box<[Row]>,
    /// For the first places, where their beginnings start; nothing, where there are few.
    doors: Box<[u32]>,
}

/// What one step of a climb reads is one piece of memory: most of it is far away when a call comes.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
struct Row {
    word: u64,
    /// The longest other that it begins with.
    shorter: u32,
}

impl Prefixes {
    /// Beginnings in order, none twice.
    pub fn new(sorted: impl Iterator<Item = Prefix>) -> Prefixes {
        let mut rows: Vec<Row> = Vec::with_capacity(sorted.size_hint().0);
        let mut above: Vec<u32> = Vec::new();
        for (index, beginning) in (0..).zip(sorted) {
            while above.last().is_some_and(|top| !rows[*top as usize].begins(beginning)) {
                above.pop();
            }
            rows.push(Row { word: beginning.0, shorter: above.last().copied().unwrap_or(NONE) });
            above.push(index);
        }
        let doors = if rows.len() < MANY { None } else { doors(&rows) };
        Prefixes { rows: rows.into(), doors: doors.unwrap_or_default() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The beginning at a place of the order.
    pub fn at(&self, index: usize) -> Prefix {
        Prefix(self.rows[index].word)
    }

    /// Where a beginning stands in the order, if it is there.
    pub fn exactly(&self, beginning: Prefix) -> Option<usize> {
        self.rows.binary_search_by(|row| { row.word }.cmp(&beginning.0)).ok()
    }

    /// The longest that a number begins with.
    pub fn longest(&self, number: Prefix) -> Option<usize> {
        let edges = number.door().and_then(|door| self.doors.get(door..door + 2));
        let (from, to) = edges.map_or((0, self.rows.len()), |edges| (edges[0] as usize, edges[1] as usize));
        let after = from + self.rows[from..to].partition_point(|row| row.word <= number.0);
        let mut at = after.checked_sub(1)?;
        while !self.rows[at].begins(number) {
            at = self.shorter(at)?;
        }
        Some(at)
    }

    /// The longest other that this one begins with.
    pub fn shorter(&self, index: usize) -> Option<usize> {
        let at = self.rows[index].shorter;
        (at != NONE).then_some(at as usize)
    }

    /// The room it takes.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.rows) + size_of_val(&*self.doors)
    }
}

impl Row {
    fn begins(self, number: Prefix) -> bool {
        Prefix(self.word).begins(number)
    }
}

/// `None` if one of them is no number.
fn doors(rows: &[Row]) -> Option<Box<[u32]>> {
    let mut doors = Vec::with_capacity(DOORS + 1);
    for (at, row) in (0..).zip(rows) {
        let door = Prefix(row.word).door()?;
        while doors.len() <= door {
            doors.push(at);
        }
    }
    doors.resize(DOORS + 1, u32::try_from(rows.len()).ok()?);
    Some(doors.into())
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
        assert_eq!(prefixes.doors.len(), DOORS + 1);

        let numbers = (0..200_u32).map(|number| format!("{}", number.wrapping_mul(2_654_435_761)));
        for number in numbers.chain(["", "9", "99999999", "1*67", "+1206"].map(str::to_owned)) {
            let longest = prefixes.longest(Prefix::of(&number)).map(|at| sorted[at].as_str());
            let slow = refs.iter().filter(|text| number.starts_with(**text)).max_by_key(|text| text.len());
            assert_eq!(longest, slow.copied(), "{number}");
        }
    }
}
