#![allow(dead_code, clippy::unwrap_used)]
//! A small house for tests of the binary: its configuration, its process, and a directory of its own.

#[path = "../../../../xtask/src/interop/ports.rs"]
mod ports;

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// A machine that is busy with other things is slow, not wrong.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn house(port: u16) -> String {
    format!(
        r#"format = 1
[system]
name = "test-edge"
country = "US"
demo = true
[interface.lan]
address = "127.0.0.1"
udp = {port}
tcp = {port}
side = "inside"
[trunk.east]
servers = [{{ uri = "sip:127.0.0.2" }}]
health = {{ options = "off" }}
[trunk.west]
servers = [{{ uri = "sip:127.0.0.3" }}]
health = {{ options = "off" }}
[user.hana]
name = "Hana"
number = "+14255550100"
password = {{ plain = "x" }}
[route.national]
order = 10
to = "+1 NXX NXX XXXX"
use = [{{ trunk = "east" }}] #
[test.national]
given = {{ from = "hana", dial = "206 555 0142" }}
expect = {{ trunk = "east" }}
"#
    )
}

/// Asks the house whether it is there.
pub fn options(port: u16) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let here = socket.local_addr().unwrap();
    let branch = here.port();
    let request = format!(
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{branch}\r\n\
Max-Forwards: 70\r\n\
From: <sip:a@{here}>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: {branch}@here\r\nCSeq: 1 OPTIONS\r\n\
Content-Length: 0\r\n\r\n"
    );
    socket.send_to(request.as_bytes(), ("127.0.0.1", port)).unwrap();
    let mut room = [0; 2048];
    let length = socket.recv(&mut room).unwrap();
    String::from_utf8_lossy(&room[..length]).into_owned()
}

pub fn free_port() -> u16 {
    ports::free_port(Ipv4Addr::LOCALHOST.into()).unwrap()
}

pub fn tandem(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tandem")).args(words).env("NO_COLOR", "1").output().unwrap()
}

/// `tandem up`, ended with the test.
pub struct Running {
    pub child: Child,
    said: std::sync::mpsc::Receiver<String>,
    heard: Vec<String>,
}

impl Running {
    pub fn start(directory: &str, more: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tandem"));
        Running::start_by(command.args(["up", directory]).args(more))
    }

    /// By whoever starts it in the end.
    pub fn start_by(command: &mut Command) -> Running {
        let mut child = command.env("NO_COLOR", "1").stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (say, said) = std::sync::mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| say.send(line)));
        Running { child, said, heard: Vec::new() }
    }

    pub fn wait_for(&mut self, words: &str) {
        loop {
            let line = self.said.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("it never said {words:?}: {:#?}", self.heard));
            let is_it = line.contains(words);
            self.heard.push(line);
            if is_it {
                return;
            }
        }
    }

    /// Ends it as an operator does.
    pub fn stop(mut self) {
        self.signal("-TERM");
        self.child.wait().unwrap();
    }

    /// Ends it as a power cut does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A directory of its own for one test.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("tandem-node-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn text(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
