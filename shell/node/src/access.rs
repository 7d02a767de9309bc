//! Who may ask for what, and who did: tokens, and the audit log.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use model::{Role, without_passwords};
use serde::Serialize;
use store::{Audit, Deed, Step, Token, TokenFault, Tokens};
use tracing::error;

use crate::revisions::now_ms;

/// Shorter tokens could be guessed.
const TOKEN_MIN: usize = 24;
/// Somebody who is turned away again and again has a line so often.
const TURNED_AWAY_EVERY_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// The name of whoever holds the token of `--http-token-file`.
const GIVEN: &str = "http-token-file";
const WHO_MAX: usize = 100;

/// Tokens of a house, and its audit log.
pub struct Access {
    tokens: Tokens,
    /// What `--http-token-file` holds: it was given to look, and never to change.
    given: Option<String>,
    audit: Audit,
    turned_away: Mutex<BTreeMap<String, Turned>>,
}

/// How often somebody was turned away.
#[derive(Clone, Copy, Default)]
struct Turned {
    written_ms: i64,
    unwritten: u64,
}

/// A token that was made: it is told once.
#[derive(Serialize)]
pub struct Made {
    #[serde(flatten)]
    pub about: Token,
    pub token: String,
}

impl Access {
    /// Opens what a data folder holds of it.
    pub fn open(data: &Path, given: Option<&Path>) -> Result<Access> {
        let tokens = Tokens::open(data).with_context(|| format!("tokens in {}", data.display()))?;
        let audit = Audit::open(data).with_context(|| format!("the audit log in {}", data.display()))?;
        if let Ok(Err(broken)) = store::verify(data) {
            error!(line = broken.line, "the audit log is not as it was written: {}", broken.why);
        }
        let given = given.map(read_given).transpose()?;
        Ok(Access { tokens, given, audit, turned_away: Mutex::default() })
    }

    /// Who holds a token, and what it is good for.
    pub fn holder(&self, token: &str) -> Option<(String, Role)> {
        if self.given.as_deref().is_some_and(|given| store::is_same(given, token)) {
            return Some((GIVEN.to_owned(), Role::Reader));
        }
        self.tokens.holder(token, now_ms()).map(|known| (known.name, known.role))
    }

    pub fn tokens(&self) -> Vec<Token> {
        self.tokens.list()
    }

    pub fn create(&self, name: &str, role: Role, days: Option<u16>) -> Result<Made, TokenFault> {
        let mut chance = [0; 32];
        rustix::rand::getrandom(&mut chance, rustix::rand::GetRandomFlags::empty())
            .map_err(|fault| TokenFault::Io(fault.into()))?;
        let made_ms = now_ms();
        let until_ms = days.map(|days| made_ms + i64::from(days) * DAY_MS);
        if name == GIVEN {
            return Err(TokenFault::Taken(name.to_owned()));
        }
        let about = Token { name: name.to_owned(), role, made_ms, until_ms };
        Ok(Made { token: self.tokens.create(about.clone(), chance)?, about })
    }

    pub fn revoke(&self, name: &str) -> Result<(), TokenFault> {
        self.tokens.revoke(name)
    }

    /// Writes a deed down; on return it is on the disk. Who is turned away again soon is counted, and told of
    /// with the next line.
    pub fn record(&self, deed: Deed) -> std::io::Result<()> {
        let at_ms = now_ms();
        let more = match deed.step {
            Step::TurnedAway => match self.count(&deed.who, at_ms) {
                Some(unwritten) => unwritten,
                None => return Ok(()),
            },
            Step::Asked | Step::Answered => 0,
        };
        let who = deed.who.chars().take(WHO_MAX).collect();
        let what = without_passwords(&deed.what, '*').into_owned();
        let added = self.audit.add(Deed { at_ms, who, what, more, ..deed });
        added.inspect_err(|fault| error!("the audit log cannot be written: {fault}"))
    }

    /// Counts somebody who was turned away; how many went unwritten, if it is time for a line. Names are
    /// those of tokens, so there are few.
    fn count(&self, who: &str, now_ms: i64) -> Option<u64> {
        let mut all = self.turned_away.lock().unwrap_or_else(PoisonError::into_inner);
        let turned = all.entry(who.to_owned()).or_default();
        if (0..TURNED_AWAY_EVERY_MS).contains(&(now_ms - turned.written_ms)) {
            turned.unwritten += 1;
            return None;
        }
        let unwritten = turned.unwritten;
        *turned = Turned { written_ms: now_ms, unwritten: 0 };
        Some(unwritten)
    }
}

fn read_given(file: &Path) -> Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let token = text.trim().to_owned();
    ensure!(token.len() >= TOKEN_MIN, "{}: the token has fewer than {TOKEN_MIN} characters", file.display());
    Ok(token)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn whoever_is_turned_away_all_the_time_has_a_line_a_minute() {
        let data = std::env::temp_dir().join(format!("tandem-access-{}", std::process::id()));
        let access = Access::open(&data, None).unwrap();

        let lines: Vec<_> =
            (0..120).filter_map(|second| access.count("", 1_000_000 + second * 1_000)).collect();
        let other = access.count("ci", 1_000_000);

        assert_eq!(lines, [0, 59]);
        assert_eq!(other, Some(0));
        std::fs::remove_dir_all(&data).unwrap();
    }
}
