//! Numbers and texts as bytes: seven bits of a number a byte, the lowest first.

const SEVEN: u64 = 0x7f;
const MORE: u8 = 0x80;

pub fn put(out: &mut Vec<u8>, mut value: u64) {
    while value > SEVEN {
        out.push(low(value) | MORE);
        value >>= 7;
    }
    out.push(low(value));
}

/// Small ones are short, on both sides of zero.
pub fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn low(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

/// Bytes that are read from the front.
#[derive(Clone, Copy)]
pub struct Bytes<'b>(pub &'b [u8]);

impl<'b> Bytes<'b> {
    #[inline]
    pub fn number(&mut self) -> Option<u64> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        if first < MORE {
            return Some(first.into());
        }
        let mut value = u64::from(first) & SEVEN;
        let mut shift = 7;
        loop {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= (u64::from(byte) & SEVEN).checked_shl(shift)?;
            if byte < MORE {
                return Some(value);
            }
            shift += 7;
        }
    }

    #[inline]
    pub fn signed(&mut self) -> Option<i64> {
        let value = self.number()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// A number of things, each of which takes a byte at least.
    pub fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= self.0.len())
    }

    pub fn part(&mut self) -> Option<&'b [u8]> {
        let length = self.count()?;
        let (part, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(part)
    }

    pub fn text(&mut self) -> Option<&'b str> {
        str::from_utf8(self.part()?).ok()
    }
}
