//! Any bytes at the door of a WebSocket: wherever they are cut, the same messages, answers and end come of them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use websocket::{Came, End, Origins, Page, Pages, Server};

const MESSAGE_MAX: usize = 65_536;

const HANDSHAKE: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

fuzz_target!(|input: (u8, bool, &[u8])| {
    let (piece, shakes_hands, bytes) = input;
    let bytes = match shakes_hands {
        true => [HANDSHAKE, bytes].concat(),
        false => bytes.to_vec(),
    };
    let whole = came_of(&bytes, bytes.len().max(1));
    assert_eq!(whole, came_of(&bytes, usize::from(piece).max(1)));
    assert!(whole.messages.iter().all(|message| message.len() <= MESSAGE_MAX));
});

#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    messages: Vec<Vec<u8>>,
    answers: Vec<u8>,
    end: Option<End>,
}

fn came_of(bytes: &[u8], piece: usize) -> Seen {
    let page = Page { path: "/", kind: "text/plain", body: b"page" };
    let pages = Pages::new(&[page], "");
    let mut server = Server::with_pages(Origins::default(), pages, MESSAGE_MAX);
    let mut seen = Seen::default();
    for part in bytes.chunks(piece) {
        server.feed(part);
        while let Some(came) = server.next(&mut seen.answers) {
            match came {
                Ok(Came::Message(message)) => seen.messages.push(message.to_vec()),
                Ok(Came::Life | Came::Page) => {}
                Err(end) => {
                    assert!(seen.end.is_none(), "it ends once");
                    seen.end = Some(end);
                }
            }
        }
    }
    seen
}
