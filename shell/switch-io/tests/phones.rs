#![allow(clippy::unwrap_used)]
//! What phones say of themselves is written at once where nobody else comes, and together where many do.

mod house;

use std::net::UdpSocket;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use house::{House, Wish, free};
use sip_stack::auth::{self, Credentials};
use sip_stack::{Chance, Transport};
use switch_io::{Mark, Receipt, Shelf};

/// What a shard has done with bindings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Kept,
    Written,
}

const PATIENCE: Duration = Duration::from_secs(20);
const PHONES: usize = 40;

fn house() -> (House, Receiver<Done>) {
    let (done, dones) = channel();
    let kept = done.clone();
    let mut secrets = model::Secrets::new();
    secrets.insert(model::SecretRef::Env("P".into()), "pw".to_owned());
    let house = House::start(Wish {
        listen: &[(Transport::Udp, free("127.0.0.1"))],
        more: (0..PHONES).map(|at| format!("[user.u{at}]\npassword = {{ env = \"P\" }}\n")).collect(),
        secrets,
        keep_phones: Some(Box::new(move |_, _| {
            kept.send(Done::Kept).unwrap();
            Receipt::Awaited(Mark(1))
        })),
        write_phones: Some(Box::new(move || done.send(Done::Written).unwrap())),
        ..Wish::default()
    });
    (house, dones)
}

/// A phone of the user with this number.
fn phone(at: usize) -> (String, UdpSocket) {
    let phone = UdpSocket::bind("127.0.0.1:0").unwrap();
    phone.set_read_timeout(Some(PATIENCE)).unwrap();
    (format!("u{at}"), phone)
}

fn register(house: &House, (user, phone): &(String, UdpSocket), cseq: u32, more: &str) {
    let (here, there) = (phone.local_addr().unwrap(), house.listeners[0]);
    let request = format!(
        "REGISTER sip:{there} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{cseq}\r\n\
Max-Forwards: 70\r\nFrom: <sip:{user}@{there}>;tag=1\r\nTo: <sip:{user}@{there}>\r\nCall-ID: {here}\r\n\
CSeq: {cseq} REGISTER\r\nContact: <sip:{user}@{here}>\r\n{more}Content-Length: 0\r\n\r\n"
    );
    phone.send_to(request.as_bytes(), there).unwrap();
}

fn answer((_, phone): &(String, UdpSocket)) -> String {
    let mut room = [0; 4096];
    let length = phone.recv(&mut room).unwrap();
    String::from_utf8_lossy(&room[..length]).into_owned()
}

/// The Authorization that the house's challenge asks for.
fn proof(house: &House, phone: &(String, UdpSocket), count: u32) -> String {
    register(house, phone, 1, "");
    let challenge = answer(phone);
    let value = challenge.split("WWW-Authenticate: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let (who, uri) = (Credentials { user: &phone.0, password: "pw" }, format!("sip:{}", house.listeners[0]));
    let mut chance = Chance::from_seed([3; 32]);
    let proof = auth::answer(value, who, "REGISTER", &uri, b"", &mut chance, count).unwrap();
    format!("Authorization: {proof}\r\n")
}

#[test]
fn a_phone_that_comes_alone_is_written_at_once_and_answered_when_that_has_landed() {
    let (house, dones) = house();
    let phone = phone(0);

    let proof = proof(&house, &phone, 1);
    register(&house, &phone, 2, &proof);

    assert_eq!([(); 2].map(|()| dones.recv_timeout(PATIENCE).unwrap()), [Done::Kept, Done::Written]);
    house.mail.landed(0, Shelf::Phones, Mark(1)).unwrap();
    assert!(answer(&phone).starts_with("SIP/2.0 200 "));
}

#[test]
fn phones_that_come_together_are_written_together_and_none_is_forgotten() {
    let (house, dones) = house();
    let phones: Vec<_> = (0..PHONES).map(phone).collect();
    let proofs: Vec<String> = phones.iter().map(|phone| proof(&house, phone, 1)).collect();

    phones.iter().zip(&proofs).for_each(|(phone, proof)| register(&house, phone, 2, proof));
    phones.iter().for_each(|phone| assert!(answer(phone).starts_with("SIP/2.0 200 ")));

    let mut seen = vec![dones.recv_timeout(PATIENCE).unwrap()];
    while let Ok(done) = dones.recv_timeout(Duration::from_millis(500)) {
        seen.push(done);
    }
    let kept = seen.iter().filter(|done| **done == Done::Kept).count();
    assert!(kept <= PHONES && seen.last() == Some(&Done::Written), "{seen:?}");
    assert!(seen.len() - kept <= kept, "{seen:?}");
}
