//! The keys that a provider shows (RFC 7517 5), as far as signatures can be proved by them.

use serde::Deserialize;
use serde_json::Value;

use crate::algorithm::Algorithm;
use crate::refusal::{Malformed, Refusal, said};
use crate::token::bytes;

/// More are not kept.
const KEYS_MAX: usize = 100;
/// The first octet of a point that is written whole (SEC 1, 2.3.3).
const WHOLE: u8 = 4;

/// All keys of a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet(Vec<Key>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub kid: Option<String>,
    /// The one algorithm that it is for, where that is said.
    pub algorithm: Option<Algorithm>,
    pub kind: KeyKind,
}

/// What it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyKind {
    Rsa {
        modulus: Vec<u8>,
        exponent: Vec<u8>,
    },
    /// A point, written whole.
    Ec(Curve, Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    P256,
    P384,
    P521,
}

#[derive(Deserialize)]
struct Written {
    kty: String,
    #[serde(rename = "use")]
    used_for: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// The keys of a document; those that are of no use here are left out (RFC 7517 5).
    pub fn read(document: &[u8]) -> Result<KeySet, Malformed> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(document)
            .map_err(|fault| Malformed(format!("the keys cannot be read: line {}", fault.line())))?;
        let written = set.keys.into_iter().filter_map(|key| serde_json::from_value::<Written>(key).ok());
        let keys: Vec<Key> = written.filter_map(Key::of).take(KEYS_MAX).collect();
        match keys.is_empty() {
            true => Err(Malformed("it shows no key that proves RS256, PS256, ES256 or EdDSA".to_owned())),
            false => Ok(KeySet(keys)),
        }
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key that a token has to be signed by: the one that it names, if that is for its algorithm; where
    /// it names none, the one that is.
    pub fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Key, Refusal> {
        let Some(kid) = kid else {
            let mut fit = self.0.iter().filter(|key| key.is_for(algorithm));
            return fit.next().filter(|_| fit.next().is_none()).ok_or(Refusal::NamelessKey);
        };
        let mut named = self.0.iter().filter(|key| key.kid.as_deref() == Some(kid)).peekable();
        if named.peek().is_none() {
            return Err(Refusal::UnknownKey(said(kid)));
        }
        let fit = named.find(|key| key.is_for(algorithm));
        fit.ok_or_else(|| Refusal::UnfitKey(said(kid).into(), algorithm.word()))
    }
}

impl Key {
    fn of(written: Written) -> Option<Key> {
        let is_for_proofs = written.used_for.as_deref().is_none_or(|used_for| used_for == "sig");
        let proves = written.key_ops.is_none_or(|all| all.iter().any(|one| one == "verify"));
        let algorithm = match written.alg.as_deref().map(Algorithm::read) {
            None => None,
            Some(Ok(algorithm)) => Some(algorithm),
            Some(Err(_)) => return None,
        };
        let part = |text: Option<String>| bytes(&text?);
        let kind = match (written.kty.as_str(), written.crv.as_deref()) {
            ("RSA", _) => KeyKind::Rsa { modulus: number(&written.n?)?, exponent: number(&written.e?)? },
            ("EC", Some(name)) => {
                let (curve, octets) = match name {
                    "P-256" => (Curve::P256, 32),
                    "P-384" => (Curve::P384, 48),
                    "P-521" => (Curve::P521, 66),
                    _ => return None,
                };
                let whole = |part: &Vec<u8>| part.len() == octets;
                let (x, y) = (part(written.x).filter(whole)?, part(written.y).filter(whole)?);
                KeyKind::Ec(curve, [&[WHOLE][..], &x, &y].concat())
            }
            ("OKP", Some("Ed25519")) => KeyKind::Ed25519(part(written.x).filter(|x| x.len() == 32)?),
            _ => return None,
        };
        let key = Key { kid: written.kid, algorithm, kind };
        (is_for_proofs && proves && algorithm.is_none_or(|algorithm| key.is_for(algorithm))).then_some(key)
    }

    /// Whether a signature by that algorithm can be proved by it: what the token says of its algorithm never
    /// makes another kind of key of it (RFC 8725 3.1).
    pub fn is_for(&self, algorithm: Algorithm) -> bool {
        use Algorithm::{Ed25519, Es256, Es384, Es512, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        let fits = match (&self.kind, algorithm) {
            (KeyKind::Rsa { .. }, Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512) => true,
            (KeyKind::Ec(curve, _), Es256) => *curve == Curve::P256,
            (KeyKind::Ec(curve, _), Es384) => *curve == Curve::P384,
            (KeyKind::Ec(curve, _), Es512) => *curve == Curve::P521,
            (KeyKind::Ed25519(_), Ed25519) => true,
            _ => false,
        };
        fits && self.algorithm.is_none_or(|only| only == algorithm)
    }
}

/// A number without noughts before it; some write one where its first bit is set.
fn number(text: &str) -> Option<Vec<u8>> {
    let all = bytes(text)?;
    let first = all.iter().position(|octet| *octet != 0)?;
    Some(all[first..].to_vec())
}
