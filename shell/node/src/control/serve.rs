//! Answers on the control socket. Each connection has a thread; there are few, and none waits for ever.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use certificates::{Keeper, NoTry};
use cli::{Exit, Palette};
use observers::Observers;
use reports::Question;
use serde_json::{Value, json};
use store::{Catalogue, CatalogueFault, Deed, Step, TokenFault, Wanted};
use switch::{Answering, MakeCall};
use switch_io::Asker;
use tracing::warn;

use super::{Board, Request, Response, Token, VERSION, socket};
use crate::access::Access;
use crate::directories::Directories;
use crate::drained_trunks::Service;
use crate::operate::{NotDone, Operator};
use crate::recorder::FlightRecorder;
use crate::reporting;
use crate::revisions::{Leavers, No, Trial, name_of};
use crate::seen::Seen;
use crate::verbs::report::exit_of;
use crate::{sight, stored_tests};

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
    pub operator: Arc<Operator>,
    pub flight: FlightRecorder,
    pub observers: Arc<Observers>,
    pub access: Arc<Access>,
    pub catalogue: Arc<Catalogue>,
    pub directories: Arc<Directories>,
    pub keeper: Arc<Keeper>,
    /// The way to the owner of the house, who alone may change it.
    pub owner: Sender<T>,
}

impl<T> Clone for Window<T> {
    fn clone(&self) -> Window<T> {
        let (board, flight) = (Arc::clone(&self.board), self.flight.clone());
        let (asker, owner) = (self.asker.clone(), self.owner.clone());
        let (access, catalogue) = (Arc::clone(&self.access), Arc::clone(&self.catalogue));
        let (directories, keeper) = (Arc::clone(&self.directories), Arc::clone(&self.keeper));
        let (operator, observers) = (Arc::clone(&self.operator), Arc::clone(&self.observers));
        Window { asker, board, operator, flight, observers, access, catalogue, directories, keeper, owner }
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
            Ok(request) => recorded(window, request, user),
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

/// Answers; a change has a line of the audit log before it, and one after. Whoever is on this machine can
/// help himself when the disk takes none.
fn recorded<T: From<Asked>>(window: &Window<T>, request: Request, user: u32) -> Response {
    let Some((what, for_whom)) = change_in_words(&request) else { return answer(window, request, user) };
    let who = match for_whom {
        Some(person) => format!("{person} as {}", name_of(user)),
        None => name_of(user),
    };
    let deed = |step, result| Deed { who, from: "control".to_owned(), what, step, result, ..Deed::default() };
    let asked = deed(Step::Asked, String::new());
    // That it fails is in the log.
    let _ = window.access.record(asked.clone());
    let response = answer(window, request, user);
    let result = match &response {
        Response::Answer(answer) => answer["what"].as_str().unwrap_or("done").to_owned(),
        Response::Refused { exit, .. } => format!("refused, exit {exit}"),
    };
    let _ = window.access.record(Deed { step: Step::Answered, result, ..asked });
    response
}

/// What a request would change, and for whom it is done.
fn change_in_words(request: &Request) -> Option<(String, Option<String>)> {
    let (what, for_whom) = match request {
        Request::Apply(apply) => ("apply".to_owned(), &apply.for_whom),
        Request::Confirm { for_whom } => ("confirm".to_owned(), for_whom),
        Request::Rollback { to: Some(to), for_whom, .. } => (format!("rollback to {to}"), for_whom),
        Request::Rollback { to: None, for_whom, .. } => ("rollback".to_owned(), for_whom),
        Request::Directory { name, dry_run: false, for_whom, .. } => {
            (format!("directory sync {name}"), for_whom)
        }
        Request::Certificate { name, for_whom } => (format!("certificate renew {name}"), for_whom),
        Request::Notice { user, program, for_whom, .. } => (format!("{program} notices {user}"), for_whom),
        Request::MakeCall { from, to, for_whom, .. } => (format!("call {to} for {from}"), for_whom),
        Request::HangUp { id, for_whom } => (format!("hang up {id}"), for_whom),
        Request::Capture { id, media, for_whom, .. } => {
            (format!("capture {} of {id}", media.word()), for_whom)
        }
        Request::Drain { for_whom } => ("drain".to_owned(), for_whom),
        Request::Resume { for_whom } => ("resume".to_owned(), for_whom),
        Request::DrainTrunk { name, for_whom } => (format!("drain trunk {name}"), for_whom),
        Request::ResumeTrunk { name, for_whom } => (format!("resume trunk {name}"), for_whom),
        Request::Token(Token::Create { name, role, .. }) => (format!("token create {name} {role}"), &None),
        Request::Token(Token::Revoke { name }) => (format!("token revoke {name}"), &None),
        Request::Token(Token::List {})
        | Request::Directories {}
        | Request::Certificates {}
        | Request::Directory { dry_run: true, .. }
        | Request::Status {}
        | Request::Phones {}
        | Request::Calls { .. }
        | Request::Messages { .. }
        | Request::Test { .. }
        | Request::Find(_)
        | Request::Report(_)
        | Request::Plan { .. } => return None,
    };
    Some((what, for_whom.clone()))
}

fn of_tokens(access: &Access, request: Token) -> Response {
    let answered = match request {
        Token::List {} => return Response::answer(&json!({ "tokens": access.tokens() })),
        Token::Create { name, role, days } => access.create(&name, role, days).map(|made| json!(made)),
        Token::Revoke { name } => access.revoke(&name).map(|()| json!({ "revoked": name })),
    };
    match answered {
        Ok(value) => Response::Answer(value),
        Err(fault @ TokenFault::Io(_)) => Response::refused(Exit::Unreachable, fault.to_string()),
        Err(fault) => Response::refused(Exit::Bad, fault.to_string()),
    }
}

fn answer<T: From<Asked>>(window: &Window<T>, request: Request, user: u32) -> Response {
    match request {
        Request::Status {} => match sight::status(&window.asker, window.board.read()) {
            Some(status) => Response::answer(&status.with(&window.observers, &window.flight)),
            None => Response::refused(Exit::Unreachable, "a shard does not answer"),
        },
        Request::Phones {} => match sight::phones(&window.asker) {
            Some(phones) => Response::answer(&phones),
            None => Response::refused(Exit::Unreachable, "a shard does not answer"),
        },
        Request::Calls { most } => Response::answer(&sight::calls(&window.asker, most)),
        Request::Test { only } => run_tests(&window.board, &only),
        Request::MakeCall { from, to, by_itself, .. } => {
            let answering = if by_itself { Answering::ByItself } else { Answering::ByHand };
            let wish = MakeCall { user: from.into(), to: to.into(), answering };
            of_deed(window.operator.make_call(&wish, None))
        }
        Request::Notice { user, program, says, .. } => {
            let notice = match &says {
                Some(says) => api::notice_of(&user, says),
                None => api::end_of(&user, Some(&program)),
            };
            match notice {
                Ok(notice) => of_deed(window.operator.notice(&notice)),
                Err(words) => Response::refused(Exit::Bad, words),
            }
        }
        Request::HangUp { id, .. } => of_deed(window.operator.hang_up(&id)),
        Request::Capture { id, media, seconds, .. } => of_deed(window.operator.capture(&id, media, seconds)),
        Request::Drain { .. } => of_deed(window.operator.drain()),
        Request::Resume { .. } => of_deed(window.operator.resume()),
        Request::DrainTrunk { name, .. } => of_deed(window.operator.serve_trunk(&name, Service::Drained)),
        Request::ResumeTrunk { name, .. } => of_deed(window.operator.serve_trunk(&name, Service::Usual)),
        Request::Messages { call, call_ids, sessions } => {
            let wanted = observers::Wanted { call: &call, call_ids: &call_ids, sessions: &sessions };
            Response::answer(&Seen::of(wanted, &window.flight, &window.observers))
        }
        Request::Find(wanted) => find(window, &wanted),
        Request::Report(question) => report(window, &question),
        Request::Directories {} => {
            Response::answer(&json!({ "directories": window.directories.standings() }))
        }
        Request::Directory { name, dry_run, accept_leavers, .. } => {
            let trial = if dry_run { Trial::DryRun } else { Trial::Real };
            let leavers = if accept_leavers { Leavers::Accepted } else { Leavers::Guarded };
            match window.directories.sync(&name, trial, leavers, &name_of(user)) {
                Ok(settled) => Response::answer(&settled),
                Err(No { exit, words }) => Response::refused(exit, words),
            }
        }
        Request::Certificates {} => Response::answer(&json!({ "certificates": window.keeper.standings() })),
        Request::Certificate { name, .. } => match window.keeper.renew(&name, OWNER_PATIENCE) {
            Ok(standing) => Response::answer(&standing),
            Err(NoTry::Unknown) => Response::refused(
                Exit::Bad,
                format!("no certificate for \"{name}\" is got from an authority"),
            ),
            Err(NoTry::Busy) => Response::refused(
                Exit::Unreachable,
                "the authority takes long; tandem certificate list says what becomes of it",
            ),
        },
        Request::Token(request) => of_tokens(&window.access, request),
        request => ask_owner(window, request, user),
    }
}

fn run_tests(board: &Board, only: &[String]) -> Response {
    let Some(policy) = board.policy() else {
        return Response::refused(Exit::Unreachable, "the house has not begun yet");
    };
    match stored_tests::chosen(&policy, only) {
        Ok(results) => {
            let mut told = stored_tests::told(&policy, &results);
            told["words"] = results.iter().map(|one| stored_tests::in_words(one, Palette::Plain)).collect();
            Response::Answer(told)
        }
        Err(missing) => Response::refused(Exit::Bad, missing),
    }
}

fn of_deed(done: Result<Value, NotDone>) -> Response {
    match done {
        Ok(value) => Response::Answer(value),
        Err(why @ (NotDone::Stopping | NotDone::Silent | NotDone::NotKept(_) | NotDone::NotNow(_))) => {
            Response::refused(Exit::Unreachable, why.to_string())
        }
        Err(why) => Response::refused(Exit::Bad, why.to_string()),
    }
}

fn find<T>(window: &Window<T>, wanted: &Wanted) -> Response {
    match window.catalogue.find(wanted) {
        Ok(found) => Response::answer(&found),
        Err(fault @ CatalogueFault::TooLong) => Response::refused(Exit::Bad, fault.to_string()),
        Err(fault) => Response::refused(Exit::Unreachable, fault.to_string()),
    }
}

fn report<T>(window: &Window<T>, question: &Question) -> Response {
    let Window { asker, board, catalogue, .. } = window;
    match reporting::of_house(question, asker, board, catalogue) {
        Ok(report) => Response::Answer(report),
        Err(unmade) => {
            let (exit, words) = exit_of(unmade);
            Response::refused(exit, words)
        }
    }
}

fn ask_owner<T: From<Asked>>(window: &Window<T>, request: Request, user: u32) -> Response {
    let (answer, answered) = mpsc::channel();
    let sent = window.owner.send(T::from(Asked { request, user, answer }));
    let response = sent.ok().and_then(|()| answered.recv_timeout(OWNER_PATIENCE).ok());
    response.unwrap_or_else(|| Response::refused(Exit::Unreachable, "the house is about to stop"))
}
