//! What an account remembers of its registrars from one round to the next: where DNS said they are, and which
//! addresses asked to be left alone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use sip_stack::locate::Target;

#[derive(Default)]
pub(crate) struct Memory {
    /// What DNS said last, by the registrar's URI.
    found: Vec<(Arc<str>, Vec<Target>)>,
    left_alone: Vec<LeftAlone>,
}

/// An address that said when to come back (RFC 3261 21.5.4), and its words.
#[derive(Clone)]
pub(crate) struct LeftAlone {
    address: SocketAddr,
    pub until: Instant,
    pub why: Arc<str>,
}

impl Memory {
    /// DNS says that a registrar is here.
    pub fn found(&mut self, registrar: &Arc<str>, targets: &[Target]) {
        self.found.retain(|(known, _)| known != registrar);
        self.found.push((Arc::clone(registrar), targets.to_vec()));
    }

    /// DNS says that there is no such registrar.
    pub fn is_nowhere(&mut self, registrar: &str) {
        self.found.retain(|(known, _)| **known != *registrar);
    }

    /// Where a registrar was when DNS said it last.
    pub fn whereabouts(&self, registrar: &str) -> Option<&[Target]> {
        self.found.iter().find(|(known, _)| **known == *registrar).map(|(_, targets)| targets.as_slice())
    }

    /// Registrars that are no longer asked are forgotten.
    pub fn keep(&mut self, is_kept: impl Fn(&str) -> bool) {
        self.found.retain(|(known, _)| is_kept(known));
    }

    pub fn leave_alone(&mut self, address: SocketAddr, until: Instant, why: Arc<str>) {
        self.left_alone.retain(|one| one.address != address);
        self.left_alone.push(LeftAlone { address, until, why });
    }

    /// Whether an address is to be left alone, until when, and why.
    pub fn rest_of(&mut self, now: Instant, address: SocketAddr) -> Option<LeftAlone> {
        self.left_alone.retain(|one| now < one.until);
        self.left_alone.iter().find(|one| one.address == address).cloned()
    }

    /// Whoever asked to be left alone may be asked again.
    pub fn forgive(&mut self) {
        self.left_alone.clear();
    }
}
