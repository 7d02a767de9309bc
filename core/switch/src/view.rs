//! What a shard shows of itself to whoever looks: a plain value, made when asked for.

use std::iter::Sum;
use std::net::SocketAddr;
use std::sync::Arc;

use call::CallView;
use performance::Performance;
use registrar::{Counters, DeviceView};
use serde::Serialize;

/// One shard at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct View {
    pub shard: u8,
    /// The revision that new calls are planned by.
    pub revision: u64,
    pub held: Held,
    /// In order of their names.
    pub trunks: Vec<TrunkView>,
}

/// What a shard holds at this moment. All zero after the last call and its late copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Held {
    pub calls: usize,
    pub transactions: usize,
    pub ports: usize,
    pub permits: usize,
    pub questions: usize,
    /// Providers that were told good-bye and have not answered.
    pub farewells: usize,
}

impl Sum for Held {
    fn sum<I: Iterator<Item = Held>>(all: I) -> Held {
        all.fold(Held::default(), |sum, held| Held {
            calls: sum.calls + held.calls,
            transactions: sum.transactions + held.transactions,
            ports: sum.ports + held.ports,
            permits: sum.permits + held.permits,
            questions: sum.questions + held.questions,
            farewells: sum.farewells + held.farewells,
        })
    }
}

/// A trunk as this shard sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrunkView {
    pub name: Arc<str>,
    /// Calls of this shard that came from it or go through it.
    pub calls: usize,
    /// Whether an operator lets it take no new calls.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drained: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitView>,
    /// How it is registered with its provider, if it is to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registration: Option<RegistrationView>,
    pub targets: Vec<TargetView>,
    /// How it has served us since the start.
    pub performance: Performance,
}

/// How full a limit is; all shards count together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LimitView {
    pub used: u32,
    pub ceiling: u32,
}

/// How a trunk is registered with its provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegistrationView {
    /// Who we are there.
    pub identity: Arc<str>,
    /// `registering`, `registered`, `retrying`, `backing off` or `stopped`.
    pub state: &'static str,
    /// What went wrong, in the provider's words where it said any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Arc<str>>,
    /// Where it is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<SocketAddr>,
    /// Until the provider forgets us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound_seconds: Option<u64>,
    /// Until it is asked again after a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_seconds: Option<u64>,
    /// The way that the provider wants its requests to take.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<String>,
    /// Who else we are there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub associated: Vec<String>,
}

/// One address of a far end of a trunk.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetView {
    /// Its URI, as configuration writes it.
    pub name: Arc<str>,
    /// Transport, address and port; nothing while nobody knows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    pub state: TargetState,
    /// Why it is not simply up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// How an address stands; the worse, the later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetState {
    Up,
    /// Nobody asks it, so it counts as up.
    NotProbed,
    /// Nobody has asked it yet.
    Unknown,
    /// It was down, and takes a growing share of the calls.
    Returning,
    /// It was down, and begins to answer.
    Probing,
    /// It asked to be left alone.
    Resting,
    Down,
    /// Its name leads nowhere.
    Dns,
}

/// Some of the calls of a shard.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SomeCalls {
    pub calls: Vec<CallView>,
    /// How many more there are.
    pub left_out: usize,
}

/// Who is registered. Every shard knows all of it; the counters are the shard's own.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Phones {
    pub users: Vec<UserPhones>,
    pub counters: Counters,
    /// Who is watched on this shard, and by whom.
    pub watched: Vec<presence::Sight>,
    pub watching: presence::Counters,
    /// Whom messages wait for on this shard.
    pub waiting: Vec<messages::Waiting>,
    pub messages: messages::Counters,
}

/// One user's phones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserPhones {
    pub user: Arc<str>,
    pub phones: Vec<DeviceView>,
}
