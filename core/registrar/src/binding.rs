//! One contact of a user, and how it is reached.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use policy::WallTime;
use serde::{Deserialize, Serialize};
use sip_message::{Header, Message, Scheme, Uri};
use sip_stack::{ConnectionId, Flow, Listener, Transport};

use crate::bell::Bell;

/// Where a user's phone said to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The URI, as it came.
    pub contact: Arc<str>,
    /// Which device it is, where it says so (RFC 5626): the URN without its brackets.
    pub instance: Option<Box<str>>,
    /// Which of the device's flows.
    pub flow_number: Option<u32>,
    /// Thousandths: the more, the sooner it is rung.
    pub priority: u16,
    pub call_id: Arc<str>,
    pub cseq: u32,
    pub registered: WallTime,
    pub until: Instant,
    /// The route set that its requests take (RFC 3327).
    pub path: Vec<Box<str>>,
    /// Where its REGISTER came from.
    pub source: Flow,
    /// What its User-Agent says.
    pub agent: Option<Arc<str>>,
    /// What it can do, as parameters of its Contact (RFC 3840).
    pub features: Option<Box<str>>,
    pub reach: Reach,
    /// What its GRUUs are made of, where its device wants any (RFC 5627).
    pub naming: Option<Box<Naming>>,
    /// How its phone is woken, where we wake it (RFC 8599).
    pub bell: Option<Box<Bell>>,
}

/// What the GRUUs of a device are made of; all its bindings have the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Naming {
    /// The address that the device registers, without parameters.
    pub address: Box<str>,
    /// What its temporary ones have in common: another one, and they are void.
    pub series: u64,
}

/// How requests come to a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// On this flow; if its connection ends, on the other.
    On { flow: Flow, otherwise: Option<Flow> },
    /// By its path.
    ByPath,
    /// Its connection has ended, and nothing else leads there.
    Lost,
}

/// Whether a device keeps its flows open for us, as RFC 5626 has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flows {
    Kept,
    AsTheyAre,
}

/// Who stands between the phone and us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hops {
    Nobody,
    Proxies,
}

impl Hops {
    pub fn of(message: &Message<'_>) -> Hops {
        match message.values(Header::Via).nth(1) {
            Some(_) => Hops::Proxies,
            None => Hops::Nobody,
        }
    }
}

impl Binding {
    /// The device that it is of: a device with several flows is one.
    pub fn device(&self) -> &str {
        let by_token = || self.bell.as_ref().map(|bell| &*bell.device);
        self.instance.as_deref().or_else(by_token).unwrap_or(&self.contact)
    }

    /// Whether something leads to its phone, be it that it is woken first.
    pub fn is_reachable(&self) -> bool {
        self.reach != Reach::Lost || self.bell.is_some()
    }

    /// Whether the device keeps several flows open, and wants requests on them alone (RFC 5626).
    pub fn is_outbound(&self) -> bool {
        self.flow_number.is_some() && self.instance.is_some()
    }

    /// A connection is no more.
    pub(crate) fn flow_failed(&mut self, connection: ConnectionId) {
        if let Reach::On { flow, otherwise } = self.reach
            && flow.connection == connection
        {
            let other = otherwise.map(|flow| Reach::On { flow, otherwise: None });
            self.reach = other.unwrap_or(Reach::Lost);
        }
    }
}

impl Reach {
    /// How a contact is reached whose REGISTER came on `source`. A phone whose address is its own is reached
    /// where it says; any other where it was heard, for only that way leads through its NAT.
    pub(crate) fn of(contact: &Uri<'_>, source: Flow, listeners: &[Listener], flows: Flows) -> Reach {
        let heard_at = source.remote.ip().to_canonical();
        let own = contact.host().and_then(|host| host.ip()).filter(|own| own.to_canonical() == heard_at);
        let said = own
            .and_then(|own| said_flow(contact, own, source, listeners))
            .filter(|_| flows == Flows::AsTheyAre);
        match source.transport {
            Transport::Ws | Transport::Wss => Reach::On { flow: source, otherwise: None },
            Transport::Udp => Reach::On { flow: said.unwrap_or(source), otherwise: None },
            Transport::Tcp | Transport::Tls => {
                // Nobody whom we call by TLS could prove to be that phone.
                let otherwise = said.filter(|said| said.transport != Transport::Tls);
                Reach::On { flow: source, otherwise }
            }
        }
    }

    /// How a contact is reached whose REGISTER came through somebody who is not on its path: where it says,
    /// if that is an address.
    pub(crate) fn beyond(contact: &Uri<'_>, source: Flow, listeners: &[Listener]) -> Reach {
        let own = contact.host().and_then(|host| host.ip());
        let said = own.and_then(|own| said_flow(contact, own, source, listeners));
        Reach::On { flow: said.unwrap_or(source), otherwise: None }
    }
}

/// A flow to where the contact itself says.
fn said_flow(contact: &Uri<'_>, own: IpAddr, source: Flow, listeners: &[Listener]) -> Option<Flow> {
    let transport = match contact.param("transport").flatten() {
        _ if contact.scheme == Scheme::Sips => Transport::Tls,
        None => source.transport,
        Some(word) => Transport::named(word).filter(|named| !named.is_websocket())?,
    };
    let usual = if transport == Transport::Tls { 5061 } else { 5060 };
    let remote = SocketAddr::new(own, contact.port().unwrap_or(usual));
    let interface = listeners.iter().find(|one| one.id == source.listener)?.interface;
    let listener = match transport == source.transport {
        true => source.listener,
        false => Listener::toward(listeners, transport, own, Some(interface))?.id,
    };
    Some(Flow { transport, listener, connection: ConnectionId::NONE, remote })
}
