//! Rooms in which people meet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::number::Number;
use crate::secret::SecretRef;
use crate::spot::Spot;

/// `[conference.NAME]`: a room in which everybody hears everybody else. It is dialled by its name, by its
/// extension, and from outside by its number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conference {
    /// The short number, dialled inside: up to nine digits, or a star or a pound sign and up to eight.
    pub extension: Option<Spot<String>>,
    /// One of the numbers that a trunk gives us: whoever calls it from outside enters too.
    pub number: Option<Spot<Number>>,
    /// So many are in it at most: 2 to 100, and 100 where it is missing.
    pub limit: Option<Spot<u16>>,
    /// Four to twelve digits that are typed to enter, by whoever is not among `users`.
    pub pin: Option<Spot<SecretRef>>,
    /// The users who may enter, and type no PIN, by their names. Where it is missing all may, and type the
    /// PIN if there is one.
    pub users: Option<Vec<Spot<String>>>,
}

impl Conference {
    /// So many are in one room at most.
    pub const LIMIT_MAX: u16 = 100;
}
