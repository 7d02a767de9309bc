#![allow(clippy::unwrap_used)]
//! Phones in browsers: who is let in, what is heard of them, and how they are left.

mod house;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use house::{Certificates, House, ORIGIN, Wish, free, options, wait_for};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use sip_stack::Transport;
use switch_io::{Limits, Page, Pages, Way};

/// Shorter than every timer of a transaction, and long enough for a machine that is busy with other things.
const SOON: Duration = Duration::from_secs(20);

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// Larger than what a kernel takes at once.
const LARGE: &[u8] = &[b'x'; 400_000];

/// A browser's side of a WebSocket, as simple as can be.
struct Browser<S> {
    stream: S,
    unread: Vec<u8>,
}

impl<S: Read + Write> Browser<S> {
    fn new(stream: S) -> Browser<S> {
        Browser { stream, unread: Vec::new() }
    }

    /// Shakes hands for a page; the head of the answer.
    fn opens(&mut self, origin: &str, sub_protocol: &str) -> String {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: house.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Origin: {origin}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
             Sec-WebSocket-Protocol: {sub_protocol}\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes()).unwrap();
        self.read_until(|unread| unread.windows(4).any(|four| four == b"\r\n\r\n"));
        let end = self.unread.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        String::from_utf8(self.unread.drain(..end).collect()).unwrap()
    }

    /// Asks for a page; the head of the answer, and so much of what follows.
    fn loads(&mut self, path: &str, length: usize) -> (String, Vec<u8>) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: house.test\r\n\r\n");
        self.stream.write_all(request.as_bytes()).unwrap();
        let head = |unread: &[u8]| unread.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
        self.read_until(|unread| head(unread).is_some_and(|end| unread.len() >= end + length));
        let end = head(&self.unread).unwrap();
        let head = String::from_utf8(self.unread.drain(..end).collect()).unwrap();
        (head, self.unread.drain(..length).collect())
    }

    fn says(&mut self, kind: u8, payload: &[u8]) {
        let mask = [7, 11, 13, 17];
        let mut frame = vec![kind];
        match payload.len() {
            short @ 0..=125 => frame.push(0x80 | short as u8),
            long => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(long as u16).to_be_bytes());
            }
        }
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
        self.stream.write_all(&frame).unwrap();
    }

    /// The next frame: its first byte and its payload.
    fn hears(&mut self) -> (u8, Vec<u8>) {
        self.read_until(|unread| end_of_first(unread).is_some());
        let (start, end) = end_of_first(&self.unread).unwrap();
        let frame: Vec<u8> = self.unread.drain(..end).collect();
        (frame[0], frame[start..].to_vec())
    }

    fn is_left(&mut self) -> bool {
        matches!(self.stream.read(&mut [0; 64]), Ok(0) | Err(_))
    }

    fn read_until(&mut self, is_enough: impl Fn(&[u8]) -> bool) {
        let mut room = [0; 4096];
        while !is_enough(&self.unread) {
            let length = self.stream.read(&mut room).unwrap();
            assert!(length > 0, "closed after: {:?}", String::from_utf8_lossy(&self.unread));
            self.unread.extend_from_slice(&room[..length]);
        }
    }
}

fn end_of_first(unread: &[u8]) -> Option<(usize, usize)> {
    let (start, length) = match unread {
        [_, 126, high, low, ..] => (4, usize::from(u16::from_be_bytes([*high, *low]))),
        [_, short @ 0..=125, ..] => (2, usize::from(*short)),
        _ => return None,
    };
    (unread.len() >= start + length).then_some((start, start + length))
}

fn house_with(limits: Limits) -> House {
    House::start(Wish { listen: &[(Transport::Ws, free("127.0.0.1"))], limits, ..Wish::default() })
}

fn house_with_pages(limits: Limits) -> House {
    let page = |path, body| Page { path, kind: "text/plain", body };
    let pages = Pages::new(&[page("/", b"phone"), page("/large", LARGE)], "");
    House::start(Wish { listen: &[(Transport::Ws, free("127.0.0.1"))], limits, pages, ..Wish::default() })
}

fn browser_at(house: &House) -> Browser<TcpStream> {
    let stream = TcpStream::connect(house.listeners[0]).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    Browser::new(stream)
}

#[test]
fn d7_a_browser_is_answered_in_frames_of_text() {
    let house = house_with(Limits::default());
    let mut browser = browser_at(&house);
    let here = browser.stream.local_addr().unwrap();

    let answer = browser.opens(ORIGIN, "sip");
    browser.says(TEXT, options("first", "WS", here).replace("Content-Length: 0\r\n", "").as_bytes());
    browser.says(TEXT, options("second", "WS", here).as_bytes());
    let (first, second) = (browser.hears(), browser.hears());

    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert!(answer.contains("Sec-WebSocket-Protocol: sip\r\n") && !answer.contains("Extensions"), "{answer}");
    for ((kind, payload), call) in [(&first, "first"), (&second, "second")] {
        let text = String::from_utf8_lossy(payload);
        assert_eq!(*kind, TEXT);
        assert!(text.starts_with("SIP/2.0 200 ") && text.contains(&format!("Call-ID: {call}\r\n")), "{text}");
        assert!(text.contains("Via: SIP/2.0/WS "), "{text}");
    }
    wait_for(|| house.tapped.lock().unwrap().iter().filter(|(way, _)| *way == Way::Sent).count() == 2);
    let tapped = house.tapped.lock().unwrap();
    assert!(tapped.iter().all(|(_, bytes)| bytes.starts_with(b"SIP/2.0") || bytes.starts_with(b"OPTIONS")));
}

#[test]
fn d7_by_wss_too_and_nobody_is_asked_for_a_certificate() {
    let certificates = Certificates::of("wss", &["house.test"]);
    let tls = Some(certificates.files.clone());
    let house = House::start(Wish { listen: &[(Transport::Wss, free("127.0.0.1"))], tls, ..Wish::default() });
    let tcp = TcpStream::connect(house.listeners[0]).unwrap();
    tcp.set_read_timeout(Some(SOON)).unwrap();
    let here = tcp.local_addr().unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificates.path()).unwrap()).unwrap();
    let mut config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    // As browsers do.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let name = ServerName::try_from("house.test").unwrap();
    let session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut browser = Browser::new(rustls::StreamOwned::new(session, tcp));

    assert!(browser.opens(ORIGIN, "sip").starts_with("HTTP/1.1 101 "));
    browser.says(TEXT, options("sealed", "WSS", here).as_bytes());

    let (_, payload) = browser.hears();
    assert!(payload.starts_with(b"SIP/2.0 200 "));
}

#[test]
fn d7_other_pages_and_other_sub_protocols_are_turned_away_with_a_reason() {
    let house = house_with(Limits::default());
    let cases = [("https://evil.example", "sip", "403"), (ORIGIN, "chat", "400"), ("null", "sip", "403")];

    for (origin, sub_protocol, status) in cases {
        let mut browser = browser_at(&house);
        let answer = browser.opens(origin, sub_protocol);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        let _ = browser.stream.read_to_end(&mut browser.unread);
        assert!(!browser.unread.is_empty(), "it says why");
    }

    wait_for(|| house.handle.asker().counts()[0].unwelcome == 3);
    assert_eq!(house.handle.asker().counts()[0].received, 0);
    assert_eq!(house.events.try_iter().count(), 0, "there is nothing to tell of them");
}

#[test]
fn d7_pings_of_both_kinds_are_answered() {
    let house = house_with(Limits::default());
    let mut browser = browser_at(&house);
    browser.opens(ORIGIN, "sip");

    browser.says(PING, b"there?");
    browser.says(TEXT, b"\r\n\r\n");

    assert_eq!(browser.hears(), (PONG, b"there?".to_vec()));
    assert_eq!(browser.hears(), (TEXT, b"\r\n".to_vec()));
    assert_eq!(house.handle.asker().counts()[0].received, 0);
}

#[test]
fn d7_who_is_silent_is_asked_and_who_does_not_answer_is_given_up() {
    let limits = Limits { ping: Duration::from_secs(3), ..Limits::default() };
    let house = house_with(limits);
    let mut browser = browser_at(&house);
    browser.opens(ORIGIN, "sip");

    for _ in 0..2 {
        let (kind, payload) = browser.hears();
        assert_eq!(kind, PING);
        browser.says(PONG, &payload);
    }
    let asked = Instant::now();
    assert_eq!(browser.hears().0, PING);

    assert_eq!(browser.hears(), (CLOSE, 1001_u16.to_be_bytes().to_vec()));
    assert!(browser.is_left());
    assert!(asked.elapsed() < SOON);
    wait_for(|| house.handle.asker().counts()[0].closed == 1);
}

#[test]
fn d7_a_goodbye_is_returned_before_the_connection_ends() {
    let house = house_with(Limits::default());
    let mut browser = browser_at(&house);
    browser.opens(ORIGIN, "sip");

    browser.says(CLOSE, &1000_u16.to_be_bytes());

    assert_eq!(browser.hears(), (CLOSE, 1000_u16.to_be_bytes().to_vec()));
    assert!(browser.is_left());
}

#[test]
fn d7_who_opens_a_connection_and_never_shakes_hands_is_given_up() {
    let limits = Limits { first_message: Duration::from_millis(500), ..Limits::default() };
    let house = house_with(limits);
    let mut slow = TcpStream::connect(house.listeners[0]).unwrap();
    slow.set_read_timeout(Some(SOON)).unwrap();

    slow.write_all(b"GET / HTTP/1.1\r\n").unwrap();

    assert!(matches!(slow.read(&mut [0; 64]), Ok(0) | Err(_)));
    wait_for(|| house.handle.asker().counts()[0].closed == 1);
}

#[test]
fn d7_hostile_frames_end_their_own_connection_alone() {
    let house = house_with(Limits::default());
    let hostile: [&[u8]; 4] = [
        &[0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
        &[0x09, 0x80, 0, 0, 0, 0],
        &[0x81, 0x01, b'a'],
        &[0xc1, 0x80, 0, 0, 0, 0],
    ];
    let mut other = browser_at(&house);
    other.opens(ORIGIN, "sip");

    for frame in hostile {
        let mut browser = browser_at(&house);
        browser.opens(ORIGIN, "sip");
        browser.stream.write_all(frame).unwrap();
        assert_eq!(browser.hears().0, CLOSE);
        assert!(browser.is_left());
    }

    wait_for(|| house.handle.asker().counts()[0].unframed == 4);
    let here = other.stream.local_addr().unwrap();
    other.says(TEXT, options("alive", "WS", here).as_bytes());
    assert!(other.hears().1.starts_with(b"SIP/2.0 200 "));
}

#[test]
fn d7_with_several_shards_each_browser_is_answered_on_its_own_connection() {
    let listen = [(Transport::Ws, free("127.0.0.1"))];
    let house = House::start(Wish { listen: &listen, shards: 2, ..Wish::default() });
    let mut browsers: Vec<_> = (0..8).map(|_| browser_at(&house)).collect();

    for (number, browser) in browsers.iter_mut().enumerate() {
        let here = browser.stream.local_addr().unwrap();
        browser.opens(ORIGIN, "sip");
        browser.says(TEXT, options(&format!("call{number}"), "WS", here).as_bytes());
    }

    for (number, browser) in browsers.iter_mut().enumerate() {
        let (_, payload) = browser.hears();
        let text = String::from_utf8(payload).unwrap();
        assert!(text.contains(&format!("Call-ID: call{number}\r\n")), "{text}");
    }
}

#[test]
fn pages_are_given_whole_one_after_the_other_and_then_a_websocket() {
    let house = house_with_pages(Limits::default());
    let mut browser = browser_at(&house);

    let (head, body) = browser.loads("/large", LARGE.len());
    let again = browser.loads("/", 5);
    let answer = browser.opens(ORIGIN, "sip");

    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && head.contains("Content-Length: 400000\r\n"), "{head}");
    assert!(body == LARGE);
    assert_eq!(again.1, b"phone");
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    assert_eq!(house.handle.asker().counts()[0].received, 0);
}

#[test]
fn who_asks_for_pages_and_reads_none_is_given_up() {
    let house = house_with_pages(Limits { unsent_bytes: 600_000, ..Limits::default() });
    let mut greedy = browser_at(&house);
    let all = "GET /large HTTP/1.1\r\nHost: house.test\r\n\r\n".repeat(200);

    // It may be put out before it has said all of that.
    let _ = greedy.stream.write_all(all.as_bytes());

    wait_for(|| house.handle.asker().counts()[0].slow_readers == 1);
    assert_eq!(browser_at(&house).loads("/", 5).1, b"phone");
}

#[test]
fn who_has_a_page_has_time_for_the_next_one_and_no_more() {
    let limits = Limits { first_message: Duration::from_secs(2), ..Limits::default() };
    let house = house_with_pages(limits);
    let mut browser = browser_at(&house);

    for _ in 0..3 {
        std::thread::sleep(Duration::from_millis(1_200));
        assert_eq!(browser.loads("/", 5).1, b"phone");
    }

    assert!(browser.is_left());
}
