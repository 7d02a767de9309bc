//! A program that takes what is posted, proves who sent it, and answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use model::{SecretRef, Secrets, SourceFile};
use policy::Policy;
use serde_json::Value;
use sha2::Sha256;

pub const PATIENCE: Duration = Duration::from_secs(20);
/// What both know.
const SECRET: &str = "a key as it is, and long enough";

pub struct Taker {
    listener: TcpListener,
    /// What is asked for, and the type of what comes.
    path: &'static str,
    kind: &'static str,
}

/// What one request brought.
pub struct Taken {
    /// What it is called, however often it comes.
    pub id: String,
    pub body: Value,
}

impl Taker {
    pub fn of(kind: &'static str, path: &'static str) -> Taker {
        Taker { listener: TcpListener::bind("127.0.0.1:0").unwrap(), path, kind }
    }

    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Takes one request, proves its signature, and answers it.
    pub fn take(&self, status: &str) -> Taken {
        let (mut stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut line, mut head) = (String::new(), Vec::new());
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
            head.push(line.trim_end().to_owned());
        }
        assert_eq!(head[0], format!("POST {} HTTP/1.1", self.path));
        let header = |name: &str| {
            let found = head.iter().find_map(|line| line.strip_prefix(&format!("{name}: ")));
            found.unwrap_or_else(|| panic!("no {name} in {head:?}")).to_owned()
        };
        let mut body = vec![0; header("Content-Length").parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();

        assert_eq!(header("Content-Type"), self.kind);
        let (id, timestamp) = (header("Webhook-Id"), header("Webhook-Timestamp"));
        let mut seal = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        seal.update(format!("{id}.{timestamp}.").as_bytes());
        seal.update(&body);
        let sum = base64(&seal.finalize().into_bytes());
        assert_eq!(header("Webhook-Signature"), format!("v1,{sum}"));
        Taken { id, body: serde_json::from_slice(&body).unwrap() }
    }
}

/// A house of this name that is to tell `told`, a table whose secret is asked of the environment.
pub fn policy(name: &str, told: &str) -> Policy {
    let text = format!(
        "format = 1\n[system]\nname = \"{name}\"\ncountry = \"US\"\n\
         [interface.lan]\naddress = \"192.0.2.1\"\nudp = 5060\n{told}secret = {{ env = \"SHARED\" }}\n"
    );
    let documents = model::load(&[SourceFile::new("edge.toml", text)]).unwrap();
    let mut secrets = Secrets::new();
    secrets.insert(SecretRef::Env("SHARED".into()), SECRET.to_owned());
    policy::compile(&documents, &secrets).unwrap()
}

pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// By the system's own program.
fn base64(bytes: &[u8]) -> String {
    let mut child = Command::new("base64").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}
