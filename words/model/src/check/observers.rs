//! Who may tell the house what they have seen, and where they are heard.

use std::net::SocketAddr;

use crate::capture::HepTransport;
use crate::documents::{Document, Documents};
use crate::fault::Fault;
use crate::network::Source;
use crate::observer::Observer;
use crate::problem::{Code, Problem};
use crate::system::Interface;

pub(crate) fn check(documents: &Documents, problems: &mut Vec<Problem>) {
    for (at, observer) in documents.observer.values().enumerate() {
        if let Some(fault) = place_fault(documents, observer) {
            problems.push(documents.problem_at(observer, &observer.listen, fault));
        }
        let mut before = documents.observer.values().take(at);
        if let Some(fault) = from_fault(observer).or_else(|| before.find_map(|other| alike(observer, other)))
        {
            problems.push(documents.problem_at(observer, &observer.from, fault));
        }
    }
}

/// Nobody can listen there.
fn place_fault(documents: &Documents, observer: &Observer) -> Option<Fault> {
    let listen = &observer.listen.value;
    let Some(place) = listen.socket() else {
        let fault =
            Fault::new(Code::ADDRESS, format!("\"{}\" is a name; nobody can listen there", listen.host));
        return Some(fault.suggest("an address of this machine, such as \"udp:192.0.2.10:9060\""));
    };
    let taken = documents.interface.values().find(|interface| takes(interface, listen.transport, place))?;
    let message = format!("{listen} belongs to interface \"{}\"", taken.name);
    Some(Fault::new(Code::OBSERVER, message).suggest("another port, such as 9060"))
}

fn takes(interface: &Interface, transport: HepTransport, place: SocketAddr) -> bool {
    let (theirs, ours) = (interface.address.0.to_canonical(), place.ip().to_canonical());
    let is_there = theirs == ours || theirs.is_unspecified() || ours.is_unspecified();
    let is_taken = match transport {
        HepTransport::Udp => {
            let media = interface.media_ports.first..=interface.media_ports.last;
            media.contains(&place.port()) || interface.udp.as_ref().is_some_and(|port| **port == place.port())
        }
        HepTransport::Tcp => {
            let Interface { tcp, tls, ws, wss, msrp, .. } = interface;
            [tcp, tls, ws, wss, msrp].into_iter().flatten().any(|port| **port == place.port())
        }
    };
    is_there && is_taken
}

/// Nobody is heard, or everybody.
fn from_fault(observer: &Observer) -> Option<Fault> {
    if observer.from.is_empty() {
        let fault = Fault::new(Code::MISSING_KEY, "copies are taken from nobody");
        return Some(fault.suggest("from = [\"192.0.2.20\"]"));
    }
    let is_everybody = |source: &Source| matches!(source, Source::Network(network) if network.bits == 0);
    let is_open = observer.key.is_none() && observer.from.iter().any(is_everybody);
    let fault = || Fault::new(Code::OBSERVER, "anybody could write into the ladders of calls");
    is_open.then(|| fault().suggest("name its addresses, or add key = { file = \"…\" }"))
}

/// Whether both could have sent the same copy.
fn alike(observer: &Observer, other: &Document<Observer>) -> Option<Fault> {
    let differ = matches!((observer.agent, other.agent), (Some(one), Some(two)) if one != two);
    let meet = || {
        let pairs = observer.from.iter().flat_map(|one| other.from.iter().map(move |two| (one, two)));
        pairs.into_iter().any(|(one, two)| is_within(one, two) || is_within(two, one))
    };
    if differ || observer.listen.value != other.listen.value || !meet() {
        return None;
    }
    let message = format!("a copy from there may be of observer \"{}\" as well", other.name);
    let fault = Fault::new(Code::OBSERVER, message);
    Some(fault.suggest("give each its agent, an address of its own in from, or a port of its own"))
}

fn is_within(inner: &Source, outer: &Source) -> bool {
    match (inner, outer) {
        (Source::Socket(inner), outer) => outer.covers(*inner),
        (Source::Network(inner), Source::Network(outer)) => {
            inner.bits >= outer.bits && outer.contains(inner.address)
        }
        (Source::Network(_), Source::Socket(_)) => false,
    }
}
