//! One shard's transactions: bytes in; bytes, and what concerns the house, out.

use std::time::Instant;

use sip_message::{Message, SessionId};

use crate::chance::Chance;
use crate::clients::Clients;
use crate::flow::{Flow, Send, Transport, Wire};
use crate::heard::{ClientId, Heard, Late, Owner, ServerId};
use crate::kit::{Agenda, Counters, Kit, Limits, Place, Settings, Weight, send};
use crate::request::{Reply, Request};
use crate::servers::Servers;
use crate::stun;
use crate::timing::Timers;

/// All transactions of a shard.
#[derive(Debug)]
pub struct Stack {
    kit: Kit,
    servers: Servers,
    clients: Clients,
}

impl Stack {
    pub fn new(settings: Settings, mut chance: Chance) -> Stack {
        let mut key = [0; 16];
        chance.fill(&mut key);
        let timers = Timers { t1: settings.t1, t2: settings.t2, t4: settings.t4 };
        let clients = Clients::new(&settings);
        let kit = Kit {
            settings,
            limits: Limits::default(),
            timers,
            chance,
            agenda: Agenda::default(),
            counters: Counters::default(),
            page: Vec::with_capacity(2048),
            lines: String::with_capacity(1024),
        };
        Stack { kit, servers: Servers::new(&key), clients }
    }

    /// The same stack with other limits.
    pub fn with_limits(mut self, limits: Limits) -> Stack {
        self.kit.limits = limits;
        self
    }

    /// Takes what arrived on a flow: parses, matches, answers what it can answer itself, and says what is
    /// left for the house.
    pub fn receive<'m>(
        &mut self,
        now: Instant,
        flow: Flow,
        bytes: &'m [u8],
        out: &mut Vec<Send>,
    ) -> Heard<'m> {
        self.receive_weighing(now, flow, bytes, |_| Weight::Usual, out)
    }

    /// The same; `weigh` is asked about a new request only when there is no room left.
    pub fn receive_weighing<'m>(
        &mut self,
        now: Instant,
        flow: Flow,
        bytes: &'m [u8],
        weigh: impl Fn(&Message<'_>) -> Weight,
        out: &mut Vec<Send>,
    ) -> Heard<'m> {
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            self.kit.counters.keepalives += 1;
            return Heard::Nothing;
        }
        if flow.transport == Transport::Udp && stun::is_stun(bytes) {
            self.answer_stun(flow, bytes, out);
            return Heard::Nothing;
        }
        match Message::parse(bytes) {
            Ok(message) if message.is_request() => {
                self.kit.counters.requests_received += 1;
                self.servers.receive(&mut self.kit, now, flow, message, weigh, out)
            }
            Ok(message) => {
                self.kit.counters.responses_received += 1;
                self.clients.receive(&mut self.kit, now, flow, message, out)
            }
            Err(error) => {
                self.kit.counters.malformed += 1;
                self.servers.refuse_malformed(&mut self.kit, flow, bytes, error.status(), out);
                Heard::Nothing
            }
        }
    }

    fn answer_stun(&mut self, flow: Flow, bytes: &[u8], out: &mut Vec<Send>) {
        match stun::answer(bytes, flow.remote) {
            Some(answer) => {
                self.kit.counters.keepalives += 1;
                out.push(Send { flow, server_name: None, wire: Wire::new(&answer) });
            }
            None => self.kit.counters.malformed += 1,
        }
    }

    /// When `expire` should be called next.
    pub fn deadline(&self) -> Option<Instant> {
        self.kit.agenda.next().into_iter().chain(self.servers.deadline()).min()
    }

    /// Does what is due: repeats, gives up, forgets.
    pub fn expire(&mut self, now: Instant, out: &mut Vec<Send>, late: &mut Vec<Late>) {
        self.servers.settle_fresh(&mut self.kit);
        while let Some((at, place)) = self.kit.agenda.take_due(now) {
            match place {
                Place::Server { slot, nonce } => {
                    self.servers.expire(&mut self.kit, now, at, ServerId { slot, nonce }, out, late);
                }
                Place::Client { slot, nonce } => {
                    self.clients.expire(&mut self.kit, now, at, ClientId { slot, nonce }, out, late);
                }
            }
        }
    }

    /// The flow was refused or has closed: what we asked on it and has no answer yet fails at once.
    pub fn flow_failed(&mut self, now: Instant, flow: Flow, late: &mut Vec<Late>) {
        self.clients.flow_failed(&mut self.kit, now, flow, late);
        self.servers.flow_failed(flow);
    }

    /// Answers a request. The call repeats the bytes of its 2xx itself until the ACK comes (RFC 6026).
    pub fn respond(
        &mut self,
        now: Instant,
        server: ServerId,
        reply: &Reply<'_>,
        out: &mut Vec<Send>,
    ) -> Option<Wire> {
        self.servers.respond(&mut self.kit, now, server, reply, out)
    }

    /// Answers whoever has proven nothing, and keeps nothing of it: a copy is heard as if it were new, and
    /// gets the same tag (RFC 3261 8.2.7).
    pub fn respond_and_forget(&mut self, server: ServerId, reply: &Reply<'_>, out: &mut Vec<Send>) {
        self.servers.respond_and_forget(&mut self.kit, server, reply, out);
    }

    /// Leaves a request to somebody else: nothing is answered to it here.
    pub fn leave(&mut self, server: ServerId) {
        self.servers.remove(server);
    }

    /// Says whose a request is, so that what follows names the owner.
    pub fn own(&mut self, server: ServerId, owner: Owner) {
        self.servers.own(server, owner);
    }

    /// What answers to a request say of its session's two ends (RFC 7989).
    pub fn speak_of(&mut self, server: ServerId, session: Option<SessionId>) {
        self.servers.speak_of(server, session);
    }

    /// Somebody will ask how a request was answered.
    pub fn watch(&mut self, server: ServerId) {
        self.servers.watch(server);
    }

    /// How a request was answered that is watched; once.
    pub fn outcome(&mut self, server: ServerId) -> Option<u16> {
        self.servers.outcome(server)
    }

    /// Sends a request and waits for its answer.
    pub fn request(
        &mut self,
        now: Instant,
        request: &Request<'_>,
        owner: Owner,
        out: &mut Vec<Send>,
    ) -> ClientId {
        self.clients.request(&mut self.kit, now, request, owner, out)
    }

    /// How many bytes a request would have, if they are more than so many.
    pub fn size_beyond(&mut self, request: &Request<'_>, most: usize) -> Option<usize> {
        let sent_by = self.kit.sent_by(request.flow);
        if request.size_at_most(&sent_by) <= most {
            return None;
        }
        let mark = crate::token::Token::new(0, 0, 0);
        request.write(&mut self.kit.page, &sent_by, mark.letters().text());
        Some(self.kit.page.len()).filter(|size| *size > most)
    }

    /// Sends the ACK of a 2xx. The call sends the same bytes again when the 2xx comes again.
    pub fn send_ack(&mut self, _now: Instant, request: &Request<'_>, out: &mut Vec<Send>) -> Wire {
        self.clients.send_ack(&mut self.kit, request, out)
    }

    /// Sends the same bytes again: a 2xx without ACK, an ACK for a 2xx that came again.
    pub fn resend(&mut self, flow: Flow, wire: Wire, out: &mut Vec<Send>) {
        self.kit.counters.retransmissions_sent += 1;
        send(out, flow, wire);
    }

    /// Takes an INVITE back, as soon as somebody has answered at all. A 2xx that crosses reaches the owner.
    pub fn cancel(&mut self, now: Instant, client: ClientId, reason: Option<&str>, out: &mut Vec<Send>) {
        self.clients.cancel(&mut self.kit, now, client, reason, out);
    }

    /// Nobody cares for the answer any more; it is absorbed, and no more copies of a request other than
    /// INVITE are sent. A 2xx to an INVITE would stay without ACK.
    pub fn abandon(&mut self, client: ClientId) {
        self.clients.abandon(client);
    }

    pub fn chance(&mut self) -> &mut Chance {
        &mut self.kit.chance
    }

    pub fn counters(&self) -> &Counters {
        &self.kit.counters
    }

    /// How many transactions there are, lingering ones included.
    pub fn transactions(&self) -> usize {
        self.servers.len() + self.clients.len()
    }
}
