//! Who somebody is that comes with a token, and what is made of what it says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use jwt::{Claims, KeySet, Refusal, Rules, Subject, Token};
use model::Role;

use crate::keeper::{Keeper, Tell, Wish};
use crate::settings::Settings;
use crate::signature;

/// Tokens whose proof is remembered: who listens to events is asked again and again.
const PROVED_MAX: usize = 1024;
/// Letters of what somebody is called.
const NAME_MAX: usize = 64;

/// The identity provider that the house believes.
pub struct SignIn {
    settings: Settings,
    keeper: Arc<Keeper>,
    proved: Mutex<HashMap<[u8; 32], Proved>>,
}

/// What a token says whose signature was proved by one of these keys.
struct Proved {
    by: Arc<KeySet>,
    claims: Arc<Claims>,
}

/// Whoever has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// What the person is called, the subject and the issuer: the latter two name one person for ever.
    pub name: String,
    pub role: Role,
}

/// Why somebody is nobody here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The token is no good, and why.
    Refused(Refusal),
    /// It is somebody, who has no role.
    NoRole { name: String, words: String },
    /// The keys that would tell are being fetched.
    Waiting,
    /// There are none, and why.
    NoKeys(String),
}

impl From<Refusal> for Unknown {
    fn from(refusal: Refusal) -> Unknown {
        Unknown::Refused(refusal)
    }
}

impl SignIn {
    /// Believes a provider as long as this lives; `tell` hears of each fetch of its keys.
    pub fn start(settings: Settings, tell: Tell) -> std::io::Result<SignIn> {
        let keeper = Arc::new(Keeper::start(&settings, tell)?);
        Ok(SignIn { settings, keeper, proved: Mutex::default() })
    }

    /// The same provider with other rules: its keys go on being known. `None`: it is another one.
    pub fn with(&self, settings: &Settings) -> Option<SignIn> {
        let is_same = self.settings.issuer == settings.issuer && self.settings.roots == settings.roots;
        let (settings, keeper) = (settings.clone(), Arc::clone(&self.keeper));
        is_same.then(|| SignIn { settings, keeper, proved: Mutex::default() })
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whose token this is at a moment. It does not wait.
    pub fn judge(&self, text: &str, now_s: i64) -> Result<Visitor, Unknown> {
        let rules = self.rules();
        let id = id_of(text);
        if let Some(claims) = self.proved(&id) {
            let subject = rules.judge(&claims, now_s)?;
            return self.visitor(&claims, &subject);
        }
        let token = Token::read(text)?;
        // Before the keys: nobody is asked for one that would prove a token of no use.
        let subject = rules.judge(&token.claims, now_s)?;
        let keys = self.keeper.keys().ok_or_else(|| self.without_keys())?;
        let key = match keys.find(token.kid.as_deref(), token.algorithm) {
            Err(Refusal::UnknownKey(_)) if self.keeper.wish() == Wish::Coming => {
                return Err(Unknown::Waiting);
            }
            found => found?,
        };
        if !signature::holds(key, token.algorithm, token.signed.as_bytes(), &token.signature) {
            return Err(Refusal::Signature.into());
        }
        let claims = Arc::new(token.claims);
        self.remember(id, Proved { by: Arc::clone(&keys), claims: Arc::clone(&claims) });
        self.visitor(&claims, &subject)
    }

    fn rules(&self) -> Rules<'_> {
        let Settings { issuer, audience, parties, leeway, .. } = &self.settings;
        let leeway_s = i64::try_from(leeway.as_secs()).unwrap_or(i64::MAX);
        Rules { issuer, audience, parties, leeway_s }
    }

    fn without_keys(&self) -> Unknown {
        match self.keeper.wish() {
            Wish::Coming => Unknown::Waiting,
            Wish::TooSoon => Unknown::NoKeys(self.keeper.why().unwrap_or_default()),
        }
    }

    fn visitor(&self, claims: &Claims, subject: &Subject) -> Result<Visitor, Unknown> {
        let name = name_of(subject, &self.settings.issuer);
        let Settings { claim, roles, .. } = &self.settings;
        match roles.of(&claims.values(claim)) {
            Some(role) => Ok(Visitor { name, role }),
            None => {
                let words = format!("no value of {claim:?} in the token is among [system.oidc] roles");
                Err(Unknown::NoRole { name, words })
            }
        }
    }

    /// What it says, if it was proved by the keys that are believed now.
    fn proved(&self, id: &[u8; 32]) -> Option<Arc<Claims>> {
        let keys = self.keeper.keys()?;
        let proved = self.proved.lock().unwrap_or_else(PoisonError::into_inner);
        proved.get(id).filter(|one| Arc::ptr_eq(&one.by, &keys)).map(|one| Arc::clone(&one.claims))
    }

    fn remember(&self, id: [u8; 32], one: Proved) {
        let mut proved = self.proved.lock().unwrap_or_else(PoisonError::into_inner);
        if proved.len() >= PROVED_MAX {
            proved.clear();
        }
        proved.insert(id, one);
    }
}

fn id_of(text: &str) -> [u8; 32] {
    let sum = digest(&SHA256, text.as_bytes());
    sum.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Such as `hana (248289761001 at https://login.example.com)`: what somebody chose to be called cannot look
/// like the rest of it.
fn name_of(subject: &Subject, issuer: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || ".-_@+".contains(letter);
    let called: Option<String> = subject.name.as_ref().map(|name| {
        name.chars().take(NAME_MAX).map(|letter| if plain(letter) { letter } else { '_' }).collect()
    });
    let mut id = String::new();
    for byte in subject.id.bytes() {
        match byte {
            b'(' | b')' | b'"' | b'%' => id.push_str(&format!("%{byte:02X}")),
            _ if byte.is_ascii_graphic() => id.push(char::from(byte)),
            _ => id.push_str(&format!("%{byte:02X}")),
        }
    }
    match called {
        Some(called) => format!("{called} ({id} at {issuer})"),
        None => format!("({id} at {issuer})"),
    }
}
