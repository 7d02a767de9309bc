//! A far end with a handshake of its own, and the house that it speaks with.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dimpl::{Config, Dtls, DtlsCertificate, Output, SrtpProfile};
use media::{
    Act, Aim, Certificate, Checks, Door, Figures, Handshake, Order, Outbox, Packet, PortBook, PortIndex,
    Protection, Purpose, Reason, Relay, Reports, Role, Senders, Sending, SessionKey, Side, Signs, Turn,
    Verdict,
};
use rtp::srtp::{MasterKey, Opener, Sealer, Suite};
use rtp::{Fixed, Header};
use sha2::{Digest, Sha256};

const USERNAME: &str = "ours:theirs";
const PASSWORD: &str = "ours-is-twenty-two-or-more";
pub const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
pub const HOME: &str = "192.0.2.1:4000";
pub const OTHER: &str = "198.51.100.77:41000";
/// Another port of the caller's host.
pub const BESIDE: &str = "192.0.2.1:5000";
pub const NEAR: &str = "198.51.100.2:6000";
pub const STRANGER: &str = "203.0.113.66:666";
/// Longer than anybody waits with a flight that is to be sent again.
const QUIET_ROUNDS: usize = 40;
pub const TO_CALLER: PortIndex = PortIndex(0);
pub const TO_CALLEE: PortIndex = PortIndex(2);

/// The far end's part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Client12,
    Client13,
    Server12,
    ServerAny,
}

/// How one end of a call is keyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Clear,
    Described,
    Shaken,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Clear, Kind::Described, Kind::Shaken];
}

pub struct Far {
    part: Part,
    dtls: Dtls,
    pair: DtlsCertificate,
    place: &'static str,
    keys: Option<Keyed>,
}

/// Both directions under keys, or in clear.
pub enum End {
    Clear,
    Keyed(Box<Keyed>),
    Shaken(Box<Far>),
}

pub struct Keyed {
    sealer: Sealer,
    opener: Opener,
}

pub struct House {
    pub relay: Relay,
    pub now: Instant,
    pub senders: Senders,
    /// How often each datagram of a handshake arrives.
    pub repeats: usize,
    pub outgoing: Vec<(PortIndex, SocketAddr, Box<[u8]>)>,
    pub last: Option<Figures>,
    /// So many checks were sent, each of them another one.
    checks: u8,
    ours: Arc<Certificate>,
}

pub fn pair() -> DtlsCertificate {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
    DtlsCertificate { certificate: certificate.der().to_vec(), private_key: key.serialize_der() }
}

pub fn certificate() -> Arc<Certificate> {
    let DtlsCertificate { certificate, private_key } = pair();
    Arc::new(Certificate::new(certificate, private_key))
}

impl Far {
    pub fn new(part: Part, place: &'static str) -> Far {
        Far::with(part, place, pair())
    }

    /// The same far end with the same certificate, at another place.
    pub fn again(&self, place: &'static str) -> Far {
        Far::with(self.part, place, self.pair.clone())
    }

    fn with(part: Part, place: &'static str, pair: DtlsCertificate) -> Far {
        let (config, now) = (Arc::new(Config::default()), Instant::now());
        let mut dtls = match part {
            Part::Client12 | Part::Server12 => Dtls::new_12(config, pair.clone(), now),
            Part::Client13 => Dtls::new_13(config, pair.clone(), now),
            Part::ServerAny => Dtls::new_auto(config, pair.clone(), now),
        };
        dtls.set_active(part.is_client());
        Far { part, dtls, pair, place, keys: None }
    }

    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.pair.certificate).into()
    }

    /// What it says first to a record.
    pub fn answer(&mut self, now: Instant, record: &[u8]) -> Vec<u8> {
        self.dtls.handle_timeout(now).unwrap();
        self.dtls.handle_packet(record).unwrap();
        self.poll().swap_remove(0)
    }

    fn poll(&mut self) -> Vec<Vec<u8>> {
        let (mut room, mut sent) = (vec![0; 4096], Vec::new());
        loop {
            match self.dtls.poll_output(&mut room) {
                Output::Packet(bytes) => sent.push(bytes.to_vec()),
                Output::KeyingMaterial(material, profile) => {
                    self.keys = Some(Keyed::of(&material, profile, self.part));
                }
                Output::Timeout(_) => return sent,
                _ => {}
            }
        }
    }

    pub fn seal(&mut self, clear: &[u8]) -> Vec<u8> {
        self.keys.as_mut().expect("the handshake is done").seal(clear)
    }

    pub fn seal_if_keyed(&mut self, clear: &[u8]) -> Vec<u8> {
        self.keys.as_mut().map_or(clear.to_vec(), |keys| keys.seal(clear))
    }

    pub fn open(&mut self, sealed: &[u8]) -> Vec<u8> {
        self.keys.as_mut().expect("the handshake is done").open(sealed)
    }
}

impl Part {
    fn is_client(self) -> bool {
        matches!(self, Part::Client12 | Part::Client13)
    }
}

impl Keyed {
    /// RFC 5764, 4.2, as the far end reads it.
    fn of(material: &[u8], profile: SrtpProfile, part: Part) -> Keyed {
        let (suite, key, salt) = match profile {
            SrtpProfile::AES128_CM_SHA1_80 => (Suite::AesCm128HmacSha1_80, 16, 14),
            SrtpProfile::AEAD_AES_128_GCM => (Suite::AeadAes128Gcm, 16, 12),
            SrtpProfile::AEAD_AES_256_GCM => (Suite::AeadAes256Gcm, 32, 12),
            other => panic!("{other:?}"),
        };
        let of = |at: usize| {
            let salts = 2 * key;
            let key = &material[at * key..(at + 1) * key];
            let salt = &material[salts + at * salt..salts + (at + 1) * salt];
            MasterKey::new(suite, &[key, salt].concat()).unwrap()
        };
        let (ours, theirs) = if part.is_client() { (of(0), of(1)) } else { (of(1), of(0)) };
        Keyed { sealer: Sealer::new(&ours), opener: Opener::new(&theirs) }
    }

    fn seal(&mut self, clear: &[u8]) -> Vec<u8> {
        let mut buffer = [clear, &[0; 64]].concat();
        let length = self.sealer.seal_rtp(&mut buffer, clear.len()).unwrap();
        buffer.truncate(length);
        buffer
    }

    fn open(&mut self, sealed: &[u8]) -> Vec<u8> {
        let mut buffer = sealed.to_vec();
        let length = self.opener.open_rtp(&mut buffer).unwrap();
        buffer.truncate(length);
        buffer
    }
}

impl End {
    pub fn seal(&mut self, clear: &[u8]) -> Vec<u8> {
        match self {
            End::Clear => clear.to_vec(),
            End::Keyed(keys) => keys.seal(clear),
            End::Shaken(far) => far.seal(clear),
        }
    }

    pub fn open(&mut self, came: &[u8]) -> Vec<u8> {
        match self {
            End::Clear => came.to_vec(),
            End::Keyed(keys) => keys.open(came),
            End::Shaken(far) => far.open(came),
        }
    }
}

impl House {
    /// A clear far end at the callee's side.
    pub fn new() -> House {
        let now = Instant::now();
        let mut book = PortBook::new([192, 0, 2, 200].into(), 30_000..=30_099, Duration::ZERO);
        let ports = [(); 2].map(|()| book.lease(now, Purpose::Call).unwrap());
        let mut relay = Relay::new();
        relay.order(now, Order::Open { session: CALL, stream: 0, ports }, &mut Outbox::new());
        let mut house = House {
            relay,
            now,
            senders: Senders::Anywhere,
            repeats: 1,
            outgoing: Vec::new(),
            last: None,
            checks: 0,
            ours: certificate(),
        };
        house.end(Side::Callee, Kind::Clear, NEAR);
        house
    }

    /// Lets an end of a call be there, whose handshake is had at once if it has one.
    pub fn end(&mut self, side: Side, kind: Kind, place: &'static str) -> End {
        match kind {
            Kind::Clear => {
                self.aim(side, place, None, None);
                End::Clear
            }
            Kind::Described => {
                let suite = Suite::AesCm128HmacSha1_80;
                let key = |seed: u8| MasterKey::new(suite, &[seed; 30]).unwrap();
                let protection = Protection { theirs: key(side as u8), ours: key(side as u8 + 7) };
                let (sealer, opener) = (Sealer::new(&protection.theirs), Opener::new(&protection.ours));
                self.aim(side, place, Some(Arc::new(protection)), None);
                End::Keyed(Box::new(Keyed { sealer, opener }))
            }
            Kind::Shaken => {
                let part = if side == Side::Caller { Part::Client12 } else { Part::Server12 };
                let mut far = Far::new(part, place);
                self.aim_shaken(side, &far, place);
                self.shake(&mut far, |_| true);
                End::Shaken(Box::new(far))
            }
        }
    }

    /// What signalling says of a far end with a handshake.
    pub fn aim_shaken(&mut self, side: Side, far: &Far, rtp: &str) {
        let role = if far.part.is_client() { Role::Server } else { Role::Client };
        let ours = Arc::clone(&self.ours);
        let handshake = Handshake { role, theirs: vec![far.fingerprint()], ours };
        let door = Door { checks: None, handshake: Some(handshake) };
        self.aim(side, rtp, None, Some(Arc::new(door)));
    }

    /// The same of one who says nothing of where it is, and proves it by checks.
    pub fn aim_checked(&mut self, side: Side, far: &Far) {
        let role = if far.part.is_client() { Role::Server } else { Role::Client };
        let ours = Arc::clone(&self.ours);
        let handshake = Handshake { role, theirs: vec![far.fingerprint()], ours };
        let checks = Checks { username: USERNAME.into(), password: PASSWORD.into(), search: None };
        let door = Door { checks: Some(checks), handshake: Some(handshake) };
        self.aim(side, "nowhere", None, Some(Arc::new(door)));
    }

    /// A check of the caller's from there, which is answered.
    pub fn check(&mut self, from: &str) {
        let check =
            stun::Check { username: USERNAME, priority: 9, tie_breaker: 1, choice: stun::Choice::Nominated };
        self.checks += 1;
        let mut buffer = [0; 256];
        let length = check.write(stun::Transaction([self.checks; 12]), PASSWORD, &mut buffer).unwrap();
        self.receive(TO_CALLER, from, &buffer[..length]).unwrap();
    }

    fn aim(&mut self, side: Side, rtp: &str, protection: Option<Arc<Protection>>, door: Option<Arc<Door>>) {
        let aim = Aim {
            rtp: rtp.parse().ok(),
            reports: Reports::Muxed,
            sending: Sending::Allowed,
            senders: self.senders,
            turn: Turn::Same,
            clock: 8000,
            protection,
            door,
        };
        let mut out = Outbox::new();
        self.relay.order(self.now, Order::Aim { session: CALL, stream: 0, side, aim }, &mut out);
        self.keep(out);
    }

    /// Lets datagrams of a handshake go both ways until nobody has any more to say, and time pass where both
    /// wait. Those that `arrives` denies, by their number, are lost.
    pub fn shake(&mut self, far: &mut Far, arrives: impl Fn(usize) -> bool) {
        let (mut count, mut quiet) = (0, 0);
        // One of the two may be done while the other waits for a flight that was lost.
        while quiet < QUIET_ROUNDS {
            let before = count;
            count = self.round(far, before, &arrives);
            quiet = if count == before { quiet + 1 } else { 0 };
            if count == before {
                self.now += Duration::from_millis(500);
                self.wake();
            }
        }
    }

    /// Lets a handshake begin, and leaves it after so many flights to and fro.
    pub fn begin_to_shake(&mut self, far: &mut Far, rounds: usize) {
        for _ in 0..rounds {
            self.round(far, 0, &|_| true);
        }
    }

    /// What each has to say now: how many datagrams there have been.
    fn round(&mut self, far: &mut Far, before: usize, arrives: &impl Fn(usize) -> bool) -> usize {
        let port = if far.place == NEAR { TO_CALLEE } else { TO_CALLER };
        let mut count = before;
        let _ = far.dtls.handle_timeout(self.now);
        for datagram in far.poll() {
            count += 1;
            for _ in (0..self.repeats).filter(|_| arrives(count - 1)) {
                let _ = self.receive(port, far.place, &datagram);
            }
        }
        for (via, to, record) in std::mem::take(&mut self.outgoing) {
            if (via, to.to_string().as_str()) != (port, far.place) {
                continue;
            }
            count += 1;
            for _ in (0..self.repeats).filter(|_| arrives(count - 1)) {
                let _ = far.dtls.handle_packet(&record);
            }
        }
        count
    }

    /// The same with somebody on the way who sends changed copies of what goes to the house before it.
    pub fn shake_through(&mut self, far: &mut Far, lot: &mut Lot) {
        for _ in 0..12 {
            let _ = far.dtls.handle_timeout(self.now);
            for datagram in far.poll() {
                for _ in 0..4 {
                    let _ = self.receive(TO_CALLER, far.place, &lot.changed(&datagram));
                }
                let _ = self.receive(TO_CALLER, far.place, &datagram);
            }
            for (_, _, record) in std::mem::take(&mut self.outgoing) {
                let _ = far.dtls.handle_packet(&record);
            }
            self.now += Duration::from_millis(100);
            self.wake();
        }
        self.outgoing.clear();
    }

    pub fn wake(&mut self) {
        let mut out = Outbox::new();
        self.relay.wake(self.now, &mut out);
        self.keep(out);
    }

    fn keep(&mut self, out: Outbox) {
        let sent = out.into_iter().filter_map(|act| match act {
            Act::Send { port, to, record } => Some((port, to, record)),
            _ => None,
        });
        self.outgoing.extend(sent);
    }

    pub fn receive(&mut self, port: PortIndex, from: &str, bytes: &[u8]) -> Result<Vec<u8>, Reason> {
        self.receive_from(port, from, bytes).map(|(_, came)| came)
    }

    pub fn receive_from(
        &mut self,
        port: PortIndex,
        from: &str,
        bytes: &[u8],
    ) -> Result<(SocketAddr, Vec<u8>), Reason> {
        let mut buffer = bytes.to_vec();
        buffer.resize(bytes.len() + 64, 0);
        let mut packet = Packet::new(&mut buffer, bytes.len());
        let mut out = Outbox::new();
        let verdict = self.relay.receive(self.now, port, from.parse().unwrap(), &mut packet, &mut out);
        let came = packet.bytes().to_vec();
        self.keep(out);
        match verdict {
            Verdict::Forward { to, .. } => Ok((to, came)),
            Verdict::Drop(reason) => Err(reason),
            Verdict::TakeBack => unreachable!("nobody carries streams here"),
        }
    }

    /// What there is to tell why a side is not heard.
    pub fn signs(&mut self, side: Side) -> Signs {
        let mut out = Outbox::new();
        self.relay.order(self.now, Order::Ask { session: CALL }, &mut out);
        let signs = out.iter().find_map(|act| match act {
            Act::Tell(media::Event::LastHeard { signs, .. }) => Some(*signs),
            _ => None,
        });
        signs.expect("the stream is open")[side as usize]
    }

    pub fn figures(&mut self) -> Figures {
        let mut out = Outbox::new();
        self.relay.order(self.now, Order::Close { session: CALL }, &mut out);
        self.last = out.iter().find_map(|act| match act {
            Act::Tell(media::Event::Finished { figures, .. }) => Some(**figures),
            _ => None,
        });
        House::figures_of(&self.last)
    }

    pub fn figures_of(last: &Option<Figures>) -> Figures {
        last.expect("the stream was open")
    }
}

/// Chance that comes out the same each time.
pub struct Lot(pub u64);

impl Lot {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    /// Some bytes are others, or missing, or there twice.
    fn changed(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut changed = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(changed.len().max(1));
            match self.below(6) {
                0 => changed.truncate(at.max(1)),
                1 => changed.extend_from_slice(&bytes[at.min(bytes.len())..]),
                2 if at < changed.len() => drop(changed.remove(at)),
                3 => changed.insert(at, self.below(256) as u8),
                // The heads of records and messages are where lengths and kinds stand.
                4 => {
                    let at = self.below(26.min(changed.len()));
                    changed.get_mut(at).into_iter().for_each(|byte| *byte = self.below(256) as u8);
                }
                _ => {
                    if let Some(byte) = changed.get_mut(at) {
                        *byte ^= 1 << self.below(8);
                    }
                }
            }
        }
        changed
    }
}

pub fn packet(sequence: u16) -> Vec<u8> {
    speech(sequence, 0)
}

/// A packet that no other is like.
pub fn speech(sequence: u16, from: usize) -> Vec<u8> {
    let ssrc = 1 + from as u32;
    let timestamp = u32::from(sequence) * 160;
    let fixed = Fixed { marker: false, payload_type: 0, sequence, timestamp, ssrc };
    let payload: Vec<u8> =
        (0..160).map(|at: u16| (at ^ sequence.wrapping_mul(31)) as u8 ^ ssrc as u8).collect();
    let mut packet = Vec::new();
    Header { payload: &payload, ..Header::from(fixed) }.write(&mut packet);
    packet
}
