//! What the loops are told at the start.

use std::sync::Arc;
use std::time::Duration;

use sip_stack::Listener;
use websocket::{Origins, Pages};

use crate::handed::Handed;
use crate::tls::Tls;

/// Where to listen, and how much to bear.
#[derive(Clone, Debug)]
pub struct Settings {
    pub listeners: Vec<ListenerSettings>,
    /// What listens already; other addresses are bound.
    pub handed: Arc<Handed>,
    pub limits: Limits,
}

/// One listening address; `tls` is needed where the transport is within TLS.
#[derive(Clone, Debug)]
pub struct ListenerSettings {
    pub listener: Listener,
    pub tls: Option<Tls>,
    /// The web pages that may come, where the transport is WebSocket.
    pub origins: Origins,
    /// The pages that are given there to who asks.
    pub pages: Pages,
    /// The code point that what leaves it is marked with.
    pub mark: u8,
}

/// How much one shard bears.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once; above, a new one is closed at once.
    pub connections: usize,
    /// Connections at once that one address has opened to us.
    pub connections_per_address: usize,
    /// Bytes that wait for a slow reader before it is given up.
    pub unsent_bytes: usize,
    /// From the first packet to a connection that can carry messages.
    pub connect: Duration,
    /// How long a new connection may take until its first whole message.
    pub first_message: Duration,
    /// How long a connection may be silent.
    pub idle: Duration,
    /// How long a WebSocket may be silent before it is asked whether anybody is there, and again before it
    /// is given up: browsers leave without a word.
    pub ping: Duration,
    /// Letters of other threads that wait. Steered messages get a quarter of it.
    pub letters: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 8192,
            connections_per_address: 1024,
            unsent_bytes: 1024 * 1024,
            connect: Duration::from_secs(5),
            first_message: Duration::from_secs(30),
            idle: Duration::from_secs(3600),
            ping: Duration::from_secs(30),
            letters: 65_536,
        }
    }
}
