//! What outlives the process: flows and dialogs, as they are written down and read again.

use std::borrow::Cow;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize, Serializer};
use sip_message::Digits;

use crate::flow::{ConnectionId, Flow, Listener, Transport};

/// A flow without its connection, which does not outlive us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFlow {
    transport: Cow<'static, str>,
    #[serde(serialize_with = "written")]
    local: SocketAddr,
    #[serde(serialize_with = "written")]
    remote: SocketAddr,
}

/// As the formatter writes it, and faster: each binding that is kept has four.
fn written<S: Serializer>(address: &SocketAddr, to: S) -> Result<S::Ok, S::Error> {
    const LONGEST: usize = "255.255.255.255:65535".len();
    let SocketAddr::V4(address) = address else { return address.serialize(to) };
    let (mut text, mut length) = ([0; LONGEST], 0);
    let mut push = |piece: &[u8]| {
        text[length..length + piece.len()].copy_from_slice(piece);
        length += piece.len();
    };
    for (place, octet) in address.ip().octets().into_iter().enumerate() {
        push(if place > 0 { b"." } else { b"" });
        push(Digits::of(octet.into()).bytes());
    }
    push(b":");
    push(Digits::of(address.port().into()).bytes());
    to.serialize_str(std::str::from_utf8(&text[..length]).expect("digits and marks are ASCII"))
}

/// A dialog that goes on in the next life of the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptDialog {
    pub(crate) call_id: Box<str>,
    pub(crate) local: Box<str>,
    pub(crate) remote: Box<str>,
    pub(crate) target: Box<str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) routes: Vec<Box<str>>,
    pub(crate) local_cseq: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) remote_cseq: Option<u32>,
    pub(crate) heard_on: KeptFlow,
}

impl KeptFlow {
    /// What is written down of a flow.
    pub fn of(flow: Flow, listeners: &[Listener]) -> KeptFlow {
        let listener = listeners.iter().find(|one| one.id == flow.listener);
        KeptFlow {
            transport: Cow::Borrowed(flow.transport.name()),
            local: listener.map_or(flow.remote, |listener| listener.bind),
            remote: flow.remote,
        }
    }

    /// The word for its transport, our address and the far end's.
    pub fn parts(&self) -> (&str, SocketAddr, SocketAddr) {
        (&self.transport, self.local, self.remote)
    }

    /// The same flow, if we still listen there.
    pub fn restore(&self, listeners: &[Listener]) -> Option<Flow> {
        let transport = Transport::named(&self.transport)?;
        let is_it = |one: &&Listener| one.transport == transport && one.bind == self.local;
        let listener = listeners.iter().find(is_it)?.id;
        Some(Flow { transport, listener, connection: ConnectionId::NONE, remote: self.remote })
    }
}
