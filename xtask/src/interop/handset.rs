//! baresip, steered: told over its control connection what to do, and heard there of what became of it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::baresip::{Phone, Shows, Steered};
use super::place::{free_port, io_failure};
use crate::step::Failure;

/// How long anything may take that a phone is waited for.
const WITHIN: Duration = Duration::from_secs(20);
/// Where they are told: beside its port for SIP a phone takes the next one.
const CONTROL: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 39));
/// It ends by itself, should nobody end it.
const SECONDS: u32 = 120;

/// Who it is: its line as baresip's `accounts` takes it, and the address, of which it has the next port too.
pub struct Line<'a> {
    pub name: &'a str,
    pub account: &'a str,
    pub address: SocketAddr,
    pub media: u16,
    pub voice: u32,
    pub shows: Shows<'a>,
    /// Whose certificates it believes, if it speaks by TLS.
    pub authority: Option<&'a Path>,
}

pub struct Handset {
    pub name: String,
    child: Child,
    control: TcpStream,
    /// What the connection has brought and is not a whole message yet.
    unread: Vec<u8>,
    /// What it has told, and nobody has waited for yet.
    told: Vec<Value>,
    log: PathBuf,
    pub media: u16,
    pub voice: u32,
}

impl Handset {
    pub fn start(folder: &Path, line: &Line) -> Result<Handset, Failure> {
        let home = folder.join(line.name);
        fs::create_dir_all(&home).map_err(|error| io_failure(line.name, &error))?;
        let phone = Phone {
            account: line.account,
            authority: line.authority,
            address: line.address,
            seconds: SECONDS,
        };
        let control = SocketAddr::new(CONTROL, free_port(CONTROL)?);
        let steered = Steered { control, media: line.media, voice: line.voice, shows: line.shows };
        phone.furnish_steered(&home, &steered)?;

        let log = home.join("log");
        let file = File::create(&log).map_err(|error| io_failure("log", &error))?;
        let copy = file.try_clone().map_err(|error| io_failure("log", &error))?;
        // Line by line, so that its trace can be read while it runs.
        let mut command = Command::new("stdbuf");
        command.args(["-oL", "baresip", "-4", "-s", "-t", &SECONDS.to_string(), "-f"]).arg(&home);
        command.stdin(Stdio::null()).stdout(file).stderr(copy);
        let mut child = command.spawn().map_err(|error| io_failure("baresip", &error))?;
        let control = match connected(control) {
            Ok(control) => control,
            Err(error) => {
                child.kill().ok();
                child.wait().ok();
                return Err(io_failure(&format!("the control connection of {}", line.name), &error));
            }
        };
        let (unread, told, name) = (Vec::new(), Vec::new(), line.name.to_owned());
        Ok(Handset { name, child, control, unread, told, log, media: line.media, voice: line.voice })
    }

    /// Has it do something, and waits until it has understood.
    pub fn tell(&mut self, command: &str, parameters: &str) -> Result<(), Failure> {
        let order = json!({ "command": command, "params": parameters, "token": "told" }).to_string();
        let sent = write!(self.control, "{}:{order},", order.len());
        sent.map_err(|error| io_failure(&self.name, &error))?;
        let response = self.wait(&format!("a response to {command}"), |one| one["response"] == true)?;
        if response["ok"] == true {
            return Ok(());
        }
        let what = format!("{} cannot {command}: {}", self.name, response["data"]);
        Err(Failure::new(what, format!("read {}", self.log.display())))
    }

    /// Waits for an event of this type, which may have come already; each is waited for once.
    pub fn hears(&mut self, event: &str) -> Result<Value, Failure> {
        self.wait(event, |one| one["type"] == event)
    }

    /// Waits for somebody's call.
    pub fn rings(&mut self) -> Result<(), Failure> {
        self.hears("CALL_INCOMING").map(|_| ())
    }

    /// Waits until it is in a call; returns the Call-ID.
    pub fn talks(&mut self) -> Result<String, Failure> {
        let event = self.hears("CALL_ESTABLISHED")?;
        Ok(event["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits until a call of its is over.
    pub fn is_left(&mut self) -> Result<(), Failure> {
        self.hears("CALL_CLOSED").map(|_| ())
    }

    /// Waits until its trace of SIP has this; returns all of the trace.
    pub fn traces(&self, words: &str) -> Result<String, Failure> {
        self.traces_so_often(words, 1)
    }

    /// The same for words that are there more than once.
    pub fn traces_so_often(&self, words: &str, count: usize) -> Result<String, Failure> {
        self.traces_until(&format!("{words:?} in its trace"), |said| said.matches(words).count() >= count)
    }

    /// Waits until all of its trace is enough; returns it.
    pub fn traces_until(&self, what: &str, is_enough: impl Fn(&str) -> bool) -> Result<String, Failure> {
        let until = Instant::now() + WITHIN;
        loop {
            let said = fs::read(&self.log).map_err(|error| io_failure("log", &error))?;
            let said = String::from_utf8_lossy(&said).into_owned();
            if is_enough(&said) {
                return Ok(said);
            }
            if Instant::now() > until {
                return Err(self.failure(what));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether this event has come, and nobody has waited for it.
    pub fn has_heard(&mut self, event: &str) -> Result<bool, Failure> {
        self.listen()?;
        Ok(self.told.iter().any(|one| one["type"] == event))
    }

    fn wait(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
        let until = Instant::now() + WITHIN;
        loop {
            if let Some(at) = self.told.iter().position(&is_it) {
                return Ok(self.told.remove(at));
            }
            if Instant::now() > until {
                return Err(self.failure(what));
            }
            self.listen()?;
        }
    }

    /// Takes what has come, or comes within moments.
    fn listen(&mut self) -> Result<(), Failure> {
        let mut bytes = [0; 16_384];
        match self.control.read(&mut bytes) {
            Ok(0) => return Err(self.failure("anything more: it has ended")),
            Ok(count) => self.unread.extend_from_slice(&bytes[..count]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(error) => return Err(io_failure(&self.name, &error)),
        }
        while let Some((message, length)) = first_of(&self.unread) {
            let value = serde_json::from_slice(message)
                .map_err(|error| Failure::new(error.to_string(), "baresip's control speaks JSON"))?;
            self.told.push(value);
            self.unread.drain(..length);
        }
        Ok(())
    }

    fn failure(&self, what: &str) -> Failure {
        let what = format!("{} did not hear {what} within {} s", self.name, WITHIN.as_secs());
        Failure::new(what, format!("read {}", self.log.display()))
    }
}

impl Drop for Handset {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The first netstring: its content, and the length of all of it.
fn first_of(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let length: usize = std::str::from_utf8(&bytes[..colon]).ok()?.parse().ok()?;
    let end = colon + 1 + length;
    let content = bytes.get(colon + 1..end)?;
    bytes.get(end).map(|_| (content, end + 1))
}

fn connected(address: SocketAddr) -> io::Result<TcpStream> {
    let until = Instant::now() + WITHIN;
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => {
                stream.set_read_timeout(Some(Duration::from_millis(50)))?;
                return Ok(stream);
            }
            Err(error) if Instant::now() > until => return Err(error),
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    }
}
