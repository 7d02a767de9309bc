//! What happens to calls, for whoever watches.

use std::sync::Arc;

use policy::{Direction, Facts, Refusal, Trail, WallTime};
use rtp::VoiceMetrics;
use serde::Serialize;

/// Something worth telling. Never needed for the call itself. The decision on each call, with its facts and
/// trail, is in the call's `Record`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Nobody we know: no call began, and no call record is made.
    TurnedAway {
        at: WallTime,
        call_id: String,
        facts: Box<Facts>,
        refusal: Refusal,
        trail: Box<Trail>,
    },
    CallStarted {
        call: String,
        /// Of the caller's leg.
        call_id: String,
        at: WallTime,
        calling: Arc<str>,
        called: Arc<str>,
        direction: Direction,
        emergency: bool,
    },
    /// An attempt failed, and the next one is tried.
    MovedOn {
        call: String,
        at: WallTime,
        from: Arc<str>,
        cause: String,
    },
    CallAnswered {
        call: String,
        at: WallTime,
        by: Arc<str>,
    },
    /// Media that has to be sealed would have been readable: there is none.
    MediaUnprotected {
        call: String,
        at: WallTime,
        words: String,
    },
    /// A side of a call is not heard any more, though both were to be.
    CallSilent {
        call: String,
        at: WallTime,
        who: String,
        seconds: u64,
    },
    /// A party that is to be heard is not, and most likely for this reason.
    PartyMissed {
        call: String,
        at: WallTime,
        who: String,
        code: &'static str,
        words: &'static str,
    },
    /// A party that was missed is heard.
    PartyHeard {
        call: String,
        at: WallTime,
        who: String,
    },
    /// A party says that it is a fax or a modem.
    FaxHeard {
        call: String,
        at: WallTime,
        who: String,
        signal: &'static str,
    },
    /// What a fax or a modem says does not cross as it is, for this reason.
    FaxSpoilt {
        call: String,
        at: WallTime,
        words: String,
    },
    /// A phone says how a call sounded to it.
    SoundReported {
        at: WallTime,
        who: Arc<str>,
        /// Of the phone's own leg.
        call_id: String,
        heard: Box<SoundReport>,
        /// What the other side told it that it heard.
        sent: Box<SoundReport>,
    },
    /// A recorder outside has a call from now on.
    RecorderTook {
        call: String,
        at: WallTime,
        recorder: Arc<str>,
        server: String,
        group: Arc<str>,
    },
    /// A recorder did not take a call, or has it no more.
    RecorderFailed {
        call: String,
        at: WallTime,
        recorder: Arc<str>,
        server: String,
        why: String,
    },
    /// A call is to be recorded outside, and no recorder has it of that group, which may be without a name.
    CallUnrecorded {
        call: String,
        at: WallTime,
        group: Arc<str>,
    },
    CallEnded {
        call: String,
        at: WallTime,
        verdict: String,
        words: String,
    },
    /// An address of a server gives no answer.
    PeerDown {
        at: WallTime,
        server: Arc<str>,
        address: String,
        cause: String,
    },
    /// It answers again, and gets calls.
    PeerUp {
        at: WallTime,
        server: Arc<str>,
        address: String,
    },
    /// It asked to be left alone for a while.
    PeerRests {
        at: WallTime,
        server: Arc<str>,
        address: String,
        until: WallTime,
    },
    /// A provider knows where we are.
    TrunkRegistered {
        at: WallTime,
        trunk: Arc<str>,
        with: String,
        seconds: u64,
    },
    /// A registration failed; when it is tried again.
    TrunkRegistrationFailed {
        at: WallTime,
        trunk: Arc<str>,
        state: &'static str,
        cause: String,
        retry_seconds: u64,
    },
    /// We told a provider to forget us.
    TrunkUnregistered {
        at: WallTime,
        trunk: Arc<str>,
    },
}

/// How one direction sounded to a phone, as far as it says.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SoundReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// In a hundred packets: lost on the way, and too late for its buffer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_percent: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<u32>,
    /// Its opinion, from 1 to 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos: Option<f64>,
}

impl From<VoiceMetrics<'_>> for SoundReport {
    fn from(said: VoiceMetrics<'_>) -> SoundReport {
        SoundReport {
            codec: said.codec.map(str::to_owned),
            lost_percent: said.lost,
            late_percent: said.discarded,
            round_trip_ms: said.round_trip_ms,
            jitter_ms: said.jitter_ms,
            mos: said.listening.or(said.conversation),
        }
    }
}
