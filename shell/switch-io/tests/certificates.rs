#![allow(clippy::unwrap_used)]
//! Certificates that are renewed while sessions live.

mod house;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use house::{Certificates, House, Wish, free, options};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use sip_stack::Transport;
use switch_io::Renewed;

type Session = StreamOwned<ClientConnection, TcpStream>;

/// Whoever is connected goes on; who comes is shown the new one; nothing but what was renewed changes.
#[test]
fn d8_a_renewed_certificate_drops_no_connection() {
    let certificates = Certificates::of("renewed", &["house.test"]);
    let house = sealed_house(&certificates);
    let tls = house.tls.clone().unwrap();
    let mut sessions: Vec<Session> = Vec::new();
    for round in 0..10 {
        sessions.extend((0..10).map(|_| connect(house.listeners[0], &certificates)));
        sessions.iter_mut().for_each(|session| assert!(is_answered(session)));

        certificates.renew();

        assert_eq!(tls.renew().unwrap(), Renewed::Anew, "round {round}");
        assert_eq!(tls.renew().unwrap(), Renewed::Same, "round {round}");
    }

    assert!(sessions.iter_mut().all(is_answered));
    let counts = &house.handle.asker().counts()[0];
    assert_eq!((counts.accepted, counts.closed), (100, 0));
    house.handle.stop();
}

/// A certificate that is written before its key, or half of one: what was in use stays, and it is said once.
#[test]
fn d8_what_does_not_fit_together_is_not_used() {
    let certificates = Certificates::of("halves", &["house.test"]);
    let others = Certificates::of("others", &["house.test"]);
    let house = sealed_house(&certificates);
    let tls = house.tls.clone().unwrap();
    let before = std::fs::read(certificates.path()).unwrap();

    std::fs::copy(others.path(), certificates.path()).unwrap();
    assert!(tls.renew().is_err());
    assert_eq!(tls.renew().unwrap(), Renewed::Same);
    std::fs::write(certificates.path(), &before[..before.len() / 2]).unwrap();
    assert!(tls.renew().is_err());

    std::fs::write(certificates.path(), &before).unwrap();
    assert!(is_answered(&mut connect(house.listeners[0], &certificates)));
    assert_eq!(tls.renew().unwrap(), Renewed::Anew);
    std::fs::copy(&others.files.key, &certificates.files.key).unwrap();
    std::fs::copy(others.path(), certificates.path()).unwrap();
    assert_eq!(tls.renew().unwrap(), Renewed::Anew);
    assert!(is_answered(&mut connect(house.listeners[0], &others)));
    house.handle.stop();
}

/// A far end that knows no more than TLS 1.1 is not heard (RFC 8996).
#[test]
fn d8_tls_begins_at_1_2() {
    let certificates = Certificates::of("versions", &["house.test"]);
    let house = sealed_house(&certificates);
    for (version, is_heard) in [(1, false), (2, false), (3, true)] {
        let mut tcp = TcpStream::connect(house.listeners[0]).unwrap();

        tcp.write_all(&client_hello(version)).unwrap();

        let mut record = [0; 6];
        tcp.read_exact(&mut record).unwrap();
        // A ServerHello in a handshake, or an alert of protocol_version.
        let (handshake, alert) = (0x16, 0x15);
        assert_eq!(record[0], if is_heard { handshake } else { alert }, "TLS 1.{}", version - 1);
    }
    house.handle.stop();
}

fn sealed_house(certificates: &Certificates) -> House {
    let listen = [(Transport::Tls, free("127.0.0.1"))];
    House::start(Wish { listen: &listen, tls: Some(certificates.files.clone()), ..Wish::default() })
}

/// Connects, and believes no certificate but the one that is in the files now.
fn connect(to: SocketAddr, believed: &Certificates) -> Session {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(believed.path()).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("house.test").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(session, TcpStream::connect(to).unwrap())
}

fn is_answered(session: &mut Session) -> bool {
    let here = session.sock.local_addr().unwrap();
    session.write_all(options("renewed", "TLS", here).as_bytes()).unwrap();
    let (mut text, mut room) = (String::new(), [0; 4096]);
    while !text.contains("\r\n\r\n") {
        let length = session.read(&mut room).unwrap();
        assert!(length > 0, "closed after: {text}");
        text.push_str(&String::from_utf8_lossy(&room[..length]));
    }
    text.starts_with("SIP/2.0 200 ")
}

/// The first flight of somebody who knows TLS 1.0, 1.1 or 1.2 (a minor version of 1, 2 or 3) and no other.
fn client_hello(minor: u8) -> Vec<u8> {
    let suites: &[u8] = &[0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x09, 0xc0, 0x13];
    let extensions: &[u8] = &[
        0, 10, 0, 6, 0, 4, 0, 0x1d, 0, 0x17, // supported_groups: x25519, secp256r1
        0, 11, 0, 2, 1, 0, // ec_point_formats: uncompressed
        0, 13, 0, 8, 0, 6, 4, 3, 8, 4, 4, 1, // signature_algorithms
    ];
    let mut body = vec![3, minor];
    body.extend([7; 32]);
    body.push(0);
    body.extend((suites.len() as u16).to_be_bytes());
    body.extend(suites);
    body.extend([1, 0]);
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);
    let mut hello = vec![0x16, 3, 1];
    hello.extend((body.len() as u16 + 4).to_be_bytes());
    hello.push(1);
    hello.extend(&(body.len() as u32).to_be_bytes()[1..]);
    hello.extend(body);
    hello
}
