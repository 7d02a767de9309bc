//! What a start runs: the directory, if it says something new that holds; else the newest revision.

use std::path::Path;

use anyhow::{Result, anyhow};
use model::Problem;
use serde_json::{Value, json};
use store::{About, Cause, Retention, Revisions};

use super::author::own_name;
use super::moment::now_ms;
use super::plan::{Changes, TestsRun, failed_in_words};
use super::running::Running;
use crate::directory::{self, Folder, Loaded, Written};

/// What a start runs.
pub struct Begun {
    pub loaded: Loaded,
    pub about: About,
    pub kept: Kept,
    /// What the person who starts it has to know.
    pub notes: Vec<String>,
}

/// Whether the revision was there before this start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Before,
    Now,
}

/// Decides, and keeps a new revision if one begins. The inner error is everything that is wrong.
pub fn begin(directory: &Path, revisions: &Revisions) -> Result<Result<Begun, Vec<Problem>>> {
    let Some(mut newest) = revisions.newest()? else {
        return first(directory, Written::read(directory, &[])?, revisions);
    };
    let base = newest.base.filter(|_| !newest.is_settled);
    let people = || directory::people_of(revisions.content(base.unwrap_or(newest.number)));
    let written = Written::read_for_house(directory, Folder::Own, &[], people);
    if let Some(to) = base {
        let stands = written.map_or_else(|_| newest.directory.clone(), |written| written.digest().to_owned());
        return back(directory, revisions, &newest, to, stands);
    }
    let refused = match written {
        Ok(written) if written.digest() == newest.directory => None,
        // What came by HTTP has reached the directory after the revision was written.
        Ok(written) if written.digest() == newest.documents => {
            newest.directory.clone_from(&newest.documents);
            None
        }
        Ok(written) => match changed(directory, written, revisions, &newest)? {
            Ok(begun) => return Ok(Ok(begun)),
            Err(words) => Some(words),
        },
        Err(fault) => Some(format!("{fault:#}")),
    };
    again(directory, revisions, newest, refused)
}

fn first(
    directory: &Path,
    mut written: Written,
    revisions: &Revisions,
) -> Result<Result<Begun, Vec<Problem>>> {
    let loaded = match written.compile(directory, None) {
        Ok(loaded) => loaded,
        Err(problems) => return Ok(Err(problems)),
    };
    let tests = TestsRun::of(&loaded.policy);
    let notes = failed_in_words(&tests).collect();
    let digest = written.digest().to_owned();
    let about = at_start(None, digest.clone(), digest, Value::Null, &tests);
    keep(revisions, &about, (&written, loaded), notes).map(Ok)
}

/// The directory has changed since the newest revision. The inner error says why it cannot be run.
fn changed(
    directory: &Path,
    mut written: Written,
    revisions: &Revisions,
    newest: &About,
) -> Result<Result<Begun, String>> {
    let loaded = match written.compile(directory, None) {
        Ok(loaded) => loaded,
        Err(problems) => return Ok(Err(in_words(&problems))),
    };
    let tests = TestsRun::of(&loaded.policy);
    if !tests.failed.is_empty() {
        let words: Vec<_> = failed_in_words(&tests).collect();
        return Ok(Err(words.join("\n")));
    }
    let older = load(directory, revisions, newest.number).ok().and_then(|(_, older)| older.ok());
    let changes = older.map(|older| json!(Changes::between(Running::from(&older), Running::from(&loaded))));
    let digest = written.digest().to_owned();
    let about = at_start(Some(newest), digest.clone(), digest, changes.unwrap_or_default(), &tests);
    keep(revisions, &about, (&written, loaded), Vec::new()).map(Ok)
}

/// Nobody confirmed the newest revision before the house went down.
fn back(
    directory: &Path,
    revisions: &Revisions,
    newest: &About,
    to: u64,
    stands: String,
) -> Result<Result<Begun, Vec<Problem>>> {
    let (written, loaded) = load(directory, revisions, to)?;
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(problems) => return Ok(Err(problems)),
    };
    let tests = TestsRun::of(&loaded.policy);
    let number = newest.number;
    let words = format!("revision {number} was not confirmed before the house went down: back to {to}");
    let about = About {
        why: Some(format!("revision {number} was not confirmed before the house went down")),
        cause: Cause::NotConfirmed { to },
        ..at_start(Some(newest), written.digest().to_owned(), stands, Value::Null, &tests)
    };
    keep(revisions, &about, (&written, loaded), vec![words]).map(Ok)
}

/// The newest revision, once more.
fn again(
    directory: &Path,
    revisions: &Revisions,
    newest: About,
    refused: Option<String>,
) -> Result<Result<Begun, Vec<Problem>>> {
    let number = newest.number;
    let Loaded { documents, policy } = match load(directory, revisions, number)?.1 {
        Ok(loaded) => loaded,
        Err(problems) => return Ok(Err(problems)),
    };
    let loaded = Loaded { documents, policy: policy.numbered(number) };
    let mut notes = Vec::new();
    match refused {
        Some(refused) => {
            notes.push(format!("{} cannot be run; revision {number} runs on\n{refused}", directory.display()))
        }
        None if newest.documents != newest.directory => notes.push(format!(
            "revision {number} runs on, and {} holds something else: see tandem plan",
            directory.display()
        )),
        None => {}
    }
    Ok(Ok(Begun { loaded, about: newest, kept: Kept::Before, notes }))
}

/// What a revision was made of, and what it compiles to.
fn load(
    directory: &Path,
    revisions: &Revisions,
    number: u64,
) -> Result<(Written, Result<Loaded, Vec<Problem>>)> {
    let content = revisions.content(number).map_err(|fault| anyhow!("revision {number}: {fault}"))?;
    let mut written = Written::from(content);
    let loaded = written.compile(directory, None);
    Ok((written, loaded))
}

fn at_start(
    newest: Option<&About>,
    documents: String,
    stands: String,
    difference: Value,
    tests: &TestsRun,
) -> About {
    About {
        number: newest.map_or(1, |newest| newest.number + 1),
        base: newest.map(|newest| newest.number),
        applied_ms: now_ms(),
        author: own_name(),
        why: None,
        cause: Cause::Start,
        confirm_by_ms: None,
        is_settled: true,
        documents,
        directory: stands,
        difference,
        tests: tests.in_short(),
    }
}

fn keep(
    revisions: &Revisions,
    about: &About,
    (written, loaded): (&Written, Loaded),
    mut notes: Vec<String>,
) -> Result<Begun> {
    revisions.keep(about, &written.texts(), written.lists())?;
    if let Err(fault) = revisions.retire(Retention::default()) {
        notes.push(format!("revisions that are too old cannot be removed: {fault}"));
    }
    let Loaded { documents, policy } = loaded;
    let loaded = Loaded { documents, policy: policy.numbered(about.number) };
    Ok(Begun { loaded, about: about.clone(), kept: Kept::Now, notes })
}

fn in_words(problems: &[Problem]) -> String {
    let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
    all.join("\n\n")
}
