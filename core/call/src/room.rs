//! What a call may use while it handles one event: the time, the stack, the ports, the places for what
//! follows.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use media::{Certificate, Found, Order, PortBook, PortPair, Purpose, Scout, Scouts, Unseen};
use performance::ByTrunk;
use policy::{Help, InterfaceId, Policy, Standings, Turns};
use registrar::{Table, Wakes};
use sip_stack::auth::Guard;
use sip_stack::locate::DnsQuestion;
use sip_stack::{ConnectionId, Listener, ListenerId, Reply, Send, ServerId, Stack, Token, Transport};
use targets::Book;

use crate::outlook::Outlook;
use crate::{Accounts, Event, Now, Others, Record, Sighting};

/// One shard's surroundings, lent to a call for the time of one event.
pub struct Room<'a> {
    pub now: Now,
    pub policy: &'a Arc<Policy>,
    pub stack: &'a mut Stack,
    pub guard: &'a mut Guard,
    pub places: &'a mut Places,
    /// Where the servers of trunks are.
    pub book: &'a mut Book,
    /// How they stand, as facts.
    pub standings: &'a Standings,
    /// The names that far ends have proved to have, by their connections.
    pub certificates: &'a BTreeMap<ConnectionId, Arc<[String]>>,
    /// Where our users' phones are.
    pub registered: &'a Table,
    /// Who of them is to be woken.
    pub wakes: &'a mut Wakes,
    /// What our registrations mean.
    pub accounts: &'a Accounts,
    /// Whose turn it is in teams.
    pub turns: &'a mut Turns,
    /// How trunks serve us.
    pub performance: &'a mut ByTrunk,
    pub keep: &'a mut Vec<Record>,
    pub orders: &'a mut Vec<Order>,
    pub sends: &'a mut Vec<Send>,
    pub asks: &'a mut Vec<(Token, DnsQuestion)>,
    pub tells: &'a mut Vec<Event>,
    /// Who calls for help.
    pub helps: &'a mut Vec<Help>,
    /// Whom calls engage; nothing, where nobody can watch anybody.
    pub seen: Option<&'a mut Vec<Sighting>>,
    /// The other shards, if there are any whose calls somebody might take.
    pub others: Option<Others<'a>>,
}

impl Room<'_> {
    /// Answers a request with a status and nothing else.
    pub(crate) fn reply(&mut self, server: ServerId, status: u16) {
        self.reply_with(server, status, None, &[]);
    }

    /// Answers a request with a status, a tag and headers, without a body.
    pub(crate) fn reply_with(
        &mut self,
        server: ServerId,
        status: u16,
        to_tag: Option<&str>,
        headers: &[(&str, &str)],
    ) {
        let reply = Reply { status, reason: None, to_tag, contact: None, headers, body: None };
        self.stack.respond(self.now.instant, server, &reply, self.sends);
    }
}

/// Where this shard can be reached, and the media ports it may lease.
pub struct Places {
    listeners: Arc<[Listener]>,
    media: Vec<MediaPlace>,
    certificate: Option<Arc<Certificate>>,
}

/// One interface's address for media, and this shard's book of its ports.
pub struct MediaPlace {
    pub interface: InterfaceId,
    pub advertise: IpAddr,
    pub book: PortBook,
    /// Pairs of it that a server outside has been asked about.
    pub scouts: Box<Scouts>,
    /// Where it relays sessions of messages.
    pub chats: Option<ChatPlace>,
}

impl MediaPlace {
    /// A pair that nobody uses: one of which it is known how it is seen from outside, if there is any. Nobody
    /// waits for that.
    pub(crate) fn lease(&mut self, now: Instant, purpose: Purpose) -> Option<(PortPair, Outlook)> {
        if let Some((pair, outer)) = self.scouts.take() {
            return Some((pair, Outlook::Seen(outer, self.scouts.why())));
        }
        let pair = self.book.lease(now, purpose)?;
        let why = || self.scouts.why().unwrap_or(Unseen::NotYet);
        Some((pair, if self.scouts.are_wanted() { Outlook::Unseen(why()) } else { Outlook::Unasked }))
    }

    /// The next question for a server outside that is to be asked by now.
    pub fn scout(&mut self, now: Instant, secret: impl FnOnce() -> [u8; 16]) -> Option<Scout> {
        self.scouts.next(now, secret, &mut self.book)
    }

    /// What came of such a question.
    pub fn scouted(&mut self, now: Instant, ports: PortPair, found: Found) {
        self.scouts.hear(now, ports, found, &mut self.book);
    }
}

/// Where sessions of messages are relayed at an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatPlace {
    pub bind: IpAddr,
    /// What far ends are told.
    pub advertise: IpAddr,
    pub port: u16,
}

impl Places {
    pub fn new(
        listeners: Arc<[Listener]>,
        media: Vec<MediaPlace>,
        certificate: Option<Arc<Certificate>>,
    ) -> Places {
        Places { listeners, media, certificate }
    }

    /// What we show in handshakes of media; without it there are none.
    pub fn certificate(&self) -> Option<&Arc<Certificate>> {
        self.certificate.as_ref()
    }

    pub fn interface_of(&self, listener: ListenerId) -> InterfaceId {
        InterfaceId(self.listener(listener).interface)
    }

    pub fn listener(&self, id: ListenerId) -> &Listener {
        &self.listeners[usize::from(id.0)]
    }

    /// The listener from which a far end is reached.
    pub fn listener_toward(
        &self,
        transport: Transport,
        remote: IpAddr,
        wanted: Option<InterfaceId>,
    ) -> Option<ListenerId> {
        let interface = wanted.map(|interface| interface.0);
        Listener::toward(&self.listeners, transport, remote, interface).map(|listener| listener.id)
    }

    /// A listener of an interface, or of any.
    pub fn listener_at(&self, wanted: Option<InterfaceId>) -> Option<&Listener> {
        let is_meant = |one: &&Listener| wanted.is_none_or(|interface| interface.0 == one.interface);
        self.listeners.iter().find(is_meant)
    }

    /// The transports that some listener speaks.
    pub fn transports(&self, wanted: Option<InterfaceId>) -> Vec<Transport> {
        Listener::transports(&self.listeners, wanted.map(|interface| interface.0))
    }

    /// A Contact that leads back to a listener of ours, for a far end that is called by `uri`, or calls it.
    pub fn contact(&self, listener: ListenerId, uri: &str, user: &str) -> String {
        self.listener(listener).contact_toward(uri, user)
    }

    /// The book of an interface's media ports, and the address that far ends are told.
    pub fn media_at(&mut self, interface: InterfaceId) -> Option<&mut MediaPlace> {
        self.media.iter_mut().find(|place| place.interface == interface)
    }

    /// Where media ports are, at each interface.
    pub fn media(&mut self) -> impl Iterator<Item = &mut MediaPlace> {
        self.media.iter_mut()
    }

    /// When a server outside is to be asked something.
    pub fn scouts_due(&self) -> Option<Instant> {
        self.media.iter().filter_map(|place| place.scouts.due()).min()
    }

    /// Where an interface relays sessions of messages.
    pub fn chats_at(&self, interface: InterfaceId) -> Option<ChatPlace> {
        self.media.iter().find(|place| place.interface == interface)?.chats
    }

    /// Port pairs that are out on lease.
    pub fn leased(&self) -> usize {
        self.media.iter().map(|place| place.book.in_use() - place.scouts.held()).sum()
    }
}
