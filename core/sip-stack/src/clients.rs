//! The transactions that we began: their table, and what passes through it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use sip_message::{Digits, Header, Host, Message, Method, Start, Via, Writer};

use crate::client_invite::{self, ClientInvite};
use crate::client_other::{self, ClientOther};
use crate::flow::{ConnectionId, Flow, Send, Wire};
use crate::heard::{ClientId, Heard, Late, Owner};
use crate::kit::{Kit, Place, Settings, carriage};
use crate::request::Request;
use crate::slab::Slab;
use crate::token::Token;

/// All client transactions of a stack. The branch of a request says where its transaction lies.
#[derive(Debug)]
pub struct Clients {
    shard: u8,
    sent_by: Vec<SentBy>,
    table: Slab<Client>,
    invite_acts: Vec<client_invite::Act>,
    other_acts: Vec<client_other::Act>,
}

#[derive(Debug)]
struct Client {
    owner: Option<Owner>,
    flow: Flow,
    server_name: Option<Arc<str>>,
    machine: Machine,
    /// The transaction of the CANCEL for this INVITE.
    cancel: Option<ClientId>,
    look: Option<Instant>,
}

#[derive(Debug)]
enum Machine {
    Invite(ClientInvite),
    Other(ClientOther),
}

impl Machine {
    fn deadline(&self) -> Option<Instant> {
        match self {
            Machine::Invite(machine) => machine.deadline(),
            Machine::Other(machine) => machine.deadline(),
        }
    }

    fn is_gone(&self) -> bool {
        matches!(self, Machine::Invite(ClientInvite::Gone) | Machine::Other(ClientOther::Gone))
    }
}

/// What can happen to either machine.
enum Event {
    Answer { status: u16, ack: Option<Wire> },
    Cancel(Option<Box<str>>),
    FlowFailed,
    Deadline,
}

/// What the machine leaves to its surroundings.
enum Left {
    Nothing,
    Pass,
    PassAndCancel(Wire, Option<Box<str>>),
    Cancel(Wire, Option<Box<str>>),
    Timeout,
    FlowFailed,
}

impl Clients {
    pub fn new(settings: &Settings) -> Clients {
        Clients {
            shard: settings.shard,
            sent_by: settings.listeners.iter().map(|listener| SentBy::of(&listener.sent_by)).collect(),
            table: Slab::new(),
            invite_acts: Vec::new(),
            other_acts: Vec::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.table.len()
    }

    pub fn request(
        &mut self,
        kit: &mut Kit,
        now: Instant,
        request: &Request<'_>,
        owner: Owner,
        out: &mut Vec<Send>,
    ) -> ClientId {
        let nonce = kit.chance.u32();
        let mark = Token::new(self.shard, self.table.next_slot(), nonce);
        let sent_by = kit.sent_by(request.flow);
        request.write(&mut kit.page, &sent_by, mark.letters().text());
        let wire = kit.wire();
        let carriage = carriage(request.flow);
        let machine = match request.method {
            Method::Invite => Machine::Invite(ClientInvite::begin(now, &kit.timers, carriage, wire.clone())),
            _ => Machine::Other(ClientOther::begin(now, &kit.timers, carriage, &wire)),
        };
        let client = Client {
            owner: Some(owner),
            flow: request.flow,
            server_name: request.server_name.clone(),
            machine,
            cancel: None,
            look: None,
        };
        let slot = self.table.insert(nonce, client);
        let id = ClientId { slot, nonce };
        kit.counters.requests_sent += 1;
        out.push(Send { flow: request.flow, server_name: request.server_name.clone(), wire });
        self.settle(kit, id);
        id
    }

    pub fn send_ack(&mut self, kit: &mut Kit, request: &Request<'_>, out: &mut Vec<Send>) -> Wire {
        let mark = format!("a{:016x}", kit.chance.u64());
        let sent_by = kit.sent_by(request.flow);
        request.write(&mut kit.page, &sent_by, &mark);
        let wire = kit.wire();
        kit.counters.requests_sent += 1;
        out.push(Send { flow: request.flow, server_name: request.server_name.clone(), wire: wire.clone() });
        wire
    }

    pub fn receive<'m>(
        &mut self,
        kit: &mut Kit,
        now: Instant,
        flow: Flow,
        message: Message<'m>,
        out: &mut Vec<Send>,
    ) -> Heard<'m> {
        let Some((id, status)) = self.asked(&message) else {
            kit.counters.strays += 1;
            return Heard::Nothing;
        };
        let Some(entry) = self.table.get_mut(id.slot, id.nonce) else { return Heard::Nothing };
        if entry.flow.connection == ConnectionId::NONE && entry.flow.transport == flow.transport {
            entry.flow.connection = flow.connection;
        }
        let owner = entry.owner;
        let ack = match &entry.machine {
            Machine::Invite(machine) if status >= 300 => {
                machine.invite().and_then(|invite| write_ack(kit, invite, &message))
            }
            _ => None,
        };
        let left = self.feed(kit, now, id, Event::Answer { status, ack }, out);
        match (left, owner) {
            (Left::Pass, Some(owner)) => Heard::Response { client: id, owner, flow, message },
            (Left::PassAndCancel(invite, reason), owner) => {
                self.send_cancel(kit, now, id, &invite, reason.as_deref(), out);
                match owner {
                    Some(owner) => Heard::Response { client: id, owner, flow, message },
                    None => Heard::Nothing,
                }
            }
            _ => Heard::Nothing,
        }
    }

    /// Which of our requests this answers, and how; nothing if it is none, or not meant for us.
    fn asked(&self, message: &Message<'_>) -> Option<(ClientId, u16)> {
        let via = message.via();
        if !self.sent_by.iter().any(|own| own.is(&via)) || message.vias().nth(1).is_some() {
            return None;
        }
        let token = Token::find(via.branch()?).filter(|token| token.shard() == self.shard)?;
        let id = ClientId { slot: token.slot(), nonce: token.nonce() };
        let entry = self.table.get(id.slot, id.nonce)?;
        let status = message.status()?;
        match (&entry.machine, message.cseq().method) {
            (Machine::Invite(_), Method::Invite) => Some((id, status)),
            (Machine::Invite(_), Method::Cancel) => {
                let cancel = entry.cancel?;
                self.table.get(cancel.slot, cancel.nonce)?;
                Some((cancel, status))
            }
            (Machine::Invite(_), _) | (Machine::Other(_), Method::Invite | Method::Cancel) => None,
            (Machine::Other(_), _) => Some((id, status)),
        }
    }

    pub fn cancel(
        &mut self,
        kit: &mut Kit,
        now: Instant,
        id: ClientId,
        reason: Option<&str>,
        out: &mut Vec<Send>,
    ) {
        let left = self.feed(kit, now, id, Event::Cancel(reason.map(Box::from)), out);
        if let Left::Cancel(invite, reason) = left {
            self.send_cancel(kit, now, id, &invite, reason.as_deref(), out);
        }
    }

    pub fn abandon(&mut self, id: ClientId) {
        let Some(entry) = self.table.get_mut(id.slot, id.nonce) else { return };
        entry.owner = None;
        if let Machine::Other(machine) = &mut entry.machine {
            machine.hush();
        }
    }

    /// Sends a CANCEL, in a transaction of its own that nobody owns, under the branch of its INVITE.
    fn send_cancel(
        &mut self,
        kit: &mut Kit,
        now: Instant,
        id: ClientId,
        invite: &Wire,
        reason: Option<&str>,
        out: &mut Vec<Send>,
    ) {
        let Some(wire) = write_cancel(kit, invite, reason) else { return };
        let nonce = kit.chance.u32();
        let Some(entry) = self.table.get(id.slot, id.nonce) else { return };
        let (flow, server_name) = (entry.flow, entry.server_name.clone());
        let machine = Machine::Other(ClientOther::begin(now, &kit.timers, carriage(flow), &wire));
        let client =
            Client { owner: None, flow, server_name: server_name.clone(), machine, cancel: None, look: None };
        let slot = self.table.insert(nonce, client);
        let cancel = ClientId { slot, nonce };
        if let Some(entry) = self.table.get_mut(id.slot, id.nonce) {
            entry.cancel = Some(cancel);
        }
        kit.counters.requests_sent += 1;
        out.push(Send { flow, server_name, wire });
        self.settle(kit, cancel);
    }

    pub fn expire(
        &mut self,
        kit: &mut Kit,
        now: Instant,
        at: Instant,
        id: ClientId,
        out: &mut Vec<Send>,
        late: &mut Vec<Late>,
    ) {
        let Some(entry) = self.table.get_mut(id.slot, id.nonce).filter(|entry| entry.look == Some(at)) else {
            return;
        };
        entry.look = None;
        let owner = entry.owner;
        let left = self.feed(kit, now, id, Event::Deadline, out);
        if let (Left::Timeout, Some(owner)) = (left, owner) {
            kit.counters.timeouts += 1;
            late.push(Late::Timeout { client: id, owner });
        }
    }

    pub fn flow_failed(&mut self, kit: &mut Kit, now: Instant, flow: Flow, late: &mut Vec<Late>) {
        let on_it = self.table.iter().filter(|(_, _, client)| is_lost(client.flow, flow));
        let failed: Vec<ClientId> = on_it.map(|(slot, nonce, _)| ClientId { slot, nonce }).collect();
        for id in failed {
            let owner = self.table.get(id.slot, id.nonce).and_then(|entry| entry.owner);
            let left = self.feed(kit, now, id, Event::FlowFailed, &mut Vec::new());
            if let (Left::FlowFailed, Some(owner)) = (left, owner) {
                late.push(Late::FlowFailed { client: id, owner });
            }
        }
    }

    /// Hands an event to the machine, and does what it wants done.
    fn feed(&mut self, kit: &mut Kit, now: Instant, id: ClientId, event: Event, out: &mut Vec<Send>) -> Left {
        let Some(entry) = self.table.get_mut(id.slot, id.nonce) else { return Left::Nothing };
        let is_copy = matches!(event, Event::Deadline);
        let (flow, sent) = (entry.flow, out.len());
        let name = &entry.server_name;
        let mut left = Left::Nothing;
        match &mut entry.machine {
            Machine::Invite(machine) => {
                let acts = &mut self.invite_acts;
                machine.handle(now, &kit.timers, carriage(flow), invite_event(event), acts);
                for act in acts.drain(..) {
                    use client_invite::Act;
                    left = match (act, left) {
                        (Act::Send(wire), left) => {
                            out.push(Send { flow, server_name: name.clone(), wire });
                            left
                        }
                        (Act::SendCancel(invite, reason), Left::Pass) => Left::PassAndCancel(invite, reason),
                        (Act::SendCancel(invite, reason), _) => Left::Cancel(invite, reason),
                        (Act::Pass, _) => Left::Pass,
                        (Act::TellTimeout, _) => Left::Timeout,
                        (Act::TellFlowFailed, _) => Left::FlowFailed,
                    }
                }
            }
            Machine::Other(machine) => {
                let Some(event) = other_event(event) else { return Left::Nothing };
                let acts = &mut self.other_acts;
                machine.handle(now, &kit.timers, carriage(flow), event, acts);
                for act in acts.drain(..) {
                    use client_other::Act;
                    match act {
                        Act::Send(wire) => out.push(Send { flow, server_name: name.clone(), wire }),
                        Act::Pass => left = Left::Pass,
                        Act::TellTimeout => left = Left::Timeout,
                        Act::TellFlowFailed => left = Left::FlowFailed,
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
    fn settle(&mut self, kit: &mut Kit, id: ClientId) {
        let Some(entry) = self.table.get_mut(id.slot, id.nonce) else { return };
        if entry.machine.is_gone() {
            self.table.remove(id.slot, id.nonce);
            return;
        }
        let place = Place::Client { slot: id.slot, nonce: id.nonce };
        kit.agenda.note(place, &mut entry.look, entry.machine.deadline());
    }
}

fn invite_event(event: Event) -> client_invite::Event {
    use client_invite::Event::*;
    match event {
        Event::Answer { status: 0..200, .. } => Provisional,
        Event::Answer { status: 200..300, .. } => Success,
        Event::Answer { ack, .. } => Failure(ack),
        Event::Cancel(reason) => Cancel(reason),
        Event::FlowFailed => FlowFailed,
        Event::Deadline => Deadline,
    }
}

fn other_event(event: Event) -> Option<client_other::Event> {
    use client_other::Event::*;
    Some(match event {
        Event::Answer { status: 0..200, .. } => Provisional,
        Event::Answer { .. } => Final,
        Event::Cancel(_) => return None,
        Event::FlowFailed => FlowFailed,
        Event::Deadline => Deadline,
    })
}

/// Whether what was sent on `used` is lost with `failed`. A connection is itself; what has none yet goes by
/// its address; and an address that cannot be reached says nothing about connections that are there.
fn is_lost(used: Flow, failed: Flow) -> bool {
    if used.transport != failed.transport || used.listener != failed.listener {
        return false;
    }
    match (used.connection, failed.connection) {
        (ConnectionId::NONE, _) => used.remote == failed.remote,
        (_, ConnectionId::NONE) => false,
        (used, failed) => used == failed,
    }
}

/// The ACK that ends a failed INVITE (RFC 3261 17.1.1.3): the INVITE's own Via, Route and From.
fn write_ack(kit: &mut Kit, invite: &Wire, failure: &Message<'_>) -> Option<Wire> {
    let to = failure.line(Header::To)?;
    write_companion(kit, invite, "ACK", |writer| {
        writer.raw("To", to);
    })
}

/// The CANCEL of an INVITE (RFC 3261 9.1).
fn write_cancel(kit: &mut Kit, invite: &Wire, reason: Option<&str>) -> Option<Wire> {
    let parsed = Message::parse(invite.bytes()).ok()?;
    let to = parsed.line(Header::To)?;
    write_companion(kit, invite, "CANCEL", |writer| {
        writer.raw("To", to);
        if let Some(reason) = reason {
            writer.raw("Reason", reason);
        }
    })
}

/// A request that travels as the INVITE did.
fn write_companion(
    kit: &mut Kit,
    invite: &Wire,
    method: &str,
    more: impl FnOnce(&mut Writer<'_>),
) -> Option<Wire> {
    let invite = Message::parse(invite.bytes()).ok()?;
    let Start::Request { uri, .. } = invite.start() else { return None };
    kit.page.clear();
    let mut writer = Writer::request(&mut kit.page, method, uri);
    for line in invite.lines() {
        if let Header::Via
        | Header::Route
        | Header::MaxForwards
        | Header::From
        | Header::CallId
        | Header::SessionId = line.header
        {
            writer.copy(line);
        }
    }
    more(&mut writer);
    writer.pieces("CSeq", &[Digits::of(invite.cseq().number.into()).text(), " ", method]);
    writer.end();
    kit.counters.requests_sent += u64::from(method == "ACK");
    Some(kit.wire())
}

/// Host and port of one of our own Vias.
#[derive(Clone, Debug, PartialEq, Eq)]
enum SentBy {
    Address(IpAddr, Option<u16>),
    Name(Box<str>, Option<u16>),
}

impl SentBy {
    fn of(text: &str) -> SentBy {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()),
            _ => (text, None),
        };
        match host.trim_start_matches('[').trim_end_matches(']').parse() {
            Ok(address) => SentBy::Address(address, port),
            Err(_) => SentBy::Name(host.into(), port),
        }
    }

    fn is(&self, via: &Via<'_>) -> bool {
        match (self, via.host) {
            (SentBy::Address(own, port), Host::Ip(theirs)) => *own == theirs && *port == via.port,
            (SentBy::Name(own, port), Host::Name(theirs)) => {
                own.eq_ignore_ascii_case(theirs) && *port == via.port
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Client;

    #[test]
    fn what_lingers_after_a_call_was_accepted_is_small() {
        assert!(size_of::<Client>() <= 272, "{} bytes", size_of::<Client>());
    }
}
