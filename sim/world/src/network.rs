//! What becomes of a datagram on its way.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use actors::Chance;

/// How well packets travel between the house and one far end, either way.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    pub latency: Duration,
    /// Added by chance, which also changes the order of packets.
    pub jitter: Duration,
    /// Of a thousand datagrams, so many get lost.
    pub loss: u32,
    /// Of a thousand datagrams, so many arrive twice.
    pub copies: u32,
    /// Datagrams above this are lost.
    pub mtu: Option<usize>,
}

impl Default for Link {
    fn default() -> Link {
        Link { latency: Duration::from_millis(5), jitter: Duration::ZERO, loss: 0, copies: 0, mtu: None }
    }
}

impl Link {
    /// A bad day: losses, copies, and packets that overtake each other.
    pub fn rough(loss: u32) -> Link {
        Link { jitter: Duration::from_millis(30), loss, copies: 20, ..Link::default() }
    }

    /// Whether everything arrives, once and in order.
    pub fn is_clean(&self) -> bool {
        self.jitter.is_zero() && self.loss == 0 && self.copies == 0 && self.mtu.is_none()
    }
}

/// All links, by the far end's address.
#[derive(Debug)]
pub(crate) struct Network {
    pub chance: Chance,
    pub usual: Link,
    /// What media has instead of the links of those who send or hear it.
    pub of_media: Option<Link>,
    links: BTreeMap<IpAddr, Link>,
    cut_off: BTreeSet<IpAddr>,
    pub was_rough: bool,
}

impl Network {
    pub(crate) fn new(chance: Chance) -> Network {
        let (links, cut_off) = (BTreeMap::new(), BTreeSet::new());
        Network { chance, usual: Link::default(), of_media: None, links, cut_off, was_rough: false }
    }

    pub(crate) fn set(&mut self, far: IpAddr, link: Link) {
        self.was_rough |= !link.is_clean();
        self.links.insert(far, link);
    }

    pub(crate) fn cut(&mut self, far: IpAddr) {
        self.was_rough = true;
        self.cut_off.insert(far);
    }

    pub(crate) fn join(&mut self, far: IpAddr) {
        self.cut_off.remove(&far);
    }

    pub(crate) fn join_all(&mut self) {
        self.cut_off.clear();
    }

    pub(crate) fn is_cut(&self, far: IpAddr) -> bool {
        self.cut_off.contains(&far)
    }

    pub(crate) fn link(&self, far: IpAddr) -> Link {
        self.links.get(&far).copied().unwrap_or(self.usual)
    }

    /// After which time each copy of a datagram arrives; none, if it is lost.
    pub(crate) fn datagram(&mut self, far: IpAddr, size: usize) -> Vec<Duration> {
        let link = self.link(far);
        self.on(link, far, size)
    }

    /// The same of a datagram of media.
    pub(crate) fn media(&mut self, far: IpAddr, size: usize) -> Vec<Duration> {
        let link = self.of_media.unwrap_or(self.link(far));
        self.on(link, far, size)
    }

    fn on(&mut self, link: Link, far: IpAddr, size: usize) -> Vec<Duration> {
        let is_lost = self.is_cut(far)
            || link.mtu.is_some_and(|mtu| size > mtu)
            || (link.loss > 0 && self.chance.happens(link.loss));
        if is_lost {
            return Vec::new();
        }
        let mut arrivals = vec![link.latency + self.chance.span_below(link.jitter)];
        if link.copies > 0 && self.chance.happens(link.copies) {
            arrivals.push(link.latency + self.chance.span_below(link.jitter + Duration::from_millis(1)));
        }
        arrivals
    }

    /// After which time a piece of a stream arrives: never lost, as long as the far end is there.
    pub(crate) fn segment(&mut self, far: IpAddr) -> Option<Duration> {
        let link = self.link(far);
        (!self.is_cut(far)).then(|| link.latency + self.chance.span_below(link.jitter))
    }
}
