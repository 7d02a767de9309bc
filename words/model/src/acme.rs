//! Who gives certificates, and renews them (RFC 8555).

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::http::Listen;
use crate::problem::Code;
use crate::spot::Spot;
use crate::text::text_value;

/// `[system.acme]`: the authority that gives the certificates of `tls_names`, and renews them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acme {
    /// "letsencrypt", "letsencrypt-staging", or the address of another one's directory.
    pub authority: Spot<AcmeAuthority>,
    /// Somebody has read the terms of the authority, and agrees to them.
    pub terms: Terms,
    /// Where the authority may write to, such as "telephony@contoso.example".
    #[serde(default)]
    pub contact: Vec<Spot<String>>,
    /// A file of roots that the authority's own certificate is checked against; those of this machine where
    /// it is missing.
    pub tls_verify: Option<String>,
    /// Where the authority asks whether the names are ours, while it gives a certificate; port 80 of all
    /// addresses where it is missing. It comes to port 80 of the name, whatever stands here.
    pub listen: Option<Spot<Listen>>,
    /// Which kind of key each certificate is for.
    #[serde(default)]
    pub key: CertificateKey,
}

/// That the terms of an authority hold: no account is made without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Terms {
    Agreed,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CertificateKey {
    /// ECDSA on P-256.
    #[default]
    P256,
    /// ECDSA on P-384.
    P384,
    /// RSA of 2048 bits, for far ends that know nothing else.
    Rsa2048,
}

/// Where the directory of an authority is: a name that is known, or "https://ca.example.com/acme/directory".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcmeAuthority {
    LetsEncrypt,
    /// For tries: nobody believes what it gives, and its limits are wide.
    LetsEncryptStaging,
    Other(Box<str>),
}

text_value!(
    AcmeAuthority,
    "AcmeAuthority",
    "\"letsencrypt\", \"letsencrypt-staging\" or such as \"https://ca.example.com/acme/directory\"",
    "^(letsencrypt|letsencrypt-staging|https://[^ ]+)$"
);

impl AcmeAuthority {
    /// Where its directory is.
    pub fn url(&self) -> &str {
        match self {
            AcmeAuthority::LetsEncrypt => "https://acme-v02.api.letsencrypt.org/directory",
            AcmeAuthority::LetsEncryptStaging => "https://acme-staging-v02.api.letsencrypt.org/directory",
            AcmeAuthority::Other(url) => url,
        }
    }
}

impl fmt::Display for AcmeAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AcmeAuthority::LetsEncrypt => "letsencrypt",
            AcmeAuthority::LetsEncryptStaging => "letsencrypt-staging",
            AcmeAuthority::Other(url) => url,
        })
    }
}

impl FromStr for AcmeAuthority {
    type Err = Fault;

    fn from_str(text: &str) -> Result<AcmeAuthority, Fault> {
        match text {
            "letsencrypt" => return Ok(AcmeAuthority::LetsEncrypt),
            "letsencrypt-staging" => return Ok(AcmeAuthority::LetsEncryptStaging),
            _ => {}
        }
        let wrong = |why: &str| Fault::new(Code::URI, format!("\"{text}\" {why}"));
        let example = "such as \"letsencrypt\" or \"https://ca.example.com/acme/directory\"";
        let Some(rest) = text.strip_prefix("https://") else {
            // Keys and challenges are signed, and who answers is proved by TLS alone (RFC 8555 6.1).
            return Err(match text.strip_prefix("http://") {
                Some(rest) => {
                    wrong("would be asked in the clear").suggest(format!("write \"https://{rest}\""))
                }
                None => wrong("is no authority that is known").suggest(example),
            });
        };
        let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains(['#', '"']);
        if !is_plain || !is_host_and_port(authority) {
            return Err(wrong("is not the address of a directory").suggest(example));
        }
        Ok(AcmeAuthority::Other(text.into()))
    }
}

fn is_host_and_port(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[').and_then(|six| six.split_once(']')) {
        Some((six, after)) if six.parse::<std::net::Ipv6Addr>().is_ok() => (six, after),
        Some(_) => return false,
        None => text.find(':').map_or((text, ""), |colon| text.split_at(colon)),
    };
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || "-.:".contains(letter);
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    !host.is_empty()
        && host.chars().all(is_bare)
        && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_authority_is_known_by_its_name_or_by_where_its_directory_is() {
        for text in ["letsencrypt", "letsencrypt-staging", "https://127.0.0.1:14000/dir", "https://[::1]/d"] {
            assert_eq!(text.parse::<AcmeAuthority>().unwrap().to_string(), text);
        }
        let known: AcmeAuthority = "letsencrypt".parse().unwrap();
        assert_eq!(known.url(), "https://acme-v02.api.letsencrypt.org/directory");
        for text in [
            "lets",
            "http://ca/dir",
            "https://",
            "https://a b/",
            "https://u@a/",
            "https://a:0/",
            "https://[a]",
        ] {
            assert!(text.parse::<AcmeAuthority>().is_err(), "{text}");
        }
        let clear = "http://ca.example/dir".parse::<AcmeAuthority>().unwrap_err();
        assert_eq!(clear.suggestion.as_deref(), Some("write \"https://ca.example/dir\""));
    }
}
