//! A message as it is written down, to be read again by a later process: what is known of it, each figure
//! with its least byte first, and its text without secrets.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

use crate::flight::{Seen, Sighting, Way};
use crate::mask::mask;

const RECEIVED: u8 = 0;
const SENT: u8 = 1;
const V4: u8 = 4;
const V6: u8 = 6;

impl Seen<'_> {
    /// Writes it behind what is there, without its secrets, and without its time.
    pub fn write(&self, out: &mut Vec<u8>) {
        let Seen { way, transport, local, remote, bytes, .. } = *self;
        out.push(if way == Way::Received { RECEIVED } else { SENT });
        out.push(transport.len() as u8);
        out.extend_from_slice(transport.as_bytes());
        put_address(out, local);
        put_address(out, remote);
        let begins = out.len();
        out.extend_from_slice(bytes);
        mask(&mut out[begins..]);
    }
}

impl Sighting {
    /// What was written of a message that was seen then; nothing, if it was something else.
    pub fn read(at_us: i64, written: &[u8]) -> Option<Sighting> {
        let (way, rest) = written.split_first()?;
        let way = match *way {
            RECEIVED => Way::Received,
            SENT => Way::Sent,
            _ => return None,
        };
        let (length, rest) = rest.split_first()?;
        let (transport, mut rest) = rest.split_at_checked(usize::from(*length))?;
        let transport = str::from_utf8(transport).ok()?.to_owned();
        let (local, remote) = (read_address(&mut rest)?, read_address(&mut rest)?);
        let text = String::from_utf8_lossy(rest).into_owned();
        Some(Sighting { at_us, way, transport, local, remote, text })
    }
}

fn put_address(out: &mut Vec<u8>, address: SocketAddr) {
    match address {
        SocketAddr::V4(address) => {
            out.push(V4);
            out.extend_from_slice(&address.ip().octets());
        }
        SocketAddr::V6(address) => {
            out.push(V6);
            out.extend_from_slice(&address.ip().octets());
            out.extend_from_slice(&address.scope_id().to_le_bytes());
        }
    }
    out.extend_from_slice(&address.port().to_le_bytes());
}

fn read_address(from: &mut &[u8]) -> Option<SocketAddr> {
    let (kind, mut rest) = from.split_first()?;
    let address = match *kind {
        V4 => {
            let ip = IpAddr::from(take::<4>(&mut rest)?);
            SocketAddr::new(ip, u16::from_le_bytes(take(&mut rest)?))
        }
        V6 => {
            let (ip, scope) = (Ipv6Addr::from(take(&mut rest)?), u32::from_le_bytes(take(&mut rest)?));
            SocketAddrV6::new(ip, u16::from_le_bytes(take(&mut rest)?), 0, scope).into()
        }
        _ => return None,
    };
    *from = rest;
    Some(address)
}

fn take<const LENGTH: usize>(from: &mut &[u8]) -> Option<[u8; LENGTH]> {
    let (taken, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "REGISTER sip:b SIP/2.0\r\nCall-ID: 7@x\r\n\
                        Authorization: Digest username=\"hana\", response=\"5ec2e7\"\r\n\r\n";

    fn seen(address: &str) -> Seen<'static> {
        let local = address.parse().expect("it is an address");
        let remote = SocketAddr::from(([192, 0, 2, 7], 5061));
        Seen { at_us: 17, way: Way::Sent, transport: "tls", local, remote, bytes: TEXT.as_bytes() }
    }

    #[test]
    fn a_message_is_read_as_it_was_seen_but_for_its_secrets() {
        for address in ["192.0.2.1:5060", "[2001:db8::1]:5060", "[fe80::1%3]:5060"] {
            let mut written = b"before".to_vec();
            seen(address).write(&mut written);

            let read = Sighting::read(17, &written[6..]).expect("it was written so");

            assert_eq!((read.local.to_string().as_str(), read.remote.port()), (address, 5061));
            assert_eq!((read.way, &*read.transport, read.at_us), (Way::Sent, "tls", 17));
            assert_eq!(read.text, TEXT.replace("5ec2e7", "******"));
            assert!(!String::from_utf8_lossy(&written).contains("5ec2e7"));
        }
    }

    #[test]
    fn what_was_not_written_so_is_no_message() {
        let mut written = Vec::new();
        seen("[2001:db8::1]:5060").write(&mut written);
        let head = written.len() - TEXT.len();

        for length in 0..head {
            assert_eq!(Sighting::read(0, &written[..length]), None, "{length}");
        }
        assert!(Sighting::read(0, &written[..head]).is_some_and(|read| read.text.is_empty()));
        assert_eq!(Sighting::read(0, &[7; 64]), None);
    }
}
