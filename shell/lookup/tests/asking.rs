#![allow(clippy::unwrap_used)]
//! What comes back for a question, from a name server of our own on the loopback.

use std::net::{IpAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, NAPTR, SOA, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use lookup::{Lookup, Settings};
use sip_stack::locate::{DnsAnswer, DnsFound, DnsQuestion, Naptr, Srv};
use switch::{Answer, AskId, Question};

#[test]
fn services_and_addresses_come_with_their_time_to_live() {
    let zone = Zone::serve();

    let srv = zone.ask(DnsQuestion::Srv("_sip._udp.east.test".into()));
    let addresses = zone.ask(DnsQuestion::Addresses("sbc.east.test".into()));
    let naptr = zone.ask(DnsQuestion::Naptr("east.test".into()));

    let target = || "sbc.east.test".to_owned();
    assert_eq!(
        srv.found,
        DnsFound::Srv(vec![Srv { priority: 10, weight: 60, port: 5070, target: target() }])
    );
    assert!(srv.ttl > Duration::from_secs(290) && srv.ttl <= Duration::from_secs(300), "{:?}", srv.ttl);
    let six: IpAddr = "2001:db8::1".parse().unwrap();
    let four: IpAddr = "192.0.2.1".parse().unwrap();
    assert_eq!(addresses.found, DnsFound::Addresses(vec![six, four]));
    let expected = Naptr {
        order: 10,
        preference: 20,
        flags: "s".into(),
        service: "SIP+D2U".into(),
        replacement: "_sip._udp.east.test".into(),
    };
    assert_eq!(naptr.found, DnsFound::Naptr(vec![expected]));
}

#[test]
fn a_name_that_is_not_there_has_nothing_and_is_no_failure() {
    let zone = Zone::serve();

    assert_eq!(zone.ask(DnsQuestion::Srv("_sip._udp.nobody.test".into())).found, DnsFound::Srv(Vec::new()));
    assert_eq!(zone.ask(DnsQuestion::Addresses("nobody.test".into())).found, DnsFound::Addresses(Vec::new()));
}

#[test]
fn a_server_that_cannot_tell_is_a_failure() {
    let zone = Zone::serve();

    assert_eq!(zone.ask(DnsQuestion::Addresses("broken.test".into())).found, DnsFound::Failed);
    assert_eq!(zone.ask(DnsQuestion::Srv("broken.test".into())).found, DnsFound::Failed);
}

#[test]
fn what_was_learned_is_not_asked_again() {
    let zone = Zone::serve();

    for _ in 0..5 {
        zone.ask(DnsQuestion::Srv("_sip._udp.east.test".into()));
    }

    assert_eq!(zone.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn the_hosts_file_outranks_every_server() {
    let zone = Zone::serve();

    let answer = zone.ask(DnsQuestion::Addresses("PBX.office.".into()));

    let both: Vec<IpAddr> = vec!["10.0.0.7".parse().unwrap(), "10.0.0.8".parse().unwrap()];
    assert_eq!(answer.found, DnsFound::Addresses(both));
    assert_eq!(zone.asked.load(Ordering::SeqCst), 0);
}

#[test]
fn an_answer_goes_to_the_shard_that_asked() {
    let zone = Zone::serve();

    zone.lookup.ask(7, AskId(42), Question::Dns(DnsQuestion::Addresses("pbx.office".into()))).unwrap();

    let (shard, id, _) = zone.answers.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!((shard, id), (7, AskId(42)));
}

/// A name server with a few names, and a lookup that asks it.
struct Zone {
    lookup: Lookup,
    answers: Receiver<(u8, AskId, Answer)>,
    asked: Arc<AtomicUsize>,
    hosts: PathBuf,
}

impl Zone {
    fn serve() -> Zone {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let hosts = std::env::temp_dir().join(format!("tandem-hosts-{}-{number}", std::process::id()));
        std::fs::write(&hosts, "10.0.0.7 pbx.office pbx # ours\n10.0.0.8 pbx.office\n").unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let asked = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&asked);
        std::thread::spawn(move || answer_all(&socket, &counting));
        let settings = Settings {
            servers: vec!["127.0.0.1".parse().unwrap()],
            port,
            hosts: hosts.clone(),
            patience: Duration::from_secs(5),
            ..Settings::default()
        };
        let (send, answers) = channel();
        let answer = move |shard, id, answer| drop(send.send((shard, id, answer)));
        Zone { lookup: Lookup::start(settings, answer).unwrap(), answers, asked, hosts }
    }

    fn ask(&self, question: DnsQuestion) -> DnsAnswer {
        self.lookup.ask(0, AskId(1), Question::Dns(question)).unwrap();
        let (_, _, answer) = self.answers.recv_timeout(Duration::from_secs(60)).unwrap();
        let Answer::Dns(answer) = answer else { panic!("{answer:?}") };
        answer
    }
}

impl Drop for Zone {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.hosts);
    }
}

fn answer_all(socket: &UdpSocket, asked: &AtomicUsize) {
    let mut room = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut room) {
        let Ok(request) = Message::from_vec(&room[..length]) else { continue };
        asked.fetch_add(1, Ordering::SeqCst);
        let answer = answer(&request);
        let _ = socket.send_to(&answer.to_vec().unwrap(), from);
    }
}

fn answer(request: &Message) -> Message {
    let query = request.queries()[0].clone();
    let name = query.name().to_ascii().to_ascii_lowercase();
    let mut answer = Message::new();
    answer.set_id(request.id()).set_message_type(MessageType::Response).add_query(query.clone());
    let named = |text: &str| Name::from_ascii(text).unwrap();
    let data = match (name.trim_end_matches('.'), query.query_type()) {
        ("_sip._udp.east.test", RecordType::SRV) => {
            RData::SRV(SRV::new(10, 60, 5070, named("sbc.east.test.")))
        }
        ("sbc.east.test", RecordType::A) => RData::A(A::new(192, 0, 2, 1)),
        ("sbc.east.test", RecordType::AAAA) => RData::AAAA(AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
        ("east.test", RecordType::NAPTR) => {
            let service = "SIP+D2U".as_bytes().into();
            let replacement = named("_sip._udp.east.test.");
            RData::NAPTR(NAPTR::new(10, 20, "s".as_bytes().into(), service, Box::default(), replacement))
        }
        ("broken.test", _) => {
            answer.set_response_code(ResponseCode::ServFail);
            return answer;
        }
        _ => {
            let soa = SOA::new(named("ns.test."), named("root.test."), 1, 60, 60, 60, 60);
            answer.set_response_code(ResponseCode::NXDomain);
            answer.add_name_server(Record::from_rdata(named("test."), 60, RData::SOA(soa)));
            return answer;
        }
    };
    answer.add_answer(Record::from_rdata(query.name().clone(), 300, data));
    answer
}
