//! Character classes of RFC 3261 section 25.1, and a cursor over text.

const TOKEN: u8 = 1;
const HOST: u8 = 2;
const PARAM: u8 = 4;
const DIGIT: u8 = 8;
/// What ends or spoils a URI: white space, control characters, quotes, angle brackets.
const NOT_URI: u8 = 16;
/// Names of header parameters are tokens; those of URI parameters have a few more characters.
const PARAM_NAME: u8 = 32;

const CLASS: [u8; 256] = {
    let mut class = [0u8; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        let alphanumeric = b.is_ascii_alphanumeric();
        if alphanumeric || matches!(b, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~') {
            class[i] |= TOKEN;
        }
        if alphanumeric || matches!(b, b'-' | b'.' | b'_') {
            class[i] |= HOST;
        }
        if b > b' ' && b != 0x7f && !matches!(b, b';' | b',' | b'"' | b'<' | b'>' | b'?') {
            class[i] |= PARAM;
        }
        if class[i] & TOKEN != 0 || matches!(b, b'[' | b']' | b'/' | b':' | b'&' | b'$' | b'(' | b')') {
            class[i] |= PARAM_NAME;
        }
        if b.is_ascii_digit() {
            class[i] |= DIGIT;
        }
        if b <= b' ' || b == 0x7f || matches!(b, b'"' | b'<' | b'>') {
            class[i] |= NOT_URI;
        }
        i += 1;
    }
    class
};

/// Length of the leading run of bytes of a class.
#[inline]
fn run(bytes: &[u8], class: u8) -> usize {
    bytes.iter().position(|&b| CLASS[b as usize] & class == 0).unwrap_or(bytes.len())
}

/// Length of the token at the start of `bytes`.
pub(crate) fn token_len(bytes: &[u8]) -> usize {
    run(bytes, TOKEN)
}

/// Whether all of `text` is one token.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && token_len(text.as_bytes()) == text.len()
}

/// Whether a byte may stand in a token.
pub(crate) fn is_token_byte(byte: u8) -> bool {
    CLASS[byte as usize] & TOKEN != 0
}

/// The first byte that can't stand in any URI.
pub(crate) fn first_not_uri(text: &str) -> Option<usize> {
    text.bytes().position(|b| CLASS[b as usize] & NOT_URI != 0)
}

/// Linear white space, folded or not.
pub(crate) const fn is_lws(byte: u8) -> bool {
    // The first test alone answers for nearly every byte.
    byte <= b' ' && matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// `text` without linear white space at its ends.
pub(crate) fn trim(text: &str) -> &str {
    let bytes = text.as_bytes();
    let from = bytes.iter().position(|&b| !is_lws(b)).unwrap_or(bytes.len());
    let to = bytes.iter().rposition(|&b| !is_lws(b)).map_or(from, |last| last + 1);
    &text[from..to]
}

/// All of `text` as a decimal number.
pub(crate) fn number(text: &str) -> Option<u32> {
    let mut value: u32 = 0;
    for b in text.bytes() {
        if !b.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u32::from(b - b'0'))?;
    }
    (!text.is_empty()).then_some(value)
}

/// Length of the quoted string at the start of `bytes`, quotes included; `None` if it doesn't end.
pub(crate) fn quoted_len(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes[at] {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// A place in text, moving forward. Stops only at ASCII, so every slice is whole characters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Cursor { text, at: 0 }
    }

    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Moves to `len` bytes further on, which must be at a character's start.
    pub(crate) fn skip(&mut self, len: usize) {
        self.at += len;
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.at == self.text.len()
    }

    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn lws(&mut self) {
        while self.peek().is_some_and(is_lws) {
            self.at += 1;
        }
    }

    /// Eats `byte` with white space around it.
    pub(crate) fn eat_spaced(&mut self, byte: u8) -> bool {
        self.lws();
        let found = self.eat(byte);
        if found {
            self.lws();
        }
        found
    }

    pub(crate) fn token(&mut self) -> &'a str {
        self.take_class(TOKEN)
    }

    pub(crate) fn digits(&mut self) -> &'a str {
        self.take_class(DIGIT)
    }

    pub(crate) fn host_name(&mut self) -> &'a str {
        self.take_class(HOST)
    }

    pub(crate) fn param_name(&mut self) -> &'a str {
        self.take_class(PARAM_NAME)
    }

    pub(crate) fn param_value(&mut self) -> &'a str {
        self.take_class(PARAM)
    }

    /// The quoted string here, quotes included.
    pub(crate) fn quoted(&mut self) -> Option<&'a str> {
        let len = quoted_len(&self.text.as_bytes()[self.at..])?;
        self.advance(len)
    }

    /// Everything up to `byte`, which must come and is eaten too.
    pub(crate) fn up_to(&mut self, byte: u8) -> Option<&'a str> {
        let len = memchr::memchr(byte, &self.text.as_bytes()[self.at..])?;
        let found = self.advance(len)?;
        self.at += 1;
        Some(found)
    }

    #[inline]
    fn take_class(&mut self, class: u8) -> &'a str {
        let from = self.at;
        self.at += run(&self.text.as_bytes()[from..], class);
        &self.text[from..self.at]
    }

    fn advance(&mut self, len: usize) -> Option<&'a str> {
        let found = self.text.get(self.at..self.at + len)?;
        self.at += len;
        Some(found)
    }
}
