//! What a plan says: everything that is decided about a call.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use model::{
    Captured, CarriedMethods, Chats, Dtmf, EarlyMedia, Fax, IceOffers, Keys, KeysInClear, MediaPath,
    MediaSenders, Recorded, Redirect, Reliable, Secret, SessionIds, SessionTimer, Silence, Srtp, Transfer,
};
use serde::Serialize;
use sound::Tone;

use crate::after::{Begins, Next, Rang, Unreached};
use crate::aloud::Aloud;
use crate::causes::{Cause, Causes};
use crate::conference::Conference;
use crate::connected::Connected;
use crate::deck::Quote;
use crate::facts::{InterfaceId, ServerId};
use crate::handed_on::Dress;
use crate::heading::Heading;
use crate::home::MediaHome;
use crate::inside::Inside;
use crate::limit::Claim;
use crate::music::Music;
use crate::orbit::Parking;
use crate::pace::Pace;
use crate::responses::Responses;
use crate::sent_on::SentOn;
use crate::turns::TeamTurn;

/// What is done with a call that is there already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Whoever calls takes the call that has rung for longest at one of these users.
    PickUp(Vec<Arc<str>>),
    /// Whoever calls takes the call that is parked there; a call that is transferred there is parked.
    Orbit(Parking),
    /// Whoever calls meets others there.
    Meet(Arc<Conference>),
    /// The call at hand, or the last that reached whoever calls, is marked as malicious.
    Mark,
}

/// Everything that is decided about a call; the call only carries it out.
#[derive(Clone, Debug, Serialize)]
pub struct CallPlan {
    pub direction: Direction,
    pub emergency: bool,
    pub calling: PartyName,
    /// Who that is, as whoever takes over in the call is told.
    #[serde(skip)]
    pub caller: Connected,
    /// The number called, in E.164; an emergency number or the name of a user as it is.
    pub called: Arc<str>,
    /// How the caller's leg behaves.
    pub leg: Arc<LegRules>,
    /// What the caller's challenges are answered with, inside of the call.
    #[serde(skip)]
    pub credentials: Option<Arc<Credentials>>,
    /// The route that took the call; of an emergency call, the emergency rule.
    pub route: Option<Arc<str>>,
    /// In the order they are tried; never empty.
    pub attempts: Vec<AttemptPlan>,
    /// How long the whole call may take to be answered.
    pub set_up_max: Duration,
    /// Limits of which the caller's own part is taken once, however many ring at the same time.
    #[serde(skip)]
    pub taken_once: Vec<Arc<str>>,
    /// Nobody is called: whoever calls wants something of another call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// Whether a private line was called, which is nobody else's business.
    #[serde(skip)]
    pub is_private: bool,
    /// Whether whoever was called for help may be calling back: no limit holds it up, and nobody else takes
    /// it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_callback: bool,
    /// What it is marked as, by somebody who may: no limit holds it up (RFC 4412).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<Arc<str>>,
}

impl CallPlan {
    /// The attempts that begin together with the one at `index`.
    pub fn ring(&self, index: usize) -> Range<usize> {
        ring_of(&self.attempts, index)
    }

    /// The ring that is tried after another one, whatever became of that.
    pub fn following(&self, ring: usize) -> Option<usize> {
        following(&self.attempts, ring)
    }

    /// Takes attempts in that somebody's redirection leads to, and goes on behind them as behind that ring;
    /// the first of them.
    pub fn add(&mut self, mut attempts: Vec<AttemptPlan>, ring: usize) -> usize {
        let (first, behind) = (self.attempts.len(), self.following(ring));
        // What was last before isn't followed by what comes in now.
        let is_last = |at: &usize| self.attempts[*at].begins == Begins::After && self.ring(*at).end == first;
        if let Some(last) = (0..first).find(is_last).map(|at| &mut self.attempts[at])
            && last.next.is_following()
        {
            last.next = Next::Nowhere;
        }
        for attempt in &mut attempts {
            attempt.moved_by(first);
            attempt.is_redirected = true;
        }
        self.attempts.extend(attempts);
        if let Some(behind) = behind {
            lead_on(&mut self.attempts, first, behind);
        }
        first
    }

    /// Where a call goes on after a ring that came to nothing: after the attempt that says best why.
    pub fn after(&self, ring: usize, failed: usize, cause: Cause, rang: Rang) -> Option<usize> {
        let attempt = self.attempts.get(failed)?;
        match &self.attempts.get(ring)?.next {
            // Once the caller hears ringing, another trunk would ring as another call (standards A7).
            Next::Following | Next::Then(_) => {
                let is_late = rang == Rang::Heard && !attempt.moves_on_after_ringing;
                let moves_on = !is_late && attempt.moves_on.contains(cause);
                self.following(ring).filter(|_| moves_on)
            }
            Next::Nowhere => None,
            Next::By(exits) => {
                // Whatever else a phone says: its user was not reached.
                let why = Unreached::of(cause, rang).unwrap_or(Unreached::Unreachable);
                exits.iter().find(|exit| exit.on == why).map(|exit| exit.to)
            }
        }
    }
}

fn ring_of(attempts: &[AttemptPlan], index: usize) -> Range<usize> {
    let along = attempts.iter().skip(index + 1);
    index..index + 1 + along.take_while(|attempt| attempt.begins == Begins::Along).count()
}

fn following(attempts: &[AttemptPlan], ring: usize) -> Option<usize> {
    let is_followed = match attempts.get(ring)?.next {
        Next::Then(next) => return Some(next),
        Next::Following => true,
        Next::Nowhere | Next::By(_) => false,
    };
    let next = ring_of(attempts, ring).end;
    let attempt = attempts.get(next).filter(|_| is_followed)?;
    (attempt.begins == Begins::After).then_some(next)
}

/// Wherever these attempts, from `first`, lead nowhere, they lead to this one from now on.
pub(crate) fn lead_on(attempts: &mut [AttemptPlan], first: usize, to: usize) {
    let is_end = |at: &usize| {
        let attempt = &attempts[*at];
        let is_open = attempt.next == Next::Nowhere || attempt.next.is_following();
        attempt.begins == Begins::After && is_open && following(attempts, *at).is_none()
    };
    let ends: Vec<usize> = (first..attempts.len()).filter(is_end).collect();
    ends.into_iter().for_each(|at| attempts[at].next = Next::Then(to));
}

/// Where a call goes, as seen from the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Outbound,
    Inbound,
    Internal,
    /// From one trunk to another.
    Transit,
}

/// The user or trunk that calls, or the address of somebody nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct PartyName(pub Arc<str>);

impl fmt::Display for PartyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One try to reach the callee.
#[derive(Clone, Debug, Serialize)]
pub struct AttemptPlan {
    pub callee: Callee,
    /// By whom the call was sent on before, the first of them first.
    #[serde(skip)]
    pub sent_on: Vec<SentOn>,
    /// Whether a redirection led there, and not the plan.
    #[serde(skip)]
    pub is_redirected: bool,
    /// Who that is, as the caller is told.
    #[serde(skip)]
    pub connected: Connected,
    /// Whose turn in a team it is, where that is remembered.
    #[serde(skip)]
    pub turn: Option<TeamTurn>,
    #[serde(skip_serializing_if = "Begins::is_after")]
    pub begins: Begins,
    #[serde(skip_serializing_if = "Next::is_following")]
    pub next: Next,
    /// Who takes its place, while others ring on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead: Option<usize>,
    /// The route that leads there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<Arc<str>>,
    /// What it costs, as far as a price list says.
    #[serde(rename = "price", skip_serializing_if = "Option::is_none")]
    pub quote: Option<Quote>,
    pub server: Option<ServerId>,
    /// The same across revisions.
    #[serde(skip)]
    pub server_key: Option<Arc<str>>,
    /// The SIP URI of the next hop.
    pub target: Arc<str>,
    pub interface: Option<InterfaceId>,
    /// The registered device that is meant: it is reached as it registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<Arc<str>>,
    /// How both ends stand in the INVITE.
    #[serde(flatten)]
    pub heading: Arc<Heading>,
    pub media: MediaPlan,
    /// How the callee's leg behaves.
    pub leg: Arc<LegRules>,
    /// How long the next hop may say nothing at all.
    pub answer_wait: Duration,
    /// Who answers sooner is a mailbox of the far end's carrier, and not meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escape: Option<Duration>,
    /// How long it may ring.
    pub ring_max: Duration,
    pub moves_on: Causes,
    /// Whether it moves on even after the caller has heard ringing.
    pub moves_on_after_ringing: bool,
    /// What the far end's answers are taken for.
    #[serde(skip_serializing_if = "Responses::is_empty")]
    pub responses: Responses,
    pub large: Large,
    #[serde(skip)]
    pub credentials: Option<Arc<Credentials>>,
    pub claims: Vec<Claim>,
    /// Whose lines it waits in before it begins.
    pub paces: Arc<[Arc<Pace>]>,
    /// A caller who waits longer is told so.
    pub tell_queued: Option<Duration>,
    /// How many callees may answer before the answer; more are ended.
    pub early_max: usize,
}

impl AttemptPlan {
    /// What a plan has for somebody whom no INVITE is sent to.
    pub(crate) fn to_nobody(
        callee: Callee,
        connected: Connected,
        (media, leg): (MediaPlan, Arc<LegRules>),
    ) -> AttemptPlan {
        AttemptPlan {
            sent_on: Vec::new(),
            is_redirected: false,
            connected,
            turn: None,
            begins: Begins::After,
            next: Next::Nowhere,
            instead: None,
            route: None,
            quote: None,
            server: None,
            server_key: None,
            target: callee.name().clone(),
            interface: None,
            device: None,
            heading: Arc::new(Heading::nothing(callee.name())),
            media,
            leg,
            answer_wait: Duration::ZERO,
            escape: None,
            ring_max: Duration::ZERO,
            moves_on: Causes::of_devices(),
            moves_on_after_ringing: false,
            responses: Responses::default(),
            large: Large::AsConfigured,
            credentials: None,
            claims: Vec::new(),
            paces: Arc::default(),
            tell_queued: None,
            early_max: 0,
            callee,
        }
    }

    /// The same attempt, so many places further back.
    fn moved_by(&mut self, places: usize) {
        self.instead = self.instead.map(|at| at + places);
        self.next = match std::mem::take(&mut self.next) {
            Next::Then(to) => Next::Then(to + places),
            Next::By(exits) => Next::By(exits.iter().map(|exit| exit.moved_by(places)).collect()),
            next => next,
        };
    }
}

/// How a request travels that is too large for a datagram (RFC 3261 18.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Large {
    /// By TCP, if the far end takes it.
    ByTcp,
    /// As any other: the configuration says how.
    AsConfigured,
}

/// How one leg of a call behaves, as its trunk or its user's kind of device wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LegRules {
    /// How long its far end may give no sign of life.
    pub session_timer: SessionTimer,
    /// How long a call over it may go on.
    pub longest: Option<Duration>,
    /// How long it may go on without media, and how long while it is on hold, if anybody has said.
    pub silence: Option<Silence>,
    pub silence_on_hold: Option<Silence>,
    /// What becomes of transfers in it.
    pub transfer: Transfer,
    /// What becomes of redirections by it.
    pub redirect: Redirect,
    /// What is carried to and from it beside the session itself.
    pub methods: Arc<CarriedMethods>,
    pub srtp: SrtpRules,
    /// Whose media is taken for its far end's.
    pub senders: MediaSenders,
    /// At which of our interfaces its media lies.
    #[serde(skip_serializing_if = "MediaHome::is_usual")]
    pub home: MediaHome,
    /// Whether its far end is offered checks.
    #[serde(skip_serializing_if = "IceOffers::is_usual")]
    pub ice: IceOffers,
    /// How its far end tells key presses.
    pub dtmf: Dtmf,
    /// Whether messages and files may be exchanged with its far end.
    pub chats: Chats,
    /// What becomes of its calls in which a fax or a modem is heard.
    pub fax: Fax,
    /// Whether provisional answers are acknowledged.
    pub reliable: Reliable,
    /// Whether it hears what the other end is called (RFC 7989).
    pub session_ids: SessionIds,
    /// Whether sound from before the answer passes.
    pub early_media: EarlyMedia,
    /// What its far end hears while it waits.
    #[serde(skip)]
    pub music: Music,
    /// What it hears while somebody's phone rings, where its own does not tell it so.
    #[serde(skip)]
    pub ringback: Option<Arc<Tone>>,
    /// What it hears before a call of its own is refused.
    #[serde(skip)]
    pub aloud: Option<Arc<Aloud>>,
    /// Whether its far end is recorded, if anybody has said.
    #[serde(skip)]
    pub record: Option<Recorded>,
    /// How much of its media may be captured, if anybody has said.
    #[serde(skip)]
    pub capture: Option<Captured>,
    /// The site within which its media may leave our relay.
    #[serde(skip)]
    pub inside: Option<Arc<Inside>>,
    /// What rules do to headers after the INVITE that begins the call.
    #[serde(skip)]
    pub dress: Option<Arc<Dress>>,
}

/// Whether the media of a leg is sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SrtpRules {
    pub mode: Srtp,
    pub keys: Keys,
    pub keys_in_clear: KeysInClear,
    pub otherwise: Otherwise,
}

/// What becomes of a call whose media cannot be sealed although it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Otherwise {
    #[default]
    Refused,
    /// A call for help is heard in clear rather than not at all.
    Clear,
}

impl SrtpRules {
    /// The same for a call for help: nothing about keys may stop it.
    pub fn for_help(self) -> SrtpRules {
        let mode = if self.mode == Srtp::Off { Srtp::Optional } else { self.mode };
        let (keys, keys_in_clear) = (self.keys, KeysInClear::Allowed);
        SrtpRules { mode, keys, keys_in_clear, otherwise: Otherwise::Clear }
    }

    /// Whether a call in clear is none.
    pub fn insists(&self) -> bool {
        self.mode == Srtp::Required && self.otherwise == Otherwise::Refused
    }
}

/// Whom an attempt tries.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Callee {
    Trunk(Arc<str>),
    User(Arc<str>),
}

impl Callee {
    /// The name of the trunk or the user.
    pub fn name(&self) -> &Arc<str> {
        match self {
            Callee::Trunk(name) | Callee::User(name) => name,
        }
    }
}

/// How media is carried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MediaPlan {
    pub path: MediaPath,
    /// What crosses, in order of preference, by the names of configuration.
    pub codecs: Arc<[Arc<str>]>,
    /// What the callee is offered after that, to be transcoded if it wants nothing else. None: never.
    pub also: Arc<[Arc<str>]>,
}

/// What we answer a far end's challenge with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub user: Arc<str>,
    pub password: Secret<String>,
}
