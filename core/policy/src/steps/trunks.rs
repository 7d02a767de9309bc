//! Which trunks, and in what order: as written, by shares, or by price.

use std::sync::Arc;

use model::{Choose, Transit, TrunkDirection};

use crate::deck::Quote;
use crate::facts::Facts;
use crate::policy::{Leads, Route, Trunk};
use crate::refusal::{Code, Refusal};
use crate::says::Says;
use crate::standing::Rank;
use crate::steps::place::{Elsewhere, Speaker};
use crate::steps::registered::{Readiness, readiness, reluctance};
use crate::steps::seed::{Seed, weighted};
use crate::steps::{Called, Caller};

/// What is asked of trunks.
pub(crate) struct Asked<'a, 'p> {
    pub facts: &'a Facts,
    pub caller: &'a Caller<'p>,
    pub speaker: &'a Speaker<'p>,
    pub called: &'a Called<'p>,
    pub seed: Seed,
    /// The day whose prices hold.
    pub day: u32,
}

/// A trunk that a route names.
pub(crate) struct Way<'p> {
    pub trunk: &'p Arc<Trunk>,
    pub route: &'p Route,
    /// What a minute costs by it, if a price list says so.
    pub quote: Option<Quote>,
    /// Why it is not taken.
    pub bar: Option<Bar>,
}

/// Why a trunk takes no part in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bar {
    Inbound,
    /// It would lead from the telephone network into it again.
    Transit,
    /// Whoever would speak is in the wrong place for it.
    Elsewhere(Elsewhere),
    /// Its provider does not know us, or an operator drains it.
    Shut(String),
}

impl Bar {
    pub fn says(&self) -> Says {
        match self {
            Bar::Inbound => "is for incoming calls only".into(),
            Bar::Transit => "leads back into the telephone network, where the call comes from".into(),
            Bar::Elsewhere(elsewhere) => elsewhere.says().into(),
            Bar::Shut(why) => why.clone().into(),
        }
    }
}

/// The trunks of all routes, each once: where the first route has it.
pub(crate) fn trunks<'p>(asked: &Asked<'_, 'p>, routes: &[&'p Route]) -> Vec<Way<'p>> {
    let mut ways: Vec<Way<'p>> = Vec::new();
    for route in routes {
        let Leads::Trunks { choose, through, backup } = &route.leads else { continue };
        let is_new = |trunk: &Arc<Trunk>, ways: &[Way<'p>]| {
            let is_this = |way: &Way<'p>| Arc::ptr_eq(way.trunk, trunk);
            !ways.iter().any(is_this)
        };
        let way = |trunk: &'p Arc<Trunk>| {
            let (quote, bar) = (quote(asked, trunk), bar(asked, route, trunk));
            Way { trunk, route, quote, bar }
        };
        let fresh = through.iter().filter(|(trunk, _)| is_new(trunk, &ways));
        let fresh = fresh.map(|(trunk, share)| (way(trunk), u64::from(*share))).collect();
        ways.extend(ordered(asked, *choose, fresh));
        for trunk in backup {
            if is_new(trunk, &ways) {
                ways.push(way(trunk));
            }
        }
    }
    ways
}

fn ordered<'p>(asked: &Asked<'_, 'p>, choose: Choose, ways: Vec<(Way<'p>, u64)>) -> Vec<Way<'p>> {
    if choose == Choose::Share {
        return weighted(ways, asked.seed.with(b"share"));
    }
    let mut ways: Vec<Way<'p>> = ways.into_iter().map(|(way, _)| way).collect();
    let price = |way: &Way<'_>| way.quote.as_ref().map_or(u64::MAX, |quote| u64::from(quote.price.0));
    match choose {
        Choose::Order | Choose::Share => {}
        Choose::Cheapest => ways.sort_by_key(price),
        Choose::CheapestHealthy => ways.sort_by_key(|way| (is_ill(asked.facts, way.trunk), price(way))),
    }
    ways
}

fn is_ill(facts: &Facts, trunk: &Trunk) -> bool {
    trunk.servers.iter().any(|server| facts.standings.rank(server.id, 0) > Rank::Doubtful)
}

fn quote(asked: &Asked<'_, '_>, trunk: &Trunk) -> Option<Quote> {
    let tariff = trunk.tariff.as_ref()?;
    tariff.quote(&asked.called.text, asked.day)
}

fn bar(asked: &Asked<'_, '_>, route: &Route, trunk: &Trunk) -> Option<Bar> {
    if trunk.direction == TrunkDirection::In {
        return Some(Bar::Inbound);
    }
    if readiness(trunk, asked.facts) == Readiness::Shut {
        return reluctance(trunk, asked.facts).map(Bar::Shut);
    }
    let leads_back = |from: &&Arc<Trunk>| {
        from.kind.is_public() && trunk.kind.is_public() && from.transit == Transit::Refused
    };
    if asked.caller.trunk().is_some_and(|from| leads_back(&from)) {
        return Some(Bar::Transit);
    }
    asked.speaker.bar(route, trunk).map(Bar::Elsewhere)
}

/// Nothing is left: because nothing goes out, or because it would only pass through us.
pub(crate) fn refusal(asked: &Asked<'_, '_>, ways: &[Way<'_>]) -> Refusal {
    let transit = ways.iter().find(|way| way.bar == Some(Bar::Transit));
    let elsewhere = ways.iter().find_map(|way| match &way.bar {
        Some(Bar::Elsewhere(elsewhere)) => Some(elsewhere),
        _ => None,
    });
    let shut = ways.iter().find_map(|way| match &way.bar {
        Some(Bar::Shut(why)) => Some((&way.trunk.name, why)),
        _ => None,
    });
    match (transit, asked.caller.trunk()) {
        (Some(way), Some(from)) => {
            let words = format!(
                "{} would only pass from {} to {}, and {} may not be used for that",
                asked.called.text, from.name, way.trunk.name, from.name
            );
            Refusal::new(Code::TRANSIT, words)
        }
        _ => match (elsewhere, shut) {
            (Some(elsewhere), _) => {
                let words =
                    format!("{} may not be called from there: {}", asked.called.text, elsewhere.says());
                Refusal::new(Code::TOLL_BYPASS, words)
            }
            (None, Some((trunk, why))) => Refusal::new(Code::NO_SERVER, format!("trunk {trunk} is {why}")),
            (None, None) => Refusal::new(Code::NO_SERVER, "no trunk of the route takes outgoing calls"),
        },
    }
}
