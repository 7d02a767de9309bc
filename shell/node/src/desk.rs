//! Changes that come by HTTP, carried to the owner of the house, and documents as they are in force.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use api::{Answer, Change, Changed, Refused, Shown, Unacceptable, Wish};
use cli::Exit;
use serde::Serialize;
use serde_json::{Value, json};
use store::Cause;

use crate::control::{Board, InForce};
use crate::edge::Edge;
use crate::revisions::{self, Edit, Edited, Job, No, NoEdit, Outcome, Owner, Plan, Told, Trial};

/// How long the owner may take for a change.
const PATIENCE: Duration = Duration::from_secs(110);
/// How long a reason may be.
const WHY_MAX: usize = 500;

/// Hands a job to the owner; false where the house stops.
pub type Order = Box<dyn Fn(Job) -> bool + Send + Sync>;

/// Where whoever comes by HTTP reads and changes documents.
pub struct Desk {
    pub order: Order,
    pub board: Arc<Board>,
}

impl Desk {
    /// Documents of a kind, as they are written, without their secrets.
    pub fn documents(&self, kind: &str, after: Option<&str>, most: usize) -> Answer {
        let in_force = self.in_force()?;
        let all = model::documents_of(&in_force.files, kind);
        let rest = all.iter().filter(|one| after.is_none_or(|after| *one.name > *after));
        let listed: Vec<Value> = rest
            .take(most)
            .map(|one| {
                json!({
                    "name": one.name,
                    "etag": in_force.tags.of(&one.value),
                    "defined_at": format!("{}:{}", one.file, one.line),
                    "document": model::masked(&one.value),
                })
            })
            .collect();
        let next = listed.last().map_or_else(|| after.into(), |last| last["name"].clone());
        Ok(json!({ "revision": in_force.revision, "documents": listed, "next": next }))
    }

    pub fn document(&self, kind: &str, name: &str) -> Result<Shown, Refused> {
        let in_force = self.in_force()?;
        let found = model::document_of(&in_force.files, kind, name).ok_or_else(|| missing(kind, name))?;
        Ok(Shown {
            value: model::masked(&found.value),
            tag: in_force.tags.of(&found.value),
            revision: in_force.revision,
            defined_at: format!("{}:{}", found.file, found.line),
        })
    }

    pub fn change(&self, change: Change) -> Result<Changed, Refused> {
        let Change { kind, name, becomes, condition, is_dry_run, wish } = change;
        let (place, named) = (format!("/api/v1/config/{kind}/{name}"), name.clone());
        let trial = if is_dry_run { Trial::DryRun } else { Trial::Real };
        let allows = Box::new(move |tag: Option<&str>| condition.allows(tag));
        let edit = Edit { kind, name, becomes, allows, trial };
        let wish = wished(wish, Cause::Apply)?;
        let edited = self.ask(move |owner, edge| owner.edit(edge, &edit, wish))?;
        let Edited { outcome, is_new, tag } = edited.map_err(|no| refused_edit(no, kind, &named))?;
        let revision = outcome.revision;
        let is_new = (is_new && trial == Trial::Real).then_some(place);
        Ok(Changed { outcome: value_of(&outcome)?, revision, tag, is_new })
    }

    pub fn plan(&self) -> Answer {
        value_of(&self.ask(|owner, _| owner.plan(None))?.map_err(refused)?)
    }

    pub fn apply(&self, (base, digest): (Option<u64>, Option<String>), wish: Wish) -> Answer {
        let wish = wished(wish, Cause::Apply)?;
        let applied = self.ask(move |owner, edge| {
            let running = owner.about().number;
            if base.is_some_and(|base| base != running) {
                let words = format!("revision {running} runs now: plan again");
                return Err(No { exit: Exit::Conflict, words });
            }
            owner.apply(edge, None, digest.map(|digest| (running, digest)), wish)
        })?;
        outcome(applied.map_err(refused)?)
    }

    pub fn confirm(&self, wish: Wish) -> Answer {
        let who = author(&wish.who);
        let number = self.ask(move |owner, _| owner.confirm(&who))?.map_err(refused)?;
        Ok(json!({ "revision": number }))
    }

    pub fn roll_back(&self, to: Option<u64>, wish: Wish) -> Answer {
        let revisions::Wish { author, why, .. } = wished(wish, Cause::Apply)?;
        let back = self.ask(move |owner, edge| owner.roll_back(edge, to, author, why))?;
        outcome(back.map_err(refused)?)
    }

    fn in_force(&self) -> Result<Arc<InForce>, Refused> {
        self.board.documents().ok_or_else(|| Refused::NotNow("the house is about to start".to_owned()))
    }

    /// Has the owner do something; what it did is shown to everybody by the time that this returns.
    fn ask<T: Send + 'static>(
        &self,
        what: impl FnOnce(&mut Owner, &Edge) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let (tell, told) = mpsc::channel();
        let job: Job = Box::new(move |owner, edge| {
            let done = what(owner, edge);
            let tells: Told = Box::new(move || {
                // Whoever asked has gone; what was done is in the revisions.
                let _ = tell.send(done);
            });
            tells
        });
        let stops = || Refused::NotNow("the house is about to stop, or a defect cost this answer".to_owned());
        if !(self.order)(job) {
            return Err(stops());
        }
        told.recv_timeout(PATIENCE).map_err(|_| stops())
    }
}

fn missing(kind: &str, name: &str) -> Refused {
    Refused::Missing(format!("there is no [{kind}.{name}]"))
}

fn author(who: &str) -> String {
    format!("{who} by HTTP")
}

fn wished(wish: Wish, cause: Cause) -> Result<revisions::Wish, Refused> {
    let Wish { who, why, confirm_s } = wish;
    if why.as_ref().is_some_and(|why| why.chars().count() > WHY_MAX) {
        return Err(Refused::Wrong(format!("why: {WHY_MAX} characters at most")));
    }
    let confirm_within = confirm_s.map(|seconds| Duration::from_secs(seconds.into()));
    Ok(revisions::Wish { author: author(&who), why, cause, confirm_within })
}

/// What became of an apply of many documents; one that holds not is a refusal with its reasons.
fn outcome(outcome: Outcome) -> Answer {
    match outcome.what {
        revisions::Became::Refused => Err(unacceptable(outcome.plan, None)),
        revisions::Became::Applied | revisions::Became::Unchanged | revisions::Became::DryRun => {
            value_of(&outcome)
        }
    }
}

fn refused(no: No) -> Refused {
    let No { exit, words } = no;
    match exit {
        Exit::Conflict | Exit::Bad => Refused::Conflict(words),
        _ => Refused::NotNow(words),
    }
}

fn refused_edit(no: NoEdit, kind: &str, name: &str) -> Refused {
    match no {
        NoEdit::Missing => missing(kind, name),
        NoEdit::NotThat => Refused::NotThat,
        NoEdit::Conflict(words) => Refused::Conflict(words),
        NoEdit::Failed(no) => refused(no),
        NoEdit::Refused { plan, path } => unacceptable(*plan, path),
        NoEdit::Wrong { path, words } => Refused::Unacceptable(Box::new(Unacceptable {
            code: None,
            detail: words,
            path: Some(path),
            suggestion: None,
            problems: json!([]),
            tests: json!(null),
        })),
    }
}

fn unacceptable(plan: Plan, path: Option<String>) -> Refused {
    let first = plan.problems.first();
    let detail = match first {
        Some(problem) => {
            format!("{}:{}:{}: {}", problem.file, problem.line, problem.column, problem.message)
        }
        None => plan.faults().into_iter().next().unwrap_or_default(),
    };
    let code = first.map_or_else(|| api::Code::UNTESTED.code.to_owned(), |first| first.code.to_string());
    let suggestion = first.and_then(|first| first.suggestion.clone());
    let (problems, tests) = (json!(plan.problems), json!(plan.tests));
    Refused::Unacceptable(Box::new(Unacceptable {
        code: Some(code),
        detail,
        path,
        suggestion,
        problems,
        tests,
    }))
}

fn value_of(of: &impl Serialize) -> Answer {
    serde_json::to_value(of).map_err(|fault| Refused::NotNow(fault.to_string()))
}
