//! Short ways to somebody inside: names, extensions, extensions of other sites, the operator.

use std::sync::Arc;

use crate::numbering::{Meaning, meaning};
use crate::policy::{Policy, Site, User};
use crate::steps::Caller;

/// Who is meant by what was dialled, before any rule is asked.
pub(crate) fn user_of<'p>(policy: &'p Policy, caller: &Caller<'p>, digits: &str) -> Option<&'p Arc<User>> {
    let at_site = caller.site.and_then(|site| policy.extensions.of(&site.name, digits));
    let user = at_site.or_else(|| policy.directory.get(digits));
    user.or_else(|| of_other_site(policy, digits)).or_else(|| operator(policy, caller, digits))
}

/// The owner of an extension: of somebody at the site first, else of the only one in the house.
pub(crate) fn extension<'p>(
    policy: &'p Policy,
    site: Option<&Arc<Site>>,
    extension: &str,
) -> Option<&'p Arc<User>> {
    let at_site = site.and_then(|site| policy.extensions.of(&site.name, extension));
    at_site.or_else(|| {
        let user = policy.directory.get(extension)?;
        (user.extension.as_deref() == Some(extension)).then_some(user)
    })
}

fn of_other_site<'p>(policy: &'p Policy, digits: &str) -> Option<&'p Arc<User>> {
    policy.sites_with_prefix.iter().find_map(|site| {
        let rest = digits.strip_prefix(site.extension_prefix.as_deref()?)?;
        policy.extensions.of(&site.name, rest)
    })
}

fn operator<'p>(policy: &'p Policy, caller: &Caller<'p>, digits: &str) -> Option<&'p Arc<User>> {
    let (dial, user) = policy.habits_of(caller.site.map(|site| &**site)).operator.as_ref()?;
    policy.users.get(user).filter(|_| **dial == *digits)
}

/// What the same digits would mean outside, for whoever wonders why a colleague rings.
pub(crate) fn otherwise(policy: &Policy, caller: &Caller<'_>, digits: &str) -> String {
    let site = caller.site.map(|site| &**site);
    let Some(Meaning::Number(number)) = meaning(policy.place_of(site), digits) else { return String::new() };
    if digits.starts_with('+') || policy.directory.contains_key(number.as_str()) {
        return String::new();
    }
    match &policy.habits_of(site).outside_prefix {
        Some(prefix) => format!("; {number} outside is reached by {prefix}{digits}"),
        None => format!("; {number} outside is reached by its plus"),
    }
}
