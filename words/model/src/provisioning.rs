//! Desk phones that fetch their settings from the house.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::problem::Code;
use crate::secret::SecretRef;
use crate::spot::Spot;
use crate::text::text_value;

/// `[system] provisioning = { … }`: what desk phones are given of how to reach the house.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provisioning {
    /// What the addresses and passwords of all phones are made of: 32 characters or more, known to nobody.
    pub secret: Spot<SecretRef>,
    /// The `[interface.*]` where they register.
    pub interface: Spot<String>,
    /// The name or address by which they know it; what `interface` says of itself where it is missing.
    pub server: Option<String>,
    /// How they register; the best sealed that the interface listens for where it is missing.
    pub transport: Option<Spot<PhoneTransport>>,
    /// Where they find this house by HTTP, such as "https://phones.example.com:7443": it is printed, and goes
    /// into the settings of those that keep it there.
    pub url: Option<Spot<String>>,
}

/// By what a desk phone registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PhoneTransport {
    Udp,
    Tcp,
    Tls,
}

/// One desk phone of a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    pub mac: Spot<Mac>,
    /// Who made it.
    pub make: Make,
    /// Another one makes another address and another password: for a phone that was lost, or an address that
    /// somebody has read.
    #[serde(default)]
    pub edition: u32,
}

/// Who makes desk phones that the house can set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Make {
    Grandstream,
    Poly,
    Snom,
    Yealink,
}

impl Make {
    /// The word that configuration uses.
    pub fn word(self) -> &'static str {
        match self {
            Make::Grandstream => "grandstream",
            Make::Poly => "poly",
            Make::Snom => "snom",
            Make::Yealink => "yealink",
        }
    }
}

/// The hardware address of a phone, however it is spelled; written as twelve digits in small letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

text_value!(
    Mac,
    "Mac",
    "the hardware address of a phone such as \"80:5e:c0:12:34:56\"",
    r"^[0-9a-fA-F]([:. -]?[0-9a-fA-F]){11}$"
);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Mac {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Mac, Fault> {
        let wrong = || {
            let words = format!("\"{text}\" is not the hardware address of a phone");
            let fault = Fault::new(Code::ADDRESS, words);
            fault.suggest("twelve digits of 0-9 and a-f, such as \"80:5e:c0:12:34:56\": its label says them")
        };
        let is_between = |letter: char| matches!(letter, ':' | '-' | '.' | ' ');
        let outer = text.starts_with(is_between) || text.ends_with(is_between);
        let twice = text.as_bytes().windows(2).any(|two| two.iter().all(|one| is_between(char::from(*one))));
        let digits: Vec<u8> = text
            .chars()
            .filter(|letter| !is_between(*letter))
            .map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect::<Option<_>>()
            .ok_or_else(wrong)?;
        if outer || twice {
            return Err(wrong());
        }
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|two| two[0] << 4 | two[1]).collect();
        let mac = <[u8; 6]>::try_from(bytes).ok().filter(|_| digits.len() == 12);
        // All zeros and all ones are nobody's.
        mac.filter(|mac| *mac != [0; 6] && *mac != [0xff; 6]).map(Mac).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_hardware_address_is_one_however_it_is_spelled() {
        let all = [
            "80:5e:c0:12:34:ab",
            "80-5E-C0-12-34-AB",
            "805e.c012.34ab",
            "805EC01234AB",
            "805ec0-1234ab",
            "80 5e c0 12 34 AB",
        ];
        for text in all {
            assert_eq!(text.parse::<Mac>().unwrap().to_string(), "805ec01234ab", "{text}");
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "80:5e:c0:12:34",
            "80:5e:c0:12:34:ab:cd",
            "80:5e:c0:12:34:ag",
            "80::5e:c0:12:34:ab",
            ":805ec01234ab",
            "805ec01234a",
            "805ec01234abc",
            "00:00:00:00:00:00",
            "ff:ff:ff:ff:ff:ff",
            "805ec01234ａb",
        ] {
            assert!(text.parse::<Mac>().is_err(), "{text}");
        }
    }
}
