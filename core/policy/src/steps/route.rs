//! Which routes take the call, or which user it is for.

use std::sync::Arc;

use model::{DidRule, Pattern};

use crate::facts::WallTime;
use crate::policy::{Leads, Policy, Route, Site, Trunk, User};
use crate::refusal::{Code, Refusal};
use crate::rights::Usage;
use crate::route_index::Search;
use crate::says::{Found, Says};
use crate::steps::place::Speaker;
use crate::steps::unowned::{leads_back, unowned};
use crate::steps::{Called, Caller};
use crate::trail::{Considered, Outcome, Trail};

const NAME: &str = "routes";

/// Rows of routes that do not match, in one trail; `--all` shows the others.
const LOSERS_LISTED: usize = 24;

/// Where a call goes, and the route that said so first.
pub(crate) struct Way<'p> {
    pub route: Option<&'p Route>,
    pub goal: Goal<'p>,
}

/// A user inside, or the routes whose trunks are tried, in order.
pub(crate) enum Goal<'p> {
    User(&'p Arc<User>),
    Trunks(Vec<&'p Route>),
}

/// What is asked of every route.
struct Asked<'a, 'p> {
    policy: &'p Policy,
    caller: &'a Caller<'p>,
    speaker: &'a Speaker<'p>,
    called: &'a Called<'p>,
    at: WallTime,
}

/// Why a route does not take a call.
enum Miss {
    /// It would, if only the caller had one of its usages.
    Usage,
    Other(Says),
}

/// A route that takes the call, and how early: callers' usages come in order.
struct Match<'p> {
    rank: usize,
    route: &'p Route,
    leads: Leading<'p>,
}

enum Leading<'p> {
    User(&'p Arc<User>),
    Outside,
}

/// All routes that were looked at.
#[derive(Default)]
struct Looked<'p> {
    matches: Vec<Match<'p>>,
    lacking: Vec<&'p Route>,
}

pub(crate) fn route<'p>(
    policy: &'p Policy,
    caller: &Caller<'p>,
    speaker: &Speaker<'p>,
    called: &Called<'p>,
    at: WallTime,
    trail: &mut Trail,
) -> Result<Way<'p>, Refusal> {
    let asked = Asked { policy, caller, speaker, called, at };
    match caller.trunk() {
        Some(trunk) => from_trunk(&asked, trunk, trail),
        None => from_inside(&asked, trail),
    }
}

/// Who is reached inside is never called by way of a provider.
fn from_inside<'p>(asked: &Asked<'_, 'p>, trail: &mut Trail) -> Result<Way<'p>, Refusal> {
    if let Some(owner) = asked.called.owner {
        trail
            .note(NAME, "inside", format!("{} is reached inside; no route is asked", owner.name))
            .at(&owner.at);
        return Ok(Way { route: None, goal: Goal::User(owner) });
    }
    let looked = look(asked, trail);
    if looked.matches.is_empty() && !looked.lacking.is_empty() {
        return Err(lacks_usage(asked, &looked.lacking));
    }
    let Asked { policy, called, .. } = *asked;
    let inside = |user| Way { route: None, goal: Goal::User(user) };
    match (way(looked), policy.dids.of(&called.text)) {
        (Some(Way { route: Some(route), goal: Goal::Trunks(_) }), Some(block))
            if leads_back(block, &route.leads) =>
        {
            unowned(policy, block, called, trail).map(inside)
        }
        (Some(way), _) => Ok(way),
        (None, Some(block)) => unowned(policy, block, called, trail).map(inside),
        (None, None) => Err(Refusal::new(Code::NO_ROUTE, format!("no route takes {}", called.text))),
    }
}

/// A trunk's call goes where a route sends it, else to whoever owns the number.
fn from_trunk<'p>(asked: &Asked<'_, 'p>, trunk: &Trunk, trail: &mut Trail) -> Result<Way<'p>, Refusal> {
    let Asked { policy, called, .. } = *asked;
    let block = policy.dids.of(&called.text).filter(|block| block.trunk == trunk.name);
    let is_ours = block.is_some() || called.owner.is_some();
    if trunk.did == DidRule::AssignedOnly && !is_ours && trunk.usages.is_empty() {
        let words =
            format!("{} is given to nobody, and {} may call assigned numbers only", called.text, trunk.name);
        trail.note(NAME, "refused", words.clone()).at(&trunk.at);
        return Err(Refusal::new(Code::UNASSIGNED, words));
    }
    let looked = look(asked, trail);
    let lacking = if is_ours || trunk.usages.is_empty() { Vec::new() } else { looked.lacking.clone() };
    if let Some(way) = way(looked) {
        return Ok(way);
    }
    match called.owner {
        Some(owner) => {
            trail.note("owner", "inside", format!("{} belongs to {}", called.text, owner.name)).at(&owner.at);
            Ok(Way { route: None, goal: Goal::User(owner) })
        }
        None if !lacking.is_empty() => Err(lacks_usage(asked, &lacking)),
        None => match block {
            Some(block) => Ok(Way { route: None, goal: Goal::User(unowned(policy, block, called, trail)?) }),
            None => {
                let words = format!("{} belongs to no user and no route takes it", called.text);
                Err(Refusal::new(Code::UNASSIGNED, words))
            }
        },
    }
}

/// The first that matches decides where it goes: to a user, or out by all the routes that lead out.
fn way(looked: Looked<'_>) -> Option<Way<'_>> {
    let mut matches = looked.matches.into_iter();
    let first = matches.next()?;
    let goal = match first.leads {
        Leading::User(user) => Goal::User(user),
        Leading::Outside => {
            let others = matches.filter(|other| matches!(other.leads, Leading::Outside));
            Goal::Trunks(std::iter::once(first.route).chain(others.map(|other| other.route)).collect())
        }
    };
    Some(Way { route: Some(first.route), goal })
}

/// All routes that match, in the order of the caller's usages; a row in the trail for each, and for misses.
fn look<'p>(asked: &Asked<'_, 'p>, trail: &mut Trail) -> Looked<'p> {
    let routes = &asked.policy.routes;
    let candidates = asked.policy.route_index.candidates(asked.search());
    let mut looked = Looked::default();
    let mut losers = Vec::new();
    for route in candidates.iter().map(|at| &routes[*at as usize]) {
        match asked.fit(route) {
            Ok((rank, leads)) => looked.matches.push(Match { rank, route, leads }),
            Err(miss) => {
                if matches!(miss, Miss::Usage) {
                    looked.lacking.push(route);
                }
                if losers.len() < LOSERS_LISTED {
                    losers.push(asked.loser(route, &miss));
                }
            }
        }
    }
    looked.matches.sort_by_key(|one| one.rank);
    let verdict = if looked.matches.is_empty() { "none" } else { "ok" };
    let says = Found::Routes {
        matching: looked.matches.len(),
        looked_at: candidates.len(),
        others: routes.len() - candidates.len(),
    };
    let winners = looked.matches.iter().enumerate().map(|(index, one)| winner(index, one.route));
    trail.note(NAME, verdict, says).considered = winners.chain(losers).collect();
    looked
}

fn winner(index: usize, route: &Route) -> Considered {
    let outcome = if index == 0 { Outcome::Chosen } else { Outcome::Next };
    let why = Says::from(&route.said.taking);
    Considered { outcome, name: route.name.clone(), why, at: Some(route.at.clone()) }
}

/// A row for every route that does not take the call, whatever it is for.
pub(crate) fn losers<'p>(
    policy: &'p Policy,
    (caller, speaker): (&Caller<'p>, &Speaker<'p>),
    called: &Called<'p>,
    at: WallTime,
) -> Vec<Considered> {
    let asked = Asked { policy, caller, speaker, called, at };
    let misses = policy.routes.iter().filter_map(|route| Some((route, asked.fit(route).err()?)));
    misses.map(|(route, miss)| asked.loser(route, &miss)).collect()
}

fn lacks_usage(asked: &Asked<'_, '_>, lacking: &[&Route]) -> Refusal {
    const NAMED: usize = 3;
    let of = |route: &&Route| {
        let usages: Vec<&str> = route.usages.iter().map(|usage| asked.name_of(*usage)).collect();
        format!("{} (route {})", usages.join(" or "), route.name)
    };
    let wanted: Vec<String> = lacking.iter().take(NAMED).map(of).collect();
    let words = format!(
        "{} has no usage that leads to {}: it wants {}",
        asked.holder(),
        asked.called.text,
        wanted.join(", or ")
    );
    Refusal::new(Code::USAGE, words)
}

impl<'p> Asked<'_, 'p> {
    fn search(&self) -> Search<'_> {
        Search {
            number: &self.called.text,
            owner: self.called.owner.map(|owner| &*owner.name),
            site: self.site().map(|site| &*site.name),
            trunk: self.caller.trunk().map(|trunk| &*trunk.name),
        }
    }

    /// Whose routes are asked: where whoever speaks is bound, that site's.
    fn site(&self) -> Option<&'p Arc<Site>> {
        self.speaker.bound().or(self.caller.site)
    }

    /// Who holds the usages: rights, a user, or a trunk.
    fn holder(&self) -> String {
        match (self.caller.trunk(), self.caller.user()) {
            (Some(trunk), _) => format!("trunk {}", trunk.name),
            (None, Some(user)) => match &user.rights.name {
                Some(name) => format!("rights {name} of {}", user.name),
                None => user.name.to_string(),
            },
            (None, None) => self.caller.name.to_string(),
        }
    }

    fn name_of(&self, usage: Usage) -> &str {
        self.policy.usages.get(usize::from(usage.0)).map_or("", |name| name)
    }

    fn held(&self) -> &'p [Usage] {
        match (self.caller.trunk(), self.caller.user()) {
            (Some(trunk), _) => &trunk.usages,
            (None, Some(user)) => &user.rights.usages,
            (None, None) => &[],
        }
    }

    fn loser(&self, route: &Route, miss: &Miss) -> Considered {
        let why: Says = match miss {
            Miss::Usage => {
                let usages: Vec<&str> = route.usages.iter().map(|usage| self.name_of(*usage)).collect();
                format!("wants usage {}, which {} lacks", usages.join(" or "), self.holder()).into()
            }
            Miss::Other(why) => why.clone(),
        };
        Considered { outcome: Outcome::Rejected, name: route.name.clone(), why, at: Some(route.at.clone()) }
    }

    fn fit(&self, route: &'p Route) -> Result<(usize, Leading<'p>), Miss> {
        let other = |why: String| Err(Miss::Other(why.into()));
        if let Some(wanted) = &route.from_trunk
            && self.caller.trunk().map(|trunk| &trunk.name) != Some(wanted)
        {
            return other(format!("wants trunk {wanted}"));
        }
        if let Some(wanted) = &route.from_user
            && self.caller.user().map(|user| &user.name) != Some(wanted)
        {
            return other(format!("wants user {wanted}"));
        }
        if !route.sites.is_empty() && !self.site().is_some_and(|site| route.sites.contains(&site.name)) {
            return Err(Miss::Other((&route.said.sites).into()));
        }
        if !admits(&route.to, self.called) {
            return Err(Miss::Other((&route.said.number).into()));
        }
        if let Some(excepted) = route.except.iter().find(|pattern| admits(pattern, self.called)) {
            return other(format!("does not take \"{excepted}\""));
        }
        if let Some(schedule) = route.when.as_ref().filter(|schedule| !schedule.holds(self.at)) {
            return other(schedule.says_against(self.at));
        }
        let leads = self.leads(route)?;
        Ok((self.rank(route)?, leads))
    }

    fn leads(&self, route: &'p Route) -> Result<Leading<'p>, Miss> {
        let may_leave = self.caller.trunk().is_none() || route.from_trunk.is_some();
        match (&route.leads, self.called.owner) {
            (Leads::User(user), _) | (Leads::Owner, Some(user)) => Ok(Leading::User(user)),
            (Leads::Owner, None) => {
                Err(Miss::Other("leads to the owner of the number, and nobody owns it".into()))
            }
            (Leads::Trunks { .. }, Some(owner)) if !may_leave => {
                Err(Miss::Other(format!("leads outside, and {} is reached inside", owner.name).into()))
            }
            (Leads::Trunks { .. }, None) if !may_leave && route.usages.is_empty() => {
                Err(Miss::Other("leads outside, and does not say from = { trunk = … }".into()))
            }
            (Leads::Trunks { .. }, _) => Ok(Leading::Outside),
        }
    }

    /// What names the caller's trunk comes first, then what is of a site that binds, then what a usage opens,
    /// then what is for everybody.
    fn rank(&self, route: &Route) -> Result<usize, Miss> {
        let (held, bound) = (self.held(), self.speaker.bound());
        let first = 1 + bound.map_or(0, |site| 1 + site.usages.len());
        if route.from_trunk.is_some() {
            return Ok(if held.is_empty() { first } else { 0 });
        }
        if let Some(rank) = bound.and_then(|site| site.rank(route)) {
            return Ok(1 + rank);
        }
        if route.usages.is_empty() {
            return Ok(first + held.len());
        }
        let place = held.iter().position(|usage| route.usages.contains(usage));
        place.map(|place| first + place).ok_or(Miss::Usage)
    }
}

fn admits(pattern: &Pattern, called: &Called<'_>) -> bool {
    match pattern {
        Pattern::Anything => true,
        Pattern::Mask(mask) => mask.matches(&called.text).is_some(),
        Pattern::Range(range) => range.contains(&called.text),
        Pattern::User(name) => called.owner.is_some_and(|owner| owner.name == *name),
    }
}
