//! What people may call, and which usages they hold.

use model::{Class, Document, Rights, Scope, User};
use policy::Code;

use crate::reference::called::Called;
use crate::reference::caller::{Caller, Party};
use crate::reference::house::House;

/// Whether somebody may call a number of its class; trunks have no rights.
pub(crate) fn may_call(house: &House<'_>, caller: &Caller<'_>, called: &Called<'_>) -> Result<(), Code> {
    let Party::User(user) = caller.party else { return Ok(()) };
    let class = match called.owner {
        Some(_) => Class::Internal,
        None => house.numbering.class(house.country_at(caller.site), &called.text),
    };
    if let Some(allow) = &user.allow {
        let allowed = allow.iter().any(|one| *one == class || is_national(*one, class));
        return if allowed { Ok(()) } else { Err(Code::RIGHTS) };
    }
    let usual = [Class::Internal, Class::National, Class::Mobile].map(Scope::Class);
    let rights = rights_of(house, user);
    let written = rights.and_then(|rights| rights.allow.as_ref());
    let allow: Vec<&Scope> = match written {
        Some(allow) => allow.iter().map(|scope| &scope.value).collect(),
        None => usual.iter().collect(),
    };
    let deny = rights.iter().flat_map(|rights| rights.deny.iter());
    if deny.into_iter().any(|scope| covers(house, scope, class, &called.text)) {
        return Err(Code::RIGHTS);
    }
    let costs_extra = [Class::Premium, Class::Satellite, Class::SharedCost].contains(&class);
    let opens = |scope: &Scope| !costs_extra || matches!(scope, Scope::Class(_));
    let allowed = allow.iter().any(|scope| opens(scope) && covers(house, scope, class, &called.text));
    if allowed { Ok(()) } else { Err(Code::RIGHTS) }
}

/// Whoever may call the own country may call what costs nothing.
fn is_national(scope: Class, class: Class) -> bool {
    scope == Class::National && class == Class::TollFree
}

fn covers(house: &House<'_>, scope: &Scope, class: Class, number: &str) -> bool {
    match scope {
        Scope::Class(one) => *one == class || is_national(*one, class),
        Scope::Beginning(beginning) => number.starts_with(&**beginning),
        Scope::Country(id) => {
            let digits = number.strip_prefix('+');
            let country = digits.and_then(|digits| house.numbering.of_number(digits));
            country.is_some_and(|(country, _)| *country.id == **id)
        }
    }
}

/// A user's own rights, else those of the user's site, else those of the house.
fn rights_of<'d>(house: &House<'d>, user: &User) -> Option<&'d Document<Rights>> {
    let site = user.site.as_ref().and_then(|name| house.documents.site.get(name.as_str()));
    let of_site = site.and_then(|site| site.rights.as_ref());
    let name = user.rights.as_ref().or(of_site).or(house.documents.system.rights.as_ref())?;
    house.documents.rights.get(name.as_str())
}

/// The usages of a trunk, or of the rights of a user: the first come first.
pub(crate) fn usages_of<'d>(house: &House<'d>, caller: &Caller<'d>) -> Vec<&'d str> {
    let held = match (caller.trunk(), caller.user()) {
        (Some(trunk), _) => Some(&trunk.value.usages),
        (None, Some(user)) if user.allow.is_some() => None,
        (None, Some(user)) => rights_of(house, user).map(|rights| &rights.value.usages),
        (None, None) => None,
    };
    held.into_iter().flatten().map(|usage| usage.as_str()).collect()
}
