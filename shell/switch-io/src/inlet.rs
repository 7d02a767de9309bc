//! How what comes on a connection is cut into messages, and how messages leave on it.

use sip_message::limits::MESSAGE_MAX;
use sip_stack::{Framer, Transport};
use websocket::{CLOSED_BY_US, Server, put_close, put_message, put_ping};

use crate::settings::ListenerSettings;

pub enum Inlet {
    /// By the lengths that messages say.
    Stream(Framer),
    /// By the frames of a WebSocket.
    WebSocket(Box<Server>),
}

impl Inlet {
    pub fn of(settings: &ListenerSettings) -> Inlet {
        match settings.listener.transport {
            Transport::Ws | Transport::Wss => {
                let (origins, pages) = (settings.origins.clone(), settings.pages.clone());
                Inlet::WebSocket(Box::new(Server::with_pages(origins, pages, MESSAGE_MAX)))
            }
            Transport::Udp | Transport::Tcp | Transport::Tls => Inlet::Stream(Framer::new()),
        }
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        match self {
            Inlet::Stream(framer) => framer.feed(bytes),
            Inlet::WebSocket(server) => server.feed(bytes),
        }
    }

    /// Writes a message as the far end wants it.
    pub fn write(&self, message: &[u8], out: &mut Vec<u8>) {
        match self {
            Inlet::Stream(_) => out.extend_from_slice(message),
            Inlet::WebSocket(_) => put_message(out, message),
        }
    }

    /// Writes the question whether the far end is there, where it has to answer.
    pub fn write_ping(&self, out: &mut Vec<u8>) {
        if self.is_open_websocket() {
            put_ping(out);
        }
    }

    pub fn write_goodbye(&self, out: &mut Vec<u8>) {
        if self.is_open_websocket() {
            put_close(out, CLOSED_BY_US);
        }
    }

    /// Whether it is a WebSocket whose handshake is done.
    pub fn is_open_websocket(&self) -> bool {
        matches!(self, Inlet::WebSocket(server) if server.is_open())
    }
}
