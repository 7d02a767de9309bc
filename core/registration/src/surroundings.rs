//! What an account may use while it handles one event.

use std::sync::Arc;
use std::time::Instant;

use sip_stack::locate::DnsQuestion;
use sip_stack::{Flow, Listener, Send, Stack};

/// The room number of registrations among the owners of transactions.
pub const ROOM: u8 = 3;

/// Names an account for as long as it is watched.
pub type AccountKey = u64;

/// What registrations may use while they handle one event.
pub struct Surroundings<'a> {
    pub now: Instant,
    pub stack: &'a mut Stack,
    pub listeners: &'a [Listener],
    pub sends: &'a mut Vec<Send>,
    /// Questions to the DNS, by the account that asks.
    pub asks: &'a mut Vec<(AccountKey, DnsQuestion)>,
    /// Accounts that stand otherwise than before, by the trunk's name.
    pub changes: &'a mut Vec<Arc<str>>,
}

impl Surroundings<'_> {
    pub(crate) fn listener(&self, flow: Flow) -> &Listener {
        let own = self.listeners.iter().find(|listener| listener.id == flow.listener);
        own.expect("a flow names a listener of ours")
    }
}
