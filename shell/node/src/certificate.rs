//! The certificate of media: made when the house starts, signed by itself, and known to far ends by the
//! fingerprint in descriptions alone (RFC 5763). Nobody has to look after it.

use std::sync::Arc;

use anyhow::{Context, Result};
use media::Certificate;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};

/// A new one, whose key is kept nowhere.
pub fn make() -> Result<Arc<Certificate>> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context("a key for handshakes of media")?;
    let mut shown = CertificateParams::new(Vec::new()).context("a certificate for media")?;
    // It says nothing of the house that its address does not say.
    shown.distinguished_name = DistinguishedName::new();
    shown.distinguished_name.push(DnType::CommonName, "tandem");
    let certificate = shown.self_signed(&key).context("a certificate for media")?;
    Ok(Arc::new(Certificate::new(certificate.der().to_vec(), key.serialize_der())))
}
