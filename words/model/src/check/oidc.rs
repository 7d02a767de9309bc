//! What the believing of an identity provider is held to.

use std::time;

use crate::documents::Documents;
use crate::fault::Fault;
use crate::problem::{Code, Problem};
use crate::role::Role;

/// Clocks that are further apart are wrong, and a token would outlive its end by as much.
const LEEWAY_MAX: time::Duration = time::Duration::from_secs(300);

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    let system = &documents.system;
    let Some(oidc) = &system.oidc else { return };
    let wrong = |message: &str| Fault::new(Code::OIDC, message);
    let clients = oidc.client.iter().chain(&oidc.parties).chain([&oidc.audience]);
    if let Some(empty) = clients.chain(&oidc.claim).find(|text| text.trim().is_empty()) {
        let fault = wrong("nothing is named here").suggest("the name that the provider knows it by");
        problems.push(documents.problem_at(system, empty, fault));
    }
    let all = || Role::ALL.into_iter().flat_map(|role| oidc.roles.values(role));
    if all().next().is_none() {
        let fault = wrong("nobody who signs in would have a role");
        let fault = fault.suggest("such as roles = { admin = [\"telephony-admins\"] }");
        problems.push(documents.problem_at(system, &oidc.roles, fault));
    } else if all().any(|value| value.trim().is_empty()) {
        let fault = wrong("whoever has a claim without a word would have a role");
        problems.push(documents.problem_at(system, &oidc.roles, fault.suggest("name a group or a role")));
    }
    let is_word = |scope: &str| {
        !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
    };
    // RFC 6749 3.3
    if let Some(scope) = oidc.scopes.iter().find(|scope| !is_word(scope)) {
        let fault = wrong("a scope is one word").suggest("scopes = [\"profile\", \"offline_access\"]");
        problems.push(documents.problem_at(system, scope, fault));
    }
    if let Some(leeway) = oidc.leeway.as_ref().filter(|leeway| leeway.0 > LEEWAY_MAX) {
        let fault = Fault::new(Code::OUT_OF_RANGE, "clocks may be five minutes apart at most");
        problems.push(documents.problem_at(system, leeway, fault.suggest("30s suits most houses")));
    }
}
