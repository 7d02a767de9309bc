//! The book in the words of policy, and of whoever watches.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use call::{Event, Now};
use model::{HealthCheck, Probing};
use policy::{AddressFact, InterfaceId, Policy, RecorderServer, Server, ServerFact, Standings, WallTime};
use targets::{Book, Change, Rules, Standing, Watch};

/// What the book keeps of a server of the policy.
pub(crate) fn watch_of(server: &Server) -> Watch {
    watch((&server.key, &server.target), server.interface, &server.health)
}

/// The same of a recorder's.
pub(crate) fn watch_of_recorder(server: &RecorderServer) -> Watch {
    watch((&server.key, &server.target), server.interface, &server.health)
}

fn watch(
    (key, target): (&Arc<str>, &Arc<str>),
    interface: Option<InterfaceId>,
    health: &HealthCheck,
) -> Watch {
    Watch {
        key: Arc::clone(key),
        target: Arc::clone(target),
        interface: interface.map(|interface| interface.0),
        rules: Rules {
            fail_after: health.fail_after,
            recover_after: health.recover_after,
            rest_max: health.rest_max.0,
        },
        every: match health.options {
            Probing::Every(interval) => Some(interval.0),
            Probing::Off => None,
        },
        patience: health.timeout.0,
        dead_on: health.dead_on.as_slice().into(),
    }
}

/// The servers that are not simply up.
pub(crate) fn facts(policy: &Policy, book: &Book, now: Now) -> Standings {
    let mut servers = BTreeMap::new();
    for (index, server) in policy.servers().iter().enumerate() {
        let stale_since = book.stale_since(index).map(|since| wall_of(since, now));
        let is_plain = stale_since.is_none() && !book.is_missing(index);
        if is_plain && book.places(index).all(|(_, standing)| standing.is_ready()) {
            continue;
        }
        let address = |(place, standing): (targets::Place, Standing)| AddressFact {
            address: place.to_string(),
            standing: fact_of(standing, now),
        };
        servers.insert(
            server.id,
            ServerFact { addresses: book.places(index).map(address).collect(), stale_since },
        );
    }
    Standings::new(servers)
}

fn fact_of(standing: Standing, now: Now) -> policy::Standing {
    match standing {
        Standing::Unknown => policy::Standing::Unknown,
        Standing::Up => policy::Standing::Up,
        Standing::Down { since, cause } => {
            policy::Standing::Down { since: wall_of(since, now), cause: cause.to_string() }
        }
        Standing::Probing { .. } => policy::Standing::Probing,
        Standing::Returning { share } => policy::Standing::Returning { share },
        Standing::Resting { until } => policy::Standing::Resting { until: wall_of(until, now) },
    }
}

/// A moment as the wall clock has it.
fn wall_of(at: Instant, now: Now) -> WallTime {
    let ms = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    let before = ms(now.instant.saturating_duration_since(at));
    let after = ms(at.saturating_duration_since(now.instant));
    WallTime(now.wall.0.saturating_sub(before).saturating_add(after))
}

/// What is told of a change, if it matters to anybody.
pub(crate) fn told(change: &Change, now: Now) -> Option<Event> {
    let (at, server, address) = (now.wall, change.key.clone(), change.place.to_string());
    let was_away = !change.before.is_ready() && !matches!(change.before, Standing::Returning { .. });
    match change.standing {
        Standing::Down { cause, .. } if !change.before.is_down() => {
            Some(Event::PeerDown { at, server, address, cause: cause.to_string() })
        }
        Standing::Resting { until } => {
            Some(Event::PeerRests { at, server, address, until: wall_of(until, now) })
        }
        Standing::Up | Standing::Returning { .. } if was_away => Some(Event::PeerUp { at, server, address }),
        _ => None,
    }
}

/// What is told of names that lead nowhere any more, or lead somewhere again.
pub(crate) fn told_names(policy: &Policy, before: &Standings, after: &Standings, now: Now) -> Vec<Event> {
    let is_lost = |standings: &Standings, server: &Server| {
        standings.of(server.id).is_some_and(|fact| fact.addresses.is_empty())
    };
    let event = |server: &Server| {
        let (at, key, address) = (now.wall, server.key.clone(), String::new());
        match (is_lost(before, server), is_lost(after, server)) {
            (false, true) => {
                let cause = "dns: its name leads nowhere".to_owned();
                Some(Event::PeerDown { at, server: key, address, cause })
            }
            (true, false) => Some(Event::PeerUp { at, server: key, address }),
            _ => None,
        }
    };
    policy.servers().iter().filter_map(event).collect()
}
