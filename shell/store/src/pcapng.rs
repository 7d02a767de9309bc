//! Packets in a capture file: pcapng with raw IP, of whatever crossed by UDP and of what may be shown as if
//! it had. A file is whole after each packet, and more may be written behind it.

use std::net::{IpAddr, SocketAddr};

pub use media::sum_of;

const SECTION: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
const RAW_IP: u16 = 101;
const COMMENT: u16 = 1;
const UDP: u8 = 17;
const UDP_HEAD: usize = 8;
/// A block's kind and length, before and behind its body.
const AROUND: usize = 12;
/// What stands in the body of a packet before its bytes.
const PACKET_HEAD: usize = 20;

/// One datagram as it is to stand in a file.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Microseconds since 1970.
    pub at_us: i64,
    pub from: SocketAddr,
    pub to: SocketAddr,
    /// What is kept of its payload.
    pub payload: &'a [u8],
    /// How long that was, and its sum (RFC 1071).
    pub length: u16,
    pub sum: u16,
    pub comment: &'a str,
}

/// What every file begins with.
pub fn head() -> Vec<u8> {
    let mut file = Vec::new();
    let head = [&0x1A2B_3C4D_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    block(&mut file, SECTION, &head);
    let mut interface = RAW_IP.to_le_bytes().to_vec();
    interface.extend_from_slice(&[0; 6]);
    block(&mut file, INTERFACE, &interface);
    file
}

/// Writes a packet behind the others; one that is too long for IP is left out.
pub fn put(file: &mut Vec<u8>, datagram: &Datagram<'_>) {
    let Some(head) = heads(datagram) else { return };
    let at = datagram.at_us.unsigned_abs();
    let comment = datagram.comment;
    let kept = head.len() + datagram.payload.len();
    let whole = head.len() + usize::from(datagram.length);
    let mut body = Vec::with_capacity(PACKET_HEAD + kept + comment.len() + 16);
    body.extend_from_slice(&0_u32.to_le_bytes());
    body.extend_from_slice(&((at >> 32) as u32).to_le_bytes());
    body.extend_from_slice(&(at as u32).to_le_bytes());
    body.extend_from_slice(&(kept as u32).to_le_bytes());
    body.extend_from_slice(&(whole as u32).to_le_bytes());
    body.extend_from_slice(&head);
    body.extend_from_slice(datagram.payload);
    pad(&mut body);
    if !comment.is_empty() {
        body.extend_from_slice(&COMMENT.to_le_bytes());
        body.extend_from_slice(&(comment.len() as u16).to_le_bytes());
        body.extend_from_slice(comment.as_bytes());
        pad(&mut body);
        body.extend_from_slice(&[0; 4]);
    }
    block(file, PACKET, &body);
}

/// The packets of a file of ours, each with the time that stands in it; what is not whole is left out.
pub fn packets(file: &[u8]) -> impl Iterator<Item = (i64, &[u8])> {
    let mut rest = file;
    std::iter::from_fn(move || {
        loop {
            let (kind, length) = (word(rest, 0)?, word(rest, 4)? as usize);
            let block = rest.get(..length).filter(|_| length >= AROUND)?;
            rest = &rest[length..];
            if kind == PACKET {
                let at = u64::from(word(block, 12)?) << 32 | u64::from(word(block, 16)?);
                return Some((at.cast_signed(), block));
            }
        }
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_le_bytes(*four))
}

fn block(file: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = (AROUND + body.len()) as u32;
    file.extend_from_slice(&kind.to_le_bytes());
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(body);
    file.extend_from_slice(&length.to_le_bytes());
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// IP and UDP before a payload.
fn heads(datagram: &Datagram<'_>) -> Option<Vec<u8>> {
    let Datagram { from, to, length, sum, .. } = *datagram;
    let length = length.checked_add(UDP_HEAD as u16)?;
    let (mut head, addresses) = match (from.ip().to_canonical(), to.ip().to_canonical()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut head = vec![0x45, 0];
            head.extend_from_slice(&length.checked_add(20)?.to_be_bytes());
            head.extend_from_slice(&[0, 0, 0x40, 0, 64, UDP, 0, 0]);
            head.extend_from_slice(&from.octets());
            head.extend_from_slice(&to.octets());
            let sum = !sum_of(&head);
            head[10..12].copy_from_slice(&sum.to_be_bytes());
            (head, 12)
        }
        (from, to) => {
            let six = |ip: IpAddr| match ip {
                IpAddr::V4(v4) => v4.to_ipv6_mapped(),
                IpAddr::V6(v6) => v6,
            };
            let mut head = vec![0x60, 0, 0, 0];
            head.extend_from_slice(&length.to_be_bytes());
            head.extend_from_slice(&[UDP, 64]);
            head.extend_from_slice(&six(from).octets());
            head.extend_from_slice(&six(to).octets());
            (head, 8)
        }
    };
    // What UDP sums up: the addresses, its kind and length, its head, and the payload (RFC 768).
    let ports = [from.port().to_be_bytes(), to.port().to_be_bytes(), length.to_be_bytes()].concat();
    let kind = [0, UDP];
    let about = [&head[addresses..], &kind, &length.to_be_bytes(), &ports, &sum.to_be_bytes()].concat();
    let sum = match !sum_of(&about) {
        // Zero would say that there is none.
        0 => 0xffff,
        sum => sum,
    };
    head.extend_from_slice(&ports);
    head.extend_from_slice(&sum.to_be_bytes());
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(payload: &[u8]) -> Datagram<'_> {
        Datagram {
            at_us: 1_700_000_000_123_456,
            from: "192.0.2.1:4000".parse().expect("an address"),
            to: "198.51.100.9:6000".parse().expect("an address"),
            payload,
            length: payload.len() as u16,
            sum: sum_of(payload),
            comment: "",
        }
    }

    #[test]
    fn what_was_written_is_read_and_what_is_cut_off_is_left_out() {
        let mut file = head();
        put(&mut file, &datagram(b"one"));
        put(&mut file, &Datagram { comment: "said", at_us: 7, ..datagram(b"another") });
        let whole: Vec<i64> = packets(&file).map(|(at, _)| at).collect();
        let cut: Vec<i64> = packets(&file[..file.len() - 1]).map(|(at, _)| at).collect();

        assert_eq!(whole, [1_700_000_000_123_456, 7]);
        assert_eq!(cut, whole[..1]);
    }

    /// With what stands in its place, the sum over all that UDP sums up is that of nothing amiss.
    #[test]
    fn sums_are_those_that_receivers_compute() {
        let four = datagram(b"odd");
        let six = |text: &str| text.parse().expect("an address");
        for one in [four, Datagram { from: six("[2001:db8::1]:5004"), to: six("[2001:db8::2]:5006"), ..four }]
        {
            let head = heads(&one).expect("it fits");
            let (ip, udp) = head.split_at(head.len() - UDP_HEAD);
            let addresses = if ip.len() == 20 { &ip[12..] } else { &ip[8..] };
            let pseudo = [addresses, &[0, UDP], &udp[4..6]].concat();

            assert_eq!(sum_of(&[&pseudo, udp, b"odd"].concat()), 0xffff);
            assert!(ip.len() == 40 || sum_of(ip) == 0xffff);
        }
    }
}
