//! Which servers, and in what order.

use std::sync::Arc;

use model::{Choose, TrunkDirection};

use crate::facts::{Facts, WallTime};
use crate::policy::{Leads, Server, Trunk};
use crate::refusal::{Code, Refusal};
use crate::standing::Rank;
use crate::trail::{Considered, Outcome, Trail};

const NAME: &str = "trunks";

/// One server with the trunk it belongs to.
pub(crate) type Hop<'p> = (&'p Arc<Trunk>, &'p Server);

/// Spreads calls without chance: the same call always goes the same way, so that what is explained holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(u64);

impl Seed {
    pub fn of(called: &str, calling: &str, at: WallTime) -> Seed {
        let seed = Seed(0xcbf2_9ce4_8422_2325).with(called.as_bytes()).with(b"\0");
        seed.with(calling.as_bytes()).with(&at.0.to_le_bytes())
    }

    fn with(self, bytes: &[u8]) -> Seed {
        const PRIME: u64 = 0x0100_0000_01b3;
        Seed(bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME)))
    }

    /// A figure below `bound`, which is not 0.
    fn below(self, bound: u64) -> u64 {
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        (mixed ^ (mixed >> 33)) % bound
    }
}

pub(crate) fn choose<'p>(
    leads: &'p Leads,
    facts: &Facts,
    seed: Seed,
    trail: &mut Trail,
) -> Result<Vec<Hop<'p>>, Refusal> {
    let trunks = trunks_of(leads, seed);
    let open = trunks.iter().filter(|trunk| trunk.direction != TrunkDirection::In);
    let mut hops = best_first(open.flat_map(|trunk| servers_of(trunk, seed)).collect(), facts, seed);
    let resting = without_resting(&mut hops);
    let verdict = if hops.is_empty() { "refused" } else { "ok" };
    let step = trail.note(NAME, verdict, format!("{} servers of {} trunks", hops.len(), trunks.len()));
    step.considered = rows(&trunks, &hops, &resting, facts);
    if hops.is_empty() {
        return Err(Refusal::new(Code::NO_SERVER, "no trunk of the route takes outgoing calls"));
    }
    Ok(hops.into_iter().map(|(_, hop)| hop).collect())
}

/// A hop with what it is worth now.
type Ranked<'p> = (Rank, Hop<'p>);

fn rows(
    trunks: &[&Arc<Trunk>],
    hops: &[Ranked<'_>],
    resting: &[Ranked<'_>],
    facts: &Facts,
) -> Vec<Considered> {
    let closed = trunks.iter().filter(|trunk| trunk.direction == TrunkDirection::In);
    let closed = closed.map(|trunk| Considered {
        outcome: Outcome::Rejected,
        name: trunk.name.clone(),
        why: "is for incoming calls only".into(),
        at: Some(trunk.at.clone()),
    });
    let said_of = |(_, (trunk, server)): &Ranked<'_>, outcome| {
        let standing = facts.standings.of(server.id).map(|fact| format!("; {fact}")).unwrap_or_default();
        Considered {
            outcome,
            name: trunk.name.clone(),
            why: format!("{}, priority {}{standing}", server.target, server.priority).into(),
            at: Some(trunk.at.clone()),
        }
    };
    let tried = hops
        .iter()
        .enumerate()
        .map(|(index, hop)| said_of(hop, if index == 0 { Outcome::Chosen } else { Outcome::Next }));
    let left_out = resting.iter().map(|hop| said_of(hop, Outcome::Rejected));
    tried.chain(left_out).chain(closed).collect()
}

fn trunks_of(leads: &Leads, seed: Seed) -> Vec<&Arc<Trunk>> {
    let Leads::Trunks { choose, through, backup } = leads else { return Vec::new() };
    let mut trunks: Vec<&Arc<Trunk>> = match choose {
        Choose::Order => through.iter().map(|(trunk, _)| trunk).collect(),
        Choose::Share => {
            let shares = through.iter().map(|(trunk, share)| (trunk, u64::from(*share))).collect();
            weighted(shares, seed.with(b"share"))
        }
    };
    trunks.extend(backup.iter().filter(|trunk| through.iter().all(|(one, _)| one.name != trunk.name)));
    trunks
}

/// The servers of a trunk by priority, and by weight among those of one priority.
pub(crate) fn servers_of(trunk: &Arc<Trunk>, seed: Seed) -> Vec<Hop<'_>> {
    let mut servers: Vec<&Server> = trunk.servers.iter().collect();
    servers.sort_by_key(|server| server.priority);
    let groups = servers.chunk_by(|one, other| one.priority == other.priority);
    let ordered = groups.flat_map(|group| {
        let weights = group.iter().map(|server| (*server, u64::from(server.weight))).collect();
        weighted(weights, seed.with(trunk.name.as_bytes()))
    });
    ordered.map(|server| (trunk, server)).collect()
}

/// Draws one after another by weight; those of weight 0 come last, as written.
fn weighted<T>(mut from: Vec<(T, u64)>, seed: Seed) -> Vec<T> {
    let mut drawn = Vec::with_capacity(from.len());
    while !from.is_empty() {
        let total: u64 = from.iter().map(|(_, weight)| weight).sum();
        let mut point = if total == 0 { 0 } else { seed.with(&[drawn.len().to_le_bytes()[0]]).below(total) };
        let reaches = |(_, weight): &(T, u64)| {
            let is_here = point < *weight;
            point = point.saturating_sub(*weight);
            is_here
        };
        let index = from.iter().position(reaches).unwrap_or(0);
        drawn.push(from.remove(index).0);
    }
    drawn
}

/// Servers that stand better come first; among equals the order holds. Those that are down come last.
pub(crate) fn best_first<'p>(hops: Vec<Hop<'p>>, facts: &Facts, seed: Seed) -> Vec<Ranked<'p>> {
    let rank = |hop: Hop<'p>| {
        let lot = u8::try_from(seed.with(hop.1.key.as_bytes()).below(100)).unwrap_or_default();
        (facts.standings.rank(hop.1.id, lot), hop)
    };
    let mut ranked: Vec<Ranked<'p>> = hops.into_iter().map(rank).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked
}

/// Who asked to be left alone is, as long as there is somebody else who may answer.
fn without_resting<'p>(hops: &mut Vec<Ranked<'p>>) -> Vec<Ranked<'p>> {
    let has_other = hops.iter().any(|(rank, _)| *rank < Rank::Resting);
    if has_other { hops.extract_if(.., |(rank, _)| *rank == Rank::Resting).collect() } else { Vec::new() }
}
