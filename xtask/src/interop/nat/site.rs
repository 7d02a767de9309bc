//! A private network with a NAT before it.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use super::super::network::{Network, ip};
use super::super::place::{Transport, io_failure};
use crate::step::{Failure, root};

/// Where the house is found, and somebody else.
pub const OUTSIDE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 1);
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 2);
/// Where the phones of a site are, of which none knows another.
pub const PHONES: Ipv4Addr = Ipv4Addr::new(10, 7, 0, 2);
/// What has not come by then does not come.
const SILENT: Duration = Duration::from_millis(500);
/// What has to come is waited for so often.
const PROBES: u32 = 20;

/// A kind of NAT, as RFC 3489 names them: how it maps, and whom it lets in.
#[derive(Clone, Copy)]
pub struct Kind {
    /// Also its rules, in interop/nat.
    pub name: &'static str,
    /// Whether the same port of a phone looks the same to everybody.
    maps: Maps,
    /// Who may answer a phone that has written to one port of ours: that one, another port, somebody else.
    lets_in: &'static [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maps {
    Alike,
    Anew,
}

pub const KINDS: [Kind; 4] = [
    Kind { name: "full-cone", maps: Maps::Alike, lets_in: b"abc" },
    Kind { name: "address-restricted", maps: Maps::Alike, lets_in: b"ab" },
    Kind { name: "port-restricted", maps: Maps::Alike, lets_in: b"a" },
    Kind { name: "symmetric", maps: Maps::Anew, lets_in: b"a" },
];

pub struct Site {
    router: Network,
    phones: Network,
    others: u8,
}

/// The house's address in a lane, and somebody else's; later lanes may find them elsewhere.
pub struct Addresses;

impl Addresses {
    pub fn take() -> Result<Addresses, Failure> {
        Addresses::each("replace").map(|()| Addresses)
    }

    fn each(deed: &str) -> Result<(), Failure> {
        let mut all = [OUTSIDE, ELSEWHERE].iter();
        all.try_for_each(|address| ip(&format!("address {deed} {address}/32 dev lo")))
    }
}

impl Drop for Addresses {
    fn drop(&mut self) {
        Addresses::each("delete").ok();
    }
}

impl Kind {
    /// By which phones come here; nothing but UDP depends much on the kind.
    pub fn transports(self) -> &'static [Transport] {
        match self.maps {
            Maps::Alike => &[Transport::Udp, Transport::Tls],
            Maps::Anew => &[Transport::Udp, Transport::Tls, Transport::Tcp],
        }
    }
}

impl Site {
    /// Phones behind a router of this kind.
    pub fn open(kind: Kind) -> Result<Site, Failure> {
        Site::open_beside(kind, 0)
    }

    /// The same where there are so many others, behind routers of their own.
    pub fn open_beside(kind: Kind, others: u8) -> Result<Site, Failure> {
        let site = Site { router: Network::open()?, phones: Network::open()?, others };
        let Site { router, phones, .. } = &site;
        let (device, gateway, door) = (format!("site{others}"), 4 * others + 1, site.door());
        ip(&format!("link add {device} type veth peer name wan netns {}", router.id()))?;
        ip(&format!("address add 198.51.100.{gateway}/30 dev {device}"))?;
        ip(&format!("link set {device} up"))?;
        router.run("ip", &format!("link add lan type veth peer name wire netns {}", phones.id()))?;
        router.run("ip", &format!("address add {door}/30 dev wan"))?;
        router.run("ip", "address add 10.7.0.1/24 dev lan")?;
        ["lo", "wan", "lan"].iter().try_for_each(|one| router.run("ip", &format!("link set {one} up")))?;
        router.run("ip", &format!("route add default via 198.51.100.{gateway}"))?;
        router.run("sysctl", "-q -w net.ipv4.ip_forward=1")?;
        let rules = root().join("interop/nat").join(kind.name).with_extension("nft");
        router.run("nft", &format!("-f {}", rules.display()))?;
        phones.run("ip", &format!("address add {PHONES}/24 dev wire"))?;
        ["lo", "wire"].iter().try_for_each(|one| phones.run("ip", &format!("link set {one} up")))?;
        phones.run("ip", "route add default via 10.7.0.1")?;
        site.expect(kind)?;
        Ok(site)
    }

    /// Where its router is found from outside.
    pub fn door(&self) -> Ipv4Addr {
        Ipv4Addr::new(198, 51, 100, 4 * self.others + 2)
    }

    /// What nobody behind its router has asked for is dropped there. Otherwise Linux remembers that it came,
    /// and gives another port to who writes back: both sides of a call write first.
    pub fn is_walled(&self) -> Result<(), Failure> {
        self.router.run("nft", "add table inet wall")?;
        let chain = "add chain inet wall input { type filter hook input priority filter; }";
        self.router.run("nft", chain)?;
        self.router.run("nft", "add rule inet wall input iifname wan meta l4proto udp drop")
    }

    /// Whoever writes to this port of its router writes to a phone's.
    pub fn lets_in(&self, port: u16) -> Result<(), Failure> {
        let rule = format!("add rule ip nat arriving iifname wan udp dport {port} dnat to {PHONES}:{port}");
        self.router.run("nft", &rule)
    }

    /// Does something where the phones are: what is started and opened there stays there.
    pub fn within<T: Send>(&self, deed: impl FnOnce() -> Result<T, Failure> + Send) -> Result<T, Failure> {
        self.phones.within(deed)
    }

    /// The router maps and lets in as its kind does.
    fn expect(&self, kind: Kind) -> Result<(), Failure> {
        let open = |address: Ipv4Addr| {
            let socket = UdpSocket::bind((address, 0)).and_then(|socket| {
                socket.set_read_timeout(Some(SILENT))?;
                Ok(socket)
            });
            socket.map_err(|error| io_failure("a probe", &error))
        };
        let (first, second, third) = (open(OUTSIDE)?, open(OUTSIDE)?, open(OUTSIDE)?);
        let (other, phone) = (open(ELSEWHERE)?, self.within(|| open(PHONES))?);
        let probe = || {
            let (seen, seen_again) = (seen_at(&first, &phone)?, seen_at(&second, &phone)?);
            third.send_to(b"b", seen)?;
            other.send_to(b"c", seen)?;
            first.send_to(b"a", seen)?;
            let (mut letter, mut heard) = ([0; 1], BTreeSet::new());
            // The last one comes through every NAT, however long this machine takes for it.
            for _ in 0..PROBES {
                while phone.recv_from(&mut letter).is_ok() {
                    heard.insert(letter[0]);
                }
                if heard.contains(&b'a') {
                    break;
                }
            }
            Ok((if seen == seen_again { Maps::Alike } else { Maps::Anew }, heard))
        };
        let (maps, heard) = probe().map_err(|error| io_failure("a probe of the NAT", &error))?;
        if maps == kind.maps && heard.iter().eq(kind.lets_in) {
            return Ok(());
        }
        let heard: Vec<char> = heard.into_iter().map(char::from).collect();
        Err(Failure::new(format!("{} maps {maps:?} and lets in {heard:?}", kind.name), "see interop/nat"))
    }
}

/// The kernel takes its time to clear away what was joined to a network that has ended.
impl Drop for Site {
    fn drop(&mut self) {
        ip(&format!("link delete site{}", self.others)).ok();
    }
}

/// How a phone looks from here. What is lost while the network comes up is sent again.
fn seen_at(here: &UdpSocket, phone: &UdpSocket) -> io::Result<SocketAddr> {
    let (mut letter, mut seen) = ([0; 1], Err(io::ErrorKind::TimedOut.into()));
    for _ in 0..PROBES {
        phone.send_to(b"x", here.local_addr()?)?;
        seen = here.recv_from(&mut letter).map(|(_, from)| from);
        if seen.is_ok() {
            break;
        }
    }
    seen
}
