//! Consoles: a name that nobody else has, and users, each once.

use std::collections::BTreeSet;

use crate::console::Console;
use crate::documents::{Document, Documents};
use crate::fault::Fault;
use crate::problem::{Code, Problem};

const USERS_MAX: usize = 500;

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    for console in documents.console.values() {
        problems.extend(name_problem(documents, console));
        problems.extend(users_problem(documents, console));
    }
}

fn name_problem(documents: &Documents, console: &Document<Console>) -> Option<Problem> {
    let is_its = |extension: &String| **extension == *console.name;
    let owner = documents.user.values().find(|user| {
        user.name == console.name || user.extension.as_ref().is_some_and(|extension| is_its(extension))
    })?;
    let message = format!("\"{}\" already is user \"{}\"", console.name, owner.name);
    Some(documents.problem(console, Fault::new(Code::OWNED_TWICE, message).suggest("another name")))
}

fn users_problem(documents: &Documents, console: &Document<Console>) -> Option<Problem> {
    if console.users.is_empty() || console.users.len() > USERS_MAX {
        let message = format!("a console shows 1 to {USERS_MAX} users, not {}", console.users.len());
        let fault = Fault::new(Code::OUT_OF_RANGE, message).suggest("users = [\"…\"]");
        return Some(documents.problem(console, fault));
    }
    let mut shown = BTreeSet::new();
    let twice = console.users.iter().find(|user| !shown.insert(user.as_str()))?;
    let fault = Fault::new(Code::CONTRADICTION, format!("\"{}\" is shown twice", twice.value));
    Some(documents.problem_at(console, twice, fault.suggest("name each user once")))
}
