//! Tokens that an identity provider has signed (JWT, RFC 7519), the keys that it shows (RFC 7517), and what
//! it says of itself and to who signs in (OpenID Connect Discovery, RFC 8628).
//!
//! [`Token::read`] takes a token apart, [`KeySet::find`] says which key it has to be signed by, and
//! [`Rules::judge`] whether it was meant for us and holds now. An algorithm is known here as an entry of an
//! enum that has no "none" and no shared secret, so that neither can be asked for.
//!
//! Not here: the proof of a signature, which needs cryptography; questions by HTTP; which role somebody has.
//!
//! Start with `token.rs`.

mod token;

mod algorithm;
mod claims;
mod keys;
mod rules;

mod device;
mod provider;

mod refusal;

pub use algorithm::Algorithm;
pub use claims::Claims;
pub use device::{Denied, DeviceGrant, Granted};
pub use keys::{Curve, Key, KeyKind, KeySet};
pub use provider::Provider;
pub use refusal::{Malformed, Refusal};
pub use rules::{Rules, Subject};
pub use token::{TOKEN_MAX, Token};
