//! How one media line is reached, besides address and port: where its reports go (RFC 5761, 8035, 8858), and
//! by which checks its writer is found (RFC 8839).

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use crate::candidate::Component;
use crate::connection::Host;
use crate::line::attribute;
use crate::session::{Media, Session};

/// What our candidates are worth: that of the host itself, one that a NAT lends, one at a server (RFC 8445,
/// 5.1.2).
const OF_HOST: u32 = (126 << 24) | (0xffff << 8);
const REFLEXIVE: u32 = (100 << 24) | (0xffff << 8);
const RELAYED: u32 = 0xffff << 8;
/// Lengths that RFC 8839, 5.4, allows.
const UFRAG_MIN: usize = 4;
const PASSWORD_MIN: usize = 22;
const CREDENTIAL_MAX: usize = 256;
/// A longer name of a line is not said back.
const NAME_MAX: usize = 32;
/// What a writer gives as its place that has none yet (RFC 8840, 4.1.1).
const DISCARD: u16 = 9;

/// How our side of one media line is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    pub reports: Reports,
    pub checks: Checks,
    /// What we do about checks, where there are any; the same for all lines.
    pub agent: Agent,
    /// What the other side calls this line: some take no answer that does not call it so.
    pub name: Option<Box<str>>,
    /// Where else we are found by checks than at our own address.
    pub outer: Vec<OuterPlace>,
}

/// Where one of our ports is found that a server outside has told of (RFC 8445, 5.1.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OuterPlace {
    pub component: Component,
    pub kind: OuterKind,
    pub place: SocketAddr,
    /// Where the port is seen from there; its own address, where that is not known.
    pub seen: Option<SocketAddr>,
}

/// How a port is found at another place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OuterKind {
    /// A NAT lends it that place.
    Reflexive,
    /// A server does, and sends on to us what comes there.
    Relayed,
}

/// Which port RTCP has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reports {
    /// One of its own.
    #[default]
    Apart,
    /// That of the media.
    Muxed,
    /// That of the media where the other side wants it so, else one of its own: said in an offer.
    Either,
}

/// Whether the other side finds us by checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Checks {
    #[default]
    None,
    /// By checks that name this.
    By(Credentials),
    /// It would have, but what it said was changed on its way (RFC 8839, 4.2.5).
    Mismatch,
}

/// Whether we check too (RFC 8445, 2.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Agent {
    /// We only answer.
    #[default]
    Lite,
    Full,
}

/// What checks are known by.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub ufrag: Box<str>,
    pub password: Box<str>,
}

impl Media<'_> {
    /// What its writer calls the line.
    pub fn name(&self) -> Option<Box<str>> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte);
        let is_name = |name: &&str| (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(is_letter);
        self.attribute("mid").map(str::trim).filter(is_name).map(Box::from)
    }

    /// Where its writer would have RTCP; in an answer that holds only if it was offered (RFC 5761, 5.1.1).
    pub fn reports(&self) -> Reports {
        if self.is_rtp() && self.says("rtcp-mux") { Reports::Muxed } else { Reports::Apart }
    }

    /// Whether its writer, who was offered checks, found that they had been changed on the way: there are
    /// none then (RFC 8839, 4.2.5).
    pub fn leaves_checks(&self) -> bool {
        self.says("ice-mismatch")
    }

    /// Whether it has an attribute of that name, with a value or without.
    fn says(&self, name: &str) -> bool {
        let mut attributes = self.lines.iter().filter_map(|line| line.attribute());
        attributes.any(|(attribute, _)| attribute == name)
    }

    /// The places that its candidates name; none for a name that hides one.
    fn named_places(&self) -> impl Iterator<Item = Option<SocketAddr>> {
        let attributes = self.lines.iter().filter_map(|line| line.attribute());
        let values = attributes.filter(|(name, _)| *name == "candidate").filter_map(|(_, value)| value);
        values.map(|value| {
            let mut fields = value.split_ascii_whitespace().skip(4);
            let (address, port) = (fields.next()?, fields.next()?);
            Some(SocketAddr::new(address.parse().ok()?, port.parse().ok()?))
        })
    }
}

impl Session<'_> {
    /// What checks of its writer's media are known by; none, where it does not speak of checks.
    pub fn credentials_of(&self, media: &Media<'_>) -> Option<Credentials> {
        let said = |name| media.attribute(name).or_else(|| attribute(&self.lines, name));
        let (ufrag, password) = (said("ice-ufrag")?.trim(), said("ice-pwd")?.trim());
        let is_word = |word: &str, min| {
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
            (min..=CREDENTIAL_MAX).contains(&word.len()) && word.bytes().all(is_letter)
        };
        let is_well = is_word(ufrag, UFRAG_MIN) && is_word(password, PASSWORD_MIN);
        is_well.then(|| Credentials { ufrag: ufrag.into(), password: password.into() })
    }

    /// Whether its writer only answers checks, as we do: then nobody would ever check.
    pub fn is_lite(&self) -> bool {
        self.lines.iter().filter_map(|line| line.attribute()).any(|(name, _)| name == "ice-lite")
    }

    /// Whether the place of a line is none of its candidates, so that somebody on the way put it there.
    pub fn is_mismatched(&self, media: &Media<'_>) -> bool {
        let Some(Host::Ip(ip)) = self.connection_of(media).map(|connection| connection.host) else {
            return false;
        };
        let is_nowhere = ip.is_unspecified() || media.port == DISCARD || media.port == 0;
        let place = Some(SocketAddr::new(ip, media.port));
        !is_nowhere && media.named_places().all(|candidate| candidate.is_some() && candidate != place)
    }

    /// Whether a line has no place: hold of old, unless it is found by checks.
    pub(crate) fn is_nowhere(&self, media: &Media<'_>) -> bool {
        let is_zero = self.connection_of(media).is_some_and(|connection| connection.is_zero());
        is_zero && self.credentials_of(media).is_none()
    }
}

impl Agent {
    /// How the session says so: a full agent tells how many milliseconds apart it checks (RFC 8839, 4.3.1).
    pub(crate) fn line(self) -> &'static str {
        match self {
            Agent::Lite => "a=ice-lite",
            Agent::Full => "a=ice-pacing:50",
        }
    }
}

impl Way {
    /// The lines that say so of a port of ours.
    pub(crate) fn lines(&self, address: IpAddr, port: u16) -> Vec<String> {
        let mut lines: Vec<String> = self.name.iter().map(|name| format!("a=mid:{name}")).collect();
        if self.reports != Reports::Apart {
            lines.push("a=rtcp-mux".to_owned());
        }
        match &self.checks {
            Checks::None => {}
            Checks::Mismatch => lines.push("a=ice-mismatch".to_owned()),
            Checks::By(Credentials { ufrag, password }) => {
                lines.push(format!("a=ice-ufrag:{ufrag}"));
                lines.push(format!("a=ice-pwd:{password}"));
                let candidate = |component: u16| {
                    let (port, worth) = (port + component - 1, OF_HOST + 256 - u32::from(component));
                    format!("a=candidate:1 {component} UDP {worth} {address} {port} typ host")
                };
                lines.push(candidate(1));
                if self.reports != Reports::Muxed {
                    lines.push(candidate(2));
                }
                lines.extend(self.outer_lines(address, port));
                lines.push("a=end-of-candidates".to_owned());
            }
        }
        lines
    }

    /// Those of other places, but for one that is our own (RFC 8445, 5.1.3).
    fn outer_lines(&self, address: IpAddr, port: u16) -> Vec<String> {
        let is_reached =
            |one: &&OuterPlace| one.component == Component::Media || self.reports != Reports::Muxed;
        let line = |one: &OuterPlace| {
            let component = if one.component == Component::Media { 1 } else { 2 };
            let own = SocketAddr::new(address, port + component - 1);
            let (foundation, worth, kind, related) = match one.kind {
                OuterKind::Reflexive if one.place == own => return None,
                OuterKind::Reflexive => (2, REFLEXIVE, "srflx", own),
                OuterKind::Relayed => (3, RELAYED, "relay", one.seen.unwrap_or(own)),
            };
            let (worth, place) = (worth + 256 - u32::from(component), one.place);
            Some(format!(
                "a=candidate:{foundation} {component} UDP {worth} {} {} typ {kind} raddr {} rport {}",
                place.ip(),
                place.port(),
                related.ip(),
                related.port()
            ))
        };
        self.outer.iter().filter(is_reached).filter_map(line).collect()
    }
}

/// A password is a secret, and does not print in a log.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.ufrag)
    }
}
