//! Who says who somebody is: an identity provider (OpenID Connect).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;
use crate::fault::Fault;
use crate::problem::Code;
use crate::role::Role;
use crate::spot::Spot;
use crate::text::text_value;

/// `[system.oidc]`: the identity provider whose tokens open the house by HTTP, beside its own tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// As the provider writes it, letter for letter, such as "https://login.example.com/realms/corp".
    pub issuer: Spot<Issuer>,
    /// Whom tokens have to be for: the client id that the provider knows the house by, or its API.
    pub audience: Spot<String>,
    /// The public client by which people sign in at the command line; the audience where it is missing.
    pub client: Option<Spot<String>>,
    /// Further clients that tokens may have been given to, such as a program that changes documents.
    #[serde(default)]
    pub parties: Vec<Spot<String>>,
    /// Which claim says what somebody may, by its name or, with a slash before it, by a JSON pointer such as
    /// "/realm_access/roles"; "groups" where it is missing.
    pub claim: Option<Spot<String>>,
    /// Which values of that claim make somebody what. Who has none of them may nothing.
    pub roles: Spot<OidcRoles>,
    /// What is asked for beside "openid" when somebody signs in at the command line.
    #[serde(default = "scopes")]
    pub scopes: Vec<Spot<String>>,
    /// A file of the authorities that the provider's certificate is believed by; those of this machine where
    /// it is missing.
    pub tls_verify: Option<String>,
    /// How far its clock and ours may be apart; half a minute where it is missing.
    pub leeway: Option<Spot<Duration>>,
}

/// `roles = { admin = ["telephony-admins"], … }`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OidcRoles {
    #[serde(default)]
    pub reader: Vec<String>,
    #[serde(default)]
    pub operator: Vec<String>,
    #[serde(default)]
    pub admin: Vec<String>,
}

/// Who signs tokens: an address whose spelling is part of the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(Box<str>);

text_value!(
    Issuer,
    "Issuer",
    "an issuer such as \"https://login.example.com/realms/corp\"",
    "^https?://[^ ?#]+$"
);

impl Oidc {
    /// The client by which people sign in at the command line.
    pub fn client(&self) -> &str {
        self.client.as_ref().map_or(&self.audience.value, |client| &client.value)
    }

    /// The claim that says what somebody may.
    pub fn claim(&self) -> &str {
        self.claim.as_ref().map_or("groups", |claim| &claim.value)
    }

    pub fn leeway(&self) -> time::Duration {
        self.leeway.as_ref().map_or(time::Duration::from_secs(30), |leeway| leeway.0)
    }
}

impl OidcRoles {
    /// The highest role that these values give.
    pub fn of(&self, values: &[&str]) -> Option<Role> {
        let gives = |role: &Role| self.values(*role).iter().any(|value| values.contains(&value.as_str()));
        Role::ALL.into_iter().rev().find(gives)
    }

    pub fn values(&self, role: Role) -> &[String] {
        match role {
            Role::Reader => &self.reader,
            Role::Operator => &self.operator,
            Role::Admin => &self.admin,
        }
    }
}

fn scopes() -> Vec<Spot<String>> {
    let one = |name: &str| Spot { value: name.to_owned(), span: 0..0 };
    vec![one("profile"), one("offline_access")]
}

impl Issuer {
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Issuer {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Issuer, Fault> {
        let wrong = |why: &str| Fault::new(Code::URI, format!("\"{text}\" {why}"));
        let example = "such as \"https://login.example.com/realms/corp\"";
        let (is_sealed, rest) = match text.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err(wrong("does not begin with https://").suggest(example)),
        };
        if let Some((base, _)) = text.split_once("/.well-known/") {
            return Err(wrong("is where an issuer says what it is").suggest(format!("write \"{base}\"")));
        }
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        // Discovery 1.0, 3: neither a question nor a fragment.
        let is_plain =
            path.bytes().all(|byte| byte.is_ascii_graphic()) && !path.contains(['?', '#', '"', '@']);
        let host = host_of(authority).filter(|_| is_plain);
        let host = host.ok_or_else(|| wrong("is not an issuer").suggest(example))?;
        if !is_sealed && !is_here(host) {
            let fault = wrong("would be asked for its keys in the clear, and anybody could give others");
            return Err(fault.suggest(format!("write \"https://{rest}\"")));
        }
        Ok(Issuer(text.into()))
    }
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// The host of `host:port`, if both can be; IPv6 without brackets.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[').and_then(|six| six.split_once(']')) {
        Some((six, after)) => (six.parse::<std::net::Ipv6Addr>().is_ok().then_some(six)?, after),
        None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
    };
    let is_bare = |letter: char| letter.is_ascii_alphanumeric() || "-.:_".contains(letter);
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    let port_fits = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    (!host.is_empty() && host.chars().all(is_bare) && port_fits).then_some(host)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_issuer_is_kept_letter_for_letter() {
        for text in [
            "https://login.example.com",
            "https://login.example.com/",
            "https://Login.example.com:8443/realms/corp",
            "http://127.0.0.1:3000/oidc",
            "http://[::1]:3000",
            "http://localhost:3000",
        ] {
            assert_eq!(text.parse::<Issuer>().unwrap().text(), text);
        }
    }

    #[test]
    fn an_issuer_that_others_could_speak_for_is_refused() {
        for text in [
            "login.example.com",
            "http://login.example.com",
            "http://127.0.0.1.example.com",
            "https://",
            "https://user@login.example.com",
            "https://login.example.com:0",
            "https://login.example.com/?tenant=1",
            "https://login.example.com/#a",
            "https://login example.com/",
            "https://[login]/",
        ] {
            assert!(text.parse::<Issuer>().is_err(), "{text}");
        }
        let whole = "https://a.example/r/.well-known/openid-configuration".parse::<Issuer>().unwrap_err();
        assert_eq!(whole.suggestion.as_deref(), Some("write \"https://a.example/r\""));
        let clear = "http://a.example/r".parse::<Issuer>().unwrap_err();
        assert_eq!(clear.suggestion.as_deref(), Some("write \"https://a.example/r\""));
    }

    #[test]
    fn somebody_with_many_values_has_the_highest_role_that_they_give() {
        let roles = OidcRoles {
            reader: vec!["staff".to_owned()],
            operator: vec!["telephony".to_owned()],
            admin: vec!["telephony-admins".to_owned()],
        };

        assert_eq!(roles.of(&["staff", "telephony-admins", "others"]), Some(Role::Admin));
        assert_eq!(roles.of(&["telephony", "staff"]), Some(Role::Operator));
        assert_eq!(roles.of(&["staff"]), Some(Role::Reader));
        assert_eq!(roles.of(&["Staff", "telephony-admins "]), None);
        assert_eq!(roles.of(&[]), None);
    }
}
