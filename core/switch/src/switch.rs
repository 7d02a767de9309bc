//! The switch: each input finds the room that it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use call::{Calls, Event, MediaPlace, Now, Places, Room};
use health::{Change, Health, Standing, Surroundings, Watch};
use media::PortBook;
use model::Probing;
use policy::{Policy, ServerId};
use sip_message::{Message, Method};
use sip_stack::auth::Guard;
use sip_stack::locate::{DnsAnswer, DnsFound, DnsQuestion};
use sip_stack::{
    Chance, ConnectionId, Flow, Heard, Late, Listener, ServerId as Transaction, Stack, Token, Weight,
};

use crate::limits;
use crate::seam::{
    Answer, AskId, Command, CommandId, Input, News, Outbox, Question, Received, Reply, Settings,
};
use crate::view::Held;

/// One shard: its transactions, its calls, its peers.
pub struct Switch {
    pub(crate) shard: u8,
    listeners: Arc<[Listener]>,
    pub(crate) policy: Arc<Policy>,
    stack: Stack,
    guard: Guard,
    places: Places,
    pub(crate) calls: Calls,
    pub(crate) health: Health,
    down: BTreeSet<ServerId>,
    asked: BTreeMap<AskId, Asked>,
    last_ask: u64,
    scratch: Scratch,
}

/// A question that is out, and who waits for the answer.
struct Asked {
    by: Asker,
    question: DnsQuestion,
    until: Instant,
}

#[derive(Clone, Copy)]
enum Asker {
    Call(Token),
    Peer(usize),
}

/// Buffers that are used again and again.
#[derive(Default)]
struct Scratch {
    late: Vec<Late>,
    calls_ask: Vec<(Token, DnsQuestion)>,
    peers_ask: Vec<(usize, DnsQuestion)>,
    changes: Vec<Change>,
}

impl Switch {
    pub fn new(settings: Settings, policy: Arc<Policy>, now: Now) -> Switch {
        let mut chance = Chance::from_seed(settings.seed);
        let mut key = [0; 32];
        chance.fill(&mut key);
        let media = settings.media.into_iter().map(|range| MediaPlace {
            interface: range.interface,
            advertise: range.advertise,
            book: PortBook::new(range.address, range.ports, limits::PORT_REST),
        });
        let stack_settings = sip_stack::Settings::new(
            settings.shard,
            Arc::clone(&settings.listeners),
            settings.version.into(),
        );
        let mut switch = Switch {
            shard: settings.shard,
            places: Places::new(Arc::clone(&settings.listeners), media.collect()),
            listeners: settings.listeners,
            guard: Guard::new(policy.realm(), key),
            stack: Stack::new(stack_settings, chance),
            calls: Calls::new(settings.shard),
            health: Health::default(),
            down: BTreeSet::new(),
            asked: BTreeMap::new(),
            last_ask: 0,
            scratch: Scratch::default(),
            policy,
        };
        switch.watch_peers(now.instant);
        switch
    }

    /// Takes one input, and leaves in `out` everything that follows from it.
    pub fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox) {
        self.with_calls(now, out, Calls::mend);
        match input {
            Input::Received(received) => self.received(now, received, out),
            Input::FlowFailed(flow) => self.flow_failed(now, flow, out),
            Input::Deadline => self.expire(now, out),
            Input::Heard(event) => self.with_calls(now, out, |calls, room| calls.heard(room, &event)),
            Input::Answered(id, Answer::Dns(answer)) => self.answered(now, id, answer, out),
            Input::NewPolicy(policy) => self.adopt(now, policy),
            Input::News(News::Peer { key, standing }) => self.learn(&key, standing),
            Input::Command(id, command) => self.command(now, id, command, out),
        }
        self.note_changes(now, out);
        self.note_questions(now, out);
    }

    /// When `Input::Deadline` is due next.
    pub fn deadline(&self) -> Option<Instant> {
        let asked = self.asked.first_key_value().map(|(_, asked)| asked.until);
        [self.stack.deadline(), self.calls.deadline(), self.health.deadline(), asked]
            .into_iter()
            .flatten()
            .min()
    }

    /// What this shard holds at this moment.
    pub fn held(&self) -> Held {
        Held {
            calls: self.calls.len(),
            transactions: self.stack.transactions(),
            ports: self.places.leased(),
            permits: self.calls.permits(),
            questions: self.asked.len(),
        }
    }

    /// What the stack has counted.
    pub fn counters(&self) -> &sip_stack::Counters {
        self.stack.counters()
    }

    fn received(&mut self, now: Now, received: Received<'_>, out: &mut Outbox) {
        let Received { flow, bytes } = received;
        let weigh = |message: &Message<'_>| weight_of(&self.policy, message);
        match self.stack.receive_weighing(now.instant, flow, bytes, weigh, &mut out.sends) {
            Heard::Nothing => {}
            Heard::Request { server, flow, message } => self.requested(now, server, flow, &message, out),
            Heard::Ack { message, .. } => {
                self.with_calls(now, out, |calls, room| calls.acked(room, &message))
            }
            Heard::Cancelled { server, owner, message } => {
                self.with_calls(now, out, |calls, room| calls.cancelled(room, server, owner, &message));
            }
            Heard::Response { client, owner, flow, message } => match owner.room {
                call::ROOM => self.with_calls(now, out, |calls, room| {
                    calls.answered(room, client, owner, flow, &message);
                }),
                health::ROOM => {
                    let status = message.status().unwrap_or_default();
                    self.health.answered(owner, client, status, &mut self.scratch.changes);
                }
                _ => {}
            },
        }
    }

    fn requested(
        &mut self,
        now: Now,
        server: Transaction,
        flow: Flow,
        message: &Message<'_>,
        out: &mut Outbox,
    ) {
        if message.to().tag().is_some() {
            return self.with_calls(now, out, |calls, room| calls.in_dialog(room, server, flow, message));
        }
        match message.method() {
            Some(Method::Invite) => {
                self.with_calls(now, out, |calls, room| calls.arrived(room, server, flow, message));
            }
            Some(Method::Options) => {
                health::answer_options(now.instant, &mut self.stack, server, &mut out.sends);
            }
            Some(Method::Bye | Method::Update | Method::Info | Method::Prack) => {
                self.refuse(now, server, 481, &[], out);
            }
            _ => self.refuse(now, server, 405, &[("Allow", health::ALLOW)], out),
        }
    }

    fn refuse(
        &mut self,
        now: Now,
        server: Transaction,
        status: u16,
        headers: &[(&str, &str)],
        out: &mut Outbox,
    ) {
        let reply = sip_stack::Reply { status, headers, ..sip_stack::Reply::default() };
        self.stack.respond(now.instant, server, &reply, &mut out.sends);
    }

    fn flow_failed(&mut self, now: Now, flow: Flow, out: &mut Outbox) {
        let mut late = std::mem::take(&mut self.scratch.late);
        self.stack.flow_failed(now.instant, flow, &mut late);
        if flow.connection != ConnectionId::NONE {
            self.calls.flow_failed(flow);
        }
        self.hand_out_late(now, late, out);
    }

    fn expire(&mut self, now: Now, out: &mut Outbox) {
        let mut late = std::mem::take(&mut self.scratch.late);
        self.stack.expire(now.instant, &mut out.sends, &mut late);
        self.hand_out_late(now, late, out);
        self.with_calls(now, out, Calls::expire);
        self.with_health(now, out, Health::expire);
        self.give_up_questions(now, out);
    }

    fn hand_out_late(&mut self, now: Now, mut late: Vec<Late>, out: &mut Outbox) {
        for late in late.drain(..) {
            let room = match &late {
                Late::Timeout { owner, .. } | Late::FlowFailed { owner, .. } => owner.room,
                Late::NoAck { .. } => call::ROOM,
            };
            match room {
                call::ROOM => self.with_calls(now, out, |calls, room| calls.late(room, &late)),
                health::ROOM => self.health.late(&late, &mut self.scratch.changes),
                _ => {}
            }
        }
        self.scratch.late = late;
    }

    fn answered(&mut self, now: Now, id: AskId, answer: DnsAnswer, out: &mut Outbox) {
        match self.asked.remove(&id).map(|asked| asked.by) {
            Some(Asker::Call(key)) => {
                self.with_calls(now, out, |calls, room| calls.located(room, key, answer))
            }
            Some(Asker::Peer(index)) => self.with_health(now, out, |health, around, changes| {
                health.located(around, index, answer, changes);
            }),
            None => {}
        }
    }

    fn give_up_questions(&mut self, now: Now, out: &mut Outbox) {
        while let Some((&id, asked)) = self.asked.first_key_value() {
            if asked.until > now.instant {
                return;
            }
            let nothing =
                DnsAnswer { question: asked.question.clone(), ttl: Duration::ZERO, found: DnsFound::Failed };
            self.answered(now, id, nothing, out);
        }
    }

    fn adopt(&mut self, now: Now, policy: Arc<Policy>) {
        self.policy = policy;
        self.guard.rename(self.policy.realm());
        self.watch_peers(now.instant);
    }

    fn watch_peers(&mut self, now: Instant) {
        let watches = self.policy.servers().iter().map(|server| Watch {
            key: Arc::clone(&server.key),
            target: Arc::clone(&server.target),
            interface: server.interface.map(|interface| interface.0),
            every: match server.health.options {
                Probing::Every(interval) => Some(interval.0),
                Probing::Off => None,
            },
            fail_after: server.health.fail_after,
            recover_after: server.health.recover_after,
        });
        self.health.watch(now, watches.collect());
        self.see_who_is_down();
    }

    fn see_who_is_down(&mut self) {
        let servers = self.policy.servers().iter().enumerate();
        self.down =
            servers.filter(|(index, _)| !self.health.is_up(*index)).map(|(_, server)| server.id).collect();
    }

    fn learn(&mut self, key: &str, standing: Standing) {
        self.health.learn(key, standing);
        self.see_who_is_down();
    }

    fn command(&mut self, now: Now, id: CommandId, command: Command, out: &mut Outbox) {
        match command {
            Command::Drain => self.calls.drain(),
            Command::HangUpAll => self.with_calls(now, out, Calls::hang_up_all),
            Command::Count => {}
            Command::View => return out.replies.push((id, Reply::View(Box::new(self.view())))),
            Command::Calls { most } => return out.replies.push((id, Reply::Calls(self.some_calls(most)))),
        }
        out.replies.push((id, Reply::Held(self.held())));
    }

    fn with_calls(&mut self, now: Now, out: &mut Outbox, event: impl FnOnce(&mut Calls, &mut Room<'_>)) {
        let mut room = Room {
            now,
            policy: &self.policy,
            stack: &mut self.stack,
            guard: &mut self.guard,
            places: &mut self.places,
            down: &self.down,
            keep: &mut out.keep,
            orders: &mut out.orders,
            sends: &mut out.sends,
            asks: &mut self.scratch.calls_ask,
            tells: &mut out.tells,
        };
        event(&mut self.calls, &mut room);
    }

    fn with_health(
        &mut self,
        now: Now,
        out: &mut Outbox,
        event: impl FnOnce(&mut Health, &mut Surroundings<'_>, &mut Vec<Change>),
    ) {
        let mut around = Surroundings {
            now: now.instant,
            stack: &mut self.stack,
            listeners: &self.listeners,
            sends: &mut out.sends,
            asks: &mut self.scratch.peers_ask,
        };
        event(&mut self.health, &mut around, &mut self.scratch.changes);
    }

    /// Tells everybody which peers stand otherwise than before.
    fn note_changes(&mut self, now: Now, out: &mut Outbox) {
        if self.scratch.changes.is_empty() {
            return;
        }
        self.see_who_is_down();
        for change in self.scratch.changes.drain(..) {
            let (at, server) = (now.wall, Arc::clone(&change.key));
            out.tells.push(match change.standing {
                Standing::Up => Event::PeerUp { at, server },
                Standing::Down => Event::PeerDown { at, server, cause: change.cause.to_owned() },
            });
            out.news.push(News::Peer { key: change.key, standing: change.standing });
        }
    }

    /// Gives each question its name.
    fn note_questions(&mut self, now: Now, out: &mut Outbox) {
        let by_calls = self.scratch.calls_ask.drain(..).map(|(key, question)| (Asker::Call(key), question));
        let by_peers =
            self.scratch.peers_ask.drain(..).map(|(index, question)| (Asker::Peer(index), question));
        for (by, question) in by_calls.chain(by_peers) {
            self.last_ask += 1;
            let id = AskId(self.last_ask);
            let until = now.instant + limits::QUESTION_WAIT;
            if self.asked.len() < limits::QUESTIONS_MAX {
                out.asks.push((id, Question::Dns(question.clone())));
            }
            self.asked.insert(id, Asked { by, question, until });
        }
    }
}

/// No want of room refuses a call for help.
fn weight_of(policy: &Policy, message: &Message<'_>) -> Weight {
    let is_call = message.method() == Some(Method::Invite);
    match message.request_uri() {
        Some(uri) if is_call && policy::sounds_urgent(policy, uri) => Weight::Urgent,
        _ => Weight::Usual,
    }
}
