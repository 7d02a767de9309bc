//! Certificates and the two TLS roles of a listener. What is in the files may be renewed while it is in use:
//! sessions go on with what they began with.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{InvalidDnsNameError, PrivateKeyDer, ServerName};
use rustls::server::VerifierBuilderError;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};
use thiserror::Error;
use trust::Untrusted;

use crate::proof::{Asking, Meant, Wildcards, names_in};

/// The files of one TLS listener.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Whom we believe; the system's roots if not given.
    pub roots: Option<PathBuf>,
    pub callers: Callers,
    pub wildcards: Wildcards,
}

/// Whether who connects is asked for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    AskedForProof,
    NotAsked,
}

/// How one listener proves who we are, and whom it believes. Whoever has a clone sees what is renewed.
#[derive(Clone)]
pub struct Tls {
    files: Arc<TlsFiles>,
    state: Arc<Mutex<State>>,
}

struct State {
    roles: Roles,
    /// Of the files that were looked at last, whatever came of it.
    marks: Marks,
}

#[derive(Clone)]
struct Roles {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    asking: Option<Arc<Asking>>,
}

/// When each file was written, and how long it is.
type Marks = [Option<(SystemTime, u64)>; 3];

/// What became of a look at the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// They are as they were.
    Same,
    /// New sessions prove who we are with what they hold now.
    Anew,
}

/// Why TLS cannot be used with these files.
#[derive(Debug, Error)]
pub enum TlsFault {
    #[error("{}: {words}", path.display())]
    Key { path: PathBuf, words: String },
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
    #[error("certificate and key: {0}")]
    Unusable(#[from] rustls::Error),
    #[error("certificates of callers: {0}")]
    NoVerifier(#[from] VerifierBuilderError),
}

impl Tls {
    pub fn load(files: TlsFiles) -> Result<Tls, TlsFault> {
        let marks = marks(&files);
        let state = State { roles: Roles::load(&files)?, marks };
        Ok(Tls { files: Arc::new(files), state: Arc::new(Mutex::new(state)) })
    }

    /// Takes what the files hold now, if they were written since. Where that cannot be used, what was in use
    /// stays; it is said once, until the files are written again.
    pub fn renew(&self) -> Result<Renewed, TlsFault> {
        let marks = marks(&self.files);
        if self.state().marks == marks {
            return Ok(Renewed::Same);
        }
        let roles = Roles::load(&self.files);
        let mut state = self.state();
        state.marks = marks;
        state.roles = roles?;
        Ok(Renewed::Anew)
    }

    /// What who comes now is shown of us, for those who speak with them elsewhere.
    pub fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.state().roles.server)
    }

    pub fn certificate(&self) -> &Path {
        &self.files.certificate
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn accept(&self) -> Result<Connection, rustls::Error> {
        ServerConnection::new(self.server()).map(Connection::Server)
    }

    /// The names that the far end of a session has proved to have. Who took our connection has proved one
    /// already, or there would be no session.
    pub(crate) fn names(&self, session: &Connection) -> Vec<String> {
        let asking = self.state().roles.asking.clone();
        let chain = session.peer_certificates().unwrap_or_default();
        match (session, asking, chain) {
            (Connection::Client(_), _, [own, ..]) => names_in(own),
            (Connection::Server(_), Some(asking), chain) => asking.names(chain),
            _ => Vec::new(),
        }
    }

    /// The far end must prove to be `name`, or to be at that address.
    pub(crate) fn connect(&self, name: Option<&str>, remote: IpAddr) -> Result<Connection, rustls::Error> {
        let name = server_name(name, remote).map_err(|error| rustls::Error::General(error.to_string()))?;
        let client = Arc::clone(&self.state().roles.client);
        ClientConnection::new(client, name).map(Connection::Client)
    }
}

impl Roles {
    fn load(files: &TlsFiles) -> Result<Roles, TlsFault> {
        let chain = trust::certificates(&files.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&files.key)
            .map_err(|error| TlsFault::Key { path: files.key.clone(), words: error.to_string() })?;
        let roots = Arc::new(trust::authorities(files.roots.as_deref())?);
        let provider = trust::provider();
        let asking = match files.callers {
            Callers::AskedForProof => Some(Arc::new(Asking::new(Arc::clone(&roots), Arc::clone(&provider))?)),
            Callers::NotAsked => None,
        };
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let server = match &asking {
            Some(asking) => server.with_client_cert_verifier(Arc::clone(asking) as _),
            None => server.with_no_client_auth(),
        };
        let server = server.with_single_cert(chain.clone(), key.clone_key())?;
        let client = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Meant::new(roots, provider, files.wildcards)))
            .with_client_auth_cert(chain, key)?;
        Ok(Roles { server: Arc::new(server), client: Arc::new(client), asking })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

fn marks(files: &TlsFiles) -> Marks {
    let roots = trust::file(files.roots.as_deref());
    [Some(&files.certificate), Some(&files.key), roots.as_ref()].map(|path| {
        let about = std::fs::metadata(path?).ok()?;
        Some((about.modified().ok()?, about.len()))
    })
}

fn server_name(name: Option<&str>, remote: IpAddr) -> Result<ServerName<'static>, InvalidDnsNameError> {
    match name {
        Some(name) => ServerName::try_from(name.to_owned()),
        None => Ok(ServerName::IpAddress(remote.into())),
    }
}
