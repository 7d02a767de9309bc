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
    is_dead: bool,
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

    /// No server answers any more.
    pub fn dies(&mut self) {
        self.is_dead = true;
    }

    pub(crate) fn answer(&self, question: DnsQuestion) -> DnsAnswer {
        let found = match &question {
            _ if self.is_dead => DnsFound::Failed,
            DnsQuestion::Naptr(name) => DnsFound::Naptr(self.pointers.get(name).cloned().unwrap_or_default()),
            DnsQuestion::Srv(name) => DnsFound::Srv(self.services.get(name).cloned().unwrap_or_default()),
            DnsQuestion::Addresses(name) => {
                DnsFound::Addresses(self.addresses.get(name).cloned().unwrap_or_default())
            }
        };
        DnsAnswer { question, ttl: Duration::from_secs(60), found }
    }
}
