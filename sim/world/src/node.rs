//! One house: the real switches, one for each shard, and the real relay, without sockets.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Instant;

use media::{Act, Certificate, PortIndex, Relay};
use policy::Policy;
use sip_stack::{Listener, ListenerId, Transport};
use switch::{Held, Input, MediaRange, Now, Outbox, Settings, Switch};

/// Switches, relay, and the ports that the relay has bound.
pub(crate) struct Node {
    pub switches: Vec<Switch>,
    pub relay: Relay,
    /// When the relay is woken, as was planned last.
    pub moment: Option<Instant>,
    pub listeners: Arc<[Listener]>,
    /// Emptied after every input.
    pub outbox: Outbox,
    pub acts: Vec<Act>,
    indexes: BTreeMap<SocketAddr, PortIndex>,
    locals: BTreeMap<PortIndex, SocketAddr>,
}

impl Node {
    pub(crate) fn new(
        policy: &Arc<Policy>,
        certificate: Option<&Arc<Certificate>>,
        seed: u64,
        shards: u8,
        now: Now,
    ) -> Node {
        let listeners = listeners(policy);
        let switch = |shard: u8| {
            let media = policy.interfaces().iter().map(|interface| MediaRange {
                interface: interface.id,
                address: interface.address,
                advertise: advertised(interface),
                ports: part(interface.media_ports.first..=interface.media_ports.last, shard, shards),
                chats: interface.msrp,
            });
            let mut bytes = [7; 32];
            bytes[..8].copy_from_slice(&seed.to_le_bytes());
            bytes[8] += shard;
            let settings = Settings {
                shard,
                shards,
                listeners: Arc::clone(&listeners),
                media: media.collect(),
                seed: bytes,
                // The same in every life of a node, as the file of the key is.
                gruu_key: [0x67; 32],
                certificate: certificate.cloned(),
                version: "Tandem/sim",
            };
            Switch::new(settings, Arc::clone(policy), now)
        };
        Node {
            switches: (0..shards).map(switch).collect(),
            relay: Relay::new(),
            moment: None,
            listeners: Arc::clone(&listeners),
            outbox: Outbox::default(),
            acts: Vec::new(),
            indexes: BTreeMap::new(),
            locals: BTreeMap::new(),
        }
    }

    pub(crate) fn handle(&mut self, shard: usize, now: Now, input: Input<'_>) {
        self.switches[shard].handle(now, input, &mut self.outbox);
    }

    pub(crate) fn shards(&self) -> u8 {
        u8::try_from(self.switches.len()).expect("a story has few shards")
    }

    /// The shard that has something to do next, and when.
    pub(crate) fn deadline(&self) -> Option<(Instant, usize)> {
        let all = self.switches.iter().enumerate();
        all.filter_map(|(shard, switch)| Some((switch.deadline()?, shard))).min()
    }

    /// What all shards hold.
    pub(crate) fn held(&self) -> Held {
        self.switches.iter().map(Switch::held).sum()
    }

    pub(crate) fn listener(&self, id: ListenerId) -> &Listener {
        &self.listeners[usize::from(id.0)]
    }

    pub(crate) fn listener_at(&self, transport: Transport, bind: SocketAddr) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.transport == transport && listener.bind == bind)
    }

    /// The listener for streams at an address, TLS or not: nobody listens in on the wires of this world.
    pub(crate) fn stream_listener_at(&self, bind: SocketAddr) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.transport != Transport::Udp && listener.bind == bind)
    }

    pub(crate) fn bind(&mut self, port: PortIndex, local: SocketAddr) {
        let before = self.indexes.insert(local, port);
        assert!(before.is_none(), "the relay binds each address once: {local}");
        self.locals.insert(port, local);
    }

    pub(crate) fn unbind(&mut self, port: PortIndex) {
        if let Some(local) = self.locals.remove(&port) {
            self.indexes.remove(&local);
        }
    }

    pub(crate) fn port_at(&self, local: SocketAddr) -> Option<PortIndex> {
        self.indexes.get(&local).copied()
    }

    pub(crate) fn address_of(&self, port: PortIndex) -> Option<SocketAddr> {
        self.locals.get(&port).copied()
    }

    /// Where the relay is open.
    pub(crate) fn ports(&self) -> Vec<SocketAddr> {
        self.indexes.keys().copied().collect()
    }

    pub(crate) fn bound(&self) -> usize {
        self.locals.len()
    }
}

/// A shard's part of the ports of an interface, beginning with an even one.
fn part(ports: RangeInclusive<u16>, shard: u8, shards: u8) -> RangeInclusive<u16> {
    if shards == 1 {
        return ports;
    }
    let each = (ports.end() - ports.start()) / u16::from(shards) / 2 * 2;
    let first = ports.start() + each * u16::from(shard);
    first..=first + each - 1
}

pub(crate) fn advertised(interface: &policy::Interface) -> IpAddr {
    let said = interface.advertise.as_deref().and_then(|said| said.parse().ok());
    said.unwrap_or(interface.address)
}

pub(crate) fn listeners(policy: &Policy) -> Arc<[Listener]> {
    let mut listeners = Vec::new();
    for interface in policy.interfaces() {
        let ports = [
            (Transport::Udp, interface.udp),
            (Transport::Tcp, interface.tcp),
            (Transport::Tls, interface.tls),
            (Transport::Ws, interface.ws),
            (Transport::Wss, interface.wss),
        ];
        for (transport, port) in ports {
            let Some(port) = port else { continue };
            let id = ListenerId(u8::try_from(listeners.len()).expect("a story has few listeners"));
            let bind = SocketAddr::new(interface.address, port);
            let sent_by = SocketAddr::new(advertised(interface), port).to_string().into();
            listeners.push(Listener { id, transport, bind, sent_by, interface: interface.id.0 });
        }
    }
    listeners.into()
}
