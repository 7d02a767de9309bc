//! Far ends that reach each other without us: those of one site, at its addresses.

use std::net::IpAddr;
use std::sync::Arc;

use model::Network;

/// A site, as somebody of it whose media may leave our relay is bound to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    pub site: Arc<str>,
    pub subnets: Box<[Network]>,
}

impl Inside {
    pub fn has(&self, address: IpAddr) -> bool {
        self.subnets.iter().any(|subnet| subnet.contains(address))
    }

    /// The site that two far ends are both of.
    pub fn shared(both: [Option<&Arc<Inside>>; 2]) -> Option<&Arc<Inside>> {
        let [one, other] = both;
        one.zip(other).filter(|(one, other)| one.site == other.site).map(|(one, _)| one)
    }
}
