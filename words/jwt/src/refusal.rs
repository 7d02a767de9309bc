//! Why a token is not believed, or what a provider says is not taken, in sentences for whoever brought it.

use std::fmt;

/// Letters of what a stranger wrote that are said back.
const SAID_MAX: usize = 80;

/// Why a token is no good. What it says of itself is repeated in part; it is never repeated whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    TooLong {
        most: usize,
    },
    /// It has not three parts.
    Parts(usize),
    /// What of it cannot be read.
    Unreadable(&'static str),
    Unsigned,
    SharedSecret(String),
    Algorithm(String),
    Critical(String),
    Type(String),
    /// The provider shows no key of that name.
    UnknownKey(String),
    /// It names none, and several could be meant, or none.
    NamelessKey,
    /// The key is there, and is not for that algorithm.
    UnfitKey(Box<str>, &'static str),
    Signature,
    Issuer {
        says: String,
        wanted: String,
    },
    Audience {
        says: String,
        wanted: String,
    },
    Party(String),
    NoExpiry,
    Expired {
        ago_s: i64,
    },
    NotYet {
        in_s: i64,
    },
    Subject,
    /// It is good only together with a key that its holder proves.
    Bound,
    /// It tells of something that happened, and gives nobody a right.
    Event,
}

/// What a provider said that is not as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::TooLong { most } => write!(f, "the token has more than {most} bytes"),
            Refusal::Parts(5) => f.write_str("the token is encrypted; a signed one is wanted"),
            Refusal::Parts(parts) => write!(f, "the token has {parts} parts, and a signed one has three"),
            Refusal::Unreadable(what) => write!(f, "{what} of the token cannot be read"),
            Refusal::Unsigned => f.write_str("the token is not signed: its alg is \"none\""),
            Refusal::SharedSecret(alg) => write!(
                f,
                "the token is signed by a shared secret ({alg}); RS256, PS256, ES256 or EdDSA is wanted"
            ),
            Refusal::Algorithm(alg) => {
                write!(f, "the token's alg {alg:?} is not known; RS256, PS256, ES256 or EdDSA is wanted")
            }
            Refusal::Critical(names) => {
                write!(f, "the token wants something understood (crit) that is not: {names}")
            }
            Refusal::Type(kind) => {
                write!(
                    f,
                    "the token's typ is {kind:?}; one for access, or one that says who signed in, is wanted"
                )
            }
            Refusal::UnknownKey(kid) => {
                write!(f, "the token is signed by the key {kid:?}, which the identity provider does not show")
            }
            Refusal::NamelessKey => {
                f.write_str("the token does not name its key (kid), and no single key is meant without")
            }
            Refusal::UnfitKey(kid, alg) => {
                write!(f, "the key {kid:?} of the identity provider is not one that signs by {alg}")
            }
            Refusal::Signature => f.write_str("the token's signature is wrong"),
            Refusal::Issuer { says, wanted } => {
                write!(f, "the token is of the issuer {says}; one of {wanted:?} is wanted")
            }
            Refusal::Audience { says, wanted } => {
                write!(f, "the token is for {says} (aud); one for {wanted:?} is wanted")
            }
            Refusal::Party(party) => write!(
                f,
                "the token was given to {party:?} (azp, client_id), which is not among [system.oidc] parties"
            ),
            Refusal::NoExpiry => f.write_str("the token does not say when it ends (exp)"),
            Refusal::Expired { ago_s } => write!(f, "the token ended {ago_s} s ago; sign in again"),
            Refusal::NotYet { in_s } => {
                write!(f, "the token begins to hold in {in_s} s (nbf); do the clocks agree?")
            }
            Refusal::Subject => f.write_str("the token does not say whose it is (sub)"),
            Refusal::Bound => {
                f.write_str("the token is bound to a key of its holder (cnf), which is not proved here")
            }
            Refusal::Event => {
                f.write_str("the token tells of an event (events), and is for nobody to sign in")
            }
        }
    }
}

/// As much of what a stranger wrote as may be said back.
pub(crate) fn said(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_graphic() || letter == ' ';
    text.chars().take(SAID_MAX).map(|letter| if is_plain(letter) { letter } else { '?' }).collect()
}
