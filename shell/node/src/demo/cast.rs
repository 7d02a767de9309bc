//! Who takes part in the demo, and at which loopback addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use actors::{Credentials, Profile, Sound};
use anyhow::{Context, Result};

/// Media streams that one actor can have at once.
const STREAMS: u16 = 8;
/// SIP ports to try, and the first of the media ports that go with each.
const PORTS: [(u16, u16); 4] = [(5060, 30_000), (5070, 28_000), (15_060, 26_000), (25_060, 24_000)];
/// Media ports that are looked at before the house says it has them.
const LOOKED_AT: u16 = 64;
const FIRST_RTP: u16 = 20_000;

/// One party: its name, the last byte of its address, the tone it sends.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    pub name: &'static str,
    pub host: u8,
    pub hertz: u16,
    pub role: Role,
}

/// What a party is in the play.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Phone,
    Provider,
    Psap,
}

pub const EDGE_HOST: u8 = 1;

pub const CAST: [Part; 6] = [
    Part { name: "northwind", host: 11, hertz: 1000, role: Role::Provider },
    Part { name: "fabrikam", host: 12, hertz: 1300, role: Role::Provider },
    Part { name: "psap", host: 13, hertz: 800, role: Role::Psap },
    Part { name: "hana", host: 21, hertz: 440, role: Role::Phone },
    Part { name: "marco", host: 22, hertz: 520, role: Role::Phone },
    Part { name: "wei", host: 23, hertz: 620, role: Role::Phone },
];

/// A network of loopback addresses that nobody else uses, with the sockets that make it ours.
pub struct Stage {
    network: [u8; 3],
    pub port: u16,
    first_media: u16,
    /// For each of the cast: its SIP socket, then those for media.
    pub sockets: Vec<Vec<UdpSocket>>,
}

impl Stage {
    /// Tries networks and ports until every party has its sockets.
    pub fn find() -> Result<Stage> {
        let [_, low, high, ..] = std::process::id().to_be_bytes().map(|byte| byte.max(1));
        let own = std::process::id().to_be_bytes()[3];
        // The network that everybody uses comes last: others' sockets are there.
        let networks = [[127, 1 + low % 200, own], [127, 60 + high % 100, own], [127, 0, 0]];
        let tries = PORTS.iter().flat_map(|ports| networks.map(|network| (network, *ports)));
        let mut last = None;
        for (network, ports) in tries {
            match Stage::at(network, ports) {
                Ok(stage) => return Ok(stage),
                Err(fault) => last = Some(fault),
            }
        }
        let fault = last.unwrap_or_else(|| io::Error::other("no network was tried"));
        Err(fault).context("no free loopback addresses for the demo")
    }

    fn at(network: [u8; 3], (port, first_media): (u16, u16)) -> io::Result<Stage> {
        let mut stage = Stage { network, port, first_media, sockets: Vec::new() };
        // Held only for a moment: the house binds it itself.
        let edge = stage.edge();
        let _free = (UdpSocket::bind(edge)?, std::net::TcpListener::bind(edge)?);
        for port in first_media..first_media + LOOKED_AT {
            UdpSocket::bind(SocketAddr::new(edge.ip(), port))?;
        }
        for part in CAST {
            let ports = (0..STREAMS).map(|stream| FIRST_RTP + 2 * stream);
            let places =
                std::iter::once(port).chain(ports).map(|port| SocketAddr::new(stage.host(part.host), port));
            stage.sockets.push(places.map(open).collect::<io::Result<_>>()?);
        }
        Ok(stage)
    }

    pub fn edge(&self) -> SocketAddr {
        SocketAddr::new(self.host(EDGE_HOST), self.port)
    }

    /// Who has an address.
    pub fn name_of(&self, address: IpAddr) -> Option<&'static str> {
        CAST.iter().find(|part| self.host(part.host) == address).map(|part| part.name)
    }

    /// The demo's configuration, with the addresses of this stage.
    pub fn configuration(&self) -> String {
        let [a, b, c] = self.network;
        let text = include_str!("demo.toml");
        let text = text.replace("127.0.0.", &format!("{a}.{b}.{c}."));
        let media = format!("{}-{}", self.first_media, self.first_media + 999);
        let text =
            text.replace("= 5060", &format!("= {}", self.port)).replace(":5060", &format!(":{}", self.port));
        text.replace("30000-30999", &media)
    }

    pub fn profile(&self, part: Part) -> Profile {
        let sip = SocketAddr::new(self.host(part.host), self.port);
        let profile = match part.role {
            Role::Phone => Profile::phone(part.name, sip, self.edge()),
            Role::Provider => Profile::provider(part.name, sip, self.edge()),
            Role::Psap => Profile::psap(part.name, sip, self.edge()),
        };
        let password = format!("demo-{}", part.name);
        Profile {
            rtp: SocketAddr::new(sip.ip(), FIRST_RTP),
            rtp_pairs: STREAMS,
            sound: Sound::Tone(part.hertz),
            answers_after: Duration::from_millis(400),
            credentials: (part.role == Role::Phone)
                .then(|| Credentials { user: part.name.to_owned(), password }),
            user: match part.role {
                Role::Phone => part.name.to_owned(),
                Role::Provider | Role::Psap => "+12065550177".to_owned(),
            },
            ..profile
        }
    }

    fn host(&self, last: u8) -> IpAddr {
        let [a, b, c] = self.network;
        Ipv4Addr::new(a, b, c, last).into()
    }
}

fn open(place: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(place)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
