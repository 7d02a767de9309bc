//! The addresses of servers probed with OPTIONS; OPTIONS of others answered.
//!
//! It knows nothing of trunks or routes, and not even who is down: it asks each address of the book, and the
//! book makes of the answers what it likes.
//!
//! Start at `Health`.

mod answer;
mod probe;

use std::time::{Duration, Instant};

use sip_message::Message;
use sip_stack::{ClientId, Late, Listener, Send, Stack};
use targets::{Book, Cause, Outcome};

pub use answer::answer_options;
use probe::Probe;

/// The room number of health among the owners of transactions.
pub const ROOM: u8 = 2;

/// What health may use while it handles one event.
pub struct Surroundings<'a> {
    pub now: Instant,
    pub stack: &'a mut Stack,
    pub listeners: &'a [Listener],
    pub book: &'a mut Book,
    pub sends: &'a mut Vec<Send>,
}

/// A probe for each address of the book whose server wants it.
#[derive(Default)]
pub struct Health {
    probes: Vec<Probe>,
    /// Those of addresses that are gone, until they would have been due: some come back before.
    former: Vec<Probe>,
    /// The edition of the book that the probes belong to.
    edition: Option<u64>,
}

impl Health {
    /// When some address is due.
    pub fn deadline(&self, book: &Book) -> Option<Instant> {
        let asking = self.former.iter().filter(|probe| probe.is_asking());
        self.probes.iter().chain(asking).filter_map(|probe| probe.deadline(book)).min()
    }

    /// Follows the book: addresses come and go with what DNS says.
    pub fn follow(&mut self, now: Instant, book: &Book) {
        if self.edition == Some(book.edition()) {
            return;
        }
        self.edition = Some(book.edition());
        let mut known = std::mem::take(&mut self.probes);
        known.append(&mut self.former);
        let all =
            (0..book.len()).filter(|index| book.watch_of(*index).is_some_and(|one| one.every.is_some()));
        let all: Vec<_> =
            all.flat_map(|index| book.places(index).map(move |(place, _)| (index, place))).collect();
        let spread = u32::try_from(all.len()).unwrap_or(u32::MAX).max(1);
        for (at, (index, place)) in (0u32..).zip(all) {
            let Some(watch) = book.watch_of(index) else { continue };
            let before = known.iter().position(|probe| probe.key == watch.key && probe.place == place);
            let first = now + watch.every.unwrap_or_default().min(FIRST_PROBES) * at / spread;
            self.probes.push(match before {
                Some(known_at) => known.swap_remove(known_at).of(index),
                None => Probe::new(watch.key.clone(), index, place, first),
            });
        }
        let early = known.into_iter().filter(|probe| probe.is_early(now));
        self.former = early
            .filter_map(|probe| Some(book.find(probe.index, &probe.key)?).map(|at| probe.of(at)))
            .collect();
    }

    /// Probes whoever is due, and gives up who has not answered in time.
    pub fn expire(&mut self, around: &mut Surroundings<'_>) {
        let asking = self.former.iter_mut().filter(|probe| probe.is_asking());
        for probe in self.probes.iter_mut().chain(asking) {
            if probe.deadline(around.book).is_some_and(|at| at <= around.now) {
                probe.expire(around);
            }
        }
    }

    /// A response to a probe: whatever it says, somebody is there, unless the trunk takes it for dead. Who
    /// says when to come back is left alone until then.
    pub fn answered(&mut self, around: &mut Surroundings<'_>, client: ClientId, message: &Message<'_>) {
        let Some(probe) = self.probe_of(client) else { return };
        let status = message.status().unwrap_or_default();
        if status < 200 {
            return;
        }
        let watch = around.book.watch_of(probe.index);
        let outcome = match (watch.is_some_and(|watch| watch.dead_on.contains(&status)), status) {
            (true, _) => Outcome::Failed(Cause::Answered(status)),
            (false, 503) => match message.retry_after() {
                Ok(Some(seconds)) => Outcome::Rests(Duration::from_secs(seconds.into())),
                Ok(None) | Err(_) => Outcome::Answered,
            },
            (false, _) => Outcome::Answered,
        };
        probe.ended(around, outcome);
    }

    fn probe_of(&mut self, client: ClientId) -> Option<&mut Probe> {
        self.probes.iter_mut().chain(&mut self.former).find(|probe| probe.is_client(client))
    }

    /// No response to a probe.
    pub fn late(&mut self, around: &mut Surroundings<'_>, late: &Late) {
        let (client, cause) = match late {
            Late::Timeout { client, .. } => (*client, Cause::NoAnswerToOptions),
            Late::FlowFailed { client, .. } => (*client, Cause::NoConnection),
            Late::NoAck { .. } => return,
        };
        if let Some(probe) = self.probe_of(client) {
            probe.ended(around, Outcome::Failed(cause));
        }
    }
}

/// Within this time after the start every address has been probed once.
const FIRST_PROBES: Duration = Duration::from_secs(5);
