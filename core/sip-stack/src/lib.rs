//! Flows, transactions, dialogs; steering.

pub mod flow;

pub use flow::{ConnectionId, Flow, Listener, ListenerId, Send, Transport, Wire};
