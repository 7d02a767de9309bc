//! The switch: each input finds the room that it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use call::{
    Accounts, Arrival, Calls, Capturing, ChatPlace, Elsewhere, HandOn, HungUp, MediaPlace, Now, OnOffer,
    Others, Places, Room,
};
use health::{Health, Surroundings};
use media::{PortBook, Scouts};
use performance::ByTrunk;
use policy::{Policy, Standings, Turns};
use registrar::{Binding, Registrar, Table, Wakes};
use registration::{AccountKey, Known, Registrations};
use sip_message::{Message, Method};
use sip_stack::auth::Guard;
use sip_stack::locate::{DnsAnswer, DnsFound, DnsQuestion};
use sip_stack::{
    Chance, ConnectionId, Flow, Heard, Late, Listener, ServerId as Transaction, Stack, Token, Weight,
};

use targets::Book;

use crate::handing::HandedOn;
use crate::seam::{
    Answer, AskId, Command, CommandId, Input, News, Outbox, Question, Received, Reply, Settings,
};
use crate::view::Held;
use crate::{limits, scouting, standings};

/// One shard: its transactions, its calls, its peers.
pub struct Switch {
    pub(crate) shard: u8,
    pub(crate) shards: u8,
    pub(crate) listeners: Arc<[Listener]>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) stack: Stack,
    pub(crate) guard: Guard,
    pub(crate) places: Places,
    pub(crate) calls: Calls,
    pub(crate) book: Book,
    health: Health,
    pub(crate) registrations: Registrations,
    /// Trunks that an operator lets take no new calls.
    pub(crate) drained: Arc<BTreeSet<Arc<str>>>,
    pub(crate) registrar: Registrar,
    pub(crate) wakes: Wakes,
    pub(crate) presence: presence::House,
    pub(crate) post: messages::Post,
    /// Whether there ever was somebody who could watch somebody.
    pub(crate) is_watched: bool,
    /// What registrations mean for calls.
    pub(crate) accounts: Accounts,
    /// What was last told of each account.
    pub(crate) told: BTreeMap<Arc<str>, Known>,
    pub(crate) standings: Standings,
    /// Whose turn it is in teams, as far as this shard has seen it.
    turns: Turns,
    /// How trunks have served us.
    pub(crate) performance: ByTrunk,
    /// What may be taken of the calls of other shards, and what went there.
    elsewhere: Elsewhere,
    pub(crate) handed_on: HandedOn,
    /// How the message at hand came.
    pub(crate) arrival: Arrival,
    /// The edition of the book that the standings were drawn from.
    edition: u64,
    certificates: BTreeMap<ConnectionId, Arc<[String]>>,
    asked: BTreeMap<AskId, Asked>,
    pub(crate) last_ask: u64,
    pub(crate) scratch: Scratch,
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
    Book(usize),
    Account(AccountKey),
}

/// Buffers that are used again and again.
#[derive(Default)]
pub(crate) struct Scratch {
    late: Vec<Late>,
    calls_ask: Vec<(Token, DnsQuestion)>,
    book_asks: Vec<(usize, DnsQuestion)>,
    pub(crate) accounts_ask: Vec<(AccountKey, DnsQuestion)>,
    /// Trunks whose account stands otherwise than before.
    pub(crate) accounts: Vec<Arc<str>>,
    /// Users whose phones registered.
    pub(crate) bindings: Vec<(Arc<str>, Arc<[Binding]>)>,
    /// What watchers may know of calls.
    pub(crate) seen: Vec<call::Sighting>,
    pub(crate) presence: Vec<presence::News>,
    /// What may be taken of calls, and an INVITE that takes one of another shard.
    pub(crate) on_offer: Vec<OnOffer>,
    pub(crate) hand_on: Option<HandOn>,
}

impl Switch {
    pub fn new(settings: Settings, policy: Arc<Policy>, now: Now) -> Switch {
        let mut chance = Chance::from_seed(settings.seed);
        let mut key = [0; 32];
        chance.fill(&mut key);
        // A generator of its own: what others draw stays what it was.
        let lot = Chance::from_seed(settings.seed.map(|byte| !byte)).u32();
        let media = settings.media.into_iter().map(|range| MediaPlace {
            interface: range.interface,
            advertise: range.advertise,
            book: PortBook::new(range.address, range.ports, limits::PORT_REST),
            scouts: Box::new(Scouts::new(now.instant, scouting::outposts(&policy, range.interface))),
            chats: range.chats.map(|port| ChatPlace {
                bind: range.address,
                advertise: range.advertise,
                port,
            }),
        });
        let stack_settings = sip_stack::Settings::new(
            settings.shard,
            Arc::clone(&settings.listeners),
            settings.version.into(),
        );
        let mut switch = Switch {
            shard: settings.shard,
            shards: settings.shards,
            places: Places::new(Arc::clone(&settings.listeners), media.collect(), settings.certificate),
            listeners: Arc::clone(&settings.listeners),
            guard: Guard::new(policy.realm(), key),
            stack: Stack::new(stack_settings, chance),
            calls: Calls::new(settings.shard),
            book: Book::new(Arc::clone(&settings.listeners)),
            health: Health::default(),
            registrations: Registrations::new(settings.shard, settings.shards),
            drained: Arc::default(),
            registrar: Registrar::new(Table::new(Arc::clone(&settings.listeners), &settings.gruu_key)),
            wakes: Wakes::default(),
            presence: presence::House::new(settings.shard, lot),
            post: messages::Post::new(settings.shard),
            is_watched: policy.has_watchers(),
            accounts: Accounts::default(),
            told: BTreeMap::new(),
            standings: Standings::default(),
            turns: Turns::default(),
            performance: ByTrunk::default(),
            elsewhere: Elsewhere::default(),
            handed_on: HandedOn::default(),
            arrival: Arrival::Direct,
            edition: 0,
            certificates: BTreeMap::new(),
            asked: BTreeMap::new(),
            last_ask: 0,
            scratch: Scratch::default(),
            policy,
        };
        switch.watch_servers(now);
        // Nothing leaves yet: accounts are registered when they are due.
        switch.watch_accounts(now, &mut Outbox::default());
        switch
    }

    /// Takes one input, and leaves in `out` everything that follows from it.
    pub fn handle(&mut self, now: Now, input: Input<'_>, out: &mut Outbox) {
        self.arrival = Arrival::Direct;
        self.with_calls(now, out, Calls::mend);
        match input {
            Input::Received(received) if self.follows(now, received, out) => {}
            Input::Received(received) => self.hear(now, received, out),
            Input::HandedOn(received, proven) => self.take_handed(now, received, proven, out),
            Input::FlowFailed(flow) => self.flow_failed(now, flow, out),
            Input::Deadline => self.expire(now, out),
            Input::Heard(event) => self.with_calls(now, out, |calls, room| calls.heard(room, &event)),
            Input::Answered(id, Answer::Dns(answer)) => self.answered(now, id, answer, out),
            Input::Answered(_, Answer::Scout(interface, ports, found)) => {
                self.scouted(now, interface, ports, found);
            }
            Input::Proved(connection, names) => drop(self.certificates.insert(connection, names)),
            Input::NewPolicy(policy) => self.adopt(now, policy, out),
            Input::News(News::Target { key, place, standing }) => self.book.learn(&key, place, standing),
            Input::News(News::Registration { trunk, known }) => {
                self.registrations.learn(&trunk, &known);
                self.see_accounts(now.instant);
            }
            Input::News(News::OnOffer(offer)) => self.elsewhere.learn(offer),
            Input::News(News::Bindings { user, bindings }) => self.registrar.table.set(&user, bindings),
            Input::News(News::NotWoken { user, device }) => {
                self.with_calls(now, out, |calls, room| calls.not_woken(room, &user, &device));
            }
            Input::News(News::Presence(news)) => {
                self.with_presence(now, out, |house, around| house.learn(around, &news));
            }
            Input::Command(id, command) => self.command(now, id, command, out),
        }
        self.follow_book(now, out);
        self.scout(now, out);
        self.note_accounts(now, out);
        self.note_presence(now, out);
        self.note_offers(out);
        self.note_questions(now, out);
        out.wakes.extend(self.wakes.take());
    }

    /// When `Input::Deadline` is due next.
    pub fn deadline(&self) -> Option<Instant> {
        let asked = self.asked.first_key_value().map(|(_, asked)| asked.until);
        let bindings = self.registrar.table.deadline();
        let (health, registrations) = (self.health.deadline(&self.book), self.registrations.deadline());
        [
            self.stack.deadline(),
            self.calls.deadline(),
            self.book.deadline(),
            health,
            registrations,
            asked,
            bindings,
            self.places.scouts_due(),
            self.presence.deadline(),
            self.post.deadline(),
        ]
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
            farewells: self.registrations.farewells(),
        }
    }

    /// What the stack has counted.
    pub fn counters(&self) -> &sip_stack::Counters {
        self.stack.counters()
    }

    pub(crate) fn hear(&mut self, now: Now, received: Received<'_>, out: &mut Outbox) {
        let Received { flow, bytes } = received;
        let weigh = |message: &Message<'_>| weight_of(&self.policy, message);
        match self.stack.receive_weighing(now.instant, flow, bytes, weigh, &mut out.sends) {
            Heard::Nothing => {}
            Heard::Request { server, flow, message } => {
                self.requested(now, server, flow, &message, out);
                self.hand_on(now, received, out);
            }
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
                    self.with_health(now, out, |health, around| health.answered(around, client, &message));
                }
                registration::ROOM => self.with_registrations(now, out, |registrations, around| {
                    registrations.answered(owner, client, flow, &message, around);
                }),
                presence::ROOM => self.with_presence(now, out, |house, around| {
                    house.answered(around, client, owner.key, &message);
                }),
                messages::ROOM => self.with_post(now, out, |post, around| {
                    post.answered(around, client, owner.key, &message);
                }),
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
        if self.takes_report(now, server, flow, message, out)
            || self.asks_for_presence(now, server, flow, message, out)
        {
            return;
        }
        if message.to().tag().is_some() {
            return self.with_calls(now, out, |calls, room| calls.in_dialog(room, server, flow, message));
        }
        match message.method() {
            Some(Method::Invite) => {
                self.with_calls(now, out, |calls, room| calls.arrived(room, server, flow, message));
            }
            Some(Method::Register) => self.register(now, server, flow, message, out),
            Some(Method::Message) if self.takes_message(now, server, flow, message, out) => {}
            Some(Method::Options) => {
                health::answer_options(now.instant, &mut self.stack, server, &mut out.sends);
            }
            Some(Method::Bye | Method::Update | Method::Info | Method::Prack | Method::Notify) => {
                self.refuse(now, server, 481, &[], out);
            }
            Some(Method::Subscribe | Method::Publish) => {
                self.refuse(now, server, 489, &[("Allow-Events", "refer")], out)
            }
            // A transfer of no call: nobody here is called on somebody else's word.
            Some(Method::Refer) => self.refuse(now, server, 403, &[], out),
            _ => self.refuse(now, server, 405, &[("Allow", sip_stack::ALLOW)], out),
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
            self.certificates.remove(&flow.connection);
            self.calls.flow_failed(flow);
            self.registrations.flow_failed(flow, now.instant);
            self.registrar.table.flow_failed(flow);
            self.presence.flow_failed(flow);
        }
        self.hand_out_late(now, late, out);
    }

    fn expire(&mut self, now: Now, out: &mut Outbox) {
        let mut late = std::mem::take(&mut self.scratch.late);
        self.stack.expire(now.instant, &mut out.sends, &mut late);
        self.hand_out_late(now, late, out);
        self.with_calls(now, out, Calls::expire);
        self.book.expire(now.instant, self.stack.chance(), &mut self.scratch.book_asks);
        self.health.follow(now.instant, &self.book);
        self.with_health(now, out, Health::expire);
        self.with_registrations(now, out, Registrations::expire);
        self.renew_sleepers(now);
        self.with_presence(now, out, presence::House::expire);
        self.with_post(now, out, messages::Post::expire);
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
                health::ROOM => self.with_health(now, out, |health, around| health.late(around, &late)),
                registration::ROOM => self.with_registrations(now, out, |registrations, around| {
                    registrations.late(&late, around);
                }),
                presence::ROOM => self.with_presence(now, out, |house, around| house.late(around, &late)),
                messages::ROOM => self.with_post(now, out, |post, around| post.late(around, &late)),
                _ => {}
            }
        }
        self.scratch.late = late;
    }

    fn answered(&mut self, now: Now, id: AskId, answer: DnsAnswer, out: &mut Outbox) {
        match self.asked.remove(&id).map(|asked| asked.by) {
            Some(Asker::Call(key)) => {
                let answers = self.or_said_last(answer);
                self.with_calls(now, out, |calls, room| calls.located(room, key, &answers));
            }
            Some(Asker::Book(index)) => {
                let asks = &mut self.scratch.book_asks;
                self.book.located(now.instant, (index, answer), self.stack.chance(), asks);
            }
            Some(Asker::Account(key)) => {
                let answers = self.or_said_last(answer);
                self.with_registrations(now, out, |registrations, around| {
                    registrations.located(key, &answers, around);
                });
            }
            None => {}
        }
    }

    /// Where DNS fails, all that it said to the book before has to do: nobody waits for one failure after
    /// the other.
    fn or_said_last(&self, answer: DnsAnswer) -> Vec<DnsAnswer> {
        let said: Vec<DnsAnswer> = match answer.found {
            DnsFound::Failed => self.book.said_last(&answer.question).cloned().collect(),
            _ => Vec::new(),
        };
        if said.is_empty() { vec![answer] } else { said }
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

    fn adopt(&mut self, now: Now, policy: Arc<Policy>, out: &mut Outbox) {
        self.policy = policy;
        self.guard.rename(self.policy.realm());
        self.performance.keep(|name| self.policy.trunks().any(|trunk| **trunk == *name));
        self.watch_servers(now);
        self.scout_by_policy(now);
        self.watch_accounts(now, out);
        self.follow_users(now, out);
        self.follow_watchers(now, out);
        self.with_post(now, out, messages::Post::adopt);
    }

    fn watch_servers(&mut self, now: Now) {
        let recorders = self.policy.recorders().iter().flat_map(|recorder| &recorder.servers);
        // Those of recorders come last: the places of all others are their ids.
        let watches = self.policy.servers().iter().map(standings::watch_of);
        let watches = watches.chain(recorders.map(standings::watch_of_recorder)).collect();
        self.book.watch(now.instant, watches);
        self.follow_book(now, &mut Outbox::default());
    }

    fn command(&mut self, now: Now, id: CommandId, command: Command, out: &mut Outbox) {
        match command {
            Command::Leave => {
                self.calls.leave();
                self.with_registrations(now, out, Registrations::leave);
            }
            Command::Register => self.registrations.refresh(now.instant),
            Command::Drain => self.calls.drain(),
            Command::Resume => self.calls.resume(),
            Command::DrainTrunks(drained) => {
                self.drained = drained;
                self.see_accounts(now.instant);
            }
            Command::HangUp { token } => {
                let mut became = HungUp::Unknown;
                self.with_calls(now, out, |calls, room| became = calls.hang_up(room, token));
                return out.replies.push((id, Reply::HungUp(became)));
            }
            Command::MakeCall { shard, wish } if shard == self.shard => {
                let mut made = None;
                self.with_calls(now, out, |calls, room| made = Some(calls.make(room, &wish)));
                return out.replies.extend(made.map(|made| (id, Reply::Made(made))));
            }
            Command::Notice { shard, notice } if shard == self.shard => {
                let mut noticed = None;
                self.with_presence(now, out, |house, around| noticed = Some(house.notice(around, &notice)));
                return out.replies.extend(noticed.map(|noticed| (id, Reply::Noticed(noticed))));
            }
            Command::MakeCall { .. } | Command::Notice { .. } => {}
            Command::Capture { token, wish } => {
                let mut became = Capturing::Unknown;
                self.with_calls(now, out, |calls, room| became = calls.capture(room, token, wish));
                return out.replies.push((id, Reply::Capturing(became)));
            }
            Command::HangUpAll => self.with_calls(now, out, Calls::hang_up_all),
            Command::Count => {}
            Command::View => return out.replies.push((id, Reply::View(Box::new(self.view(now))))),
            Command::Phones => return out.replies.push((id, Reply::Phones(self.phones(now)))),
            Command::Call { token } => return out.replies.push((id, Reply::Calls(self.one_call(token)))),
            Command::Calls { most } => return out.replies.push((id, Reply::Calls(self.some_calls(most)))),
        }
        out.replies.push((id, Reply::Held(self.held())));
    }

    pub(crate) fn with_calls(
        &mut self,
        now: Now,
        out: &mut Outbox,
        event: impl FnOnce(&mut Calls, &mut Room<'_>),
    ) {
        let mut room = Room {
            now,
            policy: &self.policy,
            stack: &mut self.stack,
            guard: &mut self.guard,
            places: &mut self.places,
            book: &mut self.book,
            standings: &self.standings,
            certificates: &self.certificates,
            registered: &self.registrar.table,
            wakes: &mut self.wakes,
            accounts: &self.accounts,
            turns: &mut self.turns,
            performance: &mut self.performance,
            keep: &mut out.keep,
            orders: &mut out.orders,
            sends: &mut out.sends,
            asks: &mut self.scratch.calls_ask,
            tells: &mut out.tells,
            helps: &mut out.helps,
            seen: self.is_watched.then_some(&mut self.scratch.seen),
            others: (self.shards > 1 && self.policy.lets_calls_be_taken()).then_some(Others {
                shard: self.shard,
                shards: self.shards,
                known: &self.elsewhere,
                told: &mut self.scratch.on_offer,
                hand_on: &mut self.scratch.hand_on,
                arrival: &self.arrival,
            }),
        };
        event(&mut self.calls, &mut room);
    }

    fn with_health(
        &mut self,
        now: Now,
        out: &mut Outbox,
        event: impl FnOnce(&mut Health, &mut Surroundings<'_>),
    ) {
        let mut around = Surroundings {
            now: now.instant,
            stack: &mut self.stack,
            listeners: &self.listeners,
            book: &mut self.book,
            sends: &mut out.sends,
        };
        event(&mut self.health, &mut around);
    }

    /// Draws from the book what has changed in it, and tells everybody.
    fn follow_book(&mut self, now: Now, out: &mut Outbox) {
        if self.edition == self.book.edition() {
            return;
        }
        self.edition = self.book.edition();
        self.health.follow(now.instant, &self.book);
        let facts = standings::facts(&self.policy, &self.book, now);
        out.tells.extend(standings::told_names(&self.policy, &self.standings, &facts, now));
        self.standings = facts;
        for change in self.book.take_changes() {
            out.tells.extend(standings::told(&change, now));
            out.news.push(News::Target { key: change.key, place: change.place, standing: change.standing });
        }
    }

    /// Gives each question its name.
    fn note_questions(&mut self, now: Now, out: &mut Outbox) {
        let by_calls = self.scratch.calls_ask.drain(..).map(|(key, question)| (Asker::Call(key), question));
        let by_book =
            self.scratch.book_asks.drain(..).map(|(index, question)| (Asker::Book(index), question));
        let accounts = self.scratch.accounts_ask.drain(..);
        let by_accounts = accounts.map(|(key, question)| (Asker::Account(key), question));
        for (by, question) in by_calls.chain(by_book).chain(by_accounts) {
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
