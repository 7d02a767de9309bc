//! One message as HEP version 3 says it: a head, then chunks, each with a vendor, a kind and a length
//! ("HEP3 Network Protocol Specification", rev. 37).

use std::net::IpAddr;

use telemetry::{Sighting, Way};

const HEAD: &[u8; 4] = b"HEP3";
/// The vendor of chunks that everybody knows.
const GENERIC: u16 = 0;
const SIP: u8 = 1;
const UDP: u8 = 17;
const TCP: u8 = 6;
/// As Linux numbers families of addresses.
const INET: u8 = 2;
const INET6: u8 = 10;

/// The kinds of chunks.
mod kind {
    pub const FAMILY: u16 = 0x0001;
    pub const PROTOCOL: u16 = 0x0002;
    pub const FROM_V4: u16 = 0x0003;
    pub const TO_V4: u16 = 0x0004;
    pub const FROM_V6: u16 = 0x0005;
    pub const TO_V6: u16 = 0x0006;
    pub const FROM_PORT: u16 = 0x0007;
    pub const TO_PORT: u16 = 0x0008;
    pub const SECONDS: u16 = 0x0009;
    pub const MICROSECONDS: u16 = 0x000a;
    pub const CAPTURED: u16 = 0x000b;
    pub const AGENT: u16 = 0x000c;
    pub const KEY: u16 = 0x000e;
    pub const PAYLOAD: u16 = 0x000f;
    pub const CORRELATION: u16 = 0x0011;
}

/// Who sends, and what the message belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'e> {
    pub agent: u32,
    pub key: Option<&'e str>,
    pub correlation: &'e str,
}

/// The message is longer than a length of HEP can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Writes a packet behind what is there; leaves that as it was where it cannot.
pub fn write(envelope: Envelope<'_>, message: &Sighting, out: &mut Vec<u8>) -> Result<(), TooLong> {
    let begins = out.len();
    let written = chunks(envelope, message, out).and_then(|()| {
        let length = u16::try_from(out.len() - begins).map_err(|_| TooLong)?;
        out[begins + HEAD.len()..begins + HEAD.len() + 2].copy_from_slice(&length.to_be_bytes());
        Ok(())
    });
    written.inspect_err(|_| out.truncate(begins))
}

fn chunks(envelope: Envelope<'_>, message: &Sighting, out: &mut Vec<u8>) -> Result<(), TooLong> {
    out.extend_from_slice(HEAD);
    out.extend_from_slice(&[0; 2]);
    let (from, to) = match message.way {
        Way::Received => (message.remote, message.local),
        Way::Sent => (message.local, message.remote),
    };
    let protocol = if message.transport == "udp" { UDP } else { TCP };
    let [(from_kind, from_octets), (to_kind, to_octets), (_, family)] =
        match (from.ip().to_canonical(), to.ip().to_canonical()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => [
                (kind::FROM_V4, from.octets().to_vec()),
                (kind::TO_V4, to.octets().to_vec()),
                (kind::FAMILY, vec![INET]),
            ],
            (from, to) => [(kind::FROM_V6, six(from)), (kind::TO_V6, six(to)), (kind::FAMILY, vec![INET6])],
        };
    chunk(out, kind::FAMILY, &family)?;
    chunk(out, kind::PROTOCOL, &[protocol])?;
    chunk(out, from_kind, &from_octets)?;
    chunk(out, to_kind, &to_octets)?;
    chunk(out, kind::FROM_PORT, &from.port().to_be_bytes())?;
    chunk(out, kind::TO_PORT, &to.port().to_be_bytes())?;
    let seconds = u32::try_from(message.at_us.div_euclid(1_000_000)).unwrap_or(u32::MAX);
    let rest = u32::try_from(message.at_us.rem_euclid(1_000_000)).unwrap_or(0);
    chunk(out, kind::SECONDS, &seconds.to_be_bytes())?;
    chunk(out, kind::MICROSECONDS, &rest.to_be_bytes())?;
    chunk(out, kind::CAPTURED, &[SIP])?;
    chunk(out, kind::AGENT, &envelope.agent.to_be_bytes())?;
    if let Some(key) = envelope.key {
        chunk(out, kind::KEY, key.as_bytes())?;
    }
    chunk(out, kind::CORRELATION, envelope.correlation.as_bytes())?;
    chunk(out, kind::PAYLOAD, message.text.as_bytes())
}

fn six(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(four) => four.to_ipv6_mapped().octets().to_vec(),
        IpAddr::V6(six) => six.octets().to_vec(),
    }
}

fn chunk(out: &mut Vec<u8>, kind: u16, says: &[u8]) -> Result<(), TooLong> {
    let length = u16::try_from(says.len() + 6).map_err(|_| TooLong)?;
    out.extend_from_slice(&GENERIC.to_be_bytes());
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(says);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn seen(local: &str, remote: &str, text: &str) -> Sighting {
        let address = |text: &str| text.parse::<SocketAddr>().expect("the test says an address");
        Sighting {
            at_us: 1_313_440_459_120_000,
            way: Way::Received,
            transport: "udp".into(),
            local: address(local),
            remote: address(remote),
            text: text.into(),
        }
    }

    const PLAIN: Envelope<'static> = Envelope { agent: 228, key: None, correlation: "c" };

    #[test]
    fn a_packet_is_as_the_example_of_the_specification_and_names_its_call() {
        let mut out = Vec::new();
        let message = seen("82.116.0.211:5060", "212.202.0.1:12010", "INVITE sip:bob");

        write(PLAIN, &message, &mut out).expect("it is short");

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
        write(PLAIN, &seen("[2001:db8::1]:5060", "[2001:db8::2]:5060", "x"), &mut six).expect("short");
        write(PLAIN, &seen("[::ffff:192.0.2.1]:5060", "192.0.2.2:5060", "x"), &mut four).expect("short");

        assert_eq!(&six[6..13], [0, 0, 0, 1, 0, 7, 10]);
        assert_eq!(&six[20..26], [0, 0, 0, 5, 0, 22]);
        assert_eq!(&four[6..13], [0, 0, 0, 1, 0, 7, 2]);
        assert_eq!(&four[20..30], [0, 0, 0, 3, 0, 10, 192, 0, 2, 2]);
    }

    #[test]
    fn what_is_longer_than_its_length_can_say_leaves_no_trace() {
        let mut out = b"before".to_vec();
        for length in [65_400, 70_000] {
            let message = seen("192.0.2.1:5060", "192.0.2.2:5060", &"x".repeat(length));
            let long = Envelope { correlation: &"c".repeat(200), ..PLAIN };
            assert_eq!(write(long, &message, &mut out), Err(TooLong));
            assert_eq!(out, b"before");
        }
    }
}
