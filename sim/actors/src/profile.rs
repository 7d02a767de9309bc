//! Who an actor is and how it behaves.

use std::net::SocketAddr;
use std::time::Duration;

use crate::exchange::Transport;
use crate::sound::Sound;
use crate::timing::Timing;

/// What an actor stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Phone,
    Provider,
    Pbx,
    Psap,
}

/// Everything about an actor that is chosen.
#[derive(Clone, Debug)]
pub struct Profile {
    pub name: String,
    pub kind: Kind,
    /// Its only SIP socket.
    pub sip: SocketAddr,
    pub transport: Transport,
    /// Where its requests go that belong to no call yet.
    pub house: SocketAddr,
    /// The first of its RTP ports; each leg takes an even one.
    pub rtp: SocketAddr,
    pub rtp_pairs: u16,
    /// User part of its From and Contact.
    pub user: String,
    pub domain: String,
    /// The Contact of its calls, where it is another one than its address.
    pub says_to_be: Option<String>,
    pub credentials: Option<Credentials>,
    /// Who may register with it.
    pub accounts: Vec<Credentials>,
    pub rings_after: Duration,
    pub answers_after: Duration,
    /// How long it stays in a call before it hangs up.
    pub talks_for: Option<Duration>,
    pub sound: Sound,
    pub packet_every: Duration,
    /// The number before that of its first packet of media.
    pub counts_from: u16,
    /// So long it goes on speaking when a call is over.
    pub lingers: Duration,
    /// How it keeps session timers, if it knows them.
    pub timing: Option<Timing>,
    pub habits: Vec<Habit>,
}

/// What an actor proves itself with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub user: String,
    pub password: String,
}

/// A bad or unusual habit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// Every INVITE from outside is refused with this status.
    RefusesWith(u16),
    /// It rings, or gives early media, and then refuses with this status.
    RefusesAfterRinging(u16),
    /// What it refuses may be tried again after so many seconds.
    SaysRetryAfter(u32),
    /// What it refuses is refused for this Q.850 cause.
    SaysCause(u8),
    /// What it refuses has this Warning.
    Warns(&'static str),
    /// Each OPTIONS is answered with this status.
    AnswersOptionsWith(u16),
    /// Connections are taken, besides datagrams.
    TakesTcpToo,
    /// No request of others is answered.
    Silent,
    /// A CANCEL changes nothing and isn't answered.
    IgnoresCancel,
    /// Two 200s to one INVITE, with different tags.
    AnswersTwice,
    /// 180 under one tag, 200 under another.
    ChangesTags,
    /// 200 without any 180.
    NoRinging,
    RingsForever,
    /// The first ACKs to each 2xx are lost.
    LosesAcks(u8),
    /// No 2xx is ever acknowledged.
    NeverAcks,
    /// Everything is sent three times.
    RetransmitsWildly,
    /// Answers, and is never heard again.
    DiesAfterAnswer,
    /// 183 with a session before the 200.
    EarlyMedia,
    /// Provisional answers are acknowledged, and wanted so.
    Reliable,
    /// No call without that.
    InsistsOnReliable,
    /// The first PRACKs are kept back.
    LosesPracks(u8),
    /// Reliable answers are never acknowledged.
    NeverPracks,
    /// Each PRACK is preceded by one that names nothing.
    MisnumbersPracks,
    /// The PRACK of a session holds a new offer.
    OffersInPrack,
    /// So many devices answer 183 with a session of their own, one after the other; the first one answers.
    Forks(u8),
    /// The last of them answers.
    LastForkAnswers,
    /// Speaks only once it is answered, whatever it promises; and says 180 after 183.
    SilentEarly,
    /// Sends no media, whatever was agreed.
    Mute,
    /// Takes sessions that are for recording, and no others; answers all their streams at one port.
    Records,
    /// Names no events: its keys are tones.
    NamesNoEvents,
    /// Sends reports (RTCP) and no media.
    OnlyReports,
    /// Tells of every packet of media that it hears, and of those that it cannot open.
    TellsEach,
    /// Says of no place where it is, and proves by checks (ICE) where it is.
    Checks,
    /// Only answers checks, and speaks where one has told it to.
    OnlyAnswersChecks,
    /// Offers one port for media and reports, and takes the offer of it (RFC 5761).
    Muxes,
    /// P-Early-Media of its provisional answers.
    SaysOfEarlySound(&'static str),
    /// INVITEs carry no offer; the answer comes in the ACK.
    OffersLate,
    /// A re-INVITE as soon as the call is up.
    ReinvitesAtOnce,
    /// A BYE as soon as its REFER is accepted.
    LeavesAfterRefer,
    /// Begins with G.722 alone, and speaks PCMU from when it is asked for that.
    KnowsG711,
    /// Its first answer to a re-INVITE is lost on its way.
    LosesItsAnswer,
    /// Says nothing for seconds, of which one packet tells: its voice is one codec's alone.
    Dozes,
    /// Refuses re-INVITE and UPDATE with 488.
    RefusesChanges,
    /// Callers must prove with a SHA-256 digest that they share its credentials.
    Challenges,
    /// An answered call is redirected: 302.
    Redirects,
    /// Every INVITE is redirected with this status to these Contacts.
    RedirectsTo(u16, &'static str),
    /// The same once it has rung.
    DeflectsTo(&'static str),
    /// Tells of itself in every message, in headers that are for those whom it trusts.
    Boasts,
    /// This header line stands in every message of its.
    Adds(&'static str),
    /// Wants its media sealed, and takes no other: RTP/SAVP with a key.
    Seals,
    /// Answers in clear whatever is asked of it.
    AnswersInClear,
    /// Seals its media where the far end offers keys.
    SealsIfAsked,
    /// Offers keys beside media that it calls clear (RFC 8643), and seals it where they are taken.
    SealsIfTaken,
    /// Seals its media with keys by a handshake on its way (DTLS-SRTP, RFC 5763), and takes no other.
    Shakes,
    /// Every REGISTER is refused with this status.
    RegistersNobody(u16),
    /// Every REGISTER is to come again after so many seconds: 503.
    BidsWait(u32),
    /// Nobody is registered for a shorter time: 423.
    RegistersForAtLeast(u32),
    /// A nonce is good for one registration; the next is told that it is stale.
    NoncesWearOut,
    /// An accepted registration names the next nonce.
    NamesNextNonce,
    /// Registers all numbers of an account at once, and nothing else (RFC 6140).
    WantsGin,
    /// Whoever is registered is to send requests by way of this address (RFC 3608).
    GivesServiceRoute(SocketAddr),
    /// Every request inside of a call has to be proven.
    ChallengesAll,
}

impl Profile {
    /// A desk phone: rings, and is picked up after a second.
    pub fn phone(name: &str, sip: SocketAddr, house: SocketAddr) -> Profile {
        Profile::new(Kind::Phone, name, sip, house)
    }

    /// A provider: many calls at once, picked up fast.
    pub fn provider(name: &str, sip: SocketAddr, house: SocketAddr) -> Profile {
        Profile { rtp_pairs: 4000, ..Profile::new(Kind::Provider, name, sip, house) }
    }

    /// A PBX behind a trunk.
    pub fn pbx(name: &str, sip: SocketAddr, house: SocketAddr) -> Profile {
        Profile { rtp_pairs: 1000, ..Profile::new(Kind::Pbx, name, sip, house) }
    }

    /// An emergency call taker: answers at once.
    pub fn psap(name: &str, sip: SocketAddr, house: SocketAddr) -> Profile {
        Profile { answers_after: Duration::from_millis(300), ..Profile::new(Kind::Psap, name, sip, house) }
    }

    pub fn has(&self, habit: Habit) -> bool {
        self.habits.contains(&habit)
    }

    fn new(kind: Kind, name: &str, sip: SocketAddr, house: SocketAddr) -> Profile {
        Profile {
            name: name.to_owned(),
            kind,
            sip,
            transport: Transport::Udp,
            house,
            rtp: SocketAddr::new(sip.ip(), 20_000),
            rtp_pairs: 100,
            user: name.to_owned(),
            domain: sip_host(sip),
            says_to_be: None,
            credentials: None,
            accounts: Vec::new(),
            rings_after: Duration::from_millis(100),
            answers_after: Duration::from_secs(1),
            talks_for: None,
            sound: Sound::Tagged,
            packet_every: Duration::from_millis(200),
            counts_from: 0,
            lingers: Duration::ZERO,
            timing: None,
            habits: Vec::new(),
        }
    }
}

fn sip_host(sip: SocketAddr) -> String {
    match sip {
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    }
}
