//! Picking up a call that rings at somebody else: by a code alone, of the own pickup group; by the code and
//! an extension, of whoever has that.

use std::sync::Arc;
use std::time::Duration;

use model::MediaPath;

use crate::address::Dialled;
use crate::call_plan::{AttemptPlan, CallPlan, Callee, Direction, MediaPlan, PartyName, Service};
use crate::policy::{Policy, User};
use crate::refusal::{Code, Refusal};
use crate::steps::{Caller, Party, identity, leg, media, short};
use crate::trail::Trail;

const NAME: &str = "pickup";

/// What becomes of a code for picking up. Nothing: something else was dialled.
pub(crate) fn pickup(
    policy: &Policy,
    caller: &Caller<'_>,
    dialled: &Dialled,
    trail: &mut Trail,
) -> Option<Result<CallPlan, Refusal>> {
    let (Party::User(picker), Dialled::Digits { digits, .. }) = (caller.party, dialled) else { return None };
    let code = policy.pickup_code.as_deref()?;
    let rest = digits.strip_prefix(code)?;
    let of = match rest.is_empty() {
        true => of_group(policy, picker),
        false => of_one(policy, caller, picker, rest),
    };
    Some(match of {
        Ok(users) => {
            let names = users.join(", ");
            let says = format!("{code}: the call that has rung for longest at one of: {names}");
            trail.note(NAME, "ok", says).at(&picker.at);
            Ok(plan(policy, caller, picker, (digits, Service::PickUp(users))))
        }
        Err(refusal) => {
            trail.note(NAME, "refused", refusal.words.clone()).at(&picker.at);
            Err(refusal)
        }
    })
}

fn of_group(policy: &Policy, picker: &User) -> Result<Vec<Arc<str>>, Refusal> {
    let Some(group) = &picker.pickup_group else {
        return Err(Refusal::new(Code::NO_PICKUP, format!("{} is in no pickup group", picker.name)));
    };
    let is_other = |user: &&Arc<User>| user.pickup_group.as_ref() == Some(group) && user.name != picker.name;
    let others: Vec<Arc<str>> =
        policy.users.values().filter(is_other).map(|user| user.name.clone()).collect();
    match others.is_empty() {
        true => Err(Refusal::new(Code::NO_PICKUP, format!("nobody else is in the pickup group {group}"))),
        false => Ok(others),
    }
}

fn of_one(policy: &Policy, caller: &Caller<'_>, picker: &User, rest: &str) -> Result<Vec<Arc<str>>, Refusal> {
    let Some(user) = short::user_of(policy, caller, rest) else {
        let words = format!("\"{rest}\" behind the pickup code is nobody's number, extension or name");
        return Err(Refusal::new(Code::UNASSIGNED, words));
    };
    may_pick_up(policy, &picker.name, &user.name)?;
    Ok(vec![user.name.clone()])
}

/// Whether one user may pick up calls that ring at another one, or at another phone of their own.
pub fn may_pick_up(policy: &Policy, picker: &str, of: &str) -> Result<(), Refusal> {
    if policy.lets_pick_up(picker, of) {
        return Ok(());
    }
    Err(Refusal::new(Code::NO_PICKUP, format!("{picker} and {of} are not in one pickup group")))
}

/// A user of ours who takes a call over: as if the call had reached them.
pub fn taker(policy: &Policy, name: &str) -> Option<AttemptPlan> {
    let user = policy.users.get(name)?;
    let caller = Caller {
        party: Party::User(user),
        site: user.site.as_ref(),
        here: None,
        name: PartyName(user.name.clone()),
        is_in_from: false,
    };
    Some(attempt(policy, &caller, user))
}

pub(super) fn plan(
    policy: &Policy,
    caller: &Caller<'_>,
    user: &Arc<User>,
    (dialled, service): (&str, Service),
) -> CallPlan {
    CallPlan {
        direction: Direction::Internal,
        emergency: false,
        calling: caller.name.clone(),
        caller: identity::of_user(user),
        called: dialled.into(),
        leg: leg::of_person(policy, caller),
        credentials: None,
        route: None,
        attempts: vec![attempt(policy, caller, user)],
        set_up_max: Duration::ZERO,
        taken_once: Vec::new(),
        priority: None,
        service: Some(service),
        is_private: false,
        is_callback: false,
    }
}

fn attempt(policy: &Policy, caller: &Caller<'_>, user: &Arc<User>) -> AttemptPlan {
    let media = media::towards_user(policy, caller, user);
    let media = MediaPlan { path: MediaPath::Anchored, ..media };
    let leg = leg::of_user(policy, user);
    AttemptPlan::to_nobody(Callee::User(user.name.clone()), identity::of_user(user), (media, leg))
}
