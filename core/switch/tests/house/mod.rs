//! A shard with one interface on the loopback, which tests drive by hand.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses some of it")]

use std::net::SocketAddr;
use std::sync::Arc;

use media::Certificate;
use policy::{InterfaceId, Policy};
use sip_stack::{ConnectionId, Flow, Listener, ListenerId, Transport};
use switch::{MediaRange, Now, Settings, Switch};

pub fn switch_of(documents: &str, certificate: Option<Arc<Certificate>>, now: Now) -> Switch {
    let settings = Settings { certificate, ..settings_at("127.0.0.1:5060".parse().unwrap()) };
    Switch::new(settings, policy_of(documents, &model::Secrets::new()), now)
}

pub fn policy_of(documents: &str, secrets: &model::Secrets) -> Arc<Policy> {
    let documents = model::load(&[model::SourceFile::new("house.toml", documents)])
        .unwrap_or_else(|problems| panic!("{problems:?}"));
    Arc::new(policy::compile(&documents, secrets).unwrap_or_else(|problems| panic!("{problems:?}")))
}

/// The only shard of a house that hears datagrams there.
pub fn settings_at(address: SocketAddr) -> Settings {
    let media = MediaRange {
        interface: InterfaceId(0),
        address: address.ip(),
        advertise: address.ip(),
        ports: 30000..=39999,
        chats: None,
    };
    Settings {
        shard: 0,
        shards: 1,
        listeners: [listener(0, Transport::Udp, address)].into(),
        media: vec![media],
        certificate: None,
        seed: [7; 32],
        gruu_key: [5; 32],
        version: "Tandem",
    }
}

pub fn listener(id: u8, transport: Transport, address: SocketAddr) -> Listener {
    let sent_by = address.to_string().into();
    Listener { id: ListenerId(id), transport, bind: address, sent_by, interface: 0 }
}

/// By datagrams, from there.
pub fn flow_from(remote: &str) -> Flow {
    Flow {
        transport: Transport::Udp,
        listener: ListenerId(0),
        connection: ConnectionId::NONE,
        remote: remote.parse().unwrap(),
    }
}
