//! Whom the house believes: authorities out of a file, or those that its system believes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

/// Where most systems keep the certificates that everybody trusts.
const SYSTEM: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Why nobody can be believed.
#[derive(Debug, Error)]
pub enum Untrusted {
    #[error("{}: {words}", path.display())]
    File { path: PathBuf, words: String },
    #[error("{}: has no certificate", .0.display())]
    NoCertificate(PathBuf),
    #[error("this system names no authorities to believe: give a file of them")]
    NoAuthorities,
    #[error("TLS: {0}")]
    Unusable(#[from] rustls::Error),
}

/// The file that says whom to believe: one's own, or else the system's, if it has one.
pub fn file(own: Option<&Path>) -> Option<PathBuf> {
    let system = || SYSTEM.iter().map(PathBuf::from).find(|path| path.exists());
    own.map(Path::to_owned).or_else(system)
}

/// The authorities of that file; none where there is no file.
pub fn authorities(own: Option<&Path>) -> Result<RootCertStore, Untrusted> {
    let mut authorities = RootCertStore::empty();
    let Some(path) = file(own) else { return Ok(authorities) };
    // A bundle may hold some that are of no use here.
    let (added, _) = authorities.add_parsable_certificates(certificates(&path)?);
    if added == 0 {
        return Err(Untrusted::NoCertificate(path));
    }
    Ok(authorities)
}

/// All certificates of a file, in their order.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Untrusted> {
    let unreadable = |error: rustls::pki_types::pem::Error| Untrusted::File {
        path: path.to_owned(),
        words: error.to_string(),
    };
    let read = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
    let all = read.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    if all.is_empty() {
        return Err(Untrusted::NoCertificate(path.to_owned()));
    }
    Ok(all)
}

/// For who asks servers that these authorities stand for, and has nothing to prove.
pub fn client(own: Option<&Path>) -> Result<Arc<ClientConfig>, Untrusted> {
    let authorities = authorities(own)?;
    if authorities.is_empty() {
        return Err(Untrusted::NoAuthorities);
    }
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(authorities)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// The one cryptography of the house.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
