//! Signing in at another device (RFC 8628), for people at a command line: the provider says where and with
//! which code, and is asked until somebody has done so. Then the token is renewed (RFC 6749 6) and given back
//! (RFC 7009).

use std::thread::sleep;
use std::time::{Duration, Instant};

use hyper::StatusCode;
use jwt::{Denied, DeviceGrant, Granted, Provider, Token};

use crate::asking::{Asker, Fault};

const BY_DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// RFC 8628 3.5: by so much it is asked less often when the provider says so.
const SLOWER: Duration = Duration::from_secs(5);
/// Nobody waits longer, whatever the provider says.
const WAIT_MAX: Duration = Duration::from_secs(30 * 60);
const INTERVAL_MAX: Duration = Duration::from_secs(60);

/// Who signs in with whom.
pub struct Desk {
    asker: Asker,
    provider: Provider,
    client: String,
}

impl Desk {
    /// Asks the provider what it is.
    pub fn of(asker: Asker, client: &str) -> Result<Desk, Fault> {
        let provider = asker.provider()?;
        Ok(Desk { asker, provider, client: client.to_owned() })
    }

    /// Where somebody signs in, and by which code.
    pub fn begin(&self, scopes: &[String]) -> Result<DeviceGrant, Fault> {
        let lacking = || Fault("the provider does not let anybody sign in at another device".to_owned());
        let to = self.provider.devices.as_deref().ok_or_else(lacking)?;
        let scope = scopes.join(" ");
        match self.asker.post(to, &[("client_id", &self.client), ("scope", &scope)])? {
            (StatusCode::OK, body) => DeviceGrant::read(&body).map_err(|fault| Fault(fault.to_string())),
            (status, body) => Err(Fault(words_of(status, &body))),
        }
    }

    /// Waits until somebody has signed in there, or has not.
    pub fn wait(&self, grant: &DeviceGrant) -> Result<Granted, Fault> {
        let until = Instant::now() + Duration::from_secs(grant.expires_s).min(WAIT_MAX);
        let mut interval = Duration::from_secs(grant.interval_s).clamp(Duration::from_secs(1), INTERVAL_MAX);
        let fields = [
            ("grant_type", BY_DEVICE),
            ("device_code", grant.device_code.as_str()),
            ("client_id", self.client.as_str()),
        ];
        while Instant::now() + interval < until {
            sleep(interval);
            match self.token(&fields) {
                Ok(Ok(granted)) => return Ok(granted),
                Ok(Err(Denied::Pending)) => {}
                Ok(Err(Denied::SlowDown)) => interval = (interval + SLOWER).min(INTERVAL_MAX),
                Ok(Err(Denied::Other { error, words })) => return Err(refused(error, words)),
                // RFC 8628 3.5: who does not answer is asked half as often.
                Err(_) => interval = (interval * 2).min(INTERVAL_MAX),
            }
        }
        Err(Fault("nobody has signed in there in time".to_owned()))
    }

    /// A token in the place of one that has ended.
    pub fn renew(&self, refresh_token: &str) -> Result<Granted, Fault> {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
            ("client_id", self.client.as_str()),
        ];
        match self.token(&fields)? {
            Ok(granted) => Ok(granted),
            Err(Denied::Other { error, words }) => Err(refused(error, words)),
            Err(denied) => Err(Fault(format!("the provider refuses: {denied:?}"))),
        }
    }

    /// From now on the token is good for nothing; so is what was made of it, where the provider does that.
    pub fn give_back(&self, refresh_token: &str) -> Result<(), Fault> {
        let lacking = || Fault("the provider takes no token back; it ends by itself".to_owned());
        let to = self.provider.revocations.as_deref().ok_or_else(lacking)?;
        let fields = [
            ("token", refresh_token),
            ("token_type_hint", "refresh_token"),
            ("client_id", self.client.as_str()),
        ];
        match self.asker.post(to, &fields)? {
            (StatusCode::OK, _) => Ok(()),
            (status, body) => Err(Fault(words_of(status, &body))),
        }
    }

    fn token(&self, fields: &[(&str, &str)]) -> Result<Result<Granted, Denied>, Fault> {
        let lacking = || Fault("the provider does not say where it gives tokens".to_owned());
        let to = self.provider.tokens.as_deref().ok_or_else(lacking)?;
        let malformed = |fault: jwt::Malformed| Fault(format!("{to}: {fault}"));
        match self.asker.post(to, fields)? {
            (StatusCode::OK, body) => Granted::read(&body).map(Ok).map_err(malformed),
            (status, _) if status.is_server_error() => Err(Fault(format!("{to} answers {status}"))),
            (_, body) => Denied::read(&body).map(Err).map_err(malformed),
        }
    }
}

/// The token of what was given that a house takes: the one for access, if it is signed and for that audience,
/// and otherwise the one that says who signed in. With it, when it ends.
pub fn fitting<'g>(granted: &'g Granted, audience: &str) -> Result<(&'g str, Token<'g>), Fault> {
    let both = [Some(&granted.access_token), granted.id_token.as_ref()].into_iter().flatten();
    let read = both.filter_map(|text| Some((text.as_str(), Token::read(text).ok()?)));
    let mut fit = read.filter(|(_, token)| token.claims.values("aud").contains(&audience));
    let none =
        || Fault(format!("of the tokens that the provider gives none is signed and for {audience:?} (aud)"));
    fit.next().ok_or_else(none)
}

fn refused(error: String, words: Option<String>) -> Fault {
    Fault(words.map_or_else(|| error.clone(), |words| format!("{error}: {words}")))
}

fn words_of(status: StatusCode, body: &[u8]) -> String {
    match Denied::read(body) {
        Ok(Denied::Other { error, words }) => refused(error, words).0,
        Ok(_) | Err(_) => format!("the provider answers {status}"),
    }
}
