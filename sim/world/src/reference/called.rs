//! Whom a caller wants: from what was dialled to a number in E.164, or to somebody inside.

use model::{DidRule, Document, NumberPlace, Trunk, User};
use policy::Code;

use crate::reference::caller::Caller;
use crate::reference::house::House;
use crate::reference::numbering::Place;
use crate::reference::pattern::becomes;
use crate::reference::uri::on_keys;

pub(crate) struct Called<'d> {
    pub text: String,
    pub owner: Option<&'d Document<User>>,
    /// Whether the owner's private number was dialled.
    pub is_private: bool,
}

pub(crate) fn called<'d>(
    house: &House<'d>,
    caller: &Caller<'d>,
    dialled: &str,
    extension: Option<&str>,
) -> Result<Called<'d>, Code> {
    if let Some(user) = extension.and_then(|extension| behind(house, caller, dialled, extension)) {
        return Ok(inside(user));
    }
    let read = |digits: &str| match caller.trunk() {
        Some(trunk) => from_trunk(house, caller, trunk, digits),
        None => from_inside(house, caller, digits),
    };
    let by_letters = || on_keys(dialled).filter(|digits| digits != dialled).and_then(|digits| read(&digits));
    let is_typed = dialled.chars().all(|letter| "0123456789+*#".contains(letter));
    let why_not = if is_typed { Code::NOT_A_NUMBER } else { Code::UNASSIGNED };
    read(dialled).or_else(by_letters).ok_or(why_not)
}

/// The user of an extension behind a number of ours.
fn behind<'d>(
    house: &House<'d>,
    caller: &Caller<'d>,
    number: &str,
    extension: &str,
) -> Option<&'d Document<User>> {
    let owner = house.owner_of(number);
    let given = house.documents.trunk.keys().any(|trunk| house.gives(trunk, number));
    let of_owner = owner.and_then(|owner| owner.site.as_ref()).map(|site| site.as_str());
    let site = of_owner.or(caller.site.map(|site| &*site.name));
    by_extension(house, site, extension).filter(|_| owner.is_some() || given)
}

/// Whose extension it is: of somebody at the site first, else of the only one who has it.
fn by_extension<'d>(house: &House<'d>, site: Option<&str>, extension: &str) -> Option<&'d Document<User>> {
    let at_site =
        |user: &&Document<User>| site.is_some() && user.site.as_ref().map(|site| site.as_str()) == site;
    let alone = house.extended(extension).next().filter(|_| house.extended(extension).count() == 1);
    house.extended(extension).find(at_site).or(alone)
}

/// Somebody inside: by extension, name or number, by another site's prefix and extension, or the operator.
pub(crate) fn by_short_way<'d>(
    house: &House<'d>,
    caller: &Caller<'d>,
    digits: &str,
) -> Option<&'d Document<User>> {
    let own = by_extension(house, caller.site.map(|site| &*site.name), digits);
    let elsewhere = || {
        house.documents.site.values().find_map(|site| {
            let rest = digits.strip_prefix(site.extension_prefix.as_ref()?.as_str())?;
            house.extended(rest).find(|user| user.site.as_ref().is_some_and(|at| **at == *site.name))
        })
    };
    let operator = caller.site.and_then(|site| site.operator.as_ref());
    let operator = operator.or(house.documents.system.operator.as_ref());
    let operator = operator.filter(|operator| operator.dial.as_str() == digits);
    own.or_else(|| house.owner_of(digits))
        .or_else(elsewhere)
        .or_else(|| house.documents.user.get(operator?.user.as_str()))
}

pub(crate) fn inside<'d>(user: &'d Document<User>) -> Called<'d> {
    let number = user.number.as_ref().map(|number| number.as_str());
    Called { text: number.unwrap_or(&user.name).to_owned(), owner: Some(user), is_private: false }
}

/// The same, by what was dialled.
fn dialled_for<'d>(user: &'d Document<User>, dialled: &str) -> Called<'d> {
    let private = user.private_number.as_ref().map(|number| number.as_str());
    Called { is_private: private == Some(dialled), ..inside(user) }
}

pub(crate) fn outside<'d>(house: &House<'d>, number: String) -> Called<'d> {
    match house.owner_of(&number) {
        Some(user) => dialled_for(user, &number),
        None => Called { text: number, owner: None, is_private: false },
    }
}

/// Somebody inside; else the rules, behind the outside prefix too; else what the country's people mean.
fn from_inside<'d>(house: &House<'d>, caller: &Caller<'d>, digits: &str) -> Option<Called<'d>> {
    if let Some(user) = by_short_way(house, caller, digits) {
        return Some(dialled_for(user, digits));
    }
    let prefix = caller.site.and_then(|site| site.outside_prefix.as_ref());
    let behind = prefix.and_then(|prefix| digits.strip_prefix(prefix.as_str()));
    if let Some(called) = by_rules(house, caller, digits).or_else(|| by_rules(house, caller, behind?)) {
        return Some(called);
    }
    let place = house.place_at(caller.site);
    let by_country = |digits: &str| house.numbering.meaning(&place, digits);
    let number = behind.and_then(by_country).or_else(|| by_country(digits))?;
    Some(outside(house, number))
}

/// The plan of the user or trunk, then the site's, then those that name the site, then those that nobody
/// names; calls from a trunk ask only the plan that the trunk names.
fn by_rules<'d>(house: &House<'d>, caller: &Caller<'d>, digits: &str) -> Option<Called<'d>> {
    let documents = house.documents;
    let of_user = caller.user().and_then(|user| user.value.dialplan.as_ref());
    let of_trunk = caller.trunk().and_then(|trunk| trunk.value.dialplan.as_ref());
    let of_site = caller.site.and_then(|site| site.value.dialplan.as_ref());
    let named = [of_user, of_trunk, of_site].into_iter().flatten();
    let named = named.filter_map(|name| documents.dialplan.get(name.as_str()));
    let is_named = |plan: &str| {
        documents.user.values().any(|user| user.dialplan.as_ref().is_some_and(|name| name.as_str() == plan))
            || documents.trunk.values().any(|one| one.dialplan.as_ref().is_some_and(|name| **name == *plan))
            || documents.site.values().any(|site| site.dialplan.as_ref().is_some_and(|name| **name == *plan))
    };
    let plans = || documents.dialplan.values();
    let of_sites = plans().filter(|plan| {
        plan.sites.iter().any(|name| caller.site.is_some_and(|site| *site.name == *name.as_str()))
    });
    let everybodys = plans().filter(|plan| plan.sites.is_empty() && !is_named(&plan.name));
    let everybodys = everybodys.filter(|_| caller.trunk().is_none());
    let mut rules = named.chain(of_sites).chain(everybodys).flat_map(|plan| &plan.rules);
    let text = rules.find_map(|rule| becomes(rule, digits))?;
    if let Some(user) = by_short_way(house, caller, &text) {
        return Some(dialled_for(user, &text));
    }
    let meant = house.numbering.meaning(&house.place_at(caller.site), &text);
    Some(outside(house, meant.filter(|_| !text.starts_with('+')).unwrap_or(text)))
}

fn from_trunk<'d>(
    house: &House<'d>,
    caller: &Caller<'d>,
    trunk: &'d Document<Trunk>,
    digits: &str,
) -> Option<Called<'d>> {
    if let Some(called) = by_rules(house, caller, digits) {
        return Some(called);
    }
    let is_any = trunk.accept.did == DidRule::Any;
    let is_extension = digits.chars().all(|letter| letter.is_ascii_digit());
    if let Some(user) = house.owner_of(digits).filter(|_| is_any || is_extension) {
        return Some(dialled_for(user, digits));
    }
    if is_any && digits.contains(|letter: char| letter.is_ascii_alphabetic()) {
        return Some(Called { text: digits.to_owned(), owner: None, is_private: false });
    }
    number_from(house, trunk, digits).map(|number| outside(house, number))
}

/// The number or short code that a trunk means.
pub(crate) fn number_from(house: &House<'_>, trunk: &Trunk, digits: &str) -> Option<String> {
    let system = &house.documents.system;
    let country = trunk.identity.country.as_ref().unwrap_or(&system.country);
    let is_home = country.value == system.country.value;
    let area = system.area_code.as_ref().filter(|_| is_home).map(|area| area.value.clone());
    let place = Place { country: house.numbering.country(country), area };
    let format = trunk.identity.format_in(NumberPlace::Request);
    let found = house.numbering.agreed(format, digits).or_else(|| house.numbering.meaning(&place, digits));
    found.or_else(|| {
        let number = format!("+{digits}");
        let given = house.documents.trunk.keys().any(|trunk| house.gives(trunk, &number));
        (given || house.owner_of(&number).is_some()).then_some(number)
    })
}
