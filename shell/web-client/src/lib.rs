//! One question by HTTP a connection, within TLS, and its answer, bounded in length.
//!
//! It follows no redirect, keeps no cookie and no connection: an authority or an identity provider is asked a
//! few times an hour, and nobody else decides where.
//!
//! Not here: how long an answer may take as a whole, and what it says.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Bytes};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderValue};
use hyper::rt::{Read, Write};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long one address may take to answer a connection.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Who can read along.
#[derive(Clone)]
pub enum Seal {
    Tls(Arc<ClientConfig>),
    /// Whoever is on this machine: nobody else is asked in the clear.
    Here,
}

/// Asks, and hands back what was answered; more than `body_max` bytes are no answer. Runs where tokio does.
pub async fn exchange<B>(seal: &Seal, mut request: Request<B>, body_max: usize) -> io::Result<Response<Bytes>>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let uri = request.uri().clone();
    let (Some(scheme), Some(host), Some(authority)) = (uri.scheme_str(), uri.host(), uri.authority()) else {
        return Err(io::Error::other(format!("{uri} is no address of a server")));
    };
    let host = host.trim_matches(['[', ']']);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse::<Uri>().map_err(io::Error::other)?;
    let named = HeaderValue::from_str(authority.as_str()).map_err(io::Error::other)?;
    request.headers_mut().insert(HOST, named);
    request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    match (scheme, seal) {
        ("https", Seal::Tls(tls)) => {
            let stream = connect(host, uri.port_u16().unwrap_or(443)).await?;
            let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
            let sealed = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await?;
            answer(TokioIo::new(sealed), request, body_max).await
        }
        ("http", Seal::Here) if is_here(host) => {
            let stream = connect(host, uri.port_u16().unwrap_or(80)).await?;
            answer(TokioIo::new(stream), request, body_max).await
        }
        (_, Seal::Tls(_)) => Err(io::Error::other(format!("{uri} is not https"))),
        (_, Seal::Here) => Err(io::Error::other(format!("{uri} is not http on this machine"))),
    }
}

async fn answer<S, B>(stream: S, request: Request<B>, body_max: usize) -> io::Result<Response<Bytes>>
where
    S: Read + Write + Unpin + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (mut sender, connection) = http1::handshake(stream).await.map_err(io::Error::other)?;
    // Whoever waits for the answer hears what became of the connection.
    let driven = tokio::spawn(connection);
    let answered = async {
        let answer = sender.send_request(request).await.map_err(io::Error::other)?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, body_max).collect().await.map_err(io::Error::other)?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    };
    let answered = answered.await;
    driven.abort();
    answered
}

/// To the first of its addresses that answers.
async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::other("the name has no address");
    for address in lookup_host((host, port)).await? {
        match timeout(CONNECT_MAX, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(fault)) => last = fault,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}
