//! What holds for recordings, recorders outside, and captures.

use std::sync::Arc;

use model::{HealthCheck, PacketRules, RecordingFormat, WithoutRecorder};

use crate::call_plan::SrtpRules;
use crate::ids::InterfaceId;
use crate::music::Music;
use crate::policy::Policy;

/// So many recorders have one call at a time: one of each group.
pub const RECORDER_GROUPS_MAX: usize = 4;

/// What holds for recordings of calls.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RecordingRules {
    /// What both parties hear when one begins.
    pub notice: Music,
    pub format: RecordingFormat,
    pub keep_days: u16,
    /// Whether they are kept by the house itself.
    pub in_files: bool,
    pub without_recorder: WithoutRecorder,
    pub packets: PacketRules,
    /// In the order in which they are asked.
    pub recorders: Vec<Recorder>,
}

/// A recorder that is asked to take calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorder {
    pub name: Arc<str>,
    /// Those of a group stand in for each other; empty, where none is named.
    pub group: Arc<str>,
    /// In the order in which they are asked.
    pub servers: Vec<RecorderServer>,
    pub srtp: SrtpRules,
}

/// One address of it, as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct RecorderServer {
    /// `recorder NAME/uri`: the same across revisions.
    pub key: Arc<str>,
    /// The URI as text.
    pub target: Arc<str>,
    /// Whether the URI says by what it is reached.
    pub names_transport: bool,
    pub interface: Option<InterfaceId>,
    pub health: HealthCheck,
}

impl Policy {
    /// The groups of recorders, of each of which one is to have a call.
    pub fn recorder_groups(&self) -> Vec<Arc<str>> {
        let mut groups = Vec::new();
        for recorder in &self.recordings.recorders {
            if !groups.contains(&recorder.group) {
                groups.push(Arc::clone(&recorder.group));
            }
        }
        groups
    }

    /// What holds for captures of calls.
    pub fn packets(&self) -> &PacketRules {
        &self.recordings.packets
    }
}
