//! Asks a program of others to wake phones that sleep: at once, each for itself, and signed. Nobody waits for
//! it; what comes too late for its call is not sent any more.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use policy::Push;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use switch::{Urgency, Wake};
use tracing::{info, warn};

use crate::cloud_events::wanted;
use crate::counts::Counts;
use crate::patience::{Known, Stands};
use crate::post::Answer;
use crate::signed::Signed;
use crate::stop::{Stop, Told};

/// So many requests are under way at once.
const WORKERS: usize = 4;
/// So many wait; above, the latest are left out, and no urgent one.
const WAITING_MAX: usize = 4096;
/// Who was to be woken longer ago is not woken any more.
const LATE: Duration = Duration::from_secs(8);
/// After so long it is tried again, where it might help.
const AGAIN: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(800)];
const KIND: &str = "application/cloudevents+json";

/// Who is to be woken next.
pub struct Wanted {
    waiting: Mutex<Waiting>,
    bell: Condvar,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Waiting {
    urgent: VecDeque<(Instant, Wake)>,
    usual: VecDeque<(Instant, Wake)>,
    is_over: bool,
}

impl Wanted {
    pub fn new(counts: Arc<Counts>) -> Wanted {
        Wanted { waiting: Mutex::default(), bell: Condvar::new(), counts }
    }

    /// Takes a wish, where there is room for it. The lock is never held for longer than this takes.
    pub fn put(&self, wake: Wake) {
        let mut waiting = self.lock();
        let (at, is_full) = (Instant::now(), waiting.usual.len() >= WAITING_MAX);
        match wake.urgency {
            _ if waiting.is_over => return self.counts.missed(1),
            Urgency::Urgent => waiting.urgent.push_back((at, wake)),
            Urgency::Usual if is_full => return self.counts.missed(1),
            Urgency::Usual => waiting.usual.push_back((at, wake)),
        }
        drop(waiting);
        self.bell.notify_one();
    }

    /// The next wish; nothing when there will be none.
    fn take(&self) -> Option<(Instant, Wake)> {
        let is_idle =
            |waiting: &mut Waiting| waiting.urgent.is_empty() && waiting.usual.is_empty() && !waiting.is_over;
        let waiting = self.bell.wait_while(self.lock(), is_idle);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let urgent = waiting.urgent.pop_front();
        urgent.or_else(|| waiting.usual.pop_front())
    }

    /// What is there is still done, and nothing more.
    fn close(&self) {
        self.lock().is_over = true;
        self.bell.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends to one program until it is told to end.
pub struct Pusher {
    pub push: Push,
    pub wanted: Arc<Wanted>,
    pub stop: Arc<Stop>,
    pub in_vain: Arc<InVain>,
}

/// Who hears of phones that are not woken.
pub type InVain = OnceLock<Box<dyn Fn(&Wake) + Send + Sync>>;

impl Pusher {
    pub fn run(self) {
        let known = Mutex::default();
        thread::scope(|threads| {
            for _ in 0..WORKERS {
                threads.spawn(|| self.work(&known));
            }
            while self.stop.sleep(Duration::from_secs(3600)) == Told::GoOn {}
            self.wanted.close();
        });
    }

    fn work(&self, known: &Mutex<Known>) {
        while let Some((at, wake)) = self.wanted.take() {
            let became = self.send(at, &wake);
            match &became {
                Ok(()) => self.wanted.counts.sent(1),
                Err(_) => {
                    self.wanted.counts.missed(1);
                    self.in_vain.get().iter().for_each(|tell| tell(&wake));
                }
            }
            self.tell(known, became);
        }
    }

    fn send(&self, at: Instant, wake: &Wake) -> Result<(), String> {
        let mut again = AGAIN.into_iter();
        let id = id_of(wake);
        loop {
            if at.elapsed() > LATE {
                return Err("it takes too long".to_owned());
            }
            let why = match self.ask(wake, &id) {
                Ok(Answer { status: 200..300, .. }) => return Ok(()),
                // Another time it would say the same.
                Ok(Answer { status: status @ (300..=407 | 409..=428 | 430..500), .. }) => {
                    return Err(format!("it answers {status}"));
                }
                Ok(Answer { status, .. }) => format!("it answers {status}"),
                Err(fault) => fault.to_string(),
            };
            let Some(rest) = again.next() else { return Err(why) };
            thread::sleep(rest);
        }
    }

    fn ask(&self, wake: &Wake, id: &str) -> std::io::Result<Answer> {
        let body = wanted(&self.push.source, id, wake.at.0, &data_of(wake)).to_string();
        let (to, secret) = (&self.push.to, self.push.secret.reveal());
        Signed { to, secret, kind: KIND, id, body: body.as_bytes() }.post()
    }

    /// Says when it begins to fail, and when it works again.
    fn tell(&self, known: &Mutex<Known>, became: Result<(), String>) {
        let now = if became.is_ok() { Stands::Well } else { Stands::Ill };
        let is_news = known.lock().unwrap_or_else(PoisonError::into_inner).is_news(now);
        let (push, to) = (&self.push.name, &self.push.to);
        match became {
            _ if !is_news => {}
            Ok(()) => info!(%push, %to, "phones are woken"),
            Err(why) => warn!(%push, %to, "phones are not woken: {why}"),
        }
    }
}

/// The same, however often it is sent: whoever gets it twice wakes once.
fn id_of(wake: &Wake) -> String {
    let mut sum = Sha256::new();
    for piece in [&*wake.user, &*wake.provider, &*wake.token, wake.why.word(), &wake.at.0.to_string()] {
        sum.update(piece);
        sum.update([0]);
    }
    let hex: String = sum.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("push-{hex}")
}

fn data_of(wake: &Wake) -> Value {
    json!({
        "user": &*wake.user,
        "provider": &*wake.provider,
        "prid": &*wake.token,
        "param": wake.param.as_deref(),
        "reason": wake.why.word(),
        "urgent": wake.urgency == Urgency::Urgent,
    })
}
