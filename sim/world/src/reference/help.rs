//! Calls for help: before anything can say no.

use model::{Document, Emergency, Trunk, User};
use policy::Facts;

use crate::reference::caller::{Caller, Party, is_inside};
use crate::reference::house::House;
use crate::reference::uri::Wanted;
use crate::reference::ways::{Hop, Lot, rank, servers_of};

/// What is asked for outside, and the rule that says where.
pub(crate) struct Alarm<'d> {
    pub number: String,
    pub rule: Option<&'d Document<Emergency>>,
}

/// Whether a user who called for help not long ago is called from outside: by whoever was called, perhaps.
pub(crate) fn is_answered(
    house: &House<'_>,
    caller: &Caller<'_>,
    user: &Document<User>,
    facts: &Facts,
) -> bool {
    let is_outside = matches!(caller.party, Party::Trunk(trunk) if trunk.kind.is_public());
    let window = house.documents.system.callback_window().as_millis();
    let since = facts.helped.iter().find(|(name, _)| **name == *user.name).map(|(_, at)| facts.at.0 - at.0);
    is_outside && window > 0 && since.is_some_and(|ms| u128::try_from(ms).unwrap_or(0) <= window)
}

/// Whether a call is for help, from somebody who may call for it.
pub(crate) fn alarm<'d>(
    house: &House<'d>,
    caller: &Caller<'d>,
    wanted: &Wanted,
    facts: &Facts,
) -> Option<Alarm<'d>> {
    let may = match caller.party {
        Party::Trunk(trunk) => !trunk.kind.is_public(),
        Party::User(_) => true,
        Party::Stranger(_) => caller.site.is_some() || is_inside(house, facts),
    };
    if !may {
        return None;
    }
    let country = house.country_at(caller.site);
    let serves = |rule: &&Document<Emergency>| {
        let named = |name: &str| caller.site.is_none_or(|site| *site.name == *name);
        let at_site = rule.sites.is_empty() || rule.sites.iter().any(|name| named(name));
        let nowhere = caller.site.is_none();
        (at_site || nowhere) && rule.country.as_ref().is_none_or(|id| **id == country.id)
    };
    let rules: Vec<&Document<Emergency>> = house.documents.emergency.values().filter(serves).collect();
    let digits = match wanted {
        Wanted::Somebody(digits, _) => digits,
        Wanted::Help(service) => {
            let known = ["police", "fire", "ambulance", "marine", "mountain"];
            let service = service.as_deref().filter(|service| known.contains(service));
            let of_rule = rules.first().and_then(|rule| rule.dial.first()).filter(|_| service.is_none());
            let number = of_rule.cloned().unwrap_or_else(|| country.help(service));
            return Some(Alarm { number, rule: rules.first().copied() });
        }
    };
    let sites = house.documents.site.values();
    let sites = sites.filter(|site| caller.site.is_none_or(|own| own.name == site.name));
    let prefixes = sites.filter_map(|site| site.outside_prefix.as_ref());
    let behind = prefixes.filter_map(|prefix| digits.strip_prefix(prefix.as_str()));
    for digits in std::iter::once(digits.as_str()).chain(behind) {
        if let Some(rule) = rules.iter().find(|rule| rule.dial.iter().any(|number| number == digits)) {
            // Of 911 and 9911, the world knows the one that ends both.
            let ends = rule.dial.iter().filter(|number| digits.ends_with(number.as_str()));
            let number = ends.min_by_key(|number| number.len()).cloned();
            return Some(Alarm { number: number.unwrap_or_default(), rule: Some(rule) });
        }
        if country.is_help(digits) {
            return Some(Alarm { number: digits.to_owned(), rule: rules.first().copied() });
        }
    }
    None
}

/// The trunks of the rule, then all others; those that are down come last, and none is left out.
pub(crate) fn hops<'d>(
    house: &House<'d>,
    caller: &Caller<'_>,
    alarm: &Alarm<'d>,
    facts: &Facts,
) -> Vec<Hop<'d>> {
    let named = alarm.rule.map_or(&[][..], |rule| &rule.value.trunks);
    let first: Vec<&Document<Trunk>> =
        named.iter().filter_map(|name| house.documents.trunk.get(name.as_str())).collect();
    let others = house.documents.trunk.values();
    let others = others.filter(|trunk| first.iter().all(|one| one.name != trunk.name));
    let calls =
        |trunk: &&Document<Trunk>| matches!(caller.party, Party::Trunk(own) if own.name == trunk.name);
    let lot = Lot::of(&alarm.number, &caller.name, facts);
    let mut hops = Vec::new();
    for trunk in first.iter().copied().chain(others).filter(|trunk| !calls(trunk)) {
        let servers = servers_of(trunk, &lot).into_iter();
        hops.extend(servers.map(|server| Hop { trunk, server, route: None, price: None }));
    }
    hops.sort_by_key(|hop| rank(house, hop.trunk, hop.server, facts, &lot));
    hops
}
