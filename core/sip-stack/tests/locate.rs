//! RFC 3263: which questions a URI asks, and what comes of the answers.
#![allow(clippy::unwrap_used)]

use std::net::IpAddr;
use std::time::Duration;

use sip_message::Uri;
use sip_stack::locate::{DnsAnswer, DnsFound, DnsQuestion, Families, Naptr, Srv, Step, Target, Usable};
use sip_stack::{Chance, Locate, Transport};

const ALL: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Tls];

#[derive(Default)]
struct Zone {
    rows: Vec<(DnsQuestion, DnsFound)>,
    asked: Vec<DnsQuestion>,
}

impl Zone {
    fn naptr(mut self, name: &str, rows: &[(u16, u16, &str, &str)]) -> Zone {
        let naptr = |(order, preference, service, replacement): &(u16, u16, &str, &str)| Naptr {
            order: *order,
            preference: *preference,
            flags: "s".into(),
            service: (*service).into(),
            replacement: (*replacement).into(),
        };
        self.rows.push((DnsQuestion::Naptr(name.into()), DnsFound::Naptr(rows.iter().map(naptr).collect())));
        self
    }

    fn srv(mut self, name: &str, rows: &[(u16, u16, u16, &str)]) -> Zone {
        let srv = |(priority, weight, port, target): &(u16, u16, u16, &str)| Srv {
            priority: *priority,
            weight: *weight,
            port: *port,
            target: (*target).into(),
        };
        self.rows.push((DnsQuestion::Srv(name.into()), DnsFound::Srv(rows.iter().map(srv).collect())));
        self
    }

    fn host(mut self, name: &str, addresses: &[&str]) -> Zone {
        let addresses = addresses.iter().map(|address| address.parse::<IpAddr>().unwrap()).collect();
        self.rows.push((DnsQuestion::Addresses(name.into()), DnsFound::Addresses(addresses)));
        self
    }

    fn find(&mut self, uri: &str, transports: &[Transport], seed: u8) -> Option<Vec<Target>> {
        let usable = Usable { transports, families: Families::Both };
        let mut locate = Locate::begin(&Uri::parse(uri).unwrap(), usable);
        let mut chance = Chance::from_seed([seed; 32]);
        let mut answers = Vec::new();
        for _ in 0..40 {
            match locate.step(&answers, &mut chance) {
                Step::Found(targets) => return Some(targets),
                Step::NotFound => return None,
                Step::Ask(question) => {
                    self.asked.push(question.clone());
                    let found = self
                        .rows
                        .iter()
                        .find(|row| row.0 == question)
                        .map(|row| row.1.clone())
                        .unwrap_or(DnsFound::Failed);
                    answers = vec![DnsAnswer { question, ttl: Duration::from_secs(60), found }];
                }
            }
        }
        panic!("a search ends");
    }
}

fn target(transport: Transport, address: &str, server_name: Option<&str>) -> Target {
    Target { transport, address: address.parse().unwrap(), server_name: server_name.map(Box::from) }
}

#[test]
fn an_address_asks_nothing() {
    let mut zone = Zone::default();

    let found = zone.find("sip:bob@192.0.2.7", &ALL, 1);

    assert_eq!(found.unwrap(), [target(Transport::Udp, "192.0.2.7:5060", None)]);
    assert!(zone.asked.is_empty());
}

#[test]
fn an_address_takes_port_and_transport_from_the_uri() {
    let find = |uri| Zone::default().find(uri, &ALL, 1).unwrap();

    assert_eq!(
        find("sip:[2001:db8::1]:5070;transport=tcp"),
        [target(Transport::Tcp, "[2001:db8::1]:5070", None)]
    );
    assert_eq!(find("sips:192.0.2.7"), [target(Transport::Tls, "192.0.2.7:5061", None)]);
    assert_eq!(find("sip:192.0.2.7;transport=tls"), [target(Transport::Tls, "192.0.2.7:5061", None)]);
}

#[test]
fn a_port_means_that_only_addresses_are_asked() {
    let mut zone = Zone::default().host("east.example", &["192.0.2.1", "2001:db8::1"]);

    let found = zone.find("sip:east.example:5080", &ALL, 1).unwrap();

    let expected =
        [target(Transport::Udp, "192.0.2.1:5080", None), target(Transport::Udp, "[2001:db8::1]:5080", None)];
    assert_eq!(found, expected);
    assert_eq!(zone.asked, [DnsQuestion::Addresses("east.example".into())]);
}

#[test]
fn naptr_says_which_transport_comes_first() {
    let mut zone = Zone::default()
        .naptr(
            "east.example",
            &[
                (20, 10, "SIP+D2U", "_sip._udp.east.example."),
                (10, 10, "SIPS+D2T", "_sips._tcp.east.example."),
                (5, 1, "E2U+sip", "nothing.example."),
            ],
        )
        .srv("_sips._tcp.east.example", &[(1, 1, 5061, "a.east.example.")])
        .srv("_sip._udp.east.example", &[(1, 1, 5060, "b.east.example.")])
        .host("a.east.example", &["192.0.2.1"])
        .host("b.east.example", &["192.0.2.2"]);

    let found = zone.find("sip:east.example", &ALL, 1).unwrap();

    let expected = [
        target(Transport::Tls, "192.0.2.1:5061", Some("east.example")),
        target(Transport::Udp, "192.0.2.2:5060", None),
    ];
    assert_eq!(found, expected);
}

#[test]
fn without_naptr_the_services_of_our_transports_are_asked_in_our_order() {
    let mut zone = Zone::default()
        .srv("_sip._tcp.east.example", &[(1, 1, 5060, "a.east.example")])
        .host("a.east.example", &["192.0.2.1"]);

    let found = zone.find("sip:east.example", &[Transport::Tcp, Transport::Udp], 1).unwrap();

    assert_eq!(found, [target(Transport::Tcp, "192.0.2.1:5060", None)]);
    let names =
        ["_sip._tcp.east.example", "_sip._udp.east.example"].map(|name| DnsQuestion::Srv(name.into()));
    assert_eq!(zone.asked[1..3], names);
}

#[test]
fn a_named_transport_skips_naptr() {
    let mut zone = Zone::default()
        .srv("_sip._tcp.east.example", &[(1, 1, 5062, "a.east.example")])
        .host("a.east.example", &["192.0.2.1"]);

    let found = zone.find("sip:east.example;transport=tcp", &ALL, 1).unwrap();

    assert_eq!(found, [target(Transport::Tcp, "192.0.2.1:5062", None)]);
    assert_eq!(zone.asked.len(), 2);
}

#[test]
fn a_domain_without_services_is_a_host() {
    let mut zone = Zone::default().host("east.example", &["192.0.2.1"]);

    assert_eq!(
        zone.find("sip:east.example", &ALL, 1).unwrap(),
        [target(Transport::Udp, "192.0.2.1:5060", None)]
    );
    let secure = zone.find("sips:east.example", &ALL, 1).unwrap();
    assert_eq!(secure, [target(Transport::Tls, "192.0.2.1:5061", Some("east.example"))]);
}

#[test]
fn a_secure_uri_never_goes_out_in_the_clear() {
    let mut zone = Zone::default().host("east.example", &["192.0.2.1"]);

    assert_eq!(zone.find("sips:east.example", &[Transport::Udp, Transport::Tcp], 1), None);
    assert_eq!(zone.find("sips:east.example;transport=udp", &ALL, 1), None);
}

#[test]
fn a_service_that_is_switched_off_has_no_hosts() {
    let mut zone = Zone::default().srv("_sip._udp.east.example", &[(0, 0, 0, ".")]);

    assert_eq!(zone.find("sip:east.example;transport=udp", &ALL, 1), None);
}

#[test]
fn lower_priority_comes_first_and_weight_decides_among_equals() {
    let mut zone = Zone::default()
        .srv(
            "_sip._udp.east.example",
            &[
                (20, 100, 5060, "last.example"),
                (10, 90, 5060, "heavy.example"),
                (10, 10, 5060, "light.example"),
            ],
        )
        .host("heavy.example", &["192.0.2.1"])
        .host("light.example", &["192.0.2.2"])
        .host("last.example", &["192.0.2.3"]);
    let mut heavy_first = 0;

    for seed in 0..=255 {
        let found = zone.find("sip:east.example;transport=udp", &ALL, seed).unwrap();
        assert_eq!(found.len(), 3);
        assert_eq!(found[2].address, "192.0.2.3:5060".parse().unwrap());
        heavy_first += u32::from(found[0].address == "192.0.2.1:5060".parse().unwrap());
    }

    assert!((205..250).contains(&heavy_first), "about nine in ten: {heavy_first} of 256");
}

#[test]
fn addresses_that_we_cannot_reach_are_left_out() {
    let uri = Uri::parse("sip:[2001:db8::1]").unwrap();
    let usable = Usable { transports: &ALL, families: Families::V4 };

    let step = Locate::begin(&uri, usable).step(&[], &mut Chance::from_seed([1; 32]));

    assert_eq!(step, Step::NotFound);
}
