//! Which limits an attempt takes from.

use std::sync::Arc;

use crate::limit::Claim;
use crate::policy::{Site, Trunk};
use crate::steps::Caller;

/// The trunk that calls and the trunk that is called, and the sites that the call leaves and enters.
pub(crate) fn claims(caller: &Caller<'_>, trunk: Option<&Trunk>, site: Option<&Site>) -> Vec<Claim> {
    let left = caller.site.map(|site| &**site);
    let stays = left.zip(site).is_some_and(|(left, entered)| left.name == entered.name);
    let sites = [left, site].map(|site| site.filter(|_| !stays).and_then(|site| site.limit.as_ref()));
    let trunks =
        [caller.trunk().map(|trunk| &**trunk), trunk].map(|trunk| trunk.and_then(|one| one.limit.as_ref()));
    let limits = trunks.into_iter().chain(sites).flatten();
    limits.map(|limit| Claim { limit: Arc::clone(limit) }).collect()
}
