//! From what was dialled to a number in E.164, or to somebody inside.

use std::sync::Arc;

use model::{DidRule, NumberPlace};

use crate::address::{Dialled, on_keys};
use crate::numbering::{Meaning, Place, meaning, understood};
use crate::policy::{DialPlan, Policy, Serves, Trunk, User};
use crate::refusal::{Code, Refusal};
use crate::steps::{Called, Caller, short};
use crate::trail::Trail;

const NAME: &str = "normalise";

pub(crate) fn normalise<'p>(
    policy: &'p Policy,
    caller: &Caller<'p>,
    dialled: &Dialled,
    trail: &mut Trail,
) -> Result<Called<'p>, Refusal> {
    let Dialled::Digits { digits, extension } = dialled else {
        trail.note(NAME, "refused", "a call for help that nobody here may make");
        return Err(Refusal::new(Code::UNASSIGNED, "calls for help are not taken from here"));
    };
    let behind = extension.as_ref().and_then(|extension| behind(policy, caller, digits, extension));
    let called = match behind {
        Some(user) => {
            trail.note(NAME, "ok", format!("{} is behind {digits}", user.name)).at(&user.at);
            Some(Called::inside(user))
        }
        None => found(policy, caller, digits, trail)
            .or_else(|| found(policy, caller, &by_letters(digits, trail)?, trail)),
    };
    called.ok_or_else(|| {
        let words = format!("\"{digits}\" is no number, extension or name");
        trail.note(NAME, "refused", words.clone());
        let is_dialled = digits.bytes().all(|byte| byte.is_ascii_digit() || b"+*#".contains(&byte));
        Refusal::new(if is_dialled { Code::NOT_A_NUMBER } else { Code::UNASSIGNED }, words)
    })
}

fn found<'p>(policy: &'p Policy, caller: &Caller<'p>, digits: &str, trail: &mut Trail) -> Option<Called<'p>> {
    match caller.trunk() {
        Some(trunk) => from_trunk(policy, caller, trunk, digits, trail),
        None => from_inside(policy, caller, digits, trail),
    }
}

fn from_inside<'p>(
    policy: &'p Policy,
    caller: &Caller<'p>,
    digits: &str,
    trail: &mut Trail,
) -> Option<Called<'p>> {
    let habits = policy.habits_of(caller.site.map(|site| &**site));
    let outside = habits.outside_prefix.as_deref().and_then(|prefix| digits.strip_prefix(prefix));
    if let Some(user) = short::user_of(policy, caller, digits) {
        let otherwise = short::otherwise(policy, caller, digits);
        trail.note(NAME, "ok", format!("{digits} is {}{otherwise}", user.name)).at(&user.at);
        return Some(Called::by(user, digits));
    }
    if let Some(called) = by_rules(policy, caller, digits, trail) {
        return Some(called);
    }
    if let Some(called) = outside.and_then(|digits| by_rules(policy, caller, digits, trail)) {
        return Some(called);
    }
    let place = policy.place_of(caller.site.map(|site| &**site));
    let by_country = |digits: &str| meaning(place, digits).map(|found| text_of(found, digits));
    let number = outside.and_then(by_country).or_else(|| by_country(digits))?;
    if *number == *digits {
        trail.note(NAME, "ok", "is E.164, or a short code, as dialled");
    } else {
        trail.note(NAME, "ok", format!("{digits} is {number}, as {} dials", habits.country.id));
    }
    Some(Called::numbered(policy, &number))
}

/// What letters mean on the keys of a phone, where nobody has such a name.
fn by_letters(dialled: &str, trail: &mut Trail) -> Option<String> {
    let digits = on_keys(dialled).filter(|digits| digits != dialled)?;
    trail.note(NAME, "letters", format!("{dialled} is {digits} on the keys of a phone"));
    Some(digits)
}

fn text_of(meaning: Meaning, digits: &str) -> String {
    match meaning {
        Meaning::Number(number) => number,
        Meaning::Short => digits.to_owned(),
    }
}

/// The first rule that matches: of the caller's own plan, then of the site's, then of everybody's.
fn by_rules<'p>(
    policy: &'p Policy,
    caller: &Caller<'p>,
    digits: &str,
    trail: &mut Trail,
) -> Option<Called<'p>> {
    let named = [
        caller.user().and_then(|user| user.dial_plan.as_ref()),
        caller.trunk().and_then(|trunk| trunk.dial_plan.as_ref()),
        caller.site.and_then(|site| site.dial_plan.as_ref()),
    ];
    let site = caller.site.map(|site| &site.name);
    let serves = |plan: &&DialPlan| match &plan.serves {
        Serves::Everybody => caller.trunk().is_none(),
        Serves::Sites(sites) => site.is_some_and(|site| sites.contains(site)),
        Serves::WhoeverNamesIt => false,
    };
    let named = named.into_iter().flatten();
    let named = named.filter_map(|name| policy.dial_plans.iter().find(|plan| plan.name == *name));
    for plan in named.chain(policy.dial_plans.iter().filter(serves)) {
        for (rule, at) in &plan.rules {
            let Some(becomes) = rule.apply(digits) else { continue };
            let says = format!("rule {}: {} becomes {becomes}", plan.name, rule.matches);
            trail.note(NAME, "ok", says).at(at);
            return Some(outcome(policy, caller, becomes));
        }
    }
    None
}

/// A rule may lead to a number, to an extension, or to digits that the country understands.
fn outcome<'p>(policy: &'p Policy, caller: &Caller<'p>, text: String) -> Called<'p> {
    if let Some(user) = short::user_of(policy, caller, &text) {
        return Called::by(user, &text);
    }
    let place = policy.place_of(caller.site.map(|site| &**site));
    let text = match meaning(place, &text) {
        Some(found) if !text.starts_with('+') => text_of(found, &text),
        _ => text,
    };
    Called::numbered(policy, &text)
}

/// The user of an extension behind a number of ours.
fn behind<'p>(
    policy: &'p Policy,
    caller: &Caller<'p>,
    number: &str,
    extension: &str,
) -> Option<&'p Arc<User>> {
    let owner = policy.directory.get(number);
    let is_ours = owner.is_some() || policy.dids.of(number).is_some();
    let site = owner.and_then(|owner| owner.site.as_ref()).or(caller.site);
    short::extension(policy, site, extension).filter(|_| is_ours)
}

/// Trunks send numbers in the form they are configured with, or in E.164 whatever they are configured with.
fn from_trunk<'p>(
    policy: &'p Policy,
    caller: &Caller<'p>,
    trunk: &Trunk,
    digits: &str,
    trail: &mut Trail,
) -> Option<Called<'p>> {
    if let Some(called) = by_rules(policy, caller, digits, trail) {
        return Some(called);
    }
    let is_extension = digits.bytes().all(|byte| byte.is_ascii_digit());
    if (trunk.did == DidRule::Any || is_extension)
        && let Some(user) = policy.directory.get(digits)
    {
        trail.note(NAME, "ok", format!("{digits} is {}", user.name)).at(&user.at);
        return Some(Called::by(user, digits));
    }
    if trunk.did == DidRule::Any && digits.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        trail.note(NAME, "name", format!("{digits} is a name; a route may know it"));
        return Some(Called::outside(digits));
    }
    let number = number_from_trunk(policy, trunk, digits)?;
    trail.note(NAME, "ok", format!("{digits} is {number}, as {} sends numbers", trunk.name));
    Some(Called::numbered(policy, &number))
}

pub(super) fn number_from_trunk(policy: &Policy, trunk: &Trunk, digits: &str) -> Option<String> {
    let home = &policy.home;
    let area_code = home.area_code.as_deref().filter(|_| home.country.id == trunk.country.id);
    let place = Place { plans: &policy.plans, country: &trunk.country, area_code };
    let found = understood(digits, trunk.identity.format_in(NumberPlace::Request), place);
    found.map(|found| text_of(found, digits)).or_else(|| {
        let plus = format!("+{digits}");
        let is_ours = policy.directory.contains_key(plus.as_str()) || policy.dids.of(&plus).is_some();
        is_ours.then_some(plus)
    })
}
