//! What the book is told to keep, and what its addresses are.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sip_stack::Transport;
use sip_stack::locate::Target;

use crate::standing::Rules;

/// One server to keep in the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The same across revisions of the configuration.
    pub key: Arc<str>,
    /// Its SIP URI.
    pub target: Arc<str>,
    pub interface: Option<u16>,
    pub rules: Rules,
    /// `None`: its addresses aren't probed.
    pub every: Option<Duration>,
    /// How long an address may take to answer a probe.
    pub patience: Duration,
    /// Answers to a probe that are none.
    pub dead_on: Arc<[u16]>,
}

/// Where a server can be reached: one of its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    pub transport: Transport,
    pub address: SocketAddr,
}

impl Place {
    pub fn of(target: &Target) -> Place {
        Place { transport: target.transport, address: target.address }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport, self.address)
    }
}
