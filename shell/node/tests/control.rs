#![allow(clippy::unwrap_used)]
//! Looking into a running house through its control socket.

mod house;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use house::{Directory, Running, free_port, house, tandem};
use serde_json::Value;

#[test]
fn a_running_house_says_how_it_stands() {
    let directory = Directory::new("status");
    fs::write(directory.path().join("house.toml"), house(free_port())).unwrap();
    let mut up = Running::start(directory.text(), &["--shards", "2"]);
    up.wait_for("records");

    let status = tandem(&["status", "--dir", directory.text(), "--json"]);
    let text = tandem(&["status", "--dir", directory.text()]);
    let list = tandem(&["trunk", "list", "--dir", directory.text()]);
    let show = tandem(&["trunk", "show", "eats", "--dir", directory.text()]);

    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["name"], "test-edge");
    assert_eq!(status["state"], "running");
    assert_eq!(status["shards"].as_array().unwrap().len(), 2);
    assert_eq!(status["trunks"][0]["name"], "east");
    assert_eq!(status["trunks"][0]["targets"][0]["state"], "not_probed");
    assert!(String::from_utf8(text.stdout).unwrap().contains("test-edge running"));
    assert!(String::from_utf8(list.stdout).unwrap().contains("west"));
    assert_eq!(show.status.code(), Some(2));
    assert!(String::from_utf8(show.stderr).unwrap().contains("did you mean \"east\"?"));
}

#[test]
fn the_channel_is_its_owners_alone_and_bounded() {
    let directory = Directory::new("channel");
    fs::write(directory.path().join("house.toml"), house(free_port())).unwrap();
    let socket = directory.path().join("data/control.sock");
    fs::create_dir_all(directory.path().join("data")).unwrap();
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let mut up = Running::start(directory.text(), &[]);
    up.wait_for("records");

    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let silent: Vec<_> = (0..8).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    assert!(said(&socket, "{\"do\":\"status\",\"version\":1}\n").contains("\"answer\""));
    assert!(said(&socket, "{\"do\":\"status\",\"version\":2}\n").contains("version 1"));
    assert!(said(&socket, "{\"do\":\"dance\"}\n").contains("not a request"));
    assert!(said(&socket, &"x".repeat(70_000)).contains("not a request"));
    drop(silent);

    let second = tandem(&["up", directory.text()]);
    assert_eq!(second.status.code(), Some(3));
    assert!(said(&socket, "{\"do\":\"status\"}\n").contains("\"answer\""), "the first is not disturbed");
}

#[test]
fn where_no_house_runs_there_is_nothing_to_ask() {
    let directory = Directory::new("nobody");

    let status = tandem(&["status", "--dir", directory.text()]);

    assert_eq!(status.status.code(), Some(3));
    assert!(String::from_utf8(status.stderr).unwrap().contains("no house runs on"));
}

/// The first line that comes back.
fn said(socket: &Path, line: &str) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    // A line that is too long is answered before it was read to its end.
    let _ = stream.write_all(line.as_bytes());
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    answer
}
