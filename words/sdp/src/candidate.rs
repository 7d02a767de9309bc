//! The places where a writer says that it could be reached (RFC 8839, 5.1).

use std::cmp::Reverse;
use std::net::{IpAddr, SocketAddr};

use crate::session::Media;

/// More of them are left out, the worst first.
const CANDIDATES_MAX: usize = 32;

/// One of them, by UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub component: Component,
    pub place: SocketAddr,
    pub priority: u32,
    /// Those with the same number stand or fall together.
    pub foundation: u8,
}

/// What is received there (RFC 8445, 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component {
    Media,
    Reports,
}

impl Media<'_> {
    /// Those of a line, the best first. Names are passed over, and what no datagram can be sent to.
    pub fn candidates(&self) -> Vec<Candidate> {
        let attributes = self.lines.iter().filter_map(|line| line.attribute());
        let values = attributes.filter(|(name, _)| *name == "candidate").filter_map(|(_, value)| value);
        let mut all: Vec<(&str, Candidate)> = values.filter_map(read).collect();
        all.sort_by_key(|(_, candidate)| Reverse(candidate.priority));
        all.truncate(CANDIDATES_MAX);
        let foundations: Vec<&str> = all.iter().map(|(foundation, _)| *foundation).collect();
        let number = |wanted| foundations.iter().position(|one| *one == wanted).unwrap_or_default() as u8;
        let numbered = |(foundation, one)| Candidate { foundation: number(foundation), ..one };
        all.into_iter().map(numbered).collect()
    }
}

fn read(value: &str) -> Option<(&str, Candidate)> {
    let mut fields = value.split_ascii_whitespace();
    let (foundation, component, transport) = (fields.next()?, fields.next()?, fields.next()?);
    let (priority, address, port) = (fields.next()?, fields.next()?, fields.next()?);
    let component = match component {
        "1" => Component::Media,
        "2" => Component::Reports,
        _ => return None,
    };
    let priority = priority.parse().ok().filter(|priority| (1..1 << 31).contains(priority))?;
    let place = SocketAddr::new(address.parse().ok()?, port.parse().ok()?);
    let is_udp = transport.eq_ignore_ascii_case("udp") && fields.next() == Some("typ");
    let candidate = Candidate { component, place, priority, foundation: 0 };
    (is_udp && is_somewhere(place)).then_some((foundation, candidate))
}

fn is_somewhere(place: SocketAddr) -> bool {
    let ip = place.ip().to_canonical();
    let is_broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    place.port() != 0 && !ip.is_unspecified() && !ip.is_multicast() && !is_broadcast
}
