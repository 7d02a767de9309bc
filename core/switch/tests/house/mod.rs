//! A shard with one interface on the loopback, which tests drive by hand.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses some of it")]

use std::sync::Arc;

use media::Certificate;
use policy::InterfaceId;
use sip_stack::{ConnectionId, Flow, Listener, ListenerId, Transport};
use switch::{MediaRange, Now, Settings, Switch};

pub fn switch_of(documents: &str, certificate: Option<Arc<Certificate>>, now: Now) -> Switch {
    let documents = model::load(&[model::SourceFile::new("house.toml", documents)])
        .unwrap_or_else(|problems| panic!("{problems:?}"));
    let policy = policy::compile(&documents, &model::Secrets::new()).unwrap_or_else(|p| panic!("{p:?}"));
    let listener = Listener {
        id: ListenerId(0),
        transport: Transport::Udp,
        bind: "127.0.0.1:5060".parse().unwrap(),
        sent_by: "127.0.0.1:5060".into(),
        interface: 0,
    };
    let lan = "127.0.0.1".parse().unwrap();
    let media = MediaRange { interface: InterfaceId(0), address: lan, advertise: lan, ports: 30000..=30099 };
    let settings = Settings {
        shard: 0,
        shards: 1,
        listeners: [listener].into(),
        media: vec![media],
        certificate,
        seed: [7; 32],
        gruu_key: [5; 32],
        version: "Tandem",
    };
    Switch::new(settings, Arc::new(policy), now)
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
