//! What crossed the wire in the demo, kept from the tap for its ladders.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use sip_message::Message;
use switch_io::{Tapped, Way};

use crate::ladder::{Arrow, HOUSE, Ladder};

/// One message, kept from the tap.
#[derive(Clone, Debug)]
pub struct Kept {
    at: Instant,
    remote: IpAddr,
    way: Way,
    call_id: String,
    label: (String, String),
}

impl Kept {
    /// What a ladder needs of a message; nothing, if it is none.
    pub fn of(tapped: Tapped<'_>) -> Option<Kept> {
        let message = Message::parse(tapped.bytes).ok()?;
        let (at, way, remote) = (tapped.at, tapped.way, tapped.flow.remote.ip());
        let call_id = message.call_id().to_owned();
        Some(Kept { at, remote, way, call_id, label: Ladder::label(&message) })
    }
}

/// The ladder of the dialogs named by their Call-IDs.
pub fn ladder(kept: &[Kept], call_ids: &[&str], name_of: impl Fn(IpAddr) -> Option<&'static str>) -> Ladder {
    let of_call: Vec<_> = kept.iter().filter(|kept| call_ids.contains(&&*kept.call_id)).collect();
    let start = of_call.first().map(|kept| kept.at);
    let arrows = of_call.into_iter().map(|kept| {
        let other = name_of(kept.remote).unwrap_or("?");
        let (from, to) = match kept.way {
            Way::Received => (other, HOUSE),
            Way::Sent => (HOUSE, other),
        };
        let since = start.map_or(Duration::ZERO, |start| kept.at.saturating_duration_since(start));
        let (what, note) = kept.label.clone();
        let (from, to, seen_by) = (from.into(), to.into(), vec![HOUSE.to_owned()]);
        Arrow { at_ms: since.as_millis() as u64, from, to, what, note, seen_by }
    });
    Ladder::of(arrows.collect())
}
