//! Who calls: a trunk by its certificate, source or servers; else a person, by proof or device.

use std::net::IpAddr;

use model::{Document, Side, Site, Trunk, TrunkDirection, User};
use policy::{Code, Facts};

use crate::reference::house::House;
use crate::reference::pattern::holds_number;
use crate::reference::uri::{Wanted, bare, is_anonymous, named};

pub(crate) struct Caller<'d> {
    pub party: Party<'d>,
    pub site: Option<&'d Document<Site>>,
    pub name: String,
}

pub(crate) enum Party<'d> {
    Trunk(&'d Document<Trunk>),
    User(&'d Document<User>),
    /// Perhaps somebody who says to be a user.
    Stranger(Option<&'d Document<User>>),
}

impl<'d> Caller<'d> {
    pub fn trunk(&self) -> Option<&'d Document<Trunk>> {
        match self.party {
            Party::Trunk(trunk) => Some(trunk),
            Party::User(_) | Party::Stranger(_) => None,
        }
    }

    /// The user that calls, or says to call.
    pub fn user(&self) -> Option<&'d Document<User>> {
        match self.party {
            Party::User(user) => Some(user),
            Party::Stranger(says) => says,
            Party::Trunk(_) => None,
        }
    }
}

/// Who calls, and what speaks against listening to them.
pub(crate) fn caller<'d>(house: &House<'d>, facts: &Facts) -> (Caller<'d>, Option<Code>) {
    if let Some(trunk) = trunk_of(house, facts) {
        let against = (trunk.direction == TrunkDirection::Out).then_some(Code::NOT_INBOUND);
        let name = trunk.name.to_string();
        return (Caller { party: Party::Trunk(trunk), site: None, name }, against);
    }
    person(house, facts)
}

fn trunk_of<'d>(house: &House<'d>, facts: &Facts) -> Option<&'d Document<Trunk>> {
    let trunks = || house.documents.trunk.values();
    let proved = |trunk: &&Document<Trunk>| {
        trunk
            .accept
            .certificate
            .iter()
            .any(|own| facts.certificate.iter().any(|name| name.eq_ignore_ascii_case(own)))
    };
    let exactness = |trunk: &Document<Trunk>| {
        let covering = trunk.accept.sources.iter().filter(|source| source.covers(facts.source));
        covering.map(|source| source.exactness()).max()
    };
    let best = trunks().filter_map(exactness).max();
    let resolved = |trunk: &&Document<Trunk>| {
        let takes = trunk.accept.resolved;
        let takes = takes.unwrap_or(trunk.accept.sources.is_empty() && trunk.accept.certificate.is_empty());
        takes && facts.resolved.contains(&trunk.name)
    };
    let by_proof = the_one(house, facts, trunks().filter(proved).collect());
    let of_source = trunks().filter(|trunk| best.is_some() && exactness(trunk) == best).collect();
    let by_source = by_proof.or_else(|| the_one(house, facts, of_source));
    let named = named(&facts.from_uri).and_then(|name| house.owner_of(&name));
    let is_person = facts.authenticated.is_some()
        || named.is_some_and(|user| {
            is_at_device(user, facts.source.ip()) || house.sounds_urgent(&facts.request_uri)
        });
    let there = trunks().filter(resolved).filter(|_| !is_person).collect();
    by_source.or_else(|| the_one(house, facts, there))
}

/// Of several trunks, the one that gave us the number called.
fn the_one<'d>(
    house: &House<'d>,
    facts: &Facts,
    among: Vec<&'d Document<Trunk>>,
) -> Option<&'d Document<Trunk>> {
    if among.len() > 1
        && let Some(Wanted::Somebody(digits, _)) = Wanted::of(&facts.request_uri)
    {
        let number = format!("+{}", digits.trim_start_matches('+'));
        let gave_it = |trunk: &&&Document<Trunk>| house.gives(&trunk.name, &number);
        if let Some(trunk) = among.iter().find(gave_it) {
            return Some(trunk);
        }
    }
    among.first().copied()
}

fn person<'d>(house: &House<'d>, facts: &Facts) -> (Caller<'d>, Option<Code>) {
    let source = facts.source.ip();
    let from = name_of(facts);
    let says = from.as_deref().and_then(|name| house.owner_of(name));
    let proved = facts.authenticated.as_deref().and_then(|name| house.documents.user.get(name));
    let at_device = says.filter(|user| is_at_device(user, source));
    let party = match proved.or(at_device) {
        Some(user) => Party::User(user),
        None => Party::Stranger(says),
    };
    let is_among_us = site_at(house, source).is_some() || is_inside(house, facts);
    let against = match (proved, says) {
        (Some(one), Some(other)) if one.name != other.name => Some(Code::SOMEBODY_ELSE),
        (Some(_), _) => None,
        (None, Some(user)) if may_prove(user) => Some(Code::PROVE_YOURSELF),
        (None, Some(_)) => at_device.is_none().then_some(Code::ELSEWHERE),
        (None, None) if is_anonymous(&facts.from_uri) && is_among_us => Some(Code::PROVE_YOURSELF),
        (None, None) => Some(Code::STRANGER),
    };
    let of_user = match party {
        Party::User(user) => user.site.as_ref().and_then(|name| house.documents.site.get(name.as_str())),
        Party::Trunk(_) | Party::Stranger(_) => None,
    };
    let name = match party {
        Party::User(user) => user.name.to_string(),
        Party::Trunk(_) | Party::Stranger(_) => from.unwrap_or_else(|| source.to_string()),
    };
    (Caller { party, site: site_at(house, source).or(of_user), name }, against)
}

/// Whom From names; where it hides that, whom the phone says to be to us alone.
fn name_of(facts: &Facts) -> Option<String> {
    if !is_anonymous(&facts.from_uri) {
        return named(&facts.from_uri);
    }
    facts.preferred.iter().chain(&facts.asserted).find_map(|value| named(bare(value)))
}

/// Whether a call arrived at an inside interface.
pub(crate) fn is_inside(house: &House<'_>, facts: &Facts) -> bool {
    let at = usize::from(facts.interface.0);
    house.documents.interface.values().nth(at).is_some_and(|interface| interface.side == Side::Inside)
}

/// The site with the smallest network around an address.
pub(crate) fn site_at<'d>(house: &House<'d>, address: IpAddr) -> Option<&'d Document<Site>> {
    let mut best: Option<(u8, &Document<Site>)> = None;
    for site in house.documents.site.values() {
        for subnet in site.subnets.iter().filter(|subnet| subnet.contains(address)) {
            if best.is_none_or(|(bits, _)| subnet.bits >= bits) {
                best = Some((subnet.bits, site));
            }
        }
    }
    best.map(|(_, site)| site)
}

/// Whether a user has anything to prove itself by.
fn may_prove(user: &model::User) -> bool {
    user.password.is_some() || !user.phones.is_empty()
}

/// Without a password, the address of a device is all the proof there is.
fn is_at_device(user: &Document<User>, source: IpAddr) -> bool {
    !may_prove(user) && user.devices.iter().any(|device| device.contact.address() == Some(source))
}

impl House<'_> {
    /// Whether a trunk gave us a number.
    pub fn gives(&self, trunk: &str, number: &str) -> bool {
        let numbers = self.documents.numbers.values().filter(|numbers| numbers.trunk.as_str() == trunk);
        numbers.into_iter().any(|numbers| holds_number(numbers, number))
    }
}
