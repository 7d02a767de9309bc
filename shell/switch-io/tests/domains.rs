#![allow(clippy::unwrap_used)]
//! Whose certificate is whose: servers that we connect to, far ends that connect to us, and the connections
//! that both may use.

mod house;

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use house::{Certificates, House, Wish, free, options};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use sip_stack::Transport;
use switch_io::{Callers, TlsFiles, Wildcards};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SOON: Duration = Duration::from_secs(20);
/// Long enough for several probes of a second.
const A_WHILE: Duration = Duration::from_secs(4);

/// RFC 5922 7: a domain stands in a certificate as a DNS name or as a SIP URI without a user. A wildcard, a
/// person, an address and a name from elsewhere are none: nothing is said to whoever shows one.
#[test]
fn d6_a_server_is_believed_if_its_certificate_names_the_domain_that_was_meant() {
    let shown: [(&str, &[&str], bool); 8] = [
        ("name", &["east.test"], true),
        ("case", &["EAST.Test"], true),
        ("uri", &["sip:east.test"], true),
        ("several", &["sip:west.test", "east.test"], true),
        ("elsewhere", &["west.test"], false),
        ("wildcard", &["*.test"], false),
        ("person", &["sip:hana@east.test"], false),
        ("address", &["127.0.0.1", "sips:east.test"], false),
    ];
    for (test, names, is_believed) in shown {
        let provider = Certificates::of(test, names);
        let listener = TcpListener::bind((HERE, 0)).unwrap();
        let (uri, listen) = (east_at(listener.local_addr().unwrap()), [(Transport::Tls, free("127.0.0.1"))]);
        let (tls, more) = (Some(provider.files.clone()), probed(&uri, ""));
        let hosts = Some(("east.test", HERE));
        let house = House::start(Wish { listen: &listen, tls, more, hosts, ..Wish::default() });

        let request = first_request(&listener, &provider);

        assert_eq!(request.starts_with("OPTIONS "), is_believed, "{names:?}: {request}");
        // What we open we offer for requests of the far end, who can see by our certificate who we are.
        assert_eq!(request.lines().nth(1).is_some_and(|via| via.ends_with(";alias")), is_believed);
        house.handle.stop();
    }
}

/// Some providers show nothing else: where the operator takes it for a name, it is one for servers, and no
/// more of a name than browsers make of it.
#[test]
fn d6_a_wildcard_is_a_name_where_the_operator_says_so() {
    let below = "sbc.east.test";
    for (test, name, is_believed) in
        [("star", "*.east.test", true), ("star-name", below, true), ("star-above", "*.test", false)]
    {
        let provider = Certificates::of(test, &[name]);
        let listener = TcpListener::bind((HERE, 0)).unwrap();
        let listen = [(Transport::Tls, free("127.0.0.1"))];
        let uri = format!("sip:{below}:{};transport=tls", listener.local_addr().unwrap().port());
        let files = TlsFiles { wildcards: Wildcards::Accepted, ..provider.files.clone() };
        let (tls, more, hosts) = (Some(files), probed(&uri, ""), Some((below, HERE)));
        let house = House::start(Wish { listen: &listen, tls, more, hosts, ..Wish::default() });

        let request = first_request(&listener, &provider);

        assert_eq!(request.starts_with("OPTIONS "), is_believed, "{name}: {request}");
        house.handle.stop();
    }
}

/// The same of whoever connects to us: it is heard, as a stranger.
#[test]
fn d6_a_far_end_is_known_by_the_domain_of_its_certificate_and_by_no_wildcard() {
    let believed = Certificates::of("callers", &["house.test", "sip:sbc.example.net", "*.example.org"]);
    let files = TlsFiles { callers: Callers::AskedForProof, ..believed.files.clone() };
    for (name, status) in [("sbc.example.net", 404), ("sbc.example.org", 403), ("example.org", 403)] {
        let accept = format!("accept = {{ certificate = [\"{name}\"] }}\n");
        let more = probed("sip:192.0.2.1", &accept).replace("options = \"1s\"", "options = \"off\"");
        let (tls, listen) = (Some(files.clone()), [(Transport::Tls, free("127.0.0.1"))]);
        let house = House::start(Wish { listen: &listen, tls, more, ..Wish::default() });
        let mut session = connect(house.listeners[0], &believed, Some(&believed));
        let here = session.sock.local_addr().unwrap();

        session.write_all(options("who", "TLS", here).replace("OPTIONS", "INVITE").as_bytes()).unwrap();

        let answer = heard(&mut session, SOON, |text| text.matches("\r\n\r\n").count() >= 2);
        assert!(answer.contains(&format!("SIP/2.0 {status} ")), "{name}: {answer}");
        house.handle.stop();
    }
}

/// RFC 5923: a far end that says `alias`, and has proved its name, is sent our requests on its own
/// connection, by whichever shard; when that ends, by a new one.
#[test]
fn d6_a_connection_is_used_again_by_whoever_proved_its_name() {
    let both = Certificates::of("reuse", &["house.test", "east.test"]);
    for shards in [1, 3] {
        let listener = TcpListener::bind((HERE, 0)).unwrap();
        let house = house_with_a_server(&listener, &both, shards);
        // Its first probe finds somebody who does not answer.
        drop(listener.accept().unwrap());
        let port = listener.local_addr().unwrap().port();

        let mut session = connect(house.listeners[0], &both, Some(&both));
        session.write_all(says_alias("reuse", port, ";alias").as_bytes()).unwrap();
        // Which of the two comes first is chance.
        let came = heard(&mut session, SOON, |text| text.contains("SIP/2.0 200 ") && asks(text));

        assert!(came.contains("SIP/2.0 200 "), "its own request is answered: {came}");
        drop(session);
        let request = first_request(&listener, &both);
        assert!(request.starts_with("OPTIONS "), "shards {shards}: {request}");
        house.handle.stop();
    }
}

/// Without a certificate, with one of somebody else, without `alias`, or by TCP, no connection of a far end
/// takes our requests.
#[test]
fn d6_nothing_is_sent_on_a_connection_whose_far_end_has_proved_nothing() {
    let both = Certificates::of("no-reuse", &["house.test", "east.test"]);
    let other = Certificates::of("no-reuse-other", &["east.test"]);
    for (test, proof, alias) in
        [("nobody", None, ";alias"), ("other", Some(&other), ";alias"), ("plain", Some(&both), "")]
    {
        let listener = TcpListener::bind((HERE, 0)).unwrap();
        let house = house_with_a_server(&listener, &both, 1);
        drop(listener.accept().unwrap());
        let port = listener.local_addr().unwrap().port();

        let mut session = connect(house.listeners[0], &both, proof);
        session.write_all(says_alias(test, port, alias).as_bytes()).unwrap();

        let came = heard(&mut session, A_WHILE, asks);
        assert!(came.contains("SIP/2.0 200 ") && !asks(&came), "{test}: {came}");
        assert!(first_request(&listener, &both).starts_with("OPTIONS "), "{test}");
        house.handle.stop();
    }
}

fn asks(text: &str) -> bool {
    text.contains("OPTIONS sip:")
}

fn east_at(at: SocketAddr) -> String {
    format!("sip:east.test:{};transport=tls", at.port())
}

fn probed(uri: &str, more: &str) -> String {
    format!(
        "[trunk.east]\nservers = [{{ uri = \"{uri}\" }}]\n{more}\
health = {{ options = \"1s\", fail_after = 1, recover_after = 1 }}\n"
    )
}

/// A house that asks a server for certificates, and whose callers may have some.
fn house_with_a_server(listener: &TcpListener, both: &Certificates, shards: u8) -> House {
    let files = TlsFiles { callers: Callers::AskedForProof, ..both.files.clone() };
    let listen = [(Transport::Tls, free("127.0.0.1"))];
    let more = probed(&east_at(listener.local_addr().unwrap()), "");
    let (tls, hosts) = (Some(files), Some(("east.test", HERE)));
    House::start(Wish { listen: &listen, tls, more, hosts, shards, ..Wish::default() })
}

/// An OPTIONS of somebody who listens at this port.
fn says_alias(call: &str, port: u16, alias: &str) -> String {
    let request = options(call, "TLS", SocketAddr::new(HERE, port));
    request.replace(&format!(";branch=z9hG4bK{call}"), &format!(";branch=z9hG4bK{call}{alias}"))
}

fn connect(
    to: SocketAddr,
    believed: &Certificates,
    proof: Option<&Certificates>,
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(believed.path()).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots);
    let config = match proof {
        Some(proof) => {
            let chain = vec![CertificateDer::from_pem_file(proof.path()).unwrap()];
            config
                .with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(&proof.files.key).unwrap())
                .unwrap()
        }
        None => config.with_no_client_auth(),
    };
    let session = ClientConnection::new(Arc::new(config), ServerName::try_from("house.test").unwrap());
    StreamOwned::new(session.unwrap(), TcpStream::connect(to).unwrap())
}

/// What comes until it is enough, or until so long has passed.
fn heard(
    session: &mut StreamOwned<ClientConnection, TcpStream>,
    most: Duration,
    is_enough: impl Fn(&str) -> bool,
) -> String {
    let until = Instant::now() + most;
    let (mut text, mut room) = (String::new(), [0; 4096]);
    while !is_enough(&text) && Instant::now() < until {
        session.sock.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        match session.read(&mut room) {
            Ok(0) => break,
            Ok(length) => text.push_str(&String::from_utf8_lossy(&room[..length])),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
    }
    text
}

/// What the next connection says first; nothing, if whoever opened it did not believe us.
fn first_request(listener: &TcpListener, certificates: &Certificates) -> String {
    let chain = vec![CertificateDer::from_pem_file(certificates.path()).unwrap()];
    let key = PrivateKeyDer::from_pem_file(&certificates.files.key).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let (tcp, _) = listener.accept().unwrap();
    tcp.set_read_timeout(Some(SOON)).unwrap();
    let mut session = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), tcp);
    let mut room = [0; 4096];
    let length = session.read(&mut room).unwrap_or(0);
    String::from_utf8_lossy(&room[..length]).into_owned()
}
