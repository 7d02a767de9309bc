//! The ways that carried streams go, each looked up once; and which of them the system has left since.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::routes::{Route, Routes};

/// From which address of ours, to where.
type Ends = (Ipv4Addr, Ipv4Addr);

/// A way that somebody goes.
#[derive(Debug)]
pub(crate) struct Way {
    pub route: Route,
    is_left: AtomicBool,
}

/// All ways of a path. Nobody holds the lock while the system is asked for many.
#[derive(Debug, Default)]
pub(crate) struct Ways(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    ways: BTreeMap<Ends, Weak<Way>>,
    /// With so many, those that nobody goes any more are forgotten.
    full_at: usize,
}

const FULL_AT_LEAST: usize = 256;

impl Way {
    /// Whether the system sends by another one now.
    pub fn is_left(&self) -> bool {
        self.is_left.load(Ordering::Acquire)
    }
}

impl Ways {
    pub fn find(&self, routes: &Routes, ends: Ends) -> Option<Arc<Way>> {
        let mut known = self.known();
        if let Some(way) = known.ways.get(&ends).and_then(Weak::upgrade) {
            return Some(way);
        }
        let (from, to) = ends;
        let way = Arc::new(Way { route: routes.find(from, to)?, is_left: AtomicBool::new(false) });
        if known.ways.len() >= known.full_at {
            known.ways.retain(|_, way| way.strong_count() > 0);
            known.full_at = FULL_AT_LEAST.max(known.ways.len() * 2);
        }
        known.ways.insert(ends, Arc::downgrade(&way));
        Some(way)
    }

    /// Looks whether the system still sends by each of them; says whether it has left any.
    pub fn look(&self, routes: &Routes) -> bool {
        let now: Vec<_> =
            self.known().ways.iter().filter_map(|(ends, way)| Some((*ends, way.upgrade()?))).collect();
        let left = now.into_iter().filter(|((from, to), way)| routes.find(*from, *to) != Some(way.route));
        let left: Vec<_> = left.collect();
        let mut known = self.known();
        for (ends, way) in &left {
            known.ways.remove(ends);
            way.is_left.store(true, Ordering::Release);
        }
        !left.is_empty()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
