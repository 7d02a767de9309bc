//! TCP between the house and far ends: in order, whole, cut anywhere, until it breaks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use sip_stack::{ConnectionId, Flow, Framer, ListenerId, Transport};

/// Connections between the house and far ends.
#[derive(Default)]
pub(crate) struct Streams {
    last: u32,
    alive: BTreeMap<u32, Stream>,
}

pub(crate) struct Stream {
    /// TCP or TLS, which is TCP without secrets here.
    pub transport: Transport,
    pub listener: ListenerId,
    pub actor: usize,
    /// The house's end as the far end sees it.
    pub house: SocketAddr,
    /// The far end as the house sees it.
    pub remote: SocketAddr,
    pub framer: Framer,
    /// Nothing overtakes what was sent before: last arrivals at the house, and at the far end.
    pub arrivals: [Option<Instant>; 2],
}

/// Who connects.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opener {
    House,
    FarEnd,
}

impl Streams {
    /// A new connection; the side that opens it uses a port of its own.
    pub(crate) fn open(
        &mut self,
        opener: Opener,
        listener: (Transport, ListenerId, SocketAddr),
        actor: (usize, SocketAddr),
    ) -> u32 {
        self.last += 1;
        let own =
            |address: SocketAddr, last: u32| SocketAddr::new(address.ip(), 40_000 + (last % 20_000) as u16);
        let (house, remote) = match opener {
            Opener::House => (own(listener.2, self.last), actor.1),
            Opener::FarEnd => (listener.2, own(actor.1, self.last)),
        };
        let (transport, listener, actor) = (listener.0, listener.1, actor.0);
        let (framer, arrivals) = (Framer::new(), [None, None]);
        let stream = Stream { transport, listener, actor, house, remote, framer, arrivals };
        self.alive.insert(self.last, stream);
        self.last
    }

    pub(crate) fn flow(&self, id: u32) -> Option<Flow> {
        self.alive.get(&id).map(|stream| Flow {
            transport: stream.transport,
            listener: stream.listener,
            connection: ConnectionId(id),
            remote: stream.remote,
        })
    }

    pub(crate) fn stream(&mut self, id: u32) -> Option<&mut Stream> {
        self.alive.get_mut(&id)
    }

    /// The connection that the house means by a flow.
    pub(crate) fn meant_by(&self, flow: &Flow) -> Option<u32> {
        if flow.connection != ConnectionId::NONE {
            return self.alive.contains_key(&flow.connection.0).then_some(flow.connection.0);
        }
        let of_flow = |stream: &Stream| stream.remote == flow.remote && stream.listener == flow.listener;
        self.alive.iter().find(|(_, stream)| of_flow(stream)).map(|(id, _)| *id)
    }

    /// The connection on which a far end reaches an address of the house.
    pub(crate) fn toward(&self, actor: usize, house: SocketAddr) -> Option<u32> {
        let found = self.alive.iter().find(|(_, stream)| stream.actor == actor && stream.house == house);
        found.map(|(id, _)| *id)
    }

    /// Breaks every connection of a far end; what the house had with it.
    pub(crate) fn break_all(&mut self, actor: usize) -> Vec<Flow> {
        let ids: Vec<u32> =
            self.alive.iter().filter(|(_, one)| one.actor == actor).map(|(id, _)| *id).collect();
        let flows = ids.iter().filter_map(|id| self.flow(*id)).collect();
        ids.iter().for_each(|id| drop(self.alive.remove(id)));
        flows
    }
}
