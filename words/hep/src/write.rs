//! A packet becomes bytes.

use std::net::{IpAddr, SocketAddr};

use crate::packet::Packet;
use crate::{CHUNK_HEAD, GENERIC, HEAD, HEAD_LENGTH, kind};

/// As Linux numbers families of addresses.
const INET: u8 = 2;
const INET6: u8 = 10;

/// The message is longer than a length of HEP can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Writes a packet behind what is there; leaves that as it was where it cannot.
pub fn write(packet: &Packet<'_>, out: &mut Vec<u8>) -> Result<(), TooLong> {
    let begins = out.len();
    let written = chunks(packet, out).and_then(|()| {
        let length = u16::try_from(out.len() - begins).map_err(|_| TooLong)?;
        out[begins + HEAD.len()..begins + HEAD_LENGTH].copy_from_slice(&length.to_be_bytes());
        Ok(())
    });
    written.inspect_err(|_| out.truncate(begins))
}

fn chunks(packet: &Packet<'_>, out: &mut Vec<u8>) -> Result<(), TooLong> {
    out.extend_from_slice(HEAD);
    out.extend_from_slice(&[0; HEAD_LENGTH - HEAD.len()]);
    addresses(packet, out)?;
    if let Some(at_us) = packet.at_us {
        let seconds = u32::try_from(at_us.div_euclid(1_000_000)).unwrap_or(u32::MAX);
        let rest = u32::try_from(at_us.rem_euclid(1_000_000)).unwrap_or(0);
        chunk(out, kind::SECONDS, &seconds.to_be_bytes())?;
        chunk(out, kind::MICROSECONDS, &rest.to_be_bytes())?;
    }
    chunk(out, kind::CAPTURED, &[packet.captured])?;
    if let Some(agent) = packet.agent {
        chunk(out, kind::AGENT, &agent.to_be_bytes())?;
    }
    if let Some(key) = packet.key {
        chunk(out, kind::KEY, key)?;
    }
    if let Some(correlation) = packet.correlation {
        chunk(out, kind::CORRELATION, correlation)?;
    }
    chunk(out, kind::PAYLOAD, packet.payload)
}

fn addresses(packet: &Packet<'_>, out: &mut Vec<u8>) -> Result<(), TooLong> {
    let Packet { from, to, protocol, .. } = *packet;
    let [(from_kind, from_octets), (to_kind, to_octets), (_, family)] = ends(from, to);
    chunk(out, kind::FAMILY, &family)?;
    chunk(out, kind::PROTOCOL, &[protocol])?;
    chunk(out, from_kind, &from_octets)?;
    chunk(out, to_kind, &to_octets)?;
    chunk(out, kind::FROM_PORT, &from.port().to_be_bytes())?;
    chunk(out, kind::TO_PORT, &to.port().to_be_bytes())
}

/// The chunks of both addresses, and of their family.
fn ends(from: SocketAddr, to: SocketAddr) -> [(u16, Vec<u8>); 3] {
    match (from.ip().to_canonical(), to.ip().to_canonical()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => [
            (kind::FROM_V4, from.octets().to_vec()),
            (kind::TO_V4, to.octets().to_vec()),
            (kind::FAMILY, vec![INET]),
        ],
        (from, to) => [(kind::FROM_V6, six(from)), (kind::TO_V6, six(to)), (kind::FAMILY, vec![INET6])],
    }
}

fn six(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(four) => four.to_ipv6_mapped().octets().to_vec(),
        IpAddr::V6(six) => six.octets().to_vec(),
    }
}

fn chunk(out: &mut Vec<u8>, kind: u16, says: &[u8]) -> Result<(), TooLong> {
    let length = u16::try_from(says.len() + CHUNK_HEAD).map_err(|_| TooLong)?;
    out.extend_from_slice(&GENERIC.to_be_bytes());
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(says);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{SIP, UDP};

    fn packet<'p>(from: &str, to: &str, text: &'p str) -> Packet<'p> {
        let address = |text: &str| text.parse::<SocketAddr>().expect("the test says an address");
        Packet {
            from: address(from),
            to: address(to),
            protocol: UDP,
            at_us: Some(1_313_440_459_120_000),
            captured: SIP,
            agent: Some(228),
            key: None,
            correlation: Some(b"c"),
            payload: text.as_bytes(),
        }
    }

    #[test]
    fn a_packet_is_as_the_example_of_the_specification_and_names_its_call() {
        let mut out = Vec::new();

        let message = packet("212.202.0.1:12010", "82.116.0.211:5060", "INVITE sip:bob");
        write(&message, &mut out).expect("it is short");

        // The example of the specification, and a correlation id before the payload.
        let expected = "484550330078\
                        00000001000702\
                        00000002000711\
                        00000003000ad4ca0001\
                        00000004000a527400d3\
                        0000000700082eea\
                        00000008000813c4\
                        00000009000a4e4982cb\
                        0000000a000a0001d4c0\
                        0000000b000701\
                        0000000c000a000000e4\
                        00000011000763\
                        0000000f0014494e56495445207369703a626f62";
        assert_eq!(out.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), expected);
    }

    #[test]
    fn addresses_of_ipv6_have_chunks_of_their_own_and_mapped_ones_are_ipv4() {
        let (mut six, mut four) = (Vec::new(), Vec::new());
        write(&packet("[2001:db8::1]:5060", "[2001:db8::2]:5060", "x"), &mut six).expect("short");
        write(&packet("192.0.2.2:5060", "[::ffff:192.0.2.1]:5060", "x"), &mut four).expect("short");

        assert_eq!(&six[6..13], [0, 0, 0, 1, 0, 7, 10]);
        assert_eq!(&six[20..26], [0, 0, 0, 5, 0, 22]);
        assert_eq!(&four[6..13], [0, 0, 0, 1, 0, 7, 2]);
        assert_eq!(&four[20..30], [0, 0, 0, 3, 0, 10, 192, 0, 2, 2]);
    }

    #[test]
    fn what_is_longer_than_its_length_can_say_leaves_no_trace() {
        let mut out = b"before".to_vec();
        for length in [65_400, 70_000] {
            let (text, long) = ("x".repeat(length), "c".repeat(200));
            let message = packet("192.0.2.1:5060", "192.0.2.2:5060", &text);
            let message = Packet { correlation: Some(long.as_bytes()), ..message };
            assert_eq!(write(&message, &mut out), Err(TooLong));
            assert_eq!(out, b"before");
        }
    }
}
