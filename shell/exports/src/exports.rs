//! Everything that is sent on, as the policy in force says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use policy::{Capture, Policy, Push, Trace, Webhook};
use switch::Wake;
use telemetry::{Flight, Heed};
use tracing::error;

use crate::capture::Sender;
use crate::counts::Counts;
use crate::follow::Follow;
use crate::joined::Joined;
use crate::pushes::{InVain, Pusher, Wanted};
use crate::stop::Stop;
use crate::traces::Tracer;
use crate::webhooks::Hook;

/// How long the end may take.
const ENDS_WITHIN: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The threads that send.
pub struct Exports {
    flight: Flight,
    data: PathBuf,
    joined: Arc<Joined>,
    running: Mutex<Vec<Running>>,
    /// Where wishes go that phones wake, by the name of the push service.
    wanted: RwLock<BTreeMap<Arc<str>, Arc<Wanted>>>,
    in_vain: Arc<InVain>,
}

/// Who is sent something.
#[derive(Clone, PartialEq)]
enum Receiver {
    Capture(Capture),
    Trace(Trace),
    Webhook(Webhook),
    Push(Push),
}

struct Running {
    to: Receiver,
    counts: Arc<Counts>,
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

/// What was sent to somebody since the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    pub name: Arc<str>,
    pub sent: u64,
    pub missed: u64,
}

impl Exports {
    /// Sends nothing yet.
    pub fn new(flight: Flight, data: &Path) -> Exports {
        let (joined, running, wanted, in_vain) = Default::default();
        Exports { flight, data: data.to_owned(), joined, running, wanted, in_vain }
    }

    /// What learns from events which dialogs belong together.
    pub fn heed(&self) -> Heed {
        let joined = Arc::clone(&self.joined);
        Box::new(move |event| joined.heed(Instant::now(), event))
    }

    /// Sends to whom this policy names from now on. Who stays as it was hears nothing of it.
    pub fn adopt(&self, policy: &Policy) {
        let wanted = self.wanted(policy);
        let mut running = self.lock();
        let (stay, go): (Vec<_>, Vec<_>) = running.drain(..).partition(|one| wanted.contains(&one.to));
        go.iter().for_each(|one| one.stop.tell());
        *running = stay;
        let is_wanted = |name: &Arc<str>| policy.exports().pushes.iter().any(|push| push.name == *name);
        self.wanted.write().unwrap_or_else(PoisonError::into_inner).retain(|name, _| is_wanted(name));
        for to in wanted {
            if running.iter().all(|one| one.to != to) {
                let counts = go.iter().find(|one| one.to.is_named_as(&to));
                let counts = counts.map(|one| Arc::clone(&one.counts)).unwrap_or_default();
                running.push(self.begin(to, counts));
            }
        }
    }

    fn wanted(&self, policy: &Policy) -> Vec<Receiver> {
        let exports = policy.exports();
        let has_room = self.flight.has_room();
        if !exports.captures.is_empty() && !has_room {
            error!("no copies of messages are sent: none is kept (--flight-mb 0)");
        }
        let captures = exports.captures.iter().filter(|_| has_room).cloned().map(Receiver::Capture);
        let webhooks = exports.webhooks.iter().cloned().map(Receiver::Webhook);
        let traces = exports.traces.iter().cloned().map(Receiver::Trace);
        let pushes = exports.pushes.iter().cloned().map(Receiver::Push);
        captures.chain(traces).chain(webhooks).chain(pushes).collect()
    }

    /// What was sent to capture servers.
    pub fn captures(&self) -> Vec<Exported> {
        self.exported(|to| matches!(to, Receiver::Capture(_)))
    }

    /// How many calls collectors have the traces of.
    pub fn traces(&self) -> Vec<Exported> {
        self.exported(|to| matches!(to, Receiver::Trace(_)))
    }

    /// How many records webhooks have taken.
    pub fn webhooks(&self) -> Vec<Exported> {
        self.exported(|to| matches!(to, Receiver::Webhook(_)))
    }

    /// How many phones push services were asked to wake.
    pub fn pushes(&self) -> Vec<Exported> {
        self.exported(|to| matches!(to, Receiver::Push(_)))
    }

    /// Who hears of phones that nobody wakes, from now on and to the end.
    pub fn tell_in_vain(&self, tell: impl Fn(&Wake) + Send + Sync + 'static) {
        // Whoever was told before is told on.
        let _ = self.in_vain.set(Box::new(tell));
    }

    /// A phone is to be woken. Nobody waits for that.
    pub fn wake(&self, wake: Wake) {
        let wanted = self.wanted.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(wanted) = wanted.get(&wake.provider) {
            wanted.put(wake);
        }
    }

    fn exported(&self, is_meant: impl Fn(&Receiver) -> bool) -> Vec<Exported> {
        let of = |one: &Running| {
            let (sent, missed) = one.counts.read();
            Exported { name: one.to.name().clone(), sent, missed }
        };
        self.lock().iter().filter(|one| is_meant(&one.to)).map(of).collect()
    }

    /// Sends what is left, and ends; who takes too long for that is left behind.
    pub fn stop(&self) {
        let running: Vec<Running> = self.lock().drain(..).collect();
        running.iter().for_each(|one| one.stop.tell());
        let until = Instant::now() + ENDS_WITHIN;
        let is_at_work = |one: &Running| one.thread.as_ref().is_some_and(|thread| !thread.is_finished());
        while running.iter().any(is_at_work) && Instant::now() < until {
            thread::sleep(LOOK_EVERY);
        }
    }

    fn begin(&self, to: Receiver, counts: Arc<Counts>) -> Running {
        let stop = Arc::new(Stop::default());
        let work = self.work(&to, Arc::clone(&counts), Arc::clone(&stop));
        let started = thread::Builder::new().name("exports".to_owned()).spawn(work);
        let failed = |fault: &std::io::Error| error!(to = %to.name(), "no thread for it: {fault}");
        let thread = started.inspect_err(failed).ok();
        Running { to, counts, stop, thread }
    }

    /// From what is noted and kept from now on.
    fn work(&self, to: &Receiver, counts: Arc<Counts>, stop: Arc<Stop>) -> Box<dyn FnOnce() + Send> {
        match to.clone() {
            Receiver::Capture(capture) => {
                let (flight, joined) = (self.flight.clone(), Arc::clone(&self.joined));
                let from = flight.noted();
                let sender = Sender { capture, flight, joined, counts, stop, from };
                Box::new(move || sender.run())
            }
            Receiver::Trace(trace) => {
                let from = Follow::new(&self.data).end();
                let tracer = Tracer { trace, data: self.data.clone(), counts, stop, from };
                Box::new(move || tracer.run())
            }
            Receiver::Webhook(webhook) => {
                let hook = Hook { webhook, data: self.data.clone(), counts, stop };
                Box::new(move || hook.run())
            }
            Receiver::Push(push) => {
                let wanted = Arc::new(Wanted::new(counts));
                let mut all = self.wanted.write().unwrap_or_else(PoisonError::into_inner);
                all.insert(push.name.clone(), Arc::clone(&wanted));
                let in_vain = Arc::clone(&self.in_vain);
                let pusher = Pusher { push, wanted, stop, in_vain };
                Box::new(move || pusher.run())
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Receiver {
    fn name(&self) -> &Arc<str> {
        match self {
            Receiver::Capture(capture) => &capture.name,
            Receiver::Trace(trace) => &trace.name,
            Receiver::Webhook(webhook) => &webhook.name,
            Receiver::Push(push) => &push.name,
        }
    }

    /// Whether it is the same, as another one was written.
    fn is_named_as(&self, other: &Receiver) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.name() == other.name()
    }
}
