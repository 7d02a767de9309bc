//! The devices of a user: those that registered, and those that are configured.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use model::{Side, SipUri};

use crate::devices::{ASSUMED, DeviceFact};
use crate::facts::Facts;
use crate::features::Features;
use crate::ids::InterfaceId;
use crate::policy::{Policy, User};
use crate::trail::Trail;

const NAME: &str = "devices";

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Device<'p> {
    Configured(&'p SipUri),
    Registered(&'p DeviceFact),
}

/// All that could ring: registered ones first, in the order that they prefer. The trail says which, and
/// remembers that it mattered.
pub(crate) fn of<'p>(user: &'p Arc<User>, facts: &'p Facts, trail: &mut Trail) -> Vec<Device<'p>> {
    let registered: &[DeviceFact] = match user.registers {
        true => {
            trail.asked_for(&user.name);
            facts.devices.of(&user.name)
        }
        false => &[],
    };
    let is_meant = |fact: &&DeviceFact| *fact.device != *ASSUMED || user.devices.is_empty();
    let registered: Vec<&DeviceFact> = registered.iter().filter(is_meant).collect();
    let configured: Vec<&SipUri> = user.devices.iter().collect();
    note(user, &registered, trail);
    let is_twice = |uri: &&SipUri| registered.iter().any(|fact| *fact.contact == *uri.to_string());
    let configured = configured.into_iter().filter(|uri| !is_twice(uri)).map(Device::Configured);
    registered.iter().copied().map(Device::Registered).chain(configured).collect()
}

fn note(user: &User, registered: &[&DeviceFact], trail: &mut Trail) {
    if registered.is_empty() {
        return;
    }
    let each: Vec<String> = registered.iter().map(|fact| fact.says()).collect();
    trail.note(NAME, "registered", format!("{}: {}", user.name, each.join("; ")));
}

impl Device<'_> {
    pub fn registered(&self) -> Option<&DeviceFact> {
        match self {
            Device::Registered(fact) => Some(fact),
            Device::Configured(_) => None,
        }
    }

    pub fn uri(&self) -> Option<&SipUri> {
        match self {
            Device::Configured(uri) => Some(uri),
            Device::Registered(_) => None,
        }
    }

    /// Where it is: where a registered one was heard, not what it says of itself.
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Device::Configured(uri) => uri.address(),
            Device::Registered(fact) => Some(fact.source.ip().to_canonical()),
        }
    }

    /// What it said that it can do.
    pub fn features(&self) -> Features {
        let said = self.registered().and_then(|fact| fact.features.as_deref());
        said.map(Features::parse).unwrap_or_default()
    }

    /// Thousandths: the more, the sooner it is rung.
    pub fn priority(&self) -> u16 {
        self.registered().map_or(1000, |fact| fact.priority)
    }

    pub fn interface(&self, policy: &Policy) -> Option<InterfaceId> {
        match self {
            Device::Configured(uri) => policy.interface_for(Side::Inside, uri.likely_transport()),
            Device::Registered(fact) => Some(fact.interface),
        }
    }
}

impl fmt::Display for Device<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Configured(uri) => uri.fmt(f),
            Device::Registered(fact) => f.write_str(&fact.contact),
        }
    }
}
