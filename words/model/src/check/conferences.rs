//! Conferences: names, extensions and numbers that nobody else has.

use crate::conference::Conference;
use crate::documents::{Document, Documents};
use crate::fault::Fault;
use crate::problem::{Code, Problem};

/// What is more than a meeting of one.
const LIMIT_MIN: u16 = 2;

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    for conference in documents.conference.values() {
        problems.extend(name_problem(documents, conference));
        problems.extend(extension_problem(documents, conference));
        problems.extend(number_problem(documents, conference));
        problems.extend(limit_problem(documents, conference));
    }
}

fn name_problem(documents: &Documents, conference: &Document<Conference>) -> Option<Problem> {
    let owner = owner_of(documents, conference, &conference.name)?;
    let message = format!("\"{}\" already is {owner}", conference.name);
    Some(documents.problem(conference, Fault::new(Code::OWNED_TWICE, message).suggest("another name")))
}

fn extension_problem(documents: &Documents, conference: &Document<Conference>) -> Option<Problem> {
    let extension = conference.extension.as_ref()?;
    let digits = extension.strip_prefix(['*', '#']).unwrap_or(extension);
    let is_dialled = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_dialled || extension.len() > 9 {
        let message = format!("\"{}\" is nothing that is dialled inside", extension.value);
        let fault = Fault::new(Code::FEATURE_CODE, message).suggest("such as \"8001\"");
        return Some(documents.problem_at(conference, extension, fault));
    }
    let owner = owner_of(documents, conference, extension)?;
    let fault = Fault::new(Code::OWNED_TWICE, format!("{} already is {owner}", extension.value));
    Some(documents.problem_at(conference, extension, fault))
}

fn number_problem(documents: &Documents, conference: &Document<Conference>) -> Option<Problem> {
    let number = conference.number.as_ref()?;
    let of_user = documents.user.values().find(|user| {
        [&user.number, &user.private_number].into_iter().flatten().any(|own| own.value == number.value)
    });
    let is_other = |other: &&Document<Conference>| {
        other.name < conference.name && other.number.as_ref().is_some_and(|other| other.value == number.value)
    };
    let owner = of_user.map(|user| format!("user \"{}\"", user.name)).or_else(|| {
        let other = documents.conference.values().find(is_other)?;
        Some(format!("conference \"{}\"", other.name))
    })?;
    let fault = Fault::new(Code::OWNED_TWICE, format!("{} already is {owner}", number.value));
    Some(documents.problem_at(conference, number, fault))
}

fn limit_problem(documents: &Documents, conference: &Document<Conference>) -> Option<Problem> {
    let limit = conference.limit.as_ref()?;
    let most = Conference::LIMIT_MAX;
    if (LIMIT_MIN..=most).contains(&limit.value) {
        return None;
    }
    let fault = Fault::new(Code::OUT_OF_RANGE, format!("no conference is for {}", limit.value));
    Some(documents.problem_at(conference, limit, fault.suggest(format!("from {LIMIT_MIN} to {most}"))))
}

/// Who else is reached by what is dialled for a conference; of two conferences the later one is told.
fn owner_of(documents: &Documents, conference: &Document<Conference>, dialled: &str) -> Option<String> {
    if documents.emergency.values().any(|emergency| emergency.dial.iter().any(|dial| dial == dialled)) {
        return Some("a call for help".to_owned());
    }
    let user = documents.user.values().find(|user| {
        *user.name == *dialled || user.extension.as_ref().is_some_and(|own| own.as_str() == dialled)
    });
    if let Some(user) = user {
        return Some(format!("user \"{}\"", user.name));
    }
    let orbit = documents.orbit.values().find(|orbit| {
        let has_number = orbit.all().unwrap_or_default().iter().any(|number| number == dialled);
        has_number || orbit.code.as_ref().is_some_and(|code| code.as_str() == dialled)
    });
    if let Some(orbit) = orbit {
        return Some(format!("orbit \"{}\"", orbit.name));
    }
    if documents.console.contains_key(dialled) {
        return Some(format!("console \"{dialled}\""));
    }
    let other = documents.conference.values().filter(|other| other.name < conference.name).find(|other| {
        *other.name == *dialled || other.extension.as_ref().is_some_and(|own| own.as_str() == dialled)
    })?;
    Some(format!("conference \"{}\"", other.name))
}
