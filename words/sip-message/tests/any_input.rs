//! For all messages that can be made, and all bytes there are.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use proptest::prelude::*;
use sip_message::{Header, Line, Message, NameAddr, Uri, Via, Writer, multipart, salvage};

/// A message as somebody would make it, in parts.
#[derive(Debug, Clone)]
struct Made {
    user: String,
    host: String,
    branch: String,
    display: String,
    call_id: String,
    number: u32,
    others: Vec<(String, String)>,
    body: Vec<u8>,
}

fn made() -> impl Strategy<Value = Made> {
    let other = ("X-[A-Za-z0-9.-]{1,20}", "([!-~]([ -~]{0,40}[!-~])?)?");
    (
        "[a-z0-9+._-]{1,20}",
        "[a-z]{1,8}\\.example\\.(com|net)",
        "z9hG4bK[a-zA-Z0-9.-]{1,30}",
        "[^\r\n\0-\u{1f}\u{7f}\"\\\\]{0,20}",
        "[a-zA-Z0-9.@-]{1,40}",
        0..1u32 << 31,
        prop::collection::vec(other, 0..100),
        prop::collection::vec(any::<u8>(), 0..200),
    )
        .prop_map(|(user, host, branch, display, call_id, number, others, body)| Made {
            user,
            host,
            branch,
            display,
            call_id,
            number,
            others,
            body,
        })
}

fn print(made: &Made) -> Vec<u8> {
    let Made { user, host, branch, display, call_id, number, others, body } = made;
    let mut out = Vec::new();
    let mut writer = Writer::request(&mut out, "INVITE", format_args!("sip:{user}@{host}"));
    writer
        .header(Header::Via, format_args!("SIP/2.0/UDP {host};branch={branch}"))
        .header(Header::From, format_args!("\"{display}\" <sip:{user}@{host}>;tag=1"))
        .header(Header::To, format_args!("<sip:{user}@{host}>"))
        .header(Header::CallId, call_id)
        .header(Header::CSeq, format_args!("{number} INVITE"));
    for (name, value) in others {
        writer.raw(name, value);
    }
    writer.body("application/octet-stream", body);
    out
}

proptest! {
    #[test]
    fn what_is_printed_is_what_is_read(made in made()) {
        let bytes = print(&made);

        let message = Message::parse(&bytes).unwrap();

        prop_assert_eq!(message.bytes(), &bytes[..]);
        prop_assert_eq!(message.body(), &made.body[..]);
        prop_assert_eq!(message.call_id(), &made.call_id);
        prop_assert_eq!(message.cseq().number, made.number);
        prop_assert_eq!(message.via().branch(), Some(&made.branch[..]));
        prop_assert_eq!(message.uri().unwrap().user(), Some(&made.user[..]));
        prop_assert_eq!(message.from().display().unwrap_or_default(), made.display);
        let read: Vec<(&str, &str)> = message
            .lines()
            .filter(|line| line.name.starts_with("X-"))
            .map(|Line { name, value, .. }| (name, value))
            .collect();
        let printed: Vec<(&str, &str)> = made.others.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        prop_assert_eq!(read, printed);
    }

    #[test]
    fn what_is_read_prints_as_it_came(made in made()) {
        let bytes = print(&made);
        let message = Message::parse(&bytes).unwrap();

        let mut out = Vec::new();
        let mut writer = Writer::start_of(&mut out, &message);
        for line in message.lines() {
            writer.copy(line);
        }
        writer.end_copied(message.body());

        prop_assert_eq!(out, bytes);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read_all(&bytes);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,80}") {
        read_text(&text);
    }

    #[test]
    fn no_punctuation_makes_it_panic(text in "[a1:;,@<>\"\\\\=?&%/\\[\\] \r\n\té*-]{0,60}") {
        read_text(&text);
        read_all(format!("INVITE sip:a SIP/2.0\r\nVia: {text}\r\n\r\n").as_bytes());
    }
}

#[test]
fn no_mutation_of_a_torture_message_makes_it_panic() {
    let messages = torture_messages();
    let mut chance = Chance(0x5eed);
    for message in &messages {
        for _ in 0..300 {
            let mut bytes = message.clone();
            for _ in 0..=chance.below(4) {
                mutate(&mut bytes, &messages, &mut chance);
            }
            read_all(&bytes);
        }
    }
}

#[test]
fn every_seed_of_the_fuzzer_is_a_message() {
    for (name, seed) in seeds() {
        let message = Message::parse(&seed).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(message.bytes(), &seed[..], "{name}");
    }
}

#[test]
fn no_cut_and_no_changed_byte_of_a_seed_makes_it_panic() {
    for (_, seed) in seeds() {
        for at in 0..seed.len() {
            read_all(&seed[..at]);
            for byte in [b'"', b'<', b'\n', 0xff, seed[at] ^ 1] {
                let mut bytes = seed.clone();
                bytes[at] = byte;
                read_all(&bytes);
            }
        }
    }
}

fn seeds() -> Vec<(String, Vec<u8>)> {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/message");
    let mut seeds: Vec<_> = std::fs::read_dir(corpus)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect();
    seeds.sort();
    assert!(!seeds.is_empty());
    seeds
}

fn mutate(bytes: &mut Vec<u8>, messages: &[Vec<u8>], chance: &mut Chance) {
    const TELLING: &[u8] = b"\r\n \t:;,<>\"\\@[]%=?/\0\x7f\xff0-";
    let at = chance.below(bytes.len() + 1);
    let telling = TELLING[chance.below(TELLING.len())];
    match chance.below(5) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, telling),
        2 if at < bytes.len() => bytes[at] = telling,
        3 if at < bytes.len() => drop(bytes.remove(at)),
        _ => {
            let other = &messages[chance.below(messages.len())];
            let from = chance.below(other.len());
            let to = (from + chance.below(100)).min(other.len());
            bytes.splice(at..at, other[from..to].iter().copied());
        }
    }
}

/// Reads everything there is to read.
fn read_all(bytes: &[u8]) {
    if let Some(salvaged) = salvage(bytes) {
        let mut out = Vec::new();
        salvaged.answer(&mut out, 400, "Bad Request");
        let _ = salvaged.via();
    }
    let Ok(message) = Message::parse(bytes) else { return };
    assert!(message.vias().count() >= 1);
    for line in message.lines() {
        assert_eq!(line.header, Header::of(line.name));
        let _ = message.values(line.header).count();
        let _ = message.addresses(line.header).filter(Result::is_ok).count();
        let _ = message.number(line.header);
    }
    let _ = (message.content_type(), message.rack(), message.max_forwards(), message.expires());
    for address in [message.from(), message.to()] {
        read_text(address.uri);
        let _ = (address.display(), address.params.count());
    }
    let _ = multipart::parts(message.body(), "a").count();
}

fn read_text(text: &str) {
    let _ = (Via::parse(text), NameAddr::parse(text).map(|address| address.display().is_some()));
    if let Ok(uri) = Uri::parse(text) {
        let _ = (uri.matches(&uri), uri.user_decoded(), uri.headers().count(), uri.params().count());
    }
}

fn torture_messages() -> Vec<Vec<u8>> {
    let torture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/torture");
    let index = std::fs::read_to_string(format!("{torture}/index.tsv"))
        .unwrap_or_else(|error| panic!("the test data {torture} is needed: {error}"));
    let files = index.lines().skip(1).filter_map(|row| row.split('\t').next());
    files.map(|file| std::fs::read(format!("{torture}/{file}")).unwrap()).collect()
}

/// A sequence that is the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}
