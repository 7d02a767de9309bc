//! `tandem revisions` and `diff`: what was applied, read from the data folder.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use cli::{Diff, Exit, Paint, Palette, Revisions};
use model::{Documents, SourceFile};
use serde_json::json;
use store::{About, Cause, Content};

use crate::directory;
use crate::revisions::{Changes, Files};
use crate::verbs::{changes, when};

pub fn list(verb: &Revisions, palette: Palette) -> Result<Exit> {
    let data = verb.house.data();
    let abouts = store::revisions_in(&data).with_context(|| data.display().to_string())?;
    if verb.json {
        println!("{:#}", json!({ "revisions": abouts }));
        return Ok(Exit::Done);
    }
    if abouts.is_empty() {
        println!("no revision in {}", data.display());
    }
    let newest = abouts.last().map(|about| about.number);
    for about in &abouts {
        println!("{}", line(about, newest, palette));
    }
    Ok(Exit::Done)
}

fn line(about: &About, newest: Option<u64>, palette: Palette) -> String {
    let how = match about.cause {
        Cause::Start => "at start".to_owned(),
        Cause::Apply => "applied".to_owned(),
        Cause::Signal => "by SIGHUP".to_owned(),
        Cause::Directory => "by directory".to_owned(),
        Cause::Rollback { to } => format!("back to {to}"),
        Cause::NotConfirmed { to } => format!("back to {to}, not confirmed"),
    };
    let mark = match (newest == Some(about.number), about.is_settled) {
        (true, true) => palette.paint(Paint::Good, "in force"),
        (true, false) => palette.paint(Paint::Note, "waits for confirm"),
        (false, _) => palette.paint(Paint::Quiet, ""),
    };
    let failed = about.tests["failed"].as_array().map_or(0, Vec::len);
    let tests = match failed {
        0 => format!("{} tests passed", about.tests["passed"]),
        _ => format!("{failed} tests failed"),
    };
    let (number, at, author) = (about.number, when(about.applied_ms), &about.author);
    let why = about.why.as_deref().unwrap_or_default();
    let line = format!("{number:5}  {at}  {author:12} {how:14} {tests:16} {mark}  {why}");
    line.trim_end().to_owned()
}

pub fn diff(verb: &Diff, palette: Palette) -> Result<Exit> {
    let data = verb.house.data();
    let newest = || {
        let abouts = store::revisions_in(&data).with_context(|| data.display().to_string())?;
        abouts.last().map(|about| about.number).ok_or_else(|| anyhow!("{}: no revision", data.display()))
    };
    let to = verb.to.map_or_else(newest, Ok)?;
    let (old, new) = (content(&data, verb.from)?, content(&data, to)?);
    let changes = Changes::of((&old.0, &old.1), (&new.0, &new.1));
    if verb.json {
        println!("{:#}", json!({ "from": verb.from, "to": to, "changes": changes }));
        return Ok(Exit::Done);
    }
    println!("{}", palette.paint(Paint::Strong, format!("Revision {} → {to}", verb.from)));
    if changes.is_empty() {
        println!("  nothing changes");
    }
    changes::changes_in_words(&json!(changes), palette).iter().for_each(|line| println!("{line}"));
    Ok(Exit::Done)
}

/// Documents of a revision, and what their files hold.
fn content(data: &Path, number: u64) -> Result<(Documents, Files)> {
    let Content { documents, lists } =
        store::content_of(data, number).with_context(|| format!("revision {number}"))?;
    let files: Vec<_> = documents.into_iter().map(|(name, text)| SourceFile::new(name, text)).collect();
    let mut documents = model::load(&files).map_err(|problems| {
        let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
        anyhow!("revision {number} cannot be read by this version:\n{}", all.join("\n"))
    })?;
    directory::fill(&mut documents, &lists);
    let files = Files { decks: policy::decks(&documents), sounds: policy::sound_prints(&documents) };
    directory::empty(&mut documents);
    Ok((documents, files))
}
