#![allow(dead_code, clippy::unwrap_used)]
//! A house that runs, with everything that it says and writes.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::house::{Directory, PATIENCE, free_port};
use crate::planted::Planted;

/// Everything that was said and written, each with where.
#[derive(Default)]
pub struct Gathered(pub Vec<(String, Vec<u8>)>);

impl Gathered {
    pub fn take(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((place.into(), bytes.into()));
    }

    /// What a command has said.
    pub fn take_output(&mut self, words: &[&str], output: &Output) {
        let named = words.join(" ");
        self.take(format!("tandem {named}"), output.stdout.clone());
        self.take(format!("tandem {named}, errors"), output.stderr.clone());
    }

    pub fn leaks(&self, planted: &Planted) -> Vec<String> {
        self.0.iter().flat_map(|(place, bytes)| planted.found_in(place, bytes)).collect()
    }
}

/// The process, and what was heard of it.
pub struct Heard {
    pub http: u16,
    up: Child,
    log: Arc<Mutex<Vec<u8>>>,
    pub gathered: Gathered,
}

impl Heard {
    /// Starts one that says all that it can. Its token for HTTP is in `http.token`.
    pub fn start(directory: &Directory, variables: &[(&str, &str)]) -> Heard {
        let http = free_port();
        let mut up = Command::new(env!("CARGO_BIN_EXE_tandem"))
            .args(["up", directory.text(), "--http", &format!("127.0.0.1:{http}"), "--http-token-file"])
            .arg(directory.path().join("http.token"))
            .envs(variables.iter().copied())
            .env("TANDEM_LOG", "trace")
            .env("NO_COLOR", "1")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let says = up.stderr.take().unwrap();
        let heard = Heard { http, up, log: Arc::default(), gathered: Gathered::default() };
        keep_all(says, &heard.log);
        heard.wait_for_log("  http ");
        heard
    }

    pub fn wait_for_log(&self, words: &str) {
        let until = Instant::now() + PATIENCE;
        let said = || String::from_utf8_lossy(&self.log.lock().unwrap()).into_owned();
        while !said().contains(words) {
            assert!(Instant::now() < until, "it never said {words:?}: {}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.up.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Ends it, and takes what it has logged.
    pub fn end(&mut self) {
        self.signal("-TERM");
        self.up.wait().unwrap();
        self.wait_for_log("stopped");
        let log = self.log.lock().unwrap().clone();
        self.gathered.take("the log", log);
    }

    /// Asks by HTTP, and keeps the whole answer.
    pub fn ask(&mut self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.http)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        self.gathered.take(request.lines().next().unwrap_or_default(), answer.clone());
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub fn get(&mut self, path: &str, token: &str) -> String {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        ))
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        let _ = self.up.kill();
        let _ = self.up.wait();
    }
}

/// Reads all that somebody says, as long as he does.
pub fn keep_all(mut says: impl Read + Send + 'static, kept: &Arc<Mutex<Vec<u8>>>) {
    let kept = Arc::clone(kept);
    std::thread::spawn(move || {
        let mut room = [0; 4096];
        while let Ok(length @ 1..) = says.read(&mut room) {
            kept.lock().unwrap().extend_from_slice(&room[..length]);
        }
    });
}

/// A folder, and all that is in it.
pub fn walked(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walked(&path)) } else { found.push(path) }
    }
    found
}
