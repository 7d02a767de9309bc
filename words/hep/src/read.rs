//! Bytes become a packet. They come from anybody: what does not hold is refused, and nothing is believed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::packet::Packet;
use crate::{CHUNK_HEAD, GENERIC, HEAD, HEAD_LENGTH, kind};

/// Why bytes are no packet that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// They do not begin as HEP version 3 does.
    NotHep,
    /// A length does not fit what is there, or a chunk its kind.
    Broken,
    /// A chunk stands there twice: which of both holds?
    Twice,
    /// The message is compressed.
    Compressed,
    /// Where the message came from or went to is not said.
    NoAddress,
    NoPayload,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::NotHep => "it is not HEP version 3",
            Fault::Broken => "a length does not fit",
            Fault::Twice => "a chunk stands there twice",
            Fault::Compressed => "its message is compressed",
            Fault::NoAddress => "an address is missing",
            Fault::NoPayload => "there is no message in it",
        })
    }
}

/// How long the packet is that a stream begins with; nothing, before enough of it is there.
pub fn length_of(stream: &[u8]) -> Result<Option<usize>, Fault> {
    if !stream.iter().zip(HEAD).all(|(is, wanted)| is == wanted) {
        return Err(Fault::NotHep);
    }
    let Some(length) = stream.get(HEAD.len()..HEAD_LENGTH) else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    if length < HEAD_LENGTH { Err(Fault::Broken) } else { Ok(Some(length)) }
}

/// Reads one packet; what stands behind it is none of it.
pub fn read(bytes: &[u8]) -> Result<Packet<'_>, Fault> {
    let length = length_of(bytes)?.ok_or(Fault::Broken)?;
    let mut rest = bytes.get(HEAD_LENGTH..length).ok_or(Fault::Broken)?;
    let mut chunks = Chunks::default();
    while !rest.is_empty() {
        let head = rest.get(..CHUNK_HEAD).ok_or(Fault::Broken)?;
        let two = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        let (vendor, kind, length) = (two(0), two(2), usize::from(two(4)));
        let says = rest.get(CHUNK_HEAD..length).ok_or(Fault::Broken)?;
        rest = &rest[length..];
        if vendor == GENERIC {
            chunks.take(kind, says)?;
        }
    }
    chunks.packet()
}

/// What the chunks said that are of use.
#[derive(Default)]
struct Chunks<'p> {
    said: [Option<&'p [u8]>; kind::CORRELATION as usize + 1],
}

impl<'p> Chunks<'p> {
    fn take(&mut self, kind: u16, says: &'p [u8]) -> Result<(), Fault> {
        // What nobody knew when this was written stands there for others.
        let Some(place) = self.said.get_mut(usize::from(kind)) else { return Ok(()) };
        match place.replace(says) {
            Some(_) => Err(Fault::Twice),
            None => Ok(()),
        }
    }

    fn packet(&self) -> Result<Packet<'p>, Fault> {
        if self.of(kind::COMPRESSED).is_some() {
            return Err(Fault::Compressed);
        }
        let (from, to) = self.addresses()?;
        let one = |kind| self.exactly::<1>(kind).map(|byte| byte.map_or(0, |[byte]| byte));
        Ok(Packet {
            from,
            to,
            protocol: one(kind::PROTOCOL)?,
            at_us: self.at_us()?,
            captured: one(kind::CAPTURED)?,
            agent: self.exactly(kind::AGENT)?.map(u32::from_be_bytes),
            key: self.of(kind::KEY),
            correlation: self.of(kind::CORRELATION),
            payload: self.of(kind::PAYLOAD).filter(|text| !text.is_empty()).ok_or(Fault::NoPayload)?,
        })
    }

    fn of(&self, kind: u16) -> Option<&'p [u8]> {
        self.said.get(usize::from(kind)).copied().flatten()
    }

    /// The bytes of a chunk whose length is known.
    fn exactly<const LENGTH: usize>(&self, kind: u16) -> Result<Option<[u8; LENGTH]>, Fault> {
        self.of(kind).map(|says| says.try_into().map_err(|_| Fault::Broken)).transpose()
    }

    fn at_us(&self) -> Result<Option<i64>, Fault> {
        let seconds = self.exactly(kind::SECONDS)?.map(u32::from_be_bytes);
        let rest = self.exactly(kind::MICROSECONDS)?.map_or(0, u32::from_be_bytes);
        // A part of a second is less than a second, whoever says what.
        let rest = i64::from(rest.min(999_999));
        Ok(seconds.map(|seconds| i64::from(seconds) * 1_000_000 + rest))
    }

    /// Families are numbered differently by different systems: the chunks that are there say which it is.
    fn addresses(&self) -> Result<(SocketAddr, SocketAddr), Fault> {
        let four = |kind| Ok(self.exactly::<4>(kind)?.map(|octets| IpAddr::from(Ipv4Addr::from(octets))));
        let six = |kind| Ok(self.exactly::<16>(kind)?.map(|octets| IpAddr::from(Ipv6Addr::from(octets))));
        let port = |kind| Ok(self.exactly(kind)?.map_or(0, u16::from_be_bytes));
        let (from, to) = match (four(kind::FROM_V4)?, four(kind::TO_V4)?) {
            (Some(from), Some(to)) => (from, to),
            _ => (six(kind::FROM_V6)?.ok_or(Fault::NoAddress)?, six(kind::TO_V6)?.ok_or(Fault::NoAddress)?),
        };
        let (from, to) = (from.to_canonical(), to.to_canonical());
        Ok((SocketAddr::new(from, port(kind::FROM_PORT)?), SocketAddr::new(to, port(kind::TO_PORT)?)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::packet::{SIP, TCP, UDP};
    use crate::write;

    fn packet() -> Packet<'static> {
        Packet {
            from: ([192, 0, 2, 1], 5060).into(),
            to: ([192, 0, 2, 2], 5070).into(),
            protocol: UDP,
            at_us: Some(1_313_440_459_120_001),
            captured: SIP,
            agent: Some(228),
            key: Some(b"0pen"),
            correlation: Some(b"7@pbx"),
            payload: b"OPTIONS sip:a@b SIP/2.0\r\n\r\n",
        }
    }

    fn written(packet: &Packet<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        write(packet, &mut out).unwrap();
        out
    }

    /// The packet with one chunk more, and its length set right.
    fn with(mut bytes: Vec<u8>, vendor: u16, kind: u16, says: &[u8]) -> Vec<u8> {
        for number in [vendor, kind, 6 + says.len() as u16] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(says);
        let length = (bytes.len() as u16).to_be_bytes();
        bytes[4..6].copy_from_slice(&length);
        bytes
    }

    #[test]
    fn what_was_written_is_read() {
        let four = packet();
        let six = Packet {
            from: "[2001:db8::1]:5060".parse().unwrap(),
            to: "[2001:db8::2]:0".parse().unwrap(),
            protocol: TCP,
            at_us: None,
            agent: None,
            key: None,
            correlation: None,
            ..four
        };

        for packet in [four, six] {
            assert_eq!(read(&written(&packet)), Ok(packet));
        }
    }

    #[test]
    fn chunks_of_a_vendor_and_those_of_later_days_are_passed_over() {
        let strange = with(with(written(&packet()), 3, 0x0f, b"no payload"), 0, 0x20, b"?");

        assert_eq!(read(&strange), Ok(packet()));
    }

    #[test]
    fn a_compressed_message_and_one_that_stands_there_twice_are_refused() {
        let bare = Packet { payload: b"", ..packet() };

        assert_eq!(read(&with(written(&packet()), 0, 0x10, b"x\x9c")), Err(Fault::Compressed));
        assert_eq!(read(&with(written(&packet()), 0, 0x0e, b"another key")), Err(Fault::Twice));
        assert_eq!(read(&written(&bare)), Err(Fault::NoPayload));
    }

    #[test]
    fn what_has_no_addresses_or_a_length_that_cannot_be_is_refused() {
        let head = |rest: &[u8]| {
            let mut bytes = b"HEP3\0\0".to_vec();
            bytes.extend_from_slice(rest);
            bytes[5] = bytes.len() as u8;
            bytes
        };
        assert_eq!(read(&head(b"")), Err(Fault::NoAddress));
        assert_eq!(read(&head(&[0, 0, 0, 15, 0, 7, b'x'])), Err(Fault::NoAddress));
        for broken in [&[0, 0, 0, 15, 0, 5][..], &[0, 0, 0, 15, 0, 8, 1], &[0, 0, 0, 15, 0], &[0; 6]] {
            assert_eq!(read(&head(broken)), Err(Fault::Broken), "{broken:?}");
        }
        assert_eq!(read(&with(written(&packet()), 0, 0x01, &[2])), Err(Fault::Twice));
        assert_eq!(read(b"HEP3\0\x05"), Err(Fault::Broken));
        assert_eq!(read(b"HEP2\0\x05"), Err(Fault::NotHep));
        assert_eq!(read(b"HEP3"), Err(Fault::Broken));
    }

    #[test]
    fn a_stream_says_how_long_its_next_packet_is_once_that_can_be_known() {
        let bytes = written(&packet());

        assert_eq!(length_of(&bytes[..5]), Ok(None));
        assert_eq!(length_of(&bytes[..6]), Ok(Some(bytes.len())));
        assert_eq!(length_of(b""), Ok(None));
        assert_eq!(length_of(b"HEX"), Err(Fault::NotHep));
        assert_eq!(length_of(b"HEP3\0\0"), Err(Fault::Broken));
    }

    #[test]
    fn no_part_of_a_second_is_longer_than_one() {
        let mut bytes = written(&packet());
        let at = bytes.windows(6).position(|head| head == [0, 0, 0, 10, 0, 10]).unwrap() + 6;
        bytes[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());

        assert_eq!(read(&bytes).unwrap().at_us, Some(1_313_440_459_999_999));
    }

    proptest! {
        #[test]
        fn nothing_that_anybody_sends_does_harm(
            mut bytes in proptest::collection::vec(any::<u8>(), 0..400),
            changed in proptest::collection::vec((0..300_usize, any::<u8>()), 0..6),
        ) {
            let _ = (read(&bytes), length_of(&bytes));
            bytes.splice(0..0, *b"HEP3\x01\x00");
            let _ = read(&bytes);
            let mut near = written(&packet());
            for (at, byte) in changed {
                let at = at % near.len();
                near[at] = byte;
            }
            if let Ok(packet) = read(&near) {
                prop_assert!(packet.payload.len() < near.len());
            }
        }
    }
}
