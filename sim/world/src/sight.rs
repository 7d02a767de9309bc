//! What judges see.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actors::{Kind, Noted};
use call::{Event, Record};
use policy::Policy;
use sip_stack::Transport;

/// One thing that happened, as seen from nowhere.
#[derive(Clone, Copy)]
pub enum Sight<'a> {
    HouseSent { at: Instant, transport: Transport, to: SocketAddr, bytes: &'a [u8] },
    HouseReceived { at: Instant, transport: Transport, from: SocketAddr, bytes: &'a [u8] },
    Kept { at: Instant, record: &'a Record },
    Told { event: &'a Event },
    Noted { at: Instant, actor: &'a str, kind: Kind, noted: &'a Noted },
    Adopted { policy: &'a Arc<Policy> },
}

/// One SIP message as it passed between the house and a far end.
#[derive(Clone, Debug)]
pub(crate) struct Overheard {
    /// Since the world began.
    pub at: Duration,
    pub way: Way,
    pub transport: Transport,
    pub far: SocketAddr,
    pub bytes: Vec<u8>,
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    FromHouse,
    ToHouse,
}

impl Overheard {
    /// Of what is seen, the messages.
    pub(crate) fn of(base: Instant, sight: &Sight<'_>) -> Option<Overheard> {
        let (at, way, transport, far, bytes) = match sight {
            Sight::HouseSent { at, transport, to, bytes } => (at, Way::FromHouse, transport, to, bytes),
            Sight::HouseReceived { at, transport, from, bytes } => (at, Way::ToHouse, transport, from, bytes),
            _ => return None,
        };
        let (at, bytes) = (at.duration_since(base), bytes.to_vec());
        Some(Overheard { at, way, transport: *transport, far: *far, bytes })
    }
}
