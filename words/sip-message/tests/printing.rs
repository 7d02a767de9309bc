//! What printing a message promises.
#![allow(clippy::unwrap_used)]

use sip_message::{Header, Message, Writer, reason_phrase};

const EVIL: &str = "x\r\nEvil: yes\n\rEvil: yes\r\n\r\nbody\0";

#[test]
fn a_printed_request_reads_back() {
    let mut out = b"what was here before".to_vec();
    let mut writer = Writer::request(&mut out, "INVITE", "sip:bob@example.com");
    writer
        .header(Header::Via, format_args!("SIP/2.0/UDP {};branch=z9hG4bK{}", "192.0.2.1", 7))
        .header(Header::From, "<sip:a@example.com>;tag=1")
        .header(Header::To, "<sip:bob@example.com>")
        .header(Header::CallId, "c1")
        .header(Header::CSeq, "1 INVITE")
        .raw("X-Own", "yes");
    writer.body("application/sdp", b"v=0\r\n");

    let message = Message::parse(&out).unwrap();

    assert_eq!(message.bytes(), &out[..]);
    assert_eq!(message.via().branch(), Some("z9hG4bK7"));
    assert_eq!(message.named("x-own"), Some("yes"));
    assert!(message.content_type().unwrap().is("application", "sdp"));
    assert_eq!(message.body(), b"v=0\r\n");
}

#[test]
fn nothing_that_is_printed_starts_a_line_of_its_own() {
    let mut out = Vec::new();
    let mut writer = Writer::request(&mut out, EVIL, EVIL);
    writer.header(Header::Subject, EVIL).raw(EVIL, EVIL).header(Header::Warning, format_args!("{EVIL}"));
    writer.body(EVIL, b"");
    assert_one_line_each(&out, 6);

    let mut writer = Writer::response(&mut out, 200, EVIL);
    writer.header(Header::Reason, EVIL);
    writer.end();
    assert_one_line_each(&out, 3);
}

#[test]
fn a_request_uri_stays_one_word() {
    let mut out = Vec::new();
    Writer::request(&mut out, "BYE", "sip:a b\t@example.com").end();

    assert!(out.starts_with(b"BYE sip:a%20b%09@example.com SIP/2.0\r\n"));
}

#[test]
fn a_copied_line_keeps_its_folding_and_spaces() {
    let text = "OPTIONS sip:a@b.com SIP/2.0\r\nv :  SIP/2.0/UDP\r\n 192.0.2.1  \r\nFrom:<sip:a@b.com>\r\n\
                t: <sip:a@b.com>\r\ni:1\r\nCSEQ: 1\r\n\tOPTIONS\r\n\r\n";
    let message = Message::parse(text.as_bytes()).unwrap();

    let mut out = Vec::new();
    let mut writer = Writer::request(&mut out, "OPTIONS", "sip:a@b.com");
    for line in message.lines() {
        writer.copy(line);
    }
    writer.end_copied(b"");

    assert_eq!(String::from_utf8(out).unwrap(), text);
}

#[test]
fn a_response_says_its_status_in_words() {
    let mut out = Vec::new();
    Writer::response(&mut out, 486, reason_phrase(486)).end();

    assert_eq!(out, b"SIP/2.0 486 Busy Here\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(reason_phrase(499), "Request Failure");
    assert_eq!(reason_phrase(607), "Unwanted");
}

fn assert_one_line_each(out: &[u8], lines: usize) {
    let text = std::str::from_utf8(out).unwrap();
    let head = text.strip_suffix("\r\n\r\n").unwrap();
    assert_eq!(head.split("\r\n").count(), lines, "{text}");
    assert!(!head.replace("\r\n", "").contains(['\r', '\n', '\0']));
    assert!(!head.split("\r\n").any(|line| line.starts_with("Evil:")));
}
