//! The server: one thread for whoever asks, so that nobody who does can hold up a call, and one for those who
//! listen, so that they hold up nobody.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Extension, Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, on};
use model::{names_a_secret, without_passwords};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::sleep;
use tracing::{error, warn};

use crate::code::Code;
use crate::condition::{Condition, Tags};
use crate::door::{Door, Guests, Hung, Place, Seal, Seat, is_local};
use crate::exposition;
use crate::feed::Feed;
use crate::hall::{Hall, StandBack};
use crate::house::{Became, Deed, Given, House, Person, Refused, Standing, Unknown, Who};
use crate::listen::{self, Readers};
use crate::meter::Meter;
use crate::openapi;
use crate::problem::Problem;
use crate::question::{Asked, Body, KEY, KEY_MAX, Resource, Said};
use crate::resources::{self, BASE, EVENTS};

/// Answers that are being made at once; whoever comes then is told to come again.
const ANSWERS_MAX: usize = 8;
/// How much lower than calls.
const NICE: i32 = 10;
/// A document is never so long.
const BODY_MAX: usize = 1 << 20;
/// How long somebody waits for keys that prove a token, and how often it is looked for them.
const KEYS_MAX: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What is written down of what was asked.
const WHAT_MAX: usize = 300;

pub struct Settings {
    /// At least one.
    pub doors: Vec<Door>,
    /// How long somebody may take to say what is wanted, and to ask again.
    pub patience: Duration,
    pub version: &'static str,
    /// How many may listen to what happens at once.
    pub readers_max: usize,
    /// How many others may come in at once by each door.
    pub guests_max: usize,
    /// Whoever listens comes last of all.
    pub stand_back: StandBack,
}

/// Why there is no server.
#[derive(Debug)]
pub enum Fault {
    /// It would be heard beyond this machine, in the clear.
    NotLocal(SocketAddr),
    Door(SocketAddr, io::Error),
    Io(io::Error),
}

/// The running server.
pub struct Server {
    pub places: Vec<Place>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// It closes when nobody can come there any more.
    _hall: Hall,
}

struct Shared {
    house: Box<dyn House>,
    meter: Arc<Meter>,
    document: Value,
    answering: Arc<Semaphore>,
    feed: Arc<Feed>,
    readers: Arc<Readers>,
    readers_max: usize,
}

type Known = State<Arc<Shared>>;

/// Listens, and answers on a thread of its own.
pub fn start(
    settings: Settings,
    house: Box<dyn House>,
    meter: Arc<Meter>,
    feed: Arc<Feed>,
) -> Result<Server, Fault> {
    let Settings { doors, patience, version, readers_max, guests_max, stand_back } = settings;
    let is_heard = |door: &&Door| matches!(door.seal, Seal::Local) && !is_local(door.listen);
    if let Some(heard) = doors.iter().find(is_heard) {
        return Err(Fault::NotLocal(heard.listen));
    }
    let guests = Guests { most: guests_max, patience };
    let hang = |door: Door| {
        let listen = door.listen;
        Hung::hang(door, guests).map_err(|fault| Fault::Door(listen, fault))
    };
    let hung = doors.into_iter().map(hang).collect::<Result<Vec<_>, _>>()?;
    let places = hung.iter().map(Hung::place).collect();
    let (document, answering) = (openapi::document(version), Arc::new(Semaphore::new(ANSWERS_MAX)));
    let hall = Hall::open(Arc::clone(&feed), stand_back).map_err(Fault::Io)?;
    let (readers, aside) = (Arc::default(), hall.handle());
    let shared = Arc::new(Shared { house, meter, document, answering, feed, readers, readers_max });
    let (stop, stopped) = oneshot::channel();
    let serving = move || {
        // Calls come first: whoever asks waits for them, and never the other way.
        if let Err(fault) = rustix::process::setpriority_process(None, NICE) {
            warn!("HTTP has the same place as calls: {fault}");
        }
        if let Err(fault) = serve(hung, shared, aside, stopped) {
            error!("the HTTP server ended: {fault}");
        }
    };
    let thread = thread::Builder::new().name("api".to_owned()).spawn(serving).map_err(Fault::Io)?;
    Ok(Server { places, stop: Some(stop), thread: Some(thread), _hall: hall })
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It has ended by itself.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    doors: Vec<Hung>,
    shared: Arc<Shared>,
    hall: Handle,
    stopped: oneshot::Receiver<()>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let router = router(shared);
        for door in doors {
            let (place, router, hall) = (door.place(), router.clone(), hall.clone());
            tokio::spawn(async move {
                let Err(fault) = door.attend(router, hall).await;
                error!("nobody is heard at {place} any more: {fault}");
            });
        }
        // Whoever would have said so has gone.
        let _ = stopped.await;
    });
    // Nobody waits for somebody who reads slowly.
    runtime.shutdown_background();
    Ok(())
}

fn router(shared: Arc<Shared>) -> Router {
    let mut asked = Router::new();
    for resource in resources::all() {
        let handler = move |state, who, question, body| answer(resource, state, who, question, body);
        asked = asked.route(&format!("{BASE}{}", resource.path), on(resource.method.filter(), handler));
    }
    let token = middleware::from_fn_with_state(Arc::clone(&shared), with_token);
    let from_afar = middleware::from_fn_with_state(Arc::clone(&shared), with_token_from_afar);
    asked
        .route(EVENTS, get(events))
        .route("/openapi.json", get(async |State(shared): Known| json(&shared.document)))
        .route_layer(token)
        .route("/metrics", get(metrics).layer(from_afar.clone()))
        .route("/health", get(async || "alive\n"))
        .route("/ready", get(ready).layer(from_afar))
        .route("/phones/{door}/{*name}", get(phone_file))
        .fallback(async || nothing_here())
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .method_not_allowed_fallback(async || {
            let words = "this is not asked for by that method; /openapi.json says by which";
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, Code::NO_METHOD, words)
        })
        .with_state(shared)
}

/// What is asked of what, with which words and headers.
type Question = (Uri, Option<Path<String>>, Query<BTreeMap<String, String>>, HeaderMap);

/// Who asks, and from where.
#[derive(Clone)]
struct Asker {
    person: Person,
    from: SocketAddr,
}

/// Figures name trunks and not people, and what is asked of shards costs them something: whoever is on this
/// machine sees how it goes without a token, and nobody else.
async fn with_token_from_afar(
    shared: Known,
    from: ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    match is_local(from.0) {
        true => next.run(request).await,
        false => with_token(shared, from, request, next).await,
    }
}

async fn with_token(
    State(shared): Known,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let unknown = match known(&shared, token_in(request.headers())).await {
        Ok(person) => {
            request.extensions_mut().insert(Asker { person, from });
            return next.run(request).await;
        }
        Err(unknown) => unknown,
    };
    let what = what(request.method().as_str(), request.uri());
    let (problem, who) = unfit(unknown);
    turned_away(&shared, Deed { who, from, what, became: Became::TurnedAway(problem.status.as_u16()) });
    problem.into_response()
}

/// Whose token it is; somebody else may have to be asked for the keys that say so.
async fn known(shared: &Shared, token: &str) -> Result<Person, Unknown> {
    let until = Instant::now() + KEYS_MAX;
    loop {
        match shared.house.holder(token) {
            Err(Unknown::Waiting) if Instant::now() < until => sleep(LOOK_EVERY).await,
            known => return known,
        }
    }
}

/// Why somebody is turned away who is not known.
fn unfit(unknown: Unknown) -> (Problem, Who) {
    let unauthorized = StatusCode::UNAUTHORIZED;
    let busy = |words| (Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::NOT_NOW, words), Who::Stranger);
    match unknown {
        Unknown::Nobody => {
            let words = "say who you are: Authorization: Bearer TOKEN";
            (Problem::new(unauthorized, Code::NO_TOKEN, words), Who::Stranger)
        }
        Unknown::NoGood(words) => (Problem::new(unauthorized, Code::NO_GOOD, words), Who::Stranger),
        Unknown::NoRole { name, words } => {
            let words = format!("{name} has no role here: {words}");
            (Problem::new(StatusCode::FORBIDDEN, Code::NOT_ALLOWED, words), Who::NoRole(name))
        }
        Unknown::Waiting => busy("the keys of the identity provider do not come; ask again".to_owned()),
        Unknown::NotNow(words) => busy(words),
    }
}

fn token_in(headers: &HeaderMap) -> &str {
    let says = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    says.and_then(|says| says.strip_prefix("Bearer ")).unwrap_or_default()
}

async fn answer(
    resource: &'static Resource,
    State(shared): Known,
    Extension(Asker { person, from }): Extension<Asker>,
    (uri, id, Query(words), headers): Question,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let what = what(&resource.method.word().to_ascii_uppercase(), &uri);
    let needs = resource.needs;
    if person.role < needs {
        let status = StatusCode::FORBIDDEN;
        let words = format!("this wants a token of the role {needs}, and {} is {}", person.name, person.role);
        let became = Became::TurnedAway(status.as_u16());
        turned_away(&shared, Deed { who: Who::Person(person), from, what, became });
        return Err(Problem::new(status, Code::NOT_ALLOWED, words));
    }
    let tags = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(Tags::read);
    let condition = Condition { is: tags(header::IF_MATCH), is_not: tags(header::IF_NONE_MATCH) };
    let (id, who) = (id.map(|Path(id)| id).unwrap_or_default(), person.name.clone());
    let (body, key) = (document(resource, body)?, key_in(&headers)?);
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let accept = accept.collect::<Vec<_>>().join(",");
    let asked = Asked { id, words, condition, body, key, who, accept };
    let deed = Deed { who: Who::Person(person), from, what, became: Became::Asked };
    let answer = wait(&shared, move |house| match resource.is_recorded() {
        true => recorded(house, deed, || resource.answer(house, &asked)),
        false => resource.answer(house, &asked),
    });
    Ok(whole(answer.await??))
}

/// Under which it is done once.
fn key_in(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(KEY) else { return Ok(None) };
    let fits =
        |key: &&str| (1..=KEY_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    let wrong = || {
        let words = format!("{KEY}: 1 to {KEY_MAX} letters of ASCII without a space");
        Problem::new(StatusCode::BAD_REQUEST, Code::SENSELESS, words)
    };
    let key = value.to_str().ok().filter(fits).ok_or_else(wrong)?;
    Ok(Some(key.to_owned()))
}

/// What was sent with the question, where it wants something.
fn document(resource: &Resource, body: Result<Bytes, BytesRejection>) -> Result<Option<Value>, Problem> {
    let body = body.map_err(|fault| match fault.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let words = format!("a document has {BODY_MAX} bytes at most");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Code::SENSELESS, words)
        }
        _ => Problem::new(StatusCode::BAD_REQUEST, Code::SENSELESS, "the body ended too soon"),
    })?;
    let what = match resource.body {
        Body::None => return Ok(None),
        Body::Document(kind) => format!("document [{kind}]"),
        Body::Call => "call".to_owned(),
        Body::Notice => "notice".to_owned(),
    };
    let wrong = |words: String| Problem::new(StatusCode::BAD_REQUEST, Code::SENSELESS, words);
    // The reader's own words could repeat a secret.
    let value: Value = serde_json::from_slice(&body)
        .map_err(|fault| wrong(format!("not JSON: line {}, column {}", fault.line(), fault.column())))?;
    match value.is_object() {
        true => Ok(Some(value)),
        false => Err(wrong(format!("a {what} is an object {{ … }}"))),
    }
}

/// What happens, from now on or from what was seen last.
async fn events(
    State(shared): Known,
    Extension(_): Extension<Asker>,
    Extension(entered): Extension<Seat>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let busy = || {
        let words = format!("{} listen already", shared.readers_max);
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::NOT_NOW, words)
    };
    let seat = shared.readers.sit(shared.readers_max).ok_or_else(busy)?;
    // The answer begins there, so that nothing of it has to be brought over.
    entered.leave().await;
    let last_seen = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let (house, token) = (Arc::clone(&shared), token_in(&headers).to_owned());
    let may = Box::new(move || house.house.holder(&token).is_ok());
    Ok(listen::listen(&shared.feed, seat, last_seen, may))
}

/// Does it, between two lines of the audit log. Without the first nothing is done.
fn recorded(
    house: &dyn House,
    deed: Deed,
    answer: impl FnOnce() -> Result<Said, Refused>,
) -> Result<Said, Refused> {
    house.record(&deed)?;
    let answer = answer();
    let status = answer.as_ref().map_or_else(|refused| refused.status().as_u16(), |said| said.status);
    if house.record(&Deed { became: Became::Answered(status), ..deed }).is_err() {
        error!("what became of a question by HTTP is not in the audit log; that it was asked is");
    }
    answer
}

fn turned_away(shared: &Shared, deed: Deed) {
    if shared.house.record(&deed).is_err() {
        error!("somebody was turned away, and the audit log does not take it");
    }
}

/// What was asked, as it may be written down: some say their token behind the question mark.
fn what(method: &str, uri: &Uri) -> String {
    let shown = |word: &str| match word.split_once('=') {
        Some((name, _)) if names_a_secret(name) => format!("{name}=…"),
        _ => word.to_owned(),
    };
    let words: Vec<String> = uri.query().into_iter().flat_map(|query| query.split('&')).map(shown).collect();
    let mark = if words.is_empty() { "" } else { "?" };
    let asked = format!("{method} {}{mark}{}", uri.path(), words.join("&"));
    without_passwords(&asked, '*').chars().take(WHAT_MAX).collect()
}

/// Asks the house on a thread that may wait.
async fn wait<T: Send + 'static>(
    shared: &Arc<Shared>,
    ask: impl FnOnce(&dyn House) -> T + Send + 'static,
) -> Result<T, Problem> {
    let unavailable = StatusCode::SERVICE_UNAVAILABLE;
    let busy = |_| Problem::new(unavailable, Code::NOT_NOW, "many ask at once; come again");
    let turn = Arc::clone(&shared.answering).try_acquire_owned().map_err(busy)?;
    let shared = Arc::clone(shared);
    let answering = tokio::task::spawn_blocking(move || {
        let answer = ask(&*shared.house);
        drop(turn);
        answer
    });
    let defect = StatusCode::INTERNAL_SERVER_ERROR;
    answering.await.map_err(|_| Problem::new(defect, Code::DEFECT, "a defect cost this answer"))
}

/// What a desk phone asks for at its own address. What is wrong about it is never said: not even that
/// anything was ever there.
async fn phone_file(
    State(shared): Known,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    asked: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let Ok(Path((door, name))) = asked else { return Err(nothing_here()) };
    match shared.house.phone_file(&door, &name, from) {
        Given::File { kind, text } => {
            let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")];
            Ok((headers, text).into_response())
        }
        Given::Nothing => Err(nothing_here()),
        Given::TooOften => {
            let words = "too much was asked for from there that is not here; wait a minute";
            Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, Code::NOT_NOW, words))
        }
    }
}

fn nothing_here() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, Code::MISSING, "nothing is here; /openapi.json says what is")
}

async fn metrics(State(shared): Known) -> Result<Response, Problem> {
    let standing = standing(&shared).await?;
    let page = exposition::page(&standing, &shared.meter.read());
    Ok(([(header::CONTENT_TYPE, exposition::CONTENT_TYPE)], page).into_response())
}

async fn ready(State(shared): Known) -> Result<&'static str, Problem> {
    match standing(&shared).await?.is_draining {
        true => {
            let words = "draining: new calls are refused";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::NOT_NOW, words))
        }
        false => Ok("ready\n"),
    }
}

async fn standing(shared: &Arc<Shared>) -> Result<Standing, Problem> {
    let words = "a shard does not answer";
    let silent = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, Code::NOT_NOW, words);
    wait(shared, |house| house.standing()).await?.ok_or_else(silent)
}

fn whole(said: Said) -> Response {
    let Said { status, value, file, headers } = said;
    let mut response = match (value, file) {
        (_, Some(file)) => file.into_response(),
        (Some(value), None) => json(&value),
        (None, None) => ().into_response(),
    };
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    for (name, text) in headers {
        // A file's name may hold what no header can.
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn json(value: &Value) -> Response {
    let text = without_passwords(&value.to_string(), '*').into_owned();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NotLocal(address) => write!(
                f,
                "{address} is heard beyond this machine: listen on 127.0.0.1 or [::1], or have [system] say \
                 http = {{ listen = \"{address}\", tls_certificate = \"…\", tls_key = \"…\" }}"
            ),
            Fault::Door(address, fault) => write!(f, "{address}: {fault}"),
            Fault::Io(fault) => write!(f, "{fault}"),
        }
    }
}

impl std::error::Error for Fault {}
