//! The book: every server with its addresses.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use sip_stack::locate::{DnsAnswer, DnsQuestion, Target};
use sip_stack::{Chance, Listener};

use crate::row::{Change, Outcome};
use crate::server::{Desk, Known, Server};
use crate::standing::Standing;
use crate::watch::{Place, Watch};

/// Every server of every trunk, in the order in which they were given.
pub struct Book {
    listeners: Arc<[Listener]>,
    servers: Vec<Server>,
    changes: Vec<Change>,
    edition: u64,
}

/// Where a call may try to reach a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Nobody has said yet where it is.
    Unknown,
    /// Its name leads nowhere.
    Missing,
    /// In this order; never empty.
    To(Vec<Target>),
}

/// How much a call wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Addresses that are dead are left out, as long as another is there.
    Sparing,
    /// Every address.
    Everything,
}

impl Book {
    pub fn new(listeners: Arc<[Listener]>) -> Book {
        Book { listeners, servers: Vec::new(), changes: Vec::new(), edition: 0 }
    }

    /// Keeps these from now on; what is known of a server that was kept before stays known.
    pub fn watch(&mut self, now: Instant, watches: Vec<Watch>) {
        let mut known = std::mem::take(&mut self.servers);
        for watch in watches {
            let is_it = |server: &Server| server.watch.key == watch.key;
            self.servers.push(match known.iter().position(is_it) {
                Some(at) => known.swap_remove(at).with(now, watch),
                None => Server::new(now, watch),
            });
        }
        self.edition += 1;
    }

    /// Rises whenever an address or a standing has changed.
    pub fn edition(&self) -> u64 {
        self.edition
    }

    /// When something is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.servers.iter().filter_map(Server::deadline).min()
    }

    /// Looks names up again, and ends what was to last until now.
    pub fn expire(&mut self, now: Instant, chance: &mut Chance, asks: &mut Vec<(usize, DnsQuestion)>) {
        for index in 0..self.servers.len() {
            if self.servers[index].deadline().is_none_or(|at| now < at) {
                continue;
            }
            self.edition += 1;
            for row in 0..self.servers[index].rows.len() {
                self.change(index, row, |row, probed| row.expire(now, probed));
            }
            let mut desk = Desk { listeners: &self.listeners, chance };
            asks.extend(self.servers[index].refresh(now, &mut desk).map(|question| (index, question)));
        }
    }

    /// The answer to a server's question.
    pub fn located(
        &mut self,
        now: Instant,
        (index, answer): (usize, DnsAnswer),
        chance: &mut Chance,
        asks: &mut Vec<(usize, DnsQuestion)>,
    ) {
        let Some(server) = self.servers.get_mut(index) else { return };
        let mut desk = Desk { listeners: &self.listeners, chance };
        asks.extend(server.located(now, answer, &mut desk).map(|question| (index, question)));
        self.edition += 1;
    }

    /// The addresses of a server, for one call.
    pub fn way(&self, index: usize, wish: Wish, chance: &mut Chance) -> Way {
        let Some(server) = self.servers.get(index) else { return Way::Unknown };
        let found = match &server.known {
            Known::Nothing => return Way::Unknown,
            Known::Missing => return Way::Missing,
            Known::Answers { .. } => {
                server.drawn(&mut Desk { listeners: &self.listeners, chance: &mut *chance })
            }
        };
        let mut ranked: Vec<(u8, Target)> = Vec::with_capacity(found.len());
        for target in found {
            if let Some(row) = server.row(Place::of(&target)) {
                ranked.push((rank(row.standing, chance), target));
            }
        }
        // Stable: within one rank the order of RFC 3263 holds.
        ranked.sort_by_key(|(rank, _)| *rank);
        let best = ranked.first().map_or(DEAD, |(rank, _)| *rank);
        ranked.retain(|(rank, _)| wish == Wish::Everything || *rank < DEAD || best >= DEAD);
        match ranked.is_empty() {
            true => Way::Missing,
            false => Way::To(ranked.into_iter().map(|(_, target)| target).collect()),
        }
    }

    /// Something was asked of an address, and this came of it.
    pub fn note(&mut self, now: Instant, index: usize, place: Place, outcome: Outcome) {
        let Some(server) = self.servers.get(index) else { return };
        let rules = server.watch.rules;
        if let Some(row) = server.rows.iter().position(|row| row.place == place) {
            self.change(index, row, |row, _| row.note(now, outcome, &rules));
        }
    }

    /// Another shard found out how an address stands.
    pub fn learn(&mut self, key: &str, place: Place, standing: Standing) {
        let of_key = self.servers.iter_mut().filter(|server| &*server.watch.key == key);
        for row in of_key.flat_map(|server| &mut server.rows).filter(|row| row.place == place) {
            row.learn(standing);
            self.edition += 1;
        }
    }

    /// The place of a server in the book; `likely` is where it was when a call was planned.
    pub fn find(&self, likely: usize, key: &str) -> Option<usize> {
        let is_it = |server: &Server| &*server.watch.key == key;
        match self.servers.get(likely) {
            Some(server) if is_it(server) => Some(likely),
            _ => self.servers.iter().position(is_it),
        }
    }

    /// How many servers there are.
    pub fn len(&self) -> usize {
        self.servers.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    /// What was said when a server was given to the book.
    pub fn watch_of(&self, index: usize) -> Option<&Watch> {
        self.servers.get(index).map(|server| &server.watch)
    }

    /// The addresses of a server, and how they stand.
    pub fn places(&self, index: usize) -> impl Iterator<Item = (Place, Standing)> {
        self.servers
            .get(index)
            .into_iter()
            .flat_map(|server| &server.rows)
            .map(|row| (row.place, row.standing))
    }

    /// Whether the name of a server leads nowhere.
    pub fn is_missing(&self, index: usize) -> bool {
        self.servers.get(index).is_some_and(|server| matches!(server.known, Known::Missing))
    }

    /// Since when DNS says nothing new about where a server is.
    pub fn stale_since(&self, index: usize) -> Option<Instant> {
        match &self.servers.get(index)?.known {
            Known::Answers { stale_since, .. } => *stale_since,
            Known::Nothing | Known::Missing => None,
        }
    }

    /// Whether the last that was heard of an address was bad, and nothing follows from it yet.
    pub fn is_in_doubt(&self, index: usize, place: Place) -> bool {
        let row = self.servers.get(index).and_then(|server| server.row(place));
        row.is_some_and(crate::row::Row::is_in_doubt)
    }

    /// Servers that have this address now.
    pub fn servers_at(&self, address: IpAddr) -> impl Iterator<Item = usize> {
        let has_it = move |server: &Server| {
            server.rows.iter().any(|row| row.place.address.ip().to_canonical() == address.to_canonical())
        };
        self.servers.iter().enumerate().filter(move |(_, server)| has_it(server)).map(|(index, _)| index)
    }

    /// What has changed since this was asked last.
    pub fn take_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    fn change(
        &mut self,
        index: usize,
        row: usize,
        event: impl FnOnce(&mut crate::row::Row, crate::row::Probed),
    ) {
        let server = &mut self.servers[index];
        let probed = server.probed();
        let row = &mut server.rows[row];
        let before = row.standing;
        event(row, probed);
        if before == row.standing {
            return;
        }
        let (place, standing) = (row.place, row.standing);
        self.changes.push(Change { key: Arc::clone(&server.watch.key), place, before, standing });
        self.edition += 1;
    }
}

const READY: u8 = 0;
const TRIED: u8 = 1;
const DEAD: u8 = 2;

/// Addresses of a lower rank are tried first.
fn rank(standing: Standing, chance: &mut Chance) -> u8 {
    match standing {
        Standing::Unknown | Standing::Up => READY,
        Standing::Returning { share } if chance.below(100) < u32::from(share) => READY,
        Standing::Returning { .. } | Standing::Probing { .. } => TRIED,
        Standing::Resting { .. } => DEAD,
        Standing::Down { .. } => DEAD + 1,
    }
}
