//! From what was dialled to a number in E.164, or to somebody inside.

use std::sync::Arc;

use model::{DidRule, NumberPlace};

use crate::address::{Dialled, on_keys};
use crate::numbering::{Meaning, Place, meaning, understood};
use crate::policy::{Policy, Trunk, User};
use crate::refusal::{Code, Refusal};
use crate::steps::{Called, Caller};
use crate::trail::Trail;

const NAME: &str = "normalise";

pub(crate) fn normalise<'p>(
    policy: &'p Policy,
    caller: &Caller<'p>,
    dialled: &Dialled,
    trail: &mut Trail,
) -> Result<Called<'p>, Refusal> {
    let Dialled::Digits { digits, .. } = dialled else {
        trail.note(NAME, "refused", "a call for help that nobody here may make");
        return Err(Refusal::new(Code::UNASSIGNED, "calls for help are not taken from here"));
    };
    let found = match caller.trunk() {
        Some(trunk) => from_trunk(policy, trunk, digits, trail),
        None => from_inside(policy, caller, digits, trail),
    };
    let found = found.or_else(|| by_letters(policy, caller, digits, trail));
    found.ok_or_else(|| {
        let words = format!("\"{digits}\" is no number, extension or name");
        trail.note(NAME, "refused", words.clone());
        let is_dialled = digits.bytes().all(|byte| byte.is_ascii_digit() || b"+*#".contains(&byte));
        Refusal::new(if is_dialled { Code::NOT_A_NUMBER } else { Code::UNASSIGNED }, words)
    })
}

fn from_inside<'p>(
    policy: &'p Policy,
    caller: &Caller<'p>,
    digits: &str,
    trail: &mut Trail,
) -> Option<Called<'p>> {
    if let Some(user) = policy.directory.get(digits) {
        trail.note(NAME, "ok", format!("{digits} is {}", user.name)).at(&user.at);
        return Some(inside(user));
    }
    let habits = policy.habits_of(caller.site.map(|site| &**site));
    let outside = habits.outside_prefix.as_deref().and_then(|prefix| digits.strip_prefix(prefix));
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
    Some(called(policy, number))
}

/// What letters mean on the keys of a phone, where nobody has such a name.
fn by_letters<'p>(
    policy: &'p Policy,
    caller: &Caller<'p>,
    dialled: &str,
    trail: &mut Trail,
) -> Option<Called<'p>> {
    let digits = on_keys(dialled).filter(|digits| digits != dialled)?;
    trail.note(NAME, "letters", format!("{dialled} is {digits} on the keys of a phone"));
    match caller.trunk() {
        Some(trunk) => from_trunk(policy, trunk, &digits, trail),
        None => from_inside(policy, caller, &digits, trail),
    }
}

fn text_of(meaning: Meaning, digits: &str) -> String {
    match meaning {
        Meaning::Number(number) => number,
        Meaning::Short => digits.to_owned(),
    }
}

/// The first rule of a dial plan that matches; the site's own plans come before everybody's.
fn by_rules<'p>(
    policy: &'p Policy,
    caller: &Caller<'p>,
    digits: &str,
    trail: &mut Trail,
) -> Option<Called<'p>> {
    let site = caller.site.map(|site| &site.name);
    let serves = |sites: &[Arc<str>]| sites.is_empty() || site.is_some_and(|site| sites.contains(site));
    for plan in policy.dial_plans.iter().filter(|plan| serves(&plan.sites)) {
        for (rule, at) in &plan.rules {
            let Some(number) = rule.apply(digits) else { continue };
            let says = format!("rule {}: {} becomes {number}", plan.name, rule.matches);
            trail.note(NAME, "ok", says).at(at);
            return Some(called(policy, number));
        }
    }
    None
}

/// Trunks send numbers in the form they are configured with, or in E.164 whatever they are configured with.
fn from_trunk<'p>(policy: &'p Policy, trunk: &Trunk, digits: &str, trail: &mut Trail) -> Option<Called<'p>> {
    if trunk.did == DidRule::Any
        && let Some(user) = policy.directory.get(digits)
    {
        trail.note(NAME, "ok", format!("{digits} is {}", user.name)).at(&user.at);
        return Some(inside(user));
    }
    if trunk.did == DidRule::Any && digits.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        trail.note(NAME, "name", format!("{digits} is a name; a route may know it"));
        return Some(Called { text: digits.into(), owner: None });
    }
    let number = number_from_trunk(policy, trunk, digits)?;
    trail.note(NAME, "ok", format!("{digits} is {number}, as {} sends numbers", trunk.name));
    Some(called(policy, number))
}

pub(super) fn number_from_trunk(policy: &Policy, trunk: &Trunk, digits: &str) -> Option<String> {
    let home = &policy.home;
    let area_code = home.area_code.as_deref().filter(|_| home.country.id == trunk.country.id);
    let place = Place { plans: &policy.plans, country: &trunk.country, area_code };
    let found = understood(digits, trunk.identity.format_in(NumberPlace::Request), place);
    found.map(|found| text_of(found, digits)).or_else(|| {
        let plus = format!("+{digits}");
        let is_ours =
            policy.directory.contains_key(plus.as_str()) || policy.dids.iter().any(|b| b.contains(&plus));
        is_ours.then_some(plus)
    })
}

fn inside(user: &Arc<User>) -> Called<'_> {
    let text = user.number.as_ref().map_or_else(|| user.name.clone(), |number| number.shared());
    Called { text, owner: Some(user) }
}

fn called(policy: &Policy, number: String) -> Called<'_> {
    match policy.directory.get(number.as_str()) {
        Some(user) => inside(user),
        None => Called { text: number.into(), owner: None },
    }
}
