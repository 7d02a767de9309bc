//! Who rings when somebody is called, and who is tried when that comes to nothing.
//!
//! Phones, and whatever rings along with them; then the forward for what became of it. A forward is a call of
//! whoever forwards: their rights, their routes; the far end is told who called first, and who sent it on.
//! Calls for help never come here.

mod phone;
mod redirect;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use model::{AnonymousCalls, RingOrder};

use crate::after::{Begins, Exit, Next, Unreached};
use crate::call_plan::{AttemptPlan, PartyName};
use crate::facts::WallTime;
use crate::forward::Target;
use crate::history::Reason;
use crate::policy::{Policy, Route, User};
use crate::refusal::{Code, Refusal};
use crate::steps::identity::{self, Who};
use crate::steps::place::{self, Speaker};
use crate::steps::route::{self, Goal};
use crate::steps::seed::Seed;
use crate::steps::trunks::Asked;
use crate::steps::{Called, Caller, Line, Party, attempt, choose, classify, rights};
use crate::trail::Trail;

pub use redirect::redirected;

const NAME: &str = "forward";

/// So often a call is sent on.
const SENT_ON_MAX: usize = 5;

/// More attempts than a caller would wait for.
const ATTEMPTS_MAX: usize = 48;

/// So many ring at the same time; further ones when these have come to nothing.
const ALONG_MAX: usize = 8;

const RING_MAX: Duration = Duration::from_secs(120);
const RING_MAX_OF_SEVERAL: Duration = Duration::from_secs(30);
const RING_MAX_BEFORE_FORWARD: Duration = Duration::from_secs(20);

/// Who calls, from where.
#[derive(Clone, Copy)]
pub(crate) struct Calling<'a, 'p> {
    pub policy: &'p Policy,
    pub caller: &'a Caller<'p>,
    pub speaker: &'a Speaker<'p>,
}

/// Who sent a call on, the first of them first, and whom the next one sees.
struct Path<'w, 'p> {
    who: &'w Who<'w>,
    by: Vec<&'p Arc<User>>,
}

/// An attempt that rings along, and what takes its place.
type Chain = Vec<AttemptPlan>;

struct Reach<'a, 'p> {
    calling: Calling<'a, 'p>,
    attempts: Vec<AttemptPlan>,
}

/// The attempts to reach a user.
pub(crate) fn user<'p>(
    calling: Calling<'_, 'p>,
    who: &Who<'_>,
    called: &Called<'p>,
    user: &'p Arc<User>,
    trail: &mut Trail,
) -> Result<Vec<AttemptPlan>, Refusal> {
    let by = identity::senders(calling.policy, who, calling.caller);
    let mut reach = Reach { calling, attempts: Vec::new() };
    reach.user(called, user, &Path { who, by }, trail)?;
    Ok(reach.attempts)
}

/// The attempts to reach a user at their own phones: nothing rings along, and nothing is sent on.
pub(crate) fn own_phones<'p>(
    calling: Calling<'_, 'p>,
    who: &Who<'_>,
    user: &'p Arc<User>,
    wish: Disturbing,
    trail: &mut Trail,
) -> Result<Vec<AttemptPlan>, Refusal> {
    let Calling { policy, caller, speaker } = calling;
    if wish == Disturbing::IfTheyLike {
        if user.do_not_disturb {
            let words = format!("{} does not want to be disturbed", user.name);
            trail.note("disturb", "no", words.clone()).at(&user.at);
            return Err(Refusal::new(Code::DO_NOT_DISTURB, words));
        }
        turn::is_free(user, who.facts, trail)?;
    }
    let ringing = place::ringing(policy, who.facts, speaker, user, trail)?;
    let own = attempt::to_user(policy, who, caller, &Called::inside(user), &ringing)?;
    let own = own.into_iter().map(|attempt| vec![attempt]);
    let groups: Vec<Vec<Chain>> = match user.ring {
        RingOrder::Together => vec![own.collect()],
        RingOrder::InTurn | RingOrder::RoundRobin | RingOrder::LongestIdle => {
            own.map(|chain| vec![chain]).collect()
        }
    };
    let mut reach = Reach { calling, attempts: Vec::new() };
    let stages = reach.begin(groups, RING_MAX_OF_SEVERAL);
    reach.go_on(&stages, &[], AfterBusy::Forward);
    Ok(reach.attempts)
}

/// Whether a user is rung who does not want to be disturbed, or has as many calls as they may.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disturbing {
    IfTheyLike,
    Anyway,
}

impl<'p> Reach<'_, 'p> {
    /// The index of the first attempt to reach a user.
    fn user(
        &mut self,
        called: &Called<'p>,
        user: &'p Arc<User>,
        path: &Path<'_, 'p>,
        trail: &mut Trail,
    ) -> Result<usize, Refusal> {
        let is_callback = is_called_back(called, user);
        if user.anonymous_calls == AnonymousCalls::Refused && path.who.privacy.is_hidden && !is_callback {
            let words = format!("{} takes no calls of people who hide who they are", user.name);
            trail.note("anonymous", "refused", words.clone()).at(&user.at);
            return Err(Refusal::new(Code::ANONYMOUS, words));
        }
        if is_callback {
            if let Some(gruu) = &called.phone {
                return self.phone(called, (user, gruu), path, trail);
            }
        } else if is_private(called, user) {
            let says = format!("the private line of {}: it rings, and is not sent on", user.name);
            trail.note("line", "private", says).at(&user.at);
        } else if user.do_not_disturb {
            let words = format!("{} does not want to be disturbed", user.name);
            trail.note("disturb", "no", words.clone()).at(&user.at);
            return match &user.forward.busy {
                Some(target) if called.phone.is_none() => {
                    self.send_on(user, (target, Reason::DoNotDisturb), path, trail)
                }
                _ => Err(Refusal::new(Code::DO_NOT_DISTURB, words)),
            };
        } else if let Some(gruu) = &called.phone {
            turn::is_free(user, path.who.facts, trail)?;
            return self.phone(called, (user, gruu), path, trail);
        } else if let Some(target) = &user.forward.always {
            return self.send_on(user, (target, Reason::Unconditional), path, trail);
        } else if let Err(refusal) = turn::is_free(user, path.who.facts, trail) {
            return match &user.forward.busy {
                Some(target) => self.send_on(user, (target, Reason::UserBusy), path, trail),
                None => Err(refusal),
            };
        }
        self.ring(called, user, path, trail)
    }

    /// The user's phones and whatever rings along; then the forwards.
    fn ring(
        &mut self,
        called: &Called<'p>,
        user: &'p Arc<User>,
        path: &Path<'_, 'p>,
        trail: &mut Trail,
    ) -> Result<usize, Refusal> {
        let Calling { policy, caller, speaker } = self.calling;
        let ringing = place::ringing(policy, path.who.facts, speaker, user, trail)?;
        let is_callback = is_called_back(called, user);
        let is_plain = is_private(called, user) || ringing.user.name != user.name;
        let own = attempt::to_user(policy, path.who, caller, called, &ringing);
        let along = if is_plain { Vec::new() } else { self.along(user, path, trail) };
        let first = self.attempts.len();
        let own = match own {
            Ok(own) => own,
            Err(_) if !along.is_empty() => Vec::new(),
            Err(refusal) => {
                let forward = user.forward.unreachable.as_ref().filter(|_| !is_plain && !is_callback);
                return match forward {
                    Some(target) => self.send_on(user, (target, Reason::Unavailable), path, trail),
                    None => Err(refusal),
                };
            }
        };
        let after_busy = if own.is_empty() { AfterBusy::Next } else { AfterBusy::Forward };
        let own = own.into_iter().map(|attempt| vec![attempt]);
        let groups: Vec<Vec<Chain>> = match user.ring {
            RingOrder::Together => vec![own.chain(along.into_iter().flatten()).collect()],
            RingOrder::InTurn | RingOrder::RoundRobin | RingOrder::LongestIdle => {
                own.map(|chain| vec![chain]).chain(along).collect()
            }
        };
        let ring_max = if is_callback { RING_MAX } else { ring_max(user, groups.len()) };
        let stages = self.begin(groups, ring_max);
        let has_forward = !is_plain && !is_callback && user.forward.is_conditional();
        if !has_forward && path.is_first() && stages.len() == 1 {
            return Ok(first);
        }
        let exits = if has_forward { self.forwards(user, path, trail) } else { Vec::new() };
        self.go_on(&stages, &exits, after_busy);
        Ok(first)
    }

    /// Adds attempts: those of a group begin together, so many at a time; the first of each time.
    fn begin(&mut self, groups: Vec<Vec<Chain>>, ring_max: Duration) -> Vec<usize> {
        let mut stages = Vec::new();
        for group in groups {
            self.begin_group(group, ring_max, &mut stages);
        }
        stages
    }

    fn begin_group(&mut self, group: Vec<Chain>, ring_max: Duration, stages: &mut Vec<usize>) {
        let mut chains = group.into_iter().peekable();
        while chains.peek().is_some() {
            let start = self.attempts.len();
            stages.push(start);
            let mut tails = Vec::new();
            for (index, mut chain) in chains.by_ref().take(ALONG_MAX).enumerate() {
                let mut head = chain.remove(0);
                head.begins = if index == 0 { Begins::After } else { Begins::Along };
                tails.push((start + index, chain));
                self.attempts.push(head);
            }
            for (head, tail) in tails {
                self.stand_by(head, tail);
            }
            for attempt in &mut self.attempts[start..] {
                attempt.ring_max = attempt.ring_max.min(ring_max);
            }
        }
    }

    /// Attempts that take the place of one that rings along, one after the other.
    fn stand_by(&mut self, head: usize, tail: Chain) {
        let mut before = head;
        for attempt in tail {
            let at = self.attempts.len();
            self.attempts[before].instead = Some(at);
            self.attempts.push(AttemptPlan { begins: Begins::Instead, ..attempt });
            before = at;
        }
    }

    /// What becomes of the call after each of the stages of a ring.
    fn go_on(&mut self, stages: &[usize], exits: &[Exit], after_busy: AfterBusy) {
        for (index, stage) in stages.iter().enumerate() {
            let mut exits = exits.to_vec();
            if let Some(next) = stages.get(index + 1) {
                exits.retain(|exit| exit.on == Unreached::Busy && after_busy == AfterBusy::Forward);
                let busy = (after_busy == AfterBusy::Next).then_some(Unreached::Busy);
                let others = busy.into_iter().chain([Unreached::NoAnswer, Unreached::Unreachable]);
                exits.extend(others.map(|on| Exit { on, to: *next }));
            }
            self.attempts[*stage].next =
                if exits.is_empty() { Next::Nowhere } else { Next::By(exits.into()) };
        }
    }

    /// Where calls are sent on that the phones did not take.
    fn forwards(&mut self, user: &'p Arc<User>, path: &Path<'_, 'p>, trail: &mut Trail) -> Vec<Exit> {
        let forward = &user.forward;
        let all = [
            (Unreached::Busy, &forward.busy, Reason::UserBusy),
            (Unreached::NoAnswer, &forward.no_answer, Reason::NoAnswer),
            (Unreached::Unreachable, &forward.unreachable, Reason::Unavailable),
        ];
        let mut exits = Vec::new();
        for (on, target, reason) in all {
            let Some(target) = target else { continue };
            let before = self.attempts.len();
            match self.send_on(user, (target, reason), path, trail) {
                Ok(to) => exits.push(Exit { on, to }),
                Err(refusal) => {
                    self.attempts.truncate(before);
                    let says = format!("{} is not sent on to {target}: {}", user.name, refusal.words);
                    trail.note(NAME, "left out", says).at(&user.at);
                }
            }
        }
        exits
    }

    /// Whatever rings along with a user's phones, each by itself.
    fn along(&mut self, user: &'p Arc<User>, path: &Path<'_, 'p>, trail: &mut Trail) -> Vec<Vec<Chain>> {
        let mut chains = Vec::new();
        let how = match (user.ring, user.devices.is_empty()) {
            (_, true) => "for the team",
            (RingOrder::Together, false) => "along with the phones",
            (RingOrder::InTurn | RingOrder::RoundRobin | RingOrder::LongestIdle, false) => "after the phones",
        };
        for target in turn::in_order(user, path.who.facts, trail) {
            let says = format!("{target} rings {how} of {}", user.name);
            trail.note(NAME, "along", says).at(&user.at);
            match self.rings_along(user, target, path, trail) {
                Ok(mut found) => {
                    turn::remember(user, target, &mut found);
                    chains.push(found);
                }
                Err(refusal) => {
                    trail.note(NAME, "left out", format!("{target} does not ring: {}", refusal.words));
                }
            }
        }
        chains
    }

    fn rings_along(
        &self,
        by: &'p Arc<User>,
        target: &'p Target,
        path: &Path<'_, 'p>,
        trail: &mut Trail,
    ) -> Result<Vec<Chain>, Refusal> {
        let Calling { policy, caller, speaker } = self.calling;
        match self.towards(by, target, path.who.facts.at, trail)? {
            Towards::User(called, user) => {
                if user.do_not_disturb {
                    let words = format!("{} does not want to be disturbed", user.name);
                    return Err(Refusal::new(Code::DO_NOT_DISTURB, words));
                }
                turn::is_free(user, path.who.facts, trail)?;
                let who = path.who.sent_on_inside(policy, by, Reason::FollowMe);
                let ringing = place::ringing(policy, path.who.facts, speaker, user, trail)?;
                let devices = attempt::to_user(policy, &who, caller, &called, &ringing)?;
                Ok(devices.into_iter().map(|attempt| vec![attempt]).collect())
            }
            Towards::Outside(called, routes) => {
                let who = path.who.sent_on_outside(policy, by, Reason::FollowMe);
                let mut chain = self.outside(&who, &sender(by), &called, &routes, trail)?;
                chain.iter_mut().for_each(|attempt| attempt.escape = by.voicemail_escape);
                Ok(vec![chain])
            }
        }
    }

    /// Sends a call on; the index of the first attempt.
    fn send_on(
        &mut self,
        by: &'p Arc<User>,
        (target, reason): (&'p Target, Reason),
        path: &Path<'_, 'p>,
        trail: &mut Trail,
    ) -> Result<usize, Refusal> {
        let policy = self.calling.policy;
        trail.note(NAME, reason.to_string(), format!("{} sends it on to {target}", by.name)).at(&by.at);
        let is_round = path.has(by) || path.by.len() >= SENT_ON_MAX || self.attempts.len() >= ATTEMPTS_MAX;
        if is_round {
            return Err(self.goes_round(by, path, trail));
        }
        let senders = || path.by.iter().copied().chain([by]).collect();
        match self.towards(by, target, path.who.facts.at, trail)? {
            Towards::User(called, user) => {
                if path.has(user) || user.name == by.name {
                    return Err(self.goes_round(user, path, trail));
                }
                let who = path.who.sent_on_inside(policy, by, reason);
                self.user(&called, user, &Path { who: &who, by: senders() }, trail)
            }
            Towards::Outside(called, routes) => {
                let who = path.who.sent_on_outside(policy, by, reason);
                let hops = self.outside(&who, &sender(by), &called, &routes, trail)?;
                let first = self.attempts.len();
                self.attempts.extend(hops);
                if let Some(last) = self.attempts.last_mut() {
                    last.next = Next::Nowhere;
                }
                Ok(first)
            }
        }
    }

    fn goes_round(&self, user: &User, path: &Path<'_, 'p>, trail: &mut Trail) -> Refusal {
        let names: Vec<&str> = path.by.iter().map(|one| &*one.name).chain([&*user.name]).collect();
        let words = format!("sent on from one to the other without end: {}", names.join(", "));
        trail.note(NAME, "refused", words.clone()).at(&user.at);
        Refusal::new(Code::GOES_ROUND, words)
    }

    /// Where a target leads whoever sends a call there: by their rights and routes.
    fn towards(
        &self,
        by: &'p Arc<User>,
        target: &'p Target,
        at: WallTime,
        trail: &mut Trail,
    ) -> Result<Towards<'p>, Refusal> {
        let policy = self.calling.policy;
        let called = match target {
            Target::Refuse(status) => {
                let words = format!("{} takes no calls", by.name);
                return Err(Refusal::new(Code::TAKES_NONE, words).with_status(*status));
            }
            Target::User(name) => {
                Called::inside(policy.users.get(name).expect("a forward that compiled names a user"))
            }
            Target::Number(number) => {
                Called { line: Line::Usual, ..Called::numbered(policy, number.as_str()) }
            }
        };
        self.lead(&sender(by), called, at, trail)
    }

    /// Where whoever sends a call on may send it.
    fn lead(
        &self,
        sender: &Caller<'p>,
        called: Called<'p>,
        at: WallTime,
        trail: &mut Trail,
    ) -> Result<Towards<'p>, Refusal> {
        let Calling { policy, speaker, .. } = self.calling;
        let class = classify::classify(policy, sender, &called, trail);
        rights::rights(policy, sender, &called, class, trail)?;
        match route::route(policy, sender, speaker, &called, at, trail)?.goal {
            Goal::User(user) => Ok(Towards::User(called, user)),
            Goal::Trunks(routes) => Ok(Towards::Outside(called, routes)),
        }
    }

    /// The attempts that lead outside, as a call of whoever sends it on.
    fn outside(
        &self,
        who: &Who<'_>,
        sender: &Caller<'p>,
        called: &Called<'p>,
        routes: &[&'p Route],
        trail: &mut Trail,
    ) -> Result<Chain, Refusal> {
        let Calling { policy, caller, speaker } = self.calling;
        let facts = who.facts;
        let seed = Seed::of(&called.text, &sender.name.0, facts.at);
        let day = policy.day(facts.at);
        let asked = Asked { facts, caller: sender, speaker, called, seed, day };
        let mut hops = choose::choose(&asked, routes, trail)?;
        choose::keep_sealed(facts, &mut hops, trail)?;
        identity::keep_takers(who, &mut hops, trail)?;
        Ok(hops.into_iter().map(|hop| attempt::to_server(policy, who, caller, called, hop)).collect())
    }
}

/// What becomes of a call that one of several finds busy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AfterBusy {
    /// Who is called is busy: their forward.
    Forward,
    /// One of a team is: the next of them.
    Next,
}

/// Where a call is sent on to.
enum Towards<'p> {
    User(Called<'p>, &'p Arc<User>),
    Outside(Called<'p>, Vec<&'p Route>),
}

/// How long each of so many who are tried in turn may ring.
fn ring_max(user: &User, turns: usize) -> Duration {
    match user.forward.after {
        Some(after) => after,
        None if user.forward.no_answer.is_some() => RING_MAX_BEFORE_FORWARD,
        None if turns > 1 => RING_MAX_OF_SEVERAL,
        None => RING_MAX,
    }
}

/// Whether the user's private number was called.
fn is_private(called: &Called<'_>, user: &User) -> bool {
    called.line == Line::Private && called.owner.is_some_and(|owner| owner.name == user.name)
}

/// Whether the user may be called back because of a call for help.
fn is_called_back(called: &Called<'_>, user: &User) -> bool {
    called.line == Line::Callback && called.owner.is_some_and(|owner| owner.name == user.name)
}

/// Whoever sends a call on, as the caller of the next one.
pub(crate) fn sender(by: &Arc<User>) -> Caller<'_> {
    let site = by.site.as_ref();
    Caller { party: Party::User(by), site, here: site, name: PartyName(by.name.clone()), is_in_from: false }
}

impl Path<'_, '_> {
    fn has(&self, user: &User) -> bool {
        self.by.iter().any(|one| one.name == user.name)
    }

    /// Whether nobody of this house has sent the call on.
    fn is_first(&self) -> bool {
        self.by.is_empty()
    }
}
