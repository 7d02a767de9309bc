//! What the stack leaves to the house.

use sip_message::Message;

use crate::flow::Flow;

/// A server transaction: somebody asked, we owe an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerId {
    pub(crate) slot: u32,
    pub(crate) nonce: u32,
}

/// A client transaction: we asked, somebody owes an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId {
    pub(crate) slot: u32,
    pub(crate) nonce: u32,
}

/// Whose transaction it is. The stack only carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner {
    pub room: u8,
    pub key: u64,
    pub part: u16,
}

/// What is left of a received message once the transactions have had their share.
#[derive(Debug)]
pub enum Heard<'m> {
    Nothing,
    /// A new transaction. An INVITE has its 100 already.
    Request {
        server: ServerId,
        flow: Flow,
        message: Message<'m>,
    },
    /// The ACK of a 2xx, or of nothing we know.
    Ack {
        flow: Flow,
        message: Message<'m>,
    },
    /// The CANCEL has its 200 already; `server` is the INVITE, which waits for its 487.
    Cancelled {
        server: ServerId,
        owner: Option<Owner>,
        message: Message<'m>,
    },
    /// Every provisional, the first failure, and every 2xx of an INVITE, which the owner ACKs each time.
    Response {
        client: ClientId,
        owner: Owner,
        flow: Flow,
        message: Message<'m>,
    },
}

/// What came of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// No final answer in time: to be treated as a 408.
    Timeout { client: ClientId, owner: Owner },
    /// The flow broke under a request: to be treated as a 503.
    FlowFailed { client: ClientId, owner: Owner },
    /// Our failure answer to an INVITE was never acknowledged.
    NoAck { server: ServerId, owner: Option<Owner> },
}
