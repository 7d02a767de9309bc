//! What may be known about a call before it is decided.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use model::Transport;

pub use crate::ids::{InterfaceId, ServerId, WallTime};

use crate::connected::Connected;
use crate::devices::Devices;
use crate::home::Location;
use crate::standing::Standings;
use crate::turns::Turns;

/// How a trunk stands beside its servers, as far as it changes where calls go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Registration {
    /// Registered with this server: calls ask it first.
    With(ServerId),
    /// Not registered, and why.
    Missing(Arc<str>),
    /// The provider refuses the account, and what it said.
    Stopped(Arc<str>),
    /// An operator lets it take no new calls.
    Drained,
}

/// Where a party of a call is, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Whereabouts {
    /// Behind a trunk.
    Trunk(Arc<str>),
    /// At an address of our own people.
    Address(IpAddr),
}

/// What is kept of a transfer that goes back to the trunk which asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// Whose call it is in which the transfer was asked for, from wherever the request came.
    pub trunk: Arc<str>,
    /// Who stays, and will speak with whoever is called.
    pub stays: Connected,
    /// The values of Referred-By, as they came.
    pub referred_by: Vec<String>,
}

/// The one device that an address of ours names (RFC 5627).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gruu {
    pub user: Arc<str>,
    /// As it is named among the devices of its user.
    pub device: Arc<str>,
    /// Whether the address tells nobody whose it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_temporary: bool,
}

/// All that a decision may depend on, beside the policy itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    pub source: SocketAddr,
    pub interface: InterfaceId,
    pub transport: Transport,
    pub request_uri: String,
    pub from_uri: String,
    pub from_display: Option<String>,
    pub to_uri: String,
    /// The URIs of P-Asserted-Identity, as they came.
    pub asserted: Vec<String>,
    /// The URIs of P-Preferred-Identity, as they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preferred: Vec<String>,
    /// The values of Remote-Party-ID, as they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remote_party: Vec<String>,
    /// The values of Diversion, the last diverter first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diversion: Vec<String>,
    /// The values of History-Info, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<String>,
    /// Other headers that a rule or trust between trunks may hand on, as they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty", serialize_with = "model::shown_headers")]
    pub handed_on: Vec<(String, String)>,
    /// The values of Resource-Priority, as they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_priority: Vec<String>,
    /// The values of Accept-Contact and Reject-Contact, as they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accept_contact: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reject_contact: Vec<String>,
    /// The value of Privacy, as it came.
    pub privacy: Option<String>,
    /// Where the far end says that whoever calls is; nobody reads that who has not asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Box<Location>>,
    /// The user whose digest was verified.
    pub authenticated: Option<String>,
    /// What the Request-URI names, where it is a GRUU that holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gruu: Option<Gruu>,
    /// The names in the certificate that the far end proved itself with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificate: Vec<String>,
    /// Trunks one of whose servers has the source's address now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolved: Vec<Arc<str>>,
    /// The trunk whose registered contact the request was sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<Arc<str>>,
    /// The house makes the call for whoever calls: their own phones ring first, and how they are answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rings_first: Option<Answering>,
    /// Who transfers a call to there, in the name of which it is planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transferred_by: Option<String>,
    /// Where the party is that is transferred: it will speak with whoever is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stays: Option<Whereabouts>,
    /// Its trunk has transfers sent back to it, as they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Box<Returned>>,
    pub at: WallTime,
    /// The servers that are not simply up, or whose addresses are old.
    #[serde(default, skip_serializing_if = "Standings::is_empty")]
    pub standings: Standings,
    /// Trunks that register, where their registration changes where calls go.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub registrations: BTreeMap<Arc<str>, Registration>,
    /// Devices of users that registered and can be reached.
    #[serde(default, skip_serializing_if = "Devices::is_empty")]
    pub devices: Devices,
    /// Whose turn it is in teams.
    #[serde(default, skip_serializing_if = "Turns::is_empty")]
    pub turns: Turns,
    pub max_forwards: u32,
    /// Users who called for help, and when that was, as far as it matters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub helped: Vec<(Arc<str>, WallTime)>,
    /// How many calls users have whose calls are counted, as far as they have any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<(Arc<str>, u32)>,
    /// How many calls the limits concerned carry: what is not named carries none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_use: Vec<(Arc<str>, u32)>,
}

/// How a phone is answered that the house rings for its own user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answering {
    /// Somebody picks it up.
    #[default]
    ByHand,
    /// It is told to answer by itself.
    ByItself,
}

impl Facts {
    /// A call of which nothing is known but who calls whom, from where and when.
    pub fn new(
        source: SocketAddr,
        interface: InterfaceId,
        from_uri: String,
        request_uri: String,
        at: WallTime,
    ) -> Facts {
        Facts {
            source,
            interface,
            transport: Transport::Udp,
            to_uri: request_uri.clone(),
            request_uri,
            from_uri,
            from_display: None,
            asserted: Vec::new(),
            preferred: Vec::new(),
            remote_party: Vec::new(),
            diversion: Vec::new(),
            history: Vec::new(),
            handed_on: Vec::new(),
            resource_priority: Vec::new(),
            accept_contact: Vec::new(),
            reject_contact: Vec::new(),
            privacy: None,
            location: None,
            authenticated: None,
            gruu: None,
            certificate: Vec::new(),
            resolved: Vec::new(),
            line: None,
            rings_first: None,
            transferred_by: None,
            stays: None,
            returned: None,
            at,
            standings: Standings::default(),
            registrations: BTreeMap::new(),
            devices: Devices::default(),
            turns: Turns::default(),
            max_forwards: 70,
            helped: Vec::new(),
            calls: Vec::new(),
            in_use: Vec::new(),
        }
    }
}
