//! Finds the servers of a URI (RFC 3263), by questions: the answers come from whoever asks DNS.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use sip_message::{Host, Scheme, Uri};

use crate::chance::Chance;
use crate::flow::Transport;

/// Something to ask DNS.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DnsQuestion {
    Naptr(String),
    Srv(String),
    /// A and AAAA of a name.
    Addresses(String),
}

/// What DNS said, and for how long it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsAnswer {
    pub question: DnsQuestion,
    pub ttl: Duration,
    pub found: DnsFound,
}

/// What a name has. An empty list: it has none of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsFound {
    Naptr(Vec<Naptr>),
    Srv(Vec<Srv>),
    Addresses(Vec<IpAddr>),
    /// Nothing could be learned: no server answered.
    Failed,
}

/// One NAPTR record, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naptr {
    pub order: u16,
    pub preference: u16,
    pub flags: String,
    pub service: String,
    pub replacement: String,
}

/// One SRV record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    pub priority: u16,
    pub weight: u16,
    pub port: u16,
    pub target: String,
}

/// What we can speak.
#[derive(Clone, Copy, Debug)]
pub struct Usable<'a> {
    /// The ones we like better first.
    pub transports: &'a [Transport],
    pub families: Families,
}

/// Kinds of addresses that we can send to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Families {
    V4,
    V6,
    Both,
}

impl Families {
    fn admit(self, address: IpAddr) -> bool {
        match self {
            Families::V4 => address.is_ipv4(),
            Families::V6 => address.is_ipv6(),
            Families::Both => true,
        }
    }
}

/// One place to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub transport: Transport,
    pub address: SocketAddr,
    /// Whom a TLS server must prove to be: the name that was asked for, not what DNS made of it (RFC 5922 4).
    pub server_name: Option<Box<str>>,
}

/// What a search needs or has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Ask(DnsQuestion),
    /// In the order in which to try them.
    Found(Vec<Target>),
    NotFound,
}

/// So many hosts are tried for one URI.
const HOSTS_MAX: usize = 16;
/// So many places to try come of them.
const TARGETS_MAX: usize = 32;

/// A search under way.
#[derive(Clone, Debug)]
pub struct Locate {
    domain: Box<str>,
    scheme: Security,
    /// The ones that the URI admits and we can speak, in our order.
    transports: Vec<Transport>,
    families: Families,
    state: State,
    found: Vec<Target>,
    ttl: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Security {
    Sip,
    Sips,
}

#[derive(Clone, Debug)]
enum State {
    Naptr,
    /// Names still to ask, and the hosts found so far.
    Srv {
        names: VecDeque<(Transport, String)>,
        hosts: VecDeque<Candidate>,
    },
    Hosts {
        hosts: VecDeque<Candidate>,
    },
    Done,
}

#[derive(Clone, Debug)]
struct Candidate {
    transport: Transport,
    host: String,
    port: u16,
}

impl Locate {
    /// Begins with the host, port, transport and scheme of a URI.
    pub fn begin(uri: &Uri<'_>, usable: Usable<'_>) -> Locate {
        let scheme = match uri.scheme {
            Scheme::Sips => Security::Sips,
            _ => Security::Sip,
        };
        let named = uri.param("transport").flatten();
        let admits = |transport: &Transport| match (named, scheme) {
            (Some(name), _) => transport_named(name, scheme) == Some(*transport),
            (None, Security::Sips) => *transport == Transport::Tls,
            (None, Security::Sip) => true,
        };
        let mut locate = Locate {
            domain: Box::default(),
            scheme,
            transports: usable.transports.iter().copied().filter(admits).collect(),
            families: usable.families,
            state: State::Done,
            found: Vec::new(),
            ttl: Duration::MAX,
        };
        let Some(transport) = locate.usual_transport() else { return locate };
        match (uri.host(), uri.port()) {
            (Some(Host::Ip(address)), port) => {
                let port = port.unwrap_or(default_port(transport));
                locate.add(transport, SocketAddr::new(address, port), None);
            }
            (Some(Host::Name(name)), Some(port)) => {
                locate.domain = name.into();
                let candidate = Candidate { transport, host: name.to_owned(), port };
                locate.state = State::Hosts { hosts: VecDeque::from([candidate]) };
            }
            (Some(Host::Name(name)), None) => {
                locate.domain = name.into();
                locate.state = match named {
                    Some(_) => locate.srv_of_transports(),
                    None => State::Naptr,
                };
            }
            (None, _) => {}
        }
        locate
    }

    /// How long what was found holds.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Goes on with what DNS has said since the last step; the first step has no answers.
    pub fn step(&mut self, answers: &[DnsAnswer], chance: &mut Chance) -> Step {
        loop {
            let Some(question) = self.question() else {
                return match self.found.is_empty() {
                    true => Step::NotFound,
                    false => Step::Found(std::mem::take(&mut self.found)),
                };
            };
            let Some(answer) = answers.iter().find(|answer| answer.question == question) else {
                return Step::Ask(question);
            };
            self.ttl = self.ttl.min(answer.ttl);
            self.take(&answer.found, chance);
        }
    }

    fn question(&self) -> Option<DnsQuestion> {
        match &self.state {
            State::Naptr => Some(DnsQuestion::Naptr(self.domain.to_string())),
            State::Srv { names, .. } => names.front().map(|(_, name)| DnsQuestion::Srv(name.clone())),
            State::Hosts { hosts } => hosts.front().map(|one| DnsQuestion::Addresses(one.host.clone())),
            State::Done => None,
        }
    }

    /// Takes the answer to the question that the state asks.
    fn take(&mut self, found: &DnsFound, chance: &mut Chance) {
        self.state = match std::mem::replace(&mut self.state, State::Done) {
            State::Naptr => self.srv_of_naptr(found),
            State::Srv { mut names, mut hosts } => {
                if let (Some((transport, _)), DnsFound::Srv(records)) = (names.pop_front(), found) {
                    hosts.extend(in_order(records, chance).into_iter().map(|record| Candidate {
                        transport,
                        host: record.target.trim_end_matches('.').to_owned(),
                        port: record.port,
                    }));
                    hosts.truncate(HOSTS_MAX);
                }
                match (names.is_empty(), hosts.is_empty()) {
                    (false, _) => State::Srv { names, hosts },
                    (true, false) => State::Hosts { hosts },
                    (true, true) => self.bare_host(),
                }
            }
            State::Hosts { mut hosts } => {
                if let (Some(host), DnsFound::Addresses(addresses)) = (hosts.pop_front(), found) {
                    for address in addresses {
                        let address = SocketAddr::new(*address, host.port);
                        self.add(host.transport, address, Some(self.domain.clone()));
                    }
                }
                match hosts.is_empty() {
                    true => State::Done,
                    false => State::Hosts { hosts },
                }
            }
            State::Done => State::Done,
        };
    }

    /// The services that NAPTR offers and we can speak; without any, all that we can speak.
    fn srv_of_naptr(&self, found: &DnsFound) -> State {
        let DnsFound::Naptr(records) = found else { return self.srv_of_transports() };
        let mut records: Vec<&Naptr> =
            records.iter().filter(|record| record.flags.eq_ignore_ascii_case("s")).collect();
        records.sort_by_key(|record| (record.order, record.preference));
        let named = records.into_iter().filter_map(|record| {
            let transport = match record.service.to_ascii_uppercase().as_str() {
                "SIP+D2U" => Transport::Udp,
                "SIP+D2T" => Transport::Tcp,
                "SIPS+D2T" => Transport::Tls,
                _ => return None,
            };
            let name = record.replacement.trim_end_matches('.').to_owned();
            self.transports.contains(&transport).then_some((transport, name))
        });
        let names: VecDeque<_> = named.collect();
        match names.is_empty() {
            true => self.srv_of_transports(),
            false => State::Srv { names, hosts: VecDeque::new() },
        }
    }

    fn srv_of_transports(&self) -> State {
        let name = |transport: &Transport| {
            let service = match transport {
                Transport::Udp => "_sip._udp",
                Transport::Tcp => "_sip._tcp",
                Transport::Tls => "_sips._tcp",
                Transport::Ws | Transport::Wss => return None,
            };
            Some((*transport, format!("{service}.{}", self.domain)))
        };
        State::Srv { names: self.transports.iter().filter_map(name).collect(), hosts: VecDeque::new() }
    }

    /// No service has a record: the domain is the host itself.
    fn bare_host(&self) -> State {
        let Some(transport) = self.usual_transport() else { return State::Done };
        let host = Candidate { transport, host: self.domain.to_string(), port: default_port(transport) };
        State::Hosts { hosts: VecDeque::from([host]) }
    }

    /// What the RFC takes where nothing says which: UDP for `sip`, TLS for `sips`; if we speak it.
    fn usual_transport(&self) -> Option<Transport> {
        let usual = match self.scheme {
            Security::Sip => Transport::Udp,
            Security::Sips => Transport::Tls,
        };
        match self.transports.contains(&usual) {
            true => Some(usual),
            false => self.transports.first().copied(),
        }
    }

    fn add(&mut self, transport: Transport, address: SocketAddr, name: Option<Box<str>>) {
        let server_name = name.filter(|_| transport == Transport::Tls);
        let target = Target { transport, address, server_name };
        let is_usable = self.families.admit(address.ip()) && self.found.len() < TARGETS_MAX;
        if is_usable && !self.found.contains(&target) {
            self.found.push(target);
        }
    }
}

fn default_port(transport: Transport) -> u16 {
    match transport {
        Transport::Udp | Transport::Tcp => 5060,
        Transport::Tls => 5061,
        Transport::Ws => 80,
        Transport::Wss => 443,
    }
}

fn transport_named(name: &str, scheme: Security) -> Option<Transport> {
    match (name.to_ascii_lowercase().as_str(), scheme) {
        ("udp", Security::Sip) => Some(Transport::Udp),
        ("tcp", Security::Sip) => Some(Transport::Tcp),
        ("tcp", Security::Sips) | ("tls", _) => Some(Transport::Tls),
        _ => None,
    }
}

/// By priority; within one, drawn by weight (RFC 2782).
fn in_order(records: &[Srv], chance: &mut Chance) -> Vec<Srv> {
    let mut left: Vec<Srv> =
        records.iter().filter(|record| !matches!(record.target.as_str(), "" | ".")).cloned().collect();
    left.sort_by_key(|record| (record.priority, record.weight));
    let mut ordered = Vec::with_capacity(left.len());
    while let Some(first) = left.first() {
        let priority = first.priority;
        let equals = left.iter().take_while(|record| record.priority == priority);
        let total: u32 = equals.map(|record| u32::from(record.weight)).sum();
        let mut lot = chance.below(total + 1);
        let drawn = left.iter().take_while(|record| record.priority == priority).position(|record| {
            let weight = u32::from(record.weight);
            let is_it = lot <= weight;
            lot = lot.saturating_sub(weight);
            is_it
        });
        ordered.push(left.remove(drawn.unwrap_or(0)));
    }
    ordered
}
