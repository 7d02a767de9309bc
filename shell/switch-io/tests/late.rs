#![allow(clippy::unwrap_used)]
//! A last answer waits until the record is on the disk, not for ever, and alone.

mod house;

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use house::{House, Wish, free, options, wait_for};
use sip_stack::Transport;
use switch_io::{Keep, Mark, Receipt, Shelf};

/// What a far end waits before it says something again.
const T1: Duration = Duration::from_millis(500);

fn house(keep: Keep) -> House {
    let trunk = "[trunk.east]\nkind = \"pbx\"\nservers = [{ uri = \"sip:127.0.0.1\" }]\n\
accept = { sources = [\"127.0.0.1\"], did = \"any\" }\ndirection = \"in\"\n\
health = { options = \"off\" }\n";
    House::start(Wish {
        listen: &[(Transport::Udp, free("127.0.0.1"))],
        more: trunk.to_owned(),
        keep: Some(keep),
        ..Wish::default()
    })
}

/// A call to a number that nobody has: it is refused, and has a record.
fn invite(house: &House, phone: &UdpSocket, call: &str) {
    let (here, there) = (phone.local_addr().unwrap(), house.listeners[0]);
    let request = format!(
        "INVITE sip:+12065550199@{there} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{call}\r\n\
Max-Forwards: 70\r\nFrom: <sip:+14255550100@{here}>;tag=1\r\nTo: <sip:+12065550199@{there}>\r\n\
Call-ID: {call}\r\nCSeq: 1 INVITE\r\nContact: <sip:{here}>\r\nContent-Length: 0\r\n\r\n"
    );
    phone.send_to(request.as_bytes(), there).unwrap();
}

fn phone() -> UdpSocket {
    let phone = UdpSocket::bind("127.0.0.1:0").unwrap();
    phone.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    phone
}

/// The next answer that is more than "trying".
fn answer(phone: &UdpSocket) -> String {
    let mut room = [0; 4096];
    loop {
        let length = phone.recv(&mut room).unwrap();
        let text = String::from_utf8_lossy(&room[..length]).into_owned();
        if !text.starts_with("SIP/2.0 100 ") {
            return text;
        }
    }
}

#[test]
fn a_last_answer_leaves_when_the_record_is_on_the_disk_and_nothing_else_waits() {
    let (kept, keeps) = std::sync::mpsc::channel();
    let house = house(Box::new(move |shard, records| {
        kept.send((shard, records.len())).unwrap();
        Receipt::Awaited(Mark(7))
    }));
    let phone = phone();
    let began = Instant::now();

    invite(&house, &phone, "late");
    assert_eq!(keeps.recv_timeout(Duration::from_secs(20)).unwrap(), (0, 1));
    phone
        .send_to(options("soon", "UDP", phone.local_addr().unwrap()).as_bytes(), house.listeners[0])
        .unwrap();
    let first = answer(&phone);
    // An older record says nothing of this one.
    house.mail.landed(0, Shelf::Records, Mark(6)).unwrap();
    house.mail.landed(0, Shelf::Phones, Mark(9)).unwrap();
    invite(&house, &phone, "late");
    house.mail.landed(0, Shelf::Records, Mark(7)).unwrap();
    let second = answer(&phone);
    let took = began.elapsed();

    assert!(first.contains("Call-ID: soon"), "{first}");
    assert!(second.starts_with("SIP/2.0 4") && second.contains("Call-ID: late"), "{second}");
    let count = house.handle.asker().counts()[0];
    assert!(count.unlanded == 0 || took > Duration::from_millis(200), "{count:?}");
}

#[test]
fn however_sick_the_disk_is_the_answer_comes_before_it_is_asked_for_again() {
    let house = house(Box::new(|_, _| Receipt::Awaited(Mark(1))));
    let phone = phone();
    let began = Instant::now();

    invite(&house, &phone, "never");
    let last = answer(&phone);
    let took = began.elapsed();

    assert!(last.starts_with("SIP/2.0 4"), "{last}");
    assert!(took >= Duration::from_millis(200), "{took:?}");
    wait_for(|| house.handle.asker().counts()[0].unlanded >= 1);
    assert!(took < 10 * T1, "{took:?}");
}

#[test]
fn what_is_known_to_be_as_good_as_it_gets_waits_for_nothing() {
    let house = house(Box::new(|_, _| Receipt::Done));
    let phone = phone();

    invite(&house, &phone, "done");

    assert!(answer(&phone).starts_with("SIP/2.0 4"));
    assert_eq!(house.handle.asker().counts()[0].unlanded, 0);
}
