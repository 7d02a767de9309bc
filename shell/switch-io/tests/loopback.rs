#![allow(clippy::unwrap_used)]
//! What a switch behind these loops does on real sockets.

mod house;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use house::{Certificates, House, Wish, free, options, wait_for};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use sip_stack::Transport;
use switch::{Command, Event, Reply};
use switch_io::{Callers, Limits, TlsFiles, Way};

/// Shorter than every timer of a transaction, and long enough for a machine that is busy with other things.
const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_datagram_is_answered_from_where_it_went() {
    for host in ["127.0.0.1", "::1"] {
        let house = House::start(Wish { listen: &[(Transport::Udp, free(host))], ..Wish::default() });
        let phone = phone(host);

        phone
            .send_to(options("c1", "UDP", phone.local_addr().unwrap()).as_bytes(), house.listeners[0])
            .unwrap();

        let (answer, from) = answer_of(&phone);
        assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
        assert_eq!(from, house.listeners[0]);
        house.handle.stop();
    }
}

#[test]
fn a_burst_is_answered_whole() {
    let house = House::start(Wish { listen: &[(Transport::Udp, free("127.0.0.1"))], ..Wish::default() });
    let phone = phone("127.0.0.1");

    for n in 0..100 {
        let request = options(&format!("burst{n}"), "UDP", phone.local_addr().unwrap());
        phone.send_to(request.as_bytes(), house.listeners[0]).unwrap();
    }

    let answers = (0..100).filter(|_| answer_of(&phone).0.starts_with("SIP/2.0 200 ")).count();
    assert_eq!(answers, 100);
    assert_eq!(house.handle.asker().counts()[0].received, 100);
}

#[test]
fn what_keeps_a_way_through_a_nat_open_is_no_message() {
    let house = House::start(Wish { listen: &[(Transport::Udp, free("127.0.0.1"))], ..Wish::default() });
    let phone = phone("127.0.0.1");

    phone.send_to(b"\r\n\r\n", house.listeners[0]).unwrap();
    phone.send_to(options("c", "UDP", phone.local_addr().unwrap()).as_bytes(), house.listeners[0]).unwrap();

    answer_of(&phone);
    assert_eq!(house.handle.asker().counts()[0].received, 1);
}

#[test]
fn a_stream_is_cut_into_messages_wherever_the_network_cut_it() {
    let house = tcp_house(Limits::default());
    let mut stream = TcpStream::connect(house.listeners[0]).unwrap();
    let here = stream.local_addr().unwrap();
    let both = options("one", "TCP", here) + &options("two", "TCP", here);

    for piece in both.as_bytes().chunks(61) {
        stream.write_all(piece).unwrap();
        stream.flush().unwrap();
        std::thread::yield_now();
    }

    let answers = read_until(&mut stream, |text| text.matches("\r\n\r\n").count() == 2);
    assert_eq!(answers.matches("SIP/2.0 200 ").count(), 2);
    assert!(answers.contains("Call-ID: one") && answers.contains("Call-ID: two"));
}

#[test]
fn a_ping_on_a_stream_is_answered_with_a_pong() {
    let house = tcp_house(Limits::default());
    let mut stream = TcpStream::connect(house.listeners[0]).unwrap();

    stream.write_all(b"\r\n\r\n").unwrap();

    assert_eq!(read_until(&mut stream, |text| text.len() >= 2), "\r\n");
}

#[test]
fn a_stream_that_is_no_sip_is_closed() {
    let house = tcp_house(Limits::default());
    let mut stream = TcpStream::connect(house.listeners[0]).unwrap();

    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();

    assert_eq!(stream.read(&mut [0; 10]).unwrap_or(0), 0);
    wait_for(|| house.handle.asker().counts()[0].unframed == 1);
}

#[test]
fn who_connects_and_says_nothing_is_not_borne_for_long() {
    let limits = Limits { first_message: Duration::from_millis(200), ..Limits::default() };
    let house = tcp_house(limits);
    let mut stream = TcpStream::connect(house.listeners[0]).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();

    assert_eq!(stream.read(&mut [0; 10]).unwrap(), 0);
    wait_for(|| house.handle.asker().counts()[0].closed == 1);
}

#[test]
fn one_address_cannot_take_all_connections() {
    let house = tcp_house(Limits { connections_per_address: 2, ..Limits::default() });
    let streams: Vec<_> = (0..3).map(|_| TcpStream::connect(house.listeners[0]).unwrap()).collect();

    wait_for(|| house.handle.asker().counts()[0].turned_away == 1);
    assert_eq!(house.handle.asker().counts()[0].accepted, 2);
    drop(streams);
    wait_for(|| house.handle.asker().counts()[0].closed == 2);
    let again = TcpStream::connect(house.listeners[0]).unwrap();
    wait_for(|| house.handle.asker().counts()[0].accepted == 3);
    drop(again);
}

#[test]
fn who_does_not_read_is_given_up() {
    let house = tcp_house(Limits { unsent_bytes: 64 * 1024, ..Limits::default() });
    let mut stream = TcpStream::connect(house.listeners[0]).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
    let here = stream.local_addr().unwrap();

    for n in 0..200_000 {
        let is_given_up = house.handle.asker().counts()[0].slow_readers == 1;
        if is_given_up || stream.write_all(options(&format!("slow{n}"), "TCP", here).as_bytes()).is_err() {
            break;
        }
    }

    wait_for(|| house.handle.asker().counts()[0].slow_readers == 1);
}

#[test]
fn tls_answers_whoever_believes_our_certificate() {
    let certificates = Certificates::of("server", &["house.test"]);
    let tls = Some(certificates.files.clone());
    let house = House::start(Wish { listen: &[(Transport::Tls, free("127.0.0.1"))], tls, ..Wish::default() });
    let tcp = TcpStream::connect(house.listeners[0]).unwrap();
    let here = tcp.local_addr().unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificates.path()).unwrap()).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("house.test").unwrap();
    let session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = rustls::StreamOwned::new(session, tcp);

    stream.write_all(options("sealed", "TLS", here).as_bytes()).unwrap();

    let answer = read_until(&mut stream, |text| text.contains("\r\n\r\n"));
    assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
}

/// A trunk is known by the name in a certificate that we believe: without one, or with one that nobody we
/// believe has signed, the same caller is a stranger, but is still heard.
#[test]
fn a4_a_trunk_is_known_by_its_certificate() {
    let certificates = Certificates::of("mutual", &["house.test", "sbc.example.net"]);
    let others = Certificates::of("untrusted", &["sbc.example.net"]);
    let files = TlsFiles { callers: Callers::AskedForProof, ..certificates.files.clone() };
    let more = "[trunk.east]\nservers = [{ uri = \"sip:192.0.2.1\" }]\nhealth = { options = \"off\" }\n\
                accept = { certificate = [\"sbc.example.net\"] }\n";
    for shards in [1, 2] {
        let (tls, more) = (Some(files.clone()), more.to_owned());
        let listen = [(Transport::Tls, free("127.0.0.1"))];
        let house = House::start(Wish { listen: &listen, tls, more, shards, ..Wish::default() });

        for (proof, status) in [(Some(&certificates), 404), (Some(&others), 403), (None, 403)] {
            for call in 0..8 {
                let answer = called_by_tls(&house, &certificates, proof, &format!("proof-{status}-{call}"));
                assert!(answer.contains(&format!("SIP/2.0 {status} ")), "{answer}");
            }
        }
    }
}

/// What is answered to a call by TLS from somebody with this certificate, or none.
fn called_by_tls(
    house: &House,
    believed: &Certificates,
    proof: Option<&Certificates>,
    call_id: &str,
) -> String {
    let tcp = TcpStream::connect(house.listeners[0]).unwrap();
    let here = tcp.local_addr().unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(believed.path()).unwrap()).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots);
    let config = match proof {
        Some(proof) => {
            let chain = vec![CertificateDer::from_pem_file(proof.path()).unwrap()];
            let key = PrivateKeyDer::from_pem_file(&proof.files.key).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
        None => config.with_no_client_auth(),
    };
    let name = ServerName::try_from("house.test").unwrap();
    let session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = rustls::StreamOwned::new(session, tcp);
    let invite = options(call_id, "TLS", here).replace("OPTIONS", "INVITE");
    stream.write_all(invite.as_bytes()).unwrap();
    read_until(&mut stream, |text| text.matches("\r\n\r\n").count() >= 2)
}

#[test]
fn a_provider_is_reached_by_tls_if_it_proves_its_address() {
    let provider = Certificates::of("right", &["127.0.0.1"]);
    let (listener, house) = house_that_probes(&provider);

    let request = serve_one(listener, &provider);

    assert!(request.starts_with("OPTIONS "), "{request}");
    wait_for(|| house.handle.asker().counts()[0].opened == 1);
}

#[test]
fn a_provider_that_proves_to_be_another_is_down() {
    let provider = Certificates::of("wrong", &["another.test"]);
    let (listener, house) = house_that_probes(&provider);

    let request = serve_one(listener, &provider);

    assert_eq!(request, "");
    let event = house.events.recv_timeout(SOON).unwrap();
    assert!(matches!(event, Event::PeerDown { .. }), "{event:?}");
}

#[test]
fn a_refused_connection_fails_at_once() {
    let nobody = free("127.0.0.1");
    let more = probed(&format!("sip:{nobody};transport=tcp"));
    let began = Instant::now();
    let house =
        House::start(Wish { listen: &[(Transport::Tcp, free("127.0.0.1"))], more, ..Wish::default() });

    let event = house.events.recv_timeout(SOON).unwrap();

    assert!(matches!(event, Event::PeerDown { .. }), "{event:?}");
    assert!(began.elapsed() < SOON, "no timer had to run out");
}

#[test]
fn shards_share_one_address_and_each_message_finds_its_owner() {
    let at = free("127.0.0.1");
    let listen = [(Transport::Udp, at), (Transport::Tcp, at)];
    let house = House::start(Wish { listen: &listen, shards: 3, ..Wish::default() });
    let phone = phone("127.0.0.1");
    let here = phone.local_addr().unwrap();

    for n in 0..60 {
        phone.send_to(options(&format!("shard{n}"), "UDP", here).as_bytes(), at).unwrap();
        assert!(answer_of(&phone).0.starts_with("SIP/2.0 200 "));
    }
    let mut stream = TcpStream::connect(at).unwrap();
    for n in 0..20 {
        let here = stream.local_addr().unwrap();
        stream.write_all(options(&format!("stream{n}"), "TCP", here).as_bytes()).unwrap();
        let answer = read_until(&mut stream, |text| text.contains("\r\n\r\n"));
        assert!(answer.contains(&format!("Call-ID: stream{n}\r\n")), "{answer}");
    }

    let counts = house.handle.asker().counts();
    assert!(counts.iter().all(|of| of.received > 0), "every shard owns some: {counts:?}");
    assert!(counts.iter().any(|of| of.steered > 0), "{counts:?}");
    assert_eq!(house.handle.asker().command(Command::Count, SOON).len(), 3);
    house.handle.stop();
}

#[test]
fn a_command_is_answered_and_a_tap_sees_both_ways() {
    let house = House::start(Wish { listen: &[(Transport::Udp, free("127.0.0.1"))], ..Wish::default() });
    let phone = phone("127.0.0.1");
    phone.send_to(options("tap", "UDP", phone.local_addr().unwrap()).as_bytes(), house.listeners[0]).unwrap();
    let (answer, _) = answer_of(&phone);

    let [Reply::Held(held)] = house.handle.asker().command(Command::Count, SOON)[..] else {
        panic!("one shard, one reply")
    };

    assert_eq!(held.calls, 0);
    let tapped = house.tapped.lock().unwrap();
    assert_eq!(tapped.iter().map(|(way, _)| *way).collect::<Vec<_>>(), [Way::Received, Way::Sent]);
    assert_eq!(tapped[1].1, answer.as_bytes());
}

fn tcp_house(limits: Limits) -> House {
    House::start(Wish { listen: &[(Transport::Tcp, free("127.0.0.1"))], limits, ..Wish::default() })
}

/// A house that asks a TLS server, which is not there yet, whether it is well.
fn house_that_probes(provider: &Certificates) -> (TcpListener, House) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let more = probed(&format!("sip:{};transport=tls", listener.local_addr().unwrap()));
    let tls = Some(provider.files.clone());
    let listen = [(Transport::Tls, free("127.0.0.1"))];
    (listener, House::start(Wish { listen: &listen, tls, more, ..Wish::default() }))
}

fn probed(uri: &str) -> String {
    format!(
        "[trunk.east]\nservers = [{{ uri = \"{uri}\" }}]\n\
health = {{ options = \"1s\", fail_after = 1, recover_after = 1 }}\n"
    )
}

/// Takes one TLS connection, and gives what came first; nothing, if the far end did not believe us.
fn serve_one(listener: TcpListener, certificates: &Certificates) -> String {
    let chain = vec![CertificateDer::from_pem_file(certificates.path()).unwrap()];
    let key = PrivateKeyDer::from_pem_file(&certificates.files.key).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let (tcp, _) = listener.accept().unwrap();
    tcp.set_read_timeout(Some(SOON)).unwrap();
    let session = rustls::ServerConnection::new(Arc::new(config)).unwrap();
    let mut stream = rustls::StreamOwned::new(session, tcp);
    let mut room = [0; 4096];
    let length = stream.read(&mut room).unwrap_or(0);
    String::from_utf8_lossy(&room[..length]).into_owned()
}

fn phone(host: &str) -> UdpSocket {
    let phone = UdpSocket::bind((host, 0)).unwrap();
    phone.set_read_timeout(Some(SOON)).unwrap();
    phone
}

fn answer_of(phone: &UdpSocket) -> (String, SocketAddr) {
    let mut room = [0; 4096];
    let (length, from) = phone.recv_from(&mut room).unwrap();
    (String::from_utf8_lossy(&room[..length]).into_owned(), from)
}

fn read_until(stream: &mut impl Read, is_enough: impl Fn(&str) -> bool) -> String {
    let mut text = String::new();
    let mut room = [0; 4096];
    while !is_enough(&text) {
        let length = stream.read(&mut room).unwrap();
        assert!(length > 0, "closed after: {text}");
        text.push_str(&String::from_utf8_lossy(&room[..length]));
    }
    text
}
