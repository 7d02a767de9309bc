//! Where those are who would speak, and what that forbids: toll bypass.

use model::{Document, Route, Site, TollBypass, Trunk, User};
use policy::{Code, Facts, Whereabouts};

use crate::reference::caller::{Caller, site_at};
use crate::reference::house::House;
use crate::reference::phones::{self, Phone};

/// Whom the new party would speak with: the caller, or whoever is transferred.
pub(crate) struct Speaker<'d> {
    site: Option<&'d str>,
    trunk: Option<&'d Document<Trunk>>,
}

pub(crate) fn speaker<'d>(house: &House<'d>, caller: &Caller<'d>, facts: &Facts) -> Speaker<'d> {
    let at = |address| Speaker { site: site_at(house, address).map(|site| &*site.name), trunk: None };
    let behind = |trunk: Option<&'d Document<Trunk>>| {
        let site = trunk.and_then(|trunk| trunk.value.site.as_ref());
        Speaker { site: site.map(|site| site.as_str()), trunk }
    };
    match (&facts.stays, caller.trunk()) {
        (Some(Whereabouts::Address(address)), _) => at(*address),
        (Some(Whereabouts::Trunk(name)), _) => behind(house.documents.trunk.get(name)),
        (None, Some(trunk)) => behind(Some(trunk)),
        (None, None) => at(facts.source.ip()),
    }
}

/// The site of a trunk that serves nobody else.
fn only_site(trunk: &Trunk) -> Option<&str> {
    let site = trunk.site.as_ref().map(|site| site.as_str());
    site.filter(|_| trunk.toll_bypass == TollBypass::Refused)
}

/// Whether a route is of a site: it names the site, or has one of its usages.
fn is_of(route: &Route, site: &Document<Site>) -> bool {
    let names_it = route.from.as_ref().and_then(|from| from.site.as_ref());
    let mut names = route.sites.iter().chain(names_it);
    names.any(|name| **name == *site.name)
        || site.usages.iter().any(|held| route.usages.iter().any(|usage| usage.value == held.value))
}

impl<'d> Speaker<'d> {
    /// The site by whose routes alone the telephone network is reached from there.
    pub fn bound(&self, house: &House<'d>) -> Option<&'d Document<Site>> {
        let site = house.documents.site.get(self.site?)?;
        let is_public = self.trunk.is_some_and(|trunk| trunk.kind.is_public());
        (site.toll_bypass == TollBypass::Refused && !is_public).then_some(site)
    }

    /// Whether a trunk of a route may be joined with whoever speaks.
    pub fn may_use(&self, house: &House<'d>, route: &Route, trunk: &Trunk) -> bool {
        let trunk_site = trunk.site.as_ref().map(|site| site.as_str());
        let is_served = only_site(trunk).is_none_or(|site| self.site == Some(site));
        let serves = self.trunk.and_then(|own| only_site(own)).is_none_or(|site| trunk_site == Some(site));
        let is_free = || self.bound(house).is_none_or(|site| is_of(route, site));
        is_served && serves && (!trunk.kind.is_public() || is_free())
    }

    /// The user whose devices ring, and which of them.
    pub fn rings(
        &self,
        house: &House<'d>,
        user: &'d Document<User>,
        facts: &Facts,
    ) -> Result<(&'d Document<User>, Vec<String>), Code> {
        let only = self.trunk.and_then(|trunk| only_site(trunk));
        let contacts = |phones: Vec<Phone>| phones.into_iter().map(|phone| phone.contact).collect();
        let all = phones::wanted(user, facts);
        let Some(only) = only.filter(|_| !all.is_empty()) else { return Ok((user, contacts(all))) };
        let is_there = |phone: &Phone| {
            let site = phone.address.and_then(|address| site_at(house, address));
            site.is_some_and(|site| *site.name == *only)
        };
        let there: Vec<Phone> = all.into_iter().filter(is_there).collect();
        if !there.is_empty() {
            return Ok((user, contacts(there)));
        }
        let mailbox = house.documents.site.get(only).and_then(|site| site.mailbox.as_ref());
        let mailbox = mailbox.and_then(|name| house.documents.user.get(name.as_str()));
        mailbox.map(|user| (user, contacts(phones::wanted(user, facts)))).ok_or(Code::NOT_THERE)
    }
}
