//! A call in progress, as whoever looks sees it.

use std::iter;
use std::sync::Arc;

use media::Side;
use policy::{Callee, Direction, WallTime};
use serde::Serialize;
use sip_stack::Token;

use crate::call::{Call, State};
use crate::record::CaptureRecord;
use crate::table::Calls;

/// One call in progress.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallView {
    pub id: String,
    pub started: WallTime,
    pub calling: Arc<str>,
    pub called: Arc<str>,
    pub direction: Direction,
    pub emergency: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<Arc<str>>,
    /// Who is tried or has answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callee: Option<Callee>,
    pub stage: CallStage,
    /// The calls that its parties came out of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<String>,
    /// "running" or "paused", where it is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<&'static str>,
    /// How much of its media is captured, where its packets are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<CaptureRecord>,
    /// Where its media goes, once it is answered: "anchored" or "direct"; and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaView>,
    /// What its caller hears of ours, instead of anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hears: Option<String>,
    /// The revision that it was planned by.
    pub revision: u64,
    /// Of its dialogs: the caller's, and those of its attempts.
    pub call_ids: Vec<String>,
    /// Who is to be heard and is not, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<String>,
}

/// Where media of a call in progress goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MediaView {
    pub path: &'static str,
    pub why: String,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallStage {
    Placing,
    /// Nobody was reached, and the caller hears why.
    Refusing,
    Up,
    Ending,
}

impl Calls {
    /// The calls in progress, at most so many; one that has its record already is not in progress.
    pub fn views(&self, most: usize) -> Vec<CallView> {
        self.in_progress().filter_map(Call::view).take(most).collect()
    }

    /// The call that bears this token, if it is in progress.
    pub fn view_of(&self, token: Token) -> Option<CallView> {
        self.of(token)?.view()
    }

    /// Tells the names of the trunks of each call in progress: where it came from, where it goes.
    pub fn each_trunk(&self, mut note: impl FnMut(&Arc<str>)) {
        for call in self.in_progress() {
            let callee = match (&call.state, call.callee()) {
                (State::Up(_), _) => Some(&call.end(Side::Callee).party),
                (_, callee) => callee,
            };
            for party in [Some(&call.end(Side::Caller).party), callee].into_iter().flatten() {
                if let Callee::Trunk(name) = party {
                    note(name);
                }
            }
        }
    }
}

impl Call {
    fn callee(&self) -> Option<&Callee> {
        let attempt = match &self.state {
            State::Placing(attempt) => attempt.index,
            State::Up(callee) => callee.attempt,
            State::Refusing(_) | State::Closing(_) => return None,
        };
        self.plan.attempts.get(attempt).map(|attempt| &attempt.callee)
    }

    fn view(&self) -> Option<CallView> {
        let record = self.draft.unfinished()?;
        Some(CallView {
            id: record.id.clone(),
            started: record.started,
            calling: self.plan.calling.0.clone(),
            called: self.plan.called.clone(),
            direction: self.plan.direction,
            emergency: self.plan.emergency,
            route: self.plan.route.clone(),
            callee: self.callee().cloned(),
            stage: match &self.state {
                State::Placing(_) => CallStage::Placing,
                State::Refusing(_) => CallStage::Refusing,
                State::Up(_) => CallStage::Up,
                State::Closing(_) => CallStage::Ending,
            },
            parents: record.parents.clone(),
            recording: self.recording(),
            capture: record.capture.clone(),
            media: self.media_seen().map(|(path, why)| MediaView { path, why }),
            hears: match &self.state {
                State::Refusing(refusing) => Some(refusing.name.clone()),
                _ => None,
            },
            revision: record.revision,
            call_ids: iter::once(&record.call_id)
                .chain(record.attempts.iter().map(|attempt| &attempt.call_id))
                .filter(|id| !id.is_empty())
                .cloned()
                .collect(),
            missed: self.missed(),
        })
    }
}
