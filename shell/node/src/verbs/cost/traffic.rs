//! What sites send to the telephone network and take from it: as documents say, else as call records do.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use capacity::{Hours, Place};
use model::{Amount, Document, Documents, Offer};
use policy::{Policy, WallTime};
use serde_json::Value;

/// Whose users belong to no site.
const NOWHERE: &str = "(no site)";
const DAY_MS: i64 = 86_400_000;
const MONTH_DAYS: u64 = 30;

/// The traffic of one site.
pub struct Traffic {
    /// In the busy hour.
    pub erlangs: f64,
    drawn: Drawn,
}

/// Where it is known from.
enum Drawn {
    /// Minutes out in a month, as a document says.
    Told(u64),
    Recorded(Recorded),
}

#[derive(Default)]
struct Recorded {
    hours: Hours,
    out: Vec<Out>,
}

/// A call that went out and was answered.
struct Out {
    number: String,
    at: WallTime,
    talk_ms: u64,
}

/// Traffic by site: documents outweigh records.
pub fn drawn(documents: &Documents, data: &Path) -> Result<BTreeMap<String, Traffic>> {
    let mut sites = recorded(documents, data)?;
    for site in documents.site.values() {
        if let Some(told) = &site.traffic {
            let hours = told.talk.0.as_secs_f64() / 3600.0;
            let erlangs = f64::from(told.users) * f64::from(told.calls) * hours;
            sites.insert(site.name.to_string(), Traffic { erlangs, drawn: Drawn::Told(told.minutes) });
        }
    }
    Ok(sites)
}

fn recorded(documents: &Documents, data: &Path) -> Result<BTreeMap<String, Traffic>> {
    let records = match store::records_in(data) {
        Ok(records) => records,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error).with_context(|| data.display().to_string()),
    };
    let mut sites: BTreeMap<String, Recorded> = BTreeMap::new();
    for record in records.filter_map(Result::ok) {
        let Some(user) = user_of(&record) else { continue };
        let site = documents.user.get(user).and_then(|user| user.site.as_ref());
        let site = site.map_or(NOWHERE, |site| site.as_str()).to_owned();
        sites.entry(site).or_default().add(&record);
    }
    let traffic = |recorded: Recorded| {
        let erlangs = recorded.hours.busiest().map_or(0.0, |busiest| busiest.erlangs);
        Traffic { erlangs, drawn: Drawn::Recorded(recorded) }
    };
    Ok(sites.into_iter().map(|(site, recorded)| (site, traffic(recorded))).collect())
}

/// Our own party of a call that took a channel of a trunk.
fn user_of(record: &Value) -> Option<&str> {
    match record["direction"].as_str()? {
        "outbound" => record["calling"].as_str(),
        "inbound" => record["attempts"].as_array()?.last()?["callee"].as_str(),
        "transit" => Some(""),
        _ => None,
    }
}

impl Recorded {
    fn add(&mut self, record: &Value) {
        let moment = |key: &str| record[key].as_i64();
        let Some((started, ended)) = moment("started").zip(moment("ended")) else { return };
        self.hours.add(started, ended);
        let talk_ms = record["talk_ms"].as_u64().unwrap_or_default();
        let number = record["to_e164"].as_str().filter(|_| record["direction"] == "outbound" && talk_ms > 0);
        self.out.extend(number.map(|number| Out {
            number: number.to_owned(),
            at: WallTime(started),
            talk_ms,
        }));
    }
}

impl Traffic {
    /// What an offer would have to carry, and what its minutes would cost in a month.
    pub fn place(&self, policy: &Policy, offer: &Document<Offer>) -> Place {
        let minutes = match &self.drawn {
            Drawn::Told(minutes) => Amount(offer.minute.0.saturating_mul(*minutes)),
            Drawn::Recorded(recorded) => recorded.cost(policy, offer),
        };
        Place { erlangs: self.erlangs, minutes }
    }

    /// Where it is known from, in a word.
    pub fn source(&self) -> &'static str {
        match self.drawn {
            Drawn::Told(_) => "as its document says",
            Drawn::Recorded(_) => "from call records",
        }
    }

    /// When the busiest hour of the records began.
    pub fn busy_hour_ms(&self) -> Option<i64> {
        self.hours()?.busiest().map(|busiest| busiest.began_ms)
    }

    /// How many channels were in use at once.
    pub fn peak(&self) -> Option<u32> {
        self.hours().map(Hours::peak)
    }

    fn hours(&self) -> Option<&Hours> {
        match &self.drawn {
            Drawn::Told(_) => None,
            Drawn::Recorded(recorded) => Some(&recorded.hours),
        }
    }
}

impl Recorded {
    /// By the offer's price list, else by its minute; a month of days like those that were recorded.
    fn cost(&self, policy: &Policy, offer: &Offer) -> Amount {
        let tariff = offer
            .deck
            .as_ref()
            .and_then(|name| policy.tariffs().find(|tariff| *tariff.name == *name.as_str()));
        let one = |out: &Out| {
            let quote = tariff.and_then(|tariff| tariff.quote(&out.number, policy.day(out.at)));
            match quote {
                Some(quote) => quote.millionths(out.talk_ms),
                None => offer.minute.0.saturating_mul(out.talk_ms.div_ceil(1_000)) / 60,
            }
        };
        let all = self.out.iter().fold(0_u64, |sum, out| sum.saturating_add(one(out)));
        let days = u64::try_from(self.hours.span_ms() / DAY_MS).unwrap_or_default().max(1);
        Amount(all.saturating_mul(MONTH_DAYS) / days)
    }
}
