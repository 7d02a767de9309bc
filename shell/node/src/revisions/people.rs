//! People of a directory become users: the same walk as a change by HTTP, for one file of the house's own.
//!
//! The house's own checks judge them. An entry that they fault is left out, and named; a change that would
//! take too many users away is held.

use std::collections::{BTreeMap, BTreeSet};

use model::{Code, Documents, Problem, SourceFile};
use people::{Entry, LeftOut, Person};
use policy::PeopleSource;
use serde::Serialize;
use store::Cause;
use tracing::{error, info};

use super::edit::Trial;
use super::owner::{No, Owner, Wish};
use super::placing::{FileEdit, keep_secret, read};
use super::plan::Plan;
use crate::directory::{BY_DIRECTORY, Loaded, Written};
use crate::edge::Edge;

/// Each time somebody is left out the rest is looked at again; that many times.
const ROUNDS_MAX: usize = 12;

/// What was read of a directory, to be put in force.
pub struct People {
    pub source: PeopleSource,
    pub entries: Vec<Entry>,
    pub trial: Trial,
    pub leavers: Leavers,
    pub author: String,
}

/// Whether many users may leave at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leavers {
    Guarded,
    /// Somebody has said that they left.
    Accepted,
}

/// What became of them.
#[derive(Clone, Debug, Serialize)]
pub struct Settled {
    pub what: Outcome,
    /// The revision in force now.
    pub revision: u64,
    /// How many users come from the directory now, or would.
    pub users: usize,
    pub came: Vec<String>,
    pub changed: Vec<String>,
    pub left: Vec<String>,
    pub left_out: Vec<LeftOut>,
    /// Why nothing was changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
}

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Applied,
    Unchanged,
    DryRun,
    /// Nothing was changed until somebody has looked.
    Held,
}

/// Documents that hold, and those that were left out on the way.
struct Draft {
    text: String,
    secrets: String,
    people: Vec<Person>,
    left_out: Vec<LeftOut>,
    written: Written,
    plan: Plan,
    loaded: Option<Loaded>,
}

impl Owner {
    /// Puts the people of a directory in force.
    pub fn take_people(&mut self, edge: &Edge, found: People) -> Result<Settled, No> {
        let People { source, entries, trial, leavers, author } = found;
        if !self.policy().directories().contains(&source) {
            return Err(No::conflict(format!("[directory.{}] has changed meanwhile", source.name)));
        }
        let file = names_of(&source).0;
        let base = self.directory().to_owned();
        let (mut people, mut left_out) =
            people::people_of(&source, &entries, |file| base.join(file).is_file());
        leave_to_documents(self.documents(), &file, &mut people, &mut left_out);
        let draft = self.draft(&source, people, left_out)?;
        let mut settled = self.compared(&file, &draft);
        settled.why = self.objections(&source, &settled, &draft, leavers);
        let Some(loaded) = draft.loaded.filter(|_| settled.why.is_empty()) else {
            settled.what = Outcome::Held;
            return Ok(settled);
        };
        if trial == Trial::DryRun {
            settled.what = Outcome::DryRun;
            return Ok(settled);
        }
        let (text, secrets) = (draft.text, draft.secrets);
        let wish = Wish {
            author,
            why: Some(in_words(&source, &settled)),
            cause: Cause::Directory,
            confirm_within: None,
        };
        let edit = self.edit_of(&file, text);
        settled.what =
            self.place_people(edge, (edit, &secrets), (&draft.written, loaded), (wish, &draft.plan))?;
        settled.revision = self.about().number;
        Ok(settled)
    }

    /// The documents of everybody, without those whom the house's own checks fault.
    fn draft(
        &self,
        source: &PeopleSource,
        mut people: Vec<Person>,
        mut left_out: Vec<LeftOut>,
    ) -> Result<Draft, No> {
        let (file, beside) = names_of(source);
        let kept = self.content()?.lists;
        for _ in 0..ROUNDS_MAX {
            let text = people::documents(&source.name, &people, &beside);
            let secrets = people::secrets(&people);
            let mut files: Vec<SourceFile> =
                self.documents().files.iter().filter(|known| *known.name != *file).cloned().collect();
            files.push(SourceFile::new(&*file, text.as_str()));
            files.sort_by(|one, other| {
                std::path::Path::new(&*one.name).cmp(std::path::Path::new(&*other.name))
            });
            let written = Written::with_lists(files, kept.clone(), self.directory());
            let mut written = written.with_secrets(&beside, &secrets);
            let (plan, loaded) = self.make_plan(&mut written, None);
            let faulted = faulted(&plan.problems, &file, &text);
            if loaded.is_some() || faulted.is_empty() {
                left_out.sort();
                return Ok(Draft { text, secrets, people, left_out, written, plan, loaded });
            }
            people.retain(|person| match faulted.get(&person.name) {
                Some((code, words)) => {
                    let entry = person.entry.clone();
                    left_out.push(LeftOut { entry, code: *code, words: words.clone() });
                    false
                }
                None => true,
            });
        }
        let words = format!("of [directory.{}] too many entries are faulty in too many ways", source.name);
        Err(No::conflict(words))
    }

    /// Who comes, changes and leaves.
    fn compared(&self, file: &str, draft: &Draft) -> Settled {
        let known: BTreeSet<String> = names_in(self.documents(), file);
        let new: BTreeSet<String> = draft.people.iter().map(|person| person.name.clone()).collect();
        let is_other = |name: &&String| {
            let after = draft.loaded.as_ref().and_then(|loaded| loaded.documents.user.get(name.as_str()));
            let before = self.documents().user.get(name.as_str());
            after.map(|after| &after.value) != before.map(|before| &before.value)
        };
        Settled {
            what: Outcome::Unchanged,
            revision: self.about().number,
            users: new.len(),
            came: new.difference(&known).cloned().collect(),
            changed: new.intersection(&known).filter(is_other).cloned().collect(),
            left: known.difference(&new).cloned().collect(),
            left_out: draft.left_out.clone(),
            why: Vec::new(),
        }
    }

    /// Why it may not be put in force.
    fn objections(
        &self,
        source: &PeopleSource,
        settled: &Settled,
        draft: &Draft,
        leavers: Leavers,
    ) -> Vec<String> {
        let mut why = draft.plan.faults();
        let left = settled.left.len();
        let known = settled.users - settled.came.len() + left;
        let percent = source.directory.leave_at_most();
        if leavers == Leavers::Guarded && left > may_leave(known, percent) {
            why.push(format!(
                "{left} of {known} users would leave at once, and no more than {percent} of a hundred may: \
                 is the directory whole, and the filter right? If they have left: tandem directory sync {} \
                 --accept-leavers",
                source.name
            ));
        }
        why
    }

    fn edit_of(&self, file: &str, text: String) -> FileEdit {
        let known = self.documents().files.iter().find(|known| *known.name == *file);
        let was = known.map(|one| one.text.clone());
        FileEdit { file: file.to_owned(), was, becomes: Some(text) }
    }

    /// Writes both files, and the revision; takes the files back where that fails.
    fn place_people(
        &mut self,
        edge: &Edge,
        (edit, secrets): (FileEdit, &str),
        (written, loaded): (&Written, Loaded),
        (wish, plan): (Wish, &Plan),
    ) -> Result<Outcome, No> {
        let beside = self.directory().join(edit.file.replace(".toml", ".ha1"));
        let failed = |fault: std::io::Error| {
            No::disk_of(format!(
                "what comes from a directory cannot be written: {}: {fault}",
                beside.display()
            ))
        };
        let before = read(&beside).map_err(failed)?;
        let is_gone = read(&self.directory().join(&edit.file)).map_err(failed)?.is_none();
        let is_same = edit.was.as_deref() == edit.becomes.as_deref();
        let has_same_secrets = before.as_deref().unwrap_or_default() == secrets;
        if is_same && has_same_secrets {
            // The folder was written anew by somebody who did not know of it.
            if is_gone {
                edit.write(self.directory()).map_err(failed)?;
            }
            return Ok(Outcome::Unchanged);
        }
        self.check_settled()?;
        if !is_same && !is_gone && !edit.is_safe(self.directory(), self.revisions()).map_err(failed)? {
            let words = format!("{} was edited by hand: take that back first", edit.file);
            return Err(No::conflict(words));
        }
        if !has_same_secrets {
            keep_secret(&beside, secrets).map_err(failed)?;
        }
        if is_same {
            if is_gone {
                edit.write(self.directory()).map_err(failed)?;
            }
            let number = self.about().number;
            self.publish(edge, loaded, number);
            info!(revision = number, "passwords that come from a directory have changed");
            return Ok(Outcome::Applied);
        }
        let base = self.directory().to_owned();
        let stood = edit.write(&base).map_err(failed)?;
        if let Err(no) = self.revise(edge, (written, loaded), wish, plan) {
            let undone = edit.undo(&base, stood.as_deref());
            let undone = undone.and_then(|()| keep_secret(&beside, before.as_deref().unwrap_or_default()));
            if let Err(fault) = undone {
                error!("{} holds what was not applied: {fault}", edit.file);
            }
            return Err(no);
        }
        Ok(Outcome::Applied)
    }
}

/// The file of a directory's documents, and that of what digests make of passwords.
fn names_of(source: &PeopleSource) -> (String, String) {
    (format!("{BY_DIRECTORY}/{}.toml", source.name), format!("{BY_DIRECTORY}/{}.ha1", source.name))
}

/// How many of so many may leave at once: one may, unless it is the last.
fn may_leave(known: usize, percent: u8) -> usize {
    match percent {
        100 => known,
        percent => (known * usize::from(percent)).div_ceil(100).min(known.saturating_sub(1)),
    }
}

/// Users whose documents a file holds.
fn names_in(documents: &Documents, file: &str) -> BTreeSet<String> {
    let is_here = |at: String| at.rsplit_once(':').is_some_and(|(name, _)| name == file);
    let here = documents.user.values().filter(|user| is_here(documents.location(user)));
    here.map(|user| user.name.to_string()).collect()
}

/// What the operator wrote, or another directory said, outweighs what this one says.
fn leave_to_documents(
    documents: &Documents,
    file: &str,
    people: &mut Vec<Person>,
    left_out: &mut Vec<LeftOut>,
) {
    let ours = names_in(documents, file);
    let (mut numbers, mut mobiles) = (BTreeMap::new(), BTreeMap::new());
    for user in documents.user.values().filter(|user| !ours.contains(&*user.name)) {
        let theirs = user.number.iter().chain(&user.private_number);
        numbers.extend(theirs.map(|number| (number.to_string(), user)));
        mobiles.extend(user.mobile.iter().map(|number| (number.to_string(), user)));
    }
    people.retain(|person| {
        let named = documents.user.get(&*person.name).filter(|_| !ours.contains(&person.name));
        let of_number =
            |number: &String| numbers.get(number).map(|user| (Code::OWNED_TWICE, number.clone(), *user));
        let of_mobile =
            |number: &String| mobiles.get(number).map(|user| (Code::OWNED_TWICE, number.clone(), *user));
        let taken = named.map(|user| (Code::TWICE, "the name".to_owned(), user));
        let taken = taken.or_else(|| person.number.iter().chain(&person.private_number).find_map(of_number));
        let Some((code, what, user)) = taken.or_else(|| person.mobile.iter().find_map(of_mobile)) else {
            return true;
        };
        let words = format!("{what} belongs to user {} at {} already", user.name, documents.location(user));
        left_out.push(LeftOut { entry: person.entry.clone(), code, words });
        false
    });
}

/// The users of a file whom problems are about: those that stand in it, and those elsewhere that point to it.
fn faulted(problems: &[Problem], file: &str, text: &str) -> BTreeMap<String, (Code, String)> {
    let names: Vec<Option<&str>> = text
        .lines()
        .scan(None, |name, line| {
            *name = line.strip_prefix("[user.").and_then(|rest| rest.strip_suffix(']')).or(*name);
            Some(*name)
        })
        .collect();
    let named = |line: usize| names.get(line.checked_sub(1)?).copied().flatten();
    let pointed = |problem: &Problem| {
        // Others are only like what is meant, such as a name that is nearly one of theirs.
        let problem = Some(problem).filter(|problem| problem.code == Code::OWNED_TWICE)?;
        let (_, rest) = problem.suggestion.as_deref()?.split_once(&format!("{file}:"))?;
        let digits = rest.split(|letter: char| !letter.is_ascii_digit()).next()?;
        named(digits.parse().ok()?)
    };
    let name_of = |problem: &Problem| match *problem.file == *file {
        true => named(problem.line),
        false => pointed(problem),
    };
    let found = problems
        .iter()
        .filter_map(|problem| Some((name_of(problem)?.to_owned(), (problem.code, problem.message.clone()))));
    found.collect()
}

fn in_words(source: &PeopleSource, settled: &Settled) -> String {
    let Settled { came, changed, left, .. } = settled;
    let (came, changed, left) = (came.len(), changed.len(), left.len());
    format!("directory {}: {came} came, {changed} changed, {left} left", source.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_may_always_leave_but_not_everybody() {
        assert_eq!(may_leave(0, 10), 0);
        assert_eq!(may_leave(1, 10), 0, "the last");
        assert_eq!(may_leave(2, 10), 1);
        assert_eq!(may_leave(10, 10), 1);
        assert_eq!(may_leave(11, 10), 2);
        assert_eq!(may_leave(1_000, 10), 100);
        assert_eq!(may_leave(1_000, 0), 0);
        assert_eq!(may_leave(1_000, 99), 990);
        assert_eq!(may_leave(3, 100), 3);
    }
}
