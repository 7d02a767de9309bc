//! Messages come out whole, wherever the stream was cut.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sip_stack::{Frame, FrameFault, Framer};

const ONE: &str = "OPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 4\r\n\r\nbody";
const TWO: &str = "SIP/2.0 200 OK\r\nl : 0\r\n\r\n";

fn frames(framer: &mut Framer) -> Vec<Result<String, FrameFault>> {
    let mut found = Vec::new();
    while let Some(next) = framer.next() {
        let is_fault = next.is_err();
        found.push(next.map(|frame| match frame {
            Frame::Message(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            Frame::Ping => "ping".to_owned(),
        }));
        if is_fault {
            break;
        }
    }
    found
}

fn fault_of(text: &str) -> FrameFault {
    let mut framer = Framer::new();
    framer.feed(text.as_bytes());
    frames(&mut framer).pop().unwrap().unwrap_err()
}

#[test]
fn pipelined_messages_come_one_by_one() {
    let mut framer = Framer::new();
    framer.feed(format!("{ONE}{TWO}{ONE}").as_bytes());

    assert_eq!(frames(&mut framer), [Ok(ONE.into()), Ok(TWO.into()), Ok(ONE.into())]);
    assert!(framer.is_empty());
}

#[test]
fn a_double_line_end_is_a_ping_and_a_single_one_a_pong() {
    let mut framer = Framer::new();

    framer.feed(format!("\r\n{ONE}\r\n\r\n{TWO}").as_bytes());

    assert_eq!(frames(&mut framer), [Ok(ONE.into()), Ok("ping".into()), Ok(TWO.into())]);
}

#[test]
fn a_message_without_one_clear_length_ends_the_stream() {
    assert_eq!(fault_of("OPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\n\r\n"), FrameFault::NoLength);
    assert_eq!(fault_of("A b C\r\nContent-Length: -1\r\n\r\n"), FrameFault::BadLength);
    assert_eq!(fault_of("A b C\r\nContent-Length: 99999999999999999999\r\n\r\n"), FrameFault::BadLength);
    assert_eq!(fault_of("A b C\r\nContent-Length: 1\r\nl: 2\r\n\r\nxx"), FrameFault::TwoLengths);
    assert_eq!(fault_of("A b C\r\nContent-Length: 70000\r\n\r\n"), FrameFault::TooLong);
}

#[test]
fn a_length_said_twice_alike_is_clear() {
    let mut framer = Framer::new();
    let text = "A b C\r\nContent-Length: 1\r\nl: 1\r\n\r\nx";
    framer.feed(text.as_bytes());

    assert_eq!(frames(&mut framer), [Ok(text.into())]);
}

#[test]
fn headers_without_end_are_too_long() {
    let mut framer = Framer::new();
    for _ in 0..70 {
        framer.feed(&[b'x'; 1000]);
        if let Some(fault) = frames(&mut framer).pop() {
            assert_eq!(fault, Err(FrameFault::TooLong));
            return;
        }
    }
    panic!("a limit is a limit");
}

proptest! {
    #[test]
    fn where_the_stream_is_cut_makes_no_difference(cuts in prop::collection::vec(1usize..40, 1..40)) {
        let text = format!("{ONE}{TWO}\r\n\r\n{ONE}{ONE}{TWO}");
        let mut framer = Framer::new();
        let mut found = Vec::new();
        let mut left = text.as_bytes();
        let mut cuts = cuts.iter().cycle();
        while !left.is_empty() {
            let (piece, rest) = left.split_at(left.len().min(*cuts.next().unwrap()));
            framer.feed(piece);
            found.extend(frames(&mut framer).into_iter().map(Result::unwrap));
            left = rest;
        }
        prop_assert_eq!(found, [ONE, TWO, "ping", ONE, ONE, TWO]);
    }

    #[test]
    fn no_bytes_upset_it(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut framer = Framer::new();
        for piece in bytes.chunks(7) {
            framer.feed(piece);
            frames(&mut framer);
        }
    }
}
