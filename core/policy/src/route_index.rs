//! Which routes a call can match at all, found without asking each.
//!
//! A small house looks at every route, so that its trail shows each. A large one looks at those that begin as
//! the number does and are for the caller's trunk or site.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::Pattern;

use crate::prefixes::{Prefix, Prefixes};

/// So many routes are looked at one by one.
const FEW: usize = 24;

#[derive(Debug, Default)]
pub(crate) struct RouteIndex {
    count: usize,
    /// For callers of any site.
    general: Shelf,
    by_site: BTreeMap<Arc<str>, Shelf>,
    by_trunk: BTreeMap<Arc<str>, Shelf>,
}

/// What of a route decides where it stands.
pub(crate) struct Entry<'r> {
    pub to: &'r Pattern,
    pub from_trunk: Option<&'r Arc<str>>,
    pub sites: &'r [Arc<str>],
}

/// Routes by how their numbers begin, and by the user they name.
#[derive(Debug, Default)]
struct Shelf {
    beginnings: Prefixes,
    routes: Vec<Vec<u32>>,
    by_user: BTreeMap<Arc<str>, Vec<u32>>,
}

/// What is looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search<'s> {
    pub number: &'s str,
    /// The user whose number it is.
    pub owner: Option<&'s str>,
    pub site: Option<&'s str>,
    pub trunk: Option<&'s str>,
}

impl RouteIndex {
    /// Routes in the order they are considered.
    pub fn new<'r>(routes: impl Iterator<Item = Entry<'r>>) -> RouteIndex {
        let (mut general, mut by_site, mut by_trunk) = (Draft::default(), BTreeMap::new(), BTreeMap::new());
        let mut count = 0;
        for (index, route) in (0..).zip(routes) {
            count += 1;
            if let Some(trunk) = route.from_trunk {
                shelf(&mut by_trunk, trunk).put(index, route.to);
            } else if route.sites.is_empty() {
                general.put(index, route.to);
            } else {
                route.sites.iter().for_each(|site| shelf(&mut by_site, site).put(index, route.to));
            }
        }
        let finish = |drafts: BTreeMap<Arc<str>, Draft>| {
            drafts.into_iter().map(|(name, draft)| (name, draft.finish())).collect()
        };
        RouteIndex { count, general: general.finish(), by_site: finish(by_site), by_trunk: finish(by_trunk) }
    }

    /// The places, in order, of the routes that may match; all where there are few.
    pub fn candidates(&self, search: Search<'_>) -> Vec<u32> {
        if self.count <= FEW {
            return (0..).take(self.count).collect();
        }
        self.indexed(search)
    }

    fn indexed(&self, search: Search<'_>) -> Vec<u32> {
        let mut found = Vec::with_capacity(16);
        let shelves = [
            Some(&self.general),
            search.site.and_then(|site| self.by_site.get(site)),
            search.trunk.and_then(|trunk| self.by_trunk.get(trunk)),
        ];
        let beginning = Prefix::of(search.number);
        for shelf in shelves.into_iter().flatten() {
            shelf.find(beginning, search.owner, &mut found);
        }
        found.sort_unstable();
        found
    }
}

impl Shelf {
    fn find(&self, number: Prefix, owner: Option<&str>, out: &mut Vec<u32>) {
        let mut next = self.beginnings.longest(number);
        while let Some(at) = next {
            out.extend_from_slice(&self.routes[at]);
            next = self.beginnings.shorter(at);
        }
        out.extend(owner.and_then(|owner| self.by_user.get(owner)).into_iter().flatten());
    }
}

/// A shelf that is being filled.
#[derive(Default)]
struct Draft {
    by_beginning: BTreeMap<Prefix, Vec<u32>>,
    by_user: BTreeMap<Arc<str>, Vec<u32>>,
}

impl Draft {
    fn put(&mut self, index: u32, to: &Pattern) {
        match to {
            Pattern::User(name) => self.by_user.entry(name.clone()).or_default().push(index),
            pattern => {
                let beginning = Prefix::of(&pattern.beginning());
                self.by_beginning.entry(beginning).or_default().push(index);
            }
        }
    }

    fn finish(self) -> Shelf {
        let (beginnings, routes): (Vec<Prefix>, Vec<Vec<u32>>) = self.by_beginning.into_iter().unzip();
        Shelf { beginnings: Prefixes::new(beginnings.into_iter()), routes, by_user: self.by_user }
    }
}

fn shelf<'d>(drafts: &'d mut BTreeMap<Arc<str>, Draft>, name: &Arc<str>) -> &'d mut Draft {
    drafts.entry(name.clone()).or_default()
}
