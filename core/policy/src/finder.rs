//! Places in a list by what is looked for: a step or two, however long the list is.
//!
//! A sorted tree of 100,000 texts is some forty places of memory for one look-up, and most of them are not at
//! hand. What falls together is decided by the configuration alone, so nobody who calls can make it slow.

/// Where things of a list are, by a figure that is drawn from their keys.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    /// The upper half of a figure above the place, counted from 1; 0 is empty. At least half are.
    slots: Box<[u64]>,
}

impl Finder {
    /// A finder of things in the order of the figures of their keys.
    pub fn new(figures: impl ExactSizeIterator<Item = u64>) -> Finder {
        let mut slots = vec![0; (2 * figures.len()).next_power_of_two()].into_boxed_slice();
        let last = slots.len() - 1;
        for (place, figure) in (1_u64..).zip(figures) {
            let mut at = start(figure, last);
            while slots[at] != 0 {
                at = (at + 1) & last;
            }
            slots[at] = tag(figure) | place;
        }
        Finder { slots }
    }

    /// The place of the thing that is looked for; `is_it` is asked of those that may be.
    pub fn find(&self, figure: u64, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let last = self.slots.len().checked_sub(1)?;
        let mut at = start(figure, last);
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return None;
            }
            let place = usize::try_from(slot & PLACE).unwrap_or(0) - 1;
            if slot & !PLACE == tag(figure) && is_it(place) {
                return Some(place);
            }
            at = (at + 1) & last;
        }
    }
}

const PLACE: u64 = 0xffff_ffff;

fn tag(figure: u64) -> u64 {
    figure & !PLACE
}

fn start(figure: u64, last: usize) -> usize {
    usize::try_from(figure & PLACE).unwrap_or(0) & last
}

/// A figure of a text; the same text has the same figure everywhere.
pub(crate) fn figure(parts: &[&str]) -> u64 {
    const PRIME: u64 = 0x0100_0000_01b3;
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    let of_part = |hash: u64, part: &&str| step(part.bytes().fold(hash, step), 0xff);
    let mut mixed = parts.iter().fold(0xcbf2_9ce4_8422_2325, of_part);
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_found_where_it_is_and_nothing_else() {
        let texts: Vec<String> = (0..10_000_u32).map(|n| format!("+1425{:07}", n * 7)).collect();
        let finder = Finder::new(texts.iter().map(|text| figure(&[text])));
        let find = |text: &str| finder.find(figure(&[text]), |at| texts[at] == text);

        for (at, text) in texts.iter().enumerate() {
            assert_eq!(find(text), Some(at));
            assert_eq!(find(&format!("{text}0")), None);
        }
        assert_eq!(Finder::new(std::iter::empty()).find(figure(&["x"]), |_| true), None);
    }

    #[test]
    fn what_falls_together_is_told_apart() {
        let finder = Finder::new([7, 7, 7].into_iter());

        assert_eq!(finder.find(7, |at| at == 2), Some(2));
        assert_eq!(finder.find(7, |at| at == 3), None);
    }

    #[test]
    fn where_a_part_ends_matters() {
        assert_ne!(figure(&["ab", "c"]), figure(&["a", "bc"]));
    }
}
