//! Sessions of messages of one leg (MSRP, RFC 4975): where its peer is, who opens the connection (RFC 6135),
//! and the address that the peer was told of us, which nobody else can guess (RFC 4975, 14.1).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use media::{ChatAim, ChatPeer, Reach};
use msrp::Uri;
use policy::LegRules;
use sdp::{Chat, Host, Media, Session, Setup};
use sip_stack::Chance;

use crate::ChatPlace;

/// 120 bits of chance; RFC 4975 wants 80.
const NAME_LENGTH: usize = 24;
const PATH_MAX: usize = 1024;
const HOPS_MAX: usize = 4;
/// As it is registered for MSRP.
const PORT: u16 = 2855;

/// All such lines of one leg.
#[derive(Clone, Debug)]
pub(crate) struct Chats {
    /// Nothing, where they are refused.
    place: Option<ChatPlace>,
    streams: Vec<Stream>,
}

#[derive(Clone, Debug, Default)]
struct Stream {
    ours: Option<Arc<str>>,
    peer: Option<ChatPeer>,
}

/// Which part of a negotiation its peer has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Offer,
    Answer,
}

impl Chats {
    pub fn new(rules: &LegRules, place: Option<ChatPlace>) -> Chats {
        // Who insists that sound is sealed does not want words in the clear.
        let is_relayed = rules.chats == policy::Chats::Relayed && !rules.srtp.insists();
        Chats { place: place.filter(|_| is_relayed), streams: Vec::new() }
    }

    /// The leg of a peer that is not chosen yet.
    pub fn unknown() -> Chats {
        Chats { place: None, streams: Vec::new() }
    }

    /// Whether nobody has spoken of any.
    pub fn are_none(&self) -> bool {
        self.streams.is_empty()
    }

    /// What the peer offers. One that is elsewhere than before is given another address of ours.
    pub fn take_offer(&mut self, chance: &mut Chance, theirs: &Session<'_>) {
        let Some(place) = self.place else { return };
        self.streams.truncate(theirs.media.len());
        for (at, media) in theirs.media.iter().enumerate() {
            let peer = peer_of(place, theirs, media, Said::Offer);
            let stream = self.stream(at);
            if stream.is_still(peer.as_ref()) {
                continue;
            }
            stream.ours = peer.as_ref().map(|_| address(place, chance));
            stream.peer = peer;
        }
    }

    /// Only what was offered can be agreed on.
    pub fn take_answer(&mut self, theirs: &Session<'_>) {
        let Some(place) = self.place else { return };
        for (at, stream) in self.streams.iter_mut().enumerate() {
            let media = theirs.media.get(at).filter(|_| stream.ours.is_some());
            let peer = media.and_then(|media| peer_of(place, theirs, media, Said::Answer));
            if stream.is_still(peer.as_ref()) {
                continue;
            }
            stream.peer = peer;
            if stream.peer.is_none() {
                stream.ours = None;
            }
        }
    }

    /// The lines at which the peer is.
    pub fn open(&self) -> Vec<bool> {
        self.streams.iter().map(|stream| stream.peer.is_some()).collect()
    }

    /// What our offer says of the lines that are open at the other side: either may connect.
    pub fn offer(&mut self, chance: &mut Chance, open: &[bool]) -> Vec<Option<Chat>> {
        let Some(place) = self.place else { return Vec::new() };
        let offered = open.iter().enumerate().map(|(at, is_open)| {
            let stream = self.stream(at);
            if !is_open {
                *stream = Stream::default();
                return None;
            }
            let ours = stream.ours.get_or_insert_with(|| address(place, chance));
            Some(Chat { path: Box::from(&**ours), setup: Setup::ActPass, port: place.port })
        });
        offered.collect()
    }

    /// What our answer says of them; where the other side has nobody, there is nothing here either.
    pub fn answer(&mut self, open: &[bool]) -> Vec<Option<Chat>> {
        let Some(place) = self.place else { return Vec::new() };
        let answered = self.streams.iter_mut().enumerate().map(|(at, stream)| {
            if !open.get(at).copied().unwrap_or_default() {
                *stream = Stream::default();
            }
            let (ours, peer) = (stream.ours.as_deref()?, stream.peer.as_ref()?);
            let setup = match peer.reach {
                Reach::Comes => Setup::Passive,
                Reach::Goes { .. } => Setup::Active,
            };
            Some(Chat { path: ours.into(), setup, port: place.port })
        });
        answered.collect()
    }

    /// What the relay is to know of a line.
    pub fn aim(&self, stream: usize) -> Option<ChatAim> {
        let Stream { ours, peer } = self.streams.get(stream)?;
        Some(ChatAim { ours: Arc::clone(ours.as_ref()?), peer: peer.clone() })
    }

    fn stream(&mut self, at: usize) -> &mut Stream {
        if self.streams.len() <= at {
            self.streams.resize_with(at + 1, Stream::default);
        }
        &mut self.streams[at]
    }
}

impl Stream {
    /// Whether a peer is where it was. Who opens a connection matters no more then: there is one.
    fn is_still(&self, peer: Option<&ChatPeer>) -> bool {
        let path = |peer: &ChatPeer| Arc::clone(&peer.path);
        self.ours.is_some() && peer.is_some() && self.peer.as_ref().map(path) == peer.map(path)
    }
}

fn address(place: ChatPlace, chance: &mut Chance) -> Arc<str> {
    let at = SocketAddr::new(place.advertise, place.port);
    format!("msrp://{at}/{};tcp", chance.text(NAME_LENGTH)).into()
}

/// Where the writer of a line is; nothing, where it cannot be had: within TLS, or where nobody is.
fn peer_of(place: ChatPlace, theirs: &Session<'_>, media: &Media<'_>, said: Said) -> Option<ChatPeer> {
    if media.port == 0 || media.protocol != "TCP/MSRP" {
        return None;
    }
    let path = media.path().filter(|path| path.len() <= PATH_MAX)?;
    let hops = Uri::parse_path(path).filter(|hops| hops.len() <= HOPS_MAX)?;
    let (first, last) = (hops.first()?, hops.last()?);
    if first.is_sealed || last.session.is_none() {
        return None;
    }
    let goes = || {
        let named = theirs.connection_of(media).and_then(|connection| match connection.host {
            Host::Ip(address) => Some(address),
            Host::Name(_) => None,
        });
        let to = SocketAddr::new(first.address().or(named)?, first.port.unwrap_or(PORT));
        is_somewhere(place, to.ip()).then_some(Reach::Goes { from: place.bind, to })
    };
    let reach = match (said, theirs.chat_setup_of(media)) {
        (Said::Offer, Some(Setup::Passive)) => goes()?,
        (Said::Offer, _) | (Said::Answer, Some(Setup::Active)) => Reach::Comes,
        (Said::Answer, _) => goes()?,
    };
    let path = path.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    Some(ChatPeer { path: path.into(), reach })
}

/// Whether we may be sent there: to one host, of our family, and not to this machine from elsewhere.
fn is_somewhere(place: ChatPlace, to: IpAddr) -> bool {
    let is_one = !to.is_unspecified() && !to.is_multicast() && to != IpAddr::from([255, 255, 255, 255]);
    is_one && to.is_ipv4() == place.bind.is_ipv4() && (!to.is_loopback() || place.bind.is_loopback())
}
