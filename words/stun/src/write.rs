//! Messages as they are written: into the caller's buffer, with proof and fingerprint at the end.

use std::net::{IpAddr, SocketAddr};

use crate::attribute::{
    self, ERROR_CODE, FINGERPRINT, ICE_CONTROLLED, ICE_CONTROLLING, MESSAGE_INTEGRITY, PRIORITY,
    UNKNOWN_ATTRIBUTES, USE_CANDIDATE, USERNAME, XOR_MAPPED_ADDRESS,
};
use crate::fingerprint::fingerprint;
use crate::integrity;
use crate::message::{COOKIE, HEAD, Transaction};

const REQUEST: u16 = 0x0001;
const ANSWER: u16 = 0x0101;
const REFUSAL: u16 = 0x0111;

/// A connectivity check.
#[derive(Clone, Copy, Debug)]
pub struct Check<'a> {
    /// `theirs:ours`.
    pub username: &'a str,
    pub priority: u32,
    pub tie_breaker: u64,
    pub choice: Choice,
}

/// Whether a check chooses its pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    Open,
    Nominated,
    /// It leaves that to the other side.
    Theirs,
}

impl Check<'_> {
    /// Its length; `None` where there is no room for it.
    pub fn write(&self, transaction: Transaction, password: &str, out: &mut [u8]) -> Option<usize> {
        let mut letter = Letter::begin(REQUEST, transaction, out)?;
        letter.put(USERNAME, &[self.username.as_bytes()])?;
        letter.put(PRIORITY, &[&self.priority.to_be_bytes()])?;
        let part = if self.choice == Choice::Theirs { ICE_CONTROLLED } else { ICE_CONTROLLING };
        letter.put(part, &[&self.tie_breaker.to_be_bytes()])?;
        if self.choice == Choice::Nominated {
            letter.put(USE_CANDIDATE, &[])?;
        }
        letter.end(Some(password.as_bytes()))
    }
}

/// Answers a request: who asked was seen there. Gives the answer's length; `None` where there is no room
/// for it.
pub fn answer(transaction: Transaction, seen: SocketAddr, password: &str, out: &mut [u8]) -> Option<usize> {
    let mut letter = Letter::begin(ANSWER, transaction, out)?;
    letter.put_place(XOR_MAPPED_ADDRESS, transaction, seen)?;
    letter.end(Some(password.as_bytes()))
}

/// Refuses a request of who knows the password.
pub fn refuse(
    transaction: Transaction,
    (code, words): (u16, &str),
    unknown: &[u16],
    password: &str,
    out: &mut [u8],
) -> Option<usize> {
    let mut letter = Letter::begin(REFUSAL, transaction, out)?;
    let number = [0, 0, (code / 100) as u8, (code % 100) as u8];
    letter.put(ERROR_CODE, &[&number, words.as_bytes()])?;
    if let Some((first, others)) = unknown.split_first() {
        // The room is for a whole number of words; a type that is said twice says nothing more.
        let second = others.first().unwrap_or(first);
        letter.put(UNKNOWN_ATTRIBUTES, &[&first.to_be_bytes(), &second.to_be_bytes()])?;
    }
    letter.end(Some(password.as_bytes()))
}

/// A message that grows.
pub(crate) struct Letter<'a> {
    out: &'a mut [u8],
    length: usize,
}

impl<'a> Letter<'a> {
    pub fn begin(kind: u16, transaction: Transaction, out: &'a mut [u8]) -> Option<Letter<'a>> {
        let head = out.get_mut(..HEAD)?;
        head[..2].copy_from_slice(&kind.to_be_bytes());
        head[4..8].copy_from_slice(&COOKIE);
        head[8..].copy_from_slice(&transaction.0);
        Some(Letter { out, length: HEAD })
    }

    /// Appends an attribute whose value is these parts in a row.
    pub fn put(&mut self, kind: u16, parts: &[&[u8]]) -> Option<()> {
        let value: usize = parts.iter().map(|part| part.len()).sum();
        let whole = attribute::HEAD + value.next_multiple_of(4);
        let room = self.out.get_mut(self.length..self.length + whole)?;
        room[..2].copy_from_slice(&kind.to_be_bytes());
        room[2..4].copy_from_slice(&u16::try_from(value).ok()?.to_be_bytes());
        let mut at = attribute::HEAD;
        for part in parts {
            room[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        room[at..].fill(0);
        self.length += whole;
        Some(())
    }

    /// Says how long it is with `more` behind it.
    fn say_length(&mut self, more: usize) -> Option<()> {
        let length = u16::try_from(self.length - HEAD + more).ok()?;
        self.out[2..4].copy_from_slice(&length.to_be_bytes());
        Some(())
    }

    /// Appends an address, veiled as all are (RFC 8489, 14.2).
    pub fn put_place(&mut self, kind: u16, transaction: Transaction, place: SocketAddr) -> Option<()> {
        let veil: [u8; 16] =
            std::array::from_fn(|at| if at < 4 { COOKIE[at] } else { transaction.0[at - 4] });
        let port = (place.port() ^ u16::from_be_bytes([COOKIE[0], COOKIE[1]])).to_be_bytes();
        let mut address = veil;
        let mut mix = |bytes: &[u8]| address.iter_mut().zip(bytes).for_each(|(one, other)| *one ^= other);
        match place.ip().to_canonical() {
            IpAddr::V4(ip) => {
                mix(&ip.octets());
                self.put(kind, &[&[0, 1], &port, &address[..4]])
            }
            IpAddr::V6(ip) => {
                mix(&ip.octets());
                self.put(kind, &[&[0, 2], &port, &address])
            }
        }
    }

    /// Its length, with the proof of who has a key, if anybody has.
    pub fn end(mut self, key: Option<&[u8]>) -> Option<usize> {
        if let Some(key) = key {
            self.say_length(attribute::HEAD + integrity::LENGTH)?;
            let proof = integrity::proof(key, &[&self.out[..self.length]]);
            self.put(MESSAGE_INTEGRITY, &[&proof])?;
        }
        self.say_length(attribute::HEAD + 4)?;
        let print = fingerprint(&[&self.out[..self.length]]);
        self.put(FINGERPRINT, &[&print.to_be_bytes()])?;
        Some(self.length)
    }
}
