//! Who may ask for what, and who did: tokens, and the audit log.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use api::{Person, Unknown};
use model::{Oidc, Role, without_passwords};
use serde::Serialize;
use sign_in::{SignIn, Standing, Visitor};
use store::{Audit, Deed, Step, Token, TokenFault, Tokens};
use tracing::{error, info};

use crate::control::Board;
use crate::revisions::now_ms;

/// Shorter tokens could be guessed.
const TOKEN_MIN: usize = 24;
/// Somebody who is turned away again and again has a line so often.
const TURNED_AWAY_EVERY_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// The name of whoever holds the token of `--http-token-file`.
const GIVEN: &str = "http-token-file";
/// Somebody who signed in is named by two of up to 255 letters, the issuer and what he calls himself.
const WHO_MAX: usize = 600;
/// Of so many who are turned away it is known when they were last.
const TURNED_AWAY_MAX: usize = 1_000;
/// Whose alarm it is.
const SIGN_IN: &str = "sign-in";

/// Tokens of a house, and its audit log.
pub struct Access {
    tokens: Tokens,
    /// What `--http-token-file` holds: it was given to look, and never to change.
    given: Option<String>,
    audit: Audit,
    sign_in: Mutex<Option<Arc<SignIn>>>,
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
        Ok(Access { tokens, given, audit, sign_in: Mutex::default(), turned_away: Mutex::default() })
    }

    /// Who holds a token, and what it is good for. The house's own tokens hold whatever becomes of an
    /// identity provider.
    pub fn holder(&self, token: &str) -> Result<Person, Unknown> {
        if self.given.as_deref().is_some_and(|given| store::is_same(given, token)) {
            return Ok(Person { name: GIVEN.to_owned(), role: Role::Reader });
        }
        let now_ms = now_ms();
        if let Some(Token { name, role, .. }) = self.tokens.holder(token, now_ms) {
            return Ok(Person { name, role });
        }
        match self.sign_in() {
            Some(sign_in) if token.contains('.') => visitor(&sign_in, token, now_ms / 1_000),
            _ => Err(Unknown::Nobody),
        }
    }

    /// From now on this identity provider is believed, and no other; its keys go on being known where
    /// nothing about it has changed.
    pub fn believe(&self, oidc: Option<&Oidc>, base: &Path, board: &Arc<Board>) {
        let wanted = oidc.map(|oidc| sign_in::Settings::of(oidc, base));
        if self.sign_in().as_ref().map(|one| one.settings()) == wanted.as_ref() {
            return;
        }
        let before = self.sign_in();
        let same = before.as_ref().zip(wanted.as_ref()).and_then(|(before, wanted)| before.with(wanted));
        if let Some(same) = same {
            self.set_sign_in(Some(same));
            return;
        }
        self.set_sign_in(None);
        drop(before);
        board.alarm(SIGN_IN, Vec::new());
        self.set_sign_in(wanted.and_then(|settings| {
            let issuer = settings.issuer.clone();
            let started = SignIn::start(settings, follow(board));
            started.map_err(|fault| error!(issuer, "nobody can sign in: {fault}")).ok()
        }));
    }

    fn set_sign_in(&self, sign_in: Option<SignIn>) {
        *self.sign_in.lock().unwrap_or_else(PoisonError::into_inner) = sign_in.map(Arc::new);
    }

    fn sign_in(&self) -> Option<Arc<SignIn>> {
        self.sign_in.lock().unwrap_or_else(PoisonError::into_inner).clone()
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

    /// Counts somebody who was turned away; how many went unwritten, if it is time for a line.
    fn count(&self, who: &str, now_ms: i64) -> Option<u64> {
        let mut all = self.turned_away.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= TURNED_AWAY_MAX && !all.contains_key(who) {
            all.retain(|_, turned| now_ms - turned.written_ms < TURNED_AWAY_EVERY_MS);
        }
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

fn visitor(sign_in: &SignIn, token: &str, now_s: i64) -> Result<Person, Unknown> {
    use sign_in::Unknown as Unfit;
    match sign_in.judge(token, now_s) {
        Ok(Visitor { name, role }) => Ok(Person { name, role }),
        Err(Unfit::Refused(refusal)) => Err(Unknown::NoGood(refusal.to_string())),
        Err(Unfit::NoRole { name, words }) => Err(Unknown::NoRole { name, words }),
        Err(Unfit::Waiting) => Err(Unknown::Waiting),
        // What exactly is wrong is for who looks after the house: see its alarms.
        Err(Unfit::NoKeys(_)) => {
            let issuer = &sign_in.settings().issuer;
            let words = format!("the keys of {issuer} were never fetched; tokens of the house hold still");
            Err(Unknown::NotNow(words))
        }
    }
}

/// Says in the log and among the alarms what becomes of the keys of a provider: what goes on is said once.
fn follow(board: &Arc<Board>) -> Box<dyn Fn(&Standing) + Send> {
    let (board, before) = (Arc::clone(board), Mutex::new(None));
    Box::new(move |standing| {
        let Standing { issuer, keys, why } = standing;
        let mut before = before.lock().unwrap_or_else(PoisonError::into_inner);
        if before.as_ref() == Some(standing) {
            return;
        }
        let held = match keys {
            0 => "nobody can sign in by it",
            _ => "those that are known go on being used",
        };
        match why {
            None => info!(issuer, keys, "the keys of the identity provider are known"),
            Some(why) => {
                error!(issuer, keys, "the keys of the identity provider are not fetched, {held}: {why}")
            }
        }
        let alarm =
            why.as_ref().map(|why| format!("sign-in by {issuer}: no keys are fetched, {held}: {why}"));
        board.alarm(SIGN_IN, alarm.into_iter().collect());
        *before = Some(standing.clone());
    })
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
