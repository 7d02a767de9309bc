//! The checks of an actor that is found by nothing else (RFC 8445): it chooses, and we answer.

use std::time::{Duration, Instant};

use sdp::{Credentials, Media, Session};
use stun::{Check, Choice, Transaction};

const UFRAG: &str = "actr";

/// What one leg knows of the other side's checks.
#[derive(Debug, Default)]
pub(crate) struct Checking {
    theirs: Option<Credentials>,
    sent: u64,
    last: Option<Instant>,
}

/// It does not check more often; less often than agents that have only begun, and more than for consent.
const PAUSE: Duration = Duration::from_millis(200);

impl Checking {
    /// What its descriptions say.
    pub(crate) const LINES: &str = "a=ice-ufrag:actr\r\na=ice-pwd:what/the/actor/knows/by/heart\r\n";

    pub(crate) fn learn(&mut self, theirs: &Session<'_>, media: &Media<'_>) {
        self.theirs = theirs.credentials_of(media);
    }

    /// A check, for whoever answers such.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Vec<u8>> {
        if self.last.is_some_and(|last| now < last + PAUSE) {
            return None;
        }
        self.last = Some(now);
        let Credentials { ufrag, password } = self.theirs.as_ref()?;
        self.sent += 1;
        let mut transaction = Transaction([7; 12]);
        transaction.0[..8].copy_from_slice(&self.sent.to_be_bytes());
        let username = format!("{ufrag}:{UFRAG}");
        let check = Check { username: &username, priority: 1, tie_breaker: 1, choice: Choice::Nominated };
        let mut buffer = vec![0; 256];
        let length = check.write(transaction, password, &mut buffer)?;
        buffer.truncate(length);
        Some(buffer)
    }
}
