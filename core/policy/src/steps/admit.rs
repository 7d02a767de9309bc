//! Which limits an attempt takes from.

use std::sync::Arc;

use crate::limit::{Claim, Limit};
use crate::policy::{Site, Trunk};
use crate::steps::Caller;

/// The trunk that is called, the trunk that calls, and the sites at both ends; each once.
pub(crate) fn claims(caller: &Caller<'_>, trunk: Option<&Trunk>, site: Option<&Site>) -> Vec<Claim> {
    let own_site = caller.site.filter(|own| site.is_none_or(|site| site.name != own.name));
    let same_site = caller.site.is_some() && own_site.is_none();
    let limits = [
        caller.trunk().and_then(|trunk| trunk.limit.as_ref()),
        trunk.and_then(|trunk| trunk.limit.as_ref()),
        own_site.and_then(|site| site.limit.as_ref()),
        site.filter(|_| !same_site).and_then(|site| site.limit.as_ref()),
    ];
    let mut claims: Vec<Claim> = Vec::new();
    for limit in limits.into_iter().flatten() {
        if !claims.iter().any(|claim| Arc::ptr_eq(&claim.limit, limit)) {
            claims.push(claim(limit));
        }
    }
    claims
}

fn claim(limit: &Arc<Limit>) -> Claim {
    Claim { limit: limit.clone() }
}
