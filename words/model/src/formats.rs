//! The forms in which far ends want numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a far end wants numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum NumberFormat {
    /// +14255550100
    #[default]
    #[serde(rename = "+e164")]
    PlusE164,
    /// 14255550100
    #[serde(rename = "e164")]
    E164,
    /// 0014255550100
    #[serde(rename = "00")]
    DoubleZero,
    /// As dialled at home, in North America without the 1; with the international prefix elsewhere
    #[serde(rename = "national")]
    National,
    /// 4255550100 in North America, 011 and the number elsewhere
    #[serde(rename = "ten-digit")]
    TenDigit,
    /// Exactly as people of the country dial: 14255550100 and 01182255501234 in North America
    #[serde(rename = "dialled")]
    Dialled,
}

impl NumberFormat {
    /// Every form.
    pub const ALL: [NumberFormat; 6] = [
        NumberFormat::PlusE164,
        NumberFormat::E164,
        NumberFormat::DoubleZero,
        NumberFormat::National,
        NumberFormat::TenDigit,
        NumberFormat::Dialled,
    ];

    /// The word that configuration uses.
    pub fn word(self) -> &'static str {
        match self {
            NumberFormat::PlusE164 => "+e164",
            NumberFormat::E164 => "e164",
            NumberFormat::DoubleZero => "00",
            NumberFormat::National => "national",
            NumberFormat::TenDigit => "ten-digit",
            NumberFormat::Dialled => "dialled",
        }
    }
}

/// `formats`: the form of numbers in single places of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberFormats {
    pub request: Option<NumberFormat>,
    pub to: Option<NumberFormat>,
    pub from: Option<NumberFormat>,
    pub asserted: Option<NumberFormat>,
    pub diversion: Option<NumberFormat>,
}

/// Where in a request a number stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberPlace {
    /// The request URI.
    Request,
    To,
    From,
    /// P-Asserted-Identity and its kin.
    Asserted,
    /// Diversion and History-Info.
    Diversion,
}

impl NumberFormats {
    /// The form of one place, if it has one of its own.
    pub fn of(&self, place: NumberPlace) -> Option<NumberFormat> {
        match place {
            NumberPlace::Request => self.request,
            NumberPlace::To => self.to,
            NumberPlace::From => self.from,
            NumberPlace::Asserted => self.asserted,
            NumberPlace::Diversion => self.diversion,
        }
    }
}
