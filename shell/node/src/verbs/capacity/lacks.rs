//! Where documents would refuse calls of a house of some size.

use std::collections::BTreeMap;

use capacity::{Addresses, Sealed, Size, kbps_of};
use model::{Codec, Documents, Side};
use serde::Serialize;

/// One key that says too little.
#[derive(Debug, Serialize)]
pub struct Lack {
    pub words: String,
    /// File and line.
    pub at: String,
}

/// All of them.
pub fn lacks(documents: &Documents, size: &Size, codec: Codec, sealed: Sealed) -> Vec<Lack> {
    let mut all = Vec::new();
    ports(documents, size, &mut all);
    trunks(documents, size, &mut all);
    links(documents, size, kbps_of(codec, Addresses::Ipv4, sealed), &mut all);
    sites(documents, size, &mut all);
    all
}

/// Interfaces of one side share its calls; one interface for both has all of them.
fn ports(documents: &Documents, size: &Size, all: &mut Vec<Lack>) {
    let interfaces: Vec<_> = documents.interface.values().collect();
    let of_side = |side: Side| interfaces.iter().filter(move |one| one.side == side);
    for side in [Side::Inside, Side::Outside] {
        let has_other = interfaces.iter().any(|one| one.side != side);
        let needed = match (side, has_other) {
            (Side::Inside, true) => size.pairs_inside,
            (Side::Outside, true) => size.pairs_outside,
            (_, false) => size.pairs_inside.saturating_add(size.pairs_outside),
        };
        let pairs = |first: u16, last: u16| {
            let even = u32::from(first).next_multiple_of(2);
            (u32::from(last) + 1).saturating_sub(even) / 2
        };
        let has: u32 = of_side(side).map(|one| pairs(one.media_ports.first, one.media_ports.last)).sum();
        let Some(first) = of_side(side).next().filter(|_| has < needed) else { continue };
        all.push(Lack {
            words: format!(
                "{needed} pairs of media ports are needed, and media_ports of {} hold {has}",
                listed(of_side(side).map(|one| &*one.name))
            ),
            at: documents.location(first),
        });
    }
}

fn trunks(documents: &Documents, size: &Size, all: &mut Vec<Lack>) {
    let trunks = || documents.trunk.values();
    let Some(first) = trunks().next() else { return };
    let calls: Option<u32> = trunks().map(|trunk| trunk.limits.calls).sum();
    if let Some(calls) = calls.filter(|calls| *calls < size.channels) {
        let names = listed(trunks().map(|trunk| &*trunk.name));
        let words = format!("{} channels are needed, and limits.calls of {names} are {calls}", size.channels);
        all.push(Lack { words, at: documents.location(first) });
    }
    let rates: Option<u32> =
        trunks().map(|trunk| trunk.limits.calls_per_second.map(|rate| rate.per_second())).sum();
    let outside = size.calls_a_second * size.erlangs_outside / size.erlangs.max(f64::MIN_POSITIVE);
    if let Some(rates) = rates.filter(|rates| f64::from(*rates) < outside) {
        let names = listed(trunks().map(|trunk| &*trunk.name));
        let words = format!("{outside:.2} calls begin a second, and calls_per_second of {names} are {rates}");
        all.push(Lack { words, at: documents.location(first) });
    }
}

/// What trunks cross together has to carry all channels, if all trunks cross some line.
fn links(documents: &Documents, size: &Size, kbps: u32, all: &mut Vec<Lack>) {
    let crossed = documents.trunk.values().map(|trunk| trunk.link.as_ref().map(|link| link.value.as_str()));
    let crossed: Option<Vec<&str>> = crossed.collect();
    let Some(crossed) = crossed.filter(|crossed| !crossed.is_empty()) else { return };
    let lines = || documents.link.values().filter(|link| crossed.contains(&&*link.name));
    let carried: Option<u64> = lines().map(|link| link.kbps.map(|kbps| u64::from(kbps.get()))).sum();
    let needed = u64::from(kbps) * u64::from(size.channels);
    if let (Some(carried), Some(first)) = (carried.filter(|carried| *carried < needed), lines().next()) {
        let names = listed(lines().map(|link| &*link.name));
        let words = format!("{needed} kbps are needed toward trunks, and kbps of {names} are {carried}");
        all.push(Lack { words, at: documents.location(first) });
    }
}

/// A site has its people's part of the channels.
fn sites(documents: &Documents, size: &Size, all: &mut Vec<Lack>) {
    let mut people: BTreeMap<&str, u32> = BTreeMap::new();
    for site in documents.user.values().filter_map(|user| user.site.as_ref()) {
        *people.entry(site.value.as_str()).or_default() += 1;
    }
    let users = u32::try_from(documents.user.len()).unwrap_or(u32::MAX).max(1);
    for site in documents.site.values() {
        let Some(most) = site.media.max_calls else { continue };
        let share = f64::from(people.get(&*site.name).copied().unwrap_or(0)) / f64::from(users);
        let needed = (f64::from(size.channels) * share).ceil() as u32;
        if needed > most {
            let name = &site.name;
            let words = format!("{needed} calls of people at {name} leave it, and max_calls is {most}");
            all.push(Lack { words, at: documents.location(site) });
        }
    }
}

fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join(" and ")
}
