//! The loops around a `Switch`: sockets, connections, TLS, WebSocket, batches and waiting. One thread for
//! each shard.
//!
//! What arrives is cut into messages, brought to the shard that owns it, and handed in; what the switch
//! leaves in its outbox is carried out in order. It reads no message and decides nothing about one.
//!
//! Start at `start`; `shard` is the loop, `connections` the streams, `udp` the datagrams, `mail` what other
//! threads say to a shard.

mod aliases;
mod connection;
mod connections;
mod counters;
mod desk;
mod footing;
mod handed;
mod house;
mod inlet;
mod late;
mod mail;
mod mmsg;
mod pace;
mod patient;
mod ports;
mod proof;
mod settings;
mod shard;
mod slice;
mod socket;
mod sorting;
mod start;
mod tls;
mod udp;

pub use counters::Counts;
pub use handed::Handed;
pub use mail::{Full, Mail};
pub use ports::{
    Fault, Keep, KeepMessages, KeepPhones, KeepPresence, Mark, Ports, Receipt, Shelf, Tap, Tapped, Way,
    WritePhones,
};
pub use proof::Wildcards;
pub use settings::{Limits, ListenerSettings, Settings};
pub use slice::stand_back;
pub use start::{Asker, Handle, StartFault, start};
pub use tls::{Callers, Renewed, Tls, TlsFault, TlsFiles};
pub use websocket::{Origins, Page, Pages};
