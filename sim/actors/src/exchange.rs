//! What goes into an actor and what comes out.

use std::net::SocketAddr;
use std::time::Instant;

use crate::sound::Tag;
use crate::typing::PressedBy;

/// How an actor's SIP travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    Udp,
    Tcp,
    /// As a browser has it: it opens the connection, and is reached by nothing else.
    Ws,
}

impl Transport {
    pub(crate) fn via_name(self) -> &'static str {
        match self {
            Transport::Udp => "UDP",
            Transport::Tcp => "TCP",
            Transport::Ws => "WS",
        }
    }
}

/// One leg of one actor. Whoever orders a call chooses its number, below [`LegId::INCOMING`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(pub u32);

impl LegId {
    /// Legs that others begin are numbered from here.
    pub const INCOMING: u32 = 1 << 31;
}

/// One thing that happens to an actor.
#[derive(Clone, Debug)]
pub enum ActorInput<'a> {
    /// SIP at its SIP socket, RTP at every other.
    Received {
        from: SocketAddr,
        to: SocketAddr,
        transport: Transport,
        bytes: &'a [u8],
    },
    /// [`Actor::deadline`](crate::Actor::deadline) has come.
    Deadline,
    Do(Deed),
}

/// What an actor is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Begin a call to a request URI.
    Call {
        leg: LegId,
        to: String,
    },
    /// Begin a call to a number of an account that is registered with us.
    CallAccount {
        leg: LegId,
        account: String,
        number: String,
    },
    /// End it by whatever fits: CANCEL, a refusal, or BYE.
    HangUp(LegId),
    Hold(LegId),
    Resume(LegId),
    ReInvite(LegId),
    /// A re-INVITE without an offer.
    ReInviteWithoutOffer(LegId),
    /// An UPDATE with an offer.
    Update(LegId),
    /// An INFO that carries a DTMF digit.
    SendInfo(LegId, String),
    /// Keys are pressed, one after the other: by events where the far end takes them, else by tones.
    Press(LegId, String),
    /// Its media comes from another RTP source from now on, and counts from anywhere.
    ChangeSource(LegId),
    /// A re-INVITE with another key for what it seals.
    Rekey(LegId),
    /// A re-INVITE with another port for its media.
    MoveMedia(LegId),
    /// A request of any method, inside of a call or, without a leg, outside of any.
    Say {
        leg: Option<LegId>,
        method: &'static str,
        headers: Vec<(String, String)>,
        body: Option<(String, String)>,
    },
    /// An attended transfer: the other party of the first leg is to speak with that of the second.
    ReferToLeg {
        leg: LegId,
        other: LegId,
    },
    /// A call to a request URI, with further headers.
    CallWith {
        leg: LegId,
        to: String,
        headers: Vec<(String, String)>,
    },
    /// As `Hold`, in the way of RFC 2543: by a zero address.
    HoldByZero(LegId),
    /// As `Hold`, and says nothing to whoever waits.
    HoldInSilence(LegId),
    /// Keeps a contact registered with the house; its own address where it is empty.
    Register {
        contact: String,
        headers: Vec<(String, String)>,
    },
    /// A REGISTER without a contact, which is answered with all that are there.
    AskWhatIsRegistered,
    /// Watches somebody, for so many seconds and again; zero: asks once, or ends what was begun.
    Watch {
        uri: String,
        package: &'static str,
        seconds: u32,
    },
    /// Watches somebody's presence, wants to be told what has changed, and that by these filters, if any.
    WatchChanges {
        uri: String,
        filters: Option<String>,
        seconds: u32,
    },
    /// Loses what it knows of everybody it watches, as by a power cut, and tells nobody.
    ForgetWatched,
    /// A device of its user, by a name of the story's, says this from now on.
    Publish {
        device: &'static str,
        body: String,
    },
    /// An OPTIONS outside of any call.
    Ping,
}

/// What follows from one input.
#[derive(Debug, Default)]
pub struct ActorOut {
    pub sends: Vec<Parcel>,
    pub notes: Vec<Noted>,
}

/// Bytes that an actor sends, SIP or RTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    pub transport: Transport,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// A note and the leg that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    pub leg: LegId,
    pub call_id: String,
    pub what: Note,
}

/// What an actor has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// We began this call.
    Dialled {
        to: String,
    },
    /// Somebody calls us.
    Called {
        uri: String,
        from: String,
    },
    /// A provisional answer reached us.
    Progress {
        status: u16,
    },
    /// A PRACK reached us; whether it named an answer of ours.
    Pracked {
        fits: bool,
    },
    /// 2xx sent or received.
    Answered,
    /// The ACK to our 2xx came.
    Acknowledged,
    Ended(Ended),
    /// The session was changed, by whoever.
    Renegotiated,
    /// How a transfer goes that it asked for.
    Notified {
        status: u16,
    },
    /// A request, outside of a call too, was answered.
    Replied {
        method: String,
        status: u16,
        allow: String,
    },
    /// A request inside the call was refused.
    Declined {
        method: String,
        status: u16,
    },
    /// The peer asked for something inside the call: INFO.
    Told {
        body: String,
    },
    /// Tagged audio arrived, for the first time from that source.
    Heard {
        tag: Tag,
    },
    /// A packet of tagged audio arrived; from whoever tells of each.
    HeardEach {
        tag: Tag,
        number: u32,
    },
    /// A packet of media arrived that is not sealed with the far end's key; from whoever tells of each.
    Unopened,
    /// Tagged audio is back that another device of the same call had taken turns with.
    HeardAgain {
        tag: Tag,
    },
    /// A tone arrived.
    HeardTone {
        hertz: u16,
    },
    /// A key was pressed at the other side.
    Pressed {
        key: char,
        by: PressedBy,
    },
    /// Audio arrived at a port that no leg uses.
    HeardOutside {
        port: u16,
        tag: Option<Tag>,
    },
    /// Somebody wants to be registered, and was answered with a status.
    Registering {
        contact: String,
        requires: String,
        at: Instant,
        status: u16,
    },
    /// A REGISTER of ours was answered, and these are registered.
    Registered {
        status: u16,
        contacts: Vec<String>,
    },
    /// A NOTIFY showed somebody who is watched.
    Shown {
        uri: String,
        package: &'static str,
        /// The value of Subscription-State.
        state: String,
        /// What the watcher holds from then on.
        body: String,
        /// What was said of it.
        told: String,
        at: Instant,
    },
    /// A call came with a route set.
    Routed {
        route: String,
    },
    /// Something reached us that breaks a rule.
    Wrong {
        what: String,
    },
}

/// How a leg ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    ByUs,
    ByPeer,
    /// Before it was answered, by the caller.
    Cancelled,
    /// The INVITE was refused; by whom depends on who called.
    Refused(u16),
    /// Nobody answered a request of ours.
    TimedOut,
}
