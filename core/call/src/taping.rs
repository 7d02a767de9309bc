//! How the recording of a call stands.

use std::sync::Arc;
use std::time::Instant;

use media::{Played, Running, SessionKey, Taping};

pub(crate) struct Tapes {
    /// Times are counted from here.
    pub began: Option<Instant>,
    /// Names its file.
    pub name: Arc<str>,
    pub running: Running,
    pub notice: Option<Played>,
    /// Both hear the notice until then.
    pub notice_until: Option<Instant>,
    /// What the relay was told last.
    pub ordered: Option<(SessionKey, u8, Taping)>,
}

impl Tapes {
    pub(crate) fn nothing() -> Tapes {
        Tapes {
            began: None,
            name: Arc::default(),
            running: Running::Yes,
            notice: None,
            notice_until: None,
            ordered: None,
        }
    }
}
