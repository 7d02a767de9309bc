//! The control channel: a socket in the data folder, on which a running house is asked and told.
//!
//! One JSON document in a line, one in a line back. Whoever may open the socket (mode 0600) may do all of it.
//! `socket` makes and finds it, `serve` answers in threads of its own, `ask` is the other end. Shards are
//! looked at by commands alone; what changes the house goes to the one thread that owns it.

mod ask;
mod serve;
mod socket;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use cli::Exit;
use model::{Captured, Role, SourceFile};
use policy::Policy;
use reports::Question;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Wanted;

use crate::revisions::TagKey;

pub use ask::ask;
pub use serve::{Asked, Control, Window};

/// The version of this protocol; another one is refused.
pub const VERSION: u64 = 1;

/// What a running house is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// What runs, and how it stands.
    Status {},
    /// The phones that are registered.
    Phones {},
    /// The calls in progress, at most so many of each shard.
    Calls {
        most: u16,
    },
    /// The messages of a call, as far as they are kept.
    Messages {
        call: String,
        /// Of each leg.
        call_ids: Vec<String>,
        /// What its ends are called (RFC 7989).
        sessions: Vec<String>,
    },
    /// What the stored tests of these names find in the policy that is in force.
    Test {
        only: Vec<String>,
    },
    /// A program says something of a user, in the words of the API; or nothing any more.
    Notice {
        user: String,
        program: String,
        says: Option<Value>,
        for_whom: Option<String>,
    },
    /// A user's phones ring for a call of theirs.
    MakeCall {
        from: String,
        to: String,
        by_itself: bool,
        for_whom: Option<String>,
    },
    /// A call in progress is ended.
    HangUp {
        id: String,
        for_whom: Option<String>,
    },
    /// Packets of a call in progress are kept.
    Capture {
        id: String,
        media: Captured,
        seconds: Option<u32>,
        for_whom: Option<String>,
    },
    /// No new calls are taken, except those for help.
    Drain {
        for_whom: Option<String>,
    },
    /// Calls are taken again.
    Resume {
        for_whom: Option<String>,
    },
    /// The same of one trunk.
    DrainTrunk {
        name: String,
        for_whom: Option<String>,
    },
    ResumeTrunk {
        name: String,
        for_whom: Option<String>,
    },
    /// Calls that ended, and callers who were turned away.
    Find(Wanted),
    /// What records come to.
    Report(Question),
    /// How the directories stand that users come from.
    Directories {},
    /// One of them is read now.
    Directory {
        name: String,
        dry_run: bool,
        accept_leavers: bool,
        for_whom: Option<String>,
    },
    /// How the certificates stand that an authority gives.
    Certificates {},
    /// One of them is asked for now.
    Certificate {
        name: String,
        for_whom: Option<String>,
    },
    /// Who may ask for what by HTTP.
    Token(Token),
    /// What an apply would do.
    Plan {
        directory: Option<PathBuf>,
    },
    Apply(Apply),
    /// The revision in force stays.
    Confirm {
        for_whom: Option<String>,
    },
    /// Back to an older revision; to the one before, where none is named.
    Rollback {
        to: Option<u64>,
        why: Option<String>,
        for_whom: Option<String>,
    },
}

/// A wish to apply what stands in a directory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Apply {
    /// The house's own, where none is named.
    pub directory: Option<PathBuf>,
    pub why: Option<String>,
    /// It is taken back unless confirmed within so many seconds.
    pub confirm_s: Option<u64>,
    /// The revision and the digest of the plan that was looked at.
    pub seen: Option<(u64, String)>,
    /// Who asked for it, where that is not the user who connects.
    pub for_whom: Option<String>,
}

/// What is done with tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "token", rename_all = "snake_case", deny_unknown_fields)]
pub enum Token {
    List {},
    Create { name: String, role: Role, days: Option<u16> },
    Revoke { name: String },
}

/// What a running house answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// It was done; here is what was asked for.
    Answer(Value),
    /// It was not done, and why; the asker ends with this exit code.
    Refused { exit: u8, words: String },
}

impl Response {
    pub fn refused(exit: Exit, words: impl Into<String>) -> Response {
        Response::Refused { exit: exit.code(), words: words.into() }
    }

    pub fn answer(of: &impl Serialize) -> Response {
        match serde_json::to_value(of) {
            Ok(value) => Response::Answer(value),
            Err(fault) => Response::refused(Exit::Unreachable, fault.to_string()),
        }
    }
}

/// What the owner of the house tells those who look: the newest, and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Notice {
    pub name: String,
    pub state: Stage,
    pub revision: u64,
    pub applied_ms: i64,
    pub author: String,
    /// When the revision is taken back unless somebody confirms it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_by_ms: Option<i64>,
    /// What the start had to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What somebody has to look at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alarms: Vec<String>,
}

/// What the house is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    #[default]
    Running,
    /// Calls may end; new ones are refused, except emergency calls: an operator wants it so.
    Draining,
    /// The same, and then it ends.
    Stopping,
}

/// Where the owner of the house pins its notice, and the policy in force beside it.
#[derive(Default)]
pub struct Board {
    notice: Mutex<Notice>,
    /// What somebody has to look at, by whoever says so.
    alarms: Mutex<BTreeMap<&'static str, Vec<String>>>,
    policy: Mutex<Option<Arc<Policy>>>,
    documents: Mutex<Option<Arc<InForce>>>,
}

/// The documents in force, as they are written.
pub struct InForce {
    pub revision: u64,
    pub files: Vec<SourceFile>,
    pub tags: TagKey,
}

impl Board {
    pub fn read(&self) -> Notice {
        self.notice.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The policy that new calls are planned by, once there is one.
    pub fn policy(&self) -> Option<Arc<Policy>> {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn shows(&self, policy: &Arc<Policy>) {
        let mut shown = self.policy.lock().unwrap_or_else(PoisonError::into_inner);
        let before = shown.replace(Arc::clone(policy));
        drop(shown);
        // Perhaps the last who had it: that takes a while.
        drop(before);
    }

    /// The documents that the policy was made of, once there is one.
    pub fn documents(&self) -> Option<Arc<InForce>> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn shows_documents(&self, documents: InForce) {
        *self.documents.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(documents));
    }

    /// From now on somebody has to look at these things, as far as one part of the house knows.
    pub fn alarm(&self, of: &'static str, words: Vec<String>) {
        let mut all = self.alarms.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(of, words);
        let words = all.values().flatten().cloned().collect();
        self.change(|notice| notice.alarms = words);
    }

    /// The house does that from now on, unless it is about to stop; what it does now.
    pub fn turn(&self, to: Stage) -> Stage {
        let mut notice = self.notice.lock().unwrap_or_else(PoisonError::into_inner);
        if notice.state != Stage::Stopping {
            notice.state = to;
        }
        notice.state
    }

    pub fn change(&self, change: impl FnOnce(&mut Notice)) {
        change(&mut self.notice.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
