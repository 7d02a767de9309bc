//! The DNS of the world: a table.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use sip_stack::locate::{DnsAnswer, DnsFound, DnsQuestion, Naptr, Srv};

/// What names have. Names that don't stand here have nothing.
#[derive(Clone, Debug, Default)]
pub struct Zone {
    addresses: BTreeMap<String, Vec<IpAddr>>,
    services: BTreeMap<String, Vec<Srv>>,
    pointers: BTreeMap<String, Vec<Naptr>>,
    health: Health,
}

/// Whether the servers of the zone answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Health {
    #[default]
    Well,
    /// Every question is answered with a failure.
    Failing,
    /// Every question is answered: there is nothing of that name.
    Empty,
    /// No question is answered at all.
    Silent,
}

impl Zone {
    pub fn address(&mut self, name: &str, address: IpAddr) -> &mut Zone {
        self.addresses.entry(name.to_owned()).or_default().push(address);
        self
    }

    pub fn service(&mut self, name: &str, record: Srv) -> &mut Zone {
        self.services.entry(name.to_owned()).or_default().push(record);
        self
    }

    pub fn pointer(&mut self, name: &str, record: Naptr) -> &mut Zone {
        self.pointers.entry(name.to_owned()).or_default().push(record);
        self
    }

    /// Whatever a name has had is gone.
    pub fn forgets(&mut self, name: &str) -> &mut Zone {
        self.addresses.remove(name);
        self.services.remove(name);
        self.pointers.remove(name);
        self
    }

    /// Every question fails from now on.
    pub fn fails(&mut self) {
        self.health = Health::Failing;
    }

    /// No name has anything any more, as its servers say.
    pub fn empties(&mut self) {
        self.health = Health::Empty;
    }

    /// No server answers any more.
    pub fn dies(&mut self) {
        self.health = Health::Silent;
    }

    /// All is well again.
    pub fn returns(&mut self) {
        self.health = Health::Well;
    }

    pub(crate) fn answer(&self, question: DnsQuestion) -> Option<DnsAnswer> {
        let found = match &question {
            _ if self.health == Health::Silent => return None,
            _ if self.health == Health::Failing => DnsFound::Failed,
            DnsQuestion::Naptr(_) if self.health == Health::Empty => DnsFound::Naptr(Vec::new()),
            DnsQuestion::Srv(_) if self.health == Health::Empty => DnsFound::Srv(Vec::new()),
            DnsQuestion::Addresses(_) if self.health == Health::Empty => DnsFound::Addresses(Vec::new()),
            DnsQuestion::Naptr(name) => DnsFound::Naptr(self.pointers.get(name).cloned().unwrap_or_default()),
            DnsQuestion::Srv(name) => DnsFound::Srv(self.services.get(name).cloned().unwrap_or_default()),
            DnsQuestion::Addresses(name) => {
                DnsFound::Addresses(self.addresses.get(name).cloned().unwrap_or_default())
            }
        };
        Some(DnsAnswer { question, ttl: Duration::from_secs(60), found })
    }
}
