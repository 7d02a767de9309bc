//! Secrets: where the operator keeps them, and values that cannot be printed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::fault::Fault;
use crate::problem::Code;

/// A value that is never printed; whoever needs it says so with `reveal`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Secret<T> {
        Secret(value)
    }

    /// The value itself, for the one place that computes with it.
    pub fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a secret is kept. The document names the place, never the value, except in a demo.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SecretRef {
    /// A variable of the process's environment.
    Env(String),
    /// A file whose content, without the last line end, is the secret.
    File(String),
    /// The value itself: only where `[system] demo = true`.
    Plain(Plain),
}

/// A secret written into a document: compared and looked up, but never printed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
pub struct Plain(String);

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plain(…)")
    }
}

impl Serialize for Plain {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("…")
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretRef::Env(name) => write!(f, "environment variable {name}"),
            SecretRef::File(path) => write!(f, "file {path}"),
            SecretRef::Plain(_) => f.write_str("plain text"),
        }
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SecretRef, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = SecretRef;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret: { env = \"NAME\" } or { file = \"path\" }")
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<SecretRef, E> {
        let message = "a secret does not stand in a document";
        Err(Fault::new(Code::PLAIN_SECRET, message).suggest("{ env = \"NAME\" }").into_error())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretRef, A::Error> {
        use serde::de::Error;
        const PLACES: &[&str] = &["env", "file", "plain"];
        let Some(place) = map.next_key::<String>()? else {
            return Err(A::Error::custom("an empty secret: say { env = \"NAME\" } or { file = \"path\" }"));
        };
        let secret = match place.as_str() {
            "env" => SecretRef::Env(map.next_value()?),
            "file" => SecretRef::File(map.next_value()?),
            "plain" => SecretRef::Plain(Plain(map.next_value()?)),
            other => return Err(A::Error::unknown_field(other, PLACES)),
        };
        match map.next_key::<String>()? {
            None => Ok(secret),
            Some(_) => Err(A::Error::custom("a secret is kept in one place, not in two")),
        }
    }
}

/// The values of the secrets that documents refer to, as the node has read them.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    values: BTreeMap<SecretRef, Secret<String>>,
    awaited: BTreeSet<SecretRef>,
}

impl Secrets {
    /// No secrets yet.
    pub fn new() -> Secrets {
        Secrets::default()
    }

    /// Tells the value of one secret.
    pub fn insert(&mut self, place: SecretRef, value: String) {
        self.values.insert(place, Secret::new(value));
    }

    /// Somebody will bring the value of this one; documents that want it hold without.
    pub fn await_value(&mut self, place: SecretRef) {
        self.awaited.insert(place);
    }

    /// Whether somebody will bring it.
    pub fn is_awaited(&self, place: &SecretRef) -> bool {
        self.awaited.contains(place) && !self.values.contains_key(place)
    }

    /// The value kept at a place, if the node could read it.
    pub fn value(&self, place: &SecretRef) -> Option<Secret<String>> {
        match place {
            SecretRef::Plain(Plain(value)) => Some(Secret::new(value.clone())),
            _ => self.values.get(place).cloned(),
        }
    }
}
