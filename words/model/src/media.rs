//! What may be said about media.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A codec by the name configuration uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    Opus,
    G722,
    Pcmu,
    Pcma,
    G729,
    L16,
}

impl Codec {
    /// Every codec.
    pub const ALL: [Codec; 6] = [Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma, Codec::G729, Codec::L16];

    /// The name as configuration writes it.
    pub fn word(self) -> &'static str {
        match self {
            Codec::Opus => "opus",
            Codec::G722 => "g722",
            Codec::Pcmu => "pcmu",
            Codec::Pcma => "pcma",
            Codec::G729 => "g729",
            Codec::L16 => "l16",
        }
    }

    /// What sound takes each way on a line, in thousands of bits a second: packets of 20 ms under RTP, UDP,
    /// IPv4 and Ethernet, sealed by SRTP, and 5 for RTCP; rounded up.
    pub fn kbps(self) -> u32 {
        let sound = match self {
            Codec::Pcmu | Codec::Pcma | Codec::G722 => 64,
            Codec::Opus => 32,
            Codec::G729 => 8,
            // At 16,000 samples a second.
            Codec::L16 => 256,
        };
        let around = RTP + UDP + IPV4 + ETHERNET + SRTP_TAG;
        sound + (around * 8 * PACKETS_A_SECOND).div_ceil(1_000) + RTCP_KBPS
    }
}

const PACKETS_A_SECOND: u32 = 50;
const RTP: u32 = 12;
const UDP: u32 = 8;
const IPV4: u32 = 20;
const ETHERNET: u32 = 18;
/// Of AES_CM_128_HMAC_SHA1_80 (RFC 4568).
const SRTP_TAG: u32 = 10;
const RTCP_KBPS: u32 = 5;

/// Whether media is sealed (SRTP).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Srtp {
    /// Never; who insists on it is refused.
    Off,
    /// Where the far end can, and the signalling is private.
    #[default]
    Optional,
    /// Else there is no call, except a call for help.
    Required,
}

/// How media is keyed where it is sealed, in what we offer. What far ends offer is answered as it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Keys {
    /// By a handshake with pages, which come by WebSocket; with all others in the description.
    #[default]
    Auto,
    /// In the description (RFC 4568).
    Sdes,
    /// By a handshake on the way of the media (DTLS-SRTP, RFC 5763): offered so, or not at all.
    Dtls,
}

/// Whether far ends may find our media, and we theirs, by checks (ICE, RFC 8445).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ice {
    /// Never: offers of it are answered as if it was not known.
    Off,
    /// Who offers it is answered, as by an agent that is not behind a NAT.
    #[default]
    Lite,
    /// It is offered to everybody, and far ends are looked for by checks of ours: for a house behind a NAT,
    /// and for far ends that only answer.
    Full,
}

/// Whether a trunk's far end is offered checks (ICE). Those that it offers itself are answered, as the
/// interface says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IceOffers {
    /// Where keys are offered by a handshake; else it is only answered.
    #[default]
    Answered,
    /// In every call to it.
    Offered,
}

impl IceOffers {
    /// Whether it says what holds anyway.
    pub fn is_usual(&self) -> bool {
        *self == IceOffers::Answered
    }
}

/// Whether streams that need no more than being sent on are carried by a program in this machine's kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KernelPath {
    /// Never: every packet passes the house itself.
    #[default]
    Off,
    /// Where the kernel lets the house do so; where not, the log says why, and calls go on without.
    Auto,
}

/// Whether keys may go over signalling that others on the way can read: UDP or TCP without TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeysInClear {
    #[default]
    Refused,
    Allowed,
}

/// Whose packets are taken for a far end's. Those of the address that it names always are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MediaSenders {
    /// Nobody else's.
    Signalled,
    /// Those of its network too, and of the host that signals: so phones behind a NAT are heard, and nobody
    /// who sends to our ports from elsewhere.
    #[default]
    Near,
    /// Those of the first that sends. Anybody who is quicker than the far end hears the call.
    Anywhere,
}

/// How a far end tells key presses, and is told of them. What the other leg's far end does is made into that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Dtmf {
    /// By events (RFC 4733) where it takes them, else by tones in the sound.
    #[default]
    Auto,
    /// By events, or not at all: nothing listens for tones.
    Events,
    /// By INFO with `application/dtmf-relay`; events are not offered.
    Info,
    /// By tones in the sound; events are not offered.
    Inband,
}

/// Whether sessions of messages (MSRP, RFC 4975: chats, files) are relayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Chats {
    /// Where both sides have it so, and stand at interfaces with `msrp`.
    Relayed,
    /// Never: they are refused, and the rest of the call goes on.
    #[default]
    Refused,
}

/// What becomes of a call in which a fax or a modem is heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fax {
    /// Who speaks another codec is asked for G.711 alone, and nothing is made of what is said.
    #[default]
    G711,
    /// Nothing: it goes on as it is.
    AsItIs,
}

/// Whether sound is made of one codec into another for those who have none in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transcode {
    /// Where nothing else lets them hear each other: opus, g722, g729, pcmu, pcma and l16 become each other.
    /// Every offer names more codecs then, and is longer.
    Needed,
    /// Never; who has no codec of the other's is refused.
    #[default]
    Off,
}

/// Whether media passes through us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MediaPath {
    /// Through our relay.
    #[default]
    Anchored,
    /// Between the far ends.
    Direct,
    /// Through our relay until the call is answered; then between the far ends, where both are at one site
    /// and nothing of the call needs the relay, and through it again as soon as something does.
    Auto,
}

/// Whether media of the people of a site may leave our relay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SitePath {
    #[default]
    Anchored,
    /// As `auto` of a trunk: where the other far end is at the same site and may, too.
    Auto,
}
