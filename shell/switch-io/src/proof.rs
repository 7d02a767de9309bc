//! Whom a far end proves to be by its certificate: asked for, never demanded.
//!
//! A phone with a certificate of its maker's, or a far end with none, is heard as ever. Only a certificate
//! that somebody we believe has signed gives its owner names.

use std::sync::Arc;

use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
    client::danger::HandshakeSignatureValid,
};

/// Asks every far end for a certificate, and takes whatever comes: what it is worth is found out later.
#[derive(Debug)]
pub struct Asking {
    strict: Arc<dyn ClientCertVerifier>,
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl Asking {
    pub fn new(
        roots: Arc<RootCertStore>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Asking, VerifierBuilderError> {
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&provider));
        Ok(Asking { strict: builder.build()?, roots, provider })
    }

    /// The names that a chain of certificates proves, its own first.
    pub fn names(&self, chain: &[CertificateDer<'_>]) -> Vec<String> {
        let Some((own, others)) = chain.split_first() else { return Vec::new() };
        let now = UnixTime::now();
        let is_client = self.strict.verify_client_cert(own, others, now).is_ok();
        if is_client || self.is_server(own, others, now) { names_in(own) } else { Vec::new() }
    }

    /// Many a provider has only the certificate by which it is known as a server.
    fn is_server(&self, own: &CertificateDer<'_>, others: &[CertificateDer<'_>], now: UnixTime) -> bool {
        let algorithms = self.provider.signature_verification_algorithms.all;
        ParsedCertificate::try_from(own).is_ok_and(|own| {
            verify_server_cert_signed_by_trust_anchor(&own, &self.roots, others, now, algorithms).is_ok()
        })
    }
}

/// DNS names and SIP URIs in a certificate. Wildcards name nobody (RFC 5922 7.2).
pub fn names_in(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(parsed) = webpki::EndEntityCert::try_from(certificate) else { return Vec::new() };
    let of_uris = parsed.valid_uri_names().filter_map(|uri| uri.strip_prefix("sip:"));
    let names = of_uris.chain(parsed.valid_dns_names()).filter(|name| !name.contains(['*', '@']));
    names.map(str::to_ascii_lowercase).collect()
}

impl ClientCertVerifier for Asking {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.strict.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        _own: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls12_signature(message, own, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.strict.verify_tls13_signature(message, own, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.strict.supported_verify_schemes()
    }
}
