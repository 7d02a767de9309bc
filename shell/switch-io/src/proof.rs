//! Whom a far end proves to be by its certificate. Who takes our connection has to be whom we meant; who
//! connects to us is asked for a certificate, never made to have one.
//!
//! A phone with a certificate of its maker's, or a far end with none, is heard as ever. Only a certificate
//! that somebody we believe has signed gives its owner names.

use std::sync::Arc;

use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, VerifierBuilderError, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
    client::danger::HandshakeSignatureValid,
};

/// Whether whom we connect to may be named by a wildcard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wildcards {
    Refused,
    Accepted,
}

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

/// Believes whoever takes a connection of ours, if its certificate names the domain that was looked for, as
/// a DNS name or as the SIP URI of a domain (RFC 5922). What browsers make of a wildcard holds for no domain,
/// but where the operator says so.
#[derive(Debug)]
pub struct Meant {
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
    wildcards: Wildcards,
}

impl Meant {
    pub fn new(roots: Arc<RootCertStore>, provider: Arc<CryptoProvider>, wildcards: Wildcards) -> Meant {
        Meant { roots, provider, wildcards }
    }
}

impl ServerCertVerifier for Meant {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        meant: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let algorithms = self.provider.signature_verification_algorithms.all;
        let parsed = ParsedCertificate::try_from(own)?;
        verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, others, now, algorithms)?;
        match meant {
            ServerName::DnsName(name) => {
                let name = name.as_ref().trim_end_matches('.');
                let is_it = names_in(own).iter().any(|own| own.eq_ignore_ascii_case(name));
                match self.wildcards {
                    _ if is_it => Ok(()),
                    Wildcards::Accepted => verify_server_name(&parsed, meant),
                    Wildcards::Refused => Err(CertificateError::NotValidForName.into()),
                }
            }
            address => verify_server_name(&parsed, address),
        }
        .map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, own, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, own, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// DNS names and SIP URIs in a certificate. Wildcards name nobody (RFC 5922 7.2), nor does the URI of a
/// person.
pub fn names_in(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(parsed) = webpki::EndEntityCert::try_from(certificate) else { return Vec::new() };
    let of_uris = parsed.valid_uri_names().filter_map(|uri| {
        let (scheme, rest) = uri.split_once(':')?;
        scheme.eq_ignore_ascii_case("sip").then_some(rest)
    });
    let names = of_uris.chain(parsed.valid_dns_names()).filter(|name| !name.contains(['*', '@']));
    names.map(|name| name.trim_end_matches('.').to_ascii_lowercase()).collect()
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
