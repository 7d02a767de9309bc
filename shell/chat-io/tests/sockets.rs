//! A file between two peers over loopback, through the loop.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use chat_io::{Handle, Settings, start};
use media::{ChatAim, ChatOrder, ChatPeer, Event, Reach, SessionKey, Side};

const SESSION: SessionKey = SessionKey { shard: 0, call: 7 };
const PATIENCE: Duration = Duration::from_secs(20);
const ALICE: &str = "msrp://127.0.0.1:7777/alice;tcp";
const BOB: &str = "msrp://127.0.0.1:8888/bob;tcp";

fn started() -> (Handle, Receiver<Event>, [String; 2]) {
    let (tell, events) = mpsc::channel();
    let settings = Settings {
        listeners: vec![("127.0.0.1:0".parse().unwrap(), 24)],
        seed: [3; 32],
        events: move |event| tell.send(event).unwrap_or_default(),
    };
    let handle = start(settings).unwrap();
    let ours = ["a-name", "b-name"].map(|name| format!("msrp://{}/{name};tcp", handle.places[0]));
    (handle, events, ours)
}

fn aim(handle: &Handle, side: Side, ours: &str, (path, reach): (&str, Reach)) {
    let peer = Some(ChatPeer { path: path.into(), reach });
    handle.orders().order(SESSION, 1, ChatOrder::Aim(side, ChatAim { ours: ours.into(), peer })).unwrap();
}

fn head(to: &str, from: &str) -> String {
    format!(
        "MSRP file SEND\r\nTo-Path: {to}\r\nFrom-Path: {from}\r\nMessage-ID: 1234\r\n\
         Byte-Range: 1-*/*\r\nContent-Type: a/b\r\n\r\n"
    )
}

const END: &str = "\r\n-------file$\r\n";

fn hear(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut heard = vec![0; length];
    stream.read_exact(&mut heard).unwrap();
    heard
}

/// Bytes of no pattern that a cut could hide in.
fn file(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut byte = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| byte()).collect()
}

#[test]
fn l11_a_file_of_ten_megabytes_crosses_both_ways_at_once_to_who_comes_and_who_waits() {
    let (handle, events, [for_alice, for_bob]) = started();
    let waiting = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = waiting.local_addr().unwrap();
    aim(&handle, Side::Caller, &for_alice, (ALICE, Reach::Comes));
    aim(&handle, Side::Callee, &for_bob, (BOB, Reach::Goes { from: to.ip(), to }));
    let (mut bob, _) = waiting.accept().unwrap();
    let mut alice = TcpStream::connect(handle.places[0]).unwrap();
    let body = file(10_000_000);

    let both = [(&mut alice, &for_alice, ALICE), (&mut bob, &for_bob, BOB)].map(|(stream, to, from)| {
        let (mut stream, head, body) = (stream.try_clone().unwrap(), head(to, from), body.clone());
        thread::spawn(move || {
            stream.write_all(head.as_bytes()).unwrap();
            body.chunks(65_521).for_each(|part| stream.write_all(part).unwrap());
            stream.write_all(END.as_bytes()).unwrap();
        })
    });
    let at_alice = head(ALICE, &for_alice).into_bytes();
    let other = alice.try_clone().unwrap();
    let heard_by_alice = thread::spawn(move || hear(&mut { other }, at_alice.len() + 10_000_000 + END.len()));
    let mut said = Vec::new();
    while !said.ends_with(b"$\r\n") {
        said.extend(hear(&mut bob, 1));
    }
    let wanted = head(BOB, &for_bob);
    let heard = hear(&mut bob, wanted.len() + body.len() + END.len());
    both.into_iter().for_each(|one| one.join().unwrap());

    assert!(String::from_utf8_lossy(&said).contains(" SEND\r\nTo-Path: msrp://127.0.0.1:8888/bob;tcp\r\n"));
    assert!(heard == [wanted.as_bytes(), &body, END.as_bytes()].concat(), "what bob gets");
    let wanted = head(ALICE, &for_alice);
    assert!(heard_by_alice.join().unwrap() == [wanted.as_bytes(), &body, END.as_bytes()].concat());
    handle.orders().order(SESSION, 1, ChatOrder::Close).unwrap();
    let Event::Chatted { session: SESSION, stream: 1, figures } = events.recv_timeout(PATIENCE).unwrap()
    else {
        panic!("it was counted")
    };
    assert_eq!(figures.from.map(|count| (count.messages, count.bytes)), [(1, 10_000_000); 2]);
    assert_eq!(alice.read(&mut [0; 8]).unwrap(), 0, "the connection is closed with the call");
    handle.stop().unwrap();
}

#[test]
fn l11_who_is_not_there_is_told_of_to_who_is() {
    let (handle, _events, [for_alice, for_bob]) = started();
    let nobody: SocketAddr = "127.0.0.1:1".parse().unwrap();
    aim(&handle, Side::Caller, &for_alice, (ALICE, Reach::Comes));
    aim(&handle, Side::Callee, &for_bob, (BOB, Reach::Goes { from: nobody.ip(), to: nobody }));
    let mut alice = TcpStream::connect(handle.places[0]).unwrap();

    alice.write_all((head(&for_alice, ALICE) + "x" + END).as_bytes()).unwrap();

    assert!(hear(&mut alice, 13).starts_with(b"MSRP file 481"));
    handle.stop().unwrap();
}
