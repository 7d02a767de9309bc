//! Any datagram is a message or none; what is read of it is within it, and an answer to it is well made.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stun::{Class, Message};

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = Message::parse(bytes) else { return };
    let _ = (message.is_proven("password"), message.priority(), message.seen(), message.nominates());
    let _ = (message.tie_breaker(), message.code());
    assert!(message.username().is_none_or(|name| name.len() <= bytes.len()));
    let unknown: Vec<u16> = message.unknown().collect();
    let check = |length: Option<usize>, buffer: &[u8]| {
        let written = Message::parse(&buffer[..length.expect("there is room")]).expect("it is a message");
        assert_ne!(written.class, Class::Request);
        assert_eq!(written.transaction, message.transaction);
    };
    let mut buffer = [0; 128];
    let seen = ([192, 0, 2, 1], 7).into();
    let length = stun::answer(message.transaction, seen, "password", &mut buffer);
    check(length, &buffer);
    let why = (420, "Unknown Attribute");
    let length = stun::refuse(message.transaction, why, &unknown, "password", &mut buffer);
    check(length, &buffer);
});
