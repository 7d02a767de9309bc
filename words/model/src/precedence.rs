//! Calls that are marked to be of more weight than others (RFC 4412, 7135).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A namespace of Resource-Priority whose values the house knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Precedence {
    /// Between those who handle emergency calls (RFC 7135).
    Esnet,
    /// Wireless priority service (RFC 4412).
    Wps,
    /// Government emergency telecommunications (RFC 4412).
    Ets,
    /// Multilevel precedence of the telephone network (RFC 4412).
    Q735,
}

impl Precedence {
    /// Every one.
    pub const ALL: [Precedence; 4] = [Precedence::Esnet, Precedence::Wps, Precedence::Ets, Precedence::Q735];

    /// The word before the dot.
    pub fn word(self) -> &'static str {
        match self {
            Precedence::Esnet => "esnet",
            Precedence::Wps => "wps",
            Precedence::Ets => "ets",
            Precedence::Q735 => "q735",
        }
    }

    /// The namespace of a value such as `esnet.1`, if the value is one of its: each has 0 to 4.
    pub fn of(value: &str) -> Option<Precedence> {
        let (namespace, priority) = value.trim().split_once('.')?;
        let is_known = matches!(priority.as_bytes(), [b'0'..=b'4']);
        let named = |one: &Precedence| one.word().eq_ignore_ascii_case(namespace);
        Precedence::ALL.into_iter().find(named).filter(|_| is_known)
    }
}
