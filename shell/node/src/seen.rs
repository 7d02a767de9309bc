//! What was seen of a call: by the house itself, and by those who tell it what they have seen.

use observers::{Observation, Observers, Wanted};
use serde::{Deserialize, Serialize};
use telemetry::{Found, Sighting, Way};

use crate::recorder::FlightRecorder;

/// Messages of one call, all in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// What the house saw itself.
    #[serde(flatten)]
    pub own: Found,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observed: Vec<Observation>,
}

impl Seen {
    pub fn of(wanted: Wanted<'_>, flight: &FlightRecorder, observers: &Observers) -> Seen {
        let own = flight.of(wanted.call_ids);
        let observed = observers.of(wanted, &own.messages, |dialogs| flight.known(dialogs));
        Seen { own, observed }
    }

    pub fn is_empty(&self) -> bool {
        self.own.messages.is_empty() && self.observed.is_empty()
    }

    /// Who else has seen a message of ours.
    pub fn others_at(&self, place: usize) -> impl Iterator<Item = &str> {
        self.observed.iter().filter(move |one| one.same_as == Some(place)).map(|one| &*one.observer)
    }

    /// What others alone have seen.
    pub fn reported(&self) -> impl Iterator<Item = &Observation> {
        self.observed.iter().filter(|one| one.same_as.is_none())
    }

    /// Each message once, in order of time, and who reports it besides the house, or in its place.
    pub fn in_order(&self) -> Vec<(Sighting, Option<String>)> {
        let mut all: Vec<(Sighting, Option<String>)> = Vec::new();
        for (place, message) in self.own.messages.iter().enumerate() {
            let others: Vec<&str> = self.others_at(place).collect();
            let says = (!others.is_empty()).then(|| format!("reported by {}, too", others.join(" and ")));
            all.push((message.clone(), says));
        }
        for one in self.reported() {
            let Observation { at_us, from, to, .. } = *one;
            let (transport, text) = (one.transport.clone(), one.text.clone());
            let message = Sighting { at_us, way: Way::Sent, transport, local: from, remote: to, text };
            all.push((message, Some(format!("reported by {}", one.observer))));
        }
        all.sort_by_key(|(message, _)| message.at_us);
        all
    }
}
