//! The server: one thread of its own, so that nobody who asks can hold up a call.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use model::without_passwords;
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};
use tracing::error;

use crate::exposition;
use crate::house::{House, Standing};
use crate::meter::Meter;
use crate::openapi;
use crate::problem::Problem;
use crate::resources::{Asked, BASE, RESOURCES, Resource};

/// Answers that are being made at once; whoever comes then is told to come again.
const ANSWERS_MAX: usize = 8;
/// Shorter tokens could be guessed.
const TOKEN_MIN: usize = 24;

pub struct Settings {
    pub listen: SocketAddr,
    /// What whoever asks for more than health and figures has to know.
    pub token: String,
    pub version: &'static str,
}

/// Why there is no server.
#[derive(Debug)]
pub enum Fault {
    /// It would be heard beyond this machine, in the clear.
    NotLocal(SocketAddr),
    ShortToken,
    Io(io::Error),
}

/// The running server.
pub struct Server {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    house: Box<dyn House>,
    meter: Arc<Meter>,
    token: String,
    document: Value,
    answering: Arc<Semaphore>,
}

type Known = State<Arc<Shared>>;

/// Listens, and answers on a thread of its own.
pub fn start(settings: Settings, house: Box<dyn House>, meter: Arc<Meter>) -> Result<Server, Fault> {
    let Settings { listen, token, version } = settings;
    if !listen.ip().is_loopback() {
        return Err(Fault::NotLocal(listen));
    }
    if token.len() < TOKEN_MIN {
        return Err(Fault::ShortToken);
    }
    let listener = TcpListener::bind(listen).map_err(Fault::Io)?;
    listener.set_nonblocking(true).map_err(Fault::Io)?;
    let address = listener.local_addr().map_err(Fault::Io)?;
    let (document, answering) = (openapi::document(version), Arc::new(Semaphore::new(ANSWERS_MAX)));
    let shared = Arc::new(Shared { house, meter, token, document, answering });
    let (stop, stopped) = oneshot::channel();
    let serving = move || {
        if let Err(fault) = serve(listener, shared, stopped) {
            error!("the HTTP server ended: {fault}");
        }
    };
    let thread = thread::Builder::new().name("api".to_owned()).spawn(serving).map_err(Fault::Io)?;
    Ok(Server { address, stop: Some(stop), thread: Some(thread) })
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

fn serve(listener: TcpListener, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::select! {
            served = axum::serve(listener, router(shared)).into_future() => served,
            _ = stopped => Ok(()),
        }
    });
    // Nobody waits for somebody who reads slowly.
    runtime.shutdown_background();
    served
}

fn router(shared: Arc<Shared>) -> Router {
    let mut asked = Router::new();
    for resource in RESOURCES {
        let path = format!("{BASE}{}", resource.path);
        asked = match resource.path.contains("{id}") {
            true => asked.route(&path, get(move |state, Path(id), words| answer(resource, state, id, words))),
            false => {
                asked.route(&path, get(move |state, words| answer(resource, state, String::new(), words)))
            }
        };
    }
    let token = middleware::from_fn_with_state(Arc::clone(&shared), with_token);
    asked
        .route("/openapi.json", get(async |State(shared): Known| json(&shared.document)))
        .route_layer(token)
        .route("/metrics", get(metrics))
        .route("/health", get(async || "alive\n"))
        .route("/ready", get(ready))
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "nothing is here; /openapi.json says what is"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this can be asked for by GET alone")
        })
        .with_state(shared)
}

async fn with_token(State(shared): Known, request: Request, next: Next) -> Response {
    let says = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = says.and_then(|says| says.strip_prefix("Bearer ")).unwrap_or_default();
    if is_same(token.as_bytes(), shared.token.as_bytes()) {
        return next.run(request).await;
    }
    Problem::new(StatusCode::UNAUTHORIZED, "say who you are: Authorization: Bearer TOKEN").into_response()
}

/// Takes as long for whatever is guessed.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differs = one.iter().zip(other).fold(0, |differs, (one, other)| differs | (one ^ other));
    one.len() == other.len() && differs == 0
}

async fn answer(
    resource: &'static Resource,
    State(shared): Known,
    id: String,
    Query(words): Query<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let asked = Asked { id, words };
    let answer = wait(&shared, move |house| resource.answer(house, &asked)).await??;
    Ok(json(&answer))
}

/// Asks the house on a thread that may wait.
async fn wait<T: Send + 'static>(
    shared: &Arc<Shared>,
    ask: impl FnOnce(&dyn House) -> T + Send + 'static,
) -> Result<T, Problem> {
    let busy = |_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "many ask at once; come again");
    let turn = Arc::clone(&shared.answering).try_acquire_owned().map_err(busy)?;
    let shared = Arc::clone(shared);
    let answering = tokio::task::spawn_blocking(move || {
        let answer = ask(&*shared.house);
        drop(turn);
        answer
    });
    answering.await.map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "a defect cost this answer"))
}

async fn metrics(State(shared): Known) -> Result<Response, Problem> {
    let standing = standing(&shared).await?;
    let page = exposition::page(&standing, &shared.meter.read());
    Ok(([(header::CONTENT_TYPE, exposition::CONTENT_TYPE)], page).into_response())
}

async fn ready(State(shared): Known) -> Result<&'static str, Problem> {
    match standing(&shared).await?.is_draining {
        true => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "draining: new calls are refused")),
        false => Ok("ready\n"),
    }
}

async fn standing(shared: &Arc<Shared>) -> Result<Standing, Problem> {
    let silent = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "a shard does not answer");
    wait(shared, |house| house.standing()).await?.ok_or_else(silent)
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
                "{address} is heard beyond this machine, and there is no TLS here yet: listen on 127.0.0.1 \
                 or [::1], and put a proxy with a certificate before it"
            ),
            Fault::ShortToken => write!(f, "the token has fewer than {TOKEN_MIN} characters"),
            Fault::Io(fault) => write!(f, "{fault}"),
        }
    }
}

impl std::error::Error for Fault {}
