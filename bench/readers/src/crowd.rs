//! Those who listen: each has a connection; one thread reads them all.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use rustix::process::setpriority_process;

/// As low as it goes: the generator of calls comes first on their core.
const NICE: i32 = 19;
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

pub struct Crowd {
    is_over: Arc<AtomicBool>,
    reading: JoinHandle<Result<Heard>>,
}

#[derive(Default)]
struct Heard {
    /// Calls that ended, as each has heard of them.
    ended: Vec<u32>,
    missed: u32,
}

impl Crowd {
    /// On return everybody has a place.
    pub fn gather(port: u16, token: &str, readers: usize) -> Result<Crowd> {
        let mut streams = Vec::new();
        for _ in 0..readers {
            streams.push(listen(port, token)?);
        }
        let is_over = Arc::new(AtomicBool::new(false));
        let reading = thread::spawn({
            let is_over = Arc::clone(&is_over);
            move || read(streams, &is_over)
        });
        Ok(Crowd { is_over, reading })
    }

    /// What they have heard, in words.
    pub fn end(self) -> String {
        self.is_over.store(true, Relaxed);
        match self.reading.join() {
            Ok(Ok(heard)) => {
                let (least, most) = (heard.ended.iter().min(), heard.ended.iter().max());
                match least.zip(most) {
                    Some((least, most)) => format!("{least} to {most} calls end, {} missed", heard.missed),
                    None => "by nobody".to_owned(),
                }
            }
            Ok(Err(error)) => format!("no more: {error}"),
            Err(_) => "no more".to_owned(),
        }
    }
}

fn listen(port: u16, token: &str) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /api/v1/events HTTP/1.1\r\nHost: house\r\nAuthorization: Bearer {token}\r\n\r\n")?;
    let (mut head, mut room) = (Vec::new(), [0; 1024]);
    while !String::from_utf8_lossy(&head).contains(": you hear") {
        match stream.read(&mut room)? {
            0 => return Err(Error::other(String::from_utf8_lossy(&head).into_owned())),
            length => head.extend_from_slice(&room[..length]),
        }
    }
    stream.set_nonblocking(true)?;
    Ok(stream)
}

fn read(mut streams: Vec<TcpStream>, is_over: &AtomicBool) -> Result<Heard> {
    setpriority_process(None, NICE)?;
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    for (at, stream) in streams.iter().enumerate() {
        epoll::add(&poll, stream, epoll::EventData::new_u64(at as u64), epoll::EventFlags::IN)?;
    }
    let mut heard = Heard { ended: vec![0; streams.len()], missed: 0 };
    let (mut events, mut room) = (Vec::with_capacity(1024), vec![0; 256 * 1024]);
    while !is_over.load(Relaxed) {
        events.clear();
        epoll::wait(&poll, spare_capacity(&mut events), Some(&LOOK_EVERY))?;
        for event in &events {
            let at = event.data.u64() as usize;
            loop {
                match streams[at].read(&mut room) {
                    Ok(0) => return Err(Error::other("the house let somebody go")),
                    Ok(length) => {
                        // A word that is cut in two is counted by neither piece: rare beside thousands.
                        let count = |word: &[u8]| {
                            room[..length].windows(word.len()).filter(|piece| *piece == word).count() as u32
                        };
                        heard.ended[at] += count(b"event: call_ended");
                        heard.missed += count(b"event: missed");
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                }
            }
        }
    }
    Ok(heard)
}
