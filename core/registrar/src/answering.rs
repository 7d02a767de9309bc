//! A REGISTER and its answer.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{Policy, WallTime};
use sip_message::{Digits, Header, Message};
use sip_stack::auth::{Challenges, Guard};
use sip_stack::{Flow, Reply, Send, ServerId, Stack, Transport};

use crate::bell::without_tokens;
use crate::binding::{Binding, Flows, Hops};
use crate::date::date;
use crate::kept::Kept;
use crate::naming;
use crate::proving::{Door, Proof, algorithms, prove, wall_ms};
use crate::push;
use crate::reading::{self, No, Wish};
use crate::seal::Lot;
use crate::table::Table;
use crate::update::{Arrival, update};

/// How often a device that keeps a connection open lets us know that it is there (RFC 5626 4.4).
const FLOW_TIMER: &str = "120";
/// Headers of a 200 beside the contacts, as a rule.
const HEADERS_MORE: usize = 6;
/// More of a User-Agent tells nobody anything.
const AGENT_MAX: usize = 80;

/// Answers REGISTERs, and knows what came of them.
#[derive(Debug)]
pub struct Registrar {
    pub table: Table,
    counters: Counters,
}

/// What it has seen since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counters {
    /// Asked to prove who they are: nothing of them was kept.
    pub challenged: u64,
    /// Proofs that were wrong.
    pub unproven: u64,
    /// Done.
    pub accepted: u64,
    /// Proven, and refused all the same.
    pub refused: u64,
}

impl Counters {
    /// What two shards have seen together.
    pub fn and(self, other: Counters) -> Counters {
        Counters {
            challenged: self.challenged + other.challenged,
            unproven: self.unproven + other.unproven,
            accepted: self.accepted + other.accepted,
            refused: self.refused + other.refused,
        }
    }
}

/// One shard's surroundings.
pub struct Surroundings<'a> {
    pub now: Instant,
    pub wall: WallTime,
    pub policy: &'a Policy,
    pub stack: &'a mut Stack,
    pub guard: &'a mut Guard,
    pub sends: &'a mut Vec<Send>,
    /// To be kept before anybody is told.
    pub keep: &'a mut Vec<Kept>,
    /// What other shards have to know.
    pub news: &'a mut Vec<(Arc<str>, Arc<[Binding]>)>,
}

/// What a REGISTER has come to.
struct Done<'m> {
    wish: Wish<'m>,
    flows: Flows,
    /// All that the user has.
    bindings: Arc<[Binding]>,
}

/// What a REGISTER proves.
enum Proven {
    /// The user whose password its sender knows, and whom it registers.
    By(Arc<str>),
    Nobody,
    /// The proof was right, and its nonce too old.
    Late,
    SomebodyElse,
}

impl Registrar {
    pub fn new(table: Table) -> Registrar {
        Registrar { table, counters: Counters::default() }
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Who has sent a request that is no REGISTER, and asks for nothing that anybody else answers.
    pub fn admit(&mut self, door: Door<'_>, server: ServerId, message: &Message<'_>) -> Option<Arc<str>> {
        door.admit(server, message, (&mut self.counters.challenged, &mut self.counters.unproven))
    }

    /// A REGISTER outside of any dialog.
    pub fn asked(
        &mut self,
        around: &mut Surroundings<'_>,
        server: ServerId,
        flow: Flow,
        message: &Message<'_>,
    ) {
        // What the house does not know is said before anybody has to prove anything (RFC 3261 8.2.2).
        if let Some(unknown) = reading::unknown(message) {
            return around.answer_and_forget(server, 420, &[("Unsupported", &unknown)]);
        }
        let user = match self.proven(around, message) {
            Proven::By(user) => user,
            Proven::Nobody => {
                let challenges = around.guard.challenge(wall_ms(around.wall), algorithms(around.policy));
                return self.challenge(around, server, &challenges);
            }
            Proven::Late => {
                let challenges =
                    around.guard.challenge_stale(wall_ms(around.wall), algorithms(around.policy));
                return self.challenge(around, server, &challenges);
            }
            Proven::SomebodyElse => return self.refuse(around, server, &No::SomebodyElse),
        };
        match self.register(around, &user, flow, message) {
            Ok(done) => {
                self.counters.accepted += 1;
                self.confirm(around, server, (&user, &done), flow, message);
            }
            Err(no) => self.refuse(around, server, &no),
        }
    }

    fn challenge(&mut self, around: &mut Surroundings<'_>, server: ServerId, challenges: &Challenges) {
        self.counters.challenged += 1;
        let headers: Vec<(&str, &str)> =
            challenges.values().map(|value| ("WWW-Authenticate", value)).collect();
        around.answer_and_forget(server, 401, &headers);
    }

    /// Who is registered, and by whom: a user registers nobody else.
    fn proven(&mut self, around: &mut Surroundings<'_>, message: &Message<'_>) -> Proven {
        let proven = prove(around.policy, around.guard, around.wall, message, &mut self.counters.unproven);
        match proven {
            Proof::By(user) if whom(message) == Some(&*user) => Proven::By(user),
            Proof::By(_) => Proven::SomebodyElse,
            Proof::Nobody => Proven::Nobody,
            Proof::Late => Proven::Late,
        }
    }

    fn register<'m>(
        &mut self,
        around: &mut Surroundings<'_>,
        user: &Arc<str>,
        source: Flow,
        message: &Message<'m>,
    ) -> Result<Done<'m>, No> {
        let hops = Hops::of(message);
        let rules = around.policy.registrar();
        let (mut wish, flows) = reading::read(message, hops, rules)?;
        push::judge(&mut wish, message, rules)?;
        let path: Vec<Box<str>> = message.values(Header::Path).map(Box::from).collect();
        if !path.is_empty() && !message.has_token(Header::Supported, "path") {
            return Err(No::Unknown("path".to_owned()));
        }
        let known = self.table.of(user).cloned().unwrap_or_default();
        if matches!(wish, Wish::Nothing) {
            return Ok(Done { wish, flows: Flows::AsTheyAre, bindings: known });
        }
        let agent = message.line(Header::UserAgent).map(|agent| beginning(agent, AGENT_MAX));
        let arrival = Arrival {
            now: around.now,
            wall: around.wall,
            call_id: message.call_id(),
            cseq: message.cseq().number,
            source,
            path,
            agent,
            hops,
            listeners: self.table.listeners(),
            rules,
        };
        let mut bindings = update(&known, &wish, &arrival)?;
        if let Wish::Contacts(contacts) = &wish
            && contacts.iter().any(|contact| contact.instance.is_some())
        {
            naming::leads_back(contacts, &self.table, user, message)?;
            let known: Vec<&Binding> = known.iter().filter(|one| one.until > around.now).collect();
            let draw = || self.table.draw(around.stack.chance());
            naming::name(&mut bindings, &known, contacts, message, draw);
        }
        let bindings: Arc<[Binding]> = bindings.into();
        let is_kept = bindings.iter().any(|one| one.is_outbound() && one.until > around.now);
        self.table.set(user, Arc::clone(&bindings));
        around.keep.push(Kept::of(user, &bindings, (around.now, around.wall), self.table.listeners()));
        around.news.push((Arc::clone(user), Arc::clone(&bindings)));
        let flows = if is_kept { flows } else { Flows::AsTheyAre };
        Ok(Done { wish, flows, bindings })
    }

    /// 200: every binding that holds, and how long.
    fn confirm(
        &mut self,
        around: &mut Surroundings<'_>,
        server: ServerId,
        (user, done): (&Arc<str>, &Done<'_>),
        flow: Flow,
        message: &Message<'_>,
    ) {
        let contacts = self.contacts(around, user, done, message);
        let when = date(around.wall);
        let mut headers: Vec<(&str, &str)> = Vec::with_capacity(contacts.len() + HEADERS_MORE);
        headers.extend(message.lines_of(Header::Path).map(|path| ("Path", path)));
        headers.extend(contacts.iter().map(|contact| ("Contact", contact.as_str())));
        let capabilities = push::capabilities(message, around.policy.registrar());
        headers.extend(capabilities.iter().map(|service| ("Feature-Caps", service.as_str())));
        headers.push(("Date", &when));
        if done.flows == Flows::Kept {
            headers.push(("Require", "outbound"));
            if flow.transport != Transport::Udp {
                headers.push(("Flow-Timer", FLOW_TIMER));
            }
        }
        headers.push(("Supported", "path, outbound"));
        around.answer(server, 200, &headers);
    }

    /// Every binding that holds, as it is shown to whoever registers.
    fn contacts(
        &self,
        around: &mut Surroundings<'_>,
        user: &str,
        done: &Done<'_>,
        message: &Message<'_>,
    ) -> Vec<String> {
        let is_told = naming::is_told(message);
        // All flows of a device are told the same.
        let mut lots: BTreeMap<&str, Lot> = BTreeMap::new();
        let mut contacts = Vec::with_capacity(done.bindings.len());
        for one in done.bindings.iter().filter(|one| one.until > around.now) {
            let mut text = shown(one, &as_said(one, &done.wish), around.now);
            if is_told && one.naming.is_some() {
                let lot = lots.entry(one.device()).or_insert_with(|| {
                    let mut lot = Lot::default();
                    around.stack.chance().fill(&mut lot);
                    lot
                });
                text.push_str(&self.table.names_of(user, one, lot));
            }
            contacts.push(text);
        }
        contacts
    }

    fn refuse(&mut self, around: &mut Surroundings<'_>, server: ServerId, no: &No) {
        self.counters.refused += 1;
        let warning = |words: &str| format!("399 tandem \"{words}\"");
        let (status, name, value) = match no {
            No::Bad(words) => (400, "Warning", warning(words)),
            No::TooBrief(least) => (423, "Min-Expires", least.as_secs().to_string()),
            No::OutOfOrder => (500, "Warning", warning("a later REGISTER of this phone was done already")),
            No::TooManyDevices(most) => {
                (403, "Warning", warning(&format!("a user has {most} registered devices at most")))
            }
            No::Unknown(tags) => (420, "Unsupported", tags.clone()),
            No::SomebodyElse => {
                (403, "Warning", warning("the user name of the digest is not the one that To names"))
            }
            No::NotThere(words) => (403, "Warning", warning(words)),
            No::PushUnknown => (555, "Warning", warning("no phone is woken here by that push service")),
            No::FlowNotKept => (439, "Warning", warning("the proxy on the way keeps no flow (RFC 5626)")),
        };
        around.answer(server, status, &[(name, &value)]);
    }

    /// Forgets those who are nobody any more.
    pub fn follow(&mut self, policy: &Policy, now: (Instant, WallTime), keep: &mut Vec<Kept>) {
        let is_gone = |user: &&Arc<str>| policy.credentials_of(user).is_none();
        let gone: Vec<Arc<str>> = self.table.users().filter(is_gone).cloned().collect();
        for user in gone {
            self.table.set(&user, Arc::default());
            keep.push(self.table.kept(&user, now));
        }
    }
}

impl Surroundings<'_> {
    fn answer(&mut self, server: ServerId, status: u16, headers: &[(&str, &str)]) {
        let reply = Reply { headers, ..Reply::plain(status) };
        self.stack.respond(self.now, server, &reply, self.sends);
    }

    /// The same for whoever has proven nothing: copies are answered as if they were new.
    fn answer_and_forget(&mut self, server: ServerId, status: u16, headers: &[(&str, &str)]) {
        let reply = Reply { headers, ..Reply::plain(status) };
        self.stack.respond_and_forget(server, &reply, self.sends);
    }
}

/// The user part of the address that is registered.
fn whom<'m>(message: &Message<'m>) -> Option<&'m str> {
    message.to().parsed_uri().ok()?.user()
}

/// So many characters at most.
fn beginning(text: &str, most: usize) -> &str {
    let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// A contact as whoever registers it has written it, token and all; to others it is shown without.
fn as_said<'a>(one: &'a Binding, wish: &Wish<'a>) -> Cow<'a, str> {
    let contacts = if let Wish::Contacts(contacts) = wish { &contacts[..] } else { &[] };
    let mut said = contacts.iter().map(|contact| contact.whole);
    let is_its = |uri: &&str| **uri == *one.contact || without_tokens(uri) == *one.contact;
    said.find(is_its).map_or_else(|| without_tokens(&one.contact), Cow::Borrowed)
}

/// Room for what stands behind most contacts.
const CONTACT_MORE: usize = 32;

fn shown(binding: &Binding, contact: &str, now: Instant) -> String {
    // Rounded up: what has begun is still there.
    let left = binding.until.saturating_duration_since(now) + Duration::from_millis(999);
    let mut text = String::with_capacity(contact.len() + CONTACT_MORE);
    text.push('<');
    text.push_str(contact);
    text.push_str(">;expires=");
    text.push_str(Digits::of(left.as_secs()).text());
    if binding.priority < 1000 {
        let priority = format!("{:03}", binding.priority);
        text.push_str(&format!(";q=0.{}", priority.trim_end_matches('0')));
        if binding.priority == 0 {
            text.push('0');
        }
    }
    if let Some(instance) = &binding.instance {
        text.push_str(&format!(";+sip.instance=\"<{instance}>\""));
    }
    if let Some(number) = binding.flow_number {
        text.push_str(&format!(";reg-id={number}"));
    }
    text
}
