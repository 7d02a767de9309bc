//! One server: what it is called, where it is, how its addresses stand.

use std::time::{Duration, Instant};

use sip_message::Uri;
use sip_stack::locate::{DnsAnswer, DnsQuestion, Families, Locate, Step, Target, Usable};
use sip_stack::{Chance, Listener};

use crate::row::{Probed, Row};
use crate::search::{Found, Freshness, Search};
use crate::watch::{Place, Watch};

/// An address that DNS names again within this time stands as it did: some names show a part of their
/// addresses, another one each time.
const FORMER_FOR: Duration = Duration::from_secs(600);
const FORMERS_MAX: usize = 64;

/// What is known of where a server is.
#[derive(Clone, Debug)]
pub(crate) enum Known {
    /// Nobody has answered yet.
    Nothing,
    /// What DNS said; nothing for an address that stands in the URI.
    Answers { answers: Vec<DnsAnswer>, stale_since: Option<Instant> },
    /// There is no such name, or nobody could ever say.
    Missing,
}

impl Known {
    fn answers(&self) -> &[DnsAnswer] {
        match self {
            Known::Answers { answers, .. } => answers,
            Known::Nothing | Known::Missing => &[],
        }
    }
}

#[derive(Debug)]
pub(crate) struct Server {
    pub watch: Watch,
    pub known: Known,
    pub rows: Vec<Row>,
    /// Addresses that DNS names no more, and since when.
    former: Vec<(Instant, Row)>,
    search: Option<Box<Search>>,
    refresh_at: Option<Instant>,
}

impl Server {
    pub fn new(now: Instant, watch: Watch) -> Server {
        let (rows, former) = (Vec::new(), Vec::new());
        Server { watch, known: Known::Nothing, rows, former, search: None, refresh_at: Some(now) }
    }

    /// The same server as a newer revision has it.
    pub fn with(self, now: Instant, watch: Watch) -> Server {
        let is_same_place = self.watch.interface == watch.interface;
        let refresh_at = match (is_same_place, &self.search) {
            (true, None) => self.refresh_at,
            _ => Some(now),
        };
        Server { watch, search: None, refresh_at, ..self }
    }

    pub fn probed(&self) -> Probed {
        if self.watch.every.is_some() { Probed::Regularly } else { Probed::Never }
    }

    pub fn deadline(&self) -> Option<Instant> {
        let probed = self.probed();
        self.rows.iter().filter_map(|row| row.deadline(probed)).chain(self.refresh_at).min()
    }

    /// Asks where it is, if it is time.
    pub fn refresh(&mut self, now: Instant, desk: &mut Desk<'_>) -> Option<DnsQuestion> {
        self.refresh_at.take_if(|at| *at <= now)?;
        let transports = Listener::transports(desk.listeners, self.watch.interface);
        let usable = Usable { transports: &transports, families: Families::Both };
        self.search = Search::begin(&self.watch.target, usable).map(Box::new);
        self.step(now, None, desk)
    }

    /// The answer to its question, and the next one.
    pub fn located(&mut self, now: Instant, answer: DnsAnswer, desk: &mut Desk<'_>) -> Option<DnsQuestion> {
        let is_its = self.search.as_ref().is_some_and(|search| search.waits_for(&answer));
        if is_its { self.step(now, Some(answer), desk) } else { None }
    }

    fn step(&mut self, now: Instant, answer: Option<DnsAnswer>, desk: &mut Desk<'_>) -> Option<DnsQuestion> {
        let search = self.search.as_mut()?;
        let before = self.known.answers();
        match search.step(answer, before, desk.chance) {
            Found::Ask(question) => return Some(question),
            Found::Known { targets, answers, ttl, freshness } => {
                let is_fixed = answers.is_empty();
                let since = match &self.known {
                    Known::Answers { stale_since, .. } => stale_since.unwrap_or(now),
                    Known::Nothing | Known::Missing => now,
                };
                let stale_since = (freshness == Freshness::Stale).then_some(since);
                self.known = Known::Answers { answers, stale_since };
                self.refresh_at = (!is_fixed).then(|| now + ttl);
                self.take_rows(now, &targets, desk.listeners);
            }
            Found::Unsaid { ttl } if matches!(self.known, Known::Answers { .. }) => {
                if let Known::Answers { stale_since, .. } = &mut self.known {
                    stale_since.get_or_insert(now);
                }
                self.refresh_at = Some(now + ttl);
            }
            Found::Nothing { ttl } | Found::Unsaid { ttl } => {
                self.known = Known::Missing;
                self.take_rows(now, &[], desk.listeners);
                self.refresh_at = Some(now + ttl);
            }
        }
        self.search = None;
        None
    }

    /// Addresses that are still there, or there again, keep their standing.
    fn take_rows(&mut self, now: Instant, targets: &[Target], listeners: &[Listener]) {
        let mut places: Vec<Place> = Vec::with_capacity(targets.len());
        for target in targets {
            let place = Place::of(target);
            let reach =
                Listener::toward(listeners, place.transport, place.address.ip(), self.watch.interface);
            if reach.is_some() && !places.contains(&place) {
                places.push(place);
            }
        }
        places.sort_unstable();
        let mut before: Vec<(Instant, Row)> = self.rows.drain(..).map(|row| (now, row)).collect();
        before.append(&mut self.former);
        for place in places {
            let known = before.iter().position(|(_, row)| row.place == place);
            self.rows.push(known.map_or_else(|| Row::new(place), |at| before.remove(at).1));
        }
        before.retain(|(since, _)| now < *since + FORMER_FOR);
        before.truncate(FORMERS_MAX);
        self.former = before;
    }

    /// Its addresses in the order of RFC 3263, drawn anew by weight each time.
    pub fn drawn(&self, desk: &mut Desk<'_>) -> Vec<Target> {
        let Known::Answers { answers, .. } = &self.known else { return Vec::new() };
        let Ok(uri) = Uri::parse(&self.watch.target) else { return Vec::new() };
        let transports = Listener::transports(desk.listeners, self.watch.interface);
        let usable = Usable { transports: &transports, families: Families::Both };
        match Locate::begin(&uri, usable).step(answers, desk.chance) {
            Step::Found(targets) => targets,
            Step::Ask(_) | Step::NotFound => Vec::new(),
        }
    }

    /// What DNS said last.
    pub fn answers(&self) -> &[DnsAnswer] {
        self.known.answers()
    }

    /// An address that DNS names no more.
    pub fn former_row(&mut self, place: Place) -> Option<&mut Row> {
        self.former.iter_mut().map(|(_, row)| row).find(|row| row.place == place)
    }

    pub fn row(&self, place: Place) -> Option<&Row> {
        self.rows.iter().find(|row| row.place == place)
    }
}

/// What a server may use while it handles one event.
pub(crate) struct Desk<'a> {
    pub listeners: &'a [Listener],
    pub chance: &'a mut Chance,
}
