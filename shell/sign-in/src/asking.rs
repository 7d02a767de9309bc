//! Questions to an identity provider: what it is, its keys, and tokens.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use jwt::{KeySet, Provider};
use tokio::runtime::Builder;
use tokio::time::timeout;
use web_client::{Seal, exchange};

/// How long one question may take, with everything that belongs to it.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// Keys of a provider are a few kilobytes.
const BODY_MAX: usize = 512 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

/// Why there is no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub String);

/// Asks one provider, and believes whom it was told to.
#[derive(Clone)]
pub struct Asker {
    issuer: String,
    seal: Seal,
}

impl Asker {
    /// The authorities are read anew each time: somebody may have mended their file.
    pub fn of(issuer: &str, roots: Option<&Path>) -> Result<Asker, Fault> {
        let seal = match issuer.starts_with("http://") {
            true => Seal::Here,
            false => Seal::Tls(trust::client(roots).map_err(|fault| Fault(fault.to_string()))?),
        };
        Ok(Asker { issuer: issuer.to_owned(), seal })
    }

    /// What the provider says of itself.
    pub fn provider(&self) -> Result<Provider, Fault> {
        let address = Provider::address_of(&self.issuer);
        let document = self.get(&address)?;
        Provider::read(&document, &self.issuer).map_err(|fault| Fault(format!("{address}: {fault}")))
    }

    /// The keys that it shows.
    pub fn keys(&self, provider: &Provider) -> Result<KeySet, Fault> {
        let document = self.get(&provider.keys)?;
        KeySet::read(&document).map_err(|fault| Fault(format!("{}: {fault}", provider.keys)))
    }

    /// Sends a form; the status says whether the answer is what was wished for.
    pub fn post(&self, to: &str, fields: &[(&str, &str)]) -> Result<(StatusCode, Bytes), Fault> {
        let form: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        self.ask(Method::POST, to, form.join("&"))
    }

    fn get(&self, from: &str) -> Result<Bytes, Fault> {
        match self.ask(Method::GET, from, String::new())? {
            (StatusCode::OK, document) => Ok(document),
            (status, _) if status.is_redirection() => {
                Err(Fault(format!("{from} leads elsewhere ({status}), which is not followed")))
            }
            (status, _) => Err(Fault(format!("{from} answers {status}"))),
        }
    }

    fn ask(&self, method: Method, to: &str, body: String) -> Result<(StatusCode, Bytes), Fault> {
        let fault = |words: String| Fault(format!("{to}: {words}"));
        let agent = concat!("Tandem/", env!("CARGO_PKG_VERSION"));
        let request = Request::builder().method(&method).uri(to).header(USER_AGENT, agent);
        let request = request.header(ACCEPT, "application/json");
        let request = if method == Method::POST { request.header(CONTENT_TYPE, FORM) } else { request };
        let request = request.body(Full::new(Bytes::from(body))).map_err(|why| fault(why.to_string()))?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|why| fault(why.to_string()))?;
        let asked =
            runtime.block_on(async { timeout(ANSWER_MAX, exchange(&self.seal, request, BODY_MAX)).await });
        // A name that is being looked up is nothing to wait for.
        runtime.shutdown_background();
        let answer = asked.map_err(|_| fault("it takes too long".to_owned()))?;
        let answer = answer.map_err(|why| fault(why.to_string()))?;
        Ok((answer.status(), answer.into_body()))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

/// As a form wants it (RFC 6749, appendix B).
fn escaped(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => all.push(char::from(byte)),
            b' ' => all.push('+'),
            _ => all.push_str(&format!("%{byte:02X}")),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_keeps_what_would_end_it() {
        assert_eq!(escaped(" %&+£€"), "+%25%26%2B%C2%A3%E2%82%AC");
        assert_eq!(escaped("urn:ietf:a-b_c.d"), "urn%3Aietf%3Aa-b_c.d");
    }
}
