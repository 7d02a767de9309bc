//! Everything that is sent on, as the policy in force says.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use policy::{Capture, Policy};
use telemetry::{Flight, Heed};
use tracing::error;

use crate::capture::{Counts, Sender};
use crate::joined::Joined;
use crate::stop::Stop;

/// How long the end may take.
const ENDS_WITHIN: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The threads that send.
pub struct Exports {
    flight: Flight,
    joined: Arc<Joined>,
    captures: Mutex<Vec<Running>>,
}

struct Running {
    capture: Capture,
    counts: Arc<Counts>,
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

/// What was sent to a server since the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    pub name: Arc<str>,
    pub sent: u64,
    pub missed: u64,
}

impl Exports {
    /// Sends nothing yet.
    pub fn new(flight: Flight) -> Exports {
        Exports { flight, joined: Arc::default(), captures: Mutex::default() }
    }

    /// What learns from events which dialogs belong together.
    pub fn heed(&self) -> Heed {
        let joined = Arc::clone(&self.joined);
        Box::new(move |event| joined.heed(Instant::now(), event))
    }

    /// Sends to whom this policy names from now on. Who stays as it was hears nothing of it.
    pub fn adopt(&self, policy: &Policy) {
        if !policy.captures().is_empty() && !self.flight.has_room() {
            error!("no copies of messages are sent: none is kept (--flight-mb 0)");
            return;
        }
        let mut running = self.lock();
        let (stay, go): (Vec<_>, Vec<_>) =
            running.drain(..).partition(|one| policy.captures().contains(&one.capture));
        go.iter().for_each(|one| one.stop.tell());
        *running = stay;
        for capture in policy.captures() {
            if running.iter().all(|one| one.capture.name != capture.name) {
                let counts = go.iter().find(|one| one.capture.name == capture.name);
                let counts = counts.map(|one| Arc::clone(&one.counts)).unwrap_or_default();
                running.push(self.begin(capture, counts));
            }
        }
    }

    pub fn captures(&self) -> Vec<Exported> {
        let of = |one: &Running| Exported {
            name: one.capture.name.clone(),
            sent: one.counts.sent(),
            missed: one.counts.missed(),
        };
        self.lock().iter().map(of).collect()
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

    fn begin(&self, capture: &Capture, counts: Arc<Counts>) -> Running {
        let stop = Arc::new(Stop::default());
        let sender = Sender {
            capture: capture.clone(),
            flight: self.flight.clone(),
            joined: Arc::clone(&self.joined),
            counts: Arc::clone(&counts),
            stop: Arc::clone(&stop),
            from: self.flight.noted(),
        };
        let named = thread::Builder::new().name("capture".to_owned());
        let started = named.spawn(move || sender.run());
        let failed = |fault: &std::io::Error| error!(capture = %capture.name, "no thread for it: {fault}");
        Running { capture: capture.clone(), counts, stop, thread: started.inspect_err(failed).ok() }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Running>> {
        self.captures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
