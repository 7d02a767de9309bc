//! The handshake of one side: DTLS on the way of its media, which brings the keys of its SRTP (RFC 5764).
//!
//! The machine is another's (`dimpl`). What is decided here: with whom it is had, by which certificate the
//! peer is known, how often it begins anew, and what its keys are.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use dimpl::{Dtls, KeyingMaterial, Output, SrtpProfile};
use rtp::srtp::{MasterKey, Suite};

use crate::certificate::{Place, digest};
use crate::flight::{self, Said};
use crate::order::{Handshake, Protection, Role};

/// So often one side may begin anew until the next negotiation: each time costs a millisecond.
const TRIES_MAX: u32 = 8;
/// So long after one that came to nothing; longer each time.
const PAUSE: Duration = Duration::from_secs(1);
/// What the machine names as its next moment when it waits for nothing is years away.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);
const RECORDS_MAX: usize = 2048;
/// A longer certificate is nobody's.
const CERTIFICATE_MAX: usize = 16 * 1024;

/// What is kept of a side's handshake.
pub(crate) struct Shaking {
    terms: Handshake,
    /// Where the peer was said to be, unless checks say that.
    signalled: Option<SocketAddr>,
    place: Place,
    machine: Option<Box<Dtls>>,
    stage: Stage,
    /// With whom: who has sent the first record of it.
    pub peer: Option<SocketAddr>,
    /// When something is to be done unless a record comes first, as the relay knows it.
    pub due: Option<Instant>,
    tries: u32,
    /// Whether keys by these terms are in use already, of a handshake that was had elsewhere.
    has_former: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nobody has shown a certificate yet.
    Open,
    /// The peer has shown the one that was signalled.
    Known,
    /// Its keys are in use.
    Done,
}

/// What came of a step.
pub(crate) enum Step {
    Nothing,
    Keys(Box<Protection>),
    /// Somebody showed another certificate than the signalled.
    Impostor,
    /// It broke off, and may begin anew.
    Broken,
}

/// Records to be sent, each in a datagram of its own.
pub(crate) type Flight = Vec<Box<[u8]>>;

impl Shaking {
    pub fn new(terms: &Handshake, signalled: Option<SocketAddr>, place: Place) -> Shaking {
        Shaking {
            terms: terms.clone(),
            signalled,
            place,
            machine: None,
            stage: Stage::Open,
            peer: None,
            due: None,
            tries: 0,
            has_former: false,
        }
    }

    /// The same of a peer who has moved with its keys, and may have new ones.
    pub fn after_move(self) -> Shaking {
        Shaking { has_former: true, ..self }
    }

    /// Whether it goes on under these terms: same certificates, roles and place (RFC 8842, 3). Where checks
    /// say where the peer is, its place is nothing to the handshake.
    pub fn is_by(&self, terms: &Handshake, signalled: Option<SocketAddr>, place: Place) -> bool {
        let is_there = place == Place::Checked || self.signalled == signalled;
        self.terms == *terms && self.place == place && is_there
    }

    /// Whether there are keys by these terms, wherever the peer was.
    pub fn is_with(&self, terms: &Handshake) -> bool {
        self.terms == *terms && (self.is_done() || self.has_former)
    }

    pub fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// Whether we speak first: nobody answers who was not asked.
    pub fn is_ours_to_begin(&self) -> bool {
        self.terms.role == Role::Client
    }

    /// Whether we are to send the first record, and have not.
    pub fn may_begin(&self) -> bool {
        self.terms.role == Role::Client && self.machine.is_none() && self.tries == 0
    }

    /// Begins as the client.
    pub fn begin(&mut self, now: Instant, flight: &mut Flight) -> Step {
        self.step(now, None, flight)
    }

    /// Takes a record.
    pub fn take(&mut self, now: Instant, record: &[u8], flight: &mut Flight) -> Step {
        self.step(now, Some(record), flight)
    }

    /// Its moment has come: a flight is sent again, or it begins anew.
    pub fn wake(&mut self, now: Instant, flight: &mut Flight) -> Step {
        if self.machine.is_none() && self.terms.role == Role::Server {
            self.due = None;
            return Step::Nothing;
        }
        self.step(now, None, flight)
    }

    /// What was begun with somebody is left for somebody else who fits better.
    pub fn turn_to(&mut self, peer: SocketAddr) {
        if self.peer.is_some() {
            self.machine = None;
            self.stage = Stage::Open;
        }
        self.peer = Some(peer);
    }

    fn step(&mut self, now: Instant, record: Option<&[u8]>, flight: &mut Flight) -> Step {
        // What the machine is told too early it keeps, and takes for a message that is still to come.
        if record.is_some_and(|record| !self.may_be_said(record)) {
            return Step::Nothing;
        }
        if self.machine.is_none() && (self.tries >= TRIES_MAX || self.is_done()) {
            self.due = None;
            return Step::Nothing;
        }
        let begun = flight.len();
        // Whatever somebody sends, a fault in the machine ends this handshake and no call.
        let done = catch_unwind(AssertUnwindSafe(|| self.drive(now, record, flight)));
        match done {
            Ok(step @ (Step::Nothing | Step::Keys(_))) => step,
            Ok(step) => self.give_up(now, step),
            Err(_) => {
                flight.truncate(begun);
                self.give_up(now, Step::Broken)
            }
        }
    }

    /// Whether a datagram may be the peer's by what it says: what was said to the peer can be sent back by
    /// anybody, and nobody but a client begins.
    fn may_be_said(&self, datagram: &[u8]) -> bool {
        let said = match self.terms.role {
            Role::Client => Said::ByServer,
            Role::Server => Said::ByClient,
        };
        let may_be = flight::is_said(datagram, said);
        may_be && (said == Said::ByServer || self.machine.is_some() || flight::is_hello(datagram))
    }

    /// Keys that are in use stay: without its machine the peer is only not answered any more.
    fn give_up(&mut self, now: Instant, step: Step) -> Step {
        self.machine = None;
        if self.stage == Stage::Done {
            self.due = None;
            return Step::Nothing;
        }
        (self.stage, self.peer) = (Stage::Open, None);
        self.due = Some(now + PAUSE * self.tries);
        step
    }

    fn drive(&mut self, now: Instant, record: Option<&[u8]>, flight: &mut Flight) -> Step {
        let mut machine = match self.machine.take() {
            Some(machine) => machine,
            None => self.machine(now),
        };
        // Its clock comes first: it takes no record before it was told the time.
        if machine.handle_timeout(now).is_err() {
            return Step::Broken;
        }
        if record.is_some_and(|record| machine.handle_packet(record).is_err()) {
            return Step::Broken;
        }
        let step = self.pump(now, &mut machine, flight);
        self.machine = Some(machine);
        step
    }

    fn machine(&mut self, now: Instant) -> Box<Dtls> {
        self.tries += 1;
        let (config, pair) = (self.terms.ours.config(self.place), self.terms.ours.pair());
        Box::new(match self.terms.role {
            Role::Client => {
                let mut machine = Dtls::new_12(config, pair, now);
                machine.set_active(true);
                machine
            }
            Role::Server => Dtls::new_auto(config, pair, now),
        })
    }

    /// Takes what the machine has to say, until it waits.
    fn pump(&mut self, now: Instant, machine: &mut Dtls, flight: &mut Flight) -> Step {
        let mut room = vec![0; RECORDS_MAX];
        let mut came = Step::Nothing;
        loop {
            let length = room.len();
            match machine.poll_output(&mut room) {
                Output::Packet(bytes) => flight.push(bytes.into()),
                Output::BufferTooSmall { needed } if needed <= CERTIFICATE_MAX && needed > length => {
                    room.resize(needed, 0);
                }
                Output::BufferTooSmall { .. } => return Step::Broken,
                Output::Timeout(due) => {
                    self.due = Some(due).filter(|due| *due < now + NEVER);
                    return came;
                }
                Output::PeerCert(certificate) if self.terms.theirs.contains(&digest(certificate)) => {
                    self.stage = Stage::Known;
                }
                Output::PeerCert(_) => return Step::Impostor,
                Output::KeyingMaterial(material, profile) => {
                    let keys = protection(&material, profile, self.terms.role);
                    let Some(keys) = keys.filter(|_| self.stage == Stage::Known) else { return Step::Broken };
                    self.stage = Stage::Done;
                    came = Step::Keys(Box::new(keys));
                }
                // Nothing but keys is wanted of it; who closes it hangs up by SIP.
                _ => {}
            }
        }
    }
}

/// The client's key, the server's, the client's salt, the server's (RFC 5764, 4.2).
fn protection(material: &KeyingMaterial, profile: SrtpProfile, role: Role) -> Option<Protection> {
    let suite = match profile {
        SrtpProfile::AES128_CM_SHA1_80 => Suite::AesCm128HmacSha1_80,
        SrtpProfile::AEAD_AES_128_GCM => Suite::AeadAes128Gcm,
        SrtpProfile::AEAD_AES_256_GCM => Suite::AeadAes256Gcm,
        _ => return None,
    };
    let (keys, salts) = material.split_at_checked(2 * suite.key_length())?;
    let (key, other_key) = keys.split_at(suite.key_length());
    let (salt, other_salt) = salts.split_at_checked(suite.salt_length())?;
    let client = MasterKey::new(suite, &[key, salt].concat())?;
    let server = MasterKey::new(suite, &[other_key, other_salt].concat())?;
    Some(match role {
        Role::Client => Protection { ours: client, theirs: server },
        Role::Server => Protection { ours: server, theirs: client },
    })
}

impl std::fmt::Debug for Shaking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shaking({:?} {:?})", self.terms.role, self.stage)
    }
}
