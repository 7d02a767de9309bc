//! A call's messages as a capture file: pcapng with raw IP. What came by TCP or TLS stands in it decrypted,
//! as datagrams, so that any reader shows it.

use std::net::{IpAddr, SocketAddr};

use telemetry::{Sighting, Way};

const SECTION: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
const RAW_IP: u16 = 101;
const COMMENT: u16 = 1;
const UDP: u8 = 17;
const UDP_HEAD: usize = 8;

/// The capture of some messages, and of what is to be said of each.
pub fn capture(messages: &[(Sighting, Option<String>)]) -> Vec<u8> {
    let mut file = Vec::new();
    let head = [&0x1A2B_3C4D_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    block(&mut file, SECTION, &head);
    let mut interface = RAW_IP.to_le_bytes().to_vec();
    interface.extend_from_slice(&[0; 6]);
    block(&mut file, INTERFACE, &interface);
    messages.iter().for_each(|(message, says)| packet(&mut file, message, says.as_deref()));
    file
}

fn packet(file: &mut Vec<u8>, message: &Sighting, says: Option<&str>) {
    let (from, to) = match message.way {
        Way::Received => (message.remote, message.local),
        Way::Sent => (message.local, message.remote),
    };
    let Some(bytes) = datagram(from, to, message.text.as_bytes()) else { return };
    let at = message.at_us.unsigned_abs();
    let mut body = Vec::with_capacity(bytes.len() + 64);
    body.extend_from_slice(&0_u32.to_le_bytes());
    body.extend_from_slice(&((at >> 32) as u32).to_le_bytes());
    body.extend_from_slice(&(at as u32).to_le_bytes());
    let length = (bytes.len() as u32).to_le_bytes();
    body.extend_from_slice(&length);
    body.extend_from_slice(&length);
    body.extend_from_slice(&bytes);
    pad(&mut body);
    let came = (message.transport != "udp").then(|| format!("came by {}", message.transport));
    let comment: Vec<&str> = came.as_deref().into_iter().chain(says).collect();
    if !comment.is_empty() {
        let comment = comment.join("; ");
        body.extend_from_slice(&COMMENT.to_le_bytes());
        body.extend_from_slice(&(comment.len() as u16).to_le_bytes());
        body.extend_from_slice(comment.as_bytes());
        pad(&mut body);
        body.extend_from_slice(&[0; 4]);
    }
    block(file, PACKET, &body);
}

fn block(file: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = (12 + body.len()) as u32;
    file.extend_from_slice(&kind.to_le_bytes());
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(body);
    file.extend_from_slice(&length.to_le_bytes());
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// IP and UDP around a message; nothing where it is too long for that.
fn datagram(from: SocketAddr, to: SocketAddr, text: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(UDP_HEAD + text.len()).ok()?;
    let mut bytes = match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut head = vec![0x45, 0];
            head.extend_from_slice(&length.checked_add(20)?.to_be_bytes());
            head.extend_from_slice(&[0, 0, 0x40, 0, 64, UDP, 0, 0]);
            head.extend_from_slice(&from.octets());
            head.extend_from_slice(&to.octets());
            let sum = checksum(&head);
            head[10..12].copy_from_slice(&sum.to_be_bytes());
            head
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
            head
        }
    };
    bytes.extend_from_slice(&from.port().to_be_bytes());
    bytes.extend_from_slice(&to.port().to_be_bytes());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes.extend_from_slice(text);
    Some(bytes)
}

fn checksum(head: &[u8]) -> u16 {
    let words = head.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
