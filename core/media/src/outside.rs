//! What a side's ports need so that they go on being seen where far ends were told: a word to the server now
//! and then, which a NAT between hears (RFC 8445, 5.1.1.4 and 11), and the care for our places there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use stun::Transaction;

use crate::detouring::{self, Detouring, Heard};
use crate::outpost::{Outer, Unseen};
use crate::packet::Packet;
use crate::search::Candidate;
use crate::verdict::Half;

/// RFC 8445, 11.
const KEPT_ALIVE: Duration = Duration::from_secs(15);

const HALVES: [Half; 2] = [Half::Rtp, Half::Rtcp];

#[derive(Debug)]
pub(crate) struct Outside {
    server: SocketAddr,
    secret: [u8; 16],
    named: u64,
    /// When each half is to be heard of again.
    due: [Instant; 2],
    detours: [Option<Detouring>; 2],
}

impl Outside {
    pub fn new(now: Instant, outer: &Arc<Outer>) -> Outside {
        let Outer { server, halves, secret } = &**outer;
        let detours = halves.each_ref().map(|half| half.detour.as_ref().map(Detouring::new));
        // Names of before were given by who asked first, from there upward.
        let named = 1 << 63;
        Outside { server: *server, secret: *secret, named, due: [now + KEPT_ALIVE; 2], detours }
    }

    pub fn server(&self) -> SocketAddr {
        self.server
    }

    pub fn due(&self) -> Option<Instant> {
        let detours = self.detours.iter().flatten().filter_map(Detouring::due);
        detours.chain(self.due).min()
    }

    /// The next that the server is to be told by now: out of which port, and how long it is.
    pub fn next(&mut self, now: Instant, out: &mut [u8]) -> Option<(Half, usize)> {
        for half in HALVES {
            let Outside { secret, named, .. } = self;
            let draw = || {
                *named += 1;
                Transaction::drawn(secret, b"outside", *named)
            };
            let detour = self.detours[half as usize].as_mut();
            if let Some(length) = detour.and_then(|detour| detour.next(now, draw, out)) {
                return Some((half, length));
            }
            if self.due[half as usize] <= now {
                self.due[half as usize] = now + KEPT_ALIVE;
                let transaction = self.name();
                return stun::keep_alive(transaction, out).map(|length| (half, length));
            }
        }
        None
    }

    /// The peer has named places: those that can be tried by a detour already.
    pub fn want(&mut self, now: Instant, named: &[Candidate]) -> Vec<Candidate> {
        let server = self.server.ip();
        let mut open = Vec::new();
        for half in HALVES {
            let Some(detour) = &mut self.detours[half as usize] else { continue };
            let is_reached =
                |one: &&Candidate| one.half == half && detouring::are_alike(one.place.ip(), server);
            open.extend(detour.want(now, named.iter().filter(is_reached).copied()));
        }
        open
    }

    /// Takes what came from the server.
    pub fn hear(&mut self, now: Instant, half: Half, bytes: &[u8]) -> Heard {
        self.detours[half as usize].as_mut().map_or(Heard::Nothing, |detour| detour.hear(now, bytes))
    }

    /// Puts what goes to somebody beyond into the channel that leads there: where it goes.
    pub fn put_into(&self, to: SocketAddr, packet: &mut Packet<'_>) -> Option<SocketAddr> {
        detouring::put_into(detouring::channel_to(to)?, packet)?;
        Some(self.server)
    }

    /// What somebody should be told of a server, if it is new.
    pub fn take_trouble(&mut self) -> Option<Unseen> {
        self.detours.iter_mut().flatten().find_map(Detouring::take_trouble)
    }

    /// Whom an address stands for.
    pub fn peer_at(&self, place: SocketAddr) -> Option<SocketAddr> {
        self.detours.iter().flatten().find_map(|detour| detour.peer_at(place))
    }

    /// What is said to the server at the end.
    pub fn gives_up(&mut self, half: Half, out: &mut [u8]) -> Option<usize> {
        let transaction = self.name();
        self.detours[half as usize].as_ref()?.gives_up(transaction, out)
    }

    fn name(&mut self) -> Transaction {
        self.named += 1;
        Transaction::drawn(&self.secret, b"outside", self.named)
    }
}
