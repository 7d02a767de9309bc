//! `tandem cost`: how many channels calls need, and what each offer would cost for them.

mod traffic;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use capacity::{Bill, Comparison, Wanted, calls_within, compare, formula_of_2013};
use cli::{Cost, Exit, Paint, Palette};
use model::{Amount, Document, Documents, Offer};
use serde_json::{Value, json};

use crate::directory::{self, Loaded};
use crate::verbs::when;
use traffic::{Traffic, drawn};

/// Sites with their traffic; the centre is the first.
type Sites = Vec<(String, Traffic)>;

/// An offer, and what it would cost.
type Row<'d> = (&'d Document<Offer>, Comparison);

pub fn run(question: &Cost, palette: Palette) -> Result<Exit> {
    let dir = question.house.dir.clone().unwrap_or_else(|| ".".into());
    let loaded = match directory::load(&dir)? {
        Ok(loaded) => loaded,
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("{problem}\n"));
            return Ok(Exit::Bad);
        }
    };
    let sites = drawn(&loaded.documents, &question.house.data())?;
    let Some(sites) = with_centre(sites, question.centre.as_deref()) else {
        let centre = question.centre.as_deref().unwrap_or("any site");
        eprintln!("tandem: nothing is known of the traffic of {centre}");
        eprintln!("        say traffic = {{ users = …, calls = …, talk = \"3m\" }} in [site.*], or --data");
        return Ok(Exit::Bad);
    };
    let wan = match &question.wan {
        Some(name) => match loaded.documents.offer.get(name.as_str()) {
            Some(offer) => Some(offer),
            None => {
                eprintln!("tandem: there is no [offer.{name}]");
                return Ok(Exit::Usage);
            }
        },
        None => None,
    };
    let rows = rows(&loaded, &sites, wan, question);
    match question.json {
        true => println!("{:#}", as_json(&loaded.documents, &sites, &rows, question)),
        false => print(&loaded.documents, &sites, &rows, question, palette),
    }
    Ok(Exit::Done)
}

/// The centre first: the one that is named, else the one with the most traffic.
fn with_centre(sites: BTreeMap<String, Traffic>, centre: Option<&str>) -> Option<Sites> {
    let mut sites: Sites = sites.into_iter().filter(|(_, traffic)| traffic.erlangs > 0.0).collect();
    sites.sort_by(|(_, one), (_, other)| other.erlangs.total_cmp(&one.erlangs));
    if let Some(name) = centre {
        let at = sites.iter().position(|(site, _)| site == name)?;
        sites[..=at].rotate_right(1);
    }
    (!sites.is_empty()).then_some(sites)
}

/// Offers in one currency with the line to the centre, the cheapest first.
fn rows<'d>(
    loaded: &'d Loaded,
    sites: &Sites,
    wan: Option<&'d Document<Offer>>,
    question: &Cost,
) -> Vec<Row<'d>> {
    let wanted = Wanted { blocking: question.blocking, codec: question.codec };
    let offers = loaded
        .documents
        .offer
        .values()
        .filter(|offer| wan.is_none_or(|wan| wan.name != offer.name && wan.currency == offer.currency));
    let mut rows: Vec<Row<'d>> = offers
        .map(|offer| {
            let places = sites.iter().map(|(_, traffic)| traffic.place(&loaded.policy, offer));
            (offer, compare(offer, wan.map(|wan| &wan.value), &places.collect::<Vec<_>>(), wanted))
        })
        .collect();
    let least = |comparison: &Comparison| comparison.central.total().min(comparison.distributed.total());
    rows.sort_by_key(|(offer, comparison)| (offer.currency, least(comparison)));
    rows
}

fn channels(erlangs: f64, question: &Cost) -> u32 {
    capacity::channels_for(erlangs, question.blocking)
}

fn as_json(documents: &Documents, sites: &Sites, rows: &[Row<'_>], question: &Cost) -> Value {
    let site = |(name, traffic): &(String, Traffic)| {
        let channels = channels(traffic.erlangs, question);
        json!({
            "site": name, "drawn_from": traffic.source(), "erlangs": traffic.erlangs, "channels": channels,
            "kbps": channels * question.codec.kbps(),
            "busy_hour": traffic.busy_hour_ms(), "peak": traffic.peak(),
        })
    };
    let bill = |bill: &Bill| {
        let mut value = json!(bill);
        value["total"] = json!(bill.total());
        value
    };
    let row = |(offer, comparison): &Row<'_>| {
        json!({
            "offer": offer.name, "by": offer.by, "currency": offer.currency,
            "central": bill(&comparison.central), "distributed": bill(&comparison.distributed),
        })
    };
    let together = together(sites);
    let all = channels(together, question);
    json!({
        "blocking": question.blocking, "codec": question.codec, "kbps_a_call": question.codec.kbps(),
        "sites": sites.iter().map(site).collect::<Vec<_>>(),
        "together": { "erlangs": together, "channels": all, "kbps": all * question.codec.kbps(),
            "kbps_by_the_formula_of_2013": formula_of_2013(all) },
        "offers": rows.iter().map(row).collect::<Vec<_>>(),
        "links": links(documents, question),
    })
}

fn together(sites: &Sites) -> f64 {
    sites.iter().map(|(_, traffic)| traffic.erlangs).sum()
}

/// How many calls each link carries, and how many its trunks may have.
fn links(documents: &Documents, question: &Cost) -> Vec<Value> {
    let bounded = documents.link.values().filter_map(|link| Some((&link.name, link.kbps?.get())));
    let link = |(name, kbps): (&Arc<str>, u32)| {
        let crosses = |trunk: &&Document<model::Trunk>| {
            trunk.link.as_ref().is_some_and(|link| *link.as_str() == **name)
        };
        let trunks: Vec<_> = documents.trunk.values().filter(crosses).collect();
        let may: Option<u32> = trunks.iter().map(|trunk| trunk.limits.calls).sum();
        let names: Vec<&Arc<str>> = trunks.iter().map(|trunk| &trunk.name).collect();
        let carries = calls_within(kbps, question.codec);
        json!({
            "link": name, "kbps": kbps, "carries_calls": carries, "trunks": names, "trunks_may_have": may,
        })
    };
    bounded.map(link).collect()
}

fn print(documents: &Documents, sites: &Sites, rows: &[Row<'_>], question: &Cost, palette: Palette) {
    let strong = |text: String| palette.paint(Paint::Strong, text);
    let (codec, kbps) = (question.codec.word(), question.codec.kbps());
    let share = question.blocking * 100.0;
    println!(
        "{}",
        strong(format!("Channels at {share} % blocking in the busy hour, {codec} at {kbps} kbps"))
    );
    let line = |name: &str, erlangs: f64, note: &str| {
        let channels = channels(erlangs, question);
        println!(
            "  {name:20} {erlangs:8.1} erlangs {channels:6} channels {:8} kbps  {note}",
            channels * kbps
        );
        channels
    };
    for (name, traffic) in sites {
        let hour = traffic.busy_hour_ms().map(|hour| format!(", busiest from {}", when(hour)));
        let peak = traffic.peak().map(|peak| format!(", {peak} at once"));
        let note = [Some(traffic.source().to_owned()), hour, peak].into_iter().flatten().collect::<String>();
        line(name, traffic.erlangs, &note);
    }
    let all = line("together", together(sites), "their busy hours added");
    println!("  by the formula of 2013 {:>50} kbps", formula_of_2013(all));
    if !rows.is_empty() {
        println!("\n{}", strong("Offers, a month".to_owned()));
    }
    for (offer, comparison) in rows {
        let ways = [("central", &comparison.central), ("distributed", &comparison.distributed)];
        for (way, bill) in ways {
            let total = strong(format!("{:>12}", bill.total().to_string()));
            println!("  {:20} {way:11} {total} {}  {}", offer.name, offer.currency, parts(offer, bill));
        }
    }
    for link in links(documents, question) {
        let may = link["trunks_may_have"].as_u64().map(|may| format!("; its trunks may have {may}"));
        let name = link["link"].as_str().unwrap_or_default();
        println!(
            "\nlink {name}: {} kbps carry {} calls{}",
            link["kbps"],
            link["carries_calls"],
            may.unwrap_or_default()
        );
    }
}

fn parts(offer: &Offer, bill: &Bill) -> String {
    let unit = match offer.by {
        model::OfferUnit::Line => "lines",
        model::OfferUnit::Channel => "channels",
        model::OfferUnit::Bandwidth => "steps",
    };
    let part = |amount: Amount, word: &str| (amount.0 > 0).then(|| format!("{amount} {word}"));
    let parts = [
        Some(format!("{} for {} {unit}", bill.units_cost, bill.units)),
        part(bill.places_cost, "for places"),
        part(bill.minutes_cost, "for minutes"),
        part(bill.lines_cost, "for lines to the centre"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
