//! The values of RFC 5769, and messages of our own.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::fs;
use std::net::SocketAddr;

use proptest::prelude::*;
use serde_json::Value;
use stun::{Check, Choice, Class, Error, Message, Transaction, answer, refuse};

const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";
const NAMED: Transaction = Transaction([7; 12]);

#[test]
fn g2_the_shared_vectors_are_read_as_they_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/stun/stun.json");
    let rows: Vec<Value> = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(rows.len() >= 4);
    for row in rows {
        let bytes = bytes(row["bytes"].as_str().unwrap());
        let message = Message::parse(&bytes);

        if row["parse_ok"] == false {
            assert!(matches!(message, Err(Error::Attribute | Error::Length)), "{row}");
        } else if row["fingerprint_ok"] == false {
            assert_eq!(message.unwrap_err(), Error::Fingerprint, "{row}");
        } else {
            let message = message.unwrap();
            assert_eq!(message.is_proven(row["password"].as_str().unwrap()), row["integrity_ok"] == true);
            assert!(!message.is_proven("another"));
            assert_eq!(message.username(), row["username"].as_str());
            assert_eq!(message.priority().map(u64::from), row["priority"].as_u64());
            assert!(message.is_of_controlled() && !message.nominates());
        }
    }
}

/// RFC 5769, 2.2 and 2.3: the answers to the sample request.
#[test]
fn g2_the_answers_of_the_rfc_are_read() {
    let v4 = "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f72200020\
              00080001a147e112a643\
              000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
    let v6 = "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f72200020\
              00140002a1470113a9fa\
              a5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";
    for (text, seen) in [(v4, "192.0.2.1:32853"), (v6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853")] {
        let bytes = bytes(text);

        let message = Message::parse(&bytes).unwrap();

        assert_eq!((message.class, message.is_proven(PASSWORD)), (Class::Answer, true));
        assert_eq!(message.seen(), Some(seen.parse().unwrap()));
    }
}

#[test]
fn what_is_written_is_read_as_it_was_meant() {
    for seen in ["192.0.2.1:32853", "[2001:db8::7]:9"] {
        let seen: SocketAddr = seen.parse().unwrap();
        let mut buffer = [0xff; 128];
        let length = answer(NAMED, seen, PASSWORD, &mut buffer).unwrap();

        let message = Message::parse(&buffer[..length]).unwrap();

        assert_eq!((message.class, message.transaction, message.seen()), (Class::Answer, NAMED, Some(seen)));
        assert!(message.is_proven(PASSWORD) && !message.is_proven(""));
    }
}

#[test]
fn a_check_names_both_sides_and_says_what_is_chosen() {
    for choice in [Choice::Open, Choice::Nominated, Choice::Theirs] {
        let check = Check { username: "ours:theirs", priority: 77, tie_breaker: 5, choice };
        let mut buffer = [0; 128];
        let length = check.write(NAMED, PASSWORD, &mut buffer).unwrap();

        let message = Message::parse(&buffer[..length]).unwrap();

        assert_eq!((message.username(), message.priority()), (Some("ours:theirs"), Some(77)));
        assert_eq!(message.nominates(), choice == Choice::Nominated);
        assert_eq!((message.is_of_controlled(), message.tie_breaker()), (choice == Choice::Theirs, Some(5)));
        assert!(message.is_proven(PASSWORD));
    }
}

#[test]
fn g2_names_of_a_row_differ_and_tell_nothing_without_its_secret() {
    let row = |secret: u8, row: &[u8]| {
        (0..100).map(|at| Transaction::drawn(&[secret; 16], row, at).0).collect::<Vec<_>>()
    };

    let all = [row(1, b"one"), row(2, b"one"), row(1, b"other")].concat();

    assert_eq!(all[..100], row(1, b"one"));
    assert!(all.iter().enumerate().all(|(at, name)| !all[..at].contains(name)));
}

/// What stands behind the proof was put there by whoever liked to.
#[test]
fn attributes_behind_the_proof_are_not_believed() {
    let check = Check { username: "a:b", priority: 1, tie_breaker: 5, choice: Choice::Open };
    let mut buffer = [0; 128];
    let length = check.write(NAMED, PASSWORD, &mut buffer).unwrap();
    let mut forged = buffer[..length - 8].to_vec();
    forged.extend([0x00, 0x25, 0, 0]);
    forged[3] -= 4;

    let message = Message::parse(&forged).unwrap();

    assert!(message.is_proven(PASSWORD) && !message.nominates());
}

#[test]
fn a_refusal_says_what_was_not_understood() {
    let mut buffer = [0; 128];
    let length = refuse(NAMED, (420, "Unknown"), &[0x7fff], PASSWORD, &mut buffer).unwrap();
    let message = Message::parse(&buffer[..length]).unwrap();
    assert_eq!((message.class, message.is_proven(PASSWORD)), (Class::Refusal, true));
    assert_eq!(message.code(), Some(420));

    let mut asked = buffer[..length].to_vec();
    asked[..2].copy_from_slice(&[0, 1]);
    asked[20..22].copy_from_slice(&[0x7f, 0xff]);
    asked.truncate(length - 8);
    let shorter = u16::try_from(asked.len() - 20).unwrap().to_be_bytes();
    asked[2..4].copy_from_slice(&shorter);
    assert_eq!(Message::parse(&asked).unwrap().unknown().collect::<Vec<_>>(), [0x7fff]);
}

#[test]
fn no_room_is_no_answer() {
    let seen = "192.0.2.1:1".parse().unwrap();
    let mut buffer = [0; 63];
    assert_eq!(answer(NAMED, seen, PASSWORD, &mut buffer), None);
}

proptest! {
    #[test]
    fn nothing_that_comes_makes_it_fall(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(message) = Message::parse(&bytes) {
            let _ = (message.is_proven("x"), message.username(), message.seen(), message.unknown().count());
        }
    }

    #[test]
    fn a_bit_that_fell_over_is_seen(at in 0usize..68 * 8) {
        let mut buffer = [0; 128];
        let seen = "[2001:db8::7]:9".parse().unwrap();
        let length = answer(NAMED, seen, PASSWORD, &mut buffer).unwrap();
        prop_assert_eq!(length, 76);
        buffer[at / 8] ^= 1 << (at % 8);
        let proven = Message::parse(&buffer[..length]).is_ok_and(|message| message.is_proven(PASSWORD));
        prop_assert!(!proven);
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}
