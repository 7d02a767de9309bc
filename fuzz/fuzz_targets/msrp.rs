//! Any bytes of a session of messages: wherever they are cut, the same heads and the same bodies come of them,
//! and what is written of a head is read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use msrp::{Body, End, Found, Head, Start, Uri, write_request, write_response};

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    let whole = read(bytes, bytes.len().max(1));
    assert_eq!(whole, read(bytes, usize::from(piece).max(1)));
});

#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    heads: Vec<Vec<u8>>,
    body: Vec<u8>,
    is_broken: bool,
}

fn read(bytes: &[u8], piece: usize) -> Seen {
    let (mut seen, mut at_hand, mut end) = (Seen::default(), Vec::new(), None::<End>);
    for part in bytes.chunks(piece) {
        at_hand.extend_from_slice(part);
        loop {
            let took = match &end {
                Some(looking) => match looking.find(&at_hand) {
                    Found::NotYet { body } => {
                        seen.body.extend_from_slice(&at_hand[..body]);
                        at_hand.drain(..body);
                        break;
                    }
                    Found::End { body, length, .. } => {
                        seen.body.extend_from_slice(&at_hand[..body]);
                        end = None;
                        length
                    }
                },
                None => match Head::parse(&at_hand) {
                    Ok(None) => break,
                    Err(_) => {
                        seen.is_broken = true;
                        return seen;
                    }
                    Ok(Some(head)) => {
                        seen.heads.push(written(&head));
                        let _ = (Uri::parse_path(head.to), head.reports());
                        end = (head.body == Body::Follows).then(|| End::of(head.id));
                        head.length
                    }
                },
            };
            at_hand.drain(..took);
        }
    }
    seen
}

fn written(head: &Head<'_>) -> Vec<u8> {
    let (mut out, paths) = (Vec::new(), (head.to, head.from));
    match head.start {
        Start::Request(method) => write_request(&mut out, (head.id, method), paths, head.rest, head.body),
        Start::Response { status, comment } => {
            write_response(&mut out, head.id, (status, comment), paths, head.rest)
        }
    }
    let again = Head::parse(&out).expect("what we write is read").expect("and it is whole");
    assert_eq!((again.start, again.id, again.to, again.from), (head.start, head.id, head.to, head.from));
    assert_eq!((again.rest, again.length), (head.rest, out.len()));
    out
}
