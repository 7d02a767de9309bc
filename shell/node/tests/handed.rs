#![allow(clippy::unwrap_used)]
//! Sockets that were opened before the house was, by systemd's own program for that.

mod house;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use house::{Directory, PATIENCE, Running, free_port, house, options};

/// `tandem up` by whoever opens these addresses, and starts it when something arrives there.
fn begun_by_systemd(directory: &Directory, listen: &[&str], more: &[&str]) -> Running {
    let mut command = Command::new("systemd-socket-activate");
    command.args(listen).arg(env!("CARGO_BIN_EXE_tandem")).args(["up", directory.text()]).args(more);
    let mut running = Running::start_by(&mut command);
    running.wait_for("Listening on");
    running
}

/// The descriptors that a child of the house would have, too.
fn inherited(process: u32) -> Vec<String> {
    const CLOSE_ON_EXEC: u32 = 0o2_000_000;
    let of =
        |number: &str| fs::read_to_string(format!("/proc/{process}/fdinfo/{number}")).unwrap_or_default();
    let is_inherited = |number: &String| {
        let info = of(number);
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        flags.is_some_and(|flags| u32::from_str_radix(flags.trim(), 8).unwrap() & CLOSE_ON_EXEC == 0)
    };
    let entries = fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let numbers = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    numbers.filter(|number| number.parse::<u32>().unwrap() > 2).filter(is_inherited).collect()
}

#[test]
fn a_datagram_that_came_before_the_house_did_is_answered_by_it() {
    let directory = Directory::new("handed-udp");
    let port = free_port();
    fs::write(directory.path().join("house.toml"), house(port)).unwrap();
    let place = format!("127.0.0.1:{port}");
    let mut up = begun_by_systemd(&directory, &["-d", "-l", &place], &["--shards", "3"]);

    // Sent once.
    let first = options(port);
    up.wait_for("records");
    let rest: Vec<String> = (0..30).map(|_| options(port)).collect();

    assert!(first.starts_with("SIP/2.0 200"), "{first}");
    assert!(rest.iter().all(|answer| answer.starts_with("SIP/2.0 200")), "by whichever shard: {rest:?}");
    // The same port of TCP was not handed over: the house has bound it.
    TcpStream::connect(&place).unwrap();
    assert_eq!(inherited(up.child.id()), Vec::<String>::new());
    up.stop();
    assert!(UdpSocket::bind(&place).is_ok(), "nobody holds it any more");
}

#[test]
fn connections_wait_for_the_house_and_what_nobody_wants_is_named_and_closed() {
    let directory = Directory::new("handed-tcp");
    let [port, http, other] = [(); 3].map(|()| free_port());
    fs::write(directory.path().join("house.toml"), house(port)).unwrap();
    let [sip, http, other] = [port, http, other].map(|port| format!("127.0.0.1:{port}"));
    let names = "--fdname=sip:http:other";
    let listen = ["-l", &sip, "-l", &http, "-l", &other, names];
    let mut up = begun_by_systemd(&directory, &listen, &["--http", &http]);

    let mut asked = TcpStream::connect(&http).unwrap();
    asked.set_read_timeout(Some(PATIENCE)).unwrap();
    asked.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    asked.read_to_string(&mut answer).unwrap();

    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    up.wait_for(&format!("other (tcp {other})"));
    let until = Instant::now() + PATIENCE;
    while TcpStream::connect(&other).is_ok() {
        assert!(Instant::now() < until, "it is not closed");
        std::thread::sleep(Duration::from_millis(20));
    }
    TcpStream::connect(&sip).unwrap();
    assert!(options(port).starts_with("SIP/2.0 200"), "datagrams come to a port that was bound");
    assert_eq!(inherited(up.child.id()), Vec::<String>::new());
    up.stop();
}
