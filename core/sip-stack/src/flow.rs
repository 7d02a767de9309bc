//! A path on which bytes travel, and the bytes of one message.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// How bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
    /// WebSocket (RFC 7118). It is always the far end that opens it.
    Ws,
    /// The same within TLS.
    Wss,
}

impl Transport {
    /// The name as a Via header has it.
    pub fn via_name(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Tls => "TLS",
            Transport::Ws => "WS",
            Transport::Wss => "WSS",
        }
    }

    /// The name as people read it.
    pub fn name(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
            Transport::Ws => "ws",
            Transport::Wss => "wss",
        }
    }

    /// The name as URIs have it: they know one for WebSocket, sealed or not (RFC 7118 5.2).
    pub fn uri_name(self) -> &'static str {
        match self {
            Transport::Wss => "ws",
            other => other.name(),
        }
    }

    /// The transport of this name, in upper or lower case.
    pub fn named(word: &str) -> Option<Transport> {
        let all = [Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss];
        all.into_iter().find(|one| one.name().eq_ignore_ascii_case(word))
    }

    /// Whether the transport itself repeats what was lost.
    pub fn is_reliable(self) -> bool {
        !matches!(self, Transport::Udp)
    }

    /// Whether nobody on the way reads it.
    pub fn is_sealed(self) -> bool {
        matches!(self, Transport::Tls | Transport::Wss)
    }

    /// Whether it is a WebSocket: whoever opened it is reached by it, and by nothing else.
    pub fn is_websocket(self) -> bool {
        matches!(self, Transport::Ws | Transport::Wss)
    }
}

/// Whether a URI is one that must never be sent to in the clear.
pub fn is_sips(uri: &str) -> bool {
    uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("sips:"))
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
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

    /// Where its bytes are: the same for all that share them, and for nothing else as long as one does.
    pub fn place(&self) -> usize {
        self.0.as_ptr() as usize
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
    /// Which of the house's interfaces it belongs to.
    pub interface: u16,
}

impl Listener {
    /// The listener from which a far end is reached, on a certain interface or on any.
    pub fn toward(
        listeners: &[Listener],
        transport: Transport,
        remote: IpAddr,
        interface: Option<u16>,
    ) -> Option<&Listener> {
        listeners.iter().find(|listener| {
            listener.transport == transport
                && listener.bind.is_ipv4() == remote.is_ipv4()
                && interface.is_none_or(|interface| listener.interface == interface)
        })
    }

    /// The transports that we can reach somebody by, on a certain interface or on any.
    pub fn transports(listeners: &[Listener], interface: Option<u16>) -> Vec<Transport> {
        let mut found = Vec::new();
        for listener in listeners {
            let fits = interface.is_none_or(|interface| listener.interface == interface);
            if fits && !listener.transport.is_websocket() && !found.contains(&listener.transport) {
                found.push(listener.transport);
            }
        }
        found.sort_unstable();
        found
    }

    /// A Contact that leads back to this listener, for whoever is spoken with by `sips` (RFC 3261 8.1.1.8).
    /// Where nothing is sealed it is the usual one.
    pub fn contact_toward(&self, uri: &str, user: &str) -> String {
        let at = if user.is_empty() { "" } else { "@" };
        match self.transport {
            Transport::Tls if is_sips(uri) => ["<sips:", user, at, &self.sent_by, ">"].concat(),
            Transport::Wss if is_sips(uri) => ["<sips:", user, at, &self.sent_by, ";transport=ws>"].concat(),
            _ => self.contact(user),
        }
    }

    /// A Contact that leads back to this listener.
    pub fn contact(&self, user: &str) -> String {
        let at = if user.is_empty() { "" } else { "@" };
        match self.transport {
            Transport::Udp => ["<sip:", user, at, &self.sent_by, ">"].concat(),
            other => format!("<sip:{user}{at}{};transport={}>", self.sent_by, other.uri_name()),
        }
    }
}
