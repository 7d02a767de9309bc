//! What is known of a revision, beside its documents.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Stands before a list in a digest: no document has an empty name.
const LIST: &str = "";

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
    /// The digest of its content.
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
    /// People of a directory came, changed or left.
    Directory,
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
            Cause::Start | Cause::Apply | Cause::Signal | Cause::Directory => None,
        }
    }
}

/// Everything that a revision is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    /// Names and texts, in order of the names.
    pub documents: Vec<(String, String)>,
    /// The price lists and files of sound that the documents name, in order of the names.
    pub lists: Vec<List>,
}

/// A price list or a file of sound, by the name that documents call it by.
#[derive(Clone, Debug)]
pub struct List {
    pub name: Arc<str>,
    pub bytes: Arc<[u8]>,
    /// A list of a million prices is summed up once, if anybody asks.
    digest: OnceLock<String>,
}

impl List {
    pub fn new(name: impl Into<Arc<str>>, bytes: impl AsRef<[u8]>) -> List {
        List { name: name.into(), bytes: bytes.as_ref().into(), digest: OnceLock::new() }
    }

    /// What it says, if it is text.
    pub fn text(&self) -> Option<&str> {
        str::from_utf8(&self.bytes).ok()
    }

    /// Tells its content from others.
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| hex(Sha256::digest(&self.bytes)))
    }
}

impl PartialEq for List {
    fn eq(&self, other: &List) -> bool {
        self.name == other.name && self.bytes == other.bytes
    }
}

/// Tells contents apart: the same names and texts have the same digest.
pub fn digest<'d>(documents: impl IntoIterator<Item = (&'d str, &'d str)>, lists: &[List]) -> String {
    let mut sum = Sha256::new();
    let mut add = |parts: [&str; 2]| {
        for part in parts {
            sum.update((part.len() as u64).to_be_bytes());
            sum.update(part.as_bytes());
        }
    };
    documents.into_iter().for_each(|(name, text)| add([name, text]));
    for list in lists {
        add([LIST, &list.name]);
        add([LIST, list.digest()]);
    }
    hex(sum.finalize())
}

fn hex(bytes: impl IntoIterator<Item = u8>) -> String {
    bytes.into_iter().map(|byte| format!("{byte:02x}")).collect()
}
