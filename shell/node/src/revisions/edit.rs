//! One document changed by HTTP: the same walk as an apply, with the directory following.
//!
//! What is edited is the text in force. The file in the directory is written when the revision is kept, or
//! confirmed where it waits for that; one that somebody has edited and not applied is left alone.

use std::path::{Component, Path};

use model::{Problem, SourceFile, Unwritable, WrittenDocument};
use serde_json::Value;
use tracing::error;

use super::owner::{Became, No, Outcome, Owner, Wish};
use super::placing::FileEdit;
use super::plan::Plan;
use crate::directory::{self, Written};
use crate::edge::Edge;

/// Where documents are written that no file of the operator's holds.
const FOLDER: &str = "by-http";
/// Keys whose values name files.
const FILE_KEYS: [&str; 5] = ["file", "music", "tls_certificate", "tls_key", "tls_verify"];
/// A name is part of a file's name.
const NAME_MAX: usize = 100;

/// What is wished of one document.
pub struct Edit {
    pub kind: &'static str,
    pub name: String,
    /// `None`: it goes.
    pub becomes: Option<Value>,
    /// Whether it may be done to what has this entity tag.
    pub allows: Allows,
    pub trial: Trial,
}

/// What a document's entity tag has to be, if there is a document.
pub type Allows = Box<dyn Fn(Option<&str>) -> bool + Send>;

/// Whether it is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    DryRun,
    Real,
}

/// What became of it.
pub struct Edited {
    pub outcome: Outcome,
    pub is_new: bool,
    /// Of the document, if there is one now.
    pub tag: Option<String>,
}

/// Why it is not done.
pub enum NoEdit {
    Missing,
    /// The document is not in the state that was named.
    NotThat,
    /// It cannot be so, and where.
    Wrong {
        path: String,
        words: String,
    },
    /// A file was edited, or a revision waits to be confirmed.
    Conflict(String),
    /// With it the configuration does not hold.
    Refused {
        plan: Box<Plan>,
        path: Option<String>,
    },
    Failed(No),
}

impl Owner {
    /// Plans, tests and applies a document as it is wished.
    pub fn edit(&mut self, edge: &Edge, edit: &Edit, wish: Wish) -> Result<Edited, NoEdit> {
        let present = model::document_of(&self.documents().files, edit.kind, &edit.name);
        let tag = present.as_ref().map(|present| self.tags().of(&present.value));
        if !(edit.allows)(tag.as_deref()) {
            return Err(NoEdit::NotThat);
        }
        if present.is_none() && edit.becomes.is_none() {
            return Err(NoEdit::Missing);
        }
        if let Some(at) = present.as_ref().filter(|present| directory::is_of_people(&present.file)) {
            let words = format!("{} {} comes from a directory: change it there", edit.kind, at.name);
            return Err(NoEdit::Conflict(words));
        }
        let value = wished(edit, present.as_ref())?;
        let file_edit = self.file_edit(edit, present.as_ref(), value.as_ref())?;
        let is_new = present.is_none();
        let now_tag = value.as_ref().map(|value| self.tags().of(value));
        if file_edit.was.as_deref() == file_edit.becomes.as_deref() {
            let plan = Plan::of_nothing(self.about(), self.directory());
            return Ok(Edited { outcome: self.outcome(Became::Unchanged, plan), is_new: false, tag });
        }
        let mut written = self.written_with(&file_edit)?;
        let (plan, loaded) = self.make_plan(&mut written, None);
        let Some(loaded) = loaded.filter(|_| plan.is_good) else {
            let path = plan.problems.first().and_then(|problem| pointer(edit, &file_edit, problem));
            return Err(NoEdit::Refused { plan: Box::new(plan), path });
        };
        if edit.trial == Trial::DryRun {
            return Ok(Edited { outcome: self.outcome(Became::DryRun, plan), is_new, tag: now_tag });
        }
        self.check_settled().map_err(|no| NoEdit::Conflict(no.words))?;
        self.check_standing(&file_edit)?;
        let waits = wish.confirm_within.is_some();
        let before = match waits {
            true => None,
            false => Some(file_edit.write(self.directory()).map_err(|fault| self.unwritable(&fault))?),
        };
        if let Err(no) = self.revise(edge, (&written, loaded), wish, &plan) {
            self.take_back(&file_edit, before);
            return Err(NoEdit::Failed(no));
        }
        if waits {
            self.place_when_confirmed(file_edit);
        }
        Ok(Edited { outcome: self.outcome(Became::Applied, plan), is_new, tag: now_tag })
    }

    fn take_back(&self, file_edit: &FileEdit, before: Option<Option<String>>) {
        let Some(before) = before else { return };
        if let Err(fault) = file_edit.undo(self.directory(), before.as_deref()) {
            error!("{} holds a change that was not applied: {fault}", file_edit.file);
        }
    }

    /// The file that holds it, before and after.
    fn file_edit(
        &self,
        edit: &Edit,
        present: Option<&WrittenDocument>,
        value: Option<&Value>,
    ) -> Result<FileEdit, NoEdit> {
        let new_file = || format!("{FOLDER}/{}-{}.toml", edit.kind, edit.name);
        let file = present.map_or_else(new_file, |present| present.file.to_string());
        let was =
            self.documents().files.iter().find(|known| *known.name == *file).map(|one| one.text.clone());
        let text = was.as_deref().unwrap_or_default();
        let becomes = model::rewritten(text, edit.kind, &edit.name, value);
        let becomes = becomes.map_err(|Unwritable(words)| NoEdit::Wrong { path: String::new(), words })?;
        // A file that we made, and that says nothing any more.
        let is_left = file.starts_with(FOLDER) && value.is_none() && model::says_nothing(&becomes);
        Ok(FileEdit { file, was, becomes: (!is_left).then_some(becomes) })
    }

    /// What is in force, with one file as it is to be.
    fn written_with(&self, edit: &FileEdit) -> Result<Written, NoEdit> {
        let mut files: Vec<SourceFile> =
            self.documents().files.iter().filter(|known| *known.name != *edit.file).cloned().collect();
        files.extend(edit.becomes.as_ref().map(|text| SourceFile::new(&*edit.file, text.as_str())));
        files.sort_by(|one, other| Path::new(&*one.name).cmp(Path::new(&*other.name)));
        let kept = self.content().map_err(NoEdit::Failed)?.lists;
        Ok(Written::with_lists(files, kept, self.directory()))
    }

    fn check_standing(&self, edit: &FileEdit) -> Result<(), NoEdit> {
        let is_safe = edit.is_safe(self.directory(), self.revisions());
        if is_safe.map_err(|fault| self.unwritable(&fault))? {
            return Ok(());
        }
        let words = format!(
            "{} was edited, and not applied: see tandem plan; apply it or take it back first",
            self.directory().join(&edit.file).display()
        );
        Err(NoEdit::Conflict(words))
    }

    fn unwritable(&self, fault: &std::io::Error) -> NoEdit {
        let words = format!("{}: the directory cannot be written: {fault}", self.directory().display());
        NoEdit::Failed(No { exit: cli::Exit::Unreachable, words })
    }
}

/// The document as it is to be, with its secrets.
fn wished(edit: &Edit, present: Option<&WrittenDocument>) -> Result<Option<Value>, NoEdit> {
    let Some(becomes) = &edit.becomes else { return Ok(None) };
    let present = present.map(|present| &present.value);
    let wrong = |path: &str, words: &str| NoEdit::Wrong { path: path.to_owned(), words: words.to_owned() };
    if present.is_none() && (edit.name.len() > NAME_MAX || !model::is_name(&edit.name)) {
        return Err(wrong("", "a name is small letters, digits and hyphens, 100 at most"));
    }
    let value = model::unmasked(becomes, present).map_err(|path| {
        wrong(
            &path,
            "this stands for a secret that is shown to nobody, and there is none here; write the secret",
        )
    })?;
    match stray(&value, present) {
        Some(path) => Err(wrong(&path, "by HTTP, files are named that lie in the configuration directory")),
        None => Ok(Some(value)),
    }
}

/// A file that lies elsewhere, and was not named before: who may change documents may not read the machine.
fn stray(value: &Value, present: Option<&Value>) -> Option<String> {
    let leaves = |name: &str| {
        let mut parts = Path::new(name).components();
        parts.any(|part| matches!(part, Component::RootDir | Component::ParentDir | Component::Prefix(_)))
    };
    match value {
        Value::Object(object) => object.iter().find_map(|(key, value)| {
            let before = present.and_then(|present| present.get(key));
            let is_file = FILE_KEYS.contains(&key.as_str());
            match value.as_str() {
                Some(name) if is_file && leaves(name) && before != Some(value) => Some(format!("/{key}")),
                _ => stray(value, before).map(|deeper| format!("/{key}{deeper}")),
            }
        }),
        Value::Array(list) => list.iter().enumerate().find_map(|(index, value)| {
            let before = present.and_then(|present| present.get(index));
            stray(value, before).map(|deeper| format!("/{index}{deeper}"))
        }),
        _ => None,
    }
}

fn pointer(edit: &Edit, file_edit: &FileEdit, problem: &Problem) -> Option<String> {
    let text = file_edit.becomes.as_deref().filter(|_| *problem.file == *file_edit.file)?;
    let file = SourceFile::new(&*file_edit.file, text);
    model::pointer_to(&file, edit.kind, &edit.name, (problem.line, problem.column))
}
