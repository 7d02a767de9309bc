//! What one recorder outside has of a call: a recording session (RFC 7866), and how far it has come.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{Copying, PortPair, SessionKey};
use policy::{InterfaceId, WallTime};
use sip_message::Message;
use sip_stack::{ClientId, Dialog};
use targets::Place;

use crate::keys::Keys;
use crate::scene::{Answered, Description, Known, Names, Scene};
use crate::unacked::Unacked;

/// How long a recorder may say nothing at all, and how long it may think about it then.
pub(crate) const FIRST_WORD: Duration = Duration::from_secs(3);
pub(crate) const ANSWER: Duration = Duration::from_secs(8);
/// How often it is asked whether it is there.
pub(crate) const CHECK: Duration = Duration::from_secs(30);
/// When all are asked again of whom none took the call; longer each time.
const AGAIN_FIRST: Duration = Duration::from_secs(5);
const AGAIN_MAX: Duration = Duration::from_secs(60);

/// The last round of the relay's sessions for copies, which no media of the call's own has; and how many
/// there are.
pub(crate) const ROUND: u8 = 127;
pub(crate) const ROUNDS: u8 = policy::RECORDER_GROUPS_MAX as u8;

/// The recording of a call by others, of whom one has it at a time.
pub(crate) struct Sitting {
    /// Of which group they are.
    pub group: Arc<str>,
    /// Of the relay's session for its copies.
    pub round: u8,
    pub stage: Stage,
    pub names: Names,
    pub begun: WallTime,
    /// Who is in the call, or was while it was recorded.
    pub known: Vec<Known>,
    pub ports: Option<Ports>,
    /// Of both streams; another recorder gets others.
    pub keys: Keys,
    /// Recorders that are left to be asked.
    pub left: VecDeque<Candidate>,
    /// How often none of them took it.
    pub failures: u32,
    /// Whether that was told since one had it last.
    pub is_missed: bool,
    pub description: Description,
    /// What the relay was told last.
    pub ordered: Option<Ordered>,
}

/// Out of which ports copies leave.
pub(crate) struct Ports {
    pub interface: InterfaceId,
    pub advertise: std::net::IpAddr,
    pub pairs: [PortPair; 2],
}

/// What the relay does for a recorder.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Ordered {
    pub aims: [Option<media::Aim>; 2],
    /// Of which session and stream.
    pub copies: Option<(SessionKey, u8, Copying)>,
}

/// One address of a recorder.
#[derive(Clone)]
pub(crate) struct Candidate {
    pub recorder: Arc<str>,
    /// Its server, as the book knows it.
    pub server: Arc<str>,
    pub uri: Arc<str>,
    pub place: Place,
    pub server_name: Option<Arc<str>>,
    pub interface: Option<InterfaceId>,
    pub srtp: policy::SrtpRules,
}

pub(crate) enum Stage {
    /// Nobody has it; all are asked from then on.
    Waiting(Instant),
    Asking(Box<Asking>),
    Taken(Box<Taken>),
}

/// A recorder that was asked.
pub(crate) struct Asking {
    pub candidate: Candidate,
    pub client: ClientId,
    pub call_id: String,
    pub from: String,
    pub contact: String,
    pub until: Instant,
    pub scene: Scene,
}

/// A recorder that has the call.
pub(crate) struct Taken {
    pub candidate: Candidate,
    pub dialog: Dialog,
    pub contact: String,
    /// What it was told last, and has accepted.
    pub told: Scene,
    pub answered: Answered,
    pub change: Option<Change>,
    /// No change is told before.
    pub not_before: Option<Instant>,
    /// It wants to be told all anew.
    pub is_curious: bool,
    pub check: Check,
    /// Our answer to its INVITE, until it is acknowledged.
    pub unacked: Option<Box<Unacked>>,
}

/// A re-INVITE that is out.
pub(crate) struct Change {
    pub client: ClientId,
    pub scene: Scene,
}

/// Whether it is there.
pub(crate) enum Check {
    Due(Instant),
    Asked(ClientId, Instant),
}

impl Sitting {
    /// Nobody has taken it: how long it is left alone.
    pub fn pause(&mut self) -> Duration {
        let times = self.failures.min(8);
        self.failures += 1;
        (AGAIN_FIRST * 2_u32.saturating_pow(times)).min(AGAIN_MAX)
    }

    /// When it wants to be looked at.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Waiting(until) => Some(*until),
            Stage::Asking(asking) => Some(asking.until),
            Stage::Taken(taken) => {
                let (Check::Due(check) | Check::Asked(_, check)) = &taken.check;
                let repeat = taken.unacked.as_ref().map(|unacked| {
                    unacked.repeat_at.map_or(unacked.give_up_at, |at| at.min(unacked.give_up_at))
                });
                [Some(*check), taken.not_before, repeat].into_iter().flatten().min()
            }
        }
    }

    pub fn dialog(&mut self) -> Option<&mut Dialog> {
        match &mut self.stage {
            Stage::Taken(taken) => Some(&mut taken.dialog),
            Stage::Waiting(_) | Stage::Asking(_) => None,
        }
    }

    /// Whether a message belongs to the dialog with the recorder.
    pub fn has_dialog_of(&self, message: &Message<'_>) -> bool {
        matches!(&self.stage, Stage::Taken(taken) if taken.dialog.is_of(message))
    }

    /// Whether a request of ours to a recorder is out under this name.
    pub fn is_client(&self, client: ClientId) -> bool {
        match &self.stage {
            Stage::Waiting(_) => false,
            Stage::Asking(asking) => asking.client == client,
            Stage::Taken(taken) => {
                let is_change = taken.change.as_ref().is_some_and(|change| change.client == client);
                is_change || matches!(taken.check, Check::Asked(asked, _) if asked == client)
            }
        }
    }
}
