//! Any datagram is a message or none; what is read of it is within it, and an answer to it is well made.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stun::{Ask, Class, Message, Pass};

fuzz_target!(|bytes: &[u8]| {
    if let Some((_, within)) = stun::channel_of(bytes) {
        assert!(bytes.get(within).is_some());
    }
    if let Ok(said) = Message::of_server(bytes) {
        let _ = (said.relayed(), said.peer(), said.lifetime(), said.is_proven_by(b"key"));
        assert!(said.data().is_none_or(|within| bytes.get(within).is_some()));
        let pass = said.challenge().map(|challenge| Pass::new("name", "password", challenge));
        let mut buffer = [0; 1200];
        let asked = Ask::Refresh { seconds: 0 }.write(said.transaction, pass.as_ref(), &mut buffer);
        assert!(asked.is_none_or(|length| length <= buffer.len()));
    }
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
