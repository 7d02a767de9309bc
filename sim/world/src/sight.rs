//! What judges see.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

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
