//! Heads and ends, as RFC 4975 has them and as bytes arrive.
#![allow(clippy::unwrap_used)]

use msrp::{Body, End, Fault, Flag, Found, HEAD_MAX, Head, Reports, Start, Uri};
use proptest::prelude::*;

const TO: &str = "msrp://bob.example.com:8888/9di4eae923wzd;tcp";
const FROM: &str = "msrp://alicepc.example.com:7777/iau39soe2843z;tcp";

fn send(rest: &str) -> String {
    format!("MSRP d93kswow SEND\r\nTo-Path: {TO}\r\nFrom-Path: {FROM}\r\n{rest}")
}

#[test]
fn l11_a_request_is_read_up_to_its_body() {
    let text = send("Message-ID: 12339sdqwer\r\nByte-Range: 1-16/16\r\nContent-Type: text/plain\r\n\r\nHi");

    let head = Head::parse(text.as_bytes()).unwrap().unwrap();

    assert_eq!(head.start, Start::Request("SEND"));
    assert_eq!((head.id, head.to, head.from), ("d93kswow", TO, FROM));
    assert_eq!((head.body, &text[head.length..]), (Body::Follows, "Hi"));
    assert_eq!(head.line("message-id"), Some("12339sdqwer"));
    assert_eq!(head.reports(), Reports::Yes);
}

#[test]
fn l11_a_request_without_a_body_ends_with_its_head() {
    let text = send("Message-ID: 1\r\nFailure-Report: partial\r\n-------d93kswow$\r\nMSRP");

    let head = Head::parse(text.as_bytes()).unwrap().unwrap();

    assert_eq!((head.body, &text[head.length..]), (Body::None(Flag::Complete), "MSRP"));
    assert_eq!(head.reports(), Reports::Partial);
    assert_eq!(head.rest, b"Message-ID: 1\r\nFailure-Report: partial\r\n");
}

#[test]
fn l11_a_response_says_its_status() {
    let text =
        format!("MSRP d93kswow 200 OK well\r\nTo-Path: {FROM}\r\nFrom-Path: {TO}\r\n-------d93kswow$\r\n");

    let head = Head::parse(text.as_bytes()).unwrap().unwrap();

    assert_eq!(head.start, Start::Response { status: 200, comment: "OK well" });
    assert_eq!(head.length, text.len());
}

#[test]
fn l11_a_head_is_awaited_until_it_is_whole_and_never_for_ever() {
    let text = send("Message-ID: 1\r\n-------d93kswow$\r\n");
    for length in 0..text.len() {
        assert_eq!(Head::parse(&text.as_bytes()[..length]), Ok(None), "{length}");
    }
    let long = send(&format!("Message-ID: {}", "a".repeat(HEAD_MAX)));
    assert_eq!(Head::parse(long.as_bytes()), Err(Fault::TooLong));
}

#[test]
fn l11_what_is_no_head_is_told_at_once() {
    for (text, fault) in [
        ("GET / HTTP/1.1\r\n", Fault::Start),
        ("GET", Fault::Start),
        ("MSRP a SEND\r\n", Fault::Start),
        ("MSRP abcd send\r\n", Fault::Start),
        ("MSRP abcd SEND\r\nFrom-Path: x\r\n", Fault::Paths),
        ("MSRP abcd SEND\r\nTo-Path: x\r\nTo-Path: x\r\n", Fault::Paths),
        ("MSRP abcd SEND\r\nTo-Path: x\r\nFrom-Path: x\r\nnothing\r\n", Fault::Line),
        ("MSRP abcd 200 OK\r\nTo-Path: x\r\nFrom-Path: x\r\n\r\n", Fault::Line),
    ] {
        assert_eq!(Head::parse(text.as_bytes()), Err(fault), "{text}");
    }
}

#[test]
fn l11_what_only_looks_like_an_end_is_body() {
    let end = End::of("d93kswow");

    let text = b"\r\n-------d93kswow?\r\n-------d93kswo\r\n-------d93kswow$\r\nrest";

    assert_eq!(end.find(text), Found::End { body: 34, flag: Flag::Complete, length: 54 });
    assert_eq!(end.find(b"-------d93kswow$\r\n"), Found::NotYet { body: 16 });
}

#[test]
fn l11_addresses_are_read_with_their_sessions() {
    let uri = Uri::parse("msrps://alice@[2001:db8::7]:2855/s/1=;tcp;x=y").unwrap();

    assert_eq!((uri.is_sealed, uri.host, uri.port), (true, "2001:db8::7", Some(2855)));
    assert_eq!((uri.session, uri.address()), (Some("s/1="), "2001:db8::7".parse().ok()));
    for wrong in ["sip:a", "msrp://a:1/b", "msrp://a:1/b;udp", "msrp://a:0/b;tcp", "msrp://:1/b;tcp", ""] {
        assert_eq!(Uri::parse(wrong), None, "{wrong}");
    }
    assert_eq!(Uri::parse_path(&format!("{TO} {FROM}")).unwrap().len(), 2);
    assert_eq!(Uri::parse_path(""), None);
}

proptest! {
    /// Whatever a body holds and wherever it is cut, it comes out whole, and its end is found.
    #[test]
    fn l11_a_body_comes_out_whole_wherever_it_is_cut(
        body in proptest::collection::vec(proptest::sample::select(&b"\r\n-a"[..]), 0..200),
        cuts in proptest::collection::vec(1_usize..40, 1..40),
    ) {
        let end = End::of("aaaa");
        let mut wire = body.clone();
        wire.extend_from_slice(b"\r\n-------aaaa+\r\nMSRP");
        let first = {
            let needle = b"\r\n-------aaaa";
            wire.windows(needle.len()).position(|window| window == needle).unwrap()
        };

        let (mut seen, mut at_hand, mut rest) = (Vec::new(), Vec::new(), &wire[..]);
        let mut cuts = cuts.iter().cycle();
        let found = loop {
            let length = (*cuts.next().unwrap()).min(rest.len());
            prop_assert!(length > 0, "the end is found before the bytes are over");
            at_hand.extend_from_slice(&rest[..length]);
            rest = &rest[length..];
            match end.find(&at_hand) {
                Found::NotYet { body } => seen.extend(at_hand.drain(..body)),
                Found::End { body, flag, .. } => {
                    seen.extend_from_slice(&at_hand[..body]);
                    break flag;
                }
            }
        };

        prop_assert_eq!(found, Flag::Continued);
        prop_assert_eq!(&seen, &wire[..first]);
    }

    /// What was made of the first bytes stays so whatever follows them.
    #[test]
    fn l11_a_head_is_the_same_wherever_bytes_are_cut(
        parts in proptest::collection::vec(proptest::sample::select(&PARTS[..]), 0..12),
    ) {
        let whole: Vec<u8> = parts.concat().into_bytes();
        let made = Head::parse(&whole);
        for length in 0..whole.len() {
            let early = Head::parse(&whole[..length]);
            prop_assert!(early == Ok(None) || early == made, "{early:?} of {length}, then {made:?}");
        }
    }
}

const PARTS: [&str; 12] = [
    "MSRP abcd SEND\r\n",
    "MSRP abcd 200 OK\r\n",
    "To-Path: a\r\n",
    "From-Path: b\r\n",
    "Failure-Report: no\r\n",
    "\r\n",
    "-------abcd$\r\n",
    "-------abcd+",
    "MSRP ",
    "\r",
    "\n",
    "z",
];
