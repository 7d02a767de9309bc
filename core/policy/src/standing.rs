//! How servers stand, as far as a decision may know it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{ServerId, WallTime};

/// The servers that are not simply up; one table for all calls until something changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Standings(Arc<BTreeMap<ServerId, ServerFact>>);

/// What is known of one server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerFact {
    /// Empty: its name leads nowhere.
    pub addresses: Vec<AddressFact>,
    /// Since when DNS says nothing new about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_since: Option<WallTime>,
}

/// What is known of one address of a server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddressFact {
    /// Transport, address and port.
    pub address: String,
    #[serde(flatten)]
    pub standing: Standing,
}

/// How an address stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "lowercase")]
pub enum Standing {
    /// Nobody has asked it yet; it is used.
    Unknown,
    Up,
    Down {
        since: WallTime,
        cause: String,
    },
    /// It was down and begins to answer.
    Probing,
    /// It was down, and takes so many of a hundred calls.
    Returning {
        share: u8,
    },
    /// It asked to be left alone.
    Resting {
        until: WallTime,
    },
}

/// How much a server is worth a try; the lower, the sooner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Ready,
    /// It was down a moment ago.
    Doubtful,
    /// It is there, and asked not to be called.
    Resting,
    Down,
}

impl Standings {
    /// A table of these servers.
    pub fn new(servers: BTreeMap<ServerId, ServerFact>) -> Standings {
        Standings(Arc::new(servers))
    }

    /// These servers are down, and nothing else is known of them.
    pub fn down(servers: impl IntoIterator<Item = ServerId>) -> Standings {
        let lost = |server| {
            let standing = Standing::Down { since: WallTime(0), cause: "taken to be lost".to_owned() };
            (
                server,
                ServerFact {
                    addresses: vec![AddressFact { address: "all".into(), standing }],
                    stale_since: None,
                },
            )
        };
        Standings::new(servers.into_iter().map(lost).collect())
    }

    /// Whether every server is simply up.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is known of a server that is not simply up.
    pub fn of(&self, server: ServerId) -> Option<&ServerFact> {
        self.0.get(&server)
    }

    /// `lot`, below 100, decides about servers that take only a share of the calls.
    pub(crate) fn rank(&self, server: ServerId, lot: u8) -> Rank {
        let Some(fact) = self.of(server) else { return Rank::Ready };
        let rank = |address: &AddressFact| match &address.standing {
            Standing::Unknown | Standing::Up => Rank::Ready,
            Standing::Returning { share } if lot < *share => Rank::Ready,
            Standing::Returning { .. } | Standing::Probing => Rank::Doubtful,
            Standing::Resting { .. } => Rank::Resting,
            Standing::Down { .. } => Rank::Down,
        };
        fact.addresses.iter().map(rank).min().unwrap_or(Rank::Down)
    }

    /// Whether a part of a server asked to be left alone, and another counts as down: that may be back, and
    /// nobody knows yet.
    pub(crate) fn rests_in_part(&self, server: ServerId) -> bool {
        let all = self.of(server).map_or([].as_slice(), |fact| &fact.addresses);
        let is_resting = |address: &AddressFact| matches!(address.standing, Standing::Resting { .. });
        let is_down = |address: &AddressFact| matches!(address.standing, Standing::Down { .. });
        all.iter().any(is_resting) && all.iter().any(is_down)
    }
}

impl fmt::Display for ServerFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.addresses.is_empty() {
            f.write_str("dns: its name leads nowhere")?;
        }
        for (index, address) in self.addresses.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{} {}", address.address, address.standing)?;
        }
        match self.stale_since {
            Some(since) => write!(f, "; DNS has said nothing new since {}", Clock(since)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Standing::Unknown => f.write_str("not asked yet"),
            Standing::Up => f.write_str("up"),
            Standing::Down { since: WallTime(0), cause } => write!(f, "down: {cause}"),
            Standing::Down { since, cause } => write!(f, "down since {}: {cause}", Clock(*since)),
            Standing::Probing => f.write_str("probing: it begins to answer"),
            Standing::Returning { share } => write!(f, "returning with {share} % of the calls"),
            Standing::Resting { until } => write!(f, "resting until {}: it answered 503", Clock(*until)),
        }
    }
}

/// A wall time as hours, minutes and seconds, UTC.
pub(crate) struct Clock(pub WallTime);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.0.div_euclid(1000).rem_euclid(86_400);
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        write!(f, "{hours:02}:{minutes:02}:{:02} UTC", seconds % 60)
    }
}
