//! One end of a handshake of DTLS, which brings the keys of SRTP (RFC 5764): records in, records and keys
//! out.
//!
//! Its chance is drawn from a seed, save that of the keys themselves, which the machine draws from the
//! system: a handshake that is had again has the same records of the same lengths at the same times, up to a
//! byte or two in a signature, and other keys.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use dimpl::{Config, Dtls, DtlsCertificate, Output, SrtpProfile};
use rtp::srtp::{MasterKey, Opener, Refused, Sealer, Suite};
use sdp::Fingerprint;
use sha2::{Digest, Sha256};

const RECORD_MAX: usize = 4096;
/// A flight without an answer is sent again after this.
const AGAIN_AFTER: Duration = Duration::from_millis(300);
/// So many certificates are enough for everybody.
const IDENTITIES: usize = 24;

/// A certificate with its key.
pub struct Identity {
    pub certificate: Vec<u8>,
    /// PKCS #8.
    pub private_key: Vec<u8>,
    pub fingerprint: Fingerprint,
}

impl Identity {
    /// One of a few, always the same as long as the program runs.
    pub fn number(at: u64) -> &'static Identity {
        static ALL: OnceLock<Vec<Identity>> = OnceLock::new();
        let all = ALL.get_or_init(|| (0..IDENTITIES).map(|_| Identity::make()).collect());
        &all[(at % IDENTITIES as u64) as usize]
    }

    fn make() -> Identity {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("the curve is known");
        let params = rcgen::CertificateParams::new(Vec::new()).expect("no name is a wrong name");
        let certificate = params.self_signed(&key).expect("its own key signs it").der().to_vec();
        let fingerprint = digest(&certificate);
        Identity { certificate, private_key: key.serialize_der(), fingerprint }
    }
}

/// What an end is in a handshake, and which versions it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Client12,
    Client13,
    Server12,
    /// 1.2 and 1.3.
    ServerAny,
}

impl Part {
    pub fn is_client(self) -> bool {
        matches!(self, Part::Client12 | Part::Client13)
    }
}

/// One end.
pub struct Shaker {
    part: Part,
    machine: Dtls,
    /// The certificates that the other end may show; any, where none is named.
    theirs: Vec<Fingerprint>,
    is_deceived: bool,
    keys: Option<Keys>,
}

struct Keys {
    sealer: Sealer,
    opener: Opener,
    growth: usize,
}

impl Shaker {
    pub fn new(now: Instant, seed: u64, part: Part, ours: &Identity, theirs: Vec<Fingerprint>) -> Shaker {
        let config = Config::builder().flight_start_rto(AGAIN_AFTER).dangerously_set_rng_seed(seed);
        let config = Arc::new(config.build().expect("none of these is out of bounds"));
        let pair =
            DtlsCertificate { certificate: ours.certificate.clone(), private_key: ours.private_key.clone() };
        let mut machine = match part {
            Part::Client12 | Part::Server12 => Dtls::new_12(config, pair, now),
            Part::Client13 => Dtls::new_13(config, pair, now),
            Part::ServerAny => Dtls::new_auto(config, pair, now),
        };
        machine.set_active(part.is_client());
        Shaker { part, machine, theirs, is_deceived: false, keys: None }
    }

    /// Time passes: what it has to say.
    pub fn wake(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if self.machine.handle_timeout(now).is_err() {
            return Vec::new();
        }
        self.poll()
    }

    /// Takes a record, and says what follows.
    pub fn take(&mut self, now: Instant, record: &[u8]) -> Vec<Vec<u8>> {
        // Its clock comes first: it takes no record before it was told the time.
        if self.machine.handle_timeout(now).is_err() || self.machine.handle_packet(record).is_err() {
            return Vec::new();
        }
        self.poll()
    }

    fn poll(&mut self) -> Vec<Vec<u8>> {
        let (mut room, mut said) = (vec![0; RECORD_MAX], Vec::new());
        loop {
            match self.machine.poll_output(&mut room) {
                Output::Packet(bytes) => said.push(bytes.to_vec()),
                Output::PeerCert(certificate) => {
                    let is_known = self.theirs.is_empty() || self.theirs.contains(&digest(certificate));
                    self.is_deceived |= !is_known;
                }
                Output::KeyingMaterial(material, profile) if !self.is_deceived => {
                    self.keys = Keys::of(&material, profile, self.part);
                }
                Output::Timeout(_) | Output::BufferTooSmall { .. } => return said,
                _ => {}
            }
        }
    }

    pub fn has_keys(&self) -> bool {
        self.keys.is_some()
    }

    /// A packet as it goes out; none as long as there are no keys.
    pub fn seal(&mut self, clear: Vec<u8>) -> Option<Vec<u8>> {
        let keys = self.keys.as_mut()?;
        let length = clear.len();
        let mut buffer = clear;
        buffer.resize(length + keys.growth, 0);
        let sealed = keys.sealer.seal_rtp(&mut buffer, length).ok()?;
        buffer.truncate(sealed);
        Some(buffer)
    }

    /// A packet that came.
    pub fn open(&mut self, mut packet: Vec<u8>) -> Result<Vec<u8>, Refused> {
        let keys = self.keys.as_mut().ok_or(Refused::NotGenuine)?;
        let length = keys.opener.open_rtp(&mut packet)?;
        packet.truncate(length);
        Ok(packet)
    }
}

impl Keys {
    /// The client's key, the server's, the client's salt, the server's (RFC 5764, 4.2).
    fn of(material: &[u8], profile: SrtpProfile, part: Part) -> Option<Keys> {
        let suite = match profile {
            SrtpProfile::AES128_CM_SHA1_80 => Suite::AesCm128HmacSha1_80,
            SrtpProfile::AEAD_AES_128_GCM => Suite::AeadAes128Gcm,
            SrtpProfile::AEAD_AES_256_GCM => Suite::AeadAes256Gcm,
            _ => return None,
        };
        let (key, salt) = (suite.key_length(), suite.salt_length());
        let of = |at: usize| {
            let (key, salt) =
                (material.get(at * key..)?.get(..key)?, material.get(2 * key + at * salt..)?.get(..salt)?);
            MasterKey::new(suite, &[key, salt].concat())
        };
        let (client, server) = (of(0)?, of(1)?);
        let (ours, theirs) = if part.is_client() { (client, server) } else { (server, client) };
        Some(Keys { sealer: Sealer::new(&ours), opener: Opener::new(&theirs), growth: suite.rtp_growth() })
    }
}

fn digest(certificate: &[u8]) -> Fingerprint {
    Fingerprint(Sha256::digest(certificate).into())
}

impl std::fmt::Debug for Shaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shaker({:?}, keys: {})", self.part, self.has_keys())
    }
}
