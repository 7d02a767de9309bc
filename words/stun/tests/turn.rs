//! What is said to servers outside, and what they say (RFC 8489, 9.2; RFC 8656).
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::Duration;

use proptest::prelude::*;
use stun::{
    Ask, Class, Error, Family, Message, Method, Pass, Transaction, channel_head, channel_of, keep_alive,
};

const NAMED: Transaction = Transaction([7; 12]);
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];

/// RFC 8489, 9.2.2, names the key of a name, a realm and a password.
#[test]
fn g2_the_key_of_a_name_is_that_of_the_rfc() {
    let pass = Pass::new("user", "pass", ("realm", b"word"));

    assert_eq!(hex(pass.key()), "8493fbc53ba582fb4c044c456bdc40eb");
    assert_eq!(pass.renewed(b"other").key(), pass.key());
    assert!(!format!("{pass:?}").contains("pass in"), "{pass:?}");
}

/// RFC 8656, 7.1, 8.1 and 12.1, byte by byte.
#[test]
fn g2_each_question_says_what_the_rfc_wants() {
    let peer: SocketAddr = "192.0.2.1:32853".parse().unwrap();
    let rows = [
        (Ask::Binding, 0x0001, "80280004"),
        (Ask::Allocate(Family::Four), 0x0003, "0019000411000000"),
        (Ask::Allocate(Family::Six), 0x0003, "00190004110000000017000402000000"),
        (Ask::Refresh { seconds: 0 }, 0x0004, "000d000400000000"),
        (Ask::Refresh { seconds: 600 }, 0x0004, "000d000400000258"),
        (Ask::Bind { channel: 0x4001, peer }, 0x0009, "000c000440010000001200080001a147e112a643"),
    ];
    for (ask, kind, begins) in rows {
        let mut buffer = [0; 256];
        let length = ask.write(NAMED, None, &mut buffer).unwrap();
        assert_eq!(u16::from_be_bytes([buffer[0], buffer[1]]), kind);
        assert!(hex(&buffer[20..length]).starts_with(begins), "{ask:?}: {}", hex(&buffer[20..length]));

        let pass = Pass::new("user", "pass", ("realm", b"word"));
        let length = ask.write(NAMED, Some(&pass), &mut buffer).unwrap();
        let said = hex(&buffer[..length]);
        // USERNAME, REALM, NONCE, then the proof and the fingerprint.
        for part in
            ["0006000475736572", "001400057265616c6d000000", "00150004776f7264", "00080014", "80280004"]
        {
            assert!(said.contains(part), "{ask:?} {part}: {said}");
        }
        assert!(ask.write(NAMED, Some(&pass), &mut buffer[..length - 1]).is_none(), "there is no room");
    }
}

#[test]
fn g2_what_keeps_a_nat_in_mind_is_an_indication_that_says_nothing() {
    let mut buffer = [0; 64];
    let length = keep_alive(NAMED, &mut buffer).unwrap();

    assert!(stun::is_indication(&buffer[..length]));
    assert_eq!(length, 28, "a head and a fingerprint");
}

/// What a server gives, by a proof of the key that it shares with us.
#[test]
fn g2_what_a_server_gives_is_read_and_who_gave_it() {
    let attributes = "001600080001e23fe112a643002000080001a147e112a643000d000400000258";
    let bytes = said(0x0103, attributes);

    let message = Message::of_server(&bytes).unwrap();

    assert_eq!((message.method, message.class), (Method::Allocate, Class::Answer));
    assert_eq!(message.relayed(), Some("192.0.2.1:49965".parse().unwrap()));
    assert_eq!(message.seen(), Some("192.0.2.1:32853".parse().unwrap()));
    assert_eq!(message.lifetime(), Some(Duration::from_secs(600)));
    assert!(!message.is_proven_by(b"anything"), "nobody has proven it");
    assert_eq!(Message::parse(&bytes).unwrap_err(), Error::Foreign, "it is no check");
}

#[test]
fn g2_what_a_server_wants_to_be_shown_is_read() {
    let refusal = said(0x0113, "0009000400000401001400057265616c6d00000000150004776f7264");
    let message = Message::of_server(&refusal).unwrap();

    assert_eq!((message.class, message.code()), (Class::Refusal, Some(401)));
    assert_eq!(message.challenge(), Some(("realm", &b"word"[..])));
}

#[test]
fn g2_what_somebody_sent_to_our_place_is_found_where_it_lies() {
    let bytes = said(0x0017, "001200080001a147e112a6430013000368656c00");
    let message = Message::of_server(&bytes).unwrap();

    assert_eq!((message.method, message.class), (Method::Data, Class::Indication));
    assert_eq!(message.peer(), Some("192.0.2.1:32853".parse().unwrap()));
    assert_eq!(&bytes[message.data().unwrap()], b"hel");
}

/// Nobody asks us for a place, and no method is taken for another.
#[test]
fn g2_what_no_server_says_is_nothing() {
    for kind in [0x0003, 0x0013, 0x0004, 0x0009, 0x0007, 0x0117, 0x0108, 0x0006, 0x4001, 0x0203] {
        assert_eq!(Message::of_server(&said(kind, "")).unwrap_err(), Error::Foreign, "{kind:04x}");
    }
}

/// RFC 8656, 12.4 and 12.5: by UDP there may be something behind it.
#[test]
fn g2_what_comes_through_a_channel_is_within_it() {
    let head = channel_head(0x4001, 3).unwrap();
    let bytes = [&head[..], b"helping"].concat();

    assert_eq!(head, [0x40, 1, 0, 3]);
    assert_eq!(channel_of(&bytes), Some((0x4001, 4..7)));
    assert_eq!(channel_of(&bytes[..6]), None, "it is cut off");
    for first in [0x00, 0x3f, 0x50, 0x80, 0xff] {
        assert_eq!(channel_of(&[first, 0, 0, 0]), None, "{first:02x} is of another protocol");
    }
    assert_eq!(channel_head(0x4001, 70_000), None);
}

proptest! {
    #[test]
    fn whatever_comes_is_within_itself(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut message = said(0x0017, "");
        message.extend(&bytes);
        let length = u16::try_from(message.len() - 20).unwrap();
        message[2..4].copy_from_slice(&length.to_be_bytes());
        if let Ok(read) = Message::of_server(&message) {
            prop_assert!(read.data().is_none_or(|within| message.get(within).is_some()));
        }
        prop_assert!(channel_of(&bytes).is_none_or(|(_, within)| bytes.get(within).is_some()));
    }
}

fn said(kind: u16, attributes: &str) -> Vec<u8> {
    let attributes: Vec<u8> = (0..attributes.len() / 2)
        .map(|at| u8::from_str_radix(&attributes[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let length = u16::try_from(attributes.len()).unwrap();
    [&kind.to_be_bytes()[..], &length.to_be_bytes(), &COOKIE, &NAMED.0, &attributes].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
