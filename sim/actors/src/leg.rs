//! One leg: its dialog, and what it waits for.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use sip_message::{Header, Host, Message, Scheme, Uri};

use crate::exchange::{Deed, LegId, Parcel, Transport};
use crate::media::Media;
use crate::reliable::Reliable;
use crate::repeat::Repeat;
use crate::timing::Leash;

/// What a leg is doing, as others see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Calling,
    Ringing,
    Up,
    Over,
}

#[derive(Debug)]
pub(crate) struct Leg {
    pub id: LegId,
    pub dialog: Dialog,
    pub state: State,
    pub media: Media,
    /// When it hangs up by itself.
    pub hang_up_at: Option<Instant>,
    /// A change of ours to try again after a glare.
    pub again: Option<(Instant, Deed)>,
    /// A change of ours is under way.
    pub changing: Option<Deed>,
    /// CSeq of its request.
    pub changing_by: u32,
    /// The ACK to the last 2xx, for its copies.
    pub last_ack: Option<(u32, Parcel)>,
    pub acks_lost: u8,
    /// A 2xx of ours to a re-INVITE that waits for its ACK.
    pub unacked: Option<Repeat>,
    pub digest_tries: u8,
    pub reliable: Reliable,
    /// The tag of whoever rings.
    pub early_tag: Option<String>,
    /// What its INVITE says beside the usual.
    pub headers: Vec<(String, String)>,
    /// What was agreed of a session timer.
    pub leash: Option<Leash>,
    /// What the other side takes at least, in seconds.
    pub least_interval: u32,
}

/// What a leg waits for.
#[derive(Debug)]
pub(crate) enum State {
    /// The answer to our INVITE.
    Calling {
        uri: String,
        wish: Wish,
    },
    /// Our own decision about their INVITE.
    Ringing {
        invite: Incoming,
        script: VecDeque<(Instant, Line)>,
    },
    /// The ACK to our 2xx.
    Answered {
        ok: Repeat,
    },
    /// The ACK to our refusal.
    Refused {
        no: Repeat,
    },
    Up,
    /// The answer to our BYE.
    Leaving,
    /// Nothing is ever answered again.
    Dead,
    Over,
}

/// Whether the caller still wants the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Nothing was heard of it yet.
    Stay,
    Heard,
    /// To be cancelled as soon as somebody is there.
    Leave,
    Cancelled,
}

/// A step of the callee's plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Ring,
    Early,
    Answer,
    Refuse(u16),
}

/// An INVITE that waits for an answer.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    pub bytes: Vec<u8>,
    pub branch: String,
    pub from: SocketAddr,
    pub transport: Transport,
    pub last: Option<Parcel>,
}

#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    pub call_id: String,
    pub local: String,
    pub local_tag: String,
    pub remote: String,
    pub remote_tag: Option<String>,
    pub target: String,
    pub routes: Vec<String>,
    pub cseq: u32,
    pub remote_cseq: u32,
    pub peer: SocketAddr,
    pub transport: Transport,
}

impl Dialog {
    pub(crate) fn tagged_local(&self) -> String {
        format!("{};tag={}", self.local, self.local_tag)
    }

    pub(crate) fn tagged_remote(&self) -> String {
        match &self.remote_tag {
            Some(tag) => format!("{};tag={tag}", self.remote),
            None => self.remote.clone(),
        }
    }

    /// The address and transport of the next hop: the first route, else the target, if it is a number.
    pub(crate) fn next_hop(&self) -> (SocketAddr, Transport) {
        let route = self.routes.first().and_then(|route| route.split(['<', '>']).nth(1));
        place(route.unwrap_or(&self.target)).unwrap_or((self.peer, self.transport))
    }

    /// Learns from a response to our INVITE.
    pub(crate) fn establish(&mut self, message: &Message<'_>) {
        self.remote_tag = message.to().tag().map(str::to_owned);
        let mut routes: Vec<_> = message.values(Header::RecordRoute).map(str::to_owned).collect();
        routes.reverse();
        self.routes = routes;
        self.retarget(message);
    }

    pub(crate) fn retarget(&mut self, message: &Message<'_>) {
        if let Some(Ok(contact)) = message.contact() {
            self.target = contact.uri.to_owned();
        }
    }
}

impl Leg {
    /// The far end with its tag, which it may have given before its answer.
    pub(crate) fn tagged_remote(&self) -> String {
        match (&self.dialog.remote_tag, &self.early_tag) {
            (None, Some(tag)) => format!("{};tag={tag}", self.dialog.remote),
            _ => self.dialog.tagged_remote(),
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        match self.state {
            State::Calling { .. } => Stage::Calling,
            State::Ringing { .. } => Stage::Ringing,
            State::Answered { .. } | State::Up => Stage::Up,
            State::Refused { .. } | State::Leaving | State::Dead | State::Over => Stage::Over,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let state = match &self.state {
            State::Ringing { script, .. } => script.front().map(|(at, _)| *at),
            State::Answered { ok } => Some(ok.deadline()),
            State::Refused { no } => Some(no.deadline()),
            State::Calling { .. } | State::Up | State::Leaving | State::Dead | State::Over => None,
        };
        let again = self.again.as_ref().map(|(at, _)| *at);
        let unacked = self.unacked.as_ref().map(Repeat::deadline);
        let leash = self.leash.filter(|_| matches!(self.state, State::Up)).map(|leash| leash.at);
        let reliable = self.reliable.deadline();
        [leash, state, again, unacked, reliable, self.hang_up_at, self.media.deadline()]
            .into_iter()
            .flatten()
            .min()
    }
}

/// The numeric address of a URI.
pub(crate) fn place(uri: &str) -> Option<(SocketAddr, Transport)> {
    let uri = Uri::parse(uri).ok()?;
    let Some(Host::Ip(ip)) = uri.host() else { return None };
    let named = uri.param("transport").flatten();
    // TLS is a stream like TCP: nobody listens in here.
    let is_stream = |name: &str| name.eq_ignore_ascii_case("tcp") || name.eq_ignore_ascii_case("tls");
    let transport = match named {
        _ if uri.scheme == Scheme::Sips => Transport::Tcp,
        Some(name) if is_stream(name) => Transport::Tcp,
        Some(name) if name.eq_ignore_ascii_case("ws") => Transport::Ws,
        _ => Transport::Udp,
    };
    Some((SocketAddr::new(ip, uri.port().unwrap_or(5060)), transport))
}
