//! The book: every server with its addresses.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use sip_stack::locate::{DnsAnswer, DnsFound, DnsQuestion, Target};
use sip_stack::{Chance, Listener};

use crate::row::{Change, Outcome, Probed, Row};
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

/// When an address is to be asked for its OPTIONS again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attention {
    pub haste: Haste,
    /// It asked to be left alone until then.
    pub not_before: Option<Instant>,
}

/// How soon an address is to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    Usual,
    /// The last that was heard of it was bad, and nothing follows from it yet.
    Doubt,
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
                ranked.push((rank(row.standing, wish, chance), target));
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

    /// The addresses of a server that were left out when others of it were asked, for whoever has nobody
    /// else. Nothing where none of it was asked.
    pub fn left_out(
        &self,
        now: Instant,
        index: usize,
        (wish, asked): (Wish, &[Place]),
        chance: &mut Chance,
    ) -> Vec<Target> {
        let Some(server) = self.servers.get(index) else { return Vec::new() };
        if !server.rows.iter().any(|row| asked.contains(&row.place)) {
            return Vec::new();
        }
        let mut found = server.drawn(&mut Desk { listeners: &self.listeners, chance });
        let is_open = |row: &Row| wish == Wish::Everything || row.rests(now).is_none();
        found.retain(|target| {
            let place = Place::of(target);
            !asked.contains(&place) && server.row(place).is_some_and(is_open)
        });
        found
    }

    /// Whether an address is to be left alone now.
    pub fn rests(&self, now: Instant, index: usize, place: Place) -> bool {
        let row = self.servers.get(index).and_then(|server| server.row(place));
        row.is_some_and(|row| row.rests(now).is_some())
    }

    /// Whether some of a server is to be left alone now, and all the rest of it counts as down.
    pub fn has_come_to_rest(&self, now: Instant, index: usize) -> bool {
        let rows = self.servers.get(index).map_or([].as_slice(), |server| &server.rows);
        let rests = |row: &Row| row.rests(now).is_some();
        rows.iter().any(rests) && rows.iter().all(|row| rests(row) || row.standing.is_down())
    }

    /// Whether a server may be expected to answer: some address of it neither rests nor counts as down.
    pub fn is_there(&self, index: usize) -> bool {
        let Some(server) = self.servers.get(index) else { return false };
        let is_good = |row: &Row| !matches!(row.standing, Standing::Down { .. } | Standing::Resting { .. });
        matches!(server.known, Known::Nothing) || server.rows.iter().any(is_good)
    }

    /// Something was asked of an address, and this came of it.
    pub fn note(&mut self, now: Instant, index: usize, place: Place, outcome: Outcome) {
        let Some(server) = self.servers.get_mut(index) else { return };
        let rules = server.watch.rules;
        match server.rows.iter().position(|row| row.place == place) {
            Some(row) => self.change(index, row, |row, _| row.note(now, outcome, &rules)),
            // DNS ceased to name it while it was asked, and may name it again.
            None => server.former_row(place).into_iter().for_each(|row| row.note(now, outcome, &rules)),
        }
    }

    /// Another shard found out how an address stands.
    pub fn learn(&mut self, key: &str, place: Place, standing: Standing) {
        for server in self.servers.iter_mut().filter(|server| &*server.watch.key == key) {
            server.former_row(place).into_iter().for_each(|row| row.learn(standing));
            for row in server.rows.iter_mut().filter(|row| row.place == place) {
                row.learn(standing);
                self.edition += 1;
            }
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

    /// What DNS said last when it was asked this, and all that was asked with it to find a server.
    pub fn said_last(&self, question: &DnsQuestion) -> impl Iterator<Item = &DnsAnswer> {
        let is_said = |answer: &&DnsAnswer| answer.found != DnsFound::Failed;
        let has_it = |server: &&Server| {
            server.answers().iter().filter(is_said).any(|answer| answer.question == *question)
        };
        let server = self.servers.iter().find(has_it);
        server.into_iter().flat_map(Server::answers).filter(is_said)
    }

    /// Since when DNS says nothing new about where a server is.
    pub fn stale_since(&self, index: usize) -> Option<Instant> {
        match &self.servers.get(index)?.known {
            Known::Answers { stale_since, .. } => *stale_since,
            Known::Nothing | Known::Missing => None,
        }
    }

    /// When an address wants to be asked again.
    pub fn attention(&self, index: usize, place: Place) -> Attention {
        let row = self.servers.get(index).and_then(|server| server.row(place));
        let haste = if row.is_some_and(Row::is_in_doubt) { Haste::Doubt } else { Haste::Usual };
        Attention { haste, not_before: row.and_then(|row| row.rests_until) }
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

    fn change(&mut self, index: usize, row: usize, event: impl FnOnce(&mut Row, Probed)) {
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
fn rank(standing: Standing, wish: Wish, chance: &mut Chance) -> u8 {
    match standing {
        Standing::Unknown | Standing::Up => READY,
        Standing::Returning { share } if chance.below(100) < u32::from(share) => READY,
        Standing::Returning { .. } | Standing::Probing { .. } => TRIED,
        // Who rests may be asked if nobody else is there: so the dead show first that they are.
        Standing::Resting { .. } if wish == Wish::Sparing => DEAD + 1,
        Standing::Resting { .. } => DEAD,
        Standing::Down { .. } if wish == Wish::Sparing => DEAD,
        Standing::Down { .. } => DEAD + 1,
    }
}
