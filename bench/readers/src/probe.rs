//! Somebody who asks whether the house is alive, ten times a second.

use std::io::{Read, Result, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Probe {
    is_over: Arc<AtomicBool>,
    asking: JoinHandle<Vec<Duration>>,
}

impl Probe {
    pub fn begin(port: u16) -> Probe {
        let is_over = Arc::new(AtomicBool::new(false));
        let asking = thread::spawn({
            let is_over = Arc::clone(&is_over);
            move || {
                let mut waits = Vec::new();
                while !is_over.load(Relaxed) {
                    let began = Instant::now();
                    waits.push(asked(port).map_or(PATIENCE, |()| began.elapsed()));
                    thread::sleep(EVERY);
                }
                waits
            }
        });
        Probe { is_over, asking }
    }

    /// Milliseconds that one answer in a hundred takes longer than.
    pub fn end(self) -> String {
        self.is_over.store(true, Relaxed);
        let Ok(mut waits) = self.asking.join() else { return "?".to_owned() };
        waits.sort();
        let at = (waits.len() * 99 / 100).min(waits.len().saturating_sub(1));
        waits.get(at).map_or("?".to_owned(), |wait| format!("{:.1}", wait.as_secs_f64() * 1e3))
    }
}

fn asked(port: u16) -> Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /health HTTP/1.1\r\nHost: house\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map(drop)
}
