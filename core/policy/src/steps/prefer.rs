//! Which of a user's devices a caller would rather reach: Accept-Contact and Reject-Contact (RFC 3841).

use std::cmp::Ordering;

use crate::facts::Facts;
use crate::features::{Features, Fit};
use crate::policy::User;
use crate::steps::devices::Device;
use crate::trail::Trail;

const NAME: &str = "devices";

/// One value of Accept-Contact.
struct Wish {
    features: Features,
    /// Who contradicts it is not called at all.
    is_required: bool,
    /// Who says nothing of a feature doesn't have it.
    is_explicit: bool,
}

/// Leaves out the devices that the caller doesn't want, and puts those first that are wanted most. A device
/// that said nothing of itself is none of this (RFC 3841 7.2.1).
pub(crate) fn by_caller<'p>(
    devices: Vec<Device<'p>>,
    user: &User,
    facts: &Facts,
    trail: &mut Trail,
) -> Vec<Device<'p>> {
    if facts.accept_contact.is_empty() && facts.reject_contact.is_empty() {
        return devices;
    }
    let before = devices.len();
    let rejected: Vec<Features> = facts.reject_contact.iter().map(|value| predicate(value)).collect();
    let wishes: Vec<Wish> = facts.accept_contact.iter().map(|value| Wish::parse(value)).collect();
    let mut kept: Vec<(f64, Device<'p>)> = Vec::with_capacity(before);
    for device in devices {
        let features = device.features();
        if features.is_empty() {
            kept.push((1.0, device));
            continue;
        }
        let is_rejected = |one: &Features| !one.is_empty() && features.fit(one) == Fit::Has(1.0);
        if rejected.iter().any(is_rejected) {
            continue;
        }
        if let Some(score) = score(&features, &wishes) {
            kept.push((score, device));
        }
    }
    // Within one q alone, and otherwise in the order that they came.
    kept.sort_by(|(one, device), (other, next)| {
        let by_priority = next.priority().cmp(&device.priority());
        by_priority.then(other.partial_cmp(one).unwrap_or(Ordering::Equal))
    });
    let says = format!("{} of {before} devices of {} are what the caller wants", kept.len(), user.name);
    trail.note(NAME, "wanted", says);
    kept.into_iter().map(|(_, device)| device).collect()
}

/// How well a device fits all wishes; nothing, if it must not be called.
fn score(features: &Features, wishes: &[Wish]) -> Option<f64> {
    let mut sum = 0.0;
    for wish in wishes {
        let fit = match features.fit(&wish.features) {
            Fit::Has(part) if wish.is_explicit && part < 1.0 => None,
            Fit::Has(part) => Some(part),
            Fit::Contradicts => None,
        };
        match fit {
            Some(part) => sum += part,
            None if wish.is_required => return None,
            None => {}
        }
    }
    Some(sum / (wishes.len().max(1) as f64))
}

impl Wish {
    fn parse(value: &str) -> Wish {
        let says = |word: &str| value.split(';').skip(1).any(|piece| piece.trim().eq_ignore_ascii_case(word));
        Wish { features: predicate(value), is_required: says("require"), is_explicit: says("explicit") }
    }
}

/// The features behind the `*`.
fn predicate(value: &str) -> Features {
    Features::parse(value.split_once(';').map_or("", |(_, features)| features))
}
