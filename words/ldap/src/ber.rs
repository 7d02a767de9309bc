//! Basic Encoding Rules as LDAP limits them (RFC 4511 5.1): definite lengths, tags of one byte.

use std::fmt;

pub const BOOLEAN: u8 = 0x01;
pub const INTEGER: u8 = 0x02;
pub const OCTETS: u8 = 0x04;
pub const ENUMERATED: u8 = 0x0a;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// Bytes that are no message of LDAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what came is no message of LDAP")
    }
}

impl std::error::Error for Malformed {}

/// Adds one element.
pub fn put(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let begin = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
            out.push(0x80 | (length.len() - begin) as u8);
            out.extend(&length[begin..]);
        }
    }
    out.extend(content);
}

/// Adds an element whose content others write.
pub fn put_with(out: &mut Vec<u8>, tag: u8, content: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    content(&mut inner);
    put(out, tag, &inner);
}

/// Adds a whole number that is not negative.
pub fn put_number(out: &mut Vec<u8>, tag: u8, number: u32) {
    let bytes = number.to_be_bytes();
    let is_needless = |index: usize| bytes[index] == 0 && bytes[index + 1] < 0x80;
    let begin = (0..3).find(|index| !is_needless(*index)).unwrap_or(3);
    match bytes[begin] >= 0x80 {
        true => put(out, tag, &[&[0], &bytes[begin..]].concat()),
        false => put(out, tag, &bytes[begin..]),
    }
}

/// Tag, where the content begins, and how long it is. `None`: more bytes are needed to say.
pub fn head(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, Malformed> {
    let [tag, first, rest @ ..] = bytes else { return Ok(None) };
    if tag & 0x1f == 0x1f {
        return Err(Malformed);
    }
    let count = usize::from(first & 0x7f);
    match first {
        0..0x80 => Ok(Some((*tag, 2, count))),
        // Longer ones are of no message that anybody would take; none at all is the indefinite form.
        _ if !(1..=4).contains(&count) => Err(Malformed),
        _ if rest.len() < count => Ok(None),
        _ => {
            let length = rest[..count].iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            Ok(Some((*tag, 2 + count, length)))
        }
    }
}

/// Elements, one after another.
#[derive(Clone, Copy)]
pub struct Elements<'b>(pub &'b [u8]);

impl<'b> Elements<'b> {
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The tag of the next one.
    pub fn peek(self) -> Option<u8> {
        self.0.first().copied()
    }

    pub fn next(&mut self) -> Result<(u8, &'b [u8]), Malformed> {
        let (tag, begin, length) = head(self.0)?.ok_or(Malformed)?;
        let end = begin.checked_add(length).filter(|end| *end <= self.0.len()).ok_or(Malformed)?;
        let content = &self.0[begin..end];
        self.0 = &self.0[end..];
        Ok((tag, content))
    }

    /// The next one, which has to have this tag.
    pub fn take(&mut self, tag: u8) -> Result<&'b [u8], Malformed> {
        match self.next()? {
            (found, content) if found == tag => Ok(content),
            _ => Err(Malformed),
        }
    }

    /// The next one, a number that is not negative.
    pub fn take_number(&mut self, tag: u8) -> Result<u32, Malformed> {
        let content = self.take(tag)?;
        match content {
            [] => Err(Malformed),
            [first, ..] if *first >= 0x80 => Err(Malformed),
            [0, rest @ ..] if rest.len() == 4 => Ok(number(rest)),
            _ if content.len() <= 4 => Ok(number(content)),
            _ => Err(Malformed),
        }
    }

    /// The next one as text; bytes that are none are shown as such.
    pub fn take_text(&mut self, tag: u8) -> Result<String, Malformed> {
        Ok(String::from_utf8_lossy(self.take(tag)?).into_owned())
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lengths_are_as_short_as_can_be_and_come_back() {
        for (value, written) in
            [(0, &[2, 1, 0][..]), (127, &[2, 1, 127]), (128, &[2, 2, 0, 128]), (65_536, &[2, 3, 1, 0, 0])]
        {
            let mut out = Vec::new();
            put_number(&mut out, INTEGER, value);

            assert_eq!(out, written);
            assert_eq!(Elements(&out).take_number(INTEGER), Ok(value));
        }
        let mut all = Vec::new();
        put_number(&mut all, INTEGER, u32::MAX);
        assert_eq!(Elements(&all).take_number(INTEGER), Ok(u32::MAX));

        for length in [0, 127, 128, 255, 256, 70_000] {
            let mut out = Vec::new();
            put(&mut out, OCTETS, &vec![7; length]);

            assert_eq!(Elements(&out).take(OCTETS).map(<[u8]>::len), Ok(length));
        }
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        assert_eq!(head(&[0x30, 0x80, 0, 0]), Err(Malformed), "the indefinite form");
        assert_eq!(head(&[0x30, 0x85, 0, 0, 0, 0, 1]), Err(Malformed));
        assert_eq!(head(&[0x3f, 0x81, 1]), Err(Malformed));
        assert_eq!(head(&[0x30, 0x82, 1]), Ok(None));
        assert_eq!(Elements(&[4, 3, b'a', b'b']).next(), Err(Malformed));
        assert_eq!(Elements(&[2, 1, 0x80]).take_number(INTEGER), Err(Malformed));
    }
}
