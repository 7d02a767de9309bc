//! By which algorithms a token may be signed (RFC 7518 3.1, RFC 8037 3.1).

use crate::refusal::{Refusal, said};

/// One that is believed. There is no entry for "none", and none for a shared secret (RFC 8725 3.1, 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    Ed25519,
}

const ALL: [(&str, Algorithm); 11] = [
    ("RS256", Algorithm::Rs256),
    ("RS384", Algorithm::Rs384),
    ("RS512", Algorithm::Rs512),
    ("PS256", Algorithm::Ps256),
    ("PS384", Algorithm::Ps384),
    ("PS512", Algorithm::Ps512),
    ("ES256", Algorithm::Es256),
    ("ES384", Algorithm::Es384),
    ("ES512", Algorithm::Es512),
    ("EdDSA", Algorithm::Ed25519),
    // RFC 9864 names the curve.
    ("Ed25519", Algorithm::Ed25519),
];

impl Algorithm {
    /// The one of that name; the names are told apart by the size of their letters.
    pub fn read(word: &str) -> Result<Algorithm, Refusal> {
        let known = ALL.into_iter().find(|(name, _)| *name == word);
        known.map(|(_, algorithm)| algorithm).ok_or_else(|| match word {
            _ if word.eq_ignore_ascii_case("none") => Refusal::Unsigned,
            "HS256" | "HS384" | "HS512" => Refusal::SharedSecret(word.to_owned()),
            _ => Refusal::Algorithm(said(word)),
        })
    }

    /// Its name in a token.
    pub fn word(self) -> &'static str {
        ALL.iter().find(|(_, algorithm)| *algorithm == self).map_or("", |(name, _)| name)
    }
}
