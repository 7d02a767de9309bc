//! Orbits: numbers that phones can dial and nobody else has, and people to call back.

use std::collections::BTreeMap;

use crate::documents::{Document, Documents};
use crate::fault::Fault;
use crate::forward::Target;
use crate::orbit::Orbit;
use crate::problem::{Code, Problem};
use crate::spot::Spot;

/// So long a call waits before somebody is called back, in seconds.
const RING_BACK_SECONDS: std::ops::RangeInclusive<u64> = 10..=3600;
const RING_BACKS: std::ops::RangeInclusive<u8> = 1..=20;

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for user in documents.user.values() {
        let extension = user.extension.as_ref().map(|extension| extension.value.clone());
        owners.extend(extension.map(|extension| (extension, format!("user \"{}\"", user.name))));
    }
    for emergency in documents.emergency.values() {
        owners.extend(emergency.dial.iter().map(|number| (number.clone(), "a call for help".to_owned())));
    }
    for orbit in documents.orbit.values() {
        problems.extend(numbers_problem(documents, orbit, &mut owners));
        problems.extend(code_problem(documents, orbit, &mut owners));
        problems.extend(times_problem(documents, orbit));
        let targets = orbit.ring_back_to.iter().chain(&orbit.fallback);
        let wrongs = targets.filter_map(|target| Some((target, target_fault(target)?)));
        problems.extend(wrongs.map(|(target, fault)| documents.problem_at(orbit, target, fault)));
    }
}

fn numbers_problem(
    documents: &Documents,
    orbit: &Document<Orbit>,
    owners: &mut BTreeMap<String, String>,
) -> Option<Problem> {
    let problem = |fault| Some(documents.problem_at(orbit, &orbit.numbers, fault));
    let Some(all) = orbit.all() else {
        let message = "no range of numbers that phones can dial";
        return problem(Fault::new(Code::ORBIT, message).suggest("such as [\"701\", \"709\"]"));
    };
    for number in all {
        let name = format!("orbit \"{}\"", orbit.name);
        if let Some(owner) = owners.insert(number.clone(), name) {
            return problem(Fault::new(Code::OWNED_TWICE, format!("{number} already is {owner}")));
        }
    }
    None
}

fn code_problem(
    documents: &Documents,
    orbit: &Document<Orbit>,
    owners: &mut BTreeMap<String, String>,
) -> Option<Problem> {
    let code = orbit.code.as_ref()?;
    let wrong = |message: String| {
        let fault = Fault::new(Code::FEATURE_CODE, message).suggest("such as \"*68\"");
        Some(documents.problem_at(orbit, code, fault))
    };
    let keys = code.strip_prefix(['*', '#']).unwrap_or_default();
    if keys.is_empty() || !keys.bytes().all(|byte| byte.is_ascii_digit() || b"*#".contains(&byte)) {
        return wrong(format!("\"{}\" is not * or # and further keys", code.value));
    }
    let system = &documents.system;
    let of_sites = documents.site.values().flat_map(|site| [&site.privacy_code, &site.show_code]);
    let mut hiding = [&system.privacy_code, &system.show_code].into_iter().chain(of_sites).flatten();
    if let Some(other) = hiding.find(|other| code.starts_with(other.as_str())) {
        return wrong(format!("\"{}\" begins with \"{}\", a code for privacy", code.value, other.value));
    }
    if documents.pickup_code() == Some(code.as_str()) {
        return wrong(format!("\"{}\" picks calls up", code.value));
    }
    let owner = owners.insert(code.value.clone(), format!("the code of orbit \"{}\"", orbit.name))?;
    wrong(format!("\"{}\" already is {owner}", code.value))
}

fn times_problem(documents: &Documents, orbit: &Document<Orbit>) -> Option<Problem> {
    if let Some(wait) = orbit.ring_back.as_ref().filter(|wait| !RING_BACK_SECONDS.contains(&wait.0.as_secs()))
    {
        let fault = Fault::new(Code::OUT_OF_RANGE, format!("nobody is called back after {}", wait.value));
        return Some(documents.problem_at(orbit, wait, fault.suggest("from \"10s\" to \"1h\"")));
    }
    let often = orbit.ring_backs.as_ref().filter(|often| !RING_BACKS.contains(&often.value))?;
    let fault = Fault::new(Code::OUT_OF_RANGE, format!("nobody is called back {} times", often.value));
    Some(documents.problem_at(orbit, often, fault.suggest("from 1 to 20")))
}

fn target_fault(target: &Spot<Target>) -> Option<Fault> {
    let Target { user, number, refuse } = &target.value;
    let is_one = user.is_some() != number.is_some() && refuse.is_none();
    let fault = || Fault::new(Code::CONTRADICTION, "one is called back, and not refused");
    (!is_one).then(|| fault().suggest("{ user = \"…\" } or { number = \"+…\" }"))
}
