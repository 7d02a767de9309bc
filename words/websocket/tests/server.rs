//! Whatever a client sends: what is a message comes out, what is not is refused, and nothing breaks us.

use proptest::prelude::*;
use websocket::{Came, End, Origins, Server, put_message};

const MESSAGE_MAX: usize = 65_536;

const HANDSHAKE: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// What came of bytes: messages, what was answered, and how it ended.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    messages: Vec<Vec<u8>>,
    answers: Vec<u8>,
    end: Option<End>,
}

fn server() -> Server {
    Server::new(Origins::default(), MESSAGE_MAX)
}

fn see(bytes: &[u8], piece: usize) -> Seen {
    let mut server = server();
    let mut seen = Seen::default();
    for part in bytes.chunks(piece.max(1)) {
        server.feed(part);
        while let Some(came) = server.next(&mut seen.answers) {
            match came {
                Ok(Came::Message(message)) => seen.messages.push(message.to_vec()),
                Ok(Came::Life | Came::Page) => {}
                Err(end) => seen.end = Some(end),
            }
        }
    }
    seen
}

/// What follows a handshake, without the answer to it.
fn after_handshake(frames: &[u8]) -> Seen {
    let opened = see(HANDSHAKE, usize::MAX).answers.len();
    let mut seen = see(&[HANDSHAKE, frames].concat(), usize::MAX);
    seen.answers.drain(..opened);
    seen
}

/// A client's frame: its first byte, and its payload under a mask.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | short as u8),
        middle @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(middle as u16).to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

#[test]
fn d7_each_message_comes_out_whole_as_text_or_as_bytes() {
    let seen = after_handshake(&[frame(0x81, b"OPTIONS sip:a"), frame(0x82, &[0xff, 0x00])].concat());

    assert_eq!(seen.messages, [b"OPTIONS sip:a".to_vec(), vec![0xff, 0x00]]);
    assert_eq!(seen.end, None);
}

#[test]
fn d7_a_message_in_parts_comes_out_whole_with_pings_between_them() {
    let parts = [frame(0x01, b"OPTI"), frame(0x89, b"there?"), frame(0x00, b"ONS"), frame(0x80, b" sip:a")];

    let seen = after_handshake(&parts.concat());

    assert_eq!(seen.messages, [b"OPTIONS sip:a".to_vec()]);
    assert_eq!(seen.answers, [&[0x8a, 6][..], b"there?"].concat());
}

#[test]
fn a_letter_may_be_cut_between_the_parts_of_a_text() {
    let seen = after_handshake(&[frame(0x01, &[0xc3]), frame(0x80, &[0xbc])].concat());

    assert_eq!(seen.messages, ["ü".as_bytes().to_vec()]);
}

#[test]
fn a_text_that_is_none_ends_the_connection_with_1007() {
    for frames in [frame(0x81, &[0xff]), [frame(0x01, &[0xc3]), frame(0x80, b"a")].concat()] {
        let seen = after_handshake(&frames);
        assert_eq!((seen.end, seen.answers), (Some(End::Broken(1007)), vec![0x88, 2, 0x03, 0xef]));
    }
}

#[test]
fn what_is_too_large_ends_the_connection_with_1009_before_it_has_come() {
    let mut announced = frame(0x82, &[]);
    announced.truncate(1);
    announced.extend_from_slice(&[0xff, 0, 0, 0, 0, 0, 1, 0, 1]);
    let half = vec![b'a'; MESSAGE_MAX / 2 + 1];

    assert_eq!(after_handshake(&announced).end, Some(End::Broken(1009)));
    assert_eq!(
        after_handshake(&[frame(0x01, &half), frame(0x80, &half)].concat()).end,
        Some(End::Broken(1009))
    );
    assert_eq!(after_handshake(&frame(0x82, &vec![0; MESSAGE_MAX])).messages.len(), 1);
}

#[test]
fn parts_without_a_beginning_and_beginnings_within_a_message_are_refused() {
    for frames in [frame(0x80, b"a"), [frame(0x01, b"a"), frame(0x81, b"b")].concat()] {
        let seen = after_handshake(&frames);
        assert_eq!((seen.end, seen.messages.len()), (Some(End::Broken(1002)), 0));
    }
}

#[test]
fn a_goodbye_is_returned_and_nothing_is_heard_after_it() {
    let frames = [frame(0x88, &[0x03, 0xe8, b'b', b'y', b'e']), frame(0x81, b"late")];

    let seen = after_handshake(&frames.concat());

    assert_eq!(seen.end, Some(End::Closed));
    assert_eq!(seen.answers, [0x88, 2, 0x03, 0xe8]);
    assert!(seen.messages.is_empty());
    assert_eq!(after_handshake(&frame(0x88, &[])).answers, [0x88, 0]);
    for wrong in [&[0x03][..], &1005_u16.to_be_bytes(), &0_u16.to_be_bytes()] {
        assert_eq!(after_handshake(&frame(0x88, wrong)).end, Some(End::Broken(1002)));
    }
}

#[test]
fn a_handshake_without_an_end_is_refused_once_it_is_too_long() {
    let endless = [b"GET / HTTP/1.1\r\nCookie: ".to_vec(), vec![b'a'; 9000]].concat();

    let seen = see(&endless, 100);

    assert!(matches!(seen.end, Some(End::Refused(_))));
    assert!(seen.answers.starts_with(b"HTTP/1.1 431 "));
}

#[test]
fn d7_what_may_come_right_behind_the_handshake_is_heard() {
    let seen = see(&[HANDSHAKE, &frame(0x81, b"REGISTER sip:a")].concat(), usize::MAX);

    assert_eq!(seen.messages, [b"REGISTER sip:a".to_vec()]);
}

#[test]
fn sip_without_a_websocket_is_refused_in_http() {
    let seen = see(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n", usize::MAX);

    assert!(seen.answers.starts_with(b"HTTP/1.1 400 "));
}

proptest! {
    #[test]
    fn whatever_comes_after_the_handshake_does_not_break_us(bytes: Vec<u8>, piece in 1_usize..40) {
        let whole = [HANDSHAKE, &bytes].concat();
        prop_assert_eq!(see(&whole, usize::MAX), see(&whole, piece));
    }

    #[test]
    fn wherever_the_network_cuts_the_same_messages_come_out(
        messages in prop::collection::vec(
            (0_u8..2, prop::collection::vec(0_u8..128, 0..400), 1_usize..90),
            0..5,
        ),
        piece in 1_usize..200,
    ) {
        let mut bytes = HANDSHAKE.to_vec();
        for (kind, message, part) in &messages {
            let mut parts: Vec<&[u8]> = message.chunks(*part).collect();
            if parts.is_empty() {
                parts.push(&[]);
            }
            for (at, text) in parts.iter().enumerate() {
                let code = if at == 0 { 1 + kind } else { 0 };
                let last = if at + 1 == parts.len() { 0x80 } else { 0 };
                bytes.extend(frame(last | code, text));
            }
        }
        let seen = see(&bytes, piece);
        let said: Vec<Vec<u8>> = messages.into_iter().map(|(_, message, _)| message).collect();
        prop_assert_eq!(seen.messages, said);
        prop_assert_eq!(seen.end, None);
    }

    #[test]
    fn what_we_write_is_one_frame(message: Vec<u8>) {
        let mut out = Vec::new();
        put_message(&mut out, &message);
        let head = match message.len() { 0..=125 => 2, _ => 4 };
        prop_assert_eq!(&out[head..], &message[..]);
        prop_assert!(out[1] < 0x80);
    }
}
