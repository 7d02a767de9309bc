//! Servers outside, and what they say of our ports: where they see them (STUN, RFC 8489), and where others
//! find them there (TURN, RFC 8656).

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use stun::Pass;

use crate::ports::PortPair;

/// Who outside is asked about the ports of an interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outposts {
    /// Who says where our ports are seen.
    pub stun: Option<Host>,
    /// Who says that too, and has places for us.
    pub turn: Option<Account>,
}

/// A server, before anybody knows where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    pub name: Arc<str>,
    pub port: u16,
}

/// Who we are at a server.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    pub host: Host,
    pub username: Arc<str>,
    pub password: Arc<str>,
}

/// A question about a pair of ports that nobody uses. Until it is answered nobody else may open them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scout {
    pub ports: PortPair,
    pub posts: Arc<Outposts>,
    /// Whether a place at a server is wanted now.
    pub detour: Wanted,
    /// What was said last, some seconds ago.
    pub before: Option<Arc<Outer>>,
    /// Names what is asked: nobody can foretell it.
    pub secret: [u8; 16],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Yes,
    NotNow,
}

/// What a server has said of a pair of ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outer {
    /// Where it was asked.
    pub server: SocketAddr,
    /// The port of media, and that of reports.
    pub halves: [Seen; 2],
    pub secret: [u8; 16],
}

/// What a server has said of a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Where it sees the port.
    pub place: Option<SocketAddr>,
    pub detour: Option<Detour>,
}

/// A place at a server, from which whatever comes there is sent on to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detour {
    pub place: SocketAddr,
    /// Shows the server that it is ours.
    pub pass: Pass,
    /// It is ours until then.
    pub until: Instant,
}

/// Why less is known of a port than was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// Nobody has been asked yet, or all that was learnt is in use.
    NotYet,
    /// The server's name leads nowhere.
    Nowhere,
    /// The server does not answer.
    Silent,
    /// The server will not have it, by a code of STUN.
    Refused(u16),
    /// The port could not be opened, or nothing leaves it.
    Shut,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub outer: Option<Arc<Outer>>,
    pub why: Option<Unseen>,
}

impl Outer {
    /// Whether anything is known that far ends could be told.
    pub fn is_something(&self) -> bool {
        self.halves.iter().any(|half| half.place.is_some() || half.detour.is_some())
    }
}

/// A password is a secret, and does not print in a log.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({} at {})", self.username, self.host)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.port)
    }
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unseen::NotYet => f.write_str("more calls begin than servers outside were asked for"),
            Unseen::Nowhere => f.write_str("its server's name leads nowhere"),
            Unseen::Silent => f.write_str("its server does not answer"),
            Unseen::Refused(401 | 441) => f.write_str("its server does not take our name and password"),
            Unseen::Refused(486) => f.write_str("its server gives us no more places (486)"),
            Unseen::Refused(508) => f.write_str("its server has no more places (508)"),
            Unseen::Refused(code) => write!(f, "its server refuses ({code})"),
            Unseen::Shut => f.write_str("nothing leaves its port"),
        }
    }
}
