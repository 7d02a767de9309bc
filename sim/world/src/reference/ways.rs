//! The servers that are tried, in order: trunks by order, share or price; servers by priority and weight.

use std::cmp::Reverse;

use jiff::civil::Date;
use model::{Choose, Deck, Document, Route, Server, Transit, Trunk, TrunkDirection};
use policy::{Code, Facts, ServerFact, ServerId, Standing};

use crate::reference::called::Called;
use crate::reference::caller::Caller;
use crate::reference::house::House;
use crate::reference::place::Speaker;
use crate::reference::routes::local;

/// A server that is tried.
pub(crate) struct Hop<'d> {
    pub trunk: &'d Document<Trunk>,
    pub server: &'d Server,
    pub route: Option<&'d Document<Route>>,
    pub price: Option<u32>,
}

/// More than a caller would wait for.
const MOST: usize = 12;

/// How a server stands: the lower, the better.
const READY: u8 = 0;
const DOUBTFUL: u8 = 1;
const RESTING: u8 = 2;
const DOWN: u8 = 3;

/// What a draw depends on: the same call always draws the same.
pub(crate) struct Lot(Vec<u8>);

impl Lot {
    pub fn of(called: &str, calling: &str, facts: &Facts) -> Lot {
        Lot([called.as_bytes(), b"\0", calling.as_bytes(), &facts.at.0.to_le_bytes()].concat())
    }

    fn and(&self, more: &[u8]) -> Lot {
        Lot([&self.0, more].concat())
    }

    /// FNV-1a over what it depends on, mixed well.
    fn below(&self, bound: u64) -> u64 {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for byte in &self.0 {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        for multiplier in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
            hash = (hash ^ (hash >> 33)).wrapping_mul(multiplier);
        }
        (hash ^ (hash >> 33)) % bound
    }

    /// One after another by weight; what weighs nothing comes last, as written.
    fn draws<T>(&self, mut from: Vec<(T, u64)>) -> Vec<T> {
        let mut drawn = Vec::new();
        while !from.is_empty() {
            let total: u64 = from.iter().map(|(_, weight)| weight).sum();
            let nth = u8::try_from(drawn.len()).unwrap_or(u8::MAX);
            let point = if total == 0 { 0 } else { self.and(&[nth]).below(total) };
            let mut reached = 0;
            let at = from.iter().position(|(_, weight)| {
                reached += weight;
                point < reached
            });
            drawn.push(from.remove(at.unwrap_or(0)).0);
        }
        drawn
    }
}

/// The servers of all trunks of these routes.
pub(crate) fn hops<'d>(
    house: &House<'d>,
    caller: &Caller<'d>,
    speaker: &Speaker<'d>,
    called: &Called<'d>,
    routes: &[&'d Document<Route>],
    facts: &Facts,
) -> Result<Vec<Hop<'d>>, Code> {
    let lot = Lot::of(&called.text, &caller.name, facts);
    let mut hops: Vec<Hop<'d>> = Vec::new();
    let mut met: Vec<&str> = Vec::new();
    let (mut is_transit, mut is_elsewhere) = (false, false);
    for route in routes {
        for (trunk, price) in trunks_of(house, called, route, facts, &lot, &met) {
            met.push(&trunk.name);
            if trunk.direction == TrunkDirection::In {
                continue;
            }
            if let Some(from) = caller.trunk()
                && from.kind.is_public()
                && trunk.kind.is_public()
                && from.transit == Transit::Refused
            {
                is_transit = true;
                continue;
            }
            if !speaker.may_use(house, route, trunk) {
                is_elsewhere = true;
                continue;
            }
            let servers = servers_of(trunk, &lot).into_iter();
            hops.extend(servers.map(|server| Hop { trunk, server, route: Some(*route), price }));
        }
    }
    if hops.is_empty() {
        return Err(match (is_transit, is_elsewhere) {
            (true, _) => Code::TRANSIT,
            (false, true) => Code::TOLL_BYPASS,
            (false, false) => Code::NO_SERVER,
        });
    }
    let worth = |hop: &Hop<'_>| match rank(house, hop.trunk, hop.server, facts, &lot) {
        RESTING if has_dead(house, hop.trunk, hop.server, facts) => DOWN,
        rank => rank,
    };
    hops.sort_by_key(worth);
    let ranks: Vec<u8> = hops.iter().map(worth).collect();
    if ranks.iter().any(|rank| *rank < RESTING) {
        let mut ranks = ranks.into_iter();
        hops.retain(|_| ranks.next() != Some(RESTING));
    }
    hops.truncate(MOST);
    Ok(hops)
}

/// The trunks of a route that no earlier route has, in the order in which it wants them.
fn trunks_of<'d>(
    house: &House<'d>,
    called: &Called<'_>,
    route: &'d Document<Route>,
    facts: &Facts,
    lot: &Lot,
    met: &[&str],
) -> Vec<(&'d Document<Trunk>, Option<u32>)> {
    let trunk = |name: &str| house.documents.trunk.get(name).filter(|trunk| !met.contains(&&*trunk.name));
    let rows = route.through.iter().filter_map(|row| Some((trunk(&row.trunk)?, u64::from(row.share))));
    let rows: Vec<(&Document<Trunk>, u64)> = rows.collect();
    let ordered = if route.choose == Choose::Share {
        lot.and(b"share").draws(rows)
    } else {
        rows.into_iter().map(|(trunk, _)| trunk).collect()
    };
    let price = |trunk: &Document<Trunk>| price(house, trunk, &called.text, facts);
    let is_ill = |trunk: &Document<Trunk>| {
        trunk.servers.iter().any(|server| standing(house, trunk, server, facts, 0) > DOUBTFUL)
    };
    let mut priced: Vec<_> = ordered.into_iter().map(|trunk| (trunk, price(trunk))).collect();
    match route.choose {
        Choose::Order | Choose::Share => {}
        Choose::Cheapest => priced.sort_by_key(|(_, price)| (price.is_none(), *price)),
        Choose::CheapestHealthy => {
            priced.sort_by_key(|(trunk, price)| (is_ill(trunk), price.is_none(), *price));
        }
    }
    for name in &route.backup {
        let is_there = priced.iter().any(|(known, _)| *known.name == *name.as_str());
        if let Some(trunk) = trunk(name).filter(|_| !is_there) {
            priced.push((trunk, price(trunk)));
        }
    }
    priced
}

/// By priority, and by weight among those of one priority.
pub(crate) fn servers_of<'d>(trunk: &'d Document<Trunk>, lot: &Lot) -> Vec<&'d Server> {
    let mut priorities: Vec<u16> = trunk.servers.iter().map(|server| server.priority).collect();
    priorities.sort_unstable();
    priorities.dedup();
    let of = |priority: u16| {
        let servers = trunk.servers.iter().filter(|server| server.priority == priority);
        let weighed = servers.map(|server| (&server.value, u64::from(server.weight))).collect();
        lot.and(trunk.name.as_bytes()).draws(weighed)
    };
    priorities.into_iter().flat_map(of).collect()
}

/// What a server is worth now.
pub(crate) fn rank(
    house: &House<'_>,
    trunk: &Document<Trunk>,
    server: &Server,
    facts: &Facts,
    lot: &Lot,
) -> u8 {
    let key = format!("{}/{}", trunk.name, server.uri);
    standing(house, trunk, server, facts, lot.and(key.as_bytes()).below(100))
}

/// What is known of a server that is not simply up.
fn fact<'f>(
    house: &House<'_>,
    trunk: &Document<Trunk>,
    server: &Server,
    facts: &'f Facts,
) -> Option<&'f ServerFact> {
    let before = house.documents.trunk.values().take_while(|one| one.name != trunk.name);
    let before: usize = before.map(|trunk| trunk.servers.len()).sum();
    let at = trunk.servers.iter().position(|one| one.value == *server).unwrap_or(0);
    facts.standings.of(ServerId(u16::try_from(before + at).unwrap_or(u16::MAX)))
}

/// Whether some of its addresses count as dead: they may be tried after everybody else.
fn has_dead(house: &House<'_>, trunk: &Document<Trunk>, server: &Server, facts: &Facts) -> bool {
    let fact = fact(house, trunk, server, facts);
    fact.is_some_and(|fact| fact.addresses.iter().any(|one| matches!(one.standing, Standing::Down { .. })))
}

fn standing(house: &House<'_>, trunk: &Document<Trunk>, server: &Server, facts: &Facts, drawn: u64) -> u8 {
    let Some(fact) = fact(house, trunk, server, facts) else { return READY };
    let of_address = |standing: &Standing| match standing {
        Standing::Unknown | Standing::Up => READY,
        Standing::Returning { share } if drawn < u64::from(*share) => READY,
        Standing::Returning { .. } | Standing::Probing => DOUBTFUL,
        Standing::Resting { .. } => RESTING,
        Standing::Down { .. } => DOWN,
    };
    fact.addresses.iter().map(|address| of_address(&address.standing)).min().unwrap_or(DOWN)
}

/// What a minute costs, in millionths: of the lines that hold on that day, the longest beginning decides,
/// then the newest, then the last.
fn price(house: &House<'_>, trunk: &Trunk, called: &str, facts: &Facts) -> Option<u32> {
    let deck: &Deck = house.documents.deck.get(trunk.cost.as_ref()?.deck.as_str())?;
    let text = house.documents.lists.get(deck.file.as_str())?;
    let today = local(house.documents.system.time_zone.as_ref().map(|zone| zone.as_str()), facts.at).date();
    let of_deck = deck.from.and_then(|day| Date::new(day.year?, day.month, day.day).ok());
    let number = called.trim_start_matches('+');
    let mut fitting = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.starts_with("prefix")) {
        let fields: Vec<&str> = line.split(',').collect();
        let from = fields.get(2).and_then(|day| day.parse::<Date>().ok()).or(of_deck);
        if number.starts_with(fields[0]) && from.is_none_or(|from| from <= today) {
            let millionths = fields[1].parse::<f64>().ok()? * 1e6;
            fitting.push((Reverse((fields[0].len(), from, at)), millionths.round() as u32));
        }
    }
    fitting.sort_by_key(|(order, _)| *order);
    fitting.first().map(|(_, millionths)| *millionths)
}
