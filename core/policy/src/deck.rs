//! What calls cost: a price list of a million beginnings, in 27 bytes each.

mod difference;
mod list;
mod price;

pub use difference::{PriceChange, PriceChanges};
pub(crate) use list::day_number;
pub use list::{BadLine, LIST_HEAD, day_of, lines_of};
pub use price::{Price, Quote, Terms};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::prefixes::{Prefix, Prefixes};

/// One row of a list, as it is read: digits without plus.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    pub prefix: Box<str>,
    pub price: Price,
    /// The first day it holds, counted from 1970; always where it is `None`.
    pub from_day: Option<u32>,
    /// Where it leads, such as "South Korea, mobile"; perhaps nothing.
    pub name: Box<str>,
}

/// The prices of one list.
#[derive(Debug, Default)]
pub struct Deck {
    prefixes: Prefixes,
    /// For each beginning, where its rows start; they end where the next one's start. Nothing, where each has
    /// one row.
    starts: Box<[u32]>,
    rows: Box<[Row]>,
    names: Box<[Box<str>]>,
    /// Tells one text from another.
    pub(crate) print: u64,
}

/// A price from a day on; of one beginning, the newest first.
#[derive(Clone, Copy, Debug)]
struct Row {
    from_day: u32,
    price: Price,
    name: u32,
}

/// A price that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'d> {
    pub prefix: String,
    pub price: Price,
    pub name: &'d str,
    pub from_day: Option<u32>,
}

impl Deck {
    /// Of two prices for one beginning and day, the later line holds.
    pub fn new(mut rates: Vec<Rate>) -> Deck {
        let order = |rate: &Rate| (Prefix::of(&rate.prefix), std::cmp::Reverse(rate.from_day));
        rates.reverse();
        rates.sort_by_key(order);
        rates.dedup_by_key(|rate| order(rate));
        let mut known: BTreeMap<Box<str>, u32> = BTreeMap::new();
        let (mut names, mut starts, mut beginnings) = (Vec::new(), Vec::new(), Vec::new());
        let mut rows = Vec::with_capacity(rates.len());
        for rate in rates {
            let beginning = Prefix::of(&rate.prefix);
            if beginnings.last() != Some(&beginning) {
                beginnings.push(beginning);
                starts.push(index(rows.len()));
            }
            let name = *known.entry(rate.name).or_insert_with_key(|name| {
                names.push(name.clone());
                index(names.len() - 1)
            });
            rows.push(Row { from_day: rate.from_day.unwrap_or(0), price: rate.price, name });
        }
        starts.push(index(rows.len()));
        if beginnings.len() == rows.len() {
            starts.clear();
        }
        let prefixes = Prefixes::new(beginnings.into_iter());
        Deck { prefixes, starts: starts.into(), rows: rows.into(), names: names.into(), print: 0 }
    }

    /// The same, with what tells its text from others.
    pub(crate) fn printed(self, print: u64) -> Deck {
        Deck { print, ..self }
    }

    /// How many beginnings have a price.
    pub fn len(&self) -> usize {
        self.prefixes.len()
    }

    /// Whether nothing has a price.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The price of a number, with or without its plus, on a day: the longest beginning that has one then.
    pub fn price(&self, number: &str, day: u32) -> Option<Price> {
        self.row(number, day).map(|(_, row)| row.price)
    }

    /// The same with the beginning that decides.
    pub fn find(&self, number: &str, day: u32) -> Option<Found<'_>> {
        let (at, row) = self.row(number, day)?;
        Some(Found {
            prefix: self.prefixes.at(at).to_string(),
            price: row.price,
            name: &self.names[row.name as usize],
            from_day: Some(row.from_day).filter(|day| *day > 0),
        })
    }

    /// All rows, in the order of their beginnings; the newest of one beginning first.
    pub fn rates(&self) -> impl Iterator<Item = Rate> {
        (0..self.len()).flat_map(move |at| {
            self.rows_of(at).iter().map(move |row| Rate {
                prefix: self.prefixes.at(at).to_string().into(),
                price: row.price,
                from_day: Some(row.from_day).filter(|day| *day > 0),
                name: self.names[row.name as usize].clone(),
            })
        })
    }

    /// The room it takes.
    pub fn bytes(&self) -> usize {
        let names: usize = self.names.iter().map(|name| name.len() + size_of::<Box<str>>()).sum();
        self.prefixes.bytes() + 4 * self.starts.len() + size_of::<Row>() * self.rows.len() + names
    }

    fn row(&self, number: &str, day: u32) -> Option<(usize, &Row)> {
        let digits = number.strip_prefix('+').unwrap_or(number);
        let mut next = self.prefixes.longest(Prefix::of(digits));
        while let Some(at) = next {
            if let Some(row) = self.rows_of(at).iter().find(|row| row.from_day <= day) {
                return Some((at, row));
            }
            next = self.prefixes.shorter(at);
        }
        None
    }

    fn rows_of(&self, at: usize) -> &[Row] {
        match self.starts.get(at..at + 2) {
            Some(ends) => &self.rows[ends[0] as usize..ends[1] as usize],
            None => std::slice::from_ref(&self.rows[at]),
        }
    }
}

fn index(count: usize) -> u32 {
    u32::try_from(count).expect("a list has fewer than four thousand million lines")
}

/// A list with the conditions it holds on.
#[derive(Clone, Debug)]
pub struct Tariff {
    /// The name of the `[deck.*]`.
    pub name: Arc<str>,
    pub deck: Arc<Deck>,
    pub terms: Terms,
}

impl Tariff {
    /// What a number costs on a day.
    pub fn quote(&self, number: &str, day: u32) -> Option<Quote> {
        let price = self.deck.price(number, day)?;
        Some(Quote { price, terms: self.terms })
    }
}
