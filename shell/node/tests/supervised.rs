#![allow(clippy::unwrap_used)]
//! Whoever supervises the house is told how it goes, as sd_notify(3) has it.

mod house;

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use house::{Directory, PATIENCE, free_port};

/// The next message that begins so, and how often the house showed before it that it lives.
fn told(socket: &UnixDatagram, start: &str) -> (String, usize) {
    let mut lives = 0;
    loop {
        let mut room = [0; 512];
        let length = socket.recv(&mut room).unwrap_or_else(|fault| panic!("no {start}: {fault}"));
        let text = String::from_utf8_lossy(&room[..length]).into_owned();
        if text.starts_with(start) {
            return (text, lives);
        }
        assert_eq!(text, "WATCHDOG=1", "instead of {start}");
        lives += 1;
    }
}

#[test]
fn a_supervisor_is_told_of_the_start_of_life_of_a_reload_and_of_the_end() {
    let directory = Directory::new("supervised");
    let (path, port) = (directory.path().join("house.toml"), free_port());
    fs::write(&path, house::house(port)).unwrap();
    let socket = UnixDatagram::bind(directory.path().join("notify")).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut up = Command::new(env!("CARGO_BIN_EXE_tandem"))
        .args(["up", directory.text()])
        .env("NOTIFY_SOCKET", directory.path().join("notify"))
        .env("WATCHDOG_USEC", "300000")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let signal = |signal: &str| {
        let sent = Command::new("kill").args([signal, &up.id().to_string()]).status();
        assert!(sent.unwrap().success());
    };

    let (ready, _) = told(&socket, "READY=1");
    let watched = Instant::now();
    let lives = std::iter::repeat_with(|| told(&socket, "WATCHDOG=1")).take(4).count();
    let took = watched.elapsed();
    fs::write(&path, house::house(port).replace("Hana", "Hanna")).unwrap();
    signal("-HUP");
    let (reloading, _) = told(&socket, "RELOADING=1\n");
    let (again, _) = told(&socket, "READY=1");
    signal("-TERM");
    told(&socket, "STOPPING=1");

    assert_eq!(ready, "READY=1\nSTATUS=revision 1 is in force");
    assert!(
        lives == 4 && took > Duration::from_millis(200),
        "{took:?}: a third of the time lies between them"
    );
    let micros: u64 = reloading.split("MONOTONIC_USEC=").nth(1).unwrap().parse().unwrap();
    assert!(micros > 1_000_000, "{reloading}");
    assert!(again.starts_with("READY=1\nSTATUS=revision "), "{again}");
    assert!(up.wait().unwrap().success());
}

#[test]
fn whoever_is_watched_by_somebody_else_says_nothing() {
    let directory = Directory::new("unwatched");
    fs::write(directory.path().join("house.toml"), house::house(free_port())).unwrap();
    let socket = UnixDatagram::bind(directory.path().join("notify")).unwrap();
    let mut up = Command::new(env!("CARGO_BIN_EXE_tandem"))
        .args(["up", directory.text()])
        .env("NOTIFY_SOCKET", directory.path().join("notify"))
        .env("WATCHDOG_USEC", "100000")
        .env("WATCHDOG_PID", "1")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    told(&socket, "READY=1");
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();

    let silent = socket.recv(&mut [0; 64]).is_err();

    up.kill().unwrap();
    up.wait().unwrap();
    assert!(silent);
}
