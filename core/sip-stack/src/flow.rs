//! A path on which bytes travel, and the bytes of one message.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// How bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

impl Transport {
    /// The name as a Via header has it.
    pub fn via_name(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
        }
    }

    /// Whether the transport itself repeats what was lost.
    pub fn is_reliable(self) -> bool {
        !matches!(self, Transport::Udp)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        })
    }
}

/// One of our own listening addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListenerId(pub u8);

/// One connection of a stream transport; `NONE` until the shell has made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u32);

impl ConnectionId {
    pub const NONE: ConnectionId = ConnectionId(0);
}

/// A path to a far end: for UDP an address pair, for streams a connection or the wish for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flow {
    pub transport: Transport,
    pub listener: ListenerId,
    pub connection: ConnectionId,
    pub remote: SocketAddr,
}

/// The bytes of one message, shared by the transaction that may repeat them and the socket that sends them.
#[derive(Clone, PartialEq, Eq)]
pub struct Wire(Arc<[u8]>);

impl Wire {
    pub fn new(bytes: &[u8]) -> Wire {
        Wire(Arc::from(bytes))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wire({} bytes)", self.0.len())
    }
}

/// Bytes for the world, and the flow they leave on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    pub flow: Flow,
    /// Whom a new TLS connection must prove to be.
    pub server_name: Option<Arc<str>>,
    pub wire: Wire,
}

/// One of our own addresses, as we bind it and as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    pub id: ListenerId,
    pub transport: Transport,
    pub bind: SocketAddr,
    /// Host and port that stand in our Via and Contact.
    pub sent_by: Arc<str>,
}
