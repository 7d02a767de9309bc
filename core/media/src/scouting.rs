//! What is said to one server about one pair of ports: asked again while nobody answers, with a name and a
//! password where it wants them (RFC 8489, 6.2.1 and 9.2; RFC 8656, 7).
//!
//! Not here: sockets, and which pairs are asked about (scouts).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stun::{Ask, Class, Family, Message, Method, Pass, Transaction};

use crate::outpost::{Account, Detour, Found, Outer, Seen, Unseen};
use crate::verdict::Half;

/// Who does not answer is asked again after this time, then after twice as long, and so on (RFC 8489, 6.2.1;
/// how often is ours to choose). Nobody waits for it.
const AGAIN: Duration = Duration::from_millis(500);
const TIMES_MAX: u8 = 3;
/// A server may say so often that its word is stale.
const STALE_MAX: u8 = 3;
/// A place at a server is asked for again when less than this is left of it.
const LEFT_MIN: Duration = Duration::from_secs(300);
/// RFC 8656, 3.2: what a server gives by itself, and what is asked for.
const LIFETIME: u32 = 600;
/// Nothing of ours is longer: a server's words are left alone that would make it so, and a check's name has
/// two parts of 256 letters at most.
pub const LETTER_MAX: usize = 1200;

const HALVES: [Half; 2] = [Half::Rtp, Half::Rtcp];

/// A conversation with a server about both ports of a pair.
#[derive(Debug)]
pub struct Scouting {
    server: SocketAddr,
    secret: [u8; 16],
    account: Option<Account>,
    named: u64,
    trips: [Trip; 2],
}

/// How far it has come for one port.
#[derive(Debug)]
struct Trip {
    doing: Doing,
    pass: Option<Pass>,
    transaction: Transaction,
    times: u8,
    stale: u8,
    pause: Duration,
    due: Instant,
    before: Option<SocketAddr>,
    seen: Seen,
    why: Option<Unseen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Allocate,
    Binding,
    Refresh,
    Nothing,
}

impl Scouting {
    /// Asks for a place at the server, with an account there; else where it sees us, and that a place from
    /// before stays ours.
    pub fn new(
        now: Instant,
        server: SocketAddr,
        account: Option<Account>,
        (before, secret): (Option<&Outer>, [u8; 16]),
    ) -> Scouting {
        let before = before.filter(|before| before.server == server);
        // Names of this question are none of an earlier one.
        let named = u64::from_be_bytes(secret[..8].try_into().expect("eight bytes")) >> 1;
        let trip = |half: Half| {
            let seen = before.map(|before| before.halves[half as usize].clone()).unwrap_or_default();
            let is_new = account.is_some() && seen.detour.is_none();
            Trip {
                doing: if is_new { Doing::Allocate } else { Doing::Binding },
                pass: seen.detour.as_ref().map(|detour| detour.pass.clone()),
                transaction: Transaction([0; 12]),
                times: 0,
                stale: 0,
                pause: AGAIN,
                due: now,
                before: seen.place,
                seen: Seen { place: None, ..seen },
                why: None,
            }
        };
        Scouting { server, secret, trips: HALVES.map(trip), account, named }
    }

    /// When the next is to be said; there is nothing more to be said, where that is nothing.
    pub fn due(&self) -> Option<Instant> {
        let open = self.trips.iter().filter(|trip| trip.doing != Doing::Nothing);
        open.map(|trip| trip.due).min()
    }

    /// What is to be said by now, written into `out`: out of which port, and how long it is.
    pub fn next(&mut self, now: Instant, out: &mut [u8]) -> Option<(Half, usize)> {
        for half in HALVES {
            let trip = &mut self.trips[half as usize];
            if trip.doing == Doing::Nothing || trip.due > now {
                continue;
            }
            if trip.times == TIMES_MAX {
                trip.gives_up(Unseen::Silent);
                continue;
            }
            if trip.times == 0 {
                self.named += 1;
                trip.transaction = Transaction::drawn(&self.secret, b"scout", self.named);
                trip.pause = AGAIN;
            }
            trip.times += 1;
            trip.due = now + trip.pause;
            trip.pause *= 2;
            let (ask, pass) = match trip.doing {
                Doing::Allocate => (Ask::Allocate(Family::of(self.server.ip())), trip.pass.as_ref()),
                Doing::Refresh => (Ask::Refresh { seconds: LIFETIME }, trip.pass.as_ref()),
                Doing::Binding | Doing::Nothing => (Ask::Binding, None),
            };
            match ask.write(trip.transaction, pass, out) {
                Some(length) => return Some((half, length)),
                None => trip.gives_up(Unseen::Silent),
            }
        }
        None
    }

    /// Takes what came in at a port.
    pub fn take(&mut self, now: Instant, half: Half, from: SocketAddr, bytes: &[u8]) {
        let Ok(message) = Message::of_server(bytes) else { return };
        let (server, account) = (self.server, self.account.as_ref());
        let trip = &mut self.trips[half as usize];
        let method = match trip.doing {
            Doing::Allocate => Method::Allocate,
            Doing::Binding => Method::Binding,
            Doing::Refresh => Method::Refresh,
            Doing::Nothing => return,
        };
        let is_meant = trip.times > 0 && message.transaction == trip.transaction;
        if !is_meant || message.method != method || !is_same(from, server) {
            return;
        }
        match message.class {
            Class::Answer => trip.is_answered(now, server, &message),
            Class::Refusal => trip.is_refused(now, account, &message),
            Class::Request | Class::Indication => {}
        }
    }

    /// What it came to.
    pub fn end(self) -> Found {
        let Scouting { server, secret, trips, .. } = self;
        let why = trips.iter().find_map(|trip| trip.why);
        let outer = Outer { server, halves: trips.map(|trip| trip.seen), secret };
        let outer = outer.is_something().then(|| Arc::new(outer));
        Found { outer, why }
    }
}

impl Trip {
    fn begins(&mut self, now: Instant, doing: Doing) {
        (self.doing, self.times, self.due) = (doing, 0, now);
    }

    fn is_answered(&mut self, now: Instant, server: SocketAddr, message: &Message<'_>) {
        let is_proven = match &self.pass {
            Some(pass) if self.doing != Doing::Binding => message.is_proven_by(pass.key()),
            _ => true,
        };
        if !is_proven || message.unknown().next().is_some() {
            return;
        }
        let seen = message.seen().filter(|place| is_somewhere(*place, server));
        match self.doing {
            Doing::Allocate => {
                let relayed = message.relayed().filter(|place| is_somewhere(*place, server));
                let detour = relayed.zip(self.pass.clone()).zip(message.lifetime());
                self.seen.detour =
                    detour.map(|((place, pass), lives)| Detour { place, pass, until: now + lives });
                self.seen.place = seen;
                self.doing = Doing::Nothing;
            }
            Doing::Binding => {
                // Who looks like another from outside has no place there.
                let has_moved = self.before.is_some() && self.before != seen;
                self.seen.place = seen;
                if has_moved {
                    self.seen.detour = None;
                }
                let is_short = |detour: &Detour| detour.until < now + LEFT_MIN;
                match self.seen.detour.as_ref().is_some_and(is_short) {
                    true => self.begins(now, Doing::Refresh),
                    false => self.doing = Doing::Nothing,
                }
            }
            Doing::Refresh => {
                if let (Some(detour), Some(lives)) = (&mut self.seen.detour, message.lifetime()) {
                    detour.until = now + lives;
                }
                self.doing = Doing::Nothing;
            }
            Doing::Nothing => {}
        }
    }

    fn is_refused(&mut self, now: Instant, account: Option<&Account>, message: &Message<'_>) {
        let (Some(code), challenge) = (message.code(), message.challenge()) else { return };
        match (code, challenge, &self.pass, account) {
            (401, Some(challenge), None, Some(Account { username, password, .. })) => {
                self.pass = Some(Pass::new(username, password, challenge));
                self.begins(now, self.doing);
            }
            (438, Some((_, nonce)), Some(pass), _) if self.stale < STALE_MAX => {
                let pass = pass.renewed(nonce);
                self.seen.detour.iter_mut().for_each(|detour| detour.pass = pass.clone());
                self.pass = Some(pass);
                self.stale += 1;
                self.begins(now, self.doing);
            }
            // Anybody can say no who is not asked to prove it (RFC 8489, 9.2.5).
            (401 | 438, ..) => self.is_turned_away(now, code),
            (_, _, Some(pass), _) if !message.is_proven_by(pass.key()) => {}
            _ => self.is_turned_away(now, code),
        }
    }

    /// A server that gives no place says at least where it sees us.
    fn is_turned_away(&mut self, now: Instant, code: u16) {
        self.seen.detour = None;
        self.why = Some(Unseen::Refused(code));
        match self.doing {
            Doing::Allocate => self.begins(now, Doing::Binding),
            Doing::Binding | Doing::Refresh | Doing::Nothing => self.doing = Doing::Nothing,
        }
    }

    fn gives_up(&mut self, why: Unseen) {
        self.seen.detour = None;
        self.doing = Doing::Nothing;
        self.why = Some(self.why.unwrap_or(why));
    }
}

fn is_same(one: SocketAddr, other: SocketAddr) -> bool {
    (one.ip().to_canonical(), one.port()) == (other.ip().to_canonical(), other.port())
}

/// Whether somebody could be sent to there who is of the same family.
fn is_somewhere(place: SocketAddr, server: SocketAddr) -> bool {
    let (ip, server) = (place.ip().to_canonical(), server.ip().to_canonical());
    let is_anybody = ip.is_unspecified() || ip.is_multicast();
    ip.is_ipv4() == server.is_ipv4() && !is_anybody && place.port() != 0
}
