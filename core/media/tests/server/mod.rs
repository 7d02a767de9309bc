//! A server of STUN and TURN that reads and writes messages by itself, byte by byte.
#![allow(dead_code)]

use std::net::{IpAddr, SocketAddr};

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;

pub const SERVER: &str = "198.51.100.3:3478";
pub const USER: &str = "house";
pub const PASSWORD: &str = "what the server knows";
pub const REALM: &str = "turn.test";
pub const NONCE: &str = "a word of the server's";
const FRESH: &str = "another word";
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// What coturn says too.
const UNVEILED: u16 = 0x0001;
const USERNAME: u16 = 0x0006;
const INTEGRITY: u16 = 0x0008;
const ERROR: u16 = 0x0009;
const CHANNEL: u16 = 0x000c;
const LIFETIME: u16 = 0x000d;
const PEER: u16 = 0x0012;
const DATA: u16 = 0x0013;
const REALM_IS: u16 = 0x0014;
const NONCE_IS: u16 = 0x0015;
const RELAYED: u16 = 0x0016;
const TRANSPORT: u16 = 0x0019;
const MAPPED: u16 = 0x0020;

#[derive(Clone, Debug, Default)]
pub struct Server {
    /// What it was asked last.
    kind: u16,
    name: [u8; 12],
    attributes: Vec<(u16, Vec<u8>)>,
    is_proven: bool,
    /// How many questions came without a name that want one.
    pub unproven: usize,
    /// It calls its word stale so many times for each port.
    pub stale: usize,
    /// What it says to who has a name.
    pub refuses: Option<u16>,
    /// It is somebody else, who does not know the password.
    pub is_impostor: bool,
    places: u16,
}

impl Server {
    pub fn new() -> Server {
        Server::default()
    }

    pub fn nonce(&self) -> &'static str {
        NONCE
    }

    pub fn forget(&mut self) {
        self.attributes.clear();
    }

    /// Reads a question.
    pub fn hears(&mut self, bytes: &[u8]) {
        self.kind = u16::from_be_bytes([bytes[0], bytes[1]]);
        self.name = bytes[8..20].try_into().unwrap();
        (self.attributes, self.is_proven) = (Vec::new(), false);
        let mut at = 20;
        while at < bytes.len() {
            let kind = u16::from_be_bytes([bytes[at], bytes[at + 1]]);
            let length = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
            if kind == INTEGRITY {
                let mut covered = bytes[..at].to_vec();
                covered[2..4].copy_from_slice(&u16::try_from(at - 20 + 24).unwrap().to_be_bytes());
                self.is_proven = proof(&covered) == bytes[at + 4..at + 24];
            }
            self.attributes.push((kind, bytes[at + 4..at + 4 + length].to_vec()));
            at += 4 + length.next_multiple_of(4);
        }
    }

    /// What it was asked: the type of the message.
    pub fn asked(&self) -> u16 {
        self.kind
    }

    pub fn has(&self, kind: u16) -> Option<&[u8]> {
        self.attributes.iter().find(|(one, _)| *one == kind).map(|(_, value)| &**value)
    }

    /// The channel and the far end of a ChannelBind.
    pub fn bound(&self) -> (u16, SocketAddr) {
        let channel = self.has(CHANNEL).unwrap();
        (u16::from_be_bytes([channel[0], channel[1]]), self.unveiled(self.has(PEER).unwrap()))
    }

    pub fn lifetime(&self) -> Option<u32> {
        self.has(LIFETIME).map(|value| u32::from_be_bytes(value.try_into().unwrap()))
    }

    /// It sees who asks there.
    pub fn sees(&self, from: SocketAddr) -> Vec<u8> {
        self.said(self.kind | 0x0100, &[(MAPPED, self.veiled(from)), (UNVEILED, vec![0; 8])], false)
    }

    /// Gives a place to who shows that it may have one; and says to everybody where it sees them.
    pub fn gives_place(&mut self, from: SocketAddr) -> Vec<u8> {
        if self.kind == 0x0001 {
            return self.sees(from);
        }
        if let Some(refusal) = self.turns_away() {
            return refusal;
        }
        if self.kind == 0x0003 {
            assert_eq!(self.has(TRANSPORT), Some(&[17, 0, 0, 0][..]));
        }
        self.places += 1;
        let mut place: SocketAddr = SERVER.parse().unwrap();
        place.set_port(50_000 + self.places);
        let lifetime = (LIFETIME, 600_u32.to_be_bytes().to_vec());
        let attributes = [(RELAYED, self.veiled(place)), (MAPPED, self.veiled(from)), lifetime];
        self.said(self.kind | 0x0100, &attributes, true)
    }

    /// Says yes to who shows a name.
    pub fn agrees(&mut self) -> Vec<u8> {
        let lifetime = (LIFETIME, self.lifetime().unwrap_or(600).to_be_bytes().to_vec());
        self.turns_away().unwrap_or_else(|| self.said(self.kind | 0x0100, &[lifetime], true))
    }

    fn turns_away(&mut self) -> Option<Vec<u8>> {
        let challenge = |code: u16, nonce: &str| {
            vec![
                (ERROR, vec![0, 0, (code / 100) as u8, (code % 100) as u8]),
                (REALM_IS, REALM.as_bytes().to_vec()),
                (NONCE_IS, nonce.as_bytes().to_vec()),
            ]
        };
        if self.has(USERNAME).is_none() {
            self.unproven += 1;
            return Some(self.said(self.kind | 0x0110, &challenge(401, NONCE), false));
        }
        assert_eq!(self.has(USERNAME), Some(USER.as_bytes()));
        assert_eq!(self.has(REALM_IS), Some(REALM.as_bytes()));
        assert!(self.is_proven, "it is proven by the long-term key");
        if self.stale > 0 && self.has(NONCE_IS) == Some(NONCE.as_bytes()) {
            return Some(self.said(self.kind | 0x0110, &challenge(438, FRESH), false));
        }
        let code = self.refuses?;
        let refusal = [(ERROR, vec![0, 0, (code / 100) as u8, (code % 100) as u8])];
        Some(self.said(self.kind | 0x0110, &refusal, true))
    }

    /// What somebody has sent to our place there who has no channel.
    pub fn data(&self, from: SocketAddr, data: &[u8]) -> Vec<u8> {
        self.said(0x0017, &[(PEER, self.veiled(from)), (DATA, data.to_vec())], false)
    }

    fn said(&self, kind: u16, attributes: &[(u16, Vec<u8>)], is_proven: bool) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(kind.to_be_bytes());
        bytes.extend([0, 0]);
        bytes.extend(COOKIE);
        bytes.extend(self.name);
        let put = |bytes: &mut Vec<u8>, kind: u16, value: &[u8]| {
            bytes.extend(kind.to_be_bytes());
            bytes.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            bytes.extend(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        };
        attributes.iter().for_each(|(kind, value)| put(&mut bytes, *kind, value));
        let length = bytes.len() - 20 + if is_proven { 24 } else { 0 };
        bytes[2..4].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        if is_proven {
            let mut proof = proof(&bytes);
            proof[0] ^= u8::from(self.is_impostor);
            put(&mut bytes, INTEGRITY, &proof);
        }
        bytes
    }

    fn veiled(&self, place: SocketAddr) -> Vec<u8> {
        let IpAddr::V4(ip) = place.ip() else { panic!("{place}") };
        let port = place.port() ^ 0x2112;
        let ip = ip.octets().into_iter().zip(COOKIE).map(|(one, veil)| one ^ veil);
        [0, 1].into_iter().chain(port.to_be_bytes()).chain(ip).collect()
    }

    fn unveiled(&self, value: &[u8]) -> SocketAddr {
        let port = u16::from_be_bytes([value[2], value[3]]) ^ 0x2112;
        let ip: [u8; 4] = std::array::from_fn(|at| value[4 + at] ^ COOKIE[at]);
        (ip, port).into()
    }
}

/// By the long-term key (RFC 8489, 9.2.2).
fn proof(covered: &[u8]) -> Vec<u8> {
    let key = Md5::digest(format!("{USER}:{REALM}:{PASSWORD}").as_bytes());
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).unwrap();
    mac.update(covered);
    mac.finalize().into_bytes().to_vec()
}
