//! Which phones of users said to be where, as far as a decision may know it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{InterfaceId, WallTime};
use crate::standing::Clock;
use model::Transport;

/// The registered devices of all users that can be reached; one table for all calls until something changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Devices(Arc<BTreeMap<Arc<str>, Arc<[DeviceFact]>>>);

/// A device that registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceFact {
    /// Names it among the devices of its user.
    pub device: Arc<str>,
    pub contact: Arc<str>,
    /// Thousandths: the more, the sooner it is rung.
    pub priority: u16,
    /// Where it was heard.
    pub source: SocketAddr,
    pub transport: Transport,
    pub interface: InterfaceId,
    pub registered: WallTime,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Arc<str>>,
    /// What it can do, as parameters of its Contact (RFC 3840).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Arc<str>>,
}

/// The user and the device that explanations take to be there where nothing else could ring.
pub(crate) const ASSUMED: &str = "*";

impl Devices {
    /// Everybody who may register is taken to have done so: what explanations assume.
    pub(crate) fn assumed() -> Devices {
        let mut devices = Devices::default();
        let device = DeviceFact {
            device: ASSUMED.into(),
            contact: "sip:phone@registered.invalid".into(),
            priority: 1000,
            source: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
            transport: Transport::Udp,
            interface: InterfaceId(0),
            registered: WallTime(0),
            agent: None,
            features: None,
        };
        devices.set(&ASSUMED.into(), vec![device]);
        devices
    }

    /// Whether nobody is registered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These are a user's devices from now on. Calls share the table: where nothing is new it stays theirs.
    pub fn set(&mut self, user: &Arc<str>, devices: Vec<DeviceFact>) {
        if self.known(user) == devices {
            return;
        }
        let table = Arc::make_mut(&mut self.0);
        match devices.is_empty() {
            true => drop(table.remove(user)),
            false => drop(table.insert(Arc::clone(user), devices.into())),
        }
    }

    /// What was set of a user.
    pub fn known(&self, user: &str) -> &[DeviceFact] {
        self.0.get(user).map_or(&[], |devices| devices)
    }

    /// A user's devices, the preferred first.
    pub(crate) fn of(&self, user: &str) -> &[DeviceFact] {
        self.0.get(user).or_else(|| self.0.get(ASSUMED)).map_or(&[], |devices| devices)
    }

    /// Only those of the users whom a decision asked for: what a record has to keep.
    pub(crate) fn keep(&mut self, users: &[Arc<str>]) {
        if self.is_empty() {
            return;
        }
        let kept = users.iter().filter_map(|user| Some((Arc::clone(user), self.0.get(user)?.clone())));
        *self = Devices(Arc::new(kept.collect()));
    }
}

impl DeviceFact {
    /// What it is, and since when it is there.
    pub(crate) fn says(&self) -> String {
        if *self.device == *ASSUMED {
            return "a phone is taken to be registered".to_owned();
        }
        let (transport, since) = (self.transport.word(), Clock(self.registered));
        let agent = self.agent.as_deref().map(|agent| format!(", {agent}")).unwrap_or_default();
        format!("{} registered {since} from {transport} {}{agent}", self.contact, self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_registers_again_leaves_the_table_of_calls_alone() {
        let user: Arc<str> = "anna".into();
        let device = |source: &str| DeviceFact {
            device: "d".into(),
            contact: "sip:anna@192.0.2.7".into(),
            priority: 1000,
            source: source.parse().expect("an address"),
            transport: Transport::Udp,
            interface: InterfaceId(0),
            registered: WallTime(1),
            agent: None,
            features: None,
        };
        let mut devices = Devices::default();
        devices.set(&user, vec![device("192.0.2.7:5060")]);
        let of_a_call = devices.clone();

        devices.set(&user, vec![device("192.0.2.7:5060")]);
        assert!(Arc::ptr_eq(&devices.0, &of_a_call.0));

        devices.set(&user, vec![device("192.0.2.7:1024")]);
        assert_eq!(devices.of("anna")[0].source.port(), 1024);
        assert_eq!(of_a_call.of("anna")[0].source.port(), 5060);
    }
}
