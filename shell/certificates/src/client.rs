//! HTTP to an authority: one question a connection, within TLS, bounded in time and length.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use tokio::time::timeout;
use web_client::Seal;

/// How long an authority may take to answer a question.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// A chain of certificates is a few kilobytes.
const BODY_MAX: usize = 1_000_000;
/// Nobody is believed who says to come again in years.
const WAIT_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Asks an authority, and remembers how long it wishes not to be asked again.
#[derive(Clone)]
pub struct Client {
    seal: Seal,
    wait: Arc<Mutex<Option<Duration>>>,
}

impl Client {
    /// Believes who shows a certificate of these roots; of this machine's, where none are named.
    pub fn new(roots: Option<&Path>) -> Result<Client, String> {
        let tls = trust::client(roots).map_err(|fault| fault.to_string())?;
        Ok(Client { seal: Seal::Tls(tls), wait: Arc::default() })
    }

    /// What the last refusal said of when to come again.
    pub fn wait(&self) -> Option<Duration> {
        *self.wait.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(self, request: Request<BodyWrapper<Bytes>>) -> Result<BytesResponse, Error> {
        let place = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let named = |words: String| Error::Other(format!("{place}: {words}").into());
        let answer = timeout(ANSWER_MAX, exchange(&self.seal, request)).await;
        let answer = answer.map_err(|_| named("it takes too long".to_owned()))?;
        let answer = answer.map_err(|fault| named(fault.to_string()))?;
        let status = answer.status();
        if status.is_client_error() || status.is_server_error() {
            let wait = retry_after(answer.headers(), SystemTime::now());
            *self.wait.lock().unwrap_or_else(PoisonError::into_inner) = wait;
            // A balancer before the authority speaks no ACME (RFC 8555 6.7).
            let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            if !kind.is_some_and(|kind| kind.starts_with("application/problem+json")) {
                return Err(named(format!("it answers {status}")));
            }
        }
        let (parts, body) = answer.into_parts();
        Ok(BytesResponse { parts, body: Box::new(body) })
    }
}

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        Box::pin(self.clone().ask(request))
    }
}

/// Keys and challenges are signed, and who answers is proved by TLS alone (RFC 8555 6.1).
async fn exchange(seal: &Seal, mut request: Request<BodyWrapper<Bytes>>) -> io::Result<Response<Bytes>> {
    let agent = concat!("Tandem/", env!("CARGO_PKG_VERSION"), " instant-acme");
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(agent));
    web_client::exchange(seal, request, BODY_MAX).await
}

/// RFC 9110 10.2.3: a count of seconds, or a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).ok()?,
    };
    Some(wait.min(WAIT_MAX))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn d14_when_to_come_again_is_read_as_seconds_and_as_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            retry_after(&headers, now).map(|wait| wait.as_secs())
        };

        assert_eq!(of("120"), Some(120));
        assert_eq!(of("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(of("Sun, 06 Nov 1994 08:49:00 GMT"), None);
        assert_eq!(of("soon"), None);
        assert_eq!(of("999999999999"), Some(WAIT_MAX.as_secs()));
    }
}
