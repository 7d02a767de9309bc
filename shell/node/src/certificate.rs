//! Certificates. That of media is made when the house starts, signed by itself, and known to far ends by the
//! fingerprint in descriptions alone (RFC 5763): nobody has to look after it. Those in files are renewed by
//! whoever wrote them, and taken up while they are in use.

use std::sync::Arc;

use anyhow::{Context, Result};
use media::Certificate;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use switch_io::{Renewed, Tls};
use tracing::{error, info};

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

/// Proves who we are with what the files hold now.
pub fn renew(tls: &Tls) {
    let certificate = tls.certificate().display();
    match tls.renew() {
        Ok(Renewed::Same) => {}
        Ok(Renewed::Anew) => info!(%certificate, "the certificate was renewed"),
        Err(fault) => error!("the certificate in use stays: {fault}"),
    }
}
