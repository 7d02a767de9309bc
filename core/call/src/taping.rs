//! How the recording of a call stands.

use std::sync::Arc;
use std::time::Instant;

use media::{Played, Running, SessionKey, Taping};

pub(crate) struct Tapes {
    /// A phone has asked for it while media went its own way.
    pub is_awaited: bool,
    /// Times are counted from here.
    pub began: Option<Instant>,
    /// Names its file.
    pub name: Arc<str>,
    pub running: Running,
    pub notice: Option<Played>,
    /// Both hear the notice until then.
    pub notice_until: Option<Instant>,
    /// What the relay was told last.
    pub ordered: Option<Box<(SessionKey, u8, Taping)>>,
}

impl Tapes {
    pub(crate) fn nothing() -> Tapes {
        Tapes {
            is_awaited: false,
            began: None,
            name: Arc::default(),
            running: Running::Yes,
            notice: None,
            notice_until: None,
            ordered: None,
        }
    }
}
