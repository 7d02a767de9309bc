//! What the reading of a directory is held to.

use std::time;

use crate::directory::{Directory, LdapSeal, StartTls};
use crate::documents::{Document, Documents};
use crate::fault::Fault;
use crate::problem::{Code, Problem};

const LEAST: time::Duration = time::Duration::from_secs(10);
const MOST: time::Duration = time::Duration::from_secs(86_400);
const ENTRIES_MAX: u32 = 100_000;
const PAGE_MAX: u32 = 1_000;

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    for directory in documents.directory.values() {
        of_one(documents, directory, problems);
    }
}

fn of_one(documents: &Documents, directory: &Document<Directory>, problems: &mut Vec<Problem>) {
    let off = directory.start_tls.as_ref().filter(|start_tls| start_tls.value == StartTls::Off);
    if let Some(off) = off.filter(|_| directory.url.seal == LdapSeal::Later && !directory.url.is_here()) {
        let message = format!("people and the password would cross to {} in the clear", directory.url.host);
        let fault = Fault::new(Code::UNSEALED, message).suggest("leave start_tls out, or write ldaps://");
        problems.push(documents.problem_at(directory, off, fault));
    }
    match (&directory.bind, &directory.password) {
        (Some(bind), None) => {
            let fault = Fault::new(Code::MISSING_KEY, "whoever is bound as has a password");
            let fault = fault.suggest("password = { file = \"…\" }");
            problems.push(documents.problem_at(directory, bind, fault));
        }
        (None, Some(password)) => {
            let fault = Fault::new(Code::MISSING_KEY, "it is not said whose password this is");
            problems.push(documents.problem_at(directory, password, fault.suggest("bind = \"cn=…\"")));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    let leaves = |folder: &str| folder.starts_with('/') || folder.split('/').any(|part| part == "..");
    if let Some(folder) = directory.folder.as_ref().filter(|folder| leaves(folder)) {
        let fault = Fault::new(Code::DIRECTORY, "the folder lies outside the configuration's directory");
        let fault = fault.suggest("a folder beside the documents, such as \"passwords\"");
        problems.push(documents.problem_at(directory, folder, fault));
    }
    let range = |words: String| Fault::new(Code::OUT_OF_RANGE, words);
    if let Some(interval) = directory.interval.as_ref().filter(|one| !(LEAST..=MOST).contains(&one.0)) {
        let fault = range("interval is between 10s and 24h".into()).suggest("1h suits most houses");
        problems.push(documents.problem_at(directory, interval, fault));
    }
    if let Some(percent) = directory.leave_at_most.as_ref().filter(|percent| percent.value > 100) {
        let fault = range("of a hundred users no more than 100 leave".into());
        problems.push(documents.problem_at(directory, percent, fault));
    }
    for (figure, most, name) in
        [(&directory.entries, ENTRIES_MAX, "entries"), (&directory.page, PAGE_MAX, "page")]
    {
        if let Some(figure) = figure.as_ref().filter(|figure| !(1..=most).contains(&figure.value)) {
            problems.push(documents.problem_at(
                directory,
                figure,
                range(format!("{name} is between 1 and {most}")),
            ));
        }
    }
}
