//! What the house answers by HTTP.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use api::{
    Answer, Became, CallWish, Change, Changed, Counted, Declined, DirectoryFigures, Door, Feed, Form, Given,
    Happened, House, KeptMessages, Meter, ObserverFigures, Person, Refused, Seal, Searching, Sent, Server,
    Settings, Shown, Sought, Standing, Unknown, Who, Wish,
};
use certificates::Keeper;
use cli::Up;
use exports::{Exported, Exports};
use model::{Captured, Documents, Role, without_passwords};
use observers::Observers;
use reports::Question;
use serde::Serialize;
use serde_json::{Value, json};
use store::{About, Catalogue, CatalogueFault, Deed, Step, TokenFault, Wanted};
use switch::Notice;
use switch_io::{Asker, Callers, Handed, Tls, TlsFiles, Wildcards};
use tracing::error;

use crate::access::Access;
use crate::control::{Board, Stage};
use crate::desk::{Desk, Order};
use crate::directories::{self, Directories};
use crate::drained_trunks::Service;
use crate::operate::{NotDone, Operator};
use crate::phone_files::PhoneFiles;
use crate::reporting::{self, Unmade};
use crate::revisions::now_ms;
use crate::sight;
use crate::verbs::{call, explain, find, kept, messages};
use crate::{authority, certificate, recorder, stored_tests};

/// However many descriptors there are.
const READERS_MAX: usize = 20_000;
const GUESTS_MAX: usize = 4_096;
/// Whoever has said nothing whole within it is let go.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks at a running house.
struct Web {
    asker: Asker,
    board: Arc<Board>,
    operator: Arc<Operator>,
    access: Arc<Access>,
    desk: Desk,
    catalogue: Arc<Catalogue>,
    exports: Arc<Exports>,
    observers: Arc<Observers>,
    directories: Arc<Directories>,
    phone_files: PhoneFiles,
    keeper: Arc<Keeper>,
    /// Of certificates that are shown, whoever looks after them.
    certificates: Vec<PathBuf>,
    data: PathBuf,
}

/// The house, as it is open to HTTP.
pub struct Opened {
    pub server: Server,
    certificate: Option<Tls>,
}

impl Opened {
    /// Proves who we are with what the files of the certificate hold now.
    pub fn renew(&self) {
        self.certificate.iter().for_each(certificate::renew);
    }
}

/// Whether anybody may come by HTTP.
pub fn is_wished(up: &Up, documents: &Documents) -> bool {
    up.http.is_some() || documents.system.http.is_some()
}

/// What answers are made of, besides the shards.
type Sources<'s> = (&'s Arc<Meter>, &'s Arc<Access>, &'s Arc<Feed>, Others<'s>);
type Others<'s> = (
    (&'s Arc<Exports>, &'s Arc<Observers>),
    &'s Arc<Directories>,
    (&'s Arc<Keeper>, Vec<PathBuf>),
    &'s Arc<Operator>,
);

/// Opens the house to HTTP where that is wished.
pub fn open(
    (up, handed): (&Up, &Handed),
    (documents, data): (&Documents, &Path),
    (asker, catalogue): (Asker, Arc<Catalogue>),
    board: &Arc<Board>,
    (meter, access, feed, ((exports, observers), directories, (keeper, mut certificates), operator)): Sources<
        '_,
    >,
    order: Order,
) -> Result<Option<Opened>> {
    let (mut doors, certificate) = doors(up, documents, keeper)?;
    if doors.is_empty() {
        return Ok(None);
    }
    for door in &mut doors {
        door.opened = handed.listener(door.listen)?;
    }
    let version = env!("CARGO_PKG_VERSION");
    let (readers_max, guests_max) = most();
    let stand_back = switch_io::stand_back;
    let settings = Settings { doors, patience: PATIENCE, version, readers_max, guests_max, stand_back };
    let (board, access) = (Arc::clone(board), Arc::clone(access));
    let desk = Desk { order, board: Arc::clone(&board) };
    let (exports, directories) = (Arc::clone(exports), Arc::clone(directories));
    let observers = Arc::clone(observers);
    certificates.extend(certificate.iter().map(|tls| tls.certificate().to_owned()));
    certificates.sort();
    certificates.dedup();
    certificates.retain(|file| keeper.standings().iter().all(|given| given.file != *file));
    let web = Web {
        asker,
        board,
        operator: Arc::clone(operator),
        access,
        desk,
        exports,
        observers,
        directories,
        catalogue,
        phone_files: PhoneFiles::default(),
        keeper: Arc::clone(keeper),
        certificates,
        data: data.to_owned(),
    };
    let server = api::start(settings, Box::new(web), Arc::clone(meter), Arc::clone(feed));
    let server = server.context("HTTP")?;
    Ok(Some(Opened { server, certificate }))
}

/// Calls matter more than looking at them: a house whose documents open it, and cannot be, runs on without.
pub fn without(documents: &Documents, fault: anyhow::Error) -> Result<Option<Opened>> {
    if documents.system.http.is_none() {
        return Err(fault);
    }
    error!("nobody is answered by HTTP: {fault:#}");
    Ok(None)
}

/// Where programs come: as the command line says, and as the documents do.
fn doors(up: &Up, documents: &Documents, keeper: &Keeper) -> Result<(Vec<Door>, Option<Tls>)> {
    let mut doors: Vec<Door> = up.http.into_iter().map(|listen| Door::new(listen, Seal::Local)).collect();
    let Some(http) = &documents.system.http else { return Ok((doors, None)) };
    let listen = http.listen.value.0;
    let names: Vec<&str> = http.tls_names.iter().map(|name| name.value.as_str()).collect();
    let (certificate, key) = match (&http.tls_certificate, &http.tls_key, keeper.file(&names)) {
        (Some(certificate), Some(key), _) => (up.dir.join(certificate), up.dir.join(key)),
        (_, _, Some(given)) => (given.to_owned(), given.to_owned()),
        _ if http.is_sealed() => bail!("[system] http: there is no certificate to show"),
        _ => {
            doors.push(Door::new(listen, Seal::Clear));
            return Ok((doors, None));
        }
    };
    let files =
        TlsFiles { certificate, key, roots: None, callers: Callers::NotAsked, wildcards: Wildcards::Refused };
    let tls = Tls::load(files).context("[system] http")?;
    let shown = tls.clone();
    doors.push(Door::new(listen, Seal::Tls(Box::new(move || shown.server()))));
    Ok((doors, Some(tls)))
}

/// What happens in this house from now on.
pub fn feed() -> Feed {
    Feed::new(now_ms().unsigned_abs())
}

/// Hands events to those who listen.
pub fn watch(feed: Arc<Feed>) -> telemetry::Watch {
    Box::new(move |lines| {
        feed.tell(lines.lines().map(|json| Happened { kind: kind_of(json), json }));
    })
}

/// Events begin with their kind.
fn kind_of(json: &str) -> &str {
    let rest = json.split_once("\"event\":\"").map_or("event", |(_, rest)| rest);
    rest.split('"').next().unwrap_or(rest)
}

pub fn tell_revision(feed: &Feed, about: &About) {
    let About { number, base, applied_ms, author, why, cause, confirm_by_ms, .. } = about;
    let json = json!({
        "event": "revision", "revision": number, "base": base, "at": applied_ms, "author": author, "why": why,
        "cause": cause, "confirm_by_ms": confirm_by_ms,
    });
    let text = without_passwords(&json.to_string(), '*').into_owned();
    feed.tell([Happened { kind: "revision", json: &text }]);
}

/// How many may listen at once, and how many others may be connected to each door: three eighths of the
/// descriptors at least are for calls, of which each needs four.
fn most() -> (usize, usize) {
    let open = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let open = open.map_or(usize::MAX, |open| usize::try_from(open).unwrap_or(usize::MAX));
    ((open / 2).min(READERS_MAX), (open / 16).min(GUESTS_MAX))
}

impl House for Web {
    fn holder(&self, token: &str) -> Result<Person, Unknown> {
        self.access.holder(token)
    }

    fn phone_file(&self, door: &str, name: &str, from: SocketAddr) -> Given {
        let Some(policy) = self.board.policy() else { return Given::Nothing };
        self.phone_files.ask(policy.phones(), (door, name), from, now_ms())
    }

    fn record(&self, deed: &api::Deed) -> Result<(), Refused> {
        let (step, result) = match deed.became {
            Became::Asked => (Step::Asked, String::new()),
            Became::Answered(status) => (Step::Answered, status.to_string()),
            Became::TurnedAway(status) => (Step::TurnedAway, status.to_string()),
        };
        let (who, role) = match &deed.who {
            Who::Person(Person { name, role }) => (name.clone(), role.to_string()),
            Who::NoRole(name) => (name.clone(), String::new()),
            Who::Stranger => Default::default(),
        };
        let (from, what) = (deed.from.to_string(), deed.what.clone());
        let recorded = self.access.record(Deed { who, role, from, what, step, result, ..Deed::default() });
        recorded.map_err(|fault| Refused::NotRecorded(format!("the audit log cannot be written: {fault}")))
    }

    fn deeds(&self, after: u64, most: usize) -> Answer {
        let deeds = store::deeds(&self.data, after, most).map_err(unreadable)?;
        let next = deeds.last().map_or(after, |last| last.number);
        Ok(json!({ "deeds": deeds, "next": next }))
    }

    fn tokens(&self) -> Answer {
        Ok(json!({ "tokens": self.access.tokens() }))
    }

    fn create_token(&self, name: &str, role: Role, days: Option<u16>) -> Answer {
        said(self.access.create(name, role, days).map_err(of_token)?)
    }

    fn revoke_token(&self, name: &str) -> Answer {
        self.access.revoke(name).map_err(of_token)?;
        Ok(json!({ "revoked": name }))
    }

    fn documents(&self, kind: &str, after: Option<&str>, most: usize) -> Answer {
        self.desk.documents(kind, after, most)
    }

    fn document(&self, kind: &str, name: &str) -> Result<Shown, Refused> {
        self.desk.document(kind, name)
    }

    fn change(&self, change: Change) -> Result<Changed, Refused> {
        self.desk.change(change)
    }

    fn revision(&self, number: &str) -> Answer {
        let all = store::revisions_in(&self.data).map_err(unreadable)?;
        let found = all.into_iter().find(|about| about.number.to_string() == number);
        said(found.ok_or_else(|| Refused::Missing(format!("there is no revision {number}")))?)
    }

    fn plan(&self) -> Answer {
        self.desk.plan()
    }

    fn apply(&self, seen: (Option<u64>, Option<String>), wish: Wish) -> Answer {
        self.desk.apply(seen, wish)
    }

    fn confirm(&self, wish: Wish) -> Answer {
        self.desk.confirm(wish)
    }

    fn roll_back(&self, to: Option<u64>, wish: Wish) -> Answer {
        self.desk.roll_back(to, wish)
    }

    fn standing(&self) -> Option<Standing> {
        let status = sight::status(&self.asker, self.board.read())?;
        let health = self.catalogue.health();
        Some(Standing {
            version: status.version,
            revision: status.notice.revision,
            is_draining: status.notice.state != Stage::Running,
            held: status.held,
            put_off: self.asker.counts().iter().map(|shard| shard.put_off).sum(),
            trunks: status.trunks,
            captures: self.exports.captures().into_iter().map(sent).collect(),
            traces: self.exports.traces().into_iter().map(sent).collect(),
            webhooks: self.exports.webhooks().into_iter().map(sent).collect(),
            pushes: self.exports.pushes().into_iter().map(sent).collect(),
            observers: self.observers.standings().into_iter().map(of_observer).collect(),
            strangers_observing: self.observers.strangers(),
            kept_messages: of_kept(&self.operator.flight.standing()),
            phone_files: self.phone_files.counted(),
            searching: Searching { behind_bytes: health.behind_bytes, is_up: health.trouble.is_none() },
            directories: self.directories.standings().into_iter().map(of_directory).collect(),
            certificates: authority::figures(&self.keeper, &self.certificates),
        })
    }

    fn status(&self) -> Answer {
        let status = sight::status(&self.asker, self.board.read()).ok_or_else(silent)?;
        said(status.with(&self.observers, &self.operator.flight))
    }

    fn trunks(&self, name: Option<&str>) -> Answer {
        let trunks = self.standing().ok_or_else(silent)?.trunks;
        let Some(name) = name else { return said(json!({ "trunks": trunks })) };
        let missing =
            || Refused::Missing(sight::no_such_trunk(name, trunks.iter().map(|trunk| &*trunk.name)));
        said(trunks.iter().find(|trunk| *trunk.name == *name).ok_or_else(missing)?)
    }

    fn calls(&self, most: u16) -> Answer {
        said(sight::calls(&self.asker, most))
    }

    fn call(&self, id: &str) -> Answer {
        if let Some(call) = sight::call(&self.asker, id) {
            return said(call);
        }
        let found = call::found(&self.data, id).map_err(unreadable)?;
        let missing = || Refused::Missing(format!("there is no call {id}"));
        let mut record = found.into_iter().next_back().ok_or_else(missing)?;
        kept::add_reports(&self.data, &mut record).map_err(unreadable)?;
        Ok(record)
    }

    fn make_call(&self, wish: &CallWish) -> Answer {
        let CallWish { call, is_dry_run, key, who } = wish;
        if *is_dry_run {
            let policy = self.board.policy().ok_or_else(silent)?;
            let from = policy::Caller::User(call.user.to_string());
            let inquiry = explain::inquiry(&policy, &call.to, from, None);
            let inquiry = inquiry.map_err(|fault| Refused::Wrong(format!("{fault:#}")))?;
            let explained = policy::explain_made(&policy, &inquiry, call.answering);
            return said(explained.map_err(|nobody| Refused::Missing(nobody.to_string()))?);
        }
        // A key is good for whoever made it up.
        let key = key.as_ref().map(|key| format!("{who} {key}"));
        self.operator.make_call(call, key.as_deref()).map_err(not_done)
    }

    fn notice(&self, notice: &Notice) -> Answer {
        self.operator.notice(notice).map_err(not_done)
    }

    fn run_tests(&self, name: Option<&str>) -> Answer {
        let policy = self.board.policy().ok_or_else(silent)?;
        let only: Vec<String> = name.map(str::to_owned).into_iter().collect();
        let results = stored_tests::chosen(&policy, &only).map_err(Refused::Missing)?;
        Ok(stored_tests::told(&policy, &results))
    }

    fn hang_up(&self, id: &str) -> Answer {
        self.operator.hang_up(id).map_err(not_done)
    }

    fn capture(&self, id: &str, media: Captured, seconds: Option<u32>) -> Answer {
        self.operator.capture(id, media, seconds).map_err(not_done)
    }

    fn messages(&self, id: &str, form: Form) -> Result<Vec<u8>, Refused> {
        let call = match self.call(id) {
            // Others may have seen what never came here.
            Err(Refused::Missing(_)) => messages::unknown(id),
            call => call?,
        };
        self.operator.messages(&call, form).map_err(not_done)
    }

    fn drain(&self) -> Answer {
        self.operator.drain().map_err(not_done)
    }

    fn resume(&self) -> Answer {
        self.operator.resume().map_err(not_done)
    }

    fn drain_trunk(&self, name: &str) -> Answer {
        self.operator.serve_trunk(name, Service::Drained).map_err(not_done)
    }

    fn resume_trunk(&self, name: &str) -> Answer {
        self.operator.serve_trunk(name, Service::Usual).map_err(not_done)
    }

    fn phones(&self) -> Answer {
        said(sight::phones(&self.asker).ok_or_else(silent)?)
    }

    fn records(&self, after: Option<&str>, most: usize) -> Answer {
        // A line that is being written is not whole yet: it comes the next time.
        let behind = kept::behind(&self.data, after).map_err(unreadable)?;
        let after_what = || Refused::Missing(format!("there is no record {}", after.unwrap_or_default()));
        let records: Vec<Value> = behind.ok_or_else(after_what)?.take(most).collect();
        let next = records.last().map_or_else(|| after.into(), |last| last["id"].clone());
        Ok(json!({ "records": records, "next": next }))
    }

    fn find(&self, sought: &Sought<'_>) -> Answer {
        let owned = |word: Option<&str>| word.map(str::to_owned);
        let moment = |name: &str, word: Option<&str>| {
            let read =
                |text| find::moment(text).map_err(|fault| Refused::Wrong(format!("{name}: {fault:#}")));
            word.map(read).transpose()
        };
        let after = sought.after.map(str::parse).transpose();
        let wanted = Wanted {
            number: owned(sought.number),
            user: owned(sought.user),
            trunk: owned(sought.trunk),
            cause: owned(sought.cause),
            since: moment("since", sought.since)?,
            until: moment("until", sought.until)?,
            after: after.map_err(|fault: store::NoCursor| Refused::Missing(format!("after: {fault}")))?,
            most: sought.most,
        };
        match self.catalogue.find(&wanted) {
            Ok(found) => said(found),
            Err(fault @ CatalogueFault::TooLong) => Err(Refused::Wrong(fault.to_string())),
            Err(fault) => Err(unreadable(fault)),
        }
    }

    fn report(&self, name: &str, counted: &Counted<'_>) -> Answer {
        let Counted { by, from, until, last, site, trunk, user } = *counted;
        let owned = |word: Option<&str>| word.map(str::to_owned);
        let question = Question {
            report: name.to_owned(),
            by: owned(by),
            from: owned(from),
            until: owned(until),
            last: owned(last),
            site: owned(site),
            trunk: owned(trunk),
            user: owned(user),
        };
        reporting::of_house(&question, &self.asker, &self.board, &self.catalogue).map_err(|unmade| {
            match unmade {
                Unmade::NoSuch(words) => Refused::Missing(words),
                Unmade::Wrong(words) => Refused::Wrong(words),
                Unmade::NotNow(words) => Refused::NotNow(words),
            }
        })
    }

    fn revisions(&self) -> Answer {
        said(json!({ "revisions": store::revisions_in(&self.data).map_err(unreadable)? }))
    }

    fn explain(&self, number: &str, from: Option<&str>, via: Option<&str>, at: Option<&str>) -> Answer {
        let policy = self.board.policy().ok_or_else(silent)?;
        let from = explain::caller(&policy, from, via);
        let from = from.ok_or_else(|| Refused::Missing("who calls? Say from or via".to_owned()))?;
        let inquiry = explain::inquiry(&policy, number, from, at);
        let inquiry = inquiry.map_err(|fault| Refused::Wrong(format!("{fault:#}")))?;
        let explained = policy::explain(&policy, &inquiry);
        said(explained.map_err(|nobody| Refused::Missing(nobody.to_string()))?)
    }
}

fn of_observer(standing: observers::Standing) -> ObserverFigures {
    let messages = standing.counts.map(|(outcome, count)| (outcome.word(), count));
    ObserverFigures { name: standing.name, messages: messages.to_vec() }
}

fn of_kept(standing: &recorder::Standing) -> KeptMessages {
    let recorder::Standing { bytes, written, missed, .. } = *standing;
    KeptMessages { bytes, written, missed, is_up: standing.trouble.is_none() }
}

fn of_directory(standing: directories::Standing) -> DirectoryFigures {
    DirectoryFigures {
        name: standing.name,
        users: standing.users,
        left_out: standing.left_out.len(),
        is_held: standing.state == directories::State::Held,
        current_ms: standing.current_ms,
    }
}

fn sent(exported: Exported) -> Sent {
    let Exported { name, sent, missed } = exported;
    Sent { to: name.to_string(), sent, missed }
}

fn said(value: impl Serialize) -> Answer {
    serde_json::to_value(value).map_err(|fault| Refused::NotNow(fault.to_string()))
}

fn of_token(fault: TokenFault) -> Refused {
    let words = fault.to_string();
    match fault {
        TokenFault::Taken(_) | TokenFault::TooMany => Refused::Taken(words),
        TokenFault::BadName(_) => Refused::Wrong(words),
        TokenFault::Unknown(_) => Refused::Missing(words),
        TokenFault::Io(_) => Refused::NotNow(words),
    }
}

fn not_done(why: NotDone) -> Refused {
    let words = why.to_string();
    match why {
        NotDone::NoSuchCall(_) | NotDone::NoSuchTrunk(_) | NotDone::Nobody(_) | NotDone::NothingKept(_) => {
            Refused::Missing(words)
        }
        NotDone::ForHelp(_) | NotDone::OtherCall(_) | NotDone::TooManyPrograms(_) => Refused::Conflict(words),
        NotDone::Declined(refusal) => Refused::Declined(Declined {
            code: refusal.code.to_string(),
            sip_status: refusal.status,
            words: refusal.words,
        }),
        NotDone::NotCaptured(_) => Refused::NotCaptured(words),
        NotDone::Stopping | NotDone::Silent | NotDone::NotKept(_) | NotDone::NotNow(_) => {
            Refused::NotNow(words)
        }
    }
}

fn silent() -> Refused {
    Refused::NotNow("a shard does not answer".to_owned())
}

fn unreadable(fault: impl std::fmt::Display) -> Refused {
    Refused::NotNow(fault.to_string())
}
