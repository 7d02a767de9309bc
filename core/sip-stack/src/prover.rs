//! What one far end has challenged us with, kept so that the next request is proven at once.

use std::fmt;

use sip_message::{Header, Message};

use crate::auth::{self, Credentials};
use crate::chance::Chance;

/// The challenges of one far end that we know how to answer: its own, and those of proxies on the way.
#[derive(Clone, Default)]
pub struct Prover {
    known: Vec<Known>,
}

#[derive(Clone)]
struct Known {
    /// The header that answers it.
    header: &'static str,
    realm: String,
    challenge: Box<str>,
    /// How often its nonce was used.
    used: u32,
}

/// What a 401 or 407 asks of us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenged {
    /// To send the request again, with a proof.
    Again,
    /// Our proof was fresh, and was not believed.
    Rejected,
    /// Something that we cannot answer.
    Unanswerable,
}

impl Prover {
    /// Takes a 401 or 407 to a request that bore our headers.
    pub fn challenged(&mut self, response: &Message<'_>) -> Challenged {
        let Some((header, challenge)) = auth::pick(response) else { return Challenged::Unanswerable };
        let realm = auth::realm_of(challenge).unwrap_or_default();
        let known = self.known.iter_mut().find(|known| known.header == header && known.realm == realm);
        match known {
            // Not everybody says that a nonce is stale: one that was good before has worn out.
            Some(known) if known.used == 1 && !auth::is_stale(challenge) => {
                self.known.clear();
                return Challenged::Rejected;
            }
            Some(known) => (known.challenge, known.used) = (challenge.into(), 0),
            None => self.known.push(Known { header, realm, challenge: challenge.into(), used: 0 }),
        }
        Challenged::Again
    }

    /// Takes whatever a good answer says about the next nonce.
    pub fn accepted(&mut self, response: &Message<'_>) {
        let infos = [
            ("Authorization", response.line(Header::AuthenticationInfo)),
            ("Proxy-Authorization", response.named("Proxy-Authentication-Info")),
        ];
        for (header, info) in infos {
            let Some(nonce) = info.and_then(auth::next_nonce) else { continue };
            for known in self.known.iter_mut().filter(|known| known.header == header) {
                if let Some(challenge) = auth::renewed(&known.challenge, &nonce) {
                    (known.challenge, known.used) = (challenge.into(), 0);
                }
            }
        }
    }

    /// The headers that prove the next request. Each nonce is counted once more.
    pub fn headers(
        &mut self,
        credentials: Credentials<'_>,
        method: &str,
        uri: &str,
        body: &[u8],
        chance: &mut Chance,
    ) -> Vec<(&'static str, String)> {
        let answered = self.known.iter_mut().filter_map(|known| {
            known.used += 1;
            let value = auth::answer(&known.challenge, credentials, method, uri, body, chance, known.used)?;
            Some((known.header, value))
        });
        answered.collect()
    }
}

impl fmt::Debug for Prover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prover({} challenges)", self.known.len())
    }
}
