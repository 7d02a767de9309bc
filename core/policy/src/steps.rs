//! The steps of a decision, in the order they are walked and explained.

pub(crate) mod admit;
mod alert;
mod aloud;
mod attempt;
mod callback;
mod choose;
mod classify;
mod code;
mod conference;
mod devices;
mod emergency;
mod gruu;
mod identity;
mod leg;
mod make;
mod malicious;
mod media;
mod normalise;
mod orbit;
mod pickup;
mod place;
mod precedence;
mod prefer;
mod reach;
mod registered;
mod returned;
mod rights;
mod route;
mod screen;
mod sealed;
mod seed;
mod short;
mod trunks;
mod unowned;

pub(crate) use alert::PAGING;
pub use aloud::refused_aloud;
pub(crate) use emergency::not_among;
pub use emergency::sounds_urgent;
pub use identity::{introduced, learned};
pub use make::facts_of_made;
pub use orbit::{at_orbit, ring_back};
pub use pickup::{may_pick_up, taker};
pub use place::may_speak;
pub use reach::redirected;

use std::sync::Arc;
use std::time::Duration;

use crate::address::Dialled;
use crate::after::Begins;
use crate::call_plan::{AttemptPlan, CallPlan, Callee, Direction, PartyName};
use crate::facts::{Facts, Gruu, WallTime};
use crate::policy::{Policy, Site, Trunk, User};
use crate::refusal::{Code, Refusal};
use crate::steps::identity::Who;
use crate::steps::place::Speaker;
use crate::steps::reach::Calling;
use crate::steps::route::{Goal, Way};
use crate::steps::seed::Seed;
use crate::steps::trunks::Asked;
use crate::trail::{Considered, Trail};

const SET_UP_MAX: Duration = Duration::from_secs(180);

/// Who calls, as far as it is known.
#[derive(Debug)]
pub(crate) struct Caller<'p> {
    pub party: Party<'p>,
    /// Where the caller is, or else belongs.
    pub site: Option<&'p Arc<Site>>,
    /// The site in whose network the caller is.
    pub here: Option<&'p Arc<Site>>,
    /// How the caller is named in plans and records.
    pub name: PartyName,
    /// Whether From names nobody else.
    pub is_in_from: bool,
}

/// What the house takes a caller for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Party<'p> {
    Trunk(&'p Arc<Trunk>),
    User(&'p Arc<User>),
    /// Nobody we know; perhaps somebody who says to be a user.
    Stranger {
        says: Option<&'p Arc<User>>,
    },
}

impl<'p> Caller<'p> {
    pub fn trunk(&self) -> Option<&'p Arc<Trunk>> {
        match self.party {
            Party::Trunk(trunk) => Some(trunk),
            Party::User(_) | Party::Stranger { .. } => None,
        }
    }

    /// The user that calls, or says to call.
    pub fn user(&self) -> Option<&'p Arc<User>> {
        match self.party {
            Party::User(user) => Some(user),
            Party::Stranger { says } => says,
            Party::Trunk(_) => None,
        }
    }
}

/// Whom the caller wants.
#[derive(Clone, Debug)]
pub(crate) struct Called<'p> {
    /// E.164, or the name of a user who has no number.
    pub text: Arc<str>,
    /// The user whose name, extension or number it is.
    pub owner: Option<&'p Arc<User>>,
    pub line: Line,
    /// The one phone of theirs that is wanted.
    pub phone: Option<Gruu>,
}

/// Which number of a user was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Usual,
    /// The one that rings whatever else is wished.
    Private,
    /// Any, by whoever may be calling back because they were called for help.
    Callback,
}

impl<'p> Called<'p> {
    /// A user, whatever was dialled for it.
    pub fn inside(user: &'p Arc<User>) -> Called<'p> {
        let text = user.number.as_ref().map_or_else(|| user.name.clone(), |number| number.shared());
        Called { text, owner: Some(user), line: Line::Usual, phone: None }
    }

    /// Somebody who is no user.
    pub fn outside(text: impl Into<Arc<str>>) -> Called<'p> {
        Called { text: text.into(), owner: None, line: Line::Usual, phone: None }
    }

    /// Whoever has a number: a user, or somebody outside.
    pub fn numbered(policy: &'p Policy, number: &str) -> Called<'p> {
        match policy.directory.get(number) {
            Some(user) => Called::by(user, number),
            None => Called::outside(number),
        }
    }

    /// A user, by what was dialled.
    pub fn by(user: &'p Arc<User>, dialled: &str) -> Called<'p> {
        let is_private = user.private.as_ref().is_some_and(|own| own.as_str() == dialled);
        let line = if is_private { Line::Private } else { Line::Usual };
        Called { line, ..Called::inside(user) }
    }
}

pub(crate) fn walk(policy: &Policy, facts: &Facts, trail: &mut Trail) -> Result<CallPlan, Refusal> {
    if let Some(answering) = facts.rings_first {
        return make::rings_first(policy, facts, answering, trail);
    }
    let dialled = Dialled::of(&facts.request_uri);
    if let Some(transferor) = &facts.transferred_by {
        trail.note("transfer", "yes", format!("{transferor} transfers a call; planned as a call of theirs"));
    }
    let (caller, standing) = screen::screen(policy, facts, dialled.as_ref(), trail);
    let (dialled, wish) = code::taken(policy, &caller, dialled, trail);
    if let Some(dialled) = &dialled
        && let Some(answer) = emergency::emergency(policy, facts, &caller, dialled, trail)
        && (answer.is_ok() || facts.returned.is_none())
    {
        return answer;
    }
    if let Some(plan) = returned::returned(policy, facts, trail) {
        return Ok(plan);
    }
    standing?;
    sealed::arrived(facts, trail)?;
    let dialled = called_through_line(&caller, facts).or(dialled);
    let Some(dialled) = dialled else {
        return Err(Refusal::new(Code::UNREADABLE, format!("\"{}\" names nobody", facts.request_uri)));
    };
    if facts.max_forwards == 0 {
        return Err(Refusal::new(Code::TOO_MANY_HOPS, "Max-Forwards is used up"));
    }
    let shut = registered::shut_to(&caller, facts);
    if shut.is_none()
        && let Some(answer) = service(policy, facts, (&caller, wish), &dialled, trail)
    {
        return answer;
    }
    let called = whom(policy, facts, &caller, &dialled, trail)?;
    if let Some(refusal) = shut.filter(|_| called.line != Line::Callback) {
        return Err(refusal);
    }
    if let Some(conference) = conference::numbered(policy, &called) {
        return conference::enter(policy, facts, (&caller, wish), conference, trail);
    }
    let class = classify::classify(policy, &caller, &called, trail);
    rights::rights(policy, &caller, &called, class, trail)?;
    let (priority, speaker) = (precedence::of(&caller, facts, trail), place::speaker(policy, facts, &caller));
    place::note(&speaker, trail);
    let way = way(policy, (&caller, &speaker), &called, facts.at, trail)?;
    let who = Who::calls(policy, facts, &caller, wish, trail)?;
    let attempts = attempts(policy, &who, (&caller, &speaker), &called, &way, trail)?;
    let set_up_max = budget(policy, &attempts);
    let dress = identity::dress_of_caller(&who, &caller, &called);
    let rings_along = attempts.iter().any(|attempt| attempt.begins == Begins::Along);
    let taken_once = if rings_along { admit::of_caller(&caller) } else { Vec::new() };
    Ok(CallPlan {
        direction: direction(&caller, &way),
        emergency: false,
        leg: attempt::hidden(&who, leg::dressed(leg::of_caller(policy, facts, &caller), dress)),
        caller: identity::of_caller(&who, &caller),
        credentials: caller.trunk().and_then(|trunk| trunk.credentials.clone()),
        calling: caller.name,
        called: called.text.clone(),
        route: route_taken(&attempts, &way),
        attempts,
        set_up_max,
        taken_once,
        service: None,
        is_private: called.line == Line::Private,
        is_callback: called.line == Line::Callback,
        priority,
    })
}

/// What the house itself does for whoever dials so.
fn service(
    policy: &Policy,
    facts: &Facts,
    (caller, wish): (&Caller<'_>, Option<identity::Wish>),
    dialled: &Dialled,
    trail: &mut Trail,
) -> Option<Result<CallPlan, Refusal>> {
    if let Some(plan) = orbit::orbit(policy, caller, dialled, trail) {
        return Some(Ok(plan));
    }
    if let Some(answer) = malicious::mark(policy, caller, dialled, trail) {
        return Some(answer);
    }
    if let Some(answer) = pickup::pickup(policy, caller, dialled, trail) {
        return Some(answer);
    }
    let conference = conference::dialled(policy, caller, dialled)?;
    Some(conference::enter(policy, facts, (caller, wish), conference, trail))
}

/// The route of the first attempt; where that is inside, the one that led there.
fn route_taken(attempts: &[AttemptPlan], way: &Way<'_>) -> Option<Arc<str>> {
    let first = attempts.first().and_then(|attempt| attempt.route.clone());
    first.or_else(|| way.route.map(|route| route.name.clone()))
}

/// Whom the caller wants: one phone by its own address, else what was dialled.
fn whom<'p>(
    policy: &'p Policy,
    facts: &Facts,
    caller: &Caller<'p>,
    dialled: &Dialled,
    trail: &mut Trail,
) -> Result<Called<'p>, Refusal> {
    let called = match gruu::phone(policy, facts, trail) {
        Some(called) => called,
        None => {
            let called = normalise::normalise(policy, caller, dialled, trail)?;
            gruu::holds(facts, &called, trail)?;
            called
        }
    };
    Ok(callback::seen(policy, facts, caller, called, trail))
}

/// Where the call goes. One phone is reached inside, whatever routes say.
fn way<'p>(
    policy: &'p Policy,
    (caller, speaker): (&Caller<'p>, &Speaker<'p>),
    called: &Called<'p>,
    at: WallTime,
    trail: &mut Trail,
) -> Result<Way<'p>, Refusal> {
    match called.owner.filter(|_| called.phone.is_some()) {
        Some(owner) => Ok(Way { route: None, goal: Goal::User(owner) }),
        None => route::route(policy, caller, speaker, called, at, trail),
    }
}

/// What the first trunk of the plan allows; three minutes, if it says nothing.
fn budget(policy: &Policy, attempts: &[AttemptPlan]) -> Duration {
    let of_trunk = attempts.first().and_then(|attempt| match &attempt.callee {
        Callee::Trunk(name) => policy.trunks.get(name)?.budget,
        Callee::User(_) => None,
    });
    of_trunk.unwrap_or(SET_UP_MAX)
}

/// Whoever calls the contact of a trunk's account says in To whom they want.
fn called_through_line(caller: &Caller<'_>, facts: &Facts) -> Option<Dialled> {
    let trunk = caller.trunk().filter(|trunk| registered::is_contact(trunk, &facts.request_uri))?;
    Dialled::of(&facts.to_uri).filter(|_| !registered::is_contact(trunk, &facts.to_uri))
}

fn direction(caller: &Caller<'_>, way: &Way<'_>) -> Direction {
    match (caller.trunk(), &way.goal) {
        (Some(_), Goal::User(_)) => Direction::Inbound,
        (Some(_), Goal::Trunks(_)) => Direction::Transit,
        (None, Goal::User(_)) => Direction::Internal,
        (None, Goal::Trunks(_)) => Direction::Outbound,
    }
}

fn attempts<'p>(
    policy: &'p Policy,
    who: &Who<'_>,
    (caller, speaker): (&Caller<'p>, &Speaker<'p>),
    called: &Called<'p>,
    way: &Way<'p>,
    trail: &mut Trail,
) -> Result<Vec<AttemptPlan>, Refusal> {
    let facts = who.facts;
    let attempts = match &way.goal {
        Goal::User(user) => reach::user(Calling { policy, caller, speaker }, who, called, user, trail)?,
        Goal::Trunks(routes) => {
            let seed = Seed::of(&called.text, &caller.name.0, facts.at);
            let day = policy.day(facts.at);
            let asked = Asked { facts, caller, speaker, called, seed, day };
            let mut hops = choose::choose(&asked, routes, trail)?;
            choose::keep_sealed(facts, &mut hops, trail)?;
            identity::keep_takers(who, &mut hops, trail)?;
            hops.into_iter().map(|hop| attempt::to_server(policy, who, caller, called, hop)).collect()
        }
    };
    attempt::note(&attempts, facts, trail);
    Ok(attempts)
}

/// Every route that does not take a call, with the reason; what a trail leaves out of a large house.
pub(crate) fn losers(policy: &Policy, facts: &Facts) -> Vec<Considered> {
    let mut trail = Trail::new();
    let Some(dialled) = Dialled::of(&facts.request_uri) else { return Vec::new() };
    let (caller, _) = screen::screen(policy, facts, Some(&dialled), &mut trail);
    let called = normalise::normalise(policy, &caller, &dialled, &mut trail);
    let speaker = place::speaker(policy, facts, &caller);
    called.map(|called| route::losers(policy, (&caller, &speaker), &called, facts.at)).unwrap_or_default()
}
