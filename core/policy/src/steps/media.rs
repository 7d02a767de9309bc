//! Which codecs, and whether media passes through us.

use std::sync::Arc;

use crate::call_plan::MediaPlan;
use crate::policy::{Policy, Site, Trunk, User};
use crate::steps::Caller;

/// The trunk's codecs in its order, as far as the caller's site carries them.
pub(crate) fn towards_trunk(caller: &Caller<'_>, trunk: &Trunk) -> MediaPlan {
    let codecs = common(&trunk.media.codecs, caller.site.map(|site| &**site));
    let also = if trunk.media.also.is_empty() { Arc::default() } else { codecs.clone() };
    MediaPlan { path: trunk.media.path, codecs, also }
}

/// The codecs that the user's site carries; a call from a trunk keeps to that trunk's.
pub(crate) fn towards_user(policy: &Policy, caller: &Caller<'_>, user: &User) -> MediaPlan {
    let media = caller.trunk().map_or(&policy.media, |trunk| &trunk.media);
    let site = user.site.as_deref();
    let also = if media.also.is_empty() { Arc::default() } else { common(&policy.media.codecs, site) };
    MediaPlan { path: media.path, codecs: common(&media.codecs, site), also }
}

/// Nothing in common is no reason to offer nothing: the far end may still know better.
fn common(offered: &Arc<[Arc<str>]>, site: Option<&Site>) -> Arc<[Arc<str>]> {
    let Some(carried) = site.and_then(|site| site.codecs.as_ref()) else { return offered.clone() };
    let both: Vec<Arc<str>> = offered.iter().filter(|codec| carried.contains(codec)).cloned().collect();
    if both.is_empty() || both.len() == offered.len() { offered.clone() } else { both.into() }
}
