//! The way that media takes: addresses that are not what far ends think, attackers, and what became of each
//! packet at the house.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use media::Reason;

use crate::attackers::{Attackers, By, Shot};

/// One packet that reached a port of the relay.
pub(crate) struct Arrival {
    pub at: Instant,
    pub by: By,
    pub from: SocketAddr,
    /// The port of the house.
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
    pub went: Result<Departure, Reason>,
}

/// As what a packet left the house.
pub(crate) struct Departure {
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// Far ends of a street take media at these ports; to others nobody is behind them.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

pub(crate) struct Street {
    pub attackers: Attackers,
    pub arrivals: Vec<Arrival>,
    /// As what the media addresses of far ends are seen outside, where that is another than they say.
    outside: BTreeMap<SocketAddr, SocketAddr>,
}

impl Street {
    pub(crate) fn new(attackers: Attackers) -> Street {
        Street { attackers, arrivals: Vec::new(), outside: BTreeMap::new() }
    }

    /// From now on a far end's address is seen at another port, the first from there on that nobody else has,
    /// and reached there alone.
    pub(crate) fn show_anew(&mut self, inside: SocketAddr, port: u16) {
        let is_free = |place: &SocketAddr| self.outside.values().all(|taken| taken != place);
        let places = (port..).map(|port| SocketAddr::new(inside.ip(), port));
        if let Some(place) = places.into_iter().find(is_free) {
            self.outside.insert(inside, place);
        }
    }

    pub(crate) fn outside_of(&self, inside: SocketAddr) -> SocketAddr {
        self.outside.get(&inside).copied().unwrap_or(inside)
    }

    /// Who is reached at an address.
    pub(crate) fn inside_of(&self, address: SocketAddr) -> Option<SocketAddr> {
        let behind = self.outside.iter().find(|(_, outside)| **outside == address).map(|(inside, _)| *inside);
        let is_reached = PORTS.contains(&address.port()) && !self.outside.contains_key(&address);
        behind.or_else(|| is_reached.then_some(address))
    }

    /// A far end's packet on its way: as whose it is seen, and what attackers send for it.
    pub(crate) fn pass(
        &mut self,
        now: Instant,
        inside: SocketAddr,
        to: SocketAddr,
        bytes: &[u8],
    ) -> (SocketAddr, Vec<Shot>) {
        let from = self.outside_of(inside);
        (from, self.attackers.see(now, from, to, bytes))
    }

    /// A packet has arrived, and this became of it; what attackers send for it.
    pub(crate) fn arrive(&mut self, arrival: Arrival) -> Vec<Shot> {
        let is_check = arrival.by == By::FarEnd && rtp::Kind::of(&arrival.bytes) == rtp::Kind::Stun;
        let copies = match is_check {
            true => self.attackers.copy_check(arrival.from, arrival.to, &arrival.bytes),
            false => Vec::new(),
        };
        self.arrivals.push(arrival);
        copies
    }
}
