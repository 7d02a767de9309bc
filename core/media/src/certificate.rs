//! What we show in handshakes: our certificate, with its key.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dimpl::{Config, ConfigBuilder, DtlsCertificate};
use sha2::{Digest, Sha256};

/// The first time that a flight without an answer is sent again; then twice as long each time.
const AGAIN_AFTER: Duration = Duration::from_millis(400);
/// Beyond this nobody waits for sound any more.
const HANDSHAKE_MAX: Duration = Duration::from_secs(30);
const FLIGHTS_MAX: usize = 6;
/// What fits through tunnels and PPPoE besides their own words.
const RECORD_MAX: usize = 1150;

/// A certificate of ours with its key, and what handshakes are shaped by. Made once, shared by all.
#[derive(Clone)]
pub struct Certificate {
    pair: DtlsCertificate,
    fingerprint: [u8; 32],
    checked: Arc<Config>,
    unchecked: Arc<Config>,
}

/// Whether the place of a peer is proven before its handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// By checks: nobody is sent a flight that he did not ask for.
    Checked,
    /// Not yet: it has to send back what it was sent first (RFC 6347, 4.2.1).
    Unchecked,
}

impl Certificate {
    /// From the DER of an X.509 certificate of ECDSA with P-256 or P-384, and of its key (PKCS #8).
    pub fn new(certificate: Vec<u8>, private_key: Vec<u8>) -> Certificate {
        Certificate::shaped(certificate, private_key, |config| config)
    }

    /// The same for a world that is lived through again: all chance in its handshakes but that of their keys
    /// is drawn from a seed, and so is no chance.
    pub fn foreseen(certificate: Vec<u8>, private_key: Vec<u8>, seed: u64) -> Certificate {
        Certificate::shaped(certificate, private_key, |config| config.dangerously_set_rng_seed(seed))
    }

    fn shaped(
        certificate: Vec<u8>,
        private_key: Vec<u8>,
        shape: impl Fn(ConfigBuilder) -> ConfigBuilder,
    ) -> Certificate {
        let fingerprint = digest(&certificate);
        let config = |place| {
            let shaped = Config::builder()
                .mtu(RECORD_MAX)
                .use_server_cookie(place == Place::Unchecked)
                .flight_start_rto(AGAIN_AFTER)
                .flight_retries(FLIGHTS_MAX)
                .handshake_timeout(HANDSHAKE_MAX);
            Arc::new(shape(shaped).build().expect("none of these is out of bounds"))
        };
        Certificate {
            pair: DtlsCertificate { certificate, private_key },
            fingerprint,
            checked: config(Place::Checked),
            unchecked: config(Place::Unchecked),
        }
    }

    /// What the other side is to know it by: its SHA-256.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    pub(crate) fn pair(&self) -> DtlsCertificate {
        self.pair.clone()
    }

    pub(crate) fn config(&self, place: Place) -> Arc<Config> {
        match place {
            Place::Checked => Arc::clone(&self.checked),
            Place::Unchecked => Arc::clone(&self.unchecked),
        }
    }
}

pub(crate) fn digest(certificate: &[u8]) -> [u8; 32] {
    Sha256::digest(certificate).into()
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Certificate) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for Certificate {}

/// A key is a secret, and does not print in a log.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({:02x?}…)", &self.fingerprint[..4])
    }
}
