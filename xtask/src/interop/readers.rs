//! Hundreds listen to what happens while calls are made, and some of them never read: no call waits for them,
//! everybody who reads hears every call end, whoever asks anything else is answered, and each reader costs a
//! bounded piece of memory.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use super::node::{self, Node};
use super::place::{self, UDP_V4, Way, free_port, io_failure};
use super::{Binary, Load, calls};
use crate::step::Failure;

const WAY: Way = Way { name: "readers", ..UDP_V4 };
const READERS: usize = 500;
/// One in so many reads nothing before the calls are over.
const STALLED: usize = 50;
const TOKEN: &str = "a-reader-of-this-lane-whom-nobody-guesses";
/// What somebody who listens may cost the house: buffers, and what waits for him.
const BYTES_MAX: u64 = 96 * 1024;
/// Where a line of `/proc` has the policy behind the name of a thread (`man 5 proc`: field 41), and what it
/// is.
const POLICY: usize = 38;
const IDLE: &str = "5";
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a test of whether the house is alive may take on a machine that does much else.
const ALIVE_WITHIN: Duration = Duration::from_secs(20);

pub fn run(binary: &Binary, load: Load) -> Result<String, Failure> {
    let (count, rate) = if load == Load::Long { (2_000, 100) } else { (200, 50) };
    let folder = place::folder(WAY.name)?;
    let port = || free_port(WAY.address).map(|port| SocketAddr::new(WAY.address, port));
    let (callee, caller, web) = (port()?, port()?, port()?);
    let setting = node::configure(&folder, WAY, callee, None)?;
    let file = folder.join("token");
    fs::write(&file, TOKEN).map_err(|error| io_failure("token", &error))?;
    let words = ["--http", &web.to_string(), "--http-token-file", &file.display().to_string()];
    let node = Node::start_with(binary, &folder, &setting, &words)?;

    let empty = resident(&node)?;
    let begun = (0..READERS).map(|_| Reader::begin(web)).collect::<std::io::Result<Vec<_>>>();
    let mut quick = begun.map_err(|error| io_failure("/events", &error))?;
    let mut stalled: Vec<Reader> = (0..READERS / STALLED).filter_map(|_| quick.pop()).collect();
    come_last(&node)?;
    let are_over = Arc::new(AtomicBool::new(false));
    let reading = thread::spawn({
        let are_over = Arc::clone(&are_over);
        move || {
            let said = read_all(&mut quick, count, &are_over);
            (quick, said)
        }
    });
    let asking = thread::spawn({
        let are_over = Arc::clone(&are_over);
        move || asked(web, &are_over)
    });
    let called = calls::many(&folder, setting.sip, (caller, callee), (count, rate));
    are_over.store(true, Relaxed);
    let (quick, said) =
        reading.join().map_err(|_| Failure::new("the readers' thread broke", "read above"))?;
    let asked = asking.join().map_err(|_| Failure::new("the asking thread broke", "read above"))?;
    called?;
    said?;
    let asked = asked?;
    let each = resident(&node)?.saturating_sub(empty) / READERS as u64;
    read_all(&mut stalled, count, &are_over)?;
    drop((quick, stalled));
    node.stop()?;
    if each > BYTES_MAX {
        let what = format!("{each} bytes for each who listens, not {BYTES_MAX}");
        return Err(Failure::new(what, "what does a reader hold?"));
    }
    Ok(format!(
        "{READERS} heard {count} calls end, {} of them late; {each} bytes each; alive {asked} times",
        READERS / STALLED
    ))
}

/// Somebody who listens.
struct Reader {
    stream: TcpStream,
    /// What has come and is not a whole line yet.
    rest: Vec<u8>,
    last: u64,
    ended: u64,
}

impl Reader {
    /// On return it has its place: whatever happens from now on, it hears.
    fn begin(web: SocketAddr) -> std::io::Result<Reader> {
        let mut stream = TcpStream::connect(web)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET /api/v1/events HTTP/1.1\r\nHost: {web}\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        )?;
        let (mut head, mut room) = (Vec::new(), [0; 1024]);
        while !String::from_utf8_lossy(&head).contains(": you hear") {
            match stream.read(&mut room)? {
                0 => return Err(std::io::Error::other(String::from_utf8_lossy(&head).into_owned())),
                length => head.extend_from_slice(&room[..length]),
            }
        }
        stream.set_nonblocking(true)?;
        Ok(Reader { stream, rest: Vec::new(), last: 0, ended: 0 })
    }

    /// Takes what has come; whether anything has.
    fn reads(&mut self) -> Result<bool, Failure> {
        let mut room = [0; 16 * 1024];
        match self.stream.read(&mut room) {
            Ok(0) => Err(Failure::new("the house let a reader go", "read node.log")),
            Ok(length) => {
                self.rest.extend_from_slice(&room[..length]);
                self.takes_lines()?;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(io_failure("/events", &error)),
        }
    }

    fn takes_lines(&mut self) -> Result<(), Failure> {
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
        let lines: Vec<u8> = self.rest.drain(..=end).collect();
        for line in String::from_utf8_lossy(&lines).lines() {
            if let Some(id) = line.strip_prefix("id: ") {
                let number = id.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0);
                if self.last != 0 && number != self.last + 1 {
                    let what = format!("event {number} came after {}", self.last);
                    return Err(Failure::new(what, "each is heard once, in order"));
                }
                self.last = number;
            }
            match line {
                "event: missed" => return Err(Failure::new("a reader missed something", "see feed.rs")),
                "event: call_ended" => self.ended += 1,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Until all have heard so many calls end. After the last call they have a while for it.
fn read_all(readers: &mut [Reader], count: u64, are_over: &AtomicBool) -> Result<(), Failure> {
    let mut until = None;
    while readers.iter().any(|reader| reader.ended < count) {
        let mut has_come = false;
        for reader in readers.iter_mut() {
            has_come |= reader.reads()?;
        }
        if are_over.load(Relaxed) {
            let until = *until.get_or_insert_with(|| Instant::now() + PATIENCE);
            if until <= Instant::now() {
                let least = readers.iter().map(|reader| reader.ended).min().unwrap_or(0);
                let what = format!("somebody has heard {least} of {count} calls end");
                return Err(Failure::new(what, "read node.log"));
            }
        }
        if !has_come {
            thread::sleep(Duration::from_millis(5));
        }
    }
    match readers.iter().find(|reader| reader.ended > count) {
        Some(reader) => Err(Failure::new(format!("{} of {count} calls ended", reader.ended), "twice?")),
        None => Ok(()),
    }
}

/// Whether the house is alive, again and again while calls are made; how often it was.
fn asked(web: SocketAddr, are_over: &AtomicBool) -> Result<u32, Failure> {
    let mut times = 0;
    loop {
        let failed = |error: std::io::Error| io_failure("/health", &error);
        let mut stream = TcpStream::connect(web).map_err(failed)?;
        stream.set_read_timeout(Some(ALIVE_WITHIN)).map_err(failed)?;
        write!(stream, "GET /health HTTP/1.1\r\nHost: {web}\r\nConnection: close\r\n\r\n").map_err(failed)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(failed)?;
        if !answer.ends_with("alive\n") {
            return Err(Failure::new(format!("/health says {answer}"), "read node.log"));
        }
        times += 1;
        if are_over.load(Relaxed) {
            return Ok(times);
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// The thread of those who listen has the lowest policy of Linux, and no other has it.
fn come_last(node: &Node) -> Result<(), Failure> {
    let failed = |error: std::io::Error| io_failure("/proc", &error);
    let mut last = Vec::new();
    for task in fs::read_dir(format!("/proc/{}/task", node.id())).map_err(failed)? {
        // A thread may have ended meanwhile.
        let Ok(stat) = fs::read_to_string(task.map_err(failed)?.path().join("stat")) else { continue };
        let (before, after) = stat.rsplit_once(") ").unwrap_or_default();
        let name = before.split_once(" (").map_or("", |(_, name)| name);
        if after.split(' ').nth(POLICY) == Some(IDLE) {
            last.push(name.to_owned());
        }
    }
    if last == ["readers"] {
        return Ok(());
    }
    Err(Failure::new(format!("{last:?} come last"), "those who listen do, and nobody else"))
}

/// What the house has in memory.
fn resident(node: &Node) -> Result<u64, Failure> {
    let status = fs::read_to_string(format!("/proc/{}/status", node.id()));
    let status = status.map_err(|error| io_failure("/proc", &error))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kilobytes = line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
    kilobytes.map(|number| number * 1024).ok_or_else(|| Failure::new("no VmRSS", "is it Linux?"))
}
