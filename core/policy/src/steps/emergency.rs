//! A call for help comes first: before rights, limits, and even before proof of who calls.
//!
//! A call is one if its digits mean help where the caller is, and the caller is not a trunk. Callers who
//! cannot prove who they are count too, where only our own people can be: in a site's networks or at an
//! inside interface. Elsewhere a stranger is asked for proof first, so that nobody in the world can alarm
//! at will.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::Side;

use crate::address::Dialled;
use crate::call_plan::{AttemptPlan, CallPlan, Direction};
use crate::causes::Causes;
use crate::connected::Connected;
use crate::facts::Facts;
use crate::habits::Habits;
use crate::numbering::Country;
use crate::policy::{Emergency, Policy, Site, Trunk};
use crate::refusal::{Code, Refusal};
use crate::says::Says;
use crate::steps::choose;
use crate::steps::identity::Who;
use crate::steps::seed::Seed;
use crate::steps::{Called, Caller, Party, attempt, code, leg};
use crate::trail::Trail;

const NAME: &str = "emergency";

/// Nobody hangs up on a call for help.
const SET_UP_MAX: Duration = Duration::from_secs(900);

/// What digits mean help, and what is asked for outside.
struct Alarm<'p> {
    number: Arc<str>,
    rule: Option<&'p Emergency>,
}

pub(crate) fn emergency(
    policy: &Policy,
    facts: &Facts,
    caller: &Caller<'_>,
    dialled: &Dialled,
    trail: &mut Trail,
) -> Option<Result<CallPlan, Refusal>> {
    let country = &*policy.habits_of(caller.site.map(|site| &**site)).country;
    let Some(alarm) = alarm(policy, caller, country, dialled) else {
        let site = caller.site.map(|site| site.name.clone());
        trail.note(NAME, "no", policy.not_for_help.get(&site).map_or("".into(), Says::from));
        return None;
    };
    if !may_alarm(policy, facts, caller) {
        trail.note(
            NAME,
            "no",
            "not from here: the caller is the telephone network, or has to prove who calls",
        );
        return None;
    }
    let attempts = attempts(policy, facts, caller, &alarm);
    if attempts.is_empty() {
        trail.note(NAME, "refused", "there is no trunk at all");
        return Some(Err(Refusal::new(Code::NO_SERVER, "there is no trunk that a call for help could take")));
    }
    let by = alarm.rule.map_or("built in".into(), |rule| format!("emergency {}", rule.name));
    let step =
        trail.note(NAME, "yes", format!("{} calls for help ({by}); nothing else is asked", alarm.number));
    if let Some(rule) = alarm.rule {
        step.at(&rule.at);
    }
    attempt::note(&attempts, facts, trail);
    Some(Ok(CallPlan {
        direction: Direction::Outbound,
        emergency: true,
        leg: Arc::new(leg::for_help(&leg::of_caller(policy, facts, caller))),
        credentials: None,
        calling: caller.name.clone(),
        caller: Connected::default(),
        called: alarm.number,
        route: alarm.rule.map(|rule| rule.name.clone()),
        attempts,
        set_up_max: SET_UP_MAX,
        taken_once: Vec::new(),
        service: None,
        is_private: false,
        is_callback: false,
        priority: None,
    }))
}

/// Whether a request URI may be a call for help, from wherever it comes. Asked where no time is left to plan.
pub fn sounds_urgent(policy: &Policy, request_uri: &str) -> bool {
    let Some(dialled) = Dialled::of(request_uri) else { return false };
    let Dialled::Digits { digits, .. } = dialled else { return true };
    let prefixes = policy.sites.values().filter_map(|site| site.habits.outside_prefix.as_deref());
    let habits = || policy.sites.values().map(|site| &site.habits).chain([&policy.home]);
    let is_one = |digits: &str| {
        let is_configured = |rule: &Emergency| rule.dial.iter().any(|number| **number == *digits);
        habits().any(|habits| habits.country.alarms(digits)) || policy.emergencies.iter().any(is_configured)
    };
    let behind_code = habits().filter_map(|habits| Some(code::split(habits, &digits)?.0));
    let mut typed: Vec<&str> = vec![&digits];
    typed.extend(behind_code);
    let behind_prefix = |digits| prefixes.clone().filter_map(move |prefix| str::strip_prefix(digits, prefix));
    typed.iter().any(|digits| is_one(digits) || behind_prefix(digits).any(is_one))
}

fn may_alarm(policy: &Policy, facts: &Facts, caller: &Caller<'_>) -> bool {
    match caller.party {
        // The people of a PBX are ours; the telephone network calls its own help.
        Party::Trunk(trunk) => !trunk.kind.is_public(),
        Party::User(_) => true,
        Party::Stranger { .. } => caller.site.is_some() || policy.side_of(facts.interface) == Side::Inside,
    }
}

fn alarm<'p>(
    policy: &'p Policy,
    caller: &Caller<'_>,
    country: &Country,
    dialled: &Dialled,
) -> Option<Alarm<'p>> {
    let site = caller.site.map(|site| &**site);
    let rules = || policy.emergencies.iter().filter(|rule| rule.serves(site, country));
    let digits = match dialled {
        Dialled::Digits { digits, .. } => digits,
        Dialled::Sos(service) => {
            let rule = rules().next();
            let number = match (service, rule.and_then(|rule| rule.dial.first())) {
                (None, Some(number)) => number.clone(),
                (service, _) => country.help(*service).unwrap_or("112").into(),
            };
            return Some(Alarm { number, rule });
        }
    };
    for digits in without_prefixes(policy, caller, digits) {
        if let Some(rule) = rules().find(|rule| rule.dial.iter().any(|number| **number == *digits)) {
            return Some(Alarm { number: rule.asked_for(digits), rule: Some(rule) });
        }
        if country.alarms(digits) {
            let rule = rules().next();
            return Some(Alarm { number: digits.into(), rule });
        }
    }
    None
}

/// The digits as dialled, and without what is dialled first to get outside.
fn without_prefixes<'d>(
    policy: &'d Policy,
    caller: &'d Caller<'_>,
    digits: &'d str,
) -> impl Iterator<Item = &'d str> {
    let everywhere = caller.site.is_none().then(|| policy.sites.values()).into_iter().flatten();
    let sites = caller.site.into_iter().chain(everywhere);
    let prefixes = sites.filter_map(|site| site.habits.outside_prefix.as_deref());
    std::iter::once(digits).chain(prefixes.filter_map(|prefix| digits.strip_prefix(prefix)))
}

impl Emergency {
    /// Whether its numbers mean help at a site; who is nowhere in particular may use any.
    fn serves(&self, site: Option<&Site>, country: &Country) -> bool {
        let at_site = site.is_none_or(|site| self.sites.contains(&site.name));
        let in_country = self.country.as_deref().is_none_or(|id| *id == *country.id);
        (self.sites.is_empty() || at_site) && in_country
    }

    /// The number that the world knows: of `911` and `9911`, the one that ends both.
    fn asked_for(&self, digits: &str) -> Arc<str> {
        let ends_it = self.dial.iter().filter(|number| digits.ends_with(&***number));
        ends_it.min_by_key(|number| number.len()).cloned().unwrap_or_else(|| digits.into())
    }
}

/// What the trail says of calls that are none for help, for callers at each site and at none.
pub(crate) fn not_among(
    home: &Habits,
    sites: &BTreeMap<Arc<str>, Arc<Site>>,
    rules: &[Emergency],
) -> BTreeMap<Option<Arc<str>>, Arc<str>> {
    let says = |site: Option<&Site>| {
        let country = &site.map_or(home, |site| &site.habits).country;
        let rules = rules.iter().filter(|rule| rule.serves(site, country));
        let mut numbers: Vec<&str> = rules.flat_map(|rule| &rule.dial).map(|number| &**number).collect();
        let built_in = country.emergency.iter().map(|number| &**number);
        let built_in: Vec<&str> = built_in.filter(|number| !numbers.contains(number)).collect();
        numbers.extend(built_in);
        format!("not among {}", numbers.join(", ")).into()
    };
    let of_sites = sites.iter().map(|(name, site)| (Some(name.clone()), says(Some(site))));
    std::iter::once((None, says(None))).chain(of_sites).collect()
}

/// The trunks of the rule in order, then every other one, but not back to where the call comes from; servers
/// that are down come last.
fn attempts(policy: &Policy, facts: &Facts, caller: &Caller<'_>, alarm: &Alarm<'_>) -> Vec<AttemptPlan> {
    let named = alarm.rule.map_or(&[][..], |rule| rule.trunks.as_slice());
    let is_named = |trunk: &&Arc<Trunk>| named.iter().any(|one| one.name == trunk.name);
    let others = policy.trunks.values().filter(|trunk| !is_named(trunk));
    let is_caller = |trunk: &&Arc<Trunk>| caller.trunk().is_some_and(|own| own.name == trunk.name);
    let seed = Seed::of(&alarm.number, &caller.name.0, facts.at);
    let servers = named.iter().chain(others).filter(|trunk| !is_caller(trunk));
    let servers = servers.flat_map(|trunk| choose::servers_of(trunk, facts, seed)).collect();
    let called = Called::outside(alarm.number.clone());
    let every_failure = Causes::all();
    let who = Who::in_need(policy, facts, caller);
    choose::best_first(servers, facts, seed)
        .into_iter()
        .map(|hop| attempt::for_help(policy, &who, caller, &called, hop, &every_failure))
        .collect()
}
