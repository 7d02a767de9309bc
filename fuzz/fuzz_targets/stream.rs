//! Any bytes as a stream: wherever it is cut, the same messages come out, in the same order, with the same end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip_stack::{Frame, FrameFault, Framer};

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    let whole = frames(bytes, bytes.len().max(1));
    assert_eq!(whole, frames(bytes, usize::from(piece).max(1)));
    assert_eq!(whole, frames(bytes, 1));
});

fn frames(bytes: &[u8], piece: usize) -> Vec<Result<Option<Vec<u8>>, FrameFault>> {
    let mut framer = Framer::new();
    let mut found = Vec::new();
    for part in bytes.chunks(piece) {
        framer.feed(part);
        while let Some(frame) = framer.next() {
            let is_over = frame.is_err();
            found.push(frame.map(|frame| match frame {
                Frame::Message(message) => Some(message.to_vec()),
                Frame::Ping => None,
            }));
            if is_over {
                return found;
            }
        }
    }
    found
}
