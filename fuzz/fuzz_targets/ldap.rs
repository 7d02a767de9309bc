//! Whatever a directory answers, and whatever text is meant to be a filter: each is read or refused, nothing is
//! made of more bytes than there are, and what we ask is whole.
#![no_main]

use ldap::{Answer, Filter, Request, Search, whole};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    read_on(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        ask(text);
    }
});

/// Message after message, as they come in one stream.
fn read_on(mut bytes: &[u8]) {
    while let Ok(Some(length)) = whole(bytes) {
        let Some((message, rest)) = bytes.split_at_checked(length) else { return };
        if let Ok((id, answer)) = Answer::read(message) {
            let held = held(&answer);
            assert!(held <= message.len() * 3, "{held} bytes of {}: {id} {answer:?}", message.len());
            assert_eq!(Answer::read(message), Ok((id, answer)));
        }
        bytes = rest;
    }
}

/// Bytes of text that came of it; one that is no text becomes three.
fn held(answer: &Answer) -> usize {
    match answer {
        Answer::Entry(entry) => {
            let of_attributes = entry.attributes.iter().map(|attribute| {
                attribute.name.len() + attribute.values.iter().map(String::len).sum::<usize>()
            });
            entry.name.len() + of_attributes.sum::<usize>()
        }
        Answer::Elsewhere => 0,
        Answer::Done { words, cookie, .. } => words.len() + cookie.len(),
        Answer::Farewell { words, .. } => words.len(),
    }
}

fn ask(text: &str) {
    let Ok(filter) = Filter::read(text) else { return };
    let search = Search { base: text, filter: &filter, attributes: &["cn", text], page: 500, cookie: &[7] };
    for id in [1, u32::MAX] {
        let written = Request::Search(search).write(id);
        assert_eq!(whole(&written), Ok(Some(written.len())));
        assert!(Answer::read(&written).is_err(), "a question is no answer");
    }
}
