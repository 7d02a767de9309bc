//! `tandem up`: runs the house until it is told to stop, and reads its directory again when told to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use cli::{Exit, Up};
use model::{Documents, LogLevel};
use policy::{Policy, TestResult};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use switch::Held;
use telemetry::LogSettings;
use tracing::{error, info, warn};

use crate::banner::banner;
use crate::control::{Board, Control, Stage, Window};
use crate::directory::{self, Loaded};
use crate::edge::{Edge, Plan};

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The policy in force, and the documents it was made of.
struct InForce {
    directory: PathBuf,
    documents: Documents,
    policy: Arc<Policy>,
}

/// Why a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drained {
    NoCallsLeft,
    TimeIsUp,
    AskedAgain,
}

pub fn run(up: &Up) -> Result<Exit> {
    let Loaded { documents, policy } = match directory::load(&up.dir, None)? {
        Ok(loaded) => loaded,
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("{problem}\n"));
            return Ok(Exit::Bad);
        }
    };
    policy.warnings().iter().for_each(|warning| eprintln!("{warning}\n"));
    let level = documents.system.log.map_or("info", word_of);
    telemetry::start_log(&LogSettings { level: level.to_owned() });
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let mut in_force = InForce { directory: up.dir.clone(), documents, policy: Arc::new(policy) };
    let data = up.data.clone().unwrap_or_else(|| up.dir.join("data"));
    let edge = Edge::start(Plan {
        policy: Arc::clone(&in_force.policy),
        base: up.dir.clone(),
        data: data.clone(),
        shards: up.shards,
        media_loops: up.media.unwrap_or_else(usual_media_loops),
        dns: up.dns.clone(),
        tap: None,
        witness: None,
    })?;
    let name = &in_force.documents.system.value.name;
    let board = Arc::new(Board::default());
    pin(&board, &in_force);
    let control = open_control(&data, &edge, &board);
    eprintln!("{}", banner(name, &in_force.policy, &edge.listeners, &data));

    for signal in signals.forever() {
        match signal {
            SIGHUP => {
                in_force.reload(&edge);
                pin(&board, &in_force);
            }
            _ => break,
        }
    }
    board.change(|notice| notice.state = Stage::Draining);
    let drained = drain(&edge, &mut signals, up.drain_max);
    info!(?drained, "stopping");
    if let Some(held) = edge.held() {
        let Held { calls, transactions, ports, permits, questions } = held;
        info!(
            "held calls={calls} transactions={transactions} ports={ports} permits={permits} \
questions={questions}"
        );
    }
    drop(control);
    edge.stop();
    Ok(Exit::Done)
}

/// Says on the board what is in force.
fn pin(board: &Board, in_force: &InForce) {
    board.change(|notice| {
        notice.name.clone_from(&in_force.documents.system.value.name);
        notice.revision = in_force.policy.revision();
    });
}

/// Calls matter more than looking at them: without a channel the house runs on.
fn open_control(data: &Path, edge: &Edge, board: &Arc<Board>) -> Option<Control> {
    let window = Window { asker: edge.asker(), board: Arc::clone(board) };
    let opened = Control::open(data, window);
    opened.inspect_err(|fault| error!("no control channel in {}: {fault}", data.display())).ok()
}

fn word_of(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    }
}

/// Two loops, so that one can wait while the other works; one where there is one core only.
fn usual_media_loops() -> u8 {
    thread::available_parallelism().map_or(1, |cores| if cores.get() > 1 { 2 } else { 1 })
}

fn drain(edge: &Edge, signals: &mut Signals, drain_max: Duration) -> Drained {
    let until = Instant::now() + drain_max;
    edge.drain();
    info!(seconds = drain_max.as_secs(), "draining: calls may end, new ones are refused");
    loop {
        if edge.held().is_none_or(|held| held.calls == 0) {
            return Drained::NoCallsLeft;
        }
        if Instant::now() >= until {
            return Drained::TimeIsUp;
        }
        if signals.pending().any(|signal| signal != SIGHUP) {
            return Drained::AskedAgain;
        }
        thread::sleep(LOOK_EVERY);
    }
}

impl InForce {
    /// Reads the directory again. Whatever is wrong with it, the policy in force goes on.
    fn reload(&mut self, edge: &Edge) {
        let Some(Loaded { documents, policy }) = read_again(&self.directory, &self.policy) else {
            error!(revision = self.policy.revision(), "nothing was applied; the running policy goes on");
            return;
        };
        if needs_restart(&self.documents, &documents) {
            warn!("[interface.*] has changed: what is listened on changes at the next start");
        }
        let policy = Arc::new(policy);
        match edge.adopt(&policy) {
            Ok(()) => info!(revision = policy.revision(), "applied; calls in progress keep their plan"),
            Err(fault) => error!("not every shard has the new policy: {fault:#}"),
        }
        self.documents = documents;
        self.policy = policy;
    }
}

fn read_again(directory: &Path, older: &Policy) -> Option<Loaded> {
    let loaded = match directory::load(directory, Some(older)) {
        Ok(Ok(loaded)) => loaded,
        Ok(Err(problems)) => {
            problems.iter().for_each(|problem| eprintln!("{problem}\n"));
            error!(problems = problems.len(), "the configuration is wrong");
            return None;
        }
        Err(fault) => {
            error!("the configuration cannot be read: {fault:#}");
            return None;
        }
    };
    loaded.policy.warnings().iter().for_each(|warning| eprintln!("{warning}\n"));
    let failed: Vec<_> =
        policy::run_tests(&loaded.policy).into_iter().filter(|result| !result.is_passed()).collect();
    for result in &failed {
        let TestResult { name, location, failures, .. } = result;
        error!(test = %name, at = %location, "a stored test fails: {}", failures.join("; "));
    }
    failed.is_empty().then_some(loaded)
}

/// Sockets are opened at the start only.
fn needs_restart(old: &Documents, new: &Documents) -> bool {
    let as_json = |documents: &Documents| serde_json::to_value(&documents.interface).ok();
    as_json(old) != as_json(new)
}
