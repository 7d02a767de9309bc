//! Answers on the control socket. Each connection has a thread; there are few, and none waits for ever.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use cli::Exit;
use serde_json::Value;
use switch_io::Asker;
use telemetry::Flight;
use tracing::warn;

use super::{Board, Request, Response, VERSION, socket};
use crate::sight;

/// Connections at once; one more is closed.
const CONNECTIONS_MAX: usize = 16;
/// The longest line that is read.
const LINE_MAX: u64 = 64 * 1024;
/// How long a connection may be silent, and how long it may take to read an answer.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// How long the owner may take for a change.
const OWNER_PATIENCE: Duration = Duration::from_secs(110);

/// What answers rest on.
pub struct Window<T> {
    pub asker: Asker,
    pub board: Arc<Board>,
    pub flight: Flight,
    /// The way to the owner of the house, who alone may change it.
    pub owner: Sender<T>,
}

impl<T> Clone for Window<T> {
    fn clone(&self) -> Window<T> {
        let (board, flight) = (Arc::clone(&self.board), self.flight.clone());
        Window { asker: self.asker.clone(), board, flight, owner: self.owner.clone() }
    }
}

/// A request for the owner of the house.
pub struct Asked {
    pub request: Request,
    /// The user who connected.
    pub user: u32,
    pub answer: Sender<Response>,
}

/// The open channel; it closes when this is dropped.
pub struct Control {
    path: PathBuf,
}

impl Control {
    /// Opens the channel of a data folder that this process has claimed.
    pub fn open<T: From<Asked> + Send + 'static>(data: &Path, window: Window<T>) -> io::Result<Control> {
        let listener = socket::listen(data)?;
        let open = Arc::new(AtomicUsize::new(0));
        thread::Builder::new().name("control".to_owned()).spawn(move || accept(&listener, &window, &open))?;
        Ok(Control { path: socket::path(data) })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // A socket that is left behind is replaced by the next start.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn accept<T: From<Asked> + Send + 'static>(
    listener: &UnixListener,
    window: &Window<T>,
    open: &Arc<AtomicUsize>,
) {
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(fault) => {
                warn!("the control channel takes no connection: {fault}");
                thread::sleep(Duration::from_secs(1));
                continue;
            }
        };
        if open.fetch_add(1, Ordering::AcqRel) >= CONNECTIONS_MAX {
            open.fetch_sub(1, Ordering::AcqRel);
            continue;
        }
        let (counted, window) = (Arc::clone(open), window.clone());
        let serving = thread::Builder::new().name("control".to_owned()).spawn(move || {
            // Whoever asked has gone, or was silent for too long: nobody is left to be told.
            let _ = converse(&stream, &window);
            counted.fetch_sub(1, Ordering::AcqRel);
        });
        if serving.is_err() {
            open.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

fn converse<T: From<Asked>>(stream: &UnixStream, window: &Window<T>) -> io::Result<()> {
    let user = rustix::net::sockopt::socket_peercred(stream)?.uid.as_raw();
    stream.set_read_timeout(Some(SILENCE_MAX))?;
    stream.set_write_timeout(Some(SILENCE_MAX))?;
    let mut lines = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        let length = (&mut lines).take(LINE_MAX).read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(());
        }
        let response = match read(&line) {
            Ok(request) => answer(window, request, user),
            Err(words) => Response::refused(Exit::Usage, words),
        };
        let mut text = model::without_passwords(&serde_json::to_string(&response)?, '*').into_owned();
        text.push('\n');
        let mut to = stream;
        to.write_all(text.as_bytes())?;
    }
}

fn read(line: &[u8]) -> Result<Request, String> {
    let mut value: Value = serde_json::from_slice(line).map_err(|fault| format!("not a request: {fault}"))?;
    let version = value.as_object_mut().and_then(|object| object.remove("version"));
    if version.is_some_and(|version| version != VERSION) {
        return Err(format!("this house speaks version {VERSION} of the control channel"));
    }
    serde_json::from_value(value).map_err(|fault| format!("not a request: {fault}"))
}

fn answer<T: From<Asked>>(window: &Window<T>, request: Request, user: u32) -> Response {
    match request {
        Request::Status {} => match sight::status(&window.asker, window.board.read()) {
            Some(status) => Response::answer(&status),
            None => Response::refused(Exit::Unreachable, "a shard does not answer"),
        },
        Request::Phones {} => match sight::phones(&window.asker) {
            Some(phones) => Response::answer(&phones),
            None => Response::refused(Exit::Unreachable, "a shard does not answer"),
        },
        Request::Calls { most } => Response::answer(&sight::calls(&window.asker, most)),
        Request::Messages { call_ids } => Response::answer(&window.flight.of(&call_ids)),
        request => ask_owner(window, request, user),
    }
}

fn ask_owner<T: From<Asked>>(window: &Window<T>, request: Request, user: u32) -> Response {
    let (answer, answered) = mpsc::channel();
    let sent = window.owner.send(T::from(Asked { request, user, answer }));
    let response = sent.ok().and_then(|()| answered.recv_timeout(OWNER_PATIENCE).ok());
    response.unwrap_or_else(|| Response::refused(Exit::Unreachable, "the house is about to stop"))
}
