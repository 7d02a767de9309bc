//! Tokens of those who come by HTTP: who holds one, and what it is good for.
//!
//! A token is 32 bytes of chance, told once to whoever makes it. What is kept is its SHA-256: nobody guesses
//! it back, so nothing slower is needed. The file is small and written whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::Role;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::private;
use crate::revisions::{sync_folder, write_whole};

const FILE: &str = "tokens.json";
const UNFINISHED: &str = "unfinished-tokens.json";
/// Whoever searches texts for secrets that leaked finds it by this.
const PREFIX: &str = "tandem_";
/// Each is compared with whatever somebody says.
const TOKENS_MAX: usize = 256;

/// What is known of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub name: String,
    pub role: Role,
    /// In milliseconds since 1970.
    pub made_ms: i64,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
}

/// Why there is no such token.
#[derive(Debug, Error)]
pub enum TokenFault {
    #[error("a token named \"{0}\" is there already; revoke it first")]
    Taken(String),
    #[error("\"{0}\" is not a name: small letters, digits and hyphens are, 64 at most")]
    BadName(String),
    #[error("there is no token named \"{0}\"")]
    Unknown(String),
    #[error("there are {TOKENS_MAX} tokens; revoke one first")]
    TooMany,
    #[error("tokens cannot be kept: {0}")]
    Io(#[from] io::Error),
}

/// The tokens of a data folder.
#[derive(Debug)]
pub struct Tokens {
    folder: PathBuf,
    /// Held by who changes them, also while the disk takes it.
    changes: Mutex<()>,
    /// Held for a moment: whoever asks waits for no disk, and for nobody who compares.
    kept: Mutex<Arc<Vec<Kept>>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    token: Token,
    sha256: String,
}

impl Tokens {
    /// Reads the tokens of a data folder that this process has claimed.
    pub fn open(data: &Path) -> io::Result<Tokens> {
        let kept = match fs::read(data.join(FILE)) {
            Ok(text) => serde_json::from_slice(&text)?,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(fault) => return Err(fault),
        };
        Ok(Tokens { folder: data.to_owned(), changes: Mutex::default(), kept: Mutex::new(Arc::new(kept)) })
    }

    /// Makes a token of chance, and keeps what tells it; on return it is on the disk. The text is told once.
    pub fn create(&self, token: Token, chance: [u8; 32]) -> Result<String, TokenFault> {
        if !is_name(&token.name) {
            return Err(TokenFault::BadName(token.name));
        }
        let _alone = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = self.kept();
        if kept.iter().any(|known| known.token.name == token.name) {
            return Err(TokenFault::Taken(token.name));
        }
        if kept.len() >= TOKENS_MAX {
            return Err(TokenFault::TooMany);
        }
        let text = format!("{PREFIX}{}", hex(chance));
        let mut more = Vec::clone(&kept);
        more.push(Kept { token, sha256: hex(Sha256::digest(&text)) });
        self.write(&more)?;
        *self.lock() = Arc::new(more);
        Ok(text)
    }

    /// Whoever holds it is nobody from now on.
    pub fn revoke(&self, name: &str) -> Result<(), TokenFault> {
        let _alone = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = self.kept();
        let fewer: Vec<Kept> = kept.iter().filter(|known| known.token.name != name).cloned().collect();
        if fewer.len() == kept.len() {
            return Err(TokenFault::Unknown(name.to_owned()));
        }
        self.write(&fewer)?;
        *self.lock() = Arc::new(fewer);
        Ok(())
    }

    /// All of them, in order of their names; none says its secret.
    pub fn list(&self) -> Vec<Token> {
        let mut all: Vec<Token> = self.kept().iter().map(|known| known.token.clone()).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// Whose a text is, if it is a token that holds now. It takes as long whatever is guessed.
    pub fn holder(&self, text: &str, now_ms: i64) -> Option<Token> {
        let said = hex(Sha256::digest(text));
        let mut found = None;
        for known in &**self.kept() {
            if bool::from(known.sha256.as_bytes().ct_eq(said.as_bytes())) {
                found = Some(known.token.clone());
            }
        }
        found.filter(|token| token.until_ms.is_none_or(|until| now_ms < until))
    }

    fn write(&self, tokens: &[Kept]) -> io::Result<()> {
        private::make_folder(&self.folder)?;
        let unfinished = self.folder.join(UNFINISHED);
        match fs::remove_file(&unfinished) {
            Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
            Ok(()) | Err(_) => {}
        }
        write_whole(&unfinished, &serde_json::to_vec_pretty(tokens)?)?;
        fs::rename(&unfinished, self.folder.join(FILE))?;
        sync_folder(&self.folder)
    }

    fn kept(&self) -> Arc<Vec<Kept>> {
        Arc::clone(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Vec<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a text is the one that is known. It takes as long whatever is guessed.
pub fn is_same(known: &str, said: &str) -> bool {
    Sha256::digest(known).ct_eq(&Sha256::digest(said)).into()
}

/// It stands in paths and in lines of the audit log.
fn is_name(name: &str) -> bool {
    let fits = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

fn hex(bytes: impl IntoIterator<Item = u8>) -> String {
    bytes.into_iter().map(|byte| format!("{byte:02x}")).collect()
}
