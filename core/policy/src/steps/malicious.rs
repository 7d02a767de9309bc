//! Marking the call at hand, or the last one, as malicious: by a code, and by those who may.

use model::MarkMalicious;

use crate::address::Dialled;
use crate::call_plan::{CallPlan, Service};
use crate::policy::Policy;
use crate::refusal::{Code, Refusal};
use crate::steps::{Caller, Party, pickup};
use crate::trail::Trail;

const NAME: &str = "malicious";

/// What becomes of the code that marks. Nothing: something else was dialled.
pub(crate) fn mark(
    policy: &Policy,
    caller: &Caller<'_>,
    dialled: &Dialled,
    trail: &mut Trail,
) -> Option<Result<CallPlan, Refusal>> {
    let (Party::User(user), Dialled::Digits { digits, .. }) = (caller.party, dialled) else { return None };
    policy.malicious_code.as_deref().filter(|code| *code == digits)?;
    if user.mark_malicious == MarkMalicious::Refused {
        let words = format!("mark_malicious of {} is not \"allowed\"", user.name);
        trail.note(NAME, "refused", words.clone()).at(&user.at);
        return Some(Err(Refusal::new(Code::NO_MARK, words)));
    }
    let says = format!("the call that {} is in, or the last that reached them, is marked", user.name);
    trail.note(NAME, "ok", says).at(&user.at);
    Some(Ok(pickup::plan(policy, caller, user, (digits, Service::Mark))))
}
