//! Forwards: each leads somewhere, and to one place.

use std::time::Duration;

use crate::documents::{Document, Documents};
use crate::fault::Fault;
use crate::forward::Target;
use crate::problem::{Code, Problem};
use crate::spot::Spot;
use crate::user::User;

/// So long may phones ring before somebody else is tried, in seconds.
const AFTER_SECONDS: std::ops::RangeInclusive<u64> = 5..=120;

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    for user in documents.user.values() {
        of_user(documents, user, problems);
    }
}

fn of_user(documents: &Documents, user: &Document<User>, problems: &mut Vec<Problem>) {
    let forward = &user.forward;
    let conditional = [&forward.busy, &forward.no_answer, &forward.unreachable].into_iter().flatten();
    let may_refuse = forward.always.iter().map(|target| (target, Refusing::Allowed));
    let targets = may_refuse.chain(conditional.chain(&user.also).map(|target| (target, Refusing::Pointless)));
    for (target, refusing) in targets {
        let fault = of_target(user, target, refusing);
        problems.extend(fault.map(|fault| documents.problem_at(user, target, fault)));
    }
    if let Some(most) = user.max_calls.as_ref().filter(|most| most.value == 0) {
        let fault = Fault::new(Code::OUT_OF_RANGE, "whoever may have no call is always busy");
        let fault = fault.suggest("1 or more, or forward = { always = { refuse = 486 } }");
        problems.push(documents.problem_at(user, most, fault));
    }
    let escape = user.voicemail_escape.as_ref();
    if let Some(escape) = escape.filter(|escape| escape.0 > ESCAPE_MAX) {
        let fault = Fault::new(Code::OUT_OF_RANGE, format!("people answer within {}", escape.value));
        problems.push(documents.problem_at(user, escape, fault.suggest("1500ms; 8s at most")));
    }
    if let Some(after) = forward.after.as_ref().filter(|after| !AFTER_SECONDS.contains(&after.0.as_secs())) {
        let fault = Fault::new(Code::OUT_OF_RANGE, format!("no phone rings for {}", after.value));
        problems.push(documents.problem_at(user, after, fault.suggest("from \"5s\" to \"120s\"")));
    }
}

/// A mailbox that answers later can't be told from a person.
const ESCAPE_MAX: Duration = Duration::from_secs(8);

/// Whether a refusal makes a difference.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refusing {
    Allowed,
    /// Whoever is not forwarded is refused anyway.
    Pointless,
}

fn of_target(user: &Document<User>, target: &Spot<Target>, refusing: Refusing) -> Option<Fault> {
    let Target { user: to, number, refuse } = &target.value;
    let keys = usize::from(to.is_some()) + usize::from(number.is_some()) + usize::from(refuse.is_some());
    if keys != 1 {
        let fault = Fault::new(Code::CONTRADICTION, "a call is sent to one place");
        return Some(fault.suggest("{ user = \"…\" } or { number = \"+…\" }"));
    }
    if let Some(status) = refuse {
        if refusing == Refusing::Pointless {
            let fault = Fault::new(Code::CONTRADICTION, "who is not forwarded is refused anyway");
            return Some(fault.suggest("leave it out; refuse belongs to always"));
        }
        if !(400..=699).contains(&status.value) {
            let fault = Fault::new(Code::OUT_OF_RANGE, format!("nothing is refused with {}", status.value));
            return Some(fault.suggest("480 or 603"));
        }
    }
    let own = [&user.number, &user.private_number].into_iter().flatten();
    let is_own = to.as_ref().is_some_and(|to| *to.value == *user.name)
        || number.as_ref().is_some_and(|number| own.into_iter().any(|own| own.value == number.value));
    is_own.then(|| {
        let message = format!("calls of \"{}\" are sent to \"{}\"", user.name, user.name);
        Fault::new(Code::CONTRADICTION, message).suggest("name somebody else, or leave it out")
    })
}
