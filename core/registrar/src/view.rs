//! What is shown of a user's devices.

use std::net::SocketAddr;

use policy::WallTime;
use serde::Serialize;

/// One binding, as whoever looks sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct DeviceView {
    pub contact: String,
    pub transport: &'static str,
    /// Where its REGISTER came from.
    pub source: SocketAddr,
    pub registered_ms: WallTime,
    /// Until it is forgotten.
    pub seconds: u64,
    pub priority: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The address that reaches this device alone, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gruu: Option<String>,
    /// `flow`, `path` or `lost`.
    pub reached_by: &'static str,
    /// The push service by which it is woken when it sleeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub woken_by: Option<String>,
}
