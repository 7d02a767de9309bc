//! Connections of others on which they want our requests too (RFC 5923): theirs, if their certificate is
//! worth something, and for the names alone that it proves.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use sip_stack::{ConnectionId, Flow, ListenerId, Transport};

/// More names than this a far end is not reached by.
const NAMES_MAX: usize = 16;

/// What a far end has asked for, and proved.
#[derive(Clone, Debug)]
pub struct Alias {
    pub connection: ConnectionId,
    pub listener: ListenerId,
    /// Where it is heard, at the port that it says it listens on.
    pub remote: SocketAddr,
    /// In small letters.
    pub names: Arc<[String]>,
}

/// By whom such a connection is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Meant {
    listener: ListenerId,
    remote: SocketAddr,
    name: String,
}

/// All of them that one shard knows of, whichever shard has the connection.
#[derive(Default)]
pub struct Aliases {
    meant: HashMap<Meant, ConnectionId>,
    known: HashMap<ConnectionId, Alias>,
}

impl Aliases {
    /// Who comes later takes the place of who came before: a far end that began anew is the same far end.
    pub fn learn(&mut self, alias: &Alias) {
        if self.known.contains_key(&alias.connection) {
            return;
        }
        for meant in of(alias) {
            self.meant.insert(meant, alias.connection);
        }
        self.known.insert(alias.connection, alias.clone());
    }

    pub fn knows(&self, connection: ConnectionId) -> bool {
        self.known.contains_key(&connection)
    }

    /// The connection that reaches a far end by its name.
    pub fn find(&self, flow: &Flow, name: Option<&str>) -> Option<ConnectionId> {
        if self.meant.is_empty() || flow.transport != Transport::Tls {
            return None;
        }
        let name = name?.trim_end_matches('.').to_ascii_lowercase();
        self.meant.get(&Meant { listener: flow.listener, remote: flow.remote, name }).copied()
    }

    /// A connection is no more; the flow that requests took which found it here. Where another has taken its
    /// place already, they go on there.
    pub fn forget(&mut self, connection: ConnectionId) -> Option<Flow> {
        let alias = self.known.remove(&connection)?;
        let before = self.meant.len();
        for meant in of(&alias) {
            if self.meant.get(&meant) == Some(&connection) {
                self.meant.remove(&meant);
            }
        }
        let Alias { listener, remote, .. } = alias;
        let flow = Flow { transport: Transport::Tls, listener, connection: ConnectionId::NONE, remote };
        (self.meant.len() < before).then_some(flow)
    }
}

fn of(alias: &Alias) -> impl Iterator<Item = Meant> {
    let Alias { listener, remote, .. } = *alias;
    alias.names.iter().take(NAMES_MAX).map(move |name| Meant { listener, remote, name: name.clone() })
}
