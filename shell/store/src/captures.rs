//! Captures of calls: a file of packets each, written while the call goes on because somebody asked for it.
//!
//! No packet waits for the disk: copies come through a queue that has an end, and what does not fit is
//! missing, as the comment of the next one says. A file is no longer than the rules of its call say, all
//! together are no longer than those of the house: the oldest go first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use media::{Cover, Excerpted, Passed, Reason, Side, Way};

use crate::pcapng::{self, Datagram};
use crate::{day_folders, private};

/// Of 40 KB at most, each.
const WAITING_MAX: usize = 256;
/// A file of which nothing came for so long is held open no longer.
const IDLE: Duration = Duration::from_secs(10);
const TURN: Duration = Duration::from_millis(500);
const CLEAN_EVERY: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// Files of which it is known that the disk refused something of them.
const REFUSED_MAX: usize = 1_000;
/// How often it is counted how much all files take: after so many bytes.
const COUNT_EVERY: u64 = 4_000_000;

/// What is kept of captures.
#[derive(Clone, Copy, Debug)]
pub struct CaptureLimits {
    pub keep_days: u16,
    pub all_bytes: u64,
}

/// What the disk did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureTrouble {
    pub file: PathBuf,
    pub words: String,
}

enum Word {
    Packets(Box<Excerpted>),
    Stop,
}

/// All captures of a house.
pub struct Captures {
    way: CaptureWay,
    thread: JoinHandle<()>,
}

/// A way to the captures, for every media loop. Never waits.
#[derive(Clone)]
pub struct CaptureWay {
    queue: SyncSender<Word>,
    lost: Arc<AtomicU64>,
}

impl CaptureWay {
    pub fn take(&self, packets: Box<Excerpted>) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(Word::Packets(packets)) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Captures {
    /// Deletes what is too old, or too much.
    pub fn open(
        folder: &Path,
        limits: CaptureLimits,
        trouble: impl Fn(CaptureTrouble) + Send + 'static,
    ) -> io::Result<Captures> {
        let (queue, words) = mpsc::sync_channel(WAITING_MAX);
        let desk = Desk {
            folder: folder.to_owned(),
            limits,
            began: (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()),
            open: BTreeMap::new(),
            refused: BTreeSet::new(),
            uncounted: 0,
            trouble: Box::new(trouble),
        };
        let thread = thread::Builder::new().name("captures".to_owned()).spawn(move || desk.run(&words))?;
        Ok(Captures { way: CaptureWay { queue, lost: Arc::default() }, thread })
    }

    pub fn way(&self) -> CaptureWay {
        self.way.clone()
    }

    /// How often packets came while the queue was full.
    pub fn lost(&self) -> u64 {
        self.way.lost.load(Ordering::Relaxed)
    }

    /// Writes what waits.
    pub fn stop(self) {
        // A thread that has ended hears nothing.
        let _ = self.way.queue.send(Word::Stop);
        let _ = self.thread.join();
    }
}

struct Desk {
    folder: PathBuf,
    limits: CaptureLimits,
    /// One moment, by both clocks.
    began: (Instant, Duration),
    open: BTreeMap<Arc<str>, Open>,
    /// Those of which the disk has not taken something.
    refused: BTreeSet<Arc<str>>,
    /// Bytes that were written since all files were counted.
    uncounted: u64,
    trouble: Box<dyn Fn(CaptureTrouble) + Send>,
}

/// A capture that goes on.
struct Open {
    file: File,
    path: PathBuf,
    length: u64,
    standing: Standing,
    /// When anything came of it.
    heard: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Taking,
    /// It is as long as it may be.
    Full,
}

impl Desk {
    fn run(mut self, words: &Receiver<Word>) {
        self.clean();
        let mut cleaned = Instant::now();
        loop {
            match words.recv_timeout(TURN) {
                Ok(Word::Packets(packets)) => self.take(&packets),
                Ok(Word::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.open.retain(|_, open| open.heard.elapsed() < IDLE);
            if cleaned.elapsed() >= CLEAN_EVERY {
                cleaned = Instant::now();
                self.clean();
            }
        }
    }

    fn take(&mut self, packets: &Excerpted) {
        let path = self.folder.join(&*packets.name);
        let began = self.began;
        let taken = self.file(&packets.name, &path).and_then(|open| open.take(packets, began));
        match taken {
            Ok(written) => self.uncounted += written,
            Err(fault) => self.refused(&packets.name, path, &fault),
        }
        if self.uncounted >= COUNT_EVERY {
            self.make_room();
        }
    }

    fn file(&mut self, name: &Arc<str>, path: &Path) -> io::Result<&mut Open> {
        if !self.open.contains_key(name) {
            self.make_room();
            self.open.insert(Arc::clone(name), Open::at(path)?);
        }
        self.open.get_mut(name).ok_or_else(|| io::Error::other("it was open"))
    }

    /// What the disk does not take is missing; it is told of once for each file.
    fn refused(&mut self, name: &Arc<str>, file: PathBuf, fault: &io::Error) {
        if self.refused.len() < REFUSED_MAX && self.refused.insert(Arc::clone(name)) {
            (self.trouble)(CaptureTrouble { file, words: fault.to_string() });
        }
    }

    /// Deletes the oldest files until the others take no more than they may; none that is written to.
    fn make_room(&mut self) {
        self.uncounted = 0;
        let mut files: Vec<(SystemTime, u64, PathBuf)> = day_folders::files(&self.folder)
            .filter_map(|path| {
                let about = fs::metadata(&path).ok()?;
                Some((about.modified().ok()?, about.len(), path))
            })
            .collect();
        let mut taken: u64 = files.iter().map(|(_, length, _)| length).sum();
        files.sort();
        for (_, length, path) in files {
            if taken <= self.limits.all_bytes {
                return;
            }
            let is_open = self.open.values().any(|open| open.path == path);
            if !is_open && fs::remove_file(&path).is_ok() {
                taken -= length;
            }
        }
    }

    fn clean(&mut self) {
        day_folders::delete_old(&self.folder, DAY * u32::from(self.limits.keep_days));
        self.make_room();
        day_folders::delete_empty(&self.folder);
    }
}

impl Open {
    fn at(path: &Path) -> io::Result<Open> {
        if let Some(folder) = path.parent() {
            private::make_folder(folder)?;
        }
        let mut file = private::options().create(true).append(true).open(path)?;
        let mut length = file.metadata()?.len();
        if length == 0 {
            let head = pcapng::head();
            file.write_all(&head)?;
            length = head.len() as u64;
        }
        let (standing, heard) = (Standing::Taking, Instant::now());
        Ok(Open { file, path: path.to_owned(), length, standing, heard })
    }

    /// Writes packets behind those that are there; how many bytes that came to.
    fn take(&mut self, packets: &Excerpted, began: (Instant, Duration)) -> io::Result<u64> {
        self.heard = Instant::now();
        if self.standing == Standing::Full {
            return Ok(0);
        }
        let mut written = Vec::new();
        let mut missed = packets.missed;
        for packet in packets.packets() {
            let mut words = comment(&packet);
            if std::mem::take(&mut missed) > 0 {
                words.push(format!("{} packets before it are not here", packets.missed));
            }
            if self.length + written.len() as u64 + u64::from(packet.length) >= packets.bytes_max {
                self.standing = Standing::Full;
                words.push("the capture ends here: it is as long as it may be".to_owned());
            }
            put(&mut written, &packet, began, &words.join("; "));
            if self.standing == Standing::Full {
                break;
            }
        }
        self.file.write_all(&written)?;
        self.length += written.len() as u64;
        Ok(written.len() as u64)
    }
}

fn put(file: &mut Vec<u8>, packet: &Passed<'_>, began: (Instant, Duration), comment: &str) {
    let Passed { at, from, to, length, sum, bytes, .. } = *packet;
    let before = began.0.saturating_duration_since(at);
    let since = (began.1 + at.saturating_duration_since(began.0)).saturating_sub(before);
    let at_us = i64::try_from(since.as_micros()).unwrap_or(i64::MAX);
    pcapng::put(file, &Datagram { at_us, from, to, payload: bytes, length, sum, comment });
}

/// What a reader should know of a packet that does not stand in it.
fn comment(packet: &Passed<'_>) -> Vec<String> {
    let side = if packet.side == Side::Caller { "caller" } else { "callee" };
    let cover = match (packet.cover, packet.way) {
        (Cover::Clear, _) => None,
        (Cover::Sealed, Way::In) => Some(format!("came sealed from the {side}")),
        (Cover::Sealed, Way::Out) => Some(format!("left sealed to the {side}")),
    };
    let lost = packet.lost.map(|why| format!("went nowhere: {}", words(why)));
    cover.into_iter().chain(lost).collect()
}

fn words(why: Reason) -> &'static str {
    match why {
        Reason::Malformed => "neither RTP nor RTCP, and not from where the peer is",
        Reason::Stranger => "not from the peer",
        Reason::Unproven => "the agreed keys do not open it",
        Reason::Copy => "it came before",
        Reason::Undeliverable => "the other side is on hold, or has not said where it receives",
        Reason::Gone => "the other side gives no sign of life",
        Reason::NotSpoken => "it is of no codec that was agreed on",
        Reason::NobodyHere
        | Reason::Answered
        | Reason::Checked
        | Reason::Handshake
        | Reason::Kept
        | Reason::Outside
        | Reason::Said => "it was for the house",
    }
}
