//! What a provider answers to who signs in at another device (RFC 8628 3.2, 3.5), and what it gives in the
//! end (RFC 6749 5).

use std::fmt;

use serde::Deserialize;

use crate::refusal::{Malformed, said};

/// Where somebody signs in, and with which code.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct DeviceGrant {
    pub device_code: String,
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: Option<String>,
    #[serde(rename = "expires_in")]
    pub expires_s: u64,
    /// How long one waits before it is asked again, at least.
    #[serde(default = "interval", rename = "interval")]
    pub interval_s: u64,
}

/// What somebody has who has signed in.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Granted {
    pub access_token: String,
    pub id_token: Option<String>,
    pub refresh_token: Option<String>,
    #[serde(rename = "expires_in")]
    pub expires_s: Option<u64>,
}

/// Why there is no token, or none yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    Pending,
    SlowDown,
    /// In the provider's words.
    Other {
        error: String,
        words: Option<String>,
    },
}

impl DeviceGrant {
    pub fn read(document: &[u8]) -> Result<DeviceGrant, Malformed> {
        read(document, "where to sign in")
    }
}

impl Granted {
    pub fn read(document: &[u8]) -> Result<Granted, Malformed> {
        read(document, "the token")
    }
}

impl Denied {
    pub fn read(document: &[u8]) -> Result<Denied, Malformed> {
        #[derive(Deserialize)]
        struct Written {
            error: String,
            error_description: Option<String>,
        }
        let Written { error, error_description } = read(document, "why it refuses")?;
        Ok(match error.as_str() {
            "authorization_pending" => Denied::Pending,
            "slow_down" => Denied::SlowDown,
            _ => Denied::Other { error: said(&error), words: error_description.as_deref().map(said) },
        })
    }
}

/// RFC 8628 3.2: five seconds where nothing is said.
fn interval() -> u64 {
    5
}

/// What stands there is a secret: the reader's own words are left out.
fn read<T: for<'d> Deserialize<'d>>(document: &[u8], what: &str) -> Result<T, Malformed> {
    serde_json::from_slice(document).map_err(|_| Malformed(format!("it does not say {what}")))
}

/// Codes and tokens are secrets.
impl fmt::Debug for DeviceGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceGrant")
            .field("verification_uri", &self.verification_uri)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Granted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Granted").field("expires_s", &self.expires_s).finish_non_exhaustive()
    }
}
