//! What a trunk registers with its provider, and the token by which what comes back is known.

use std::sync::Arc;
use std::time::Duration;

use model::{RegisterStyle, Unregistered};
use sha2::{Digest, Sha256};
use sip_message::Uri;

use crate::call_plan::Credentials;
use crate::facts::{InterfaceId, ServerId};

/// An account of ours at a provider, and how it is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub trunk: Arc<str>,
    /// The Request-URI of a REGISTER: the provider's domain.
    pub domain: Arc<str>,
    /// Who we are there: `sip:user@domain`.
    pub identity: Arc<str>,
    /// Where to go, in order.
    pub registrars: Vec<Registrar>,
    /// The user part of our Contact; a Contact for many numbers has none.
    pub contact_user: Option<Arc<str>>,
    /// The `line` parameter of our Contact, where its user part is not the token itself.
    pub line: Option<Arc<str>>,
    pub style: RegisterStyle,
    pub credentials: Arc<Credentials>,
    pub expires: Duration,
    pub unregistered: Unregistered,
    pub retry_first: Duration,
    pub retry_most: Duration,
    pub retry_stopped: Duration,
}

/// One place where an account is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registrar {
    /// Its SIP URI.
    pub target: Arc<str>,
    /// The server of the trunk that it is, if it is one.
    pub server: Option<ServerId>,
    pub interface: Option<InterfaceId>,
}

impl Account {
    /// The token of this account: in every URI that the provider sends calls to.
    pub fn token(&self) -> Option<&Arc<str>> {
        self.line.as_ref().or(self.contact_user.as_ref())
    }
}

/// The tokens that a URI may hold: its `line` parameter, then its user part.
pub(crate) fn tokens_in(uri: &str) -> impl Iterator<Item = &str> {
    let uri = Uri::parse(uri).ok();
    let line = uri.as_ref().and_then(|uri| uri.param("line").flatten());
    line.into_iter().chain(uri.and_then(|uri| uri.user()))
}

/// Sixty-five bits that only who knows the account's password can foretell; the same after each start.
pub(crate) fn token(trunk: &str, credentials: &Credentials) -> Arc<str> {
    const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let pieces = ["line", trunk, &credentials.user, credentials.password.reveal()];
    let mut hasher = Sha256::new();
    for piece in pieces {
        hasher.update((piece.len() as u64).to_be_bytes());
        hasher.update(piece.as_bytes());
    }
    let letters = hasher.finalize().into_iter().take(13);
    letters.map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect::<String>().into()
}
