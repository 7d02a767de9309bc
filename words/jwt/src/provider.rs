//! What a provider says of itself (OpenID Connect Discovery 1.0, 3 and 4).

use serde::Deserialize;

use crate::refusal::{Malformed, said};

/// Where the document is, below the issuer.
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// What of it is used.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Provider {
    issuer: String,
    /// Where its keys are.
    #[serde(rename = "jwks_uri")]
    pub keys: String,
    /// Where a token is given …
    #[serde(rename = "token_endpoint")]
    pub tokens: Option<String>,
    /// … to somebody who has begun here, and signs in elsewhere (RFC 8628 4).
    #[serde(rename = "device_authorization_endpoint")]
    pub devices: Option<String>,
    /// Where a token is given back (RFC 7009).
    #[serde(rename = "revocation_endpoint")]
    pub revocations: Option<String>,
}

impl Provider {
    /// The address of the document of an issuer (Discovery 4.1).
    pub fn address_of(issuer: &str) -> String {
        format!("{}{WELL_KNOWN}", issuer.trim_end_matches('/'))
    }

    /// Reads it, if it is of that issuer, letter for letter: whoever says to be another would lend us keys
    /// for tokens that are not his (Discovery 4.3).
    pub fn read(document: &[u8], issuer: &str) -> Result<Provider, Malformed> {
        let provider: Provider = serde_json::from_slice(document).map_err(|fault| {
            let place = format!("line {}, column {}", fault.line(), fault.column());
            Malformed(format!("what it says of itself cannot be read, or has no issuer or jwks_uri: {place}"))
        })?;
        if provider.issuer != issuer {
            let says = said(&provider.issuer);
            return Err(Malformed(format!("it says that its issuer is {says:?}, and {issuer:?} was asked")));
        }
        Ok(provider)
    }
}
