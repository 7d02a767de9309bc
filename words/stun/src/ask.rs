//! What a server is asked: where it sees us, for a place there, and for ways from that place to far ends.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use md5::{Digest, Md5};

use crate::attribute::{
    CHANNEL_NUMBER, LIFETIME, NONCE, REALM, REQUESTED_ADDRESS_FAMILY, REQUESTED_TRANSPORT, USERNAME,
    XOR_PEER_ADDRESS,
};
use crate::message::Transaction;
use crate::write::Letter;

const BINDING: u16 = 0x0001;
const ALLOCATE: u16 = 0x0003;
const REFRESH: u16 = 0x0004;
const CHANNEL_BIND: u16 = 0x0009;
const INDICATION: u16 = 0x0011;
/// RFC 8656, 18.6: the protocol number of UDP.
const UDP: u8 = 17;

/// What a server is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Where it sees us.
    Binding,
    /// For a place there.
    Allocate(Family),
    /// That the place is ours for so many seconds more; with none it is given up.
    Refresh { seconds: u32 },
    /// That what goes through a channel goes to a far end, and that this may write to us there.
    Bind { channel: u16, peer: SocketAddr },
}

/// Which addresses are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Four,
    Six,
}

/// Shows a server who asks: a name, and a key made of the password and of what the server said (RFC 8489,
/// 9.2).
#[derive(Clone, PartialEq, Eq)]
pub struct Pass {
    username: Box<str>,
    realm: Box<str>,
    nonce: Box<[u8]>,
    key: [u8; 16],
}

impl Family {
    pub fn of(address: IpAddr) -> Family {
        if address.to_canonical().is_ipv4() { Family::Four } else { Family::Six }
    }
}

impl Pass {
    pub fn new(username: &str, password: &str, (realm, nonce): (&str, &[u8])) -> Pass {
        let pieces = [username, ":", realm, ":", password];
        let hash = pieces.iter().fold(Md5::new(), |hash, piece| hash.chain_update(piece));
        Pass {
            username: username.into(),
            realm: realm.into(),
            nonce: nonce.into(),
            key: hash.finalize().into(),
        }
    }

    /// The same with another word of the server's.
    pub fn renewed(&self, nonce: &[u8]) -> Pass {
        Pass { nonce: nonce.into(), ..self.clone() }
    }

    /// What a server that knows the password proves its answers with.
    pub fn key(&self) -> &[u8] {
        &self.key
    }
}

impl Ask {
    /// Its length; `None` where there is no room for it.
    pub fn write(&self, transaction: Transaction, pass: Option<&Pass>, out: &mut [u8]) -> Option<usize> {
        let mut letter = Letter::begin(self.kind(), transaction, out)?;
        match self {
            Ask::Binding => {}
            Ask::Allocate(family) => {
                letter.put(REQUESTED_TRANSPORT, &[&[UDP, 0, 0, 0]])?;
                if *family == Family::Six {
                    letter.put(REQUESTED_ADDRESS_FAMILY, &[&[2, 0, 0, 0]])?;
                }
            }
            Ask::Refresh { seconds } => letter.put(LIFETIME, &[&seconds.to_be_bytes()])?,
            Ask::Bind { channel, peer } => {
                letter.put(CHANNEL_NUMBER, &[&channel.to_be_bytes(), &[0; 2]])?;
                letter.put_place(XOR_PEER_ADDRESS, transaction, *peer)?;
            }
        }
        if let Some(Pass { username, realm, nonce, .. }) = pass {
            letter.put(USERNAME, &[username.as_bytes()])?;
            letter.put(REALM, &[realm.as_bytes()])?;
            letter.put(NONCE, &[nonce])?;
        }
        letter.end(pass.map(Pass::key))
    }

    fn kind(&self) -> u16 {
        match self {
            Ask::Binding => BINDING,
            Ask::Allocate(_) => ALLOCATE,
            Ask::Refresh { .. } => REFRESH,
            Ask::Bind { .. } => CHANNEL_BIND,
        }
    }
}

/// Writes what keeps a NAT in mind of us, and wants no answer (RFC 8445, 11).
pub fn keep_alive(transaction: Transaction, out: &mut [u8]) -> Option<usize> {
    Letter::begin(INDICATION, transaction, out)?.end(None)
}

/// A key is a secret, and does not print in a log.
impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pass({} in {})", self.username, self.realm)
    }
}
