//! The book of ports: pairs leased to streams, rested after use, some kept for emergencies.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// One part in twenty of a book is kept for emergency calls.
const RESERVE_PART: usize = 20;

/// An even port for RTP and the odd one after it for RTCP, on one of our addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortPair {
    pub address: IpAddr,
    pub port: u16,
}

/// What a lease is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Call,
    Emergency,
}

/// The port pairs of one shard on one address. Every operation takes constant time.
#[derive(Debug)]
pub struct PortBook {
    address: IpAddr,
    first: u16,
    quarantine: Duration,
    reserve: usize,
    /// Longest unused first, so that a port rests as long as it can.
    free: VecDeque<u16>,
    /// Given back, oldest first.
    resting: VecDeque<(Instant, u16)>,
    leased: Vec<bool>,
}

impl PortPair {
    pub fn rtp(self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }

    pub fn rtcp(self) -> SocketAddr {
        SocketAddr::new(self.address, self.port + 1)
    }
}

impl PortBook {
    /// All even ports of the range whose odd neighbour is in it too. Late packets of a call that is over
    /// must not meet the next one: a pair rests for `quarantine` after use.
    pub fn new(address: IpAddr, range: RangeInclusive<u16>, quarantine: Duration) -> Self {
        let evens = (*range.start()..*range.end()).filter(|port| port.is_multiple_of(2));
        let free: VecDeque<u16> = evens.collect();
        let pairs = free.len();
        let first = free.front().copied().unwrap_or(0);
        let reserve = pairs.div_ceil(RESERVE_PART);
        PortBook {
            address,
            first,
            quarantine,
            reserve,
            free,
            resting: VecDeque::new(),
            leased: vec![false; pairs],
        }
    }

    /// A pair that nobody uses. An emergency call may have the last one, and one that has not rested.
    pub fn lease(&mut self, now: Instant, purpose: Purpose) -> Option<PortPair> {
        self.wake_rested(now);
        let port = match purpose {
            Purpose::Call if self.free.len() <= self.reserve => None,
            Purpose::Call => self.free.pop_front(),
            Purpose::Emergency => self.free.pop_front().or_else(|| Some(self.resting.pop_front()?.1)),
        }?;
        *self.leased_mut(port) = true;
        Some(PortPair { address: self.address, port })
    }

    /// Ends a lease.
    pub fn give_back(&mut self, now: Instant, pair: PortPair) {
        self.end_lease(pair);
        self.resting.push_back((now, pair.port));
    }

    /// Ends a lease that nobody was told of: nothing is late there, and it is the next again.
    pub fn take_back(&mut self, pair: PortPair) {
        self.end_lease(pair);
        self.free.push_front(pair.port);
    }

    /// How many pairs are leased.
    pub fn in_use(&self) -> usize {
        self.leased.len() - self.free.len() - self.resting.len()
    }

    /// How many pairs there are.
    pub fn size(&self) -> usize {
        self.leased.len()
    }

    /// Each pair is woken once a lease, so this too is constant time in the long run.
    fn wake_rested(&mut self, now: Instant) {
        while let Some((since, port)) = self.resting.front() {
            if now.saturating_duration_since(*since) < self.quarantine {
                return;
            }
            self.free.push_back(*port);
            self.resting.pop_front();
        }
    }

    fn end_lease(&mut self, pair: PortPair) {
        assert_eq!(pair.address, self.address, "a port pair goes back to the book it came from");
        let leased = self.leased_mut(pair.port);
        assert!(*leased, "a port pair is given back once");
        *leased = false;
    }

    fn leased_mut(&mut self, port: u16) -> &mut bool {
        let at = usize::from(port.wrapping_sub(self.first)) / 2;
        self.leased.get_mut(at).expect("a port pair goes back to the book it came from")
    }
}
