//! What really protects the calls of a trunk, server by server: what is configured, and what that comes to.

use std::sync::Arc;

use model::{Keys, KeysInClear, Srtp, Transport};
use serde::Serialize;

use crate::call_plan::SrtpRules;
use crate::policy::{Policy, Server};

/// What protects calls to and from one server of a trunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Protection {
    /// The server's URI.
    pub server: Arc<str>,
    pub transport: Transport,
    pub signalling: String,
    pub media: Seal,
}

/// What becomes of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seal {
    Clear,
    /// Keys would stand where others on the way read them, and may not.
    ClearForLackOfTls,
    SealedIfTheFarEndCan,
    Sealed,
    /// With keys that are on no signalling.
    SealedByHandshake,
    /// Whoever reads the signalling has the keys.
    SealedWithKeysInClear,
    /// It has to be sealed, and no key may be sent: only calls for help get through.
    NoCalls,
}

impl Seal {
    /// As people read it.
    pub fn says(self) -> &'static str {
        match self {
            Seal::Clear => "in the clear, as media.srtp says",
            Seal::ClearForLackOfTls => "in the clear: keys may not go where others read them",
            Seal::SealedIfTheFarEndCan => "sealed by SRTP if the far end can",
            Seal::Sealed => "sealed by SRTP, or no call",
            Seal::SealedByHandshake => "sealed by SRTP, with keys of a handshake (DTLS)",
            Seal::SealedWithKeysInClear => "sealed by SRTP, with keys that others on the way can read",
            Seal::NoCalls => "no calls: SRTP is required, and keys may not go where others read them",
        }
    }

    fn of(rules: SrtpRules, transport: Transport) -> Seal {
        let may_send_keys = transport == Transport::Tls || rules.keys_in_clear == KeysInClear::Allowed;
        match (rules.mode, may_send_keys, transport) {
            (Srtp::Off, _, _) => Seal::Clear,
            _ if rules.keys == Keys::Dtls => Seal::SealedByHandshake,
            (Srtp::Optional, false, _) => Seal::ClearForLackOfTls,
            (Srtp::Required, false, _) => Seal::NoCalls,
            (Srtp::Optional, true, Transport::Tls) => Seal::SealedIfTheFarEndCan,
            (Srtp::Required, true, Transport::Tls) => Seal::Sealed,
            (Srtp::Optional | Srtp::Required, true, _) => Seal::SealedWithKeysInClear,
        }
    }
}

/// What protects the calls of a trunk; nothing, if there is no such trunk.
pub fn protections(policy: &Policy, trunk: &str) -> Option<Vec<Protection>> {
    let trunk = policy.trunks.get(trunk)?;
    let of = |server: &Server| {
        let transport = server.uri.likely_transport();
        let media = Seal::of(trunk.leg.srtp, transport);
        Protection { server: server.target.clone(), transport, signalling: signalling(policy, server), media }
    };
    Some(trunk.servers.iter().map(of).collect())
}

fn signalling(policy: &Policy, server: &Server) -> String {
    let transport = server.uri.likely_transport();
    if transport != Transport::Tls {
        return format!("{transport}, in the clear");
    }
    let interface = server.interface.and_then(|id| policy.interfaces.get(usize::from(id.0)));
    match interface.and_then(|interface| interface.tls_verify.as_deref()) {
        Some(roots) => format!("TLS, its certificate checked against {roots}"),
        None => "TLS, its certificate checked against the roots of this machine".to_owned(),
    }
}
