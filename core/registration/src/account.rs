//! One account: a machine that registers, renews, waits, and gives up only where it must.

use std::sync::Arc;
use std::time::{Duration, Instant};

use performance::Registering;
use sip_message::{Message, Uri};
use sip_stack::locate::{DnsAnswer, DnsFound, Families, Locate, Step, Target, Usable};
use sip_stack::{Challenged, ClientId, ConnectionId, Flow, Listener, Prover};

use crate::known::{Known, Standing};
use crate::memory::Memory;
use crate::pause;
use crate::reading::{self, Binding, Reading};
use crate::round::{Round, Trouble};
use crate::surroundings::Surroundings;
use crate::watch::Watch;
use crate::writing::{self, Asking};

/// An account of ours, and what it waits for.
pub(crate) struct Account {
    pub key: u64,
    pub watch: Watch,
    pub known: Known,
    pub aim: Aim,
    stage: Stage,
    round: Round,
    memory: Memory,
    prover: Prover,
    call_id: Box<str>,
    tag: Box<str>,
    cseq: u32,
    /// What the registrar wants at least.
    least: Duration,
    failures: u32,
    refusals: u32,
    /// The flow that the binding was made on.
    bound_on: Option<(Flow, Option<Arc<str>>)>,
    /// How its registrar has served us.
    pub figures: Registering,
    /// Since when the request is out that was counted last.
    asked_at: Instant,
}

/// What an account is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// To be registered.
    Bound,
    /// To be forgotten by the provider, and then by us.
    Farewell,
    /// Another shard registers it.
    Watched,
}

enum Stage {
    Resting { until: Option<Instant> },
    Locating(Box<Locate>),
    Asking { client: ClientId, until: Instant, flow: Flow, server_name: Option<Arc<str>> },
    Gone,
}

/// How long one address may say nothing before the next is asked.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// How long a provider may take to forget us.
const FAREWELL_WAIT: Duration = Duration::from_secs(4);

/// Refusals in a row before an account counts as refused for good.
const REFUSALS_MAX: u32 = 3;

impl Account {
    pub fn new(key: u64, watch: Watch, aim: Aim, first: Instant, around: &mut Surroundings<'_>) -> Account {
        let until = (aim == Aim::Bound).then_some(first);
        Account {
            key,
            known: Known::nothing(),
            aim,
            stage: Stage::Resting { until },
            round: Round::begin(&[], None),
            memory: Memory::default(),
            prover: Prover::default(),
            call_id: around.stack.chance().text(20).into(),
            tag: around.stack.chance().text(10).into(),
            cseq: 0,
            least: Duration::ZERO,
            failures: 0,
            refusals: 0,
            bound_on: None,
            figures: Registering::default(),
            asked_at: first,
            watch,
        }
    }

    /// Goes on as another account of the same Contact: at once, and without the old grudges.
    pub fn rewatch(&mut self, watch: Watch, now: Instant) {
        self.watch = watch;
        (self.failures, self.refusals) = (0, 0);
        self.prover = Prover::default();
        self.memory.forgive();
        if !self.known.is_bound(now) {
            self.known.standing = Standing::Registering;
        }
        self.ask_at(now);
    }

    /// Asks again at once, whatever it waits for.
    pub fn ask_at(&mut self, at: Instant) {
        if self.aim == Aim::Bound && matches!(self.stage, Stage::Resting { .. }) {
            self.stage = Stage::Resting { until: Some(at) };
        }
    }

    pub fn is_gone(&self) -> bool {
        matches!(self.stage, Stage::Gone)
    }

    pub fn deadline(&self) -> Option<Instant> {
        let lapses = self.known.bound_until.filter(|_| self.aim == Aim::Bound);
        let due = match &self.stage {
            Stage::Resting { until } => *until,
            Stage::Asking { until, .. } => Some(*until),
            Stage::Locating(_) | Stage::Gone => None,
        };
        [lapses, due].into_iter().flatten().min()
    }

    pub fn expire(&mut self, around: &mut Surroundings<'_>) {
        if self.known.bound_until.is_some_and(|until| until <= around.now) {
            self.known.bound_until = None;
        }
        match &self.stage {
            Stage::Resting { until: Some(until) } if *until <= around.now => self.begin(around),
            Stage::Asking { client, until, .. } if *until <= around.now => {
                around.stack.abandon(*client);
                self.unanswered("no answer to REGISTER", around);
            }
            _ => {}
        }
    }

    fn begin(&mut self, around: &mut Surroundings<'_>) {
        let places = &self.watch.places;
        self.memory.keep(|known| places.iter().any(|place| *place.target == *known));
        self.round = Round::begin(&self.watch.places, self.known.through.as_deref());
        self.next_place(around);
    }

    fn next_place(&mut self, around: &mut Surroundings<'_>) {
        let Some(place) = self.round.next_place() else { return self.round_failed(around) };
        let Ok(uri) = Uri::parse(&place.target) else { return self.next_place(around) };
        let transports = Listener::transports(around.listeners, place.interface);
        let usable = Usable { transports: &transports, families: Families::Both };
        self.stage = Stage::Locating(Box::new(Locate::begin(&uri, usable)));
        self.located(&[], around);
    }

    /// The answer to its question to the DNS, with others that are known. Where DNS fails, what it said
    /// before has to do.
    pub fn located(&mut self, answers: &[DnsAnswer], around: &mut Surroundings<'_>) {
        let Stage::Locating(locate) = &mut self.stage else { return };
        let target = self.round.place.as_ref().map(|place| Arc::clone(&place.target)).unwrap_or_default();
        let has_failed = answers.iter().any(|answer| answer.found == DnsFound::Failed);
        if has_failed && let Some(known) = self.memory.whereabouts(&target) {
            let known = known.to_vec();
            return self.ask_at_all(known, around);
        }
        match locate.step(answers, around.stack.chance()) {
            Step::Ask(question) => around.asks.push((self.key, question)),
            Step::NotFound => {
                self.memory.is_nowhere(&target);
                self.round.failed(Trouble::Network(format!("{target} can't be found").into()));
                self.next_place(around);
            }
            Step::Found(targets) => {
                self.memory.found(&target, &targets);
                self.ask_at_all(targets, around);
            }
        }
    }

    fn ask_at_all(&mut self, targets: Vec<Target>, around: &mut Surroundings<'_>) {
        self.round.found(targets, self.known.remote);
        self.note_addresses();
        self.next_target(around);
    }

    /// Calls may come from each of these.
    fn note_addresses(&mut self) {
        let known = &self.known.addresses;
        if self.round.addresses.iter().any(|address| !known.contains(address)) {
            self.known.addresses = Arc::new(self.round.addresses.iter().copied().collect());
        }
    }

    fn next_target(&mut self, around: &mut Surroundings<'_>) {
        let interface = self.round.place.as_ref().and_then(|place| place.interface);
        while let Some(target) = self.round.next_target() {
            let (transport, remote) = (target.transport, target.address);
            if let Some(rest) = self.memory.rest_of(around.now, remote) {
                self.round.is_bidden(rest.until, rest.why);
                continue;
            }
            let Some(listener) =
                Listener::toward(around.listeners, transport, remote.ip(), interface).map(|one| one.id)
            else {
                self.round.failed(Trouble::Network("none of our interfaces reaches it".into()));
                continue;
            };
            let flow = Flow { transport, listener, connection: ConnectionId::NONE, remote };
            self.figures.requests += 1;
            self.asked_at = around.now;
            return self.ask(flow, target.server_name.map(Arc::from), around);
        }
        self.next_place(around);
    }

    fn ask(&mut self, flow: Flow, server_name: Option<Arc<str>>, around: &mut Surroundings<'_>) {
        self.cseq += 1;
        let (expires, wait) = match self.aim {
            Aim::Farewell => (Duration::ZERO, FAREWELL_WAIT),
            Aim::Bound | Aim::Watched => (self.watch.expires.max(self.least), ANSWER_WAIT),
        };
        let asking = Asking {
            watch: &self.watch,
            key: self.key,
            call_id: &self.call_id,
            tag: &self.tag,
            cseq: self.cseq,
            seconds: expires.as_secs(),
            flow,
            server_name: server_name.clone(),
        };
        let client = writing::send(&asking, &mut self.prover, around);
        self.stage = Stage::Asking { client, until: around.now + wait, flow, server_name };
    }

    pub fn is_asked_by(&self, client: ClientId) -> bool {
        matches!(&self.stage, Stage::Asking { client: ours, .. } if *ours == client)
    }

    /// An answer to the REGISTER that is out.
    pub fn answered(&mut self, flow: Flow, message: &Message<'_>, around: &mut Surroundings<'_>) {
        let Stage::Asking { server_name, .. } = &self.stage else { return };
        let server_name = server_name.clone();
        let host = Arc::clone(&around.listener(flow).sent_by);
        let again = match reading::read(message, &self.watch.contact, &host) {
            Reading::Wait => return,
            Reading::Challenged => match self.prover.challenged(message) {
                Challenged::Again if self.round.may_ask_again() => true,
                Challenged::Again | Challenged::Rejected => {
                    return self
                        .refused(format!("password rejected: {}", reading::words(message)).into(), around);
                }
                Challenged::Unanswerable => {
                    return self.refused(
                        format!("a challenge we can't answer: {}", reading::words(message)).into(),
                        around,
                    );
                }
            },
            Reading::TooBrief(least) if least > self.watch.expires.max(self.least) => {
                self.least = least;
                self.round.may_ask_again()
            }
            Reading::TooBrief(_) => false,
            Reading::Bound(binding) => {
                self.prover.accepted(message);
                return self.bound(binding, (flow, server_name), around);
            }
            Reading::Moved(target) => {
                if self.aim == Aim::Farewell || !self.round.redirect(target) {
                    return self.turned_down(reading::words(message), around);
                }
                return self.next_place(around);
            }
            Reading::Busy { why, retry_after } => {
                self.busy(flow, why, retry_after, around.now);
                return self.next_or_gone(around);
            }
            Reading::Refused { why } => return self.refused(why, around),
        };
        match again {
            true => self.ask(flow, server_name, around),
            false => self.refused(reading::words(message), around),
        }
    }

    /// No answer, or no way there.
    pub fn unanswered(&mut self, why: &str, around: &mut Surroundings<'_>) {
        let Stage::Asking { flow, .. } = &self.stage else { return };
        let flow = *flow;
        self.count_ineffective();
        self.round.failed(Trouble::Network(format!("{why} at {}", flow.remote).into()));
        self.next_or_gone(around);
    }

    /// It cannot be now, there; perhaps it says when.
    fn busy(&mut self, flow: Flow, why: Arc<str>, retry_after: Option<u32>, now: Instant) {
        self.count_ineffective();
        match retry_after {
            None => self.round.failed(Trouble::Busy(why)),
            Some(seconds) => {
                let until = now + pause::as_asked(seconds);
                self.memory.leave_alone(flow.remote, until, Arc::clone(&why));
                self.round.is_bidden(until, why);
            }
        }
    }

    fn next_or_gone(&mut self, around: &mut Surroundings<'_>) {
        match self.aim {
            Aim::Farewell => self.stage = Stage::Gone,
            Aim::Bound | Aim::Watched => self.next_target(around),
        }
    }

    fn bound(&mut self, binding: Binding, on: (Flow, Option<Arc<str>>), around: &mut Surroundings<'_>) {
        if self.aim == Aim::Farewell {
            self.stage = Stage::Gone;
            return;
        }
        let granted = binding.granted.unwrap_or(self.watch.expires.max(self.least));
        if granted.is_zero() {
            return self.refused("it accepted the registration, and forgot it at once".into(), around);
        }
        (self.failures, self.refusals) = (0, 0);
        let waited = around.now.saturating_duration_since(self.asked_at);
        self.figures.delays.add(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX));
        self.known.standing = Standing::Registered;
        self.known.bound_until = Some(around.now + granted);
        self.known.through = self.round.place.as_ref().map(|place| Arc::clone(&place.target));
        self.known.remote = Some(on.0.remote);
        self.known.routes = binding.routes.into();
        self.known.path = binding.path.into();
        self.known.associated = binding.associated.into();
        self.bound_on = Some(on);
        let refresh = pause::until_refresh(granted, around.stack.chance());
        self.stage = Stage::Resting { until: Some(around.now + refresh) };
    }

    /// Every address has failed: wait longer each time, or as long as we were asked to. Never for ever.
    fn round_failed(&mut self, around: &mut Surroundings<'_>) {
        if self.aim == Aim::Farewell {
            self.stage = Stage::Gone;
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let chance = around.stack.chance();
        let wait = match (self.round.bidden_until(), &self.known.standing) {
            (_, Standing::Stopped { .. }) => pause::stopped(self.watch.retry, chance),
            (Some(until), _) => until.saturating_duration_since(around.now) + pause::spread(chance),
            (None, _) => pause::after_failures(self.failures, self.watch.retry, chance),
        };
        let again_at = around.now + wait;
        self.known.standing = match (&self.round.trouble, &self.known.standing) {
            (_, Standing::Stopped { why, .. }) => Standing::Stopped { why: Arc::clone(why), again_at },
            (Trouble::Network(why), _) => Standing::Retrying { why: Arc::clone(why), again_at },
            (Trouble::Busy(why), _) => Standing::BackingOff { why: Arc::clone(why), again_at },
        };
        self.stage = Stage::Resting { until: Some(again_at) };
    }

    /// A good-bye asks for nothing.
    fn count_ineffective(&mut self) {
        self.figures.ineffective += u64::from(self.aim != Aim::Farewell);
    }

    fn refused(&mut self, why: Arc<str>, around: &mut Surroundings<'_>) {
        self.count_ineffective();
        self.turned_down(why, around);
    }

    /// A refusal that asking elsewhere doesn't mend. Three in a row, and it counts as meant.
    fn turned_down(&mut self, why: Arc<str>, around: &mut Surroundings<'_>) {
        if self.aim == Aim::Farewell {
            self.stage = Stage::Gone;
            return;
        }
        (self.failures, self.refusals) = (self.failures.saturating_add(1), self.refusals.saturating_add(1));
        self.known.bound_until = None;
        let chance = around.stack.chance();
        let is_meant = self.refusals >= REFUSALS_MAX;
        let wait = match is_meant {
            true => pause::stopped(self.watch.retry, chance),
            false => pause::after_failures(self.failures, self.watch.retry, chance),
        };
        let again_at = around.now + wait;
        self.known.standing = match is_meant {
            true => Standing::Stopped { why, again_at },
            false => Standing::BackingOff { why, again_at },
        };
        self.stage = Stage::Resting { until: Some(again_at) };
    }

    /// The connection that it was registered on has broken: the provider may need another one.
    pub fn flow_failed(&mut self, flow: Flow, now: Instant) {
        let was_on_it = self.bound_on.as_ref().is_some_and(|(on, _)| on.connection == flow.connection);
        if flow.connection != ConnectionId::NONE && was_on_it {
            self.bound_on = None;
            self.ask_at(now);
        }
    }

    /// Says good-bye to the provider, if it knows us.
    pub fn leave(&mut self, around: &mut Surroundings<'_>) {
        if self.aim != Aim::Bound {
            return;
        }
        if let Stage::Asking { client, .. } = &self.stage {
            around.stack.abandon(*client);
        }
        self.aim = Aim::Farewell;
        let is_bound = self.known.is_bound(around.now);
        match self.bound_on.take().filter(|_| is_bound) {
            Some((flow, server_name)) => self.ask(flow, server_name, around),
            None => self.stage = Stage::Gone,
        }
        self.known = Known { addresses: Arc::clone(&self.known.addresses), ..Known::nothing() };
    }
}
