//! Learning where a peer's media really comes from, and holding on to it.

use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::near::{are_near, is_inside};
use crate::order::{Senders, Turn};

/// Who may be heard at one side, and where its media is sent.
#[derive(Debug)]
pub(crate) struct Latch {
    senders: Senders,
    turn: Turn,
    signalled: Option<SocketAddr>,
    /// Where peers were that are another's turn now; few sides ever have another.
    former: Vec<SocketAddr>,
    state: State,
}

/// So many places of earlier peers are told apart from the present one.
const FORMER_MAX: usize = 4;

/// So long packets are on their way from where a peer was, at most.
const LATE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
enum State {
    /// The peer has said nothing yet, so nobody is believed.
    Unaimed,
    /// Waiting for the first packet. A peer that was heard before goes on being sent to there.
    Listening { before: Option<SocketAddr> },
    /// The same of a peer that was heard elsewhere than it says it is now: what still comes from there was on
    /// its way, and tells nothing of where it is.
    Moving { from: SocketAddr },
    /// Heard, from here.
    Locked { source: SocketAddr, trust: Trust },
}

/// How well a source fits what was signalled. A better one takes over from a worse one, never the other way:
/// so somebody who is quicker than the peer is put out as soon as the peer sends from where it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trust {
    Elsewhere,
    Near,
    SameHost,
    Signalled,
    /// By a check or a handshake that only the peer can have written.
    Checked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    Known,
    /// The first packet from there: it is the peer now.
    Latched,
    Stranger,
}

impl Latch {
    pub fn new() -> Self {
        let former = Vec::new();
        let (senders, turn) = (Senders::Signalled, Turn::Same);
        Latch { senders, turn, signalled: None, former, state: State::Unaimed }
    }

    /// Takes what signalling says, and is open to learn again. While the signalled place is the same as
    /// before, the place where the peer was heard stays its address until it is heard anew.
    pub fn aim(&mut self, signalled: Option<SocketAddr>, senders: Senders, turn: Turn) {
        // Where checks are to come, what is said says nothing: who was heard goes on being sent to.
        let is_checked = senders == Senders::Checked;
        let is_same = (is_checked || self.signalled == signalled) && turn == Turn::Same;
        let before = self.heard_from().filter(|_| is_same);
        let left = self.heard_from().filter(|_| !is_same && turn == Turn::Same);
        let signalled = if is_checked { before } else { signalled };
        let former = match turn {
            Turn::Another => self.with_former(signalled),
            Turn::Same => mem::take(&mut self.former),
        };
        let state = match left {
            Some(from) => State::Moving { from },
            None => State::Listening { before },
        };
        *self = Latch { senders, turn, signalled, former, state };
    }

    pub fn is_aimed_at(&self, signalled: Option<SocketAddr>) -> bool {
        self.signalled == signalled
    }

    /// The places of earlier peers, and of the one until now, the latest first; without the new one's.
    fn with_former(&self, signalled: Option<SocketAddr>) -> Vec<SocketAddr> {
        let mut former = Vec::new();
        let is_moved = self.signalled != signalled;
        let until_now = [self.heard_from(), self.signalled].map(|place| place.filter(|_| is_moved));
        let all = until_now.into_iter().flatten().chain(self.former.iter().copied());
        for one in all.filter(|one| Some(*one) != signalled) {
            if former.len() < FORMER_MAX && !former.contains(&one) {
                former.push(one);
            }
        }
        former
    }

    /// Where to send.
    pub fn destination(&self) -> Option<SocketAddr> {
        self.signalled.map(|signalled| self.heard_from().unwrap_or(signalled))
    }

    /// Whether a packet from there is the peer's, as far as its address tells. Nothing is learned yet.
    #[inline]
    pub fn weigh(&self, from: SocketAddr, now: Instant, aimed: Instant) -> Admission {
        let known = match self.state {
            State::Unaimed => return Admission::Stranger,
            State::Locked { source, .. } if source == from => return Admission::Known,
            State::Locked { trust, .. } => Some(trust),
            State::Moving { from: left } if left == from && now.saturating_duration_since(aimed) < LATE => {
                return Admission::Known;
            }
            State::Listening { .. } | State::Moving { .. } => None,
        };
        let trust = self.trust(from);
        let believed = trust == Trust::Signalled || self.may_be(from, trust);
        if !believed || known.is_some_and(|known| trust <= known) {
            return Admission::Stranger;
        }
        Admission::Latched
    }

    /// The peer is there.
    pub fn learn(&mut self, from: SocketAddr) {
        self.state = State::Locked { source: from, trust: self.trust(from) };
    }

    /// The one place where the peer was heard since it was aimed at.
    pub fn locked_at(&self) -> Option<SocketAddr> {
        match self.state {
            State::Locked { source, .. } => Some(source),
            State::Unaimed | State::Listening { .. } | State::Moving { .. } => None,
        }
    }

    /// Whether somebody may be the peer after its NAT has given it another port: he sends from its host, and
    /// nobody has said that one address alone is to be believed.
    pub fn is_beside(&self, from: SocketAddr) -> bool {
        let may_move = matches!(self.senders, Senders::Near(_) | Senders::Anywhere);
        let is_host = matches!(self.state, State::Locked { source, .. } if source.ip() == from.ip());
        may_move && is_host && !self.former.contains(&from)
    }

    /// How well who begins a handshake fits what was signalled; not at all, if he may not be the peer.
    pub fn fit(&self, from: SocketAddr) -> Option<Trust> {
        if matches!(self.state, State::Unaimed) {
            return None;
        }
        let trust = self.trust(from);
        (trust == Trust::Signalled || self.is_peer(from) || self.may_be(from, trust)).then_some(trust)
    }

    /// A check or a handshake has proven that the peer is there: this outweighs all that media could tell.
    /// What was signalled stays: who says it again has not moved.
    pub fn prove(&mut self, from: SocketAddr) {
        self.signalled.get_or_insert(from);
        self.state = State::Locked { source: from, trust: Trust::Checked };
    }

    /// Whether a packet that could teach nothing comes from the peer: where it was heard, or said to be.
    pub fn is_peer(&self, from: SocketAddr) -> bool {
        match self.state {
            State::Unaimed => false,
            State::Listening { before } => before == Some(from) || self.signalled == Some(from),
            State::Moving { from: left } => left == from || self.signalled == Some(from),
            State::Locked { source, .. } => source == from,
        }
    }

    /// Whether somebody who sends from elsewhere than signalled may be the peer.
    fn may_be(&self, from: SocketAddr, trust: Trust) -> bool {
        let is_expected = self.signalled.is_some() || self.turn == Turn::Same;
        let is_open = match self.senders {
            Senders::Signalled | Senders::Checked => false,
            // An inner address, of somebody who is spoken for by others: nothing tells where it comes out.
            Senders::Near(None) if self.signalled.is_none_or(|place| is_inside(place.ip())) => true,
            Senders::Near(_) => trust >= Trust::Near,
            Senders::Anywhere => true,
        };
        is_expected && is_open && !self.former.contains(&from)
    }

    fn heard_from(&self) -> Option<SocketAddr> {
        match self.state {
            State::Unaimed | State::Moving { .. } => None,
            State::Listening { before } => before,
            State::Locked { source, .. } => Some(source),
        }
    }

    fn trust(&self, from: SocketAddr) -> Trust {
        match self.signalled {
            Some(signalled) if signalled == from => Trust::Signalled,
            Some(signalled) if signalled.ip() == from.ip() => Trust::SameHost,
            _ if self.signals() == Some(from.ip()) => Trust::SameHost,
            _ if self.is_near(from) => Trust::Near,
            _ => Trust::Elsewhere,
        }
    }

    fn is_near(&self, from: SocketAddr) -> bool {
        let places = [self.signalled.map(|place| place.ip()), self.signals()];
        places.into_iter().flatten().any(|place| are_near(place, from.ip()))
    }

    /// The host that signals, where that is the peer's.
    fn signals(&self) -> Option<IpAddr> {
        match self.senders {
            Senders::Near(host) => host,
            Senders::Signalled | Senders::Anywhere | Senders::Checked => None,
        }
    }

    /// Whether the RTP of this peer comes from that host; its RTCP may then too.
    pub fn is_host_of_peer(&self, from: SocketAddr) -> bool {
        self.heard_from().is_some_and(|source| source.ip() == from.ip())
    }
}
