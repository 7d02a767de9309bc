//! What a certificate says of itself.

use std::path::Path;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// The part of a certificate that an operator asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    pub from_ms: i64,
    pub until_ms: i64,
    /// Whether it was signed with its own key.
    pub is_own: bool,
}

/// The first certificate in a file; `None` where there is none that can be read.
pub fn look(path: &Path) -> Option<Shown> {
    shown(&CertificateDer::pem_file_iter(path).ok()?.next()?.ok()?)
}

/// The first certificate of a text with a chain and its key, if they belong together.
pub(crate) fn whole(text: &str) -> Result<Shown, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let chain = chain.map_err(|fault| format!("a certificate that cannot be read: {fault}"))?;
    let own = chain.first().ok_or("there is no certificate in it")?;
    let shown = shown(own).ok_or("a certificate that cannot be read")?;
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes());
    let key = key.map_err(|fault| format!("a key that cannot be read: {fault}"))?;
    CertifiedKey::from_der(chain, key, &trust::provider()).map_err(|fault| fault.to_string())?;
    Ok(shown)
}

fn shown(own: &[u8]) -> Option<Shown> {
    let read = Certificate::from_der(own).ok()?;
    let about = read.tbs_certificate();
    let ms = |since: Duration| i64::try_from(since.as_millis()).ok();
    let validity = about.validity();
    Some(Shown {
        from_ms: ms(validity.not_before.to_unix_duration())?,
        until_ms: ms(validity.not_after.to_unix_duration())?,
        is_own: about.issuer() == about.subject(),
    })
}
