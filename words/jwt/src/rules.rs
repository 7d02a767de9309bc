//! Whether a token was meant for us, and holds now (RFC 7519 4.1, OpenID Connect Core 3.1.3.7).

use crate::claims::Claims;
use crate::refusal::{Refusal, said};

/// No subject is longer (OpenID Connect Core 2).
const SUBJECT_MAX: usize = 255;

/// What a token has to say.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'r> {
    pub issuer: &'r str,
    pub audience: &'r str,
    /// To whom else than the audience it may have been given.
    pub parties: &'r [String],
    /// How far two clocks may be apart.
    pub leeway_s: i64,
}

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What names a person for ever, with the issuer.
    pub id: String,
    /// What the person is called, for people; it may change, and somebody else may bear it.
    pub name: Option<String>,
    /// When the token ends, in seconds since 1970.
    pub until_s: i64,
}

impl Rules<'_> {
    /// Whose token this is, if it holds at a moment.
    pub fn judge(&self, claims: &Claims, now_s: i64) -> Result<Subject, Refusal> {
        self.is_meant(claims)?;
        if claims.has("cnf") {
            return Err(Refusal::Bound);
        }
        if claims.has("events") {
            return Err(Refusal::Event);
        }
        let until_s = claims.until_s().ok_or(Refusal::NoExpiry)?;
        if now_s >= until_s.saturating_add(self.leeway_s) {
            return Err(Refusal::Expired { ago_s: now_s.saturating_sub(until_s) });
        }
        if claims.has("nbf") {
            let from_s = claims.seconds("nbf").ok_or(Refusal::Unreadable("nbf"))?;
            if now_s < from_s.saturating_sub(self.leeway_s) {
                return Err(Refusal::NotYet { in_s: from_s.saturating_sub(now_s) });
            }
        }
        let id = claims.text("sub").filter(|id| !id.is_empty() && id.len() <= SUBJECT_MAX);
        let id = id.ok_or(Refusal::Subject)?.to_owned();
        let names = ["preferred_username", "upn", "email", "name"].into_iter();
        let name = names.filter_map(|name| claims.text(name)).find(|name| !name.is_empty());
        Ok(Subject { id, name: name.map(str::to_owned), until_s })
    }

    fn is_meant(&self, claims: &Claims) -> Result<(), Refusal> {
        let issuer = claims.text("iss").unwrap_or_default();
        // Letter for letter: no other spelling of the address is the same issuer (RFC 7519 4.1.1).
        if issuer != self.issuer {
            return Err(Refusal::Issuer { says: quoted(issuer), wanted: self.issuer.to_owned() });
        }
        let audiences = claims.values("aud");
        if !audiences.contains(&self.audience) {
            let all: Vec<String> = audiences.into_iter().map(quoted).collect();
            let says = if all.is_empty() { quoted("") } else { said(&all.join(", ")) };
            return Err(Refusal::Audience { says, wanted: self.audience.to_owned() });
        }
        for name in ["azp", "client_id"] {
            let Some(party) = claims.text(name) else { continue };
            if party != self.audience && !self.parties.iter().any(|known| known == party) {
                return Err(Refusal::Party(said(party)));
            }
        }
        Ok(())
    }
}

fn quoted(text: &str) -> String {
    if text.is_empty() { "nobody".to_owned() } else { format!("{:?}", said(text)) }
}
