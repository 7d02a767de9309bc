#![allow(dead_code, clippy::unwrap_used)]
//! Programs and servers that a house speaks with, as far as it takes for them to hear its secrets.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::house::PATIENCE;

/// One of them, and all that it has heard.
pub struct Service {
    pub port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
}

type Heard = Arc<Mutex<Vec<u8>>>;

impl Service {
    fn serve(each: impl Fn(TcpStream, &Heard) + Send + Copy + 'static) -> Service {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, heard) = (listener.local_addr().unwrap().port(), Heard::default());
        let hears = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let hears = Arc::clone(&hears);
                thread::spawn(move || each(stream, &hears));
            }
        });
        Service { port, heard }
    }

    /// Takes whatever it is sent by HTTP.
    pub fn http() -> Service {
        Service::serve(|mut stream, heard| {
            let mut asked = Vec::new();
            while take(&mut stream, &mut asked, heard) {
                while let Some(end) = end_of_request(&asked) {
                    asked.drain(..end);
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                    let _ = stream.write_all(answer);
                }
            }
        })
    }

    /// A server of PostgreSQL that wants the password as it is, and then does not like it.
    pub fn postgresql() -> Service {
        Service::serve(|mut stream, heard| {
            let mut asked = Vec::new();
            if !take(&mut stream, &mut asked, heard) {
                return;
            }
            let _ = stream.write_all(&[b'R', 0, 0, 0, 8, 0, 0, 0, 3]);
            if take(&mut stream, &mut asked, heard) {
                let why = b"SFATAL\0C28P01\0Mpassword authentication failed for user \"tandem\"\0\0";
                let length = u32::try_from(why.len() + 4).unwrap().to_be_bytes();
                let _ = stream.write_all(&[b"E".as_slice(), &length, why].concat());
            }
        })
    }

    /// A directory with one entry, who has proven nothing but is believed.
    pub fn ldap(entry: &'static str, attribute: (&'static str, &'static str)) -> Service {
        Service::serve(move |mut stream, heard| {
            let mut asked = Vec::new();
            while take(&mut stream, &mut asked, heard) {
                // A message: its length, then its number, then what it is.
                let at = 2 + usize::from(asked[1].saturating_sub(0x80)) * usize::from(asked[1] > 0x80);
                let (id, what) = (asked[at + 2], asked[at + 3]);
                asked.clear();
                let said = |operation: Vec<u8>| element(0x30, &[&[2, 1, id], operation.as_slice()].concat());
                let done = |tag: u8| said(element(tag, &[0x0a, 1, 0, 4, 0, 4, 0]));
                let answer = match what {
                    0x60 => done(0x61),
                    0x63 => {
                        let value = |(name, value): (&str, &str)| {
                            let values = element(0x31, &element(4, value.as_bytes()));
                            element(0x30, &[element(4, name.as_bytes()), values].concat())
                        };
                        let all = [value(("uid", entry)), value(attribute)].concat();
                        let name = element(4, format!("uid={entry},o=x").as_bytes());
                        let found = element(0x64, &[name, element(0x30, &all)].concat());
                        [said(found), done(0x65)].concat()
                    }
                    _ => return,
                };
                let _ = stream.write_all(&answer);
            }
        })
    }

    /// Takes datagrams.
    pub fn udp() -> Service {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (port, heard) = (socket.local_addr().unwrap().port(), Heard::default());
        let hears = Arc::clone(&heard);
        thread::spawn(move || {
            let mut room = [0; 65_536];
            while let Ok(length) = socket.recv(&mut room) {
                hears.lock().unwrap().extend_from_slice(&room[..length]);
            }
        });
        Service { port, heard }
    }

    pub fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap().clone()
    }

    pub fn wait_for(&self, words: &str) {
        let until = Instant::now() + PATIENCE;
        let has = || self.heard().windows(words.len()).any(|part| part == words.as_bytes());
        while !has() {
            let heard = || String::from_utf8_lossy(&self.heard()).into_owned();
            assert!(Instant::now() < until, "it never heard {words:?}: {}", heard());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Reads what there is, and writes down that it was heard.
fn take(stream: &mut TcpStream, into: &mut Vec<u8>, heard: &Heard) -> bool {
    let mut room = [0; 65_536];
    match stream.read(&mut room) {
        Ok(length @ 1..) => {
            into.extend_from_slice(&room[..length]);
            heard.lock().unwrap().extend_from_slice(&room[..length]);
            true
        }
        Ok(0) | Err(_) => false,
    }
}

/// Where the first request ends, if it is whole.
fn end_of_request(asked: &[u8]) -> Option<usize> {
    let head = asked.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&asked[..head]).to_lowercase();
    let length = text.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
    let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
    (asked.len() >= head + length).then_some(head + length)
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    [&[tag, 0x82], length.to_be_bytes().as_slice(), content].concat()
}
