//! What differs between two lists: how many beginnings, and by how much the prices that differ most.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;
use std::iter::Peekable;

use serde::Serialize;

use super::list::date_of;
use super::{Deck, Price, Row};

/// Prices that are listed one by one.
const LARGEST_MAX: usize = 10;

/// What differs between two lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PriceChanges {
    /// Beginnings of both lists that have another price on some day.
    pub changed: usize,
    /// Beginnings that only the new list has.
    pub added: usize,
    /// Beginnings that only the old list has.
    pub gone: usize,
    /// The prices that differ most, in order.
    pub largest: Vec<PriceChange>,
}

/// A price that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PriceChange {
    pub prefix: String,
    /// Where it leads, as the new list says.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The day from which on it differs; always where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    pub was: Price,
    pub is: Price,
}

/// By how much, where, and from which day on: the largest is the first, and no two are alike.
type Rank = (Reverse<u32>, usize, u32);

impl Deck {
    /// Whether both were read from the same text.
    pub fn is_same_text(&self, other: &Deck) -> bool {
        self.print == other.print
    }

    /// What differs in a newer list.
    pub fn changes_to(&self, new: &Deck) -> PriceChanges {
        let mut changes = PriceChanges::default();
        let mut largest = BTreeSet::new();
        let (mut old_at, mut new_at) = ((0..self.len()).peekable(), (0..new.len()).peekable());
        while let Some(order) = self.order(new, &mut old_at, &mut new_at) {
            match order {
                Ordering::Less => changes.gone += usize::from(old_at.next().is_some()),
                Ordering::Greater => changes.added += usize::from(new_at.next().is_some()),
                Ordering::Equal => {
                    let (Some(old_at), Some(new_at)) = (old_at.next(), new_at.next()) else { break };
                    changes.changed +=
                        usize::from(rank(self.rows_of(old_at), new.rows_of(new_at), new_at, &mut largest));
                }
            }
        }
        changes.largest =
            largest.into_iter().filter_map(|(_, at, day)| self.price_change(new, at, day)).collect();
        changes
    }

    /// Whose beginning comes next; nothing at the end of both.
    fn order(
        &self,
        new: &Deck,
        old_at: &mut Peekable<impl Iterator<Item = usize>>,
        new_at: &mut Peekable<impl Iterator<Item = usize>>,
    ) -> Option<Ordering> {
        match (old_at.peek(), new_at.peek()) {
            (None, None) => None,
            (Some(_), None) => Some(Ordering::Less),
            (None, Some(_)) => Some(Ordering::Greater),
            (Some(old_at), Some(new_at)) => Some(self.prefixes.at(*old_at).cmp(&new.prefixes.at(*new_at))),
        }
    }

    fn price_change(&self, new: &Deck, at: usize, day: u32) -> Option<PriceChange> {
        let prefix = new.prefixes.at(at);
        let was = on(self.rows_of(self.prefixes.exactly(prefix)?), day)?;
        let is = on(new.rows_of(at), day)?;
        let from = date_of(day).filter(|_| day > 0).map(|date| date.to_string());
        let name = new.names[is.name as usize].to_string();
        Some(PriceChange { prefix: prefix.to_string(), name, from, was: was.price, is: is.price })
    }
}

/// Notes the days on which a beginning costs something else; whether there are any, or it has a price on days
/// on which it had none.
fn rank(old: &[Row], new: &[Row], at: usize, largest: &mut BTreeSet<Rank>) -> bool {
    let mut is_changed = false;
    for day in old.iter().chain(new).map(|row| row.from_day) {
        match (on(old, day), on(new, day)) {
            (Some(was), Some(is)) if was.price != is.price => {
                is_changed = true;
                largest.insert((Reverse(was.price.0.abs_diff(is.price.0)), at, day));
                if largest.len() > LARGEST_MAX {
                    largest.pop_last();
                }
            }
            (was, is) => is_changed |= was.is_some() != is.is_some(),
        }
    }
    is_changed
}

/// What holds on a day; the newest row comes first.
fn on(rows: &[Row], day: u32) -> Option<&Row> {
    rows.iter().find(|row| row.from_day <= day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deck::{Rate, lines_of};

    fn deck(text: &str) -> Deck {
        Deck::new(lines_of(text).collect::<Result<Vec<Rate>, _>>().expect("good lines"))
    }

    /// Of two lists, the prefixes that differ, came and went are counted; prices are compared day by day.
    #[test]
    fn req_c09_two_lists_are_compared_by_beginnings_and_days() {
        let old = deck("1,0.009\n44,0.02\n49,0.1\n82,0.034,,Korea\n8210,0.05\n86,0.1\n86,0.2,2027-01-01\n");
        let new = deck(
            "1,0.009\n33,0.5\n49,0.1,2026-12-01\n82,0.06,,Korea\n8210,0.04\n86,0.1\n86,0.3,2027-01-01\n",
        );

        let changes = old.changes_to(&new);

        assert_eq!((changes.changed, changes.added, changes.gone), (4, 1, 1));
        let largest: Vec<_> = changes
            .largest
            .iter()
            .map(|one| (&*one.prefix, &*one.name, one.from.as_deref(), one.was.0, one.is.0))
            .collect();
        assert_eq!(
            largest,
            [
                ("86", "", Some("2027-01-01"), 200_000, 300_000),
                ("82", "Korea", None, 34_000, 60_000),
                ("8210", "", None, 50_000, 40_000)
            ]
        );
        assert_eq!(new.changes_to(&new), PriceChanges::default());
        assert_eq!(Deck::default().changes_to(&new).added, 6);
        assert_eq!(old.changes_to(&Deck::default()).gone, 6);
    }

    /// The ten that differ most are kept of however many differ.
    #[test]
    fn req_c09_the_largest_changes_are_the_ten_largest() {
        let text = |more: u32| -> String {
            (0..500).map(|at| format!("{},0.{:06}\n", 1_000 + at, 1_000 + at * more)).collect()
        };

        let changes = deck(&text(1)).changes_to(&deck(&text(3)));

        assert_eq!((changes.changed, changes.largest.len()), (499, 10));
        let prefixes: Vec<_> = changes.largest.iter().map(|one| &*one.prefix).collect();
        assert_eq!(
            prefixes,
            ["1499", "1498", "1497", "1496", "1495", "1494", "1493", "1492", "1491", "1490"]
        );
    }
}
