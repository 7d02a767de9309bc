//! How each leg of a call behaves.

use std::sync::Arc;

use model::{EarlyMedia, MediaSenders, Reliable};

use crate::call_plan::LegRules;
use crate::music::Music;
use crate::policy::{Policy, Site, Trunk, User};
use crate::steps::Caller;

/// The leg of whoever calls.
pub(crate) fn of_caller(policy: &Policy, caller: &Caller<'_>) -> LegRules {
    if let Some(trunk) = caller.trunk() {
        return of_trunk(trunk);
    }
    let leg = of_place(policy, caller.site);
    // Whoever calls for help need not prove who they are.
    let (record, capture) = caller.user().map_or((None, None), |user| (user.record, user.capture));
    LegRules { record: record.or(leg.record), capture: capture.or(leg.capture), ..leg }
}

/// The leg towards a trunk.
pub(crate) fn of_trunk(trunk: &Trunk) -> LegRules {
    trunk.leg.clone()
}

/// The leg towards a device of a user.
pub(crate) fn of_user(policy: &Policy, user: &User) -> LegRules {
    let leg = of_place(policy, user.site.as_ref());
    LegRules { record: user.record.or(leg.record), capture: user.capture.or(leg.capture), ..leg }
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
pub(crate) fn for_help(leg: LegRules) -> LegRules {
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
        ..leg
    }
}
