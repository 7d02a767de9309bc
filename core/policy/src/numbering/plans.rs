//! The plans of all countries, read from text: lines of a word and what it says, below `= ID`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use model::Class;

use crate::numbering::beginning::{Beginning, Beginnings, lengths};
use crate::numbering::country::{Country, Kind, Service};

const BUILT_IN: &str = include_str!("../../data/plans.txt");
const BY_HAND: &str = include_str!("../../data/by-hand.txt");

/// Calling codes have at most so many digits, the first of which is no zero.
const CODE_MAX: usize = 3;

/// Every country whose habits are known, read once: a call abroad is no time to read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plans {
    /// What is written about each country; what comes later outweighs.
    written: BTreeMap<Box<str>, Vec<Cow<'static, str>>>,
    /// The ids of the countries of each calling code, the main one first.
    sharing: BTreeMap<Box<str>, Vec<Box<str>>>,
    countries: BTreeMap<Box<str>, Arc<Country>>,
    /// The countries of each calling code, at its number, in the order of `sharing`.
    codes: Vec<Vec<Arc<Country>>>,
}

/// A line that says nothing that a plan knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// Counted from 1.
    pub line: usize,
    pub says: String,
}

impl Plans {
    /// The plans that come with the program.
    pub fn built_in() -> Plans {
        let mut plans = Plans::default();
        for (id, lines) in blocks_of(BUILT_IN).chain(blocks_of(BY_HAND)) {
            plans.add(id, lines.into());
        }
        plans.settle();
        plans
    }

    /// Puts the lines of a text in the place of what they name.
    pub fn renew(&mut self, text: &str) -> Result<(), Unreadable> {
        if let Some(unreadable) = unreadable(text) {
            return Err(unreadable);
        }
        for (id, lines) in blocks_of(text) {
            self.add(id, lines.to_owned().into());
        }
        self.settle();
        Ok(())
    }

    fn add(&mut self, id: &str, lines: Cow<'static, str>) {
        let says = |word: &str| lines_of(&lines).find(|(known, _)| *known == word).map(|(_, says)| says);
        if let Some(code) = says("code") {
            let sharing = self.sharing.entry(code.into()).or_default();
            if !sharing.iter().any(|known| **known == *id) {
                let at = if says("main").is_some() { 0 } else { sharing.len() };
                sharing.insert(at, id.into());
            }
        }
        self.written.entry(id.into()).or_default().push(lines);
    }

    fn settle(&mut self) {
        self.countries = self.written.keys().map(|id| (id.clone(), Arc::new(self.read(id)))).collect();
        let of = |ids: &Vec<Box<str>>| ids.iter().filter_map(|id| self.countries.get(id).cloned()).collect();
        let mut codes = vec![Vec::new(); 10_usize.pow(CODE_MAX as u32)];
        for (code, ids) in &self.sharing {
            if let Some((at, _)) = beginnings(code).find(|(_, rest)| rest.is_empty()) {
                codes[at] = of(ids);
            }
        }
        self.codes = codes;
    }

    /// The country of two letters.
    pub fn named(&self, id: &str) -> Option<Arc<Country>> {
        self.countries.get(id).filter(|country| !country.is_of_the_world()).cloned()
    }

    /// The ids of every country, in order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let ids = self.written.keys().map(|id| &**id);
        ids.filter(|id| id.starts_with(|letter: char| letter.is_ascii_alphabetic()))
    }

    /// The country of a number, digits without plus, and what follows its calling code.
    pub fn of_number<'d>(&self, digits: &'d str) -> Option<(Arc<Country>, &'d str)> {
        let (sharing, national) = self.sharing(digits)?;
        if let [one] = sharing {
            return Some((one.clone(), national));
        }
        let is_of = |country: &Arc<Country>| match country.leading.is_empty() {
            true => country.kind_of(national).is_some(),
            false => country.leading.iter().any(|leading| leading.stripped(national).is_some()),
        };
        let country = sharing.iter().find(|country| is_of(country)).or(sharing.first())?;
        Some((country.clone(), national))
    }

    /// What is known of a number, digits without plus.
    pub fn kind_of(&self, digits: &str) -> Option<Kind> {
        let (country, national) = self.of_number(digits)?;
        country.kind_of(national)
    }

    /// Whether digits may be a number: its calling code has numbers so long, or nothing is known of it.
    pub fn is_possible(&self, digits: &str) -> bool {
        match self.sharing(digits) {
            Some((sharing, national)) => sharing.iter().any(|country| country.has_length(national.len())),
            None => true,
        }
    }

    fn sharing<'d>(&self, digits: &'d str) -> Option<(&[Arc<Country>], &'d str)> {
        beginnings(digits).find_map(|(code, national)| {
            let sharing = self.codes.get(code).filter(|sharing| !sharing.is_empty())?;
            Some((sharing.as_slice(), national))
        })
    }

    fn read(&self, id: &str) -> Country {
        let mut country = Country { id: id.into(), ..Country::default() };
        for lines in self.written.get(id).into_iter().flatten() {
            for (word, says) in lines_of(lines) {
                enter(&mut country, word, says);
            }
        }
        country.kinds.sort_by_key(|(kind, _)| *kind);
        if country.lengths == 0 {
            country.lengths = country.kinds.iter().fold(0, |bits, (_, one)| bits | one.lengths);
        }
        country
    }
}

/// The numbers that digits begin with, as far as they may be calling codes, and what follows.
fn beginnings(digits: &str) -> impl Iterator<Item = (usize, &str)> {
    let first = digits.bytes().take(CODE_MAX).take_while(u8::is_ascii_digit);
    let numbers = first.scan(0, |number, digit| {
        *number = *number * 10 + usize::from(digit - b'0');
        Some(*number)
    });
    numbers.enumerate().take_while(|(_, number)| *number > 0).map(|(at, number)| (number, &digits[at + 1..]))
}

/// The countries of a text, with their lines.
fn blocks_of(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split('=').skip(1).filter_map(|block| block.trim_start().split_once('\n'))
}

/// The lines of a country: a word, and what it says.
fn lines_of(block: &str) -> impl Iterator<Item = (&str, &str)> {
    block.split('\n').filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '))
}

/// The first line that nobody can read.
fn unreadable(text: &str) -> Option<Unreadable> {
    let mut has_plan = false;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    for (number, line) in lines {
        let (word, says) = line.split_once(' ').unwrap_or((line, ""));
        let says = match word {
            "=" if !says.is_empty() => {
                has_plan = true;
                continue;
            }
            _ if !has_plan => Some("no country is named above it".to_owned()),
            _ => wrong_in(word, says),
        };
        if let Some(says) = says {
            return Some(Unreadable { line: number, says });
        }
    }
    None
}

fn wrong_in(word: &str, says: &str) -> Option<String> {
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let is_wrong = |part: &&str| match word {
        "main" | "with" => !part.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "code" | "national" | "area" => !is_digits(part),
        "lengths" => lengths(part).is_none(),
        word if Service::named(word).is_some() => !is_digits(part),
        _ => Beginning::read(part).is_none(),
    };
    if !OTHER_WORDS.contains(&word) && Service::named(word).is_none() && Kind::named(word).is_none() {
        return Some(format!("plans have no \"{word}\""));
    }
    if says.is_empty() {
        return Some(format!("nothing stands after {word}"));
    }
    let part = says.split(' ').find(is_wrong)?;
    Some(format!("\"{part}\" cannot stand after {word}"))
}

/// The words of a plan, beside those of services and kinds.
const OTHER_WORDS: [&str; 13] = [
    "code",
    "main",
    "international",
    "national",
    "carrier",
    "area",
    "leading",
    "with",
    "lengths",
    "emergency",
    "short-premium",
    "short-free",
    "short",
];

/// Puts what a line says in the place of what was said before.
fn enter(country: &mut Country, word: &str, says: &str) {
    let texts = || says.split(' ').map(Box::from);
    let read = || says.split(' ').filter_map(Beginning::read);
    match word {
        "code" => country.calling_code = says.into(),
        "main" => country.is_main = true,
        "international" => country.international = read().collect(),
        "national" => country.national = texts().collect(),
        "carrier" => country.carriers = read().collect(),
        "area" => country.area = Some(says.into()),
        "leading" => country.leading = read().collect(),
        "with" => country.with = texts().collect(),
        "lengths" => country.lengths = lengths(says).unwrap_or_default(),
        "emergency" => country.emergency = read().flat_map(|one| one.all()).collect(),
        "short-premium" => put(&mut country.short, Class::Premium, Beginnings::read(says)),
        "short-free" => put(&mut country.short, Class::TollFree, Beginnings::read(says)),
        "short" => put(&mut country.short, Class::National, Beginnings::read(says)),
        _ => match (Kind::named(word), Service::named(word)) {
            (Some(kind), _) => put(&mut country.kinds, kind, Beginnings::read(says)),
            (None, Some(service)) => put(&mut country.services, service, says.into()),
            (None, None) => {}
        },
    }
}

fn put<K: PartialEq, V>(rows: &mut Vec<(K, V)>, key: K, value: V) {
    match rows.iter_mut().find(|(known, _)| *known == key) {
        Some((_, old)) => *old = value,
        None => rows.push((key, value)),
    }
}
