//! One try: account, order, proof that the names are ours, certificate (RFC 8555 7.3, 7.4, 7.5, 8.3).
//!
//! What an order comes to is not lost by whatever befalls us: its address and its key are on the disk before
//! the authority is asked for more, and the next try goes on with it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, NewOrder, Order, OrderStatus, Problem,
    RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::client::Client;
use crate::door::Door;
use crate::files::{Begun, Folder, Kept, Key, Notes, new_key};

/// An authority comes from several places, and signs in several logs.
const RETRIES: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120));
/// A number that is used once may be too old (RFC 8555 6.5): the client asks thrice, and we this often.
const NONCES: u32 = 5;
/// After so many failures in a row an order that cannot be read is given up.
const RESUMED_MAX: u32 = 3;
/// What others say is not longer in a log.
const WORDS_MAX: usize = 500;

/// Whom to ask, and how.
#[derive(Clone, Debug)]
pub struct Asking {
    /// Where the authority's directory is.
    pub directory: String,
    /// Of the authority itself; those of this machine, where no file is named.
    pub roots: Option<PathBuf>,
    /// As `mailto:` addresses.
    pub contact: Vec<String>,
    /// Where it asks whether the names are ours.
    pub listen: Option<SocketAddr>,
    pub key: Key,
}

/// Why there is no certificate, as far as the authority says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotGiven {
    pub words: String,
    pub wait: Option<Duration>,
}

/// What goes on within a try.
enum Broken {
    Authority(Error),
    Here(String),
}

impl From<Error> for Broken {
    fn from(fault: Error) -> Broken {
        Broken::Authority(fault)
    }
}

impl From<String> for Broken {
    fn from(words: String) -> Broken {
        Broken::Here(words)
    }
}

/// Asks for a certificate, and returns it with its key, as text. What is noted is on the disk.
pub async fn ask(
    asking: &Asking,
    folder: &Folder,
    kept: &Kept,
    notes: &mut Notes,
) -> Result<String, NotGiven> {
    let client = Client::new(asking.roots.as_deref()).map_err(|words| NotGiven { words, wait: None })?;
    let mut nonces = NONCES;
    loop {
        let broken = match once(asking, folder, &client, kept, notes).await {
            Ok(text) => return Ok(text),
            Err(broken) => broken,
        };
        match &broken {
            Broken::Authority(Error::Api(problem)) if is(problem, "badNonce") && nonces > 1 => {
                nonces -= 1;
                continue;
            }
            Broken::Authority(Error::Api(problem)) if !is_passing(problem) => notes.order = None,
            Broken::Authority(_) | Broken::Here(_) => {}
        }
        return Err(NotGiven { words: in_words(&broken), wait: client.wait() });
    }
}

async fn once(
    asking: &Asking,
    folder: &Folder,
    client: &Client,
    kept: &Kept,
    notes: &mut Notes,
) -> Result<String, Broken> {
    let account = account(asking, folder, client).await?;
    let (mut order, key) = match resumed(&account, notes).await? {
        Some(resumed) => resumed,
        None => begun(&account, asking, kept, notes).await?,
    };
    if order.state().status == OrderStatus::Pending {
        proved(&mut order, asking.listen, notes).await?;
    }
    if order.state().status == OrderStatus::Ready {
        let pair = KeyPair::from_pem(&key).map_err(|fault| fault.to_string())?;
        let mut wanted = CertificateParams::new(kept.names.clone()).map_err(|fault| fault.to_string())?;
        wanted.distinguished_name = DistinguishedName::new();
        let request = wanted.serialize_request(&pair).map_err(|fault| fault.to_string())?;
        order.finalize_csr(request.der()).await?;
    }
    let chain = order.poll_certificate(&RETRIES).await?;
    Ok(format!("{}\n{}\n", key.trim_end(), chain.trim_end()))
}

/// Ours, made where there is none: who asks for one with a key that is known is told which it is (7.3.1).
async fn account(asking: &Asking, folder: &Folder, client: &Client) -> Result<Account, Broken> {
    let text = folder.account_key().map_err(|fault| fault.to_string())?;
    let unreadable = |fault: &dyn std::fmt::Display| format!("the key of the account: {fault}");
    let key = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).map_err(|fault| unreadable(&fault))?;
    let pair = instant_acme::Key::from_pkcs8_der(key.clone_key()).map_err(|fault| unreadable(&fault))?;
    let builder = Account::builder_with_http(Box::new(client.clone()));
    let (account, _) =
        builder.create_from_key((pair, PrivateKeyDer::Pkcs8(key)), asking.directory.clone()).await?;
    if !asking.contact.is_empty() {
        let contact: Vec<&str> = asking.contact.iter().map(String::as_str).collect();
        account.update_contacts(&contact).await?;
    }
    Ok(account)
}

/// The order that is not over, if there is one that can come to something.
async fn resumed(account: &Account, notes: &mut Notes) -> Result<Option<(Order, String)>, Broken> {
    let Some(Begun { url, key }) = notes.order.clone() else { return Ok(None) };
    match account.order(url).await {
        Ok(mut order) => {
            if order.state().status != OrderStatus::Invalid {
                return Ok(Some((order, key)));
            }
        }
        // It was forgotten.
        Err(Error::Api(problem)) if !is_passing(&problem) => {}
        // Nobody is there who knows of it.
        Err(_) if notes.failures >= RESUMED_MAX => {}
        Err(fault) => return Err(fault.into()),
    }
    notes.order = None;
    Ok(None)
}

async fn begun(
    account: &Account,
    asking: &Asking,
    kept: &Kept,
    notes: &mut Notes,
) -> Result<(Order, String), Broken> {
    let names: Vec<Identifier> = kept.names.iter().map(|name| Identifier::Dns(name.clone())).collect();
    let key = new_key(asking.key)?;
    let order = account.new_order(&NewOrder::new(&names)).await?;
    notes.order = Some(Begun { url: order.url().to_owned(), key: key.clone() });
    kept.write(notes).map_err(|fault| format!("the order cannot be kept: {fault}"))?;
    Ok((order, key))
}

/// Shows that the names are ours: the authority asks for each at port 80.
async fn proved(order: &mut Order, listen: Option<SocketAddr>, notes: &mut Notes) -> Result<(), Broken> {
    let mut door = None;
    let mut all = order.authorizations();
    while let Some(one) = all.next().await {
        let mut one = one?;
        let name = one.identifier().to_string();
        match one.status {
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Pending => {}
            _ => {
                notes.order = None;
                return Err(format!("{name}: the authority asks no more whether it is ours").into());
            }
        }
        let door = match &mut door {
            Some(door) => door,
            none => none.insert(Door::open(listen).await?),
        };
        let challenge = one.challenge(ChallengeType::Http01);
        let mut challenge =
            challenge.ok_or_else(|| format!("{name}: the authority does not ask by http-01"))?;
        door.answer(&challenge.token, challenge.key_authorization().as_str());
        challenge.set_ready().await?;
    }
    match order.poll_ready(&RETRIES).await? {
        OrderStatus::Invalid => {
            notes.order = None;
            Err(refused(order).await.into())
        }
        _ => Ok(()),
    }
}

/// Why the authority does not believe that the names are ours, in its own words.
async fn refused(order: &mut Order) -> String {
    let mut words = Vec::new();
    let mut all = order.authorizations();
    while let Some(Ok(mut one)) = all.next().await {
        // What could not be read anew is told as it was.
        let _ = one.refresh().await;
        let name = one.identifier().to_string();
        let faults = one.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        words.extend(faults.map(|fault| format!("{name}: {}", of_problem(fault))));
    }
    match words.is_empty() {
        true => "the authority refuses the order, and does not say why".to_owned(),
        false => words.join("; "),
    }
}

fn is(problem: &Problem, kind: &str) -> bool {
    problem.r#type.as_deref().and_then(|kind| kind.strip_prefix("urn:ietf:params:acme:error:")) == Some(kind)
}

/// Whether the same order may come to something later.
fn is_passing(problem: &Problem) -> bool {
    ["badNonce", "rateLimited", "serverInternal"].iter().any(|kind| is(problem, kind))
        || problem.status.is_some_and(|status| status >= 500)
}

fn in_words(broken: &Broken) -> String {
    match broken {
        Broken::Authority(Error::Api(problem)) => of_problem(problem),
        Broken::Authority(fault) => one_line(&fault.to_string()),
        Broken::Here(words) => one_line(words),
    }
}

fn of_problem(problem: &Problem) -> String {
    let text = problem.to_string();
    one_line(text.strip_prefix("API error").map_or(&*text, |rest| rest.trim_start_matches([':', ' '])))
}

/// Words of others on one line, without what moves a cursor.
fn one_line(text: &str) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().map(plain).take(WORDS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d14_what_an_authority_says_stays_on_one_line() {
        let problem = Problem {
            r#type: Some("urn:ietf:params:acme:error:rejectedIdentifier".to_owned()),
            detail: Some("not for\r\nyou\u{1b}[2J".to_owned()),
            status: Some(403),
            subproblems: Vec::new(),
        };

        let words = of_problem(&problem);

        assert_eq!(words, "not for  you [2J (urn:ietf:params:acme:error:rejectedIdentifier)");
        assert!(is(&problem, "rejectedIdentifier") && !is_passing(&problem));
        assert_eq!(one_line(&"a".repeat(9_000)).len(), WORDS_MAX);
    }
}
