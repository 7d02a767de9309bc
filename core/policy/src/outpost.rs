//! Servers outside that are asked how media ports are seen from there.

use std::sync::Arc;

use model::{OutpostAddress, Secret};

/// Those of an interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outposts {
    pub stun: Option<OutpostAddress>,
    pub turn: Option<TurnAccount>,
}

/// A server that has places for our media, and who we are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnAccount {
    pub server: OutpostAddress,
    pub user: Arc<str>,
    pub password: Secret<String>,
}
