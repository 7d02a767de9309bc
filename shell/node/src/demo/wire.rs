//! What crossed the wire in the demo, kept from the tap for its ladders.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use ladder::{Arrow, HOUSE, Ladder, Sort, sort_of};
use sip_message::Message;
use switch_io::{Tapped, Way};

/// One message, kept from the tap.
#[derive(Clone, Debug)]
pub struct Kept {
    at: Instant,
    remote: IpAddr,
    way: Way,
    call_id: String,
    label: (String, String),
    sort: Sort,
    transport: &'static str,
    bytes: usize,
}

impl Kept {
    /// What a ladder needs of a message; nothing, if it is none.
    pub fn of(tapped: Tapped<'_>) -> Option<Kept> {
        let message = Message::parse(tapped.bytes).ok()?;
        let (at, way, remote) = (tapped.at, tapped.way, tapped.flow.remote.ip());
        let call_id = message.call_id().to_owned();
        let (transport, bytes) = (tapped.flow.transport.name(), tapped.bytes.len());
        let (label, sort) = (Ladder::label(&message), sort_of(&message.start()));
        Some(Kept { at, remote, way, call_id, label, sort, transport, bytes })
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
        Arrow {
            at_ms: since.as_millis() as u64,
            from: from.to_owned(),
            to: to.to_owned(),
            what,
            note,
            sort: kept.sort,
            seen_by: vec![HOUSE.to_owned()],
            reported: None,
            transport: kept.transport.to_owned(),
            bytes: kept.bytes,
            repeat: 0,
            whole: None,
        }
    });
    Ladder::of(arrows.collect())
}
