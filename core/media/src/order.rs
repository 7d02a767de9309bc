//! What a call tells the relay, and what it hears back.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use rtp::srtp::MasterKey;
use sound::signals::Signal;

use crate::certificate::Certificate;
use crate::chat::{ChatFigures, ChatOrder};
use crate::copying::Copying;
use crate::excerpt::{Excerpted, Excerpting};
use crate::figures::Figures;
use crate::outpost::{Outer, Unseen};
use crate::play::Playing;
use crate::ports::PortPair;
use crate::pressing::Press;
use crate::search::Search;
use crate::seat::Seat;
pub use crate::side::{SessionKey, Side};
use crate::spoken::Spoken;
use crate::tape::{Codecs, Taped, Taping};

/// From the call to the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Take these ports, the caller leg's first. One for each media line: `stream` is its index.
    Open { session: SessionKey, stream: u8, ports: [PortPair; 2] },
    /// One side's ports are these from now on. What is known of its peer stays, and so does the other side.
    Move { session: SessionKey, stream: u8, side: Side, ports: PortPair },
    /// A server outside has said where a side's ports are seen, or has places for them: it goes on so while
    /// they are open.
    Outside { session: SessionKey, stream: u8, side: Side, outer: Arc<Outer> },
    /// What a side's peer said of itself; anew at each negotiation, which also lets it be learned anew.
    Aim { session: SessionKey, stream: u8, side: Side, aim: Aim },
    /// What each side speaks, the caller's first: where that differs, one is made of the other from now on.
    /// Nothing lets packets cross as they are.
    Transcode { session: SessionKey, stream: u8, spoken: Option<Box<[Spoken; 2]>> },
    /// A side's peer was offered these codecs, and may speak them before its answer is here. What it is sent
    /// stays as it is.
    Expect { session: SessionKey, stream: u8, side: Side, codecs: Codecs },
    /// A side's peer pressed a key, as a message of the call said.
    Press { session: SessionKey, stream: u8, side: Side, press: Press },
    /// What a side hears of ours while nothing comes from the other side; nothing from now on, without it.
    Play { session: SessionKey, stream: u8, side: Side, playing: Option<Box<Playing>> },
    /// What both sides say is copied from now on, as is said there; no more, without it.
    Record { session: SessionKey, stream: u8, taping: Option<Box<Taping>> },
    /// What both sides say goes to somebody too who only listens, as is said there; no more, without it.
    Copy { session: SessionKey, stream: u8, copying: Option<Box<Copying>> },
    /// Packets of all streams of a session are kept from now on, as is said there; no more, without it.
    Excerpt { session: SessionKey, excerpting: Option<Box<Excerpting>> },
    /// A side's peer takes part in a meeting, or does so in another way than before; in none from now on,
    /// without a seat. Nothing of its sound goes to the other side meanwhile.
    Meet { session: SessionKey, stream: u8, side: Side, seat: Option<Box<Seat>> },
    /// Something of a session of messages, which is relayed elsewhere.
    Chat { session: SessionKey, stream: u8, order: ChatOrder },
    /// When was each side heard last? Nothing is said of a session that has no stream.
    Ask { session: SessionKey },
    /// The session is over: its ports are closed, its figures come back.
    Close { session: SessionKey },
}

/// Where a peer says it receives one stream, and how far to believe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aim {
    pub rtp: Option<SocketAddr>,
    pub reports: Reports,
    pub sending: Sending,
    pub senders: Senders,
    pub turn: Turn,
    /// RTP clock of the first codec, in Hz: jitter is measured in it. 0 where the stream is no RTP, as that
    /// of a fax: its packets look like anything, and are not looked into.
    pub clock: u32,
    /// The keys of its SRTP; without them its media is clear.
    pub protection: Option<Arc<Protection>>,
    /// What else than media is expected at our ports; none of it, where nothing was agreed on.
    pub door: Option<Arc<Door>>,
}

/// Where a peer receives RTCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reports {
    /// At a port of their own, if it said one.
    Apart(Option<SocketAddr>),
    /// Where its media is, wherever that turns out to be; ours too comes from the port of our media.
    Muxed,
}

/// What a peer sends to our ports besides media.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Door {
    /// Its checks of ICE: where it can be reached is what they prove, and nothing else does.
    pub checks: Option<Checks>,
    /// Its handshake, which brings the keys of its SRTP: before, nothing of it is heard.
    pub handshake: Option<Handshake>,
}

/// How a handshake of DTLS is had (RFC 5763). Other terms than before are another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    pub role: Role,
    /// The certificates that the peer may show, by their SHA-256.
    pub theirs: Vec<[u8; 32]>,
    pub ours: Arc<Certificate>,
}

/// Our part in a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We begin.
    Client,
    Server,
}

/// How checks of a peer are known. Other ones than before are a restart.
#[derive(Clone, PartialEq, Eq)]
pub struct Checks {
    /// `ours:theirs`.
    pub username: Box<str>,
    /// Ours.
    pub password: Box<str>,
    /// What we check ourselves; nothing, where we only answer.
    pub search: Option<Box<Search>>,
}

/// The master keys of one side of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection {
    /// What the peer seals with.
    pub theirs: MasterKey,
    /// What we seal with.
    pub ours: MasterKey,
}

/// Whether media may be sent to a peer. Its RTCP goes on while it is on hold (RFC 3264, 8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// As long as it gives signs of life.
    Allowed,
    /// Whatever comes of it: in a call for help.
    Insisted,
    Held,
}

/// Whose packets a side may take for its peer's. The signalled address outweighs all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Senders {
    /// Those of the signalled address.
    Signalled,
    /// Those of its neighbours too, and of the host that signals, where that is the peer itself.
    Near(Option<IpAddr>),
    /// The first that send RTP, wherever they are.
    Anywhere,
    /// Those of the place that a check has proven (RFC 8445).
    Checked,
}

/// Whose turn it is at a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Same,
    /// Another's than before: who was heard or expected until now is not believed.
    Another,
}

/// What tells why a side is not heard, in all of its streams: what came, and what did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    pub packets: u64,
    /// From addresses that are not believed to be the peer's.
    pub strangers: u64,
    /// That the agreed keys do not open.
    pub unproven: u64,
    pub lacks: Lack,
}

impl Signs {
    /// Those of another stream too; what the first lacks is what is missed first.
    pub(crate) fn and(self, other: Signs) -> Signs {
        Signs {
            packets: self.packets + other.packets,
            strangers: self.strangers + other.strangers,
            unproven: self.unproven + other.unproven,
            lacks: self.lacks,
        }
    }
}

/// What a side has to do before its media is heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lack {
    #[default]
    Nothing,
    /// To show by a check where it is.
    Check,
    /// To agree on keys in a handshake.
    Keys,
}

/// From the relay to the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The stream could not be opened, and is closed.
    Failed { session: SessionKey, stream: u8, why: String },
    /// A side's peer was heard, for the first time since it was aimed at, from here.
    Latched { session: SessionKey, stream: u8, side: Side, from: SocketAddr },
    /// A side's peer pressed a key: the other side is to be told by a message of the call.
    Pressed { session: SessionKey, stream: u8, side: Side, press: Press },
    /// A side's peer has said that it is a fax or a modem, in sound that is made into another codec here.
    Signalled { session: SessionKey, stream: u8, side: Side, signal: Signal },
    /// A server outside opens no way that was asked for, or has taken our place there from us: media of a
    /// side goes on without.
    NoWay { session: SessionKey, stream: u8, side: Side, why: Unseen },
    /// When each side of a session was heard last, by RTP or RTCP of any stream; where it was not heard since
    /// streams were opened or aimed elsewhere, when that was.
    LastHeard { session: SessionKey, caller: Instant, callee: Instant, signs: [Signs; 2] },
    /// A session of messages is over; what passed in it.
    Chatted { session: SessionKey, stream: u8, figures: ChatFigures },
    /// Copies of what was said, for whoever writes them down.
    Taped(Box<Taped>),
    /// Packets that somebody asked to be kept.
    Excerpted(Box<Excerpted>),
    /// The stream is closed; what became of it.
    Finished { session: SessionKey, stream: u8, figures: Box<Figures> },
}

/// A password is a secret, and does not print in a log.
impl fmt::Debug for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checks({})", self.username)
    }
}

impl Event {
    /// Whose it is.
    pub fn session(&self) -> SessionKey {
        match self {
            Event::Failed { session, .. }
            | Event::Latched { session, .. }
            | Event::Pressed { session, .. }
            | Event::Signalled { session, .. }
            | Event::NoWay { session, .. }
            | Event::LastHeard { session, .. }
            | Event::Chatted { session, .. }
            | Event::Finished { session, .. } => *session,
            Event::Taped(taped) => taped.session,
            Event::Excerpted(excerpted) => excerpted.session,
        }
    }
}

impl Order {
    pub fn session(&self) -> SessionKey {
        let (Order::Open { session, .. }
        | Order::Move { session, .. }
        | Order::Outside { session, .. }
        | Order::Aim { session, .. }
        | Order::Transcode { session, .. }
        | Order::Expect { session, .. }
        | Order::Press { session, .. }
        | Order::Play { session, .. }
        | Order::Record { session, .. }
        | Order::Copy { session, .. }
        | Order::Excerpt { session, .. }
        | Order::Meet { session, .. }
        | Order::Chat { session, .. }
        | Order::Ask { session }
        | Order::Close { session }) = self;
        *session
    }
}
