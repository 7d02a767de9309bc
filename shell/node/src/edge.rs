//! A running house: shards, media loops, lookup, store and telemetry, wired to one another.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use certificates::Keeper;
use exports::Exports;
use media::{Certificate, Event as MediaEvent, Found, Order};
use observers::Observers;
use policy::Policy;
use sip_stack::Listener;
use sip_stack::locate::{DnsAnswer, DnsFound};
use switch::{
    Answer, AskId, Command, Held, Kept, KeptMessage, KeptPresence, Now, Question, Record, Settings, Switch,
    WallTime,
};
use switch_io::{Asker, Handed, Limits, Mail, Ports, Shelf, Tap, Tls};
use telemetry::Flight;
use tracing::{error, info, warn};

use crate::landing::Landing;
use crate::unrecorded::Unrecorded;
use crate::{certificate, listening, recorder, sight};

/// How long a shard may take to answer a command.
const PATIENCE: Duration = Duration::from_secs(2);

/// Sees records once they are kept.
pub type Witness = Box<dyn Fn(&[Record]) + Send + Sync>;

/// What to start.
pub struct Plan {
    pub policy: Arc<Policy>,
    /// Where relative paths of the configuration begin.
    pub base: PathBuf,
    pub data: PathBuf,
    /// Where certificates are that an authority gives.
    pub keeper: Arc<Keeper>,
    /// Where records are searched.
    pub database: store::Database,
    pub shards: u8,
    pub media_loops: u8,
    /// Sockets that the supervisor has opened before.
    pub handed: Arc<Handed>,
    pub dns: Vec<IpAddr>,
    /// Sees every message on the wire.
    pub tap: Option<Tap>,
    /// Keeps every message, where nobody taps.
    pub flight: Option<Flight>,
    /// Sees events, as lines of JSON.
    pub watch: Option<telemetry::Watch>,
    /// Sees every record once it is kept.
    pub witness: Option<Witness>,
}

/// What changes all the time, and outlives the process all the same.
#[derive(Clone)]
struct Ledgers {
    phones: Arc<store::Phones>,
    watchers: Arc<store::Watchers>,
    messages: Arc<store::Messages>,
    helps: Arc<store::Helps>,
}

/// What the process before this one knew.
struct Before {
    phones: Vec<Kept>,
    watchers: Vec<KeptPresence>,
    messages: Vec<KeptMessage>,
}

/// The running threads. `stop` ends them in the right order.
pub struct Edge {
    pub listeners: Arc<[Listener]>,
    shards: switch_io::Handle,
    media: Vec<media_io::Handle>,
    /// Where some interface relays sessions of messages.
    chats: Option<chat_io::Handle>,
    recordings: store::Recordings,
    captures: store::Captures,
    mail: Mail,
    store: Arc<store::Store>,
    catalogue: Arc<store::Catalogue>,
    ledgers: Ledgers,
    telemetry: Arc<telemetry::Telemetry>,
    kept_events: Arc<store::EventLimits>,
    exports: Arc<Exports>,
    observers: Arc<Observers>,
    unrecorded: Arc<Unrecorded>,
    /// Of each listener that has one.
    certificates: Vec<Tls>,
}

impl Edge {
    pub fn start(mut plan: Plan) -> Result<Edge> {
        let limits = Limits::default();
        let listeners = listening::listeners(&plan.policy, &plan.base, &plan.keeper)?;
        let known: Arc<[Listener]> = listeners.iter().map(|settings| settings.listener.clone()).collect();
        let certificates = listeners.iter().filter_map(|settings| settings.tls.clone()).collect();
        let mail = Mail::new(plan.shards, limits.letters).context("eventfd")?;
        let store = Arc::new(open_store(&plan)?);
        // Before the catalogue: what older programs wrote is elsewhere then.
        let kept_events = Arc::new(store::EventLimits::default());
        let events = store::EventLog::open(&plan.data, Arc::clone(&kept_events));
        let mut events = events.with_context(|| format!("events in {}", plan.data.display()))?;
        let catalogue = Arc::new(store::Catalogue::start_on(&plan.database, &plan.data, note_catalogue)?);
        let (ledgers, before) = open_ledgers(&plan)?;
        let flight = plan.flight.clone().unwrap_or_else(|| Flight::new(0));
        let exports = Arc::new(Exports::new(flight, &plan.data));
        let to_all = mail.clone();
        exports.tell_in_vain(move |wake| to_all.not_woken(wake));
        let keep = Box::new(move |lines: &[u8]| events.append(lines));
        let unrecorded = Arc::new(Unrecorded::default());
        let telemetry = telemetry::Telemetry::start(keep, plan.watch.take(), heed(&exports, &unrecorded));
        let telemetry = Arc::new(telemetry.context("events")?);
        let lookup = start_lookup(&plan, &mail)?;
        let recordings = open_recordings(&plan)?;
        let captures = open_captures(&plan)?;
        let media = start_media(&plan, &mail, (&recordings, &captures))?;
        let chats = start_chats(&plan, &mail)?;

        let shown = (&known, &certificate::make()?);
        let key = gruu_key(&plan)?;
        let switches = (0..plan.shards).map(|shard| new_switch(&plan, (shown, &key), shard, &before));
        let switches = switches.collect::<Result<Vec<_>>>()?;
        let orders = Relays {
            media: media.iter().map(media_io::Handle::orders).collect(),
            chats: chats.as_ref().map(chat_io::Handle::orders),
        };
        let recorded = plan.flight.map(|flight| recorder::tap(flight, Arc::clone(&known)));
        let tap = plan.tap.or(recorded);
        let kept = (&store, &catalogue, &ledgers);
        let ports = wire(&mail, orders, lookup, kept, (&telemetry, &exports), (tap, plan.witness));
        let settings = switch_io::Settings { listeners, handed: plan.handed, limits };
        let shards = switch_io::start(settings, switches, mail.clone(), ports)?;
        exports.adopt(&plan.policy);
        let observers = Observers::keeping(&recorder::observed(&plan.data)).context("observers")?;
        let observers = Arc::new(observers);
        observers.adopt(&plan.policy);
        let listeners = known;
        Ok(Edge {
            listeners,
            shards,
            media,
            chats,
            recordings,
            captures,
            mail,
            store,
            catalogue,
            ledgers,
            telemetry,
            kept_events,
            exports,
            observers,
            unrecorded,
            certificates,
        })
    }

    /// Gives a new policy to every shard; calls keep the plan they have.
    pub fn adopt(&self, policy: &Arc<Policy>) {
        self.mail.new_policy(policy);
        // Each has laid the older one down by the time it answers.
        let _ = self.shards.asker().command(Command::Count, PATIENCE);
        self.exports.adopt(policy);
        self.observers.adopt(policy);
    }

    /// Events are kept for so many days, and so much of them.
    pub fn keep_events(&self, days: u32, bytes: u64) {
        self.kept_events.keep(days, bytes);
    }

    /// Who is sent what happens.
    pub fn exports(&self) -> Arc<Exports> {
        Arc::clone(&self.exports)
    }

    /// Who tells what he has seen.
    pub fn observers(&self) -> Arc<Observers> {
        Arc::clone(&self.observers)
    }

    /// Which calls no recorder outside has taken.
    pub fn unrecorded(&self) -> &Unrecorded {
        &self.unrecorded
    }

    /// Proves who we are with what the files of certificates hold now; calls and connections go on.
    pub fn renew_certificates(&self) {
        self.certificates.iter().for_each(certificate::renew);
    }

    /// The files of certificates that listeners show.
    pub fn certificates(&self) -> Vec<PathBuf> {
        self.certificates.iter().map(|tls| tls.certificate().to_owned()).collect()
    }

    /// No new calls, except emergency calls.
    pub fn drain(&self) {
        self.shards.asker().command(Command::Leave, PATIENCE);
    }

    /// What all shards hold; `None` if one does not answer.
    pub fn held(&self) -> Option<Held> {
        sight::held(self.shards.asker())
    }

    /// Somebody who may look at the shards from another thread.
    pub fn asker(&self) -> Asker {
        self.shards.asker().clone()
    }

    /// Where records are searched.
    pub fn catalogue(&self) -> &Arc<store::Catalogue> {
        &self.catalogue
    }

    /// Ends every call, and waits for their records: figures of the relays belong to them.
    fn hang_up_all(&self) {
        let until = Instant::now() + PATIENCE;
        self.shards.asker().command(Command::HangUpAll, PATIENCE);
        while self.held().is_some_and(|held| held.calls > 0) && Instant::now() < until {
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends everything: calls that go on end now, and every record is on the disk on return.
    pub fn stop(self) {
        self.hang_up_all();
        let counts = self.shards.asker().counts();
        self.shards.stop();
        for relay in self.media {
            if let Err(fault) = relay.stop() {
                error!("a media loop ended badly: {fault}");
            }
        }
        if let Some(Err(fault)) = self.chats.map(chat_io::Handle::stop) {
            error!("the loop of chats ended badly: {fault}");
        }
        match self.recordings.lost() {
            0 => {}
            lost => warn!(lost, "copies of sound came faster than the disk took them"),
        }
        self.recordings.stop();
        match self.captures.lost() {
            0 => {}
            lost => warn!(lost, "packets of captures came faster than the disk took them"),
        }
        self.captures.stop();
        let (received, sent) =
            counts.iter().fold((0, 0), |(received, sent), of| (received + of.received, sent + of.sent));
        let put_off: u64 = counts.iter().map(|of| of.put_off).sum();
        let longest_turn_us = counts.iter().map(|of| of.longest_turn_us).max().unwrap_or(0);
        let (calls, records) = (self.telemetry.counts(), self.store.counts());
        info!(
            received,
            sent,
            put_off,
            calls = calls.ended,
            answered = calls.answered,
            records = records.kept,
            longest_turn_us,
            "stopped"
        );
        self.exports.stop();
        self.observers.stop();
        drop(self.ledgers);
    }
}

fn open_store(plan: &Plan) -> Result<store::Store> {
    let (store, found) = store::Store::open(store::Settings::at(&plan.data), |trouble| match trouble {
        store::Trouble::Refused { words, waiting } => {
            error!(waiting, "the disk refuses call records; they wait in memory: {words}");
        }
        store::Trouble::Lost { records } => error!(records, "call records are lost: too many waited"),
        store::Trouble::NotSynced { words } => error!("call records may not be on the disk: {words}"),
        store::Trouble::Recovered { records } => warn!(records, "the disk takes call records again"),
    })?;
    for found in found {
        match found {
            store::Found::TornLine { file, bytes } => {
                warn!(file = %file.display(), bytes, "a half-written record was set aside");
            }
            store::Found::Left { records } => {
                warn!(records, "call records that the disk had not taken are written now");
            }
        }
    }
    Ok(store)
}

/// What befalls the database that records are searched in. No call waits for it.
fn note_catalogue(note: store::Note) {
    match note {
        store::Note::Broken { words } => {
            error!("the database of records is broken, and is made anew from their files: {words}");
        }
        store::Note::Stopped { words } => error!("new records cannot be searched for now: {words}"),
        store::Note::Recovered { rows } => warn!(rows, "all records can be searched again"),
        store::Note::Unreadable { lines } => warn!(lines, "lines among the records are none"),
        store::Note::Deleted { rows } => info!(rows, "records that are old enough were deleted"),
    }
}

/// Who learns from events before they are written.
fn heed(exports: &Exports, unrecorded: &Arc<Unrecorded>) -> telemetry::Heed {
    let (mut join, unrecorded) = (exports.heed(), Arc::clone(unrecorded));
    Box::new(move |event| {
        join(event);
        unrecorded.heed(event);
    })
}

fn open_ledgers(plan: &Plan) -> Result<(Ledgers, Before)> {
    let (phones, known_phones) = open_ledger(plan, "where phones are")?;
    let (watchers, known_watchers) = open_ledger(plan, "who watches whom")?;
    let (messages, waiting) = open_ledger(plan, "which messages wait")?;
    let before = Before { phones: known_phones, watchers: known_watchers, messages: waiting };
    let (helps, known_helps) = open_ledger(plan, "who called for help")?;
    known_helps.iter().for_each(|help| plan.policy.recall_help(help));
    let counts = (before.phones.len(), before.watchers.len(), before.messages.len());
    if counts != (0, 0, 0) {
        let (users, watchers, messages) = counts;
        info!(users, watchers, messages, "phones, watchers and messages are known from before");
    }
    let (phones, watchers, messages) = (Arc::new(phones), Arc::new(watchers), Arc::new(messages));
    Ok((Ledgers { phones, watchers, messages, helps: Arc::new(helps) }, before))
}

fn open_ledger<T: store::Entry>(plan: &Plan, what: &'static str) -> Result<(store::Ledger<T>, Vec<T>)> {
    let (ledger, restored) = store::Ledger::open(&plan.data, move |trouble| match trouble {
        store::Trouble::Refused { words, waiting } => {
            error!(what, waiting, "the disk refuses it; it is known in memory alone: {words}");
        }
        store::Trouble::Lost { records } => error!(what, records, "it is lost"),
        store::Trouble::NotSynced { words } => error!(what, "it may not be on the disk: {words}"),
        store::Trouble::Recovered { records } => warn!(what, records, "the disk takes it again"),
    })?;
    let (unreadable, torn) = (restored.unreadable, restored.torn);
    if unreadable > 0 || torn > 0 {
        warn!(what, unreadable, torn, "some lines could not be read");
    }
    Ok((ledger, restored.kept))
}

fn start_lookup(plan: &Plan, mail: &Mail) -> Result<lookup::Lookup> {
    let settings = lookup::Settings { servers: plan.dns.clone(), ..lookup::Settings::default() };
    let mail = mail.clone();
    let answer = move |shard, id, answer| {
        if mail.answered(shard, id, answer).is_err() {
            warn!(shard, "a shard is too busy for an answer of DNS");
        }
    };
    lookup::Lookup::start(settings, answer).context("lookup")
}

fn open_recordings(plan: &Plan) -> Result<store::Recordings> {
    let folder = plan.data.join("recordings");
    let trouble = |store::TapeTrouble::Refused { file, words }| {
        error!(file = %file.display(), "the disk refuses a recording; the call goes on: {words}");
    };
    store::Recordings::open(&folder, plan.policy.keep_recordings_days(), trouble).context("recordings")
}

fn open_captures(plan: &Plan) -> Result<store::Captures> {
    let rules = plan.policy.packets();
    let limits = store::CaptureLimits { keep_days: rules.days(), all_bytes: rules.all_bytes() };
    let trouble = |store::CaptureTrouble { file, words }| {
        error!(file = %file.display(), "the disk refuses a capture; the call goes on: {words}");
    };
    store::Captures::open(&plan.data.join("captures"), limits, trouble).context("captures")
}

fn start_media(
    plan: &Plan,
    mail: &Mail,
    (recordings, captures): (&store::Recordings, &store::Captures),
) -> Result<Vec<media_io::Handle>> {
    // Four sockets a call: what a shell allows by default would end at a few hundred calls.
    if let Err(error) = media_io::raise_descriptor_limit() {
        tracing::warn!("the limit on open files stays as it is: {error}");
    }
    let kernel = open_kernel_path(plan);
    let start = |number: u8| {
        let (mail, kernel) = (mail.clone(), kernel.clone());
        let (tapes, packets) = (recordings.tapes(), captures.way());
        let events = move |event: MediaEvent| {
            let event = match event {
                MediaEvent::Taped(taped) => return tapes.take(taped),
                MediaEvent::Excerpted(excerpted) => return packets.take(excerpted),
                event => event,
            };
            let shard = event.session().shard;
            if mail.heard(shard, event).is_err() {
                error!(shard, "a shard is too busy for an event of a relay");
            }
        };
        let (name, marks) = (format!("media-{number}"), listening::marks(&plan.policy));
        media_io::start(media_io::Settings { name, core: None, marks, kernel, events })
    };
    (0..plan.media_loops).map(|number| start(number).context("media loop")).collect()
}

/// Sessions of messages pass one loop, whichever shard has their calls.
fn start_chats(plan: &Plan, mail: &Mail) -> Result<Option<chat_io::Handle>> {
    let listeners = listening::chats(&plan.policy);
    if listeners.is_empty() {
        return Ok(None);
    }
    let mail = mail.clone();
    let events = move |event: MediaEvent| {
        let shard = event.session().shard;
        if mail.heard(shard, event).is_err() {
            error!(shard, "a shard is too busy to hear of the end of a chat");
        }
    };
    Ok(Some(chat_io::start(chat_io::Settings { listeners, seed: chance()?, events })?))
}

/// The path in the kernel, where it is wanted and can be had. Calls go on without it as with it.
fn open_kernel_path(plan: &Plan) -> Option<media_io::KernelPath> {
    let (addresses, ports) = listening::kernel_path(&plan.policy);
    if addresses.is_empty() {
        return None;
    }
    match media_io::KernelPath::open(&addresses, ports) {
        Ok((path, without)) => {
            for media_io::Without { address, why } in without {
                warn!(%address, "the kernel carries no media that arrives here: {why}");
            }
            if !path.is_open() {
                return None;
            }
            info!("the kernel carries media that needs no more than being sent on");
            Some(path)
        }
        Err(why) => {
            warn!("the kernel carries no media; calls go on without: {why}");
            None
        }
    }
}

fn chance() -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty()).context("getrandom")?;
    Ok(bytes)
}

/// A house that cannot read its key, or keep it, takes calls as ever; addresses that it gave single phones
/// before are void.
fn gruu_key(plan: &Plan) -> Result<store::Key> {
    let fresh = chance()?;
    Ok(store::gruu_key(&plan.data, fresh).unwrap_or_else(|fault| {
        error!("the key that phones' own addresses (GRUUs) are sealed with is not kept: {fault}");
        fresh
    }))
}

fn new_switch(
    plan: &Plan,
    ((listeners, certificate), key): ((&Arc<[Listener]>, &Arc<Certificate>), &store::Key),
    shard: u8,
    before: &Before,
) -> Result<Switch> {
    let settings = Settings {
        shard,
        shards: plan.shards,
        listeners: Arc::clone(listeners),
        media: listening::media_of(&plan.policy, shard, plan.shards)?,
        certificate: Some(Arc::clone(certificate)),
        seed: chance()?,
        gruu_key: *key,
        version: concat!("Tandem/", env!("CARGO_PKG_VERSION")),
    };
    let mut switch = Switch::new(settings, Arc::clone(&plan.policy), now());
    switch.restore(now(), &before.phones);
    switch.restore_presence(now(), &before.watchers);
    switch.restore_messages(now(), &before.messages);
    Ok(switch)
}

fn wire(
    mail: &Mail,
    relays: Relays,
    lookup: lookup::Lookup,
    (store, catalogue, ledgers): (&Arc<store::Store>, &Arc<store::Catalogue>, &Ledgers),
    (telemetry, exports): (&Arc<telemetry::Telemetry>, &Arc<Exports>),
    (tap, witness): (Option<Tap>, Option<Witness>),
) -> Ports {
    let (store, catalogue, telemetry) = (Arc::clone(store), Arc::clone(catalogue), Arc::clone(telemetry));
    let exports = Arc::clone(exports);
    let Ledgers { phones, watchers, messages, helps } = ledgers.clone();
    let phones_to_write = Arc::clone(&phones);
    let (to_self, to_asker) = (mail.clone(), mail.clone());
    let [of_records, of_phones, of_messages] =
        [Shelf::Records, Shelf::Phones, Shelf::Messages].map(|shelf| Landing::new(shelf, mail));
    let telling = [&of_records, &of_phones, &of_messages].map(Arc::clone);
    let [tell_records, tell_phones, tell_messages] = telling;
    store.on_landing(move |mark| tell_records.landed(mark));
    phones.on_landing(move |mark| tell_phones.landed(mark));
    messages.on_landing(move |mark| tell_messages.landed(mark));
    Ports {
        keep: Box::new(move |shard, records| {
            let mark = store.keep(records);
            catalogue.ring();
            if let Some(witness) = &witness {
                witness(records);
            }
            of_records.receipt(shard, mark)
        }),
        keep_phones: Box::new(move |shard, kept| of_phones.receipt(shard, phones.keep(kept))),
        write_phones: Box::new(move || phones_to_write.write()),
        // Who watches whom is told again and again: nobody waits for that.
        keep_presence: Box::new(move |kept| {
            watchers.keep(kept);
        }),
        keep_helps: Box::new(move |kept| {
            helps.keep(kept);
        }),
        keep_messages: Box::new(move |shard, kept| of_messages.receipt(shard, messages.keep(kept))),
        order: Box::new(move |order| relays.order(order, &to_self)),
        ask: Box::new(move |shard, id, question| {
            if lookup.ask(shard, id, question.clone()).is_err() {
                say_failed(&to_asker, shard, id, question);
            }
        }),
        tell: Box::new(move |event| telemetry.tell(event)),
        wake: Box::new(move |wake| exports.wake(wake)),
        fault: Box::new(|shard, words| error!(shard, "a defect cost one message: {words}")),
        tap,
    }
}

/// Who carries out what calls order.
struct Relays {
    media: Vec<media_io::Orders>,
    chats: Option<chat_io::Orders>,
}

impl Relays {
    fn order(&self, order: Order, mail: &Mail) {
        if let Order::Chat { session, stream, order } = order {
            let told = self.chats.as_ref().map(|chats| chats.order(session, stream, order));
            if let Some(Err(chat_io::Full)) = told {
                error!("the loop of chats takes no orders");
            }
            return;
        }
        let relay = &self.media[relay_of(&order, self.media.len())];
        if let Err(media_io::Full(order)) = relay.order(order) {
            turn_back(mail, *order);
        }
    }
}

/// All orders of a session go to the same loop, and so do all sessions of one lot.
fn relay_of(order: &Order, relays: usize) -> usize {
    usize::from(order.session().lot()) % relays
}

/// A relay that takes no orders cannot open a stream: its call is told.
fn turn_back(mail: &Mail, order: Order) {
    error!("a relay takes no orders");
    if let Order::Open { session, stream, .. } | Order::Move { session, stream, .. } = order {
        let why = "the relay takes no orders".to_owned();
        // If the shard takes no letters either, the call goes on without sound until somebody hangs up.
        let _ = mail.heard(session.shard, MediaEvent::Failed { session, stream, why });
    }
}

fn say_failed(mail: &Mail, shard: u8, id: AskId, question: Question) {
    let answer = match question {
        Question::Dns(question) => {
            Answer::Dns(DnsAnswer { question, ttl: Duration::ZERO, found: DnsFound::Failed })
        }
        Question::Scout(interface, scout) => {
            Answer::Scout(interface, scout.ports, Found { outer: None, why: None })
        }
    };
    // Unsaid, the question ends by its own deadline.
    let _ = mail.answered(shard, id, answer);
}

/// The time, for the moment when switches are made.
fn now() -> Now {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Now { instant: Instant::now(), wall: WallTime(since.as_millis() as _) }
}
