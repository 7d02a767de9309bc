//! Who called for help, and when: whoever was called may call back.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

use crate::ids::WallTime;

/// What tells a phone that it is called back (RFC 7090 4).
pub(crate) const HEADER: &str = "Priority";
pub(crate) const MARK: &str = "psap-callback";

/// Whether a header says so, which is no far end's to say.
pub(crate) fn is_mark(name: &str, value: &str) -> bool {
    name.eq_ignore_ascii_case(HEADER) && value.trim().eq_ignore_ascii_case(MARK)
}

/// Somebody called for help, or hung up then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Help {
    pub user: Arc<str>,
    pub at: WallTime,
}

/// When a user did so last. Shared by all shards.
#[derive(Clone, Debug, Default)]
pub(crate) struct HelpClock(Arc<AtomicI64>);

impl HelpClock {
    pub fn called(&self, at: WallTime) {
        self.0.fetch_max(at.0, Ordering::Relaxed);
    }

    pub fn last(&self) -> Option<WallTime> {
        let at = self.0.load(Ordering::Relaxed);
        (at > 0).then_some(WallTime(at))
    }
}
