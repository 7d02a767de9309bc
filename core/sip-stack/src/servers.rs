//! The transactions that others began: their table, and what passes through it.

use std::time::Instant;

use sip_message::{Message, Method, SessionId, salvage};

use crate::flow::{ConnectionId, Flow, Send, Transport, Wire};
use crate::head::Head;
use crate::heard::{Heard, Late, Owner, ServerId};
use crate::key::{Key, KeyMap, Keys};
use crate::kit::{Kit, Place, Weight, carriage, send};
use crate::request::Reply;
use crate::server_invite::{self, ServerInvite};
use crate::server_other::{self, ServerOther};
use crate::slab::Slab;

/// So many requests are watched; above, the first is forgotten.
const WATCHED_MAX: usize = 64;
/// Letters of a tag that nobody has asked for.
const TAG_LETTERS: usize = 12;

/// All server transactions of a stack.
#[derive(Debug)]
pub struct Servers {
    keys: Keys,
    table: Slab<Server>,
    by_key: KeyMap<ServerId>,
    /// Requests outside of dialogs that have no failure yet.
    by_merged: KeyMap<ServerId>,
    /// Requests of which somebody wants to know how they are answered, and that, once they are.
    watched: Vec<(ServerId, Option<u16>)>,
    /// Began with the last message, and may have been answered since: most need no deadline before that.
    fresh: Vec<ServerId>,
    invite_acts: Vec<server_invite::Act>,
    other_acts: Vec<server_other::Act>,
}

#[derive(Debug)]
struct Server {
    key: Key,
    merged: Option<Key>,
    flow: Flow,
    owner: Option<Owner>,
    /// Until the final answer.
    head: Option<Head>,
    machine: Machine,
    look: Option<Instant>,
}

#[derive(Debug)]
enum Machine {
    Invite(ServerInvite),
    Other(ServerOther),
}

impl Machine {
    fn deadline(&self) -> Option<Instant> {
        match self {
            Machine::Invite(machine) => machine.deadline(),
            Machine::Other(machine) => machine.deadline(),
        }
    }

    fn is_gone(&self) -> bool {
        matches!(self, Machine::Invite(ServerInvite::Gone) | Machine::Other(ServerOther::Gone))
    }

    fn is_open(&self) -> bool {
        match self {
            Machine::Invite(machine) => machine.is_open(),
            Machine::Other(machine) => machine.is_open(),
        }
    }
}

/// What can happen to either machine.
enum Event {
    Again,
    Answer { status: u16, wire: Wire },
    Ack,
    Deadline,
}

/// What the machine leaves to its surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    PassAck,
    NoAck,
    SayTrying,
}

/// How a request came, and what identifies it.
struct Arrival {
    flow: Flow,
    key: Key,
    merged: Option<Key>,
}

impl Servers {
    pub fn new(secret: &[u8; 16]) -> Servers {
        Servers {
            keys: Keys::new(secret),
            table: Slab::new(),
            by_key: KeyMap::default(),
            by_merged: KeyMap::default(),
            watched: Vec::new(),
            fresh: Vec::new(),
            invite_acts: Vec::new(),
            other_acts: Vec::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.table.len()
    }

    pub fn receive<'m>(
        &mut self,
        kit: &mut Kit,
        now: Instant,
        flow: Flow,
        message: Message<'m>,
        weigh: impl Fn(&Message<'_>) -> Weight,
        out: &mut Vec<Send>,
    ) -> Heard<'m> {
        self.settle_fresh(kit);
        let method = message.cseq().method;
        match method {
            Method::Ack => return self.receive_ack(kit, now, flow, message, out),
            Method::Cancel => return self.receive_cancel(kit, now, flow, message, out),
            _ => {}
        }
        let key = self.keys.transaction(&message, method);
        if let Some(id) = self.by_key.get(&key).copied() {
            kit.counters.retransmissions_received += 1;
            self.feed(kit, now, id, Event::Again, out);
            return Heard::Nothing;
        }
        if self.table.len() >= kit.limits.servers_ceiling {
            kit.counters.dropped += 1;
            return Heard::Nothing;
        }
        let is_new = message.to().tag().is_none();
        let is_full = is_new && self.table.len() >= kit.limits.servers_max;
        if is_full && weigh(&message) == Weight::Usual {
            kit.counters.refused += 1;
            let seconds = kit.limits.retry_after_seconds.to_string();
            let reply = Reply { headers: &[("Retry-After", &seconds)], ..Reply::plain(503) };
            let head = Head::of(&message, flow, &mut kit.lines);
            self.reply_stateless(kit, (key, flow), &head, &reply, out);
            return Heard::Nothing;
        }
        let merged = is_new.then(|| self.keys.merged(&message));
        if merged.is_some_and(|merged| self.by_merged.contains_key(&merged)) {
            kit.counters.merged += 1;
            let server = self.open(kit, now, Arrival { flow, key, merged: None }, &message, out);
            self.respond(kit, now, server, &Reply::plain(482), out);
            return Heard::Nothing;
        }
        let server = self.open(kit, now, Arrival { flow, key, merged }, &message, out);
        Heard::Request { server, flow, message }
    }

    /// The ACK of a failure ends there; any other belongs to a dialog, or to nobody.
    fn receive_ack<'m>(
        &mut self,
        kit: &mut Kit,
        now: Instant,
        flow: Flow,
        message: Message<'m>,
        out: &mut Vec<Send>,
    ) -> Heard<'m> {
        let key = self.keys.transaction(&message, Method::Invite);
        match self.by_key.get(&key).copied() {
            Some(id) => match self.feed(kit, now, id, Event::Ack, out) {
                Left::PassAck => Heard::Ack { flow, message },
                Left::Nothing | Left::NoAck | Left::SayTrying => Heard::Nothing,
            },
            None if message.to().tag() == Some(stateless_tag(key).text()) => Heard::Nothing,
            None => Heard::Ack { flow, message },
        }
    }

    fn receive_cancel<'m>(
        &mut self,
        kit: &mut Kit,
        now: Instant,
        flow: Flow,
        message: Message<'m>,
        out: &mut Vec<Send>,
    ) -> Heard<'m> {
        let key = self.keys.transaction(&message, Method::Cancel);
        if let Some(id) = self.by_key.get(&key).copied() {
            kit.counters.retransmissions_received += 1;
            self.feed(kit, now, id, Event::Again, out);
            return Heard::Nothing;
        }
        let invite = self.by_key.get(&self.keys.transaction(&message, Method::Invite)).copied();
        let Some(server) = invite else {
            let head = Head::of(&message, flow, &mut kit.lines);
            self.reply_stateless(kit, (key, flow), &head, &Reply::plain(481), out);
            return Heard::Nothing;
        };
        let cancel = self.open(kit, now, Arrival { flow, key, merged: None }, &message, out);
        let Some(entry) = self.table.get(server.slot, server.nonce) else { return Heard::Nothing };
        let (owner, is_open) = (entry.owner, entry.machine.is_open());
        let tag = entry.head.as_ref().and_then(Head::own_tag).map(str::to_owned);
        self.respond(kit, now, cancel, &Reply { to_tag: tag.as_deref(), ..Reply::plain(200) }, out);
        match is_open {
            true => Heard::Cancelled { server, owner, message },
            false => Heard::Nothing,
        }
    }

    /// Begins a transaction; an INVITE hears a 100 at once.
    fn open(
        &mut self,
        kit: &mut Kit,
        now: Instant,
        arrival: Arrival,
        message: &Message<'_>,
        out: &mut Vec<Send>,
    ) -> ServerId {
        let Arrival { flow, key, merged } = arrival;
        let head = Head::of(message, flow, &mut kit.lines);
        let machine = if message.cseq().method == Method::Invite {
            head.write(&mut kit.page, &kit.settings.server_header, &Reply::plain(100));
            let trying = kit.wire();
            kit.counters.responses_sent += 1;
            send(out, flow, trying.clone());
            Machine::Invite(ServerInvite::begin(trying))
        } else {
            Machine::Other(ServerOther::begin(now, &kit.timers))
        };
        let nonce = kit.chance.u32();
        let server = Server { key, merged, flow, owner: None, head: Some(head), machine, look: None };
        let slot = self.table.insert(nonce, server);
        let id = ServerId { slot, nonce };
        self.by_key.insert(key, id);
        if let Some(merged) = merged {
            self.by_merged.insert(merged, id);
        }
        self.fresh.push(id);
        id
    }

    /// When what began with the last message is due, as far as nothing was noted of it.
    pub fn deadline(&self) -> Option<Instant> {
        let entries = self.fresh.iter().filter_map(|id| self.table.get(id.slot, id.nonce));
        entries.filter(|entry| entry.look.is_none()).filter_map(|entry| entry.machine.deadline()).min()
    }

    /// Notes when to look at what began before.
    pub fn settle_fresh(&mut self, kit: &mut Kit) {
        while let Some(id) = self.fresh.pop() {
            self.settle(kit, id);
        }
    }

    /// A connection is no more: what is still to be answered is answered on a new one, to the port that the
    /// far end listens on (RFC 3261 18.2.2).
    pub fn flow_failed(&mut self, failed: Flow) {
        // Nobody opens a connection to a WebSocket's client.
        if failed.connection == ConnectionId::NONE || failed.transport.is_websocket() {
            return;
        }
        let on_it = |server: &&mut Server| server.flow.connection == failed.connection;
        for server in self.table.iter_mut().filter(on_it) {
            let port = server.head.as_ref().and_then(Head::sent_by_port);
            let usual = if failed.transport == Transport::Tls { 5061 } else { 5060 };
            server.flow.connection = ConnectionId::NONE;
            server.flow.remote.set_port(port.unwrap_or(usual));
        }
    }

    pub fn own(&mut self, server: ServerId, owner: Owner) {
        if let Some(entry) = self.table.get_mut(server.slot, server.nonce) {
            entry.owner = Some(owner);
        }
    }

    pub fn speak_of(&mut self, server: ServerId, session: Option<SessionId>) {
        let entry = self.table.get_mut(server.slot, server.nonce);
        if let Some(head) = entry.and_then(|entry| entry.head.as_mut()) {
            head.set_session(session);
        }
    }

    pub fn watch(&mut self, server: ServerId) {
        if self.watched.len() >= WATCHED_MAX {
            self.watched.remove(0);
        }
        self.watched.push((server, None));
    }

    pub fn outcome(&mut self, server: ServerId) -> Option<u16> {
        let place = self.watched.iter().position(|(known, status)| *known == server && status.is_some())?;
        self.watched.swap_remove(place).1
    }

    pub fn respond(
        &mut self,
        kit: &mut Kit,
        now: Instant,
        id: ServerId,
        reply: &Reply<'_>,
        out: &mut Vec<Send>,
    ) -> Option<Wire> {
        let entry = self.table.get_mut(id.slot, id.nonce).filter(|entry| entry.machine.is_open())?;
        if matches!(&entry.machine, Machine::Other(machine) if !machine.admits(now, reply.status)) {
            return None;
        }
        let head = entry.head.as_mut()?;
        let minted;
        let mut reply = *reply;
        if reply.to_tag.is_none() && head.lacks_tag() && reply.status > 100 {
            minted = kit.chance.letters::<TAG_LETTERS>();
            reply.to_tag = Some(minted.text());
        }
        // Nothing follows a final answer that would have to bear its tag.
        if let Some(tag) = reply.to_tag.filter(|_| reply.status < 200) {
            head.set_tag(tag);
        }
        head.write(&mut kit.page, &kit.settings.server_header, &reply);
        let wire = kit.wire();
        kit.counters.responses_sent += 1;
        if reply.status >= 200 {
            entry.head = None;
        }
        if reply.status >= 300
            && let Some(merged) = entry.merged.take()
        {
            self.by_merged.remove(&merged);
        }
        if reply.status >= 200 {
            self.note_outcome(id, reply.status);
        }
        self.feed(kit, now, id, Event::Answer { status: reply.status, wire: wire.clone() }, out);
        Some(wire)
    }

    pub fn respond_and_forget(
        &mut self,
        kit: &mut Kit,
        id: ServerId,
        reply: &Reply<'_>,
        out: &mut Vec<Send>,
    ) {
        let Some(Server { key, flow, head: Some(head), .. }) = self.take(id) else { return };
        self.note_outcome(id, reply.status);
        self.reply_stateless(kit, (key, flow), &head, reply, out);
    }

    fn note_outcome(&mut self, id: ServerId, status: u16) {
        let watched = self.watched.iter_mut().find(|(known, _)| *known == id);
        watched.into_iter().for_each(|(_, outcome)| *outcome = Some(status));
    }

    pub fn expire(
        &mut self,
        kit: &mut Kit,
        now: Instant,
        at: Instant,
        id: ServerId,
        out: &mut Vec<Send>,
        late: &mut Vec<Late>,
    ) {
        let Some(entry) = self.table.get_mut(id.slot, id.nonce).filter(|entry| entry.look == Some(at)) else {
            return;
        };
        entry.look = None;
        let owner = entry.owner;
        match self.feed(kit, now, id, Event::Deadline, out) {
            Left::NoAck => {
                kit.counters.timeouts += 1;
                late.push(Late::NoAck { server: id, owner });
            }
            Left::SayTrying => {
                self.respond(kit, now, id, &Reply::plain(100), out);
            }
            Left::Nothing | Left::PassAck => {}
        }
    }

    /// Hands an event to the machine, and does what it wants done.
    fn feed(&mut self, kit: &mut Kit, now: Instant, id: ServerId, event: Event, out: &mut Vec<Send>) -> Left {
        let Some(entry) = self.table.get_mut(id.slot, id.nonce) else { return Left::Nothing };
        let is_copy = !matches!(event, Event::Answer { .. });
        let (flow, sent) = (entry.flow, out.len());
        let mut left = Left::Nothing;
        match &mut entry.machine {
            Machine::Invite(machine) => {
                let acts = &mut self.invite_acts;
                machine.handle(now, &kit.timers, carriage(flow), invite_event(event), acts);
                for act in acts.drain(..) {
                    match act {
                        server_invite::Act::Send(wire) => send(out, flow, wire),
                        server_invite::Act::PassAck => left = Left::PassAck,
                        server_invite::Act::TellNoAck => left = Left::NoAck,
                    }
                }
            }
            Machine::Other(machine) => {
                let acts = &mut self.other_acts;
                machine.handle(now, &kit.timers, carriage(flow), other_event(event), acts);
                for act in acts.drain(..) {
                    match act {
                        server_other::Act::Send(wire) => send(out, flow, wire),
                        server_other::Act::SayTrying => left = Left::SayTrying,
                    }
                }
            }
        }
        if is_copy {
            kit.counters.retransmissions_sent += (out.len() - sent) as u64;
        }
        self.settle(kit, id);
        left
    }

    /// Notes the next deadline, or forgets what is gone.
    fn settle(&mut self, kit: &mut Kit, id: ServerId) {
        let Some(entry) = self.table.get_mut(id.slot, id.nonce) else { return };
        if !entry.machine.is_gone() {
            let place = Place::Server { slot: id.slot, nonce: id.nonce };
            kit.agenda.note(place, &mut entry.look, entry.machine.deadline());
            return;
        }
        self.remove(id);
    }

    pub fn remove(&mut self, id: ServerId) {
        drop(self.take(id));
    }

    fn take(&mut self, id: ServerId) -> Option<Server> {
        let entry = self.table.remove(id.slot, id.nonce)?;
        self.by_key.remove(&entry.key);
        if let Some(merged) = entry.merged {
            self.by_merged.remove(&merged);
        }
        Some(entry)
    }

    /// Answers what could not be parsed, if it can be made out to be a request and whose.
    pub fn refuse_malformed(
        &mut self,
        kit: &mut Kit,
        flow: Flow,
        bytes: &[u8],
        status: u16,
        out: &mut Vec<Send>,
    ) {
        let Some(salvaged) = salvage(bytes) else { return };
        let head = Head::of_salvaged(&salvaged, flow, &mut kit.lines);
        let key = self.keys.of_bytes(bytes);
        self.reply_stateless(kit, (key, flow), &head, &Reply::plain(status), out);
    }

    /// Answers without keeping anything: copies get the same answer, tag and all.
    fn reply_stateless(
        &mut self,
        kit: &mut Kit,
        (key, flow): (Key, Flow),
        head: &Head,
        reply: &Reply<'_>,
        out: &mut Vec<Send>,
    ) {
        let tag = stateless_tag(key);
        let reply = Reply { to_tag: Some(tag.text()), ..*reply };
        head.write(&mut kit.page, &kit.settings.server_header, &reply);
        kit.counters.responses_sent += 1;
        send(out, flow, kit.wire());
    }
}

/// The tag of an answer of which nothing is kept: the same for each copy of its request.
struct StatelessTag([u8; 17]);

impl StatelessTag {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.0).expect("digits are ASCII")
    }
}

fn stateless_tag(key: Key) -> StatelessTag {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut tag = [b's'; 17];
    for (place, digit) in tag[1..].iter_mut().rev().enumerate() {
        *digit = DIGITS[(key >> (4 * place) & 15) as usize];
    }
    StatelessTag(tag)
}

fn invite_event(event: Event) -> server_invite::Event {
    use server_invite::Event::*;
    match event {
        Event::Again => InviteAgain,
        Event::Answer { status: 0..200, wire } => Provisional(wire),
        Event::Answer { status: 200..300, wire } => Success(wire),
        Event::Answer { wire, .. } => Failure(wire),
        Event::Ack => Ack,
        Event::Deadline => Deadline,
    }
}

fn other_event(event: Event) -> server_other::Event {
    use server_other::Event::*;
    match event {
        Event::Again | Event::Ack => RequestAgain,
        Event::Answer { status: 0..200, wire } => Provisional(wire),
        Event::Answer { wire, .. } => Final(wire),
        Event::Deadline => Deadline,
    }
}

#[cfg(test)]
mod tests {
    use super::Server;

    #[test]
    fn what_lingers_after_a_call_was_accepted_is_small() {
        assert!(size_of::<Server>() <= 280, "{} bytes", size_of::<Server>());
    }
}
