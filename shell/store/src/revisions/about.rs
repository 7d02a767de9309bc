//! What is known of a revision, beside its documents.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Who applied what, when and why, and what was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    pub number: u64,
    /// The revision that ran before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<u64>,
    /// In milliseconds since 1970.
    pub applied_ms: i64,
    pub author: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    pub cause: Cause,
    /// When it is taken back unless somebody confirms it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm_by_ms: Option<i64>,
    /// Whether it stays: it was confirmed, or need not be.
    #[serde(skip)]
    pub is_settled: bool,
    /// The digest of the documents.
    pub documents: String,
    /// The digest of what stood in the configuration directory then.
    pub directory: String,
    pub difference: Value,
    pub tests: Value,
}

/// What made a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The house was started on a directory that had changed.
    Start,
    Apply,
    /// SIGHUP.
    Signal,
    Rollback {
        to: u64,
    },
    /// Nobody confirmed the one before it in time.
    NotConfirmed {
        to: u64,
    },
}

impl Cause {
    /// The older revision whose documents these are.
    pub fn returns_to(self) -> Option<u64> {
        match self {
            Cause::Rollback { to } | Cause::NotConfirmed { to } => Some(to),
            Cause::Start | Cause::Apply | Cause::Signal => None,
        }
    }
}

/// Tells sets of documents apart: the same names and texts have the same digest.
pub fn digest<'d>(documents: impl IntoIterator<Item = (&'d str, &'d str)>) -> String {
    let mut sum = Sha256::new();
    for (name, text) in documents {
        for part in [name, text] {
            sum.update((part.len() as u64).to_be_bytes());
            sum.update(part.as_bytes());
        }
    }
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
