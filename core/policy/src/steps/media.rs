//! Which codecs, and whether media passes through us.

use std::sync::Arc;

use model::MediaPath;

use crate::call_plan::MediaPlan;
use crate::policy::{Policy, Site, Trunk, User};
use crate::steps::Caller;

/// The trunk's codecs in its order, as far as the caller's site carries them.
pub(crate) fn towards_trunk(caller: &Caller<'_>, trunk: &Trunk) -> MediaPlan {
    let codecs = common(&trunk.media.codecs, caller.site.map(|site| &**site));
    MediaPlan { path: trunk.media.path, codecs }
}

/// The codecs that the user's site carries; a call from a trunk keeps to that trunk's.
pub(crate) fn towards_user(policy: &Policy, caller: &Caller<'_>, user: &User) -> MediaPlan {
    let (path, offered) = match caller.trunk() {
        Some(trunk) => (trunk.media.path, &trunk.media.codecs),
        None => (MediaPath::Anchored, &policy.codecs),
    };
    MediaPlan { path, codecs: common(offered, user.site.as_deref()) }
}

/// Nothing in common is no reason to offer nothing: the far end may still know better.
fn common(offered: &Arc<[Arc<str>]>, site: Option<&Site>) -> Arc<[Arc<str>]> {
    let Some(carried) = site.and_then(|site| site.codecs.as_ref()) else { return offered.clone() };
    let both: Vec<Arc<str>> = offered.iter().filter(|codec| carried.contains(codec)).cloned().collect();
    if both.is_empty() || both.len() == offered.len() { offered.clone() } else { both.into() }
}
