//! A far end answers with a 3xx: it is a forward of the user whose phone it is, or of whoever answers to a
//! number outside; to numbers and people that policy knows, never to a host.
//!
//! A phone goes as far as its user's rights; a trunk as far as those of whoever called it.

use std::sync::Arc;

use super::{Calling, Path, Reach, SENT_ON_MAX, Towards, sender, turn};
use crate::address::Dialled;
use crate::after::Begins;
use crate::call_plan::{AttemptPlan, Callee, PartyName, lead_on};
use crate::facts::Facts;
use crate::policy::{Policy, Trunk, User};
use crate::redirection::{Beside, Redirected, Redirection};
use crate::refusal::{Code, Refusal};
use crate::sent_on::Sender;
use crate::steps::identity::{self, Who};
use crate::steps::{Called, Caller, Line, Party, admit, attempt, code, emergency, normalise, place, screen};
use crate::trail::Trail;

const NAME: &str = "redirect";

/// So many places of one redirection are tried.
const PLACES_MAX: usize = 4;

/// Where a call goes on that a far end sends elsewhere.
pub fn redirected(
    policy: &Policy,
    facts: &Facts,
    redirection: &Redirection<'_>,
    trail: &mut Trail,
) -> Result<Redirected, Refusal> {
    // What is said here was said when the call was planned.
    let mut before = Trail::new();
    let dialled = Dialled::of(&facts.request_uri);
    let (caller, standing) = screen::screen(policy, facts, dialled.as_ref(), &mut before);
    standing?;
    let (_, wish) = code::taken(policy, &caller, dialled, &mut before);
    let speaker = place::speaker(policy, facts, &caller);
    let who = Who::calls(policy, facts, &caller, wish, &mut before)?;
    let calling = Calling { policy, caller: &caller, speaker: &speaker };
    let redirecting = Redirecting::new(calling, &who, redirection)?;
    let mut reach = Reach { calling, attempts: Vec::new() };
    let (mut first, mut refused) = (None, None);
    for uri in redirection.to.iter().take(PLACES_MAX) {
        let start = reach.attempts.len();
        match redirecting.go(&mut reach, uri, trail) {
            Ok(number) => {
                lead_on(&mut reach.attempts[..start], 0, start);
                first = first.or(Some(number));
            }
            Err(refusal) => {
                reach.attempts.truncate(start);
                trail.note(NAME, "left out", format!("{uri}: {}", refusal.words));
                refused = refused.or(Some(refusal));
            }
        }
    }
    let nowhere = || Refusal::new(Code::NOT_REDIRECTED, "it names no place to go to");
    let Some(number) = first else { return Err(refused.unwrap_or_else(nowhere)) };
    let rings_along = reach.attempts.iter().any(|attempt| attempt.begins == Begins::Along);
    let taken_once = if rings_along { admit::of_caller(&caller) } else { Vec::new() };
    Ok(Redirected { attempts: reach.attempts, number, taken_once })
}

/// Who redirects, and in whose name.
struct Redirecting<'a, 'p> {
    /// As they dial and write numbers.
    from: Caller<'p>,
    /// By whose rights and routes.
    sender: Caller<'p>,
    /// As somebody inside, and as a trunk sees the caller now.
    inside: Who<'a>,
    outside: Who<'a>,
    by: Vec<&'p Arc<User>>,
    beside: Beside,
}

impl<'a, 'p> Redirecting<'a, 'p> {
    fn new(calling: Calling<'_, 'p>, who: &Who<'a>, redirection: &Redirection<'_>) -> Result<Self, Refusal> {
        let Calling { policy, caller, .. } = calling;
        let attempt = redirection.by;
        let mut by = identity::senders(policy, who, caller);
        let mut who = who.clone();
        for sent in &attempt.sent_on {
            match &sent.by {
                Sender::Number(number) => {
                    who = who.sent_on_by_number(policy, number, sent.reason.clone());
                }
                Sender::User(name) => {
                    let user = known(policy, name)?;
                    who = who.sent_on_inside(policy, user, sent.reason.clone());
                    by.push(user);
                }
            }
        }
        if who.sent_on.len() >= SENT_ON_MAX {
            return Err(Refusal::new(Code::GOES_ROUND, "it was sent on too often before"));
        }
        let (reason, beside) = (redirection.reason.clone(), redirection.beside);
        match &attempt.callee {
            Callee::User(name) => {
                let user = known(policy, name)?;
                by.push(user);
                let inside = who.sent_on_inside(policy, user, reason.clone());
                let outside = who.sent_on_outside(policy, user, reason);
                Ok(Redirecting { from: sender(user), sender: sender(user), inside, outside, by, beside })
            }
            Callee::Trunk(name) => {
                let gone =
                    || Refusal::new(Code::NOT_REDIRECTED, format!("there is no trunk {name} any more"));
                let trunk = policy.trunks.get(name).ok_or_else(gone)?;
                let number = attempt.connected.number.clone().unwrap_or_else(|| name.clone());
                let inside = who.sent_on_by_number(policy, &number, reason.clone());
                let last = attempt.sent_on.iter().rev().find_map(|sent| match &sent.by {
                    Sender::User(name) => policy.users.get(name),
                    Sender::Number(_) => None,
                });
                let outside = match (last, attempt.sent_on.last()) {
                    (Some(user), Some(sent)) => {
                        let vouched = who.sent_on_outside(policy, user, sent.reason.clone());
                        Who { asserted: vouched.asserted, standing: vouched.standing, ..inside.clone() }
                    }
                    _ => inside.clone(),
                };
                let sender = last.map_or_else(|| again(caller), sender);
                Ok(Redirecting { from: of_trunk(trunk), sender, inside, outside, by, beside })
            }
        }
    }

    /// The attempts to reach one place; whom it names.
    fn go(&self, reach: &mut Reach<'_, 'p>, uri: &str, trail: &mut Trail) -> Result<Arc<str>, Refusal> {
        let policy = reach.calling.policy;
        let facts = self.inside.facts;
        trail.note(NAME, "yes", format!("sent on to {uri}, as a call of {}", self.sender.name));
        let unreadable = || Refusal::new(Code::UNREADABLE, "it names nobody");
        let dialled = Dialled::of(uri).ok_or_else(unreadable)?;
        if emergency::sounds_urgent(policy, uri) {
            return Err(Refusal::new(Code::NOT_REDIRECTED, "nobody is sent on to where help is called"));
        }
        let called = normalise::normalise(policy, &self.from, &dialled, trail)?;
        let called = Called { line: Line::Usual, ..called };
        let is_one = |sent: &Sender| matches!(sent, Sender::Number(number) if *number == called.text);
        if self.inside.sent_on.iter().any(|sent| is_one(&sent.by)) {
            return Err(Refusal::new(Code::GOES_ROUND, "it leads back to where it was sent on"));
        }
        let number = called.text.clone();
        match reach.lead(&self.sender, called, facts.at, trail)? {
            Towards::User(called, user) => {
                let path = Path { who: &self.inside, by: self.by.clone() };
                if path.has(user) {
                    return Err(reach.goes_round(user, &path, trail));
                }
                match self.beside {
                    Beside::Nobody => drop(reach.user(&called, user, &path, trail)?),
                    Beside::Others => {
                        let chain = self.phones(reach, &called, user, trail)?;
                        in_turn(reach, chain);
                    }
                }
            }
            Towards::Outside(called, routes) => {
                let chain = reach.outside(&self.outside, &self.sender, &called, &routes, trail)?;
                match self.beside {
                    Beside::Nobody => reach.attempts.extend(chain),
                    Beside::Others => in_turn(reach, chain),
                }
            }
        }
        Ok(number)
    }

    /// The phones of somebody who is rung in the place of one of several: their own forwards don't count.
    fn phones(
        &self,
        reach: &Reach<'_, 'p>,
        called: &Called<'p>,
        user: &'p Arc<User>,
        trail: &mut Trail,
    ) -> Result<Vec<AttemptPlan>, Refusal> {
        let Calling { policy, caller, speaker } = reach.calling;
        if user.do_not_disturb {
            let words = format!("{} does not want to be disturbed", user.name);
            return Err(Refusal::new(Code::DO_NOT_DISTURB, words));
        }
        turn::is_free(user, self.inside.facts, trail)?;
        let ringing = place::ringing(policy, self.inside.facts, speaker, user, trail)?;
        attempt::to_user(policy, &self.inside, caller, called, &ringing)
    }
}

/// One in the place of the other, while others ring.
fn in_turn(reach: &mut Reach<'_, '_>, chain: Vec<AttemptPlan>) {
    for attempt in chain {
        let at = reach.attempts.len();
        if let Some(before) = reach.attempts.last_mut() {
            before.instead = Some(at);
        }
        reach.attempts.push(AttemptPlan { begins: Begins::Instead, ..attempt });
    }
}

fn known<'p>(policy: &'p Policy, name: &Arc<str>) -> Result<&'p Arc<User>, Refusal> {
    let gone = || Refusal::new(Code::NOT_REDIRECTED, format!("there is no user {name} any more"));
    policy.users.get(name).ok_or_else(gone)
}

fn of_trunk(trunk: &Arc<Trunk>) -> Caller<'_> {
    let site = trunk.site.as_ref();
    let name = PartyName(trunk.name.clone());
    Caller { party: Party::Trunk(trunk), site, here: site, name, is_in_from: false }
}

fn again<'p>(caller: &Caller<'p>) -> Caller<'p> {
    Caller { name: caller.name.clone(), ..*caller }
}
