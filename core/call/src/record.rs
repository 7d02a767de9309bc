//! What outlives a call: one record, made when it ends.

use std::sync::Arc;

use media::ChatFigures;
use policy::{Facts, Trail, WallTime};
use serde::{Serialize, Serializer};
use sip_message::Uuid;

/// One finished call. `id` is made at the first INVITE and never reused.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Record {
    pub id: String,
    pub version: u32,
    pub revision: u64,
    pub direction: Option<policy::Direction>,
    pub emergency: bool,
    /// Whether somebody's private line was called.
    #[serde(skip_serializing_if = "is_not")]
    pub private_line: bool,
    pub calling: Arc<str>,
    pub from_dialled: String,
    pub to_dialled: String,
    pub to_e164: Option<Arc<str>>,
    pub route: Option<Arc<str>>,
    pub source: String,
    pub call_id: String,
    /// What the call that its caller was in, or the last that had reached them, is marked as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marks: Option<&'static str>,
    /// What the two ends were called (RFC 7989), before and after transfers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sessions: Vec<SessionPair>,
    /// The conference that the caller was in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conference: Option<String>,
    /// The records of the calls that parties came out of by transfers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<String>,
    /// The user or trunk that transferred it here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transferred_by: Option<String>,
    pub attempts: Vec<AttemptRecord>,
    pub started: WallTime,
    pub rang: Option<WallTime>,
    pub answered: Option<WallTime>,
    pub ended: WallTime,
    pub setup_ms: Option<u64>,
    /// How long the callee was heard before it answered.
    #[serde(skip_serializing_if = "is_zero")]
    pub early_ms: u64,
    pub talk_ms: u64,
    pub sip_code: u16,
    pub outcome: Outcome,
    pub ended_by: EndedBy,
    pub verdict: String,
    pub words: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<Box<Sound>>,
    /// How much was written in it; what, is nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatRecord>,
    /// Where its media went, where it might have left the relay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<MediaRecord>,
    /// Who sent no media any more, though both sides were to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub silences: Vec<SilentSide>,
    /// Who was missed while the call went on, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<MissedSide>,
    /// Where its sound was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<Box<RecordingRecord>>,
    /// A fax or a modem was heard in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fax: Option<Box<FaxRecord>>,
    /// Where its packets are, of a call that somebody captured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<CaptureRecord>,
    /// What the caller heard of ours before it was told that the call comes to nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announced: Option<AnnouncedRecord>,
    pub facts: Facts,
    pub trail: Trail,
}

/// The messages and files that passed in sessions of messages, by who sent them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChatRecord {
    pub caller: ChatSide,
    pub callee: ChatSide,
}

/// What one side sent, and the other was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChatSide {
    pub messages: u64,
    pub bytes: u64,
}

impl ChatRecord {
    pub(crate) fn add(&mut self, figures: &ChatFigures) {
        for (side, count) in [&mut self.caller, &mut self.callee].into_iter().zip(&figures.from) {
            side.messages += count.messages;
            side.bytes += count.bytes;
        }
    }
}

/// Where media went from a moment on: through the relay ("anchored") or between the far ends ("direct").
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MediaRecord {
    pub since: WallTime,
    pub path: &'static str,
    pub why: String,
}

/// The capture of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaptureRecord {
    /// Below the folder of what lasts. There is none where no packet came.
    pub file: String,
    /// How much of its media: "none", "headers" or "sound".
    pub media: &'static str,
}

/// Where the sound of a call was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordingRecord {
    /// Below the directory of what lasts; what is known of it stands beside it. None, where recorders outside
    /// alone have it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Nothing of it was: its media did not pass the house, or is of no codec of ours.
    #[serde(skip_serializing_if = "is_not")]
    pub unheard: bool,
    /// Media of a party was sealed on its way, and the recording is not.
    #[serde(skip_serializing_if = "is_not")]
    pub opened: bool,
    /// How often it was paused.
    #[serde(skip_serializing_if = "is_none_at_all")]
    pub pauses: u32,
    /// Which recorders outside had it or were asked, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recorders: Vec<RecorderRecord>,
    /// Since when nobody outside had it, where somebody of a group was to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<WallTime>,
}

/// What one recorder outside had of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecorderRecord {
    pub recorder: Arc<str>,
    pub server: String,
    /// From when on it had it, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<WallTime>,
    pub until: WallTime,
    /// Why it did not take it, or had it no more before the call was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What was heard of a fax or a modem, and what became of its sound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaxRecord {
    pub since: WallTime,
    /// Who said what of itself: "CED from the callee, trunk east".
    pub signals: Vec<String>,
    /// Whether it crossed untouched in the end.
    pub kept: bool,
    /// Why it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spoilt: Option<String>,
}

/// What the caller of a call that came to nothing heard, and for how long it was played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnnouncedRecord {
    pub what: String,
    pub ms: u64,
}

/// What the two ends of a call are called; zeros where nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SessionPair {
    #[serde(serialize_with = "as_text")]
    pub caller: Uuid,
    #[serde(serialize_with = "as_text")]
    pub callee: Uuid,
}

/// A side of a call that was not heard any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SilentSide {
    /// "the callee, trunk east".
    pub who: String,
    pub since: WallTime,
}

/// A side of a call that was to be heard, and was not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MissedSide {
    /// "the callee, trunk east".
    pub who: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trunk: Option<Arc<str>>,
    pub since: WallTime,
    /// When it was heard, if it ever was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<WallTime>,
    /// The likeliest cause.
    pub code: &'static str,
    pub words: &'static str,
}

/// One try to reach a callee.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttemptRecord {
    pub callee: String,
    /// The route that led there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<Arc<str>>,
    /// What a minute costs by it, as far as a price list says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    pub target: Arc<str>,
    pub remote: Option<String>,
    pub call_id: String,
    pub sent_from: String,
    pub sent_to: String,
    /// Who calls and who diverted, and whatever rules added, as the far end was told: name and value.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "model::shown_headers")]
    pub sent_headers: Vec<(String, String)>,
    /// Whether a redirection (3xx) led there.
    #[serde(skip_serializing_if = "is_not")]
    pub redirected: bool,
    /// Whether whoever answered has picked the call up while it rang elsewhere.
    #[serde(skip_serializing_if = "is_not")]
    pub picked_up: bool,
    pub started: WallTime,
    /// How long it stood in line before it began.
    #[serde(skip_serializing_if = "is_zero")]
    pub waited_ms: u64,
    /// From its INVITE until the far end said more of it than that it tries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_delay_ms: Option<u64>,
    /// Its INVITE, while nobody has counted what came of it.
    #[serde(skip)]
    pub asking: Option<Asking>,
    pub ended: Option<WallTime>,
    pub sip_code: Option<u16>,
    pub cause: String,
    /// What was decided on its way, such as another transport.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A request for a session that is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asking {
    pub since: WallTime,
    /// The far end's last word, as it said it.
    pub said: Option<u16>,
}

/// How a call went, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Answered,
    Cancelled,
    Busy,
    NoAnswer,
    Refused,
    Failed,
}

/// Who ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    Caller,
    Callee,
    House,
}

/// What the relay counted, for the caller's side and the callee's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sound {
    pub caller: SideFigures,
    pub callee: SideFigures,
}

/// What one side sent us and was sent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SideFigures {
    pub packets_in: u64,
    pub packets_out: u64,
    /// Of those that came in, how many crossed in the kernel.
    #[serde(skip_serializing_if = "is_zero")]
    pub carried: u64,
    pub lost: u64,
    /// Came too late for a listener's buffer.
    #[serde(skip_serializing_if = "is_zero")]
    pub late: u64,
    pub jitter_us: u64,
    /// What a listener would say of what came from the party, 1 to 4.5 (ITU-T G.107).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos_in: Option<f64>,
    /// The same of what the party heard, by its own reports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos_out: Option<f64>,
    /// What the party's reports say of what it heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard: Option<Heard>,
    pub strangers: u64,
    /// The suite of its SRTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub srtp: Option<&'static str>,
    /// On a protected stream: packets that were not sealed with the peer's key.
    #[serde(skip_serializing_if = "is_zero")]
    pub unproven: u64,
    /// Handshakes that showed another certificate than was signalled, and those that broke off.
    #[serde(skip_serializing_if = "is_zero")]
    pub impostors: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub handshakes_broken: u64,
    /// What was not sent to it, as it gave no sign of life any more.
    #[serde(skip_serializing_if = "is_zero")]
    pub withheld: u64,
}

/// What a party says of what it heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Heard {
    pub lost: u64,
    pub jitter_us: u64,
    /// From us to the party and back: the last measured, and the longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round_trip_max_ms: Option<u64>,
}

fn as_text<S: Serializer>(uuid: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(uuid)
}

fn is_not(is: &bool) -> bool {
    !*is
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what is left out is told so")]
fn is_none_at_all(count: &u32) -> bool {
    *count == 0
}
