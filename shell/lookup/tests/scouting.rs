#![allow(clippy::unwrap_used)]
//! How our ports are seen by a server on the loopback, asked out of these ports.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use lookup::{Lookup, Settings};
use media::{Found, Host, Outposts, PortPair, Scout, Unseen, Wanted};
use policy::InterfaceId;
use switch::{Answer, AskId, Question};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[test]
fn g2_a_server_is_asked_out_of_both_ports_which_are_free_when_it_has_answered() {
    let server = UdpSocket::bind((HERE, 0)).unwrap();
    let there = server.local_addr().unwrap();
    thread::spawn(move || answer_all(&server));
    let ports = free_ports();

    let found = ask(ports, &there.ip().to_string(), there.port());

    let outer = found.outer.unwrap();
    assert_eq!((outer.server, found.why), (there, None));
    let seen = outer.halves.each_ref().map(|half| half.place.unwrap());
    assert_eq!(seen, [ports.rtp(), ports.rtcp()], "there is no NAT here");
    let opened = [ports.rtp(), ports.rtcp()].map(UdpSocket::bind);
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
}

#[test]
fn g2_a_port_that_somebody_has_and_a_name_that_leads_nowhere_are_told() {
    let ports = free_ports();
    let _taken = UdpSocket::bind(ports.rtcp()).unwrap();

    assert_eq!(ask(ports, "127.0.0.1", 9), Found { outer: None, why: Some(Unseen::Shut) });
    assert_eq!(ask(free_ports(), "nobody.test", 9), Found { outer: None, why: Some(Unseen::Nowhere) });
}

fn ask(ports: PortPair, name: &str, port: u16) -> Found {
    let (send, answers) = channel();
    let silent = UdpSocket::bind((HERE, 0)).unwrap();
    let settings = Settings {
        servers: vec![HERE],
        port: silent.local_addr().unwrap().port(),
        patience: Duration::from_millis(100),
        ..Settings::default()
    };
    let lookup = Lookup::start(settings, move |_, _, answer| drop(send.send(answer))).unwrap();
    let stun = Some(Host { name: name.into(), port });
    let posts = Arc::new(Outposts { stun, turn: None });
    let scout = Scout { ports, posts, detour: Wanted::Yes, before: None, secret: [7; 16] };
    lookup.ask(0, AskId(1), Question::Scout(InterfaceId(3), Box::new(scout))).unwrap();
    match answers.recv_timeout(Duration::from_secs(60)).unwrap() {
        Answer::Scout(InterfaceId(3), of, found) if of == ports => found,
        other => panic!("{other:?}"),
    }
}

/// Two that follow each other and that nobody has.
fn free_ports() -> PortPair {
    loop {
        let one = UdpSocket::bind((HERE, 0)).unwrap();
        let port = one.local_addr().unwrap().port();
        if port < u16::MAX && UdpSocket::bind((HERE, port + 1)).is_ok() {
            return PortPair { address: HERE, port };
        }
    }
}

fn answer_all(socket: &UdpSocket) {
    let mut room = [0; 1500];
    while let Ok((length, from)) = socket.recv_from(&mut room) {
        let SocketAddr::V4(seen) = from else { continue };
        let mut said = room[..20].to_vec();
        (said[0], said[3]) = (1, 12);
        said.extend([0, 0x20, 0, 8, 0, 1]);
        said.extend((seen.port() ^ 0x2112).to_be_bytes());
        said.extend(seen.ip().octets().iter().zip([0x21, 0x12, 0xa4, 0x42]).map(|(one, veil)| one ^ veil));
        assert_eq!(length, 28, "a head and a fingerprint");
        socket.send_to(&said, from).unwrap();
    }
}
