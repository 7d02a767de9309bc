//! What our registrations with providers mean for calls: who may be where, and which way requests take.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use policy::{AttemptPlan, Callee, Registration};
use sip_stack::locate::Target;

/// All accounts, as far as calls care.
#[derive(Debug, Default)]
pub struct Accounts {
    /// Trunks whose registration changes where calls go.
    pub standing: BTreeMap<Arc<str>, Registration>,
    /// What the registrar of a trunk gave us.
    pub ways: BTreeMap<Arc<str>, Way>,
}

/// The way of requests to a trunk that is registered.
#[derive(Clone, Debug, Default)]
pub struct Way {
    /// The server that this holds for; for all of the trunk where the registrar is none of them.
    pub serves: Option<Arc<str>>,
    /// The route set that the registrar wants (RFC 3608).
    pub routes: Arc<[Box<str>]>,
    /// Where the registrar answered.
    pub remote: Option<SocketAddr>,
    /// All addresses of the registrars.
    pub addresses: Arc<BTreeSet<IpAddr>>,
}

impl Accounts {
    /// The route set of an attempt; empty where it goes straight to its target.
    pub(crate) fn routes(&self, plan: &AttemptPlan) -> Arc<[Box<str>]> {
        self.way(plan).map(|way| Arc::clone(&way.routes)).unwrap_or_default()
    }

    /// The address that knows us comes first.
    pub(crate) fn prefer(&self, plan: &AttemptPlan, targets: &mut [Target]) {
        let remote = self.way(plan).and_then(|way| way.remote);
        if let Some(at) = targets.iter().position(|target| Some(target.address) == remote) {
            targets[..=at].rotate_right(1);
        }
    }

    /// The trunk of a line, if a source is among the addresses of its registrars.
    pub(crate) fn resolved(&self, line: Option<&Arc<str>>, source: IpAddr) -> Option<Arc<str>> {
        let line = line?;
        self.ways.get(line)?.addresses.contains(&source.to_canonical()).then(|| Arc::clone(line))
    }

    fn way(&self, plan: &AttemptPlan) -> Option<&Way> {
        let Callee::Trunk(trunk) = &plan.callee else { return None };
        let way = self.ways.get(trunk)?;
        way.serves.as_ref().is_none_or(|serves| *serves == plan.target).then_some(way)
    }
}
