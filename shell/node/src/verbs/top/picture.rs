//! What is known of a house at one moment.

use serde::Serialize;
use serde_json::Value;

/// The house at one moment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Picture {
    /// In milliseconds of the clock.
    pub at: i64,
    /// As `tandem status` has it.
    pub status: Value,
    /// Calls in progress, as `tandem call list --live` has them, and how many more there are.
    pub calls: Value,
    pub phones: Registered,
    pub lately: Lately,
    pub machine: Machine,
    /// What happened, the newest last.
    pub newest: Vec<Value>,
    /// Since when the house gives no answer, and why; the rest is older than that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent: Option<String>,
}

/// Who has phones registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Registered {
    pub users: usize,
    pub phones: usize,
}

/// What has become of calls in the last minutes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Lately {
    /// So long a time it is about.
    pub seconds: f64,
    pub begun_per_second: f64,
    /// Calls that ended, and callers who were turned away.
    pub ended: usize,
    pub answered: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_percent: Option<f64>,
    /// Why calls came to nothing, what was said most first.
    pub failures: Vec<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sound: Option<Sound>,
}

/// Why calls came to nothing, and how many did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    pub count: usize,
    pub code: String,
    pub words: String,
}

/// How parties were heard in calls that ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sound {
    /// Parties that an opinion is known of.
    pub parties: usize,
    pub mos: f64,
    pub mos_worst: f64,
    pub lost_percent: f64,
    pub jitter_ms: f64,
}

/// What the process of the house takes of its machine; nothing, where that can't be seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Machine {
    /// A hundred is one processor.
    pub cpu_percent: Option<f64>,
    pub memory_bytes: Option<u64>,
}
