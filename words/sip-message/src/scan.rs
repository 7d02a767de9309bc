//! Character classes of RFC 3261 section 25.1, and a cursor over text.

const TOKEN: u8 = 1;
const HOST: u8 = 2;
const PARAM: u8 = 4;
/// Names of header parameters are tokens; those of URI parameters have a few more characters.
const PARAM_NAME: u8 = 8;

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
        i += 1;
    }
    class
};

/// Length of the leading run of bytes of a class.
#[inline]
fn run(bytes: &[u8], class: u8) -> usize {
    let mut len = 0;
    while let Some(&b) = bytes.get(len)
        && CLASS[b as usize] & class != 0
    {
        len += 1;
    }
    len
}

/// How many bytes stand before the first control character, or all.
#[inline]
pub(crate) fn until_control(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    // Sixteen together, without branches: the compiler makes one comparison of them.
    while let Some((chunk, behind)) = rest.split_first_chunk::<16>()
        && !chunk.iter().fold(false, |found, b| found | b.is_ascii_control())
    {
        rest = behind;
    }
    while let Some((word, behind)) = rest.split_first_chunk() {
        let marked = controls(u64::from_le_bytes(*word));
        if marked != 0 {
            return bytes.len() - rest.len() + first_marked(marked);
        }
        rest = behind;
    }
    bytes.len() - rest.len() + rest.iter().position(u8::is_ascii_control).unwrap_or(rest.len())
}

/// Where the first colon stands.
#[inline]
pub(crate) fn colon(window: &[u8; 32]) -> Option<usize> {
    let (words, _) = window.as_chunks();
    words.iter().enumerate().find_map(|(i, word)| {
        let marked = zeros(u64::from_le_bytes(*word) ^ (EACH * b':' as u64));
        (marked != 0).then(|| i * 8 + first_marked(marked))
    })
}

/// One in each byte of a word.
const EACH: u64 = u64::MAX / 0xff;
const TOPS: u64 = EACH << 7;

/// Marks, by their top bit, the bytes that are zero; above the first it may mark others.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(EACH) & !word & TOPS
}

/// Marks the bytes that are control characters; above the first it may mark others.
const fn controls(word: u64) -> u64 {
    let below_space = word.wrapping_sub(EACH * 0x20);
    let above_tilde = word.wrapping_add(EACH);
    (below_space | above_tilde) & !word & TOPS
}

const fn first_marked(marked: u64) -> usize {
    marked.trailing_zeros() as usize / 8
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
    let is_blank = |b: u8| (b <= b' ') | (b == 0x7f);
    // `<` and `>` differ in one bit.
    let is_delimiter = |b: u8| (b == b'"') | (b | 2 == b'>');
    // One after the other, for the compiler makes short work of simple questions.
    if !has_any(text, is_blank) && !has_any(text, is_delimiter) {
        return None;
    }
    text.bytes().position(|b| is_blank(b) || is_delimiter(b))
}

/// Whether such a byte is in the text. `is_such` has no branches, so that the compiler asks sixteen together.
#[inline]
pub(crate) fn has_any(text: &str, is_such: impl Fn(u8) -> bool) -> bool {
    let has_one = |chunk: &[u8; 16]| chunk.iter().fold(false, |found, &b| found | is_such(b));
    let (chunks, _) = text.as_bytes().as_chunks();
    match text.as_bytes().last_chunk() {
        Some(last) => has_one(last) || chunks.iter().any(has_one),
        None => text.bytes().any(is_such),
    }
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

    /// The decimal number here; `None` also if it is too large.
    pub(crate) fn number(&mut self) -> Option<u32> {
        let from = self.at;
        let mut value: u32 = 0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value.checked_mul(10)?.checked_add(u32::from(digit - b'0'))?;
            self.at += 1;
        }
        (self.at > from).then_some(value)
    }

    /// Eats `text` as it is written.
    pub(crate) fn eat_text(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
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

    #[inline(always)]
    fn take_class(&mut self, class: u8) -> &'a str {
        let (found, _) = self.rest().split_at(run(self.rest().as_bytes(), class));
        self.at += found.len();
        found
    }

    fn advance(&mut self, len: usize) -> Option<&'a str> {
        let found = self.text.get(self.at..self.at + len)?;
        self.at += len;
        Some(found)
    }
}
