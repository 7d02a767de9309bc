//! Which servers, and in what order.

use std::sync::Arc;

use model::Secure;

use crate::deck::Quote;
use crate::facts::Facts;
use crate::policy::{Route, Server, Trunk};
use crate::refusal::{Code, Refusal};
use crate::says::{Found, More};
use crate::standing::Rank;
use crate::steps::registered::{self, Readiness};
use crate::steps::sealed;
use crate::steps::seed::{Seed, weighted};
use crate::steps::trunks::{self, Asked, Way};
use crate::trail::{Considered, Outcome, Trail};

const NAME: &str = "trunks";

/// More than a caller would wait for.
const ATTEMPTS_MAX: usize = 12;

/// One server with the trunk it belongs to.
pub(crate) type Hop<'p> = (&'p Arc<Trunk>, &'p Server);

/// A server with the route that leads to it.
pub(crate) struct RouteHop<'p> {
    pub hop: Hop<'p>,
    rank: Rank,
    pub route: &'p Route,
    pub quote: Option<Quote>,
}

/// The servers of all trunks of all routes, in order; none twice, and not more than a call has time for.
pub(crate) fn choose<'p>(
    asked: &Asked<'_, 'p>,
    routes: &[&'p Route],
    trail: &mut Trail,
) -> Result<Vec<RouteHop<'p>>, Refusal> {
    let ways = trunks::trunks(asked, routes);
    let mut hops = Vec::with_capacity(ATTEMPTS_MAX);
    for way in ways.iter().filter(|way| way.bar.is_none()) {
        let route_hop = |hop| RouteHop {
            hop,
            rank: rank_for_call(hop, asked.facts, asked.seed),
            route: way.route,
            quote: way.quote,
        };
        match way.trunk.servers.as_slice() {
            [only] => hops.push(route_hop((way.trunk, only))),
            _ => hops.extend(servers_of(way.trunk, asked.facts, asked.seed).into_iter().map(route_hop)),
        }
    }
    hops.sort_by_key(|hop| worth(hop.rank, hop.hop.0, asked.facts));
    let resting = without_resting(&mut hops);
    let found = hops.len();
    hops.truncate(ATTEMPTS_MAX);
    let verdict = if hops.is_empty() { "refused" } else { "ok" };
    let step = trail.note(NAME, verdict, Found::Servers { found, tried: hops.len(), trunks: ways.len() });
    step.considered = rows(&ways, &hops, &resting, asked.facts);
    if hops.is_empty() {
        return Err(trunks::refusal(asked, &ways));
    }
    Ok(hops)
}

/// Leaves out the servers that are not written as `sips`.
pub(crate) fn keep_sealed(
    facts: &Facts,
    hops: &mut Vec<RouteHop<'_>>,
    trail: &mut Trail,
) -> Result<(), Refusal> {
    if !sealed::is_asked(facts) {
        return Ok(());
    }
    let open = hops.extract_if(.., |hop| hop.hop.1.uri.secure != Secure::Sips);
    let considered: Vec<Considered> = open
        .map(|RouteHop { hop: (trunk, server), .. }| Considered {
            outcome: Outcome::Rejected,
            name: trunk.name.clone(),
            why: format!("{} is no sips address", server.target).into(),
            at: Some(trunk.at.clone()),
        })
        .collect();
    if considered.is_empty() {
        return Ok(());
    }
    let words = "no server that the call could go to is written as sips";
    let (verdict, says) =
        if hops.is_empty() { ("refused", words) } else { ("some", "some servers are no sips address") };
    trail.note(sealed::NAME, verdict, says).considered = considered;
    if hops.is_empty() { Err(Refusal::new(Code::NOT_SEALED, words)) } else { Ok(()) }
}

fn rows(ways: &[Way<'_>], hops: &[RouteHop<'_>], resting: &[RouteHop<'_>], facts: &Facts) -> Vec<Considered> {
    let barred = ways.iter().filter_map(|way| {
        Some(Considered {
            outcome: Outcome::Rejected,
            name: way.trunk.name.clone(),
            why: way.bar.as_ref()?.says(),
            at: Some(way.trunk.at.clone()),
        })
    });
    let first = hops.first().map(|hop| &hop.route.name);
    let said_of = |hop: &RouteHop<'_>, outcome| {
        let RouteHop { hop: (trunk, server), route, quote, .. } = hop;
        let mut words = registered::said_of(trunk, server, facts);
        if let Some(fact) = facts.standings.of(server.id) {
            words.push_str(&format!("; {fact}"));
        }
        let by = Some(&route.name).filter(|name| Some(*name) != first).cloned();
        let is_plain = by.is_none() && words.is_empty();
        let why = Found::Server {
            target: server.target.clone(),
            priority: server.priority,
            quote: *quote,
            more: (!is_plain).then(|| Box::new(More { by, words })),
        };
        Considered { outcome, name: trunk.name.clone(), why: why.into(), at: Some(trunk.at.clone()) }
    };
    let tried = hops
        .iter()
        .enumerate()
        .map(|(index, hop)| said_of(hop, if index == 0 { Outcome::Chosen } else { Outcome::Next }));
    let left_out = resting.iter().map(|hop| said_of(hop, Outcome::Rejected));
    let mut rows = Vec::with_capacity(hops.len() + resting.len());
    rows.extend(tried.chain(left_out).chain(barred));
    rows
}

/// The servers of a trunk: the one that it is registered with, then by priority, and by weight among those of
/// one priority.
pub(crate) fn servers_of<'p>(trunk: &'p Arc<Trunk>, facts: &Facts, seed: Seed) -> Vec<Hop<'p>> {
    let mut servers: Vec<&Server> = trunk.servers.iter().collect();
    servers.sort_by_key(|server| server.priority);
    let groups = servers.chunk_by(|one, other| one.priority == other.priority);
    let ordered = groups.flat_map(|group| {
        let weights = group.iter().map(|server| (*server, u64::from(server.weight))).collect();
        weighted(weights, seed.with(trunk.name.as_bytes()))
    });
    let mut servers: Vec<Hop<'p>> = ordered.map(|server| (trunk, server)).collect();
    servers.sort_by_key(|(trunk, server)| !registered::is_with(trunk, server, facts));
    servers
}

/// The servers of one trunk for a call that goes nowhere else, those of a name before its others.
pub(crate) fn of_trunk<'p>(trunk: &'p Arc<Trunk>, host: &str, facts: &Facts, seed: Seed) -> Vec<Hop<'p>> {
    let mut hops = servers_of(trunk, facts, seed);
    hops.sort_by_key(|(_, server)| !server.host.eq_ignore_ascii_case(host));
    let mut hops = best_first(hops, facts, seed);
    let is_resting = |hop: &Hop<'p>| rank_for_call(*hop, facts, seed) == Rank::Resting;
    if hops.iter().any(|hop| rank_for_call(*hop, facts, seed) < Rank::Resting) {
        hops.retain(|hop| !is_resting(hop));
    }
    hops.truncate(ATTEMPTS_MAX);
    hops
}

/// Servers that stand better come first; among equals the order holds. Those that are down come last.
pub(crate) fn best_first<'p>(mut hops: Vec<Hop<'p>>, facts: &Facts, seed: Seed) -> Vec<Hop<'p>> {
    hops.sort_by_cached_key(|hop| worth(rank(*hop, facts, seed), hop.0, facts));
    hops
}

/// The order of hops: trunks that should be registered and are not come after all that may take the call.
fn worth(rank: Rank, trunk: &Trunk, facts: &Facts) -> (bool, Readiness, Rank) {
    (rank == Rank::Down, registered::readiness(trunk, facts), rank)
}

/// What a server is worth now.
fn rank((_, server): Hop<'_>, facts: &Facts, seed: Seed) -> Rank {
    if facts.standings.of(server.id).is_none() {
        return Rank::Ready;
    }
    let lot = u8::try_from(seed.with(server.key.as_bytes()).below(100)).unwrap_or_default();
    facts.standings.rank(server.id, lot)
}

/// The same for a call that leaves those alone who asked for it: where that is a part of a server, what is
/// left of it is all that counts.
fn rank_for_call(hop: Hop<'_>, facts: &Facts, seed: Seed) -> Rank {
    match rank(hop, facts, seed) {
        Rank::Resting if facts.standings.rests_in_part(hop.1.id) => Rank::Down,
        rank => rank,
    }
}

/// Who asked to be left alone is, as long as there is somebody else who may answer.
fn without_resting<'p>(hops: &mut Vec<RouteHop<'p>>) -> Vec<RouteHop<'p>> {
    let has_other = hops.iter().any(|hop| hop.rank < Rank::Resting);
    if has_other { hops.extract_if(.., |hop| hop.rank == Rank::Resting).collect() } else { Vec::new() }
}
