//! A frame: how long it is, a sum by which it is known to be whole, its number, its time, its names, and what
//! it is about. All figures have their least byte first.

use std::fs::File;
use std::io;

use super::{Mention, read_most};

/// The length of what follows, and its sum.
const HEAD: usize = 8;
/// A number, a time, and how many names.
const FIXED: usize = 17;
/// No message is longer by far.
const BODY_MAX: usize = 1 << 20;
/// What is read of a frame at once: most are shorter.
const READ: usize = 2_048;
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// A frame as it was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub number: u64,
    /// Microseconds since 1970.
    pub at_us: i64,
    pub payload: Vec<u8>,
}

/// A frame that lies in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'f> {
    pub number: u64,
    pub at_us: i64,
    names: &'f [[u8; 8]],
    payload: &'f [u8],
}

impl<'f> Frame<'f> {
    /// The one that these bytes begin with, if it is whole.
    fn read(bytes: &'f [u8]) -> Option<Frame<'f>> {
        let (length, sum) = head(bytes)?;
        let body = bytes.get(HEAD..HEAD + length)?;
        if sum_of(body) as u32 != sum {
            return None;
        }
        let (number, rest) = body.split_first_chunk()?;
        let (at_us, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first()?;
        let (names, payload) = rest.split_at_checked(usize::from(*count) * 8)?;
        Some(Frame {
            number: u64::from_le_bytes(*number),
            at_us: i64::from_le_bytes(*at_us),
            names: names.as_chunks().0,
            payload,
        })
    }

    /// With its head.
    pub fn length(&self) -> usize {
        HEAD + FIXED + self.names.len() * 8 + self.payload.len()
    }

    pub fn mentions(self, at: u32) -> impl Iterator<Item = Mention> + use<'f> {
        self.names.iter().map(move |name| Mention { name: u64::from_le_bytes(*name), at })
    }
}

/// Writes a frame behind what is there, of which `fill` writes what it is about.
pub(super) fn put(
    out: &mut Vec<u8>,
    (number, at_us): (u64, i64),
    names: &[u64],
    fill: impl FnOnce(&mut Vec<u8>),
) {
    let begins = out.len();
    let count = names.len().min(usize::from(u8::MAX));
    out.extend_from_slice(&[0; HEAD]);
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&at_us.to_le_bytes());
    out.push(count as u8);
    names[..count].iter().for_each(|name| out.extend_from_slice(&name.to_le_bytes()));
    fill(out);
    let body = &out[begins + HEAD..];
    if body.len() > BODY_MAX {
        return out.truncate(begins);
    }
    let (length, sum) = (body.len() as u32, sum_of(body) as u32);
    out[begins..begins + 4].copy_from_slice(&length.to_le_bytes());
    out[begins + 4..begins + HEAD].copy_from_slice(&sum.to_le_bytes());
}

/// The whole frames of a reel, and where each begins. One that is hurt is passed over, as long as it says how
/// long it is.
pub(super) fn each(bytes: &[u8]) -> impl Iterator<Item = (u32, Frame<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let begins = at;
            let (length, _) = head(bytes.get(at..)?)?;
            at += HEAD + length;
            if let Some(frame) = Frame::read(&bytes[begins..]) {
                return Some((begins as u32, frame));
            }
        }
    })
}

/// The frame that begins at a place of a file; nothing, if there is no whole one.
pub(super) fn read_at(file: &File, at: u64) -> io::Result<Option<Kept>> {
    let mut bytes = vec![0; READ];
    let known = read_most(file, &mut bytes, at)?;
    let Some((length, _)) = head(&bytes[..known]) else { return Ok(None) };
    bytes.resize(HEAD + length, 0);
    if HEAD + length > known {
        read_most(file, &mut bytes[known..], at + known as u64)?;
    }
    let frame = Frame::read(&bytes);
    Ok(frame.map(|Frame { number, at_us, payload, .. }| Kept { number, at_us, payload: payload.to_vec() }))
}

/// How a name is written: what differs differs here, but for a chance of one in 2⁶⁴.
pub(super) fn name_of(name: &[u8]) -> u64 {
    sum_of(name)
}

/// How long a body is, and its sum.
fn head(bytes: &[u8]) -> Option<(usize, u32)> {
    let (length, rest) = bytes.split_first_chunk()?;
    let sum = rest.first_chunk()?;
    let length = u32::from_le_bytes(*length) as usize;
    (FIXED..=BODY_MAX).contains(&length).then(|| (length, u32::from_le_bytes(*sum)))
}

/// Eight bytes at a time: each step can be undone, so that what differs in one of them differs in the end.
fn sum_of(bytes: &[u8]) -> u64 {
    let mix = |sum: u64, word: u64| {
        let mixed = (sum ^ word).wrapping_mul(MULTIPLIER);
        mixed ^ (mixed >> 29)
    };
    let (words, rest) = bytes.as_chunks();
    let sum = words
        .iter()
        .fold(mix(MULTIPLIER, bytes.len() as u64), |sum, word| mix(sum, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let sum = mix(sum, u64::from_le_bytes(last));
    sum ^ (sum >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(count: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in 0..count {
            let names = [name_of(b"a"), name_of(format!("{number}").as_bytes())];
            put(&mut bytes, (number, number as i64 * 10), &names, |out| {
                out.extend_from_slice(&vec![b'x'; number as usize * 7]);
            });
        }
        bytes
    }

    fn numbers(bytes: &[u8]) -> Vec<u64> {
        each(bytes).map(|(_, frame)| frame.number).collect()
    }

    #[test]
    fn frames_are_read_as_they_were_written() {
        let bytes = frames(20);

        let all: Vec<_> = each(&bytes).collect();

        assert_eq!(numbers(&bytes), (0..20).collect::<Vec<_>>());
        let (at, last) = all[19];
        assert_eq!((last.at_us, last.payload.len()), (190, 19 * 7));
        assert_eq!(at as usize + last.length(), bytes.len());
        let names: Vec<_> = last.mentions(at).map(|one| one.name).collect();
        assert_eq!(names, [name_of(b"a"), name_of(b"19")]);
    }

    #[test]
    fn what_is_cut_off_or_changed_is_no_frame_and_those_around_it_are() {
        let bytes = frames(20);

        for cut in 0..bytes.len() {
            let whole = numbers(&bytes[..cut]);
            assert_eq!(whole, (0..whole.len() as u64).collect::<Vec<_>>());
        }
        let (at, _) = each(&bytes).nth(7).expect("there are twenty");
        for byte in HEAD..HEAD + 20 {
            let mut hurt = bytes.clone();
            hurt[at as usize + byte] ^= 0x10;
            assert_eq!(numbers(&hurt), (0..20).filter(|number| *number != 7).collect::<Vec<_>>());
        }
    }

    #[test]
    fn names_that_differ_little_differ() {
        let all = ["", "a", "b", "a\0", "aaaaaaaa", "aaaaaaaaa", "aaaaaaab", "baaaaaaa"];
        let mut names: Vec<_> = all.iter().map(|name| name_of(name.as_bytes())).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all.len());
    }
}
