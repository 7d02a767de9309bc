//! Records in a chain: each line bears its number, and a hash of itself and of the hash before it, over all
//! days.
//!
//! `{…,"chain":{"number":7,"hash":"…"}}`. The first line of a file says the hash before it, too, so that a
//! chain can be followed from any day on. Who changes a line, and not all that follow, breaks it there.

use sha2::{Digest, Sha256};

const BEGINS: &str = "\"chain\":{\"number\":";
const BEFORE: &str = ",\"before\":\"";
const HASH: &str = "\"hash\":\"";
const END: &str = "\"}}";
/// Of a hash in letters.
const LETTERS: usize = 64;

pub type Hash = [u8; 32];

/// How far a chain goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    pub number: u64,
    pub hash: Hash,
}

/// Where a line stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// It says what stood before it.
    Begin,
    Later,
}

/// A line, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'l> {
    pub number: u64,
    pub before: Option<Hash>,
    pub hash: Hash,
    /// What the hash is of, besides the one before.
    pub text: &'l [u8],
}

impl Chain {
    /// Adds an object of JSON, without its line's end, to the chain and to the lines.
    pub fn link(&mut self, object: &[u8], at: At, lines: &mut Vec<u8>) {
        let begins = lines.len();
        let body = object.strip_suffix(b"}").expect("a record is an object");
        lines.extend_from_slice(body);
        if body.len() > 1 {
            lines.push(b',');
        }
        self.number += 1;
        lines.extend_from_slice(format!("{BEGINS}{}", self.number).as_bytes());
        // The first of all says so, wherever it stands.
        if at == At::Begin || self.number == 1 {
            lines.extend_from_slice(format!("{BEFORE}{}\"", letters(&self.hash)).as_bytes());
        }
        lines.push(b',');
        lines.extend_from_slice(HASH.as_bytes());
        self.hash = hash_of(&self.hash, &lines[begins..]);
        lines.extend_from_slice(letters(&self.hash).as_bytes());
        lines.extend_from_slice(END.as_bytes());
        lines.push(b'\n');
    }

    /// Where a chain stands whose last line this is.
    pub fn of_line(line: &[u8]) -> Option<Chain> {
        Link::read(line).map(|Link { number, hash, .. }| Chain { number, hash })
    }
}

impl Link<'_> {
    /// Nothing, where the line bears none, or one that nobody here has written.
    pub fn read(line: &[u8]) -> Option<Link<'_>> {
        let rest = line.strip_suffix(END.as_bytes())?;
        let (text, hash) = rest.split_at_checked(rest.len().checked_sub(LETTERS)?)?;
        let head = text.strip_suffix(HASH.as_bytes())?.strip_suffix(b",")?;
        let head = &head[last_place(head, BEGINS.as_bytes())? + BEGINS.len()..];
        let head = str::from_utf8(head).ok()?;
        let (number, before) = match head.split_once(BEFORE) {
            Some((number, before)) => (number, Some(read_hash(before.strip_suffix('"')?)?)),
            None => (head, None),
        };
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
        let number = number.parse().ok().filter(|_| is_plain)?;
        Some(Link { number, before, hash: read_hash(str::from_utf8(hash).ok()?)?, text })
    }

    pub fn follows(&self, before: &Hash) -> bool {
        hash_of(before, self.text) == self.hash
    }
}

/// A line as it was handed over: without its place in the chain.
pub fn without_link(line: &[u8]) -> Vec<u8> {
    match Link::read(line).and_then(|_| last_place(line, BEGINS.as_bytes())) {
        Some(at) => {
            let body = line[..at].strip_suffix(b",").unwrap_or(&line[..at]);
            [body, b"}"].concat()
        }
        None => line.to_vec(),
    }
}

fn hash_of(before: &Hash, text: &[u8]) -> Hash {
    Sha256::new().chain_update(before).chain_update(text).finalize().into()
}

fn last_place(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).rposition(|window| window == wanted)
}

pub fn letters(hash: &Hash) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let halves = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.map(|half| DIGITS[usize::from(half)]).collect()
}

/// There is one way to write a hash, so that no letter of a line can be changed unseen.
fn read_hash(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    for (byte, at) in hash.iter_mut().zip((0..LETTERS).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    (letters(&hash) == text).then_some(hash)
}
