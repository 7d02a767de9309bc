//! Any bytes as a SIP message: no accessor panics, an untouched message prints byte for byte, what cannot be
//! parsed is salvaged or left, and every shard count finds an owner.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip_message::{Header, Message, NameAddr, Uri, Writer, multipart, salvage};
use sip_stack::steer;

fuzz_target!(|bytes: &[u8]| {
    for shards in [1, 3, 16] {
        assert!(steer(bytes, shards) < shards);
    }
    match Message::parse(bytes) {
        Ok(message) => {
            read_everything(&message);
            prints_as_it_was(&message);
        }
        Err(error) => {
            assert!(error.status() >= 400);
            let _ = error.to_string();
            if let Some(salvaged) = salvage(bytes) {
                let _ = (salvaged.via(), salvaged.lines().count());
                let mut answer = Vec::new();
                salvaged.answer(&mut answer, error.status(), "Bad Request");
                assert!(answer.ends_with(b"\r\n\r\n"));
            }
        }
    }
});

fn read_everything(message: &Message<'_>) {
    let _ = (message.start(), message.via(), message.call_id(), message.cseq());
    let _ = (message.max_forwards(), message.expires(), message.retry_after(), message.rack());
    for name_addr in [Some(message.from()), Some(message.to()), message.contact().and_then(Result::ok)] {
        name_addr.iter().for_each(read_address);
    }
    message.contacts().chain(message.routes()).chain(message.record_routes()).flatten().for_each(|it| read_address(&it));
    for via in message.vias().flatten() {
        let _ = (via.branch(), via.received(), via.rport(), via.param("maddr"));
    }
    for line in message.lines() {
        let _ = message.values(line.header).count();
    }
    let _ = (message.has_token(Header::Supported, "100rel"), message.named("x-anything"));
    if let Some(kind) = message.content_type() {
        let _ = kind.is("multipart", "mixed");
    }
    for part in multipart::parts(message.body(), "boundary") {
        let _ = (part.content_type(), part.lines().count());
    }
    if let Some(uri) = message.request_uri() {
        read_uri(uri);
    }
}

fn read_address(address: &NameAddr<'_>) {
    let _ = (address.display(), address.tag(), address.param("q"), address.is_star());
    read_uri(address.uri);
}

fn read_uri(text: &str) {
    let Ok(uri) = Uri::parse(text) else { return };
    let _ = (uri.user_decoded(), uri.number(), uri.phone_context(), uri.headers().count());
    let _ = uri.matches(&uri);
}

fn prints_as_it_was(message: &Message<'_>) {
    let mut out = Vec::new();
    let mut writer = Writer::start_of(&mut out, message);
    for line in message.lines() {
        writer.copy(line);
    }
    writer.end_copied(message.body());
    let has_crlf_everywhere = !message.bytes().windows(2).any(|pair| pair[1] == b'\n' && pair[0] != b'\r');
    let again = Message::parse(&out).expect("what was copied from a message is a message");
    assert_eq!(again.lines().count(), message.lines().count());
    assert_eq!(again.body(), message.body());
    if has_crlf_everywhere && message.bytes().starts_with(message.start_line().as_bytes()) {
        assert_eq!(out, message.bytes());
    }
}
