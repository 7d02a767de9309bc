//! What is known of a call to a conference.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use media::{MeetingKey, Seat};
use policy::Conference;

/// A party of a conference.
pub(crate) struct Meets {
    pub conference: Arc<Conference>,
    /// What the party has offered us is answered; what we have offered is answered in the ACK.
    pub offer: Offer,
    /// How often the party had described itself when it took its seat.
    pub described: u32,
    pub seat: Option<Box<Seat>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    Answered,
    Made,
}

/// Names the meeting that is held in a conference.
pub(crate) fn meeting_of(conference: &Conference) -> MeetingKey {
    let mut hasher = DefaultHasher::new();
    conference.name().hash(&mut hasher);
    MeetingKey(hasher.finish())
}
