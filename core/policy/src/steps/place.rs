//! Where those are who would speak: toll bypass is refused by place.
//!
//! A trunk that refuses it serves whoever is at its site, and nobody else. Whoever is at a site that refuses
//! it reaches the telephone network by routes of that site. Calls for help never come here.

use std::sync::Arc;

use model::TollBypass;

use crate::facts::{Facts, Whereabouts};
use crate::policy::{Policy, Route, Site, Trunk, User};
use crate::refusal::{Code, Refusal};
use crate::steps::Caller;
use crate::steps::devices::{self, Device};
use crate::steps::{prefer, sealed};
use crate::trail::Trail;

const NAME: &str = "place";

/// Whom the new party will speak with: the caller, or who is transferred.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Speaker<'p> {
    /// Where it is: by the network, never by what a document says of a person.
    site: Option<&'p Arc<Site>>,
    trunk: Option<&'p Arc<Trunk>>,
}

/// Why a trunk does not serve somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// The trunk named serves its site alone.
    ServesSite { trunk: Arc<str>, site: Arc<str> },
    /// The site wants a route of its own.
    NotOfSite(Arc<str>),
}

impl Elsewhere {
    pub fn says(&self) -> String {
        match self {
            Elsewhere::ServesSite { trunk, site } => format!("{trunk} serves whoever is at {site} alone"),
            Elsewhere::NotOfSite(site) => format!("{site} refuses toll bypass, and the route is none of it"),
        }
    }
}

/// Who will speak with whoever is called.
pub(crate) fn speaker<'p>(policy: &'p Policy, facts: &Facts, caller: &Caller<'p>) -> Speaker<'p> {
    match &facts.stays {
        Some(whereabouts) => Speaker::at(policy, whereabouts),
        None => Speaker {
            site: caller.trunk().map_or(caller.here, |trunk| trunk.site.as_ref()),
            trunk: caller.trunk(),
        },
    }
}

impl<'p> Speaker<'p> {
    fn at(policy: &'p Policy, whereabouts: &Whereabouts) -> Speaker<'p> {
        match whereabouts {
            Whereabouts::Address(address) => Speaker { site: policy.site_of(*address), trunk: None },
            Whereabouts::Trunk(name) => {
                let trunk = policy.trunks.get(name);
                Speaker { site: trunk.and_then(|trunk| trunk.site.as_ref()), trunk }
            }
        }
    }

    /// The site whose routes alone lead into the telephone network.
    pub fn bound(&self) -> Option<&'p Arc<Site>> {
        let is_public = self.trunk.is_some_and(|trunk| trunk.kind.is_public());
        self.site.filter(|site| site.toll_bypass == TollBypass::Refused && !is_public)
    }

    /// Why a trunk of a route may not be joined with whoever speaks.
    pub fn bar(&self, route: &Route, trunk: &Trunk) -> Option<Elsewhere> {
        let other = Speaker { site: trunk.site.as_ref(), trunk: None };
        let of_trunk = trunk.serves(self).or_else(|| self.trunk?.serves(&other));
        let of_site = || self.bound().filter(|site| trunk.kind.is_public() && !site.has(route));
        of_trunk.or_else(|| of_site().map(|site| Elsewhere::NotOfSite(site.name.clone())))
    }
}

impl Trunk {
    /// Why somebody is not served: nothing, if they are.
    fn serves(&self, other: &Speaker<'_>) -> Option<Elsewhere> {
        let own = self.site.as_ref().filter(|_| self.toll_bypass == TollBypass::Refused)?;
        let is_there = other.site.is_some_and(|site| site.name == own.name);
        let (trunk, site) = (self.name.clone(), own.name.clone());
        (!is_there).then_some(Elsewhere::ServesSite { trunk, site })
    }
}

impl Site {
    /// How early a route of this site comes: by its usages, then because it names the site.
    pub fn rank(&self, route: &Route) -> Option<usize> {
        let by_usage = self.usages.iter().position(|usage| route.usages.contains(usage));
        let by_name =
            || route.usages.is_empty().then_some(self.usages.len()).filter(|_| self.is_named_by(route));
        by_usage.or_else(by_name)
    }

    /// Whether a route is of this site.
    pub fn has(&self, route: &Route) -> bool {
        self.rank(route).is_some() || self.is_named_by(route)
    }

    fn is_named_by(&self, route: &Route) -> bool {
        route.sites.contains(&self.name)
    }
}

/// Says in the trail where whoever speaks is, if it matters.
pub(crate) fn note(speaker: &Speaker<'_>, trail: &mut Trail) {
    if let Some(site) = speaker.bound() {
        let says = "which refuses toll bypass: into the telephone network by its own routes";
        trail.note(NAME, "bound", format!("at {}, {says}", site.name));
    }
}

/// The devices of a user that a call may ring, or who is called instead.
pub(crate) fn ringing<'p>(
    policy: &'p Policy,
    facts: &'p Facts,
    speaker: &Speaker<'p>,
    user: &'p Arc<User>,
    trail: &mut Trail,
) -> Result<Ringing<'p>, Refusal> {
    let every = Ringing { user, devices: wanted(user, facts, trail) };
    let Some(trunk) = speaker.trunk.filter(|trunk| trunk.toll_bypass == TollBypass::Refused) else {
        return Ok(every);
    };
    let is_served = |device: &&Device<'p>| {
        let site = device.address().and_then(|address| policy.site_of(address));
        trunk.serves(&Speaker { site, trunk: None }).is_none()
    };
    let devices: Vec<Device<'p>> = every.devices.iter().filter(is_served).copied().collect();
    let site = trunk.site.as_ref().map_or("its site", |site| &site.name);
    let says = format!("{} of {} devices of {} are at {site}", devices.len(), every.devices.len(), user.name);
    let says = format!("{says}, and {} serves nobody elsewhere", trunk.name);
    if !devices.is_empty() || every.devices.is_empty() {
        trail.note(NAME, "ok", says).at(&trunk.at);
        return Ok(Ringing { user, devices });
    }
    let mailbox = trunk.site.as_ref().and_then(|site| policy.users.get(site.mailbox.as_ref()?));
    match mailbox {
        Some(user) => {
            trail.note(NAME, "mailbox", format!("{says}; {} is called instead", user.name)).at(&trunk.at);
            Ok(Ringing { user, devices: wanted(user, facts, trail) })
        }
        None => {
            trail.note(NAME, "refused", says.clone()).at(&trunk.at);
            Err(Refusal::new(Code::NOT_THERE, says))
        }
    }
}

/// All devices of a user that the caller wants.
fn wanted<'p>(user: &'p Arc<User>, facts: &'p Facts, trail: &mut Trail) -> Vec<Device<'p>> {
    let devices = sealed::keep_devices(devices::of(user, facts, trail), user, facts, trail);
    prefer::by_caller(devices, user, facts, trail)
}

/// Whose devices ring.
pub(crate) struct Ringing<'p> {
    pub user: &'p Arc<User>,
    pub devices: Vec<Device<'p>>,
}

/// Whether two parties of other calls may become the parties of one.
pub fn may_speak(policy: &Policy, one: &Whereabouts, other: &Whereabouts) -> Result<(), Refusal> {
    let (one, other) = (Speaker::at(policy, one), Speaker::at(policy, other));
    let barred =
        |trunk: Option<&Arc<Trunk>>, other: &Speaker<'_>| trunk.and_then(|trunk| trunk.serves(other));
    match barred(one.trunk, &other).or_else(|| barred(other.trunk, &one)) {
        Some(elsewhere) => Err(Refusal::new(Code::TOLL_BYPASS, elsewhere.says())),
        None => Ok(()),
    }
}
