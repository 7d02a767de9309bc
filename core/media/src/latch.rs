//! Learning where a peer's media really comes from, and holding on to it.

use std::net::SocketAddr;

use crate::order::LatchMode;

/// Who may be heard at one side, and where its media is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latch {
    mode: LatchMode,
    signalled: Option<SocketAddr>,
    /// Where peers were that are another's turn now.
    former: [Option<SocketAddr>; FORMER_MAX],
    state: State,
}

/// So many places of earlier peers are told apart from the present one.
const FORMER_MAX: usize = 4;

#[derive(Clone, Copy, Debug)]
enum State {
    /// The peer has said nothing yet, so nobody is believed.
    Unaimed,
    /// Waiting for the first packet. A peer that was heard before goes on being sent to there.
    Listening { before: Option<SocketAddr> },
    /// Heard, from here.
    Locked { source: SocketAddr, trust: Trust },
}

/// How well a source fits what was signalled. A better one takes over from a worse one, never the other way:
/// so somebody who is quicker than the peer is put out as soon as the peer sends from where it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trust {
    Elsewhere,
    SameHost,
    Signalled,
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
        Latch { mode: LatchMode::Strict, signalled: None, former: [None; FORMER_MAX], state: State::Unaimed }
    }

    /// Takes what signalling says, and is open to learn again. While the signalled place is the same as
    /// before, the place where the peer was heard stays its address until it is heard anew.
    pub fn aim(&mut self, signalled: Option<SocketAddr>, mode: LatchMode) {
        let is_same = self.signalled == signalled && (self.mode == mode || self.mode == LatchMode::Anew);
        let before = self.heard_from().filter(|_| is_same && mode != LatchMode::Anew);
        let former = match mode {
            LatchMode::Anew => self.with_former(signalled),
            LatchMode::Strict | LatchMode::Auto => self.former,
        };
        *self = Latch { mode, signalled, former, state: State::Listening { before } };
    }

    /// The places of earlier peers, and of the one until now, the latest first; without the new one's.
    fn with_former(&self, signalled: Option<SocketAddr>) -> [Option<SocketAddr>; FORMER_MAX] {
        let mut former = [None; FORMER_MAX];
        let is_moved = self.signalled != signalled;
        let until_now = [self.heard_from(), self.signalled].map(|place| place.filter(|_| is_moved));
        let all = until_now.into_iter().chain(self.former).flatten().filter(|one| Some(*one) != signalled);
        let mut count = 0;
        for one in all {
            if count < FORMER_MAX && !former.contains(&Some(one)) {
                former[count] = Some(one);
                count += 1;
            }
        }
        former
    }

    /// Where to send.
    pub fn destination(&self) -> Option<SocketAddr> {
        self.signalled.map(|signalled| self.heard_from().unwrap_or(signalled))
    }

    /// Judges the sender of a valid packet, and learns from it.
    pub fn admit(&mut self, from: SocketAddr) -> Admission {
        let known = match self.state {
            State::Unaimed => return Admission::Stranger,
            State::Locked { source, .. } if source == from => return Admission::Known,
            State::Locked { trust, .. } => Some(trust),
            State::Listening { .. } => None,
        };
        let trust = self.trust(from);
        let is_former = self.former.contains(&Some(from));
        let is_open = match self.mode {
            LatchMode::Strict => false,
            LatchMode::Auto => !is_former,
            LatchMode::Anew => self.signalled.is_some() && !is_former,
        };
        let believed = trust == Trust::Signalled || is_open;
        if !believed || known.is_some_and(|known| trust <= known) {
            return Admission::Stranger;
        }
        self.state = State::Locked { source: from, trust };
        Admission::Latched
    }

    /// Whether a packet that could teach nothing comes from the peer: where it was heard, or said to be.
    pub fn is_peer(&self, from: SocketAddr) -> bool {
        match self.state {
            State::Unaimed => false,
            State::Listening { before } => before == Some(from) || self.signalled == Some(from),
            State::Locked { source, .. } => source == from,
        }
    }

    fn heard_from(&self) -> Option<SocketAddr> {
        match self.state {
            State::Unaimed => None,
            State::Listening { before } => before,
            State::Locked { source, .. } => Some(source),
        }
    }

    fn trust(&self, from: SocketAddr) -> Trust {
        match self.signalled {
            Some(signalled) if signalled == from => Trust::Signalled,
            Some(signalled) if signalled.ip() == from.ip() => Trust::SameHost,
            _ => Trust::Elsewhere,
        }
    }

    /// Whether the RTP of this peer comes from that host; its RTCP may then too.
    pub fn is_host_of_peer(&self, from: SocketAddr) -> bool {
        self.heard_from().is_some_and(|source| source.ip() == from.ip())
    }
}
