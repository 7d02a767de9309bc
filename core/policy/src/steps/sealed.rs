//! `sips`: whoever calls by it wants nobody on the way to read it. Every leg is sealed and says so, or the
//! call is not made (RFC 5630 5.3). Calls for help never come here: they are made by whatever way there is.

use std::sync::Arc;

use model::{Secure, Transport};
use sip_message::{Scheme, Uri};

use crate::devices::ASSUMED;
use crate::facts::Facts;
use crate::policy::User;
use crate::refusal::{Code, Refusal};
use crate::steps::devices::Device;
use crate::trail::Trail;

pub(crate) const NAME: &str = "sips";

/// Whether a call is one.
pub(crate) fn is_asked(facts: &Facts) -> bool {
    is_sips(&facts.request_uri)
}

/// Such a call comes sealed, or somebody has read it already.
pub(crate) fn arrived(facts: &Facts, trail: &mut Trail) -> Result<(), Refusal> {
    if !is_asked(facts) {
        return Ok(());
    }
    if is_sealed(facts.transport) {
        trail.note(NAME, "ok", "a sips call: by ways alone that are sealed and named so");
        return Ok(());
    }
    let words = format!("a sips address was called by {}", facts.transport.word());
    trail.note(NAME, "refused", words.clone());
    Err(Refusal::new(Code::IN_THE_CLEAR, words))
}

/// Leaves out the devices that are not reached by `sips`.
pub(crate) fn keep_devices<'p>(
    devices: Vec<Device<'p>>,
    user: &User,
    facts: &Facts,
    trail: &mut Trail,
) -> Vec<Device<'p>> {
    if !is_asked(facts) || devices.is_empty() {
        return devices;
    }
    let before = devices.len();
    let kept: Vec<Device<'p>> = devices.into_iter().filter(is_fit).collect();
    let says = format!("{} of {before} devices of {} are reached by sips", kept.len(), user.name);
    trail.note(NAME, if kept.is_empty() { "refused" } else { "ok" }, says).at(&user.at);
    kept
}

fn is_fit(device: &Device<'_>) -> bool {
    match device {
        Device::Configured(uri) => uri.secure == Secure::Sips,
        Device::Registered(fact) => {
            *fact.device == *ASSUMED || is_sealed(fact.transport) && is_sips(&fact.contact)
        }
    }
}

/// How a device is called: who registered a `sips` contact can be reached by `sip` too, on the same way, and
/// a call that was none does not become one.
pub(crate) fn contact(device: &Device<'_>, facts: &Facts) -> Arc<str> {
    let contact = device.to_string();
    match device {
        Device::Registered(_) if !is_asked(facts) && is_sips(&contact) => {
            let rest = contact.split_once(':').map_or(&*contact, |(_, rest)| rest);
            ["sip:", rest].concat().into()
        }
        _ => contact.into(),
    }
}

fn is_sips(uri: &str) -> bool {
    Uri::parse(uri).is_ok_and(|uri| uri.scheme == Scheme::Sips)
}

fn is_sealed(transport: Transport) -> bool {
    matches!(transport, Transport::Tls | Transport::Wss)
}
