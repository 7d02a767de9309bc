//! Somebody on the path of media, and somebody beside it: what they send to the house, drawn by chance.
//!
//! Who is on the path sees every packet between far ends and the house; nothing is kept from arriving. What
//! he sends names himself, or is what he saw.

mod impostor;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actors::{Chance, Part, Tag};
use impostor::Impostor;
use rtp::{Fixed, Header};

/// The name in all that he makes up.
pub(crate) const NAME: &str = "attacker";

/// Packets that he has kept, of all calls.
const KEPT_MAX: usize = 20_000;
/// And checks.
const CHECKS_MAX: usize = 32;
/// Handshakes have few records: after each of them he does something so many times as often.
const RECORDS: u32 = 4;
/// Handshakes that he has at a time.
const IMPOSTORS_MAX: usize = 16;
/// Who was seen within this is taken for the sender of what he sent before: afterwards the port may be
/// another call's.
const FRESH: Duration = Duration::from_secs(2);
/// All ports of far ends have this bit, and who is beside them does not: nor is who is beside that one again
/// a far end.
const OF_FAR_ENDS: u16 = 0x4000;
/// The source of what he says in clear where a handshake goes on.
const CLEAR: u32 = 0x7777_7777;
/// Faster than any link.
const AT_ONCE: Duration = Duration::from_micros(100);

/// Whether a packet names him, and nobody has sealed it.
pub(crate) fn is_said_in_clear(packet: &[u8]) -> bool {
    let said = Header::parse(packet).ok().and_then(|header| Tag::parse(header.payload));
    said.is_some_and(|(tag, _)| tag.actor == NAME)
}

/// Whether a packet is what he says under keys that the house gave to another certificate than the signalled.
pub(crate) fn is_sealed_by_impostor(packet: &[u8]) -> bool {
    Fixed::of(packet).is_some_and(|fixed| fixed.ssrc == impostor::SSRC)
}

/// Under whose address somebody sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    Own,
    /// That of the far end whose packets he saw, its port too.
    Forged,
    /// That of its host, from another port.
    Neighbour,
}

/// Who sent a packet of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    FarEnd,
    Attacker(Face),
}

/// What the attackers of a street do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Zeal {
    /// After so many of a thousand packets.
    pub often: u32,
    pub forges: bool,
    pub is_neighbour: bool,
}

/// One packet of an attacker.
pub(crate) struct Shot {
    pub after: Duration,
    pub by: By,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// A packet that he saw.
#[derive(Clone)]
struct Seen {
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

pub(crate) struct Attackers {
    chance: Chance,
    zeal: Zeal,
    own: SocketAddr,
    kept: VecDeque<Seen>,
    checks: VecDeque<Seen>,
    /// When each was seen last, who sends from there to there.
    flows: HashMap<(SocketAddr, SocketAddr), Instant>,
    impostors: VecDeque<Impostor>,
    count: u32,
}

impl Attackers {
    pub(crate) fn new(chance: Chance, zeal: Zeal, own: SocketAddr) -> Attackers {
        let (kept, checks, impostors) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        Attackers { chance, zeal, own, kept, checks, flows: HashMap::new(), impostors, count: 0 }
    }

    /// They do nothing any more.
    pub(crate) fn go_home(&mut self) {
        self.zeal.often = 0;
    }

    /// A far end's packet passes on its way to the house; what follows.
    pub(crate) fn see(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> Vec<Shot> {
        if rtp::Kind::of(bytes) == rtp::Kind::Stun {
            return Vec::new();
        }
        let seen = Seen { from, to, bytes: bytes.to_vec() };
        self.flows.insert((from, to), now);
        self.kept.push_back(seen.clone());
        if self.kept.len() > KEPT_MAX {
            self.kept.pop_front();
        }
        let is_record = rtp::Kind::of(bytes) == rtp::Kind::Dtls;
        let often = if is_record { self.zeal.often * RECORDS } else { self.zeal.often };
        if !self.chance.happens(often) {
            return Vec::new();
        }
        if is_record && self.chance.happens(500) {
            return self.shaken(now, &seen);
        }
        let shots = match self.chance.below(8) {
            0 => self.again(&seen, AT_ONCE),
            1 => {
                let after = self.chance.span_below(Duration::from_millis(500));
                self.again(&seen, after)
            }
            2 => self.old(now, &seen),
            3 | 4 => self.injected(&seen),
            5 => self.sprayed(to),
            6 => self.greeting(now, &seen),
            _ => self.spoiled(&seen),
        };
        self.count += shots.len() as u32;
        shots
    }

    /// A far end's check has reached the house; it comes again from elsewhere. Who were quicker with it than
    /// its sender would be taken for him: nothing in a check says where it comes from.
    pub(crate) fn copy_check(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) -> Vec<Shot> {
        let seen = Seen { from, to, bytes: bytes.to_vec() };
        if self.checks.len() == CHECKS_MAX {
            self.checks.pop_front();
        }
        self.checks.push_back(seen);
        if !self.chance.happens(self.zeal.often * 3) {
            return Vec::new();
        }
        let old = self.checks[self.chance.below(self.checks.len() as u64) as usize].clone();
        self.count += 1;
        let after = self.chance.span_below(Duration::from_secs(1));
        let (by, from) = (By::Attacker(Face::Own), self.own);
        vec![Shot { after, by, from, to: old.to, bytes: old.bytes }]
    }

    /// A packet of the house passes on its way to a far end: it may come back, or be answered by another.
    pub(crate) fn reflect(
        &mut self,
        now: Instant,
        house: SocketAddr,
        far: SocketAddr,
        bytes: &[u8],
    ) -> Vec<Shot> {
        let mut shots = match rtp::Kind::of(bytes) {
            rtp::Kind::Dtls => self.overhear(now, house, far, bytes),
            _ => Vec::new(),
        };
        if self.chance.happens(self.zeal.often / 8) {
            let (by, from) = self.face(far);
            shots.push(Shot { after: AT_ONCE, by, from, to: house, bytes: bytes.to_vec() });
        }
        self.count += shots.len() as u32;
        shots
    }

    /// What the house says in a handshake; that of an impostor goes on, or one begins who is quicker to
    /// answer than the far end.
    fn overhear(&mut self, now: Instant, house: SocketAddr, far: SocketAddr, record: &[u8]) -> Vec<Shot> {
        let is_hello = matches!(record, [22, _, _, _, _, _, _, _, _, _, _, _, _, 1, ..]);
        let mut at = self.impostors.iter().position(|one| (one.to, one.from) == (house, far));
        if at.is_none() && is_hello && self.zeal.forges && self.chance.happens(self.zeal.often * RECORDS) {
            let as_far = (Face::Forged, far, house);
            let impostor = Impostor::new(now, self.chance.u64(), Part::Server12, as_far);
            self.impersonate(impostor);
            at = Some(self.impostors.len() - 1);
        }
        let Some(mut impostor) = at.and_then(|at| self.impostors.remove(at)) else { return Vec::new() };
        let shots = impostor.take(now, record, |fixed| self.speech(fixed, 60));
        self.impersonate(impostor);
        shots
    }

    fn impersonate(&mut self, impostor: Impostor) {
        if self.impostors.len() == IMPOSTORS_MAX {
            self.impostors.pop_front();
        }
        self.impostors.push_back(impostor);
    }

    /// He begins a handshake of his own where he saw somebody speak.
    fn greeting(&mut self, now: Instant, seen: &Seen) -> Vec<Shot> {
        let (By::Attacker(face), from) = self.face(seen.from) else { return Vec::new() };
        let mut impostor = Impostor::new(now, self.chance.u64(), Part::Client12, (face, from, seen.to));
        let shots = impostor.begin(now);
        self.impersonate(impostor);
        shots
    }

    /// Records in a handshake: those of another one, or of his own.
    fn shaken(&mut self, now: Instant, seen: &Seen) -> Vec<Shot> {
        if self.chance.happens(500) {
            let mut shots = self.greeting(now, seen);
            // He is heard as long as nobody asks for keys.
            if let Some(hello) = shots.first() {
                let sequence = self.count as u16;
                let fixed = Fixed { marker: true, payload_type: 0, sequence, timestamp: 160, ssrc: CLEAR };
                let (by, from, to) = (hello.by, hello.from, hello.to);
                shots.push(Shot { after: AT_ONCE, by, from, to, bytes: self.speech(fixed, 60) });
            }
            return shots;
        }
        let is_other = |one: &&Seen| rtp::Kind::of(&one.bytes) == rtp::Kind::Dtls && one.to != seen.to;
        let others: Vec<Vec<u8>> =
            self.kept.iter().rev().filter(is_other).take(12).map(|one| one.bytes.clone()).collect();
        if others.is_empty() {
            return Vec::new();
        }
        let bytes = self.chance.one_of(&others).clone();
        let (by, from) = self.face(seen.from);
        vec![Shot { after: AT_ONCE, by, from, to: seen.to, bytes }]
    }

    /// What was seen just now, once more.
    fn again(&mut self, seen: &Seen, after: Duration) -> Vec<Shot> {
        let (by, from) = self.face(seen.from);
        vec![Shot { after, by, from, to: seen.to, bytes: seen.bytes.clone() }]
    }

    /// What was seen some time ago, many in a row: all that passed then, perhaps of other calls, or what came
    /// from whom he sees now.
    fn old(&mut self, now: Instant, seen: &Seen) -> Vec<Shot> {
        let is_of_all = self.chance.happens(500);
        let is_his = |one: &&Seen| is_of_all || (one.from, one.to) == (seen.from, seen.to);
        let count = self.kept.iter().filter(is_his).count();
        let first = self.chance.below(count as u64) as usize;
        let some: Vec<Seen> = self.kept.iter().filter(is_his).skip(first).take(8).cloned().collect();
        let shots = some.into_iter().map(|seen| {
            let last = self.flows.get(&(seen.from, seen.to));
            let is_fresh = last.is_some_and(|last| now.duration_since(*last) < FRESH);
            let own = (By::Attacker(Face::Own), self.own);
            let (by, from) = if is_fresh { self.face(seen.from) } else { own };
            Shot { after: AT_ONCE, by, from, to: seen.to, bytes: seen.bytes }
        });
        shots.collect()
    }

    /// A packet of his own, numbered as if it were the next, or one of the next.
    fn injected(&mut self, seen: &Seen) -> Vec<Shot> {
        let Ok(header) = Header::parse(&seen.bytes) else { return Vec::new() };
        let ahead = 1 + self.chance.below(4) as u16;
        let fixed = Fixed {
            sequence: header.fixed.sequence.wrapping_add(ahead),
            timestamp: header.fixed.timestamp.wrapping_add(160 * u32::from(ahead)),
            ..header.fixed
        };
        let (by, from) = self.face(seen.from);
        vec![Shot { after: AT_ONCE, by, from, to: seen.to, bytes: self.speech(fixed, seen.bytes.len()) }]
    }

    /// Packets for many ports, under an address and a source of his own.
    fn sprayed(&mut self, about: SocketAddr) -> Vec<Shot> {
        let ssrc = self.chance.u64() as u32;
        let first = about.port() & !63;
        let shot = |at: u16| {
            let fixed = Fixed { marker: true, payload_type: 0, sequence: at, timestamp: 160, ssrc };
            let (by, to) = (By::Attacker(Face::Own), SocketAddr::new(about.ip(), first + at));
            Shot { after: AT_ONCE, by, from: self.own, to, bytes: self.speech(fixed, 60) }
        };
        (0..64).map(shot).collect()
    }

    /// What was seen, cut or with a bit turned over.
    fn spoiled(&mut self, seen: &Seen) -> Vec<Shot> {
        let mut bytes = seen.bytes.clone();
        let at = self.chance.below(bytes.len() as u64) as usize;
        if self.chance.happens(500) {
            bytes.truncate(at);
        } else if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << self.chance.below(8);
        }
        vec![Shot { after: AT_ONCE, by: By::Attacker(Face::Own), from: self.own, to: seen.to, bytes }]
    }

    /// A packet that names him, as long as the others.
    fn speech(&self, fixed: Fixed, length: usize) -> Vec<u8> {
        let tag = Tag { actor: NAME.to_owned(), call_id: NAME.to_owned() };
        let mut bytes = Vec::with_capacity(length);
        Header { payload: &tag.print(self.count), ..Header::from(fixed) }.write(&mut bytes);
        if bytes.len() < length && bytes.len() + 255 > length {
            let missing = (length - bytes.len()) as u8;
            bytes[0] |= 0x20;
            bytes.resize(length - 1, 0);
            bytes.push(missing);
        }
        bytes
    }

    fn face(&mut self, far: SocketAddr) -> (By, SocketAddr) {
        let beside = SocketAddr::new(far.ip(), far.port() & !OF_FAR_ENDS);
        let faces = [
            (true, Face::Own, self.own),
            (self.zeal.forges, Face::Forged, far),
            (self.zeal.is_neighbour, Face::Neighbour, beside),
        ];
        let faces: Vec<_> = faces.iter().filter(|(is_his, _, _)| *is_his).collect();
        let (_, face, from) = **self.chance.one_of(&faces);
        (By::Attacker(face), from)
    }
}
