//! How what we send is marked, so that routers know what may not wait (RFC 2474, 4594).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `dscp`: the marks of what leaves an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Marks {
    pub signalling: Dscp,
    pub media: Dscp,
}

impl Default for Marks {
    fn default() -> Marks {
        Marks { signalling: Dscp::Cs3, media: Dscp::Ef }
    }
}

macro_rules! dscp {
    ($($(#[$words:meta])? $variant:ident $point:literal $name:literal,)+) => {
        /// A code point, by the name that routers have for it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub enum Dscp {
            $($(#[$words])? #[serde(rename = $name)] $variant,)+
        }

        impl Dscp {
            /// The six bits.
            pub fn point(self) -> u8 {
                match self {
                    $(Dscp::$variant => $point,)+
                }
            }
        }
    };
}

dscp! {
    /// As whatever has no mark.
    BestEffort 0 "best-effort",
    Cs1 8 "cs1",
    Af11 10 "af11",
    Af12 12 "af12",
    Af13 14 "af13",
    Cs2 16 "cs2",
    Af21 18 "af21",
    Af22 20 "af22",
    Af23 22 "af23",
    Cs3 24 "cs3",
    Af31 26 "af31",
    Af32 28 "af32",
    Af33 30 "af33",
    Cs4 32 "cs4",
    Af41 34 "af41",
    Af42 36 "af42",
    Af43 38 "af43",
    Cs5 40 "cs5",
    /// For calls that were admitted (RFC 5865).
    VoiceAdmit 44 "voice-admit",
    /// For what is heard (RFC 3246).
    Ef 46 "ef",
    Cs6 48 "cs6",
    Cs7 56 "cs7",
}
