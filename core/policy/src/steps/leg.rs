//! How each leg of a call behaves.

use std::sync::Arc;

use model::{EarlyMedia, MediaSenders, Reliable, Side};

use crate::call_plan::LegRules;
use crate::facts::Facts;
use crate::handed_on::Dress;
use crate::home::{self, Location};
use crate::music::Music;
use crate::policy::{Policy, Site, Trunk, User};
use crate::steps::Caller;
use crate::trail::Trail;

/// The leg of whoever calls.
pub(crate) fn of_caller(policy: &Policy, facts: &Facts, caller: &Caller<'_>) -> Arc<LegRules> {
    caller.trunk().map_or_else(|| of_person(policy, caller), |trunk| of_calling_trunk(facts, trunk))
}

/// The leg of somebody who calls by no trunk.
pub(crate) fn of_person(policy: &Policy, caller: &Caller<'_>) -> Arc<LegRules> {
    let leg = of_place(policy, caller.site);
    // Whoever calls for help need not prove who they are.
    let (record, capture) = caller.user().map_or((None, None), |user| (user.record, user.capture));
    Arc::new(LegRules { record: record.or(leg.record), capture: capture.or(leg.capture), ..leg })
}

/// The leg of a trunk that calls, whose far end may have said where whoever calls is.
fn of_calling_trunk(facts: &Facts, trunk: &Trunk) -> Arc<LegRules> {
    let mut leg = trunk.leg.clone();
    let party = said(facts).map_or(Side::Outside, |said| said.party);
    if leg.home.party != party {
        Arc::make_mut(&mut leg).home.party = party;
    }
    leg
}

/// What the far end of the caller's trunk has said of whoever calls.
fn said(facts: &Facts) -> Option<&Location> {
    // Of a transfer it speaks of whoever transfers.
    facts.location.as_deref().filter(|_| facts.transferred_by.is_none() && facts.returned.is_none())
}

/// Says at which interface the media of the caller's leg lies, where that is not the same for all.
pub(crate) fn note(facts: &Facts, caller: &Caller<'_>, trail: &mut Trail) {
    let Some(trunk) = caller.trunk() else { return };
    let home = &of_calling_trunk(facts, trunk).home;
    if let Some(why) = home.why(said(facts)) {
        trail.note("location", home::word(why.party), why.to_string()).at(&trunk.at);
    }
}

/// The same leg with what rules do to its headers.
pub(crate) fn dressed(mut leg: Arc<LegRules>, dress: Option<Arc<Dress>>) -> Arc<LegRules> {
    if dress.is_some() {
        Arc::make_mut(&mut leg).dress = dress;
    }
    leg
}

/// Its media does not leave our relay.
pub(crate) fn stays_with_us(leg: &mut Arc<LegRules>) {
    if leg.inside.is_some() {
        Arc::make_mut(leg).inside = None;
    }
}

/// The leg towards a device of a user.
pub(crate) fn of_user(policy: &Policy, user: &User) -> Arc<LegRules> {
    let leg = of_place(policy, user.site.as_ref());
    Arc::new(LegRules { record: user.record.or(leg.record), capture: user.capture.or(leg.capture), ..leg })
}

/// The leg towards a device of somebody at a site.
fn of_place(policy: &Policy, site: Option<&Arc<Site>>) -> LegRules {
    let habits = policy.habits_of(site.map(|site| &**site));
    let (ringback, aloud) = (Some(habits.ringback.clone()), habits.aloud.clone());
    let record = site.and_then(|site| site.record).or(policy.device_leg.record);
    let capture = site.and_then(|site| site.capture).or(policy.device_leg.capture);
    let inside = site.and_then(|site| site.inside()).cloned();
    LegRules { ringback, aloud, record, capture, inside, ..policy.device_leg.clone() }
}

/// The same leg for a call for help: nothing that is only wished for may stop it, and all sound is heard.
pub(crate) fn for_help(leg: &LegRules) -> LegRules {
    let reliable = match leg.reliable {
        Reliable::Required => Reliable::Supported,
        other => other,
    };
    // Who calls for help is heard, wherever it comes out.
    let senders = MediaSenders::Anywhere;
    // Nobody who is spoken with for help hears anything else.
    let (music, ringback) = (Music::Nothing, None);
    LegRules {
        srtp: leg.srtp.for_help(),
        senders,
        reliable,
        early_media: EarlyMedia::Pass,
        music,
        ringback,
        aloud: None,
        inside: None,
        ..leg.clone()
    }
}
