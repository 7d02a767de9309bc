//! A token, taken apart (RFC 7515 3.1, 5.2; RFC 7519 7.2). Nothing of it is believed by that.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::claims::Claims;
use crate::refusal::{Refusal, said};

/// Longer tokens are not read.
pub const TOKEN_MAX: usize = 16 * 1024;
/// What may stand in `typ`, without `application/`: an access token (RFC 9068 2.1), or no kind in particular.
const TYPES: [&str; 2] = ["jwt", "at+jwt"];

/// What a token says, and what has to be proved of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Token<'t> {
    pub algorithm: Algorithm,
    /// The name of the key that it is signed by.
    pub kid: Option<String>,
    pub claims: Claims,
    /// What is signed …
    pub signed: &'t str,
    /// … and by what.
    pub signature: Vec<u8>,
}

/// Of a header what decides. Where its key could be found by its own account (`jku`, `jwk`, `x5u`, `x5c`) is
/// not even read (RFC 8725 3.10).
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

impl<'t> Token<'t> {
    pub fn read(text: &'t str) -> Result<Token<'t>, Refusal> {
        if text.len() > TOKEN_MAX {
            return Err(Refusal::TooLong { most: TOKEN_MAX });
        }
        let mut parts = text.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::Parts(text.split('.').count()));
        };
        let header: Header = read(header).ok_or(Refusal::Unreadable("the header"))?;
        if let Some(critical) = header.crit {
            return Err(Refusal::Critical(said(&critical.to_string())));
        }
        let algorithm = Algorithm::read(&header.alg)?;
        if let Some(typ) = header.typ.filter(|typ| !is_known(typ)) {
            return Err(Refusal::Type(said(&typ)));
        }
        let claims = read(claims).map(Claims).ok_or(Refusal::Unreadable("the content"))?;
        let signed = text.rsplit_once('.').map_or(text, |(signed, _)| signed);
        let signature = bytes(signature).ok_or(Refusal::Unreadable("the signature"))?;
        Ok(Token { algorithm, kid: header.kid, claims, signed, signature })
    }
}

/// RFC 7515 4.1.9: a media type, whose `application/` may be left out.
fn is_known(typ: &str) -> bool {
    let small = typ.to_ascii_lowercase();
    TYPES.contains(&small.strip_prefix("application/").unwrap_or(&small))
}

fn read<T: for<'d> Deserialize<'d>>(part: &str) -> Option<T> {
    serde_json::from_slice(&bytes(part)?).ok()
}

/// Without padding, blanks, or bits that say nothing.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
