//! `tandem rate`: price lists, read, looked at and compared.

mod columns;
mod import;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use cli::{Exit, Paint, Palette, RateDiff, RateList, RatePrice, RateVerb};
use policy::{Policy, Rate, Tariff, lines_of};
use serde_json::json;

use crate::directory;
use crate::verbs::explain::now;

pub fn run(verb: &RateVerb, palette: Palette) -> Result<Exit> {
    match verb {
        RateVerb::Import(question) => import::run(question, palette),
        RateVerb::List(question) => list(question, palette),
        RateVerb::Price(question) => price(question, palette),
        RateVerb::Diff(question) => diff(question, palette),
    }
}

fn loaded(dir: &Path) -> Result<Option<Policy>> {
    Ok(match directory::load(dir)? {
        Ok(loaded) => Some(loaded.policy),
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("{problem}\n"));
            None
        }
    })
}

fn list(question: &RateList, palette: Palette) -> Result<Exit> {
    let Some(policy) = loaded(&question.dir)? else { return Ok(Exit::Bad) };
    if question.json {
        let row = |tariff: &Arc<Tariff>| {
            json!({
                "deck": tariff.name, "prefixes": tariff.deck.len(), "bytes": tariff.deck.bytes(),
                "terms": tariff.terms, "trunks": policy.trunks_with(tariff),
            })
        };
        println!("{:#}", json!({ "decks": policy.tariffs().map(row).collect::<Vec<_>>() }));
        return Ok(Exit::Done);
    }
    say_if_none(&policy, &question.dir);
    for tariff in policy.tariffs() {
        let Tariff { name, deck, terms } = &**tariff;
        let trunks: Vec<&str> = policy.trunks_with(tariff).iter().map(|name| &***name).collect();
        println!(
            "{:20} {:>9} prefixes  {}  by {} s, at least {} s  {:6.1} MB  {}",
            palette.paint(Paint::Strong, name),
            deck.len(),
            terms.currency,
            terms.increment_s,
            terms.minimum_s,
            deck.bytes() as f64 / 1e6,
            trunks.join(", ")
        );
    }
    Ok(Exit::Done)
}

fn price(question: &RatePrice, palette: Palette) -> Result<Exit> {
    let Some(policy) = loaded(&question.dir)? else { return Ok(Exit::Bad) };
    let day = match &question.at {
        None => policy.day(now()),
        Some(text) => match policy::day_of(text) {
            Ok(day) => day,
            Err(why) => {
                eprintln!("tandem: --at: {why}");
                return Ok(Exit::Usage);
            }
        },
    };
    let talk_ms = u64::try_from(question.talk.as_millis()).unwrap_or(u64::MAX);
    let number: String = question.number.chars().filter(|letter| letter.is_ascii_digit()).collect();
    let mut rows = Vec::new();
    for tariff in policy.tariffs() {
        let found = tariff.deck.find(&number, day);
        let quote = tariff.quote(&number, day);
        rows.push((tariff, found.zip(quote)));
    }
    rows.sort_by_key(|(_, found)| found.as_ref().map_or(u32::MAX, |(found, _)| found.price.0));
    if question.json {
        let row = |(tariff, found): &(&Arc<Tariff>, Option<(policy::Found<'_>, policy::Quote)>)| {
            let (prefix, name) = found.as_ref().map(|(found, _)| (found.prefix.clone(), found.name)).unzip();
            let quote = found.as_ref().map(|(_, quote)| quote);
            json!({
                "deck": tariff.name, "prefix": prefix, "name": name, "price": quote,
                "call": quote.map(|quote| quote.for_call(talk_ms)), "trunks": policy.trunks_with(tariff),
            })
        };
        println!("{:#}", json!({ "number": number, "decks": rows.iter().map(row).collect::<Vec<_>>() }));
        return Ok(Exit::Done);
    }
    say_if_none(&policy, &question.dir);
    for (tariff, found) in &rows {
        let name = palette.paint(Paint::Strong, format!("{:20}", tariff.name));
        match found {
            Some((found, quote)) => {
                let call = quote.for_call(talk_ms);
                println!("{name} {quote}  {call} for the call  prefix {}  {}", found.prefix, found.name);
            }
            None => println!("{name} no price"),
        }
    }
    Ok(if rows.iter().any(|(_, found)| found.is_some()) { Exit::Done } else { Exit::Bad })
}

fn say_if_none(policy: &Policy, dir: &Path) {
    if policy.tariffs().next().is_none() {
        println!("no [deck.*] in {}", dir.display());
    }
}

/// A price for a prefix and a day, as text.
type Prices = BTreeMap<(Box<str>, Option<u32>), Rate>;

fn diff(question: &RateDiff, palette: Palette) -> Result<Exit> {
    let old = prices(&question.dir, &question.old)?;
    let new = prices(&question.dir, &question.new)?;
    let mut keys: Vec<_> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    let mut rows = Vec::new();
    for key in keys {
        let (was, is) = (old.get(key), new.get(key));
        if was.map(|rate| rate.price) != is.map(|rate| rate.price) {
            rows.push((was, is));
        }
    }
    if question.json {
        let row = |(was, is): &(Option<&Rate>, Option<&Rate>)| {
            let line = |rate: &Option<&Rate>| rate.map(Rate::line);
            json!({ "was": line(was), "is": line(is) })
        };
        println!("{:#}", json!({ "changes": rows.iter().map(row).collect::<Vec<_>>() }));
        return Ok(Exit::Done);
    }
    for (was, is) in &rows {
        match (was, is) {
            (Some(was), Some(is)) => {
                let paint = if is.price > was.price { Paint::Bad } else { Paint::Good };
                println!("~ {}  was {}", palette.paint(paint, is.line()), was.price);
            }
            (None, Some(is)) => println!("+ {}", is.line()),
            (Some(was), None) => println!("- {}", was.line()),
            (None, None) => {}
        }
    }
    println!("{} prices differ of {} and {}", rows.len(), old.len(), new.len());
    Ok(Exit::Done)
}

/// The prices of a deck of the configuration, or of a file.
fn prices(dir: &Path, name: &str) -> Result<Prices> {
    let file = match file_of(dir, name)? {
        Some(file) => dir.join(file),
        None if Path::new(name).is_file() => name.into(),
        None => bail!("{name} is no [deck.*] and no file"),
    };
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let rates = lines_of(&text).filter_map(Result::ok);
    Ok(rates.map(|rate| ((rate.prefix.clone(), rate.from_day), rate)).collect())
}

/// The file that a `[deck.*]` names, if there is such a deck.
fn file_of(dir: &Path, deck: &str) -> Result<Option<String>> {
    let Ok(files) = directory::read(dir) else { return Ok(None) };
    match model::load(&files) {
        Ok(documents) => Ok(documents.deck.get(deck).map(|deck| deck.file.value.clone())),
        Err(problems) => bail!("{}", problems.first().map(ToString::to_string).unwrap_or_default()),
    }
}
