//! A phone that registers again and again, each time somewhere else, and writes down what it was granted.

use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::far::{Book, Far, header, heard};

pub const USER: &str = "hana";
pub const PASSWORD: &str = "faults";
const EVERY: Duration = Duration::from_millis(25);
/// What was not answered is said again.
const PATIENCE: Duration = Duration::from_millis(700);

/// The contact of the n-th registration; the one before it is taken back.
pub fn contact(number: u64) -> String {
    format!("sip:k{number}k@127.0.0.1:5099")
}

pub fn phone(far: &mut Far, socket: UdpSocket, house: SocketAddr, first: u64, granted: Book<u64>) {
    let here = socket.local_addr().expect("it is bound");
    let (mut number, mut sequence, mut proof) = (first, 1_u64, String::new());
    far.again(move || {
        let (now, before) = (contact(number), contact(number.saturating_sub(1)));
        sequence += 1;
        let request = format!(
            "REGISTER sip:{house} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bKr{number}x{sequence}\r\n\
Max-Forwards: 70\r\nFrom: <sip:{USER}@{house}>;tag=p{sequence}\r\nTo: <sip:{USER}@{house}>\r\n\
Call-ID: register-{first}@far\r\nCSeq: {sequence} REGISTER\r\n\
Contact: <{now}>;expires=3600, <{before}>;expires=0\r\n{proof}Content-Length: 0\r\n\r\n"
        );
        let asked = Instant::now();
        let _ = socket.send_to(request.as_bytes(), house);
        let until = asked + PATIENCE;
        while Instant::now() < until {
            let Some((answer, _)) = heard(&socket) else { continue };
            if header(&answer, "CSeq") != format!("{sequence} REGISTER") {
                continue;
            }
            if answer.starts_with("SIP/2.0 401 ") {
                proof = proven(header(&answer, "WWW-Authenticate"), &format!("sip:{house}"));
            } else if answer.starts_with("SIP/2.0 200 ") {
                granted.write(number, asked);
                number += 1;
                proof = String::new();
                thread::sleep(EVERY);
            }
            return;
        }
    });
}

/// An answer to a challenge with SHA-256 (RFC 7616).
fn proven(challenge: &str, uri: &str) -> String {
    let value = |name: &str| {
        let rest = challenge.split(&format!("{name}=\"")).nth(1).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    let (realm, nonce) = (value("realm"), value("nonce"));
    let secret = hex(&format!("{USER}:{realm}:{PASSWORD}"));
    let asked = hex(&format!("REGISTER:{uri}"));
    let response = hex(&format!("{secret}:{nonce}:00000001:c:auth:{asked}"));
    format!(
        "Authorization: Digest username=\"{USER}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", \
algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"c\", response=\"{response}\"\r\n"
    )
}

fn hex(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
