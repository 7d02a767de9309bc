//! Codes for services: phones can dial them, none calls for help, and none is the beginning of another.

use crate::documents::Documents;
use crate::fault::Fault;
use crate::problem::{Code, Problem};

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    let Some(code) = documents.pickup_code() else { return };
    let Some(fault) = fault(documents, code) else { return };
    let system = &documents.system;
    let problem = match &system.pickup_code {
        Some(written) => documents.problem_at(system, written, fault),
        None => documents.problem(system, fault),
    };
    problems.push(problem);
}

fn fault(documents: &Documents, code: &str) -> Option<Fault> {
    let wrong = |message: String| {
        Some(Fault::new(Code::FEATURE_CODE, message).suggest("pickup_code = \"**\", or another one"))
    };
    let keys = code.strip_prefix(['*', '#']).unwrap_or_default();
    if keys.is_empty() || !keys.bytes().all(|byte| byte.is_ascii_digit() || b"*#".contains(&byte)) {
        return wrong(format!("\"{code}\" is not * or # and further keys"));
    }
    let mut urgent = documents.emergency.values().flat_map(|rule| rule.dial.iter());
    if let Some(help) = urgent.find(|number| number.starts_with(code)) {
        return wrong(format!("the pickup code \"{code}\" begins {help}, which calls for help"));
    }
    let system = &documents.system;
    let of_sites = documents.site.values().flat_map(|site| [&site.privacy_code, &site.show_code]);
    let mut others = [&system.privacy_code, &system.show_code].into_iter().chain(of_sites).flatten();
    let clashes = |other: &str| other.starts_with(code) || code.starts_with(other);
    let other = others.find(|other| clashes(other))?;
    wrong(format!("the pickup code \"{code}\" and \"{}\" begin alike", other.value))
}
