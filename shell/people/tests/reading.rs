//! What is read of a directory, and that a part of it is never taken for the whole.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::thread;

use model::{Secrets, SourceFile};
use people::fetch;
use policy::PeopleSource;

fn source(at: SocketAddr, more: &str) -> PeopleSource {
    let text = format!(
        "format = 1\n[system]\nname = \"edge\"\ncountry = \"US\"\n[interface.wan]\naddress = \"192.0.2.10\"\n\
         udp = 5060\n[directory.corp]\nurl = \"ldap://{at}\"\nbase = \"o=x\"\n{more}\n"
    );
    let documents = model::load(&[SourceFile::new("house.toml", text)]).unwrap();
    policy::compile(&documents, &Secrets::new()).unwrap().directories()[0].clone()
}

/// A directory that answers each request with the next of these, and says at the end what it was asked.
fn directory(answers: Vec<Vec<u8>>) -> (SocketAddr, thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let answering = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        for answer in answers {
            let mut chunk = [0; 4_096];
            let length = stream.read(&mut chunk).unwrap();
            asked.extend(&chunk[..length]);
            stream.write_all(&answer).unwrap();
        }
        asked
    });
    (at, answering)
}

fn message(id: u8, tag: u8, content: &[u8], more: &[u8]) -> Vec<u8> {
    let inner = [&[2, 1, id, tag, content.len() as u8], content, more].concat();
    [&[0x30, inner.len() as u8], &*inner].concat()
}

fn entry(id: u8) -> Vec<u8> {
    message(id, 0x64, b"\x04\x03o=x\x30\x0b\x30\x09\x04\x03uid\x31\x02\x04\x00", &[])
}

fn ended(id: u8, code: u8, cookie: &[u8]) -> Vec<u8> {
    let value = [&[2, 1, 0, 4, cookie.len() as u8], cookie].concat();
    let value = [&[0x30, value.len() as u8], &*value].concat();
    let control = [b"\x04\x161.2.840.113556.1.4.319\x04".as_slice(), &[value.len() as u8], &value].concat();
    let control = [&[0x30, control.len() as u8], &*control].concat();
    let controls = [&[0xa0, control.len() as u8], &*control].concat();
    message(id, 0x65, &[0x0a, 1, code, 4, 0, 4, 0], &controls)
}

const CLEAR: &str = "start_tls = \"off\"";

fn words(at: SocketAddr, more: &str) -> String {
    fetch(&source(at, more), Path::new("."))
        .map_or_else(|fault| fault.to_string(), |all| all.len().to_string())
}

#[test]
fn pages_are_asked_for_until_there_is_none() {
    let first = [entry(1), entry(1), ended(1, 0, b"more")].concat();
    let (at, answering) = directory(vec![first, [entry(2), ended(2, 0, b"")].concat()]);

    assert_eq!(words(at, CLEAR), "3");
    let asked = answering.join().unwrap();
    assert!(asked.windows(6).any(|part| part == b"\x04\x04more"), "the cookie came back");
}

#[test]
fn a_list_that_is_not_whole_is_none() {
    let cut = [entry(1), ended(1, 4, b"")].concat();
    let (at, _answering) = directory(vec![cut]);
    assert!(words(at, CLEAR).contains("lets nobody read so many"));

    let (at, _answering) = directory(vec![entry(1)]);
    let said = words(at, CLEAR);
    assert!(said.contains("hangs up") || said.contains("reset"), "{said}");

    let (at, _answering) = directory(vec![[entry(1), entry(1), entry(1), ended(1, 0, b"")].concat()]);
    assert!(words(at, &format!("{CLEAR}\nentries = 2")).contains("more than 2 entries"));

    let page = [entry(1), ended(1, 0, b"more")].concat();
    let (at, _answering) = directory(vec![page, ended(2, 51, b"")]);
    assert!(words(at, CLEAR).contains("declines the search with 51"));
}

#[test]
fn what_is_no_answer_is_not_waited_for() {
    for answer in [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        b"\x30\x84\xff\xff\xff\xff".to_vec(),
        message(9, 0x65, &[0x0a, 1, 0, 4, 0, 4, 0], &[]),
        message(0, 0x78, &[0x0a, 1, 52, 4, 0, 4, 0], &[]),
    ] {
        let (at, _answering) = directory(vec![answer]);
        let said = words(at, CLEAR);

        assert!(said.contains("directory") || said.contains("no message"), "{said}");
    }
}

#[test]
fn nothing_is_said_in_the_clear_where_tls_is_wanted() {
    let (at, answering) = directory(vec![message(1, 0x78, &[0x0a, 1, 2, 4, 0, 4, 0], &[])]);

    assert!(words(at, "").contains("declines StartTLS"));
    let asked = answering.join().unwrap();
    assert!(asked.ends_with(b"1.3.6.1.4.1.1466.20037"), "nothing came behind it");

    let granted = message(1, 0x78, &[0x0a, 1, 0, 4, 0, 4, 0], &[]);
    let (at, _answering) = directory(vec![[granted, entry(2)].concat()]);
    assert!(words(at, "tls_verify = \"/dev/null\"").contains("speaks in the clear where TLS begins"));
}
