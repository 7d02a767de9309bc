//! `tandem up`: runs the house until it is told to stop, and reads its directory again when told to.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use api::{Feed, Meter};
use certificates::Keeper;
use cli::{Exit, Up};
use model::{LogLevel, Records};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use store::{Revisions, Torn};
use switch::Held;
use switch_io::Handed;
use telemetry::{Flight, LogSettings};
use tracing::{error, info, warn};

use crate::access::Access;
use crate::banner::banner;
use crate::control::{Asked, Board, Control, InForce, Response, Stage, Window};
use crate::desk::Order;
use crate::directories::Directories;
use crate::drained_trunks::DrainedTrunks;
use crate::edge::{Edge, Plan, Witness};
use crate::made_calls::MadeCalls;
use crate::operate::Operator;
use crate::recorder::{FlightRecorder, Keeping};
use crate::revisions::{Job, Kept, Owner, answer, begin};
use crate::supervisor::Supervisor;
use crate::{addresses, authority, storage, web};

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a certificate may be renewed on the disk, and not be in use.
const LOOK_AT_FILES: Duration = Duration::from_secs(60);

/// What the owner of the house waits for.
enum Happening {
    Signal(i32),
    Asked(Asked),
    Job(Job),
}

impl From<Asked> for Happening {
    fn from(asked: Asked) -> Happening {
        Happening::Asked(asked)
    }
}

impl From<Job> for Happening {
    fn from(job: Job) -> Happening {
        Happening::Job(job)
    }
}

/// Why a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Drained {
    NoCallsLeft,
    TimeIsUp,
    AskedAgain,
}

pub fn run(up: &Up) -> Result<Exit> {
    // Before anything is opened.
    let handed = Arc::new(Handed::found());
    let data = up.data.clone().unwrap_or_else(|| up.dir.join("data"));
    let (revisions, torn) = Revisions::open(&data)?;
    let begun = match begin(&up.dir, &revisions)? {
        Ok(begun) => begun,
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("{problem}\n"));
            return Ok(Exit::Bad);
        }
    };
    let level = begun.loaded.documents.system.log.map_or("info", word_of);
    telemetry::start_log(&LogSettings { level: level.to_owned() });
    begun.loaded.policy.warnings().iter().for_each(|warning| eprintln!("{warning}\n"));
    say_what_was_found(torn, &begun.notes);
    let (tell, happenings) = mpsc::channel();
    tell_signals(tell.clone())?;
    let (notes, kept) = (begun.notes.clone(), begun.kept);
    let mut owner = Owner::new(&up.dir, revisions, begun)?;
    let flight = Flight::new(up.flight_mb * 1_000_000);
    let meter = Arc::new(Meter::default());
    let feed = Arc::new(web::feed());
    let (edge, keeper) = start_edge(up, &data, &owner, (&flight, &meter, &feed), (kept, &handed))?;

    watch_addresses(&edge);
    let board = open_board(&edge, &owner, notes);
    let access = Arc::new(Access::open(&data, up.http_token_file.as_deref())?);
    access.believe(owner.documents().system.oidc.as_ref(), &up.dir, &board);
    let (visitors, jobs) = (Arc::clone(&access), tell.clone());
    let order = move |job: Job| jobs.send(job.into()).is_ok();
    let directories = follow_directories(Box::new(order.clone()), &board, &up.dir);
    authority::follow(&keeper, Box::new(order.clone()), &board, &feed);
    let (catalogue, exports) = (Arc::clone(edge.catalogue()), edge.exports());
    let seen = (edge.asker(), Arc::clone(&catalogue));
    let written = (owner.documents(), &*data);
    let (flight, keeping) = keep_messages(flight, &data, &owner, &board)?;
    let operator = operator(&edge, &board, (&flight, &data));
    let sources = ((&exports, &edge.observers()), &directories, (&keeper, edge.certificates()), &operator);
    let web =
        web::open((up, &handed), written, seen, &board, (&meter, &access, &feed, sources), Box::new(order));
    let web = web.or_else(|fault| web::without(owner.documents(), fault))?;
    close_what_nobody_wants(&handed);
    let around = (operator, flight.clone(), access, directories, keeper);
    let control = open_control(&data, window(&edge, &board, around, tell));
    greet(&owner, &edge, web.as_ref(), &data);

    let supervisor = Supervisor::found();
    supervisor.watch(edge.asker());
    supervisor.ready(owner.about().number);

    let renew = |owner: &Owner| {
        edge.renew_certificates();
        web.iter().for_each(web::Opened::renew);
        flight.keep(rules_of(owner));
        visitors.believe(owner.documents().system.oidc.as_ref(), &up.dir, &board);
    };
    serve(&mut owner, &edge, (&board, &feed), (&happenings, &renew), &supervisor);
    supervisor.stopping();
    board.turn(Stage::Stopping);
    let drained = drain(&edge, &happenings, up.drain_max);
    info!(?drained, "stopping");
    say_what_is_held(&edge);
    drop((control, web));
    edge.stop();
    keeping.stop();
    Ok(Exit::Done)
}

/// Whoever carries out what an operator wants; what was decided before the start holds.
fn operator(edge: &Edge, board: &Arc<Board>, (flight, data): (&FlightRecorder, &Path)) -> Arc<Operator> {
    let (asker, drained, board) = (edge.asker(), DrainedTrunks::open(data), Arc::clone(board));
    let (made, flight) = (MadeCalls::default(), flight.clone());
    let (observers, data) = (edge.observers(), data.to_owned());
    let operator = Operator { asker, board, drained, made, flight, observers, data };
    operator.tell_drained();
    Arc::new(operator)
}

type Around = (Arc<Operator>, FlightRecorder, Arc<Access>, Arc<Directories>, Arc<Keeper>);

/// What the control channel looks through.
fn window(
    edge: &Edge,
    board: &Arc<Board>,
    (operator, flight, access, directories, keeper): Around,
    owner: Sender<Happening>,
) -> Window<Happening> {
    Window {
        asker: edge.asker(),
        board: Arc::clone(board),
        operator,
        flight,
        observers: edge.observers(),
        access,
        catalogue: Arc::clone(edge.catalogue()),
        directories,
        keeper,
        owner,
    }
}

/// Says what runs, and where.
fn greet(owner: &Owner, edge: &Edge, web: Option<&web::Opened>, data: &Path) {
    let name = &owner.documents().system.value.name;
    eprintln!("{}", banner(name, owner.policy(), &edge.listeners, data));
    for place in web.iter().flat_map(|web| &web.server.places) {
        eprintln!("  http       {place}");
    }
}

fn say_what_was_found(torn: Vec<Torn>, notes: &[String]) {
    for Torn { aside } in torn {
        warn!(aside = %aside.display(), "a revision that was not whole was set aside");
    }
    notes.iter().for_each(|note| error!("{note}"));
}

fn follow_directories(order: Order, board: &Arc<Board>, dir: &Path) -> Arc<Directories> {
    let directories = Arc::new(Directories::new(order, Arc::clone(board), dir));
    if let Err(fault) = directories.follow() {
        error!("directories are not read, and users stay as they are known: {fault}");
    }
    directories
}

fn watch_addresses(edge: &Edge) {
    if let Err(fault) = addresses::watch(edge.asker()) {
        warn!("changes of this machine's addresses are not noticed: {fault}");
    }
}

fn close_what_nobody_wants(handed: &Handed) {
    for socket in handed.close_rest() {
        warn!("{socket} was handed over by the supervisor, and nobody listens there: it is closed");
    }
}

fn say_what_is_held(edge: &Edge) {
    let Some(held) = edge.held() else { return };
    let Held { calls, transactions, ports, permits, questions, farewells } = held;
    info!(
        "held calls={calls} transactions={transactions} ports={ports} permits={permits} \
questions={questions} farewells={farewells}"
    );
}

fn start_edge(
    up: &Up,
    data: &Path,
    owner: &Owner,
    (flight, meter, feed): (&Flight, &Arc<Meter>, &Arc<Feed>),
    (kept, handed): (Kept, &Arc<Handed>),
) -> Result<(Edge, Arc<Keeper>)> {
    let meter = Arc::clone(meter);
    let is_asked = web::is_wished(up, owner.documents());
    let count = is_asked.then(|| -> Witness { Box::new(move |records| meter.count(records)) });
    let plan = |keeper: Arc<Keeper>| Plan {
        policy: Arc::clone(owner.policy()),
        base: up.dir.clone(),
        data: data.to_owned(),
        keeper,
        database: storage::of(owner.documents(), &up.dir),
        shards: up.shards,
        media_loops: up.media.unwrap_or_else(usual_media_loops),
        handed: Arc::clone(handed),
        dns: up.dns.clone(),
        tap: None,
        flight: (up.flight_mb > 0).then(|| flight.clone()),
        watch: is_asked.then(|| web::watch(Arc::clone(feed))),
        witness: count,
    };
    let keeper = authority::open(owner.documents(), &up.dir, data);
    let started = keeper.and_then(|keeper| Ok((Edge::start(plan(Arc::clone(&keeper)))?, keeper)));
    if started.is_err() && kept == Kept::Now {
        owner.withdraw()?;
    }
    started
}

/// Signals of the operating system, told like everything else.
fn tell_signals(tell: Sender<Happening>) -> Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let name = thread::Builder::new().name("signals".to_owned());
    name.spawn(move || {
        for signal in signals.forever() {
            // When nobody listens any more, the house has stopped.
            let _ = tell.send(Happening::Signal(signal));
        }
    })?;
    Ok(())
}

/// Looks again at what stands in files, and at what the revision in force says of who is believed.
type Renew<'r> = &'r dyn Fn(&Owner);

/// Changes the house as it is told, until it is told to stop.
fn serve(
    owner: &mut Owner,
    edge: &Edge,
    (board, feed): (&Board, &Feed),
    (happenings, renew): (&Receiver<Happening>, Renew<'_>),
    supervisor: &Supervisor,
) {
    let mut told = owner.about().number;
    let mut heard = told;
    keep_records(edge, owner);
    alarm_observers(edge, board);
    loop {
        let until_due = owner.deadline().map(|due| due.saturating_duration_since(Instant::now()));
        match happenings.recv_timeout(until_due.unwrap_or(LOOK_AT_FILES).min(LOOK_AT_FILES)) {
            Ok(Happening::Signal(SIGHUP)) => {
                supervisor.reloading();
                reload(owner, edge);
                told = owner.about().number;
                supervisor.ready(told);
            }
            Ok(Happening::Asked(asked)) => answer(owner, edge, asked),
            Ok(Happening::Job(job)) => {
                let told = catch_unwind(AssertUnwindSafe(|| job(owner, edge)));
                pin(board, owner);
                // Whoever waits for a job that a defect has cost hears so by its end.
                let _ = told.map(|told| told());
            }
            Ok(Happening::Signal(_)) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        owner.expire(edge);
        renew(owner);
        keep_records(edge, owner);
        alarm_observers(edge, board);
        pin(board, owner);
        edge.unrecorded().tell();
        if owner.about().number != told {
            told = owner.about().number;
            supervisor.ready(told);
        }
        if owner.about().number != heard {
            heard = owner.about().number;
            web::tell_revision(feed, owner.about());
        }
    }
}

/// What the revision in force says of what is kept.
fn rules_of(owner: &Owner) -> Records {
    owner.documents().system.value.records.unwrap_or_default()
}

/// Writes messages to the disk from now on, also those that came before.
fn keep_messages(
    flight: Flight,
    data: &Path,
    owner: &Owner,
    board: &Arc<Board>,
) -> Result<(FlightRecorder, Keeping)> {
    FlightRecorder::start(flight, data, rules_of(owner), board).context("flight recorder")
}

/// Records are kept as long as the revision in force says.
fn keep_records(edge: &Edge, owner: &Owner) {
    let kept = rules_of(owner);
    edge.catalogue().keep_days(kept.keep_days.map_or(0, |days| days.get().into()));
    edge.keep_events(kept.events_days().into(), kept.events_bytes());
}

/// Somebody has to look where nobody can be listened to.
fn alarm_observers(edge: &Edge, board: &Board) {
    let standings = edge.observers().standings();
    let in_trouble = standings.iter().filter_map(|one| Some((one, one.trouble.as_ref()?)));
    let words =
        in_trouble.map(|(one, why)| format!("observer {} is not heard at {}: {why}", one.name, one.listen));
    let on_disk = standings.iter().filter_map(|one| Some((one, one.disk_trouble.as_ref()?)));
    let more =
        on_disk.map(|(one, why)| format!("what observer {} tells is kept in memory alone: {why}", one.name));
    board.alarm("observers", words.chain(more).collect());
}

/// Where those who look find what is in force, and what somebody has to look at.
fn open_board(edge: &Edge, owner: &Owner, notes: Vec<String>) -> Arc<Board> {
    let board = Arc::new(Board::default());
    board.change(|notice| notice.notes = notes);
    pin(&board, owner);
    edge.unrecorded().tell_on(&board);
    board
}

/// Says on the board what is in force.
fn pin(board: &Board, owner: &Owner) {
    board.shows(owner.policy());
    let revision = owner.about().number;
    if board.documents().is_none_or(|shown| shown.revision != revision) {
        let (files, tags) = (owner.documents().files.clone(), *owner.tags());
        board.shows_documents(InForce { revision, files, tags });
    }
    board.change(|notice| {
        notice.name.clone_from(&owner.documents().system.value.name);
        notice.revision = owner.about().number;
        notice.applied_ms = owner.about().applied_ms;
        notice.author.clone_from(&owner.about().author);
        notice.confirm_by_ms = owner.awaited_ms();
    });
}

/// Calls matter more than looking at them: without a channel the house runs on.
fn open_control(data: &Path, window: Window<Happening>) -> Option<Control> {
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

fn drain(edge: &Edge, happenings: &Receiver<Happening>, drain_max: Duration) -> Drained {
    let until = Instant::now() + drain_max;
    edge.drain();
    info!(seconds = drain_max.as_secs(), "draining: calls may end, new ones are refused");
    loop {
        if edge.held().is_none_or(|held| held.calls == 0 && held.farewells == 0) {
            return Drained::NoCallsLeft;
        }
        if Instant::now() >= until {
            return Drained::TimeIsUp;
        }
        match happenings.recv_timeout(LOOK_EVERY) {
            // Whoever waits for a job hears by its end that it is not done.
            Ok(Happening::Signal(SIGHUP) | Happening::Job(_)) | Err(_) => {}
            Ok(Happening::Signal(_)) => return Drained::AskedAgain,
            Ok(Happening::Asked(asked)) => {
                let stopping = Response::refused(Exit::Bad, "the house is about to stop");
                // Whoever asked has gone.
                let _ = asked.answer.send(stopping);
            }
        }
    }
}

/// SIGHUP: applies the directory. Whatever is wrong with it, the revision in force goes on.
fn reload(owner: &mut Owner, edge: &Edge) {
    let revision = owner.about().number;
    let Err(words) = owner.reload(edge) else { return };
    words.iter().for_each(|words| error!("{words}"));
    error!(revision, "nothing was applied; the running policy goes on");
}
