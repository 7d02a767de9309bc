//! Which codecs, and whether media passes through us.

use std::sync::Arc;

use model::MediaPath;

use crate::call_plan::MediaPlan;
use crate::inside::Inside;
use crate::policy::{Policy, Site, Trunk, User};
use crate::steps::Caller;

/// The trunk's codecs in its order, as far as the caller's site carries them.
pub(crate) fn towards_trunk(caller: &Caller<'_>, trunk: &Trunk) -> MediaPlan {
    let codecs = common(&trunk.media.codecs, caller.site.map(|site| &**site));
    let also = if trunk.media.also.is_empty() { Arc::default() } else { codecs.clone() };
    let path = match trunk.media.path {
        MediaPath::Auto => within([inside(caller), trunk.leg.inside.as_ref()]),
        path => path,
    };
    MediaPlan { path, codecs, also }
}

/// The codecs that the user's site carries; a call from a trunk keeps to that trunk's.
pub(crate) fn towards_user(policy: &Policy, caller: &Caller<'_>, user: &User) -> MediaPlan {
    let media = caller.trunk().map_or(&policy.media, |trunk| &trunk.media);
    let site = user.site.as_deref();
    let also = if media.also.is_empty() { Arc::default() } else { common(&policy.media.codecs, site) };
    let path = match media.path {
        MediaPath::Direct => MediaPath::Direct,
        MediaPath::Anchored | MediaPath::Auto => within([inside(caller), site.and_then(Site::inside)]),
    };
    MediaPlan { path, codecs: common(&media.codecs, site), also }
}

/// Where the caller's media may leave our relay.
fn inside<'c>(caller: &'c Caller<'_>) -> Option<&'c Arc<Inside>> {
    match caller.trunk() {
        Some(trunk) => trunk.leg.inside.as_ref(),
        None => caller.site.and_then(|site| site.inside()),
    }
}

fn within(both: [Option<&Arc<Inside>>; 2]) -> MediaPath {
    if Inside::shared(both).is_some() { MediaPath::Auto } else { MediaPath::Anchored }
}

/// Nothing in common is no reason to offer nothing: the far end may still know better.
fn common(offered: &Arc<[Arc<str>]>, site: Option<&Site>) -> Arc<[Arc<str>]> {
    let Some(carried) = site.and_then(|site| site.codecs.as_ref()) else { return offered.clone() };
    let both: Vec<Arc<str>> = offered.iter().filter(|codec| carried.contains(codec)).cloned().collect();
    if both.is_empty() || both.len() == offered.len() { offered.clone() } else { both.into() }
}
