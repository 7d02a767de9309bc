//! The flight recorder's ear at the sockets.

use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use sip_stack::Listener;
use switch_io::{Tap, Tapped};
use telemetry::{Flight, Seen, Way};

/// Hands every message to the recorder, with the wall time that it was seen at.
pub fn tap(flight: Flight, listeners: Arc<[Listener]>) -> Tap {
    let began = (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
    Box::new(move |tapped| {
        let Some(listener) = listeners.get(usize::from(tapped.flow.listener.0)) else { return };
        let since = began.1 + tapped.at.saturating_duration_since(began.0);
        flight.note(seen(&tapped, listener, i64::try_from(since.as_micros()).unwrap_or(i64::MAX)));
    })
}

fn seen<'a>(tapped: &Tapped<'a>, listener: &Listener, at_us: i64) -> Seen<'a> {
    Seen {
        at_us,
        way: match tapped.way {
            switch_io::Way::Received => Way::Received,
            switch_io::Way::Sent => Way::Sent,
        },
        transport: tapped.flow.transport.name(),
        local: listener.bind,
        remote: tapped.flow.remote,
        bytes: tapped.bytes,
    }
}
