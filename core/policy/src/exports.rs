//! Where what happens is sent, and who tells of it, besides those who speak with us. No call looks at it.

use std::net::SocketAddr;
use std::sync::Arc;

use model::{HepAddress, HepTransport, HttpAddress, People, Secret, Source};

/// Everybody who is sent something, and who sends what he has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exports {
    pub captures: Vec<Capture>,
    pub traces: Vec<Trace>,
    pub webhooks: Vec<Webhook>,
    pub pushes: Vec<Push>,
    pub observers: Vec<Observer>,
}

/// Somebody who sends copies of the messages that he has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observer {
    pub name: Arc<str>,
    pub transport: HepTransport,
    pub listen: SocketAddr,
    pub from: Arc<[Source]>,
    /// The capture agent that he is, where that matters.
    pub agent: Option<u32>,
    pub key: Option<Secret<String>>,
    /// How much of his messages is kept.
    pub keep_bytes: usize,
    /// How much of them is kept on the disk, and for how many days.
    pub disk_bytes: u64,
    pub disk_days: u32,
}

/// A program that is sent the record of each call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    pub name: Arc<str>,
    pub to: HttpAddress,
    pub secret: Secret<String>,
    /// Who we are in what it is sent.
    pub source: Arc<str>,
}

/// A program that wakes phones that sleep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// The push service, as phones name it.
    pub name: Arc<str>,
    pub to: HttpAddress,
    pub secret: Secret<String>,
    /// Who we are in what it is sent.
    pub source: Arc<str>,
}

/// A server that is sent copies of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    pub name: Arc<str>,
    pub to: HepAddress,
    pub agent: u32,
    pub key: Option<Secret<String>>,
}

/// A collector that is sent a trace of each call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    pub name: Arc<str>,
    pub to: HttpAddress,
    pub people: People,
}
