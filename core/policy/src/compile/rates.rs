//! Price lists and schedules.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::civil::Date;
use model::{Code, Document, Documents, Fault, Spot, YearDay, nearest};

use crate::compile::Compiler;
use crate::deck::{BadLine, Deck, Rate, Tariff, Terms, day_number, lines_of};
use crate::schedule::{Schedule, Zone};

impl Compiler<'_> {
    /// The price lists; one whose text has not changed is taken over from the older revision.
    pub(super) fn tariffs(&mut self, older: &[Arc<Deck>]) -> BTreeMap<Arc<str>, Arc<Tariff>> {
        let documents = self.documents;
        let mut tariffs = BTreeMap::new();
        for document in documents.deck.values() {
            let from_day = self.first_day(document);
            let Some(text) = documents.lists.get(document.file.as_str()) else {
                let fault = Fault::new(Code::DECK, format!("there is no file \"{}\"", document.file.value));
                let fault = fault.suggest(format!("tandem rate import FILE --deck {}", document.name));
                self.problems.push(documents.problem_at(document, &document.file, fault));
                continue;
            };
            let print = print_of(text, from_day);
            let deck = match older.iter().find(|deck| deck.print == print) {
                Some(deck) => deck.clone(),
                None => match read(text, from_day) {
                    Ok(rates) => Arc::new(Deck::new(rates).printed(print)),
                    Err((bad, more)) => {
                        self.bad_lines(document, &bad, more);
                        continue;
                    }
                },
            };
            let seconds = |duration: model::Duration| u32::try_from(duration.0.as_secs()).unwrap_or(u32::MAX);
            let terms = Terms {
                currency: document.currency,
                minimum_s: seconds(document.minimum),
                increment_s: seconds(document.increment).max(1),
            };
            tariffs
                .insert(document.name.clone(), Arc::new(Tariff { name: document.name.clone(), deck, terms }));
        }
        tariffs
    }

    fn bad_lines(&mut self, document: &Document<model::Deck>, bad: &BadLine, more: usize) {
        let message = format!("{}:{}: {}", document.file.value, bad.line, bad.why);
        let fault = Fault::new(Code::DECK, message).suggest("tandem rate import sets bad lines aside");
        let problem = self.documents.problem_at(document, &document.file, fault);
        let problem = if more > 0 { problem.note(format!("{more} more lines are bad")) } else { problem };
        self.problems.push(problem);
    }

    fn first_day(&mut self, document: &Document<model::Deck>) -> Option<u32> {
        let written @ YearDay { month, day, .. } = document.from?;
        let number = number_of(written);
        if number.is_none() {
            let message = format!("deck \"{}\" holds from {month:02}-{day:02} of no year", document.name);
            let fault = Fault::new(Code::TIME, message).suggest("write the year: from = \"2026-11-01\"");
            self.problems.push(self.documents.problem(document, fault));
        }
        number
    }

    pub(super) fn schedules(&mut self) -> BTreeMap<Arc<str>, Arc<Schedule>> {
        let documents = self.documents;
        let mut schedules = BTreeMap::new();
        for document in documents.schedule.values() {
            let zone = document.time_zone.as_ref().and_then(|name| self.zone_named(document, name));
            let schedule = Schedule {
                name: document.name.clone(),
                days: document.days.clone().unwrap_or_default(),
                hours: document.hours.clone(),
                dates: document.dates.clone(),
                except: document.except.clone(),
                zone: zone.unwrap_or_else(|| self.zone.clone()),
            };
            schedules.insert(document.name.clone(), Arc::new(schedule));
        }
        schedules
    }

    pub(super) fn set_zone(&mut self) {
        let system = &self.documents.system;
        if let Some(zone) = system.time_zone.as_ref().and_then(|name| self.zone_named(system, name)) {
            self.zone = zone;
        }
    }

    fn zone_named<T>(&mut self, from: &Document<T>, name: &Spot<String>) -> Option<Zone> {
        let zone = Zone::named(name);
        if zone.is_none() {
            let fault = Fault::new(Code::UNKNOWN_WORD, format!("there is no time zone \"{}\"", name.value));
            let fault = match nearest(name, Zone::names()) {
                Some(near) => fault.suggest(format!("did you mean \"{near}\"?")),
                None => fault.suggest("such as \"America/Los_Angeles\""),
            };
            self.problems.push(self.documents.problem_at(from, name, fault));
        }
        zone
    }
}

/// The price lists of documents by name, for whoever compares them; lines that are no price are passed over.
pub fn decks(documents: &Documents) -> BTreeMap<Arc<str>, Arc<Deck>> {
    let read = |document: &Document<model::Deck>| {
        let text = documents.lists.get(document.file.as_str())?;
        let from_day = document.from.and_then(number_of);
        let rates = lines_of(text).filter_map(Result::ok);
        let rates = rates.map(|rate| Rate { from_day: rate.from_day.or(from_day), ..rate }).collect();
        let deck = Deck::new(rates).printed(print_of(text, from_day));
        Some((document.name.clone(), Arc::new(deck)))
    };
    documents.deck.values().filter_map(read).collect()
}

/// Days since 1970; nothing where no year is said.
fn number_of(written: YearDay) -> Option<u32> {
    let YearDay { year, month, day } = written;
    Date::new(year?, month, day).ok().and_then(day_number)
}

/// The rates of a list, or its first bad line and how many more are bad.
fn read(text: &str, from_day: Option<u32>) -> Result<Vec<Rate>, (BadLine, usize)> {
    let mut rates = Vec::with_capacity(text.len() / 16);
    let mut bad: Option<(BadLine, usize)> = None;
    for line in lines_of(text) {
        match (line, &mut bad) {
            (Ok(rate), _) => rates.push(Rate { from_day: rate.from_day.or(from_day), ..rate }),
            (Err(first), none @ None) => *none = Some((first, 0)),
            (Err(_), Some((_, more))) => *more += 1,
        }
    }
    bad.map_or(Ok(rates), Err)
}

fn print_of(text: &str, from_day: Option<u32>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (text.len(), text, from_day).hash(&mut hasher);
    hasher.finish()
}
