//! Sixty-four bits that we put into our tags, branches and Call-IDs, and find again in what comes back.

use std::fmt;

const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const PRINTED: usize = 13;

/// What a branch must begin with to be unique by itself (RFC 3261, 8.1.1.7).
pub const BRANCH_COOKIE: &str = "z9hG4bK";

/// Names a shard, a place in one of its tables, and a lot that nobody guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token(u64);

impl Token {
    /// Slots have 24 bits.
    pub fn new(shard: u8, slot: u32, nonce: u32) -> Token {
        assert!(slot < 1 << 24, "a slot has 24 bits");
        Token(u64::from(shard) << 56 | u64::from(slot) << 32 | u64::from(nonce))
    }

    /// The token as a plain number, and back: keys of owners are such numbers.
    pub fn bits(self) -> u64 {
        self.0
    }

    pub fn from_bits(bits: u64) -> Token {
        Token(bits)
    }

    pub fn shard(self) -> u8 {
        (self.0 >> 56) as u8
    }

    pub fn slot(self) -> u32 {
        (self.0 >> 32) as u32 & 0x00ff_ffff
    }

    pub fn nonce(self) -> u32 {
        self.0 as u32
    }

    /// The token in one of our branches (cookie, token), tags ("t", token) or Call-IDs (token, more).
    pub fn find(text: &str) -> Option<Token> {
        let bytes = text.as_bytes();
        let cookie = BRANCH_COOKIE.len();
        if bytes.len() >= cookie && bytes[..cookie].eq_ignore_ascii_case(BRANCH_COOKIE.as_bytes()) {
            return read(&bytes[cookie..]);
        }
        match bytes.split_first() {
            Some((b't' | b'T', rest)) if rest.len() == PRINTED => read(rest),
            _ => read(bytes),
        }
    }

    /// How it is printed.
    pub fn letters(self) -> Letters {
        let mut letters = [0; PRINTED];
        for (place, letter) in letters.iter_mut().enumerate() {
            *letter = LETTERS[(self.0 >> (60 - 5 * place) & 31) as usize];
        }
        Letters(letters)
    }

    /// The tag that carries this token.
    pub fn tag(self) -> String {
        let mut tag = String::with_capacity(1 + PRINTED);
        tag.push('t');
        tag.push_str(self.letters().text());
        tag
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.letters().text())
    }
}

/// A token as it is printed.
#[derive(Clone, Copy, Debug)]
pub struct Letters([u8; PRINTED]);

impl Letters {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }
}

fn read(bytes: &[u8]) -> Option<Token> {
    let mut bits: u64 = 0;
    for (place, letter) in bytes.get(..PRINTED)?.iter().enumerate() {
        let value = value_of(*letter)?;
        if place == 0 && value > 15 {
            return None;
        }
        bits = bits << 5 | value;
    }
    Some(Token(bits))
}

fn value_of(letter: u8) -> Option<u64> {
    let lower = letter.to_ascii_lowercase();
    let value = match lower {
        b'0'..=b'9' => lower - b'0',
        b'a'..=b'h' => lower - b'a' + 10,
        b'j' | b'k' => lower - b'j' + 18,
        b'm' | b'n' => lower - b'm' + 20,
        b'p'..=b't' => lower - b'p' + 22,
        b'v'..=b'z' => lower - b'v' + 27,
        _ => return None,
    };
    Some(u64::from(value))
}
