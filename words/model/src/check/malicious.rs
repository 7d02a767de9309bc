//! The code that marks calls: phones can dial it, it calls no help, and no other code begins like it.

use crate::documents::Documents;
use crate::fault::Fault;
use crate::problem::{Code, Problem};

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    let system = &documents.system;
    let Some(code) = &system.malicious_code else { return };
    if let Some(fault) = fault(documents, code) {
        problems.push(documents.problem_at(system, code, fault.suggest("malicious_code = \"*57\"")));
    }
}

fn fault(documents: &Documents, code: &str) -> Option<Fault> {
    let wrong = |message: String| Some(Fault::new(Code::FEATURE_CODE, message));
    let keys = code.strip_prefix(['*', '#']).unwrap_or_default();
    if keys.is_empty() || !keys.bytes().all(|byte| byte.is_ascii_digit() || b"*#".contains(&byte)) {
        return wrong(format!("\"{code}\" is not * or # and further keys"));
    }
    let mut urgent = documents.emergency.values().flat_map(|rule| rule.dial.iter());
    if urgent.any(|number| number == code) {
        return wrong(format!("\"{code}\" calls for help"));
    }
    let system = &documents.system;
    let of_sites = documents.site.values().flat_map(|site| [&site.privacy_code, &site.show_code]);
    let written = [&system.privacy_code, &system.show_code].into_iter().chain(of_sites).flatten();
    let mut others = written.map(|other| other.as_str()).chain(documents.pickup_code());
    let other = others.find(|other| code.starts_with(other))?;
    wrong(format!("\"{code}\" begins with \"{other}\", which is another code"))
}
