//! The owner of what is in force: applies, waits for a confirmation, goes back.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cli::Exit;
use model::Documents;
use policy::Policy;
use serde::Serialize;
use serde_json::json;
use store::{About, Cause, Content, Retention, Revisions};
use tracing::{error, info, warn};

use super::author::own_name;
use super::begin::Begun;
use super::moment::now_ms;
use super::placing::FileEdit;
use super::plan::Plan;
use super::running::Running;
use super::tag::TagKey;
use crate::directory::{self, Folder, Loaded, Written};
use crate::edge::Edge;

/// What is in force, and how it came to be.
pub struct Owner {
    directory: PathBuf,
    revisions: Revisions,
    documents: Documents,
    policy: Arc<Policy>,
    about: About,
    /// When the revision in force is taken back unless somebody confirms it.
    confirm_by: Option<Instant>,
    /// What was planned last, so that an apply of it need not compile again.
    planned: Option<Planned>,
    /// What is written into the directory once the revision in force is confirmed.
    awaits: Option<FileEdit>,
    tags: TagKey,
}

struct Planned {
    plan: Plan,
    loaded: Loaded,
    until: Instant,
}

/// Secrets that an apply uses may be read this long before it.
const PLANNED_MAX: Duration = Duration::from_secs(60);

/// Somebody's wish to change the house.
#[derive(Clone, Debug)]
pub struct Wish {
    pub author: String,
    pub why: Option<String>,
    pub cause: Cause,
    pub confirm_within: Option<Duration>,
}

/// Why the house is not changed, and the exit code that says so.
#[derive(Clone, Debug, PartialEq)]
pub struct No {
    pub exit: Exit,
    pub words: String,
}

/// What became of an apply.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// The revision in force now.
    pub revision: u64,
    pub what: Became,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_by_ms: Option<i64>,
    pub plan: Plan,
}

/// How far an apply came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    Applied,
    /// The documents are those in force; secrets were read again.
    Unchanged,
    /// It could be; nothing was.
    DryRun,
    Refused,
}

impl Owner {
    pub fn new(directory: &Path, revisions: Revisions, begun: Begun) -> io::Result<Owner> {
        let Begun { loaded: Loaded { documents, policy }, about, .. } = begun;
        let policy = Arc::new(policy);
        let directory = directory.to_owned();
        let tags = TagKey::new()?;
        let (confirm_by, planned, awaits) = (None, None, None);
        Ok(Owner { directory, revisions, documents, policy, about, confirm_by, planned, awaits, tags })
    }

    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    pub fn documents(&self) -> &Documents {
        &self.documents
    }

    pub fn about(&self) -> &About {
        &self.about
    }

    /// What makes entity tags of documents.
    pub fn tags(&self) -> &TagKey {
        &self.tags
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn revisions(&self) -> &Revisions {
        &self.revisions
    }

    /// What the revision in force was made of.
    pub(super) fn content(&self) -> Result<Content, No> {
        self.revisions.content(self.about.number).map_err(No::disk)
    }

    /// When `expire` is due.
    pub fn deadline(&self) -> Option<Instant> {
        let planned = self.planned.as_ref().map(|planned| planned.until);
        self.confirm_by.into_iter().chain(planned).min()
    }

    /// Takes back the revision that it began with, which never ran.
    pub fn withdraw(&self) -> io::Result<()> {
        self.revisions.withdraw(self.about.number)
    }

    /// What an apply would do.
    pub fn plan(&mut self, from: Option<&Path>) -> Result<Plan, No> {
        let (plan, loaded) = self.make_plan(&mut self.read(from)?, from);
        let until = Instant::now() + PLANNED_MAX;
        self.planned = loaded.map(|loaded| Planned { plan: plan.clone(), loaded, until });
        Ok(plan)
    }

    /// Plans, tests, writes the revision, and publishes it. `seen` is what the asker was shown.
    pub fn apply(
        &mut self,
        edge: &Edge,
        from: Option<&Path>,
        seen: Option<(u64, String)>,
        wish: Wish,
    ) -> Result<Outcome, No> {
        self.check_settled()?;
        let mut written = self.read(from)?;
        let (plan, loaded) = match self.still_planned(&written, from, seen.as_ref()) {
            Some(Planned { plan, loaded, .. }) => (plan, Some(loaded)),
            None => self.make_plan(&mut written, from),
        };
        if let Some((base, digest)) = seen {
            self.check_seen(base, &digest, &plan)?;
        }
        let Some(loaded) = loaded.filter(|_| plan.is_good) else {
            return Ok(self.outcome(Became::Refused, plan));
        };
        if plan.changes.is_empty() && plan.digest == self.about.documents {
            self.publish(edge, loaded, self.about.number);
            info!(revision = self.about.number, "nothing has changed; secrets were read again");
            return Ok(self.outcome(Became::Unchanged, plan));
        }
        self.revise(edge, (&written, loaded), wish, &plan)?;
        Ok(self.outcome(Became::Applied, plan))
    }

    /// Applies the house's own directory because of a signal; the error says everything that is wrong.
    pub fn reload(&mut self, edge: &Edge) -> Result<(), Vec<String>> {
        let wish = Wish { author: own_name(), why: None, cause: Cause::Signal, confirm_within: None };
        let outcome = self.apply(edge, None, None, wish).map_err(|no| vec![no.words])?;
        outcome.plan.warnings.iter().for_each(|warning| warn!("{warning}"));
        match outcome.what {
            Became::Refused => Err(outcome.plan.faults()),
            Became::Applied | Became::Unchanged | Became::DryRun => {
                outcome.plan.restart.iter().for_each(|words| warn!("{words}"));
                Ok(())
            }
        }
    }

    /// Notes that the revision in force stays.
    pub fn confirm(&mut self, author: &str) -> Result<u64, No> {
        if self.confirm_by.is_none() {
            return Err(No::bad(format!("revision {} needs no confirmation", self.about.number)));
        }
        self.revisions.confirm(self.about.number).map_err(No::disk)?;
        self.about.is_settled = true;
        self.confirm_by = None;
        info!(revision = self.about.number, author, "confirmed");
        self.place();
        Ok(self.about.number)
    }

    /// The directory follows once the revision in force is confirmed, and not before.
    pub(super) fn place_when_confirmed(&mut self, edit: FileEdit) {
        self.awaits = Some(edit);
    }

    /// Writes what waited into the directory. What does not come to stand there is in force all the same, and
    /// `tandem plan` shows the difference.
    fn place(&mut self) {
        let Some(edit) = self.awaits.take() else { return };
        match edit.is_safe(&self.directory, &self.revisions) {
            Ok(true) => {
                if let Err(fault) = edit.write(&self.directory) {
                    error!("{} is not as it is in force: {fault}", edit.file);
                }
            }
            Ok(false) => error!("{} was edited, and is not as it is in force", edit.file),
            Err(fault) => error!("{} is not as it is in force: {fault}", edit.file),
        }
    }

    /// Runs the documents of an older revision again, as a new one. The way back asks no test for leave.
    pub fn roll_back(
        &mut self,
        edge: &Edge,
        to: Option<u64>,
        author: String,
        why: Option<String>,
    ) -> Result<Outcome, No> {
        let to = match to {
            Some(to) => to,
            None => self.before()?,
        };
        let wish = Wish { author, why, cause: Cause::Rollback { to }, confirm_within: None };
        self.return_to(edge, to, wish)
    }

    fn return_to(&mut self, edge: &Edge, to: u64, wish: Wish) -> Result<Outcome, No> {
        if to == self.about.number {
            return Err(No::bad(format!("revision {to} is in force already")));
        }
        let content = self.revisions.content(to);
        let mut written = Written::from(content.map_err(|fault| No::bad(format!("revision {to}: {fault}")))?);
        let (plan, loaded) = self.make_plan(&mut written, None);
        let Some(loaded) = loaded else { return Ok(self.outcome(Became::Refused, plan)) };
        self.revise(edge, (&written, loaded), wish, &plan)?;
        Ok(self.outcome(Became::Applied, plan))
    }

    /// Goes back if nobody confirmed in time.
    pub fn expire(&mut self, edge: &Edge) {
        if self.planned.as_ref().is_some_and(|planned| planned.until <= Instant::now()) {
            self.planned = None;
        }
        if self.confirm_by.is_none_or(|until| until > Instant::now()) {
            return;
        }
        self.confirm_by = None;
        let Some(to) = self.about.base else { return };
        let unconfirmed = self.about.number;
        warn!(revision = unconfirmed, "nobody confirmed it in time: going back to revision {to}");
        let wish = Wish {
            author: "tandem".to_owned(),
            why: Some(format!("revision {unconfirmed} was not confirmed in time")),
            cause: Cause::NotConfirmed { to },
            confirm_within: None,
        };
        match self.return_to(edge, to, wish) {
            Ok(Outcome { what: Became::Applied, .. }) => {}
            Ok(outcome) => error!("revision {to} does not hold any more: {:?}", outcome.plan.problems),
            Err(no) => error!("cannot go back to revision {to}: {}", no.words),
        }
    }

    fn read(&self, from: Option<&Path>) -> Result<Written, No> {
        let directory = from.unwrap_or(&self.directory);
        let planned = self.planned.as_ref().map(|planned| &planned.loaded.documents);
        let known: Vec<&Documents> = planned.into_iter().chain([&self.documents]).collect();
        let people = || directory::of_people(&self.documents.files);
        Written::read_for_house(directory, self.whose(directory), &known, people)
            .map_err(|fault| No { exit: Exit::Unreachable, words: format!("{fault:#}") })
    }

    fn whose(&self, directory: &Path) -> Folder {
        let at = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        match at(directory) == at(&self.directory) {
            true => Folder::Own,
            false => Folder::Another,
        }
    }

    /// What was planned last, if it is exactly what the asker saw and what still stands there.
    fn still_planned(
        &mut self,
        written: &Written,
        from: Option<&Path>,
        seen: Option<&(u64, String)>,
    ) -> Option<Planned> {
        let planned = self.planned.take().filter(|planned| planned.until > Instant::now())?;
        let directory = from.unwrap_or(&self.directory).display().to_string();
        let is_same = planned.plan.digest == written.digest()
            && planned.plan.directory == directory
            && planned.plan.base == Some(self.about.number)
            && seen.is_some_and(|(_, digest)| *digest == planned.plan.digest);
        is_same.then_some(planned)
    }

    pub(super) fn make_plan(&self, written: &mut Written, from: Option<&Path>) -> (Plan, Option<Loaded>) {
        let running = Running { documents: &self.documents, policy: &self.policy };
        Plan::make(written, from.unwrap_or(&self.directory), &self.directory, Some(running))
    }

    /// The revision whose documents ran before those that run now.
    fn before(&self) -> Result<u64, No> {
        let oldest = || No::bad("there is no older revision to go back to");
        match self.about.cause.returns_to() {
            Some(source) => {
                let about = self.revisions.about(source).map_err(|_| oldest())?;
                about.base.ok_or_else(oldest)
            }
            None => self.about.base.ok_or_else(oldest),
        }
    }

    pub(super) fn check_settled(&self) -> Result<(), No> {
        if self.confirm_by.is_none() {
            return Ok(());
        }
        let words = format!(
            "revision {} waits for its confirmation: tandem confirm, or tandem rollback, first",
            self.about.number
        );
        Err(No { exit: Exit::Conflict, words })
    }

    fn check_seen(&self, base: u64, digest: &str, plan: &Plan) -> Result<(), No> {
        let running = self.about.number;
        let words = match (base == running, digest == plan.digest) {
            (true, true) => return Ok(()),
            (false, _) => format!("revision {running} runs now, and the plan was made on {base}: plan again"),
            (true, false) => format!("{} has changed since the plan was made: plan again", plan.directory),
        };
        Err(No { exit: Exit::Conflict, words })
    }

    /// Writes a revision, then publishes it: what runs is always on the disk.
    pub(super) fn revise(
        &mut self,
        edge: &Edge,
        (written, loaded): (&Written, Loaded),
        wish: Wish,
        plan: &Plan,
    ) -> Result<(), No> {
        let now_ms = now_ms();
        let wait_ms = wish.confirm_within.map(|wait| wait.as_millis() as i64);
        let known = [&loaded.documents, &self.documents];
        let people = || directory::of_people(&loaded.documents.files);
        let stands = Written::read_for_house(&self.directory, Folder::Own, &known, people).ok();
        let about = About {
            number: self.about.number + 1,
            base: Some(self.about.number),
            applied_ms: now_ms,
            author: wish.author,
            why: wish.why,
            cause: wish.cause,
            confirm_by_ms: wait_ms.map(|wait_ms| now_ms.saturating_add(wait_ms)),
            is_settled: wait_ms.is_none(),
            directory: stands.as_ref().unwrap_or(written).digest().to_owned(),
            documents: written.digest().to_owned(),
            difference: json!(plan.changes),
            tests: plan.tests.in_short(),
        };
        self.revisions.keep(&about, &written.texts(), written.lists()).map_err(No::disk)?;
        self.publish(edge, loaded, about.number);
        self.awaits = None;
        self.confirm_by = wish.confirm_within.and_then(|wait| Instant::now().checked_add(wait));
        self.about = about;
        info!(revision = self.about.number, "applied; calls in progress keep their plan");
        if let Err(fault) = self.revisions.retire(Retention::default()) {
            warn!("revisions that are too old cannot be removed: {fault}");
        }
        Ok(())
    }

    pub(super) fn publish(&mut self, edge: &Edge, loaded: Loaded, number: u64) {
        let Loaded { documents, policy } = loaded;
        let policy = Arc::new(policy.numbered(number));
        edge.adopt(&policy);
        self.documents = documents;
        self.planned = None;
        // The last owner of the older policy is this thread: no shard takes it apart.
        drop(std::mem::replace(&mut self.policy, policy));
    }

    pub(super) fn outcome(&self, what: Became, plan: Plan) -> Outcome {
        Outcome { revision: self.about.number, what, confirm_by_ms: self.awaited_ms(), plan }
    }

    /// When it is taken back, if it waits for a confirmation.
    pub fn awaited_ms(&self) -> Option<i64> {
        self.about.confirm_by_ms.filter(|_| self.confirm_by.is_some())
    }
}

impl No {
    fn bad(words: impl Into<String>) -> No {
        No { exit: Exit::Bad, words: words.into() }
    }

    pub(super) fn conflict(words: String) -> No {
        No { exit: Exit::Conflict, words }
    }

    pub(super) fn disk_of(words: String) -> No {
        No { exit: Exit::Unreachable, words }
    }

    fn disk(fault: io::Error) -> No {
        No { exit: Exit::Unreachable, words: format!("the revision cannot be kept: {fault}") }
    }
}
