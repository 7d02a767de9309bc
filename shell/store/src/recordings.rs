//! Recordings of calls: a file each, WAV or Opus, written while the call goes on, and a JSON file beside it
//! at the end.
//!
//! Who speaks never waits for the disk: copies come through a queue that has an end, and what does not fit,
//! or what the disk refuses, is a gap that the JSON file tells of. A frame has its place in the file by its
//! time, so both sides stay where they were said, and a file is whole whenever the process dies.

mod opus;
mod wav;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use media::{Mixdown, SessionKey, Taped, Upto};
use serde_json::json;
use sha2::{Digest, Sha256};

use self::opus::Opus;
use self::wav::Wav;
use crate::{day_folders, private};

/// Some seconds of a hundred calls.
const WAITING_MAX: usize = 4_096;
/// A file tells of so many gaps.
const GAPS_MAX: usize = 100;
/// A recording whose stream has ended waits so long for another one of the same call.
const PATIENCE: Duration = Duration::from_secs(3);
/// One of which nothing came for so long is held no longer.
const IDLE: Duration = Duration::from_secs(600);
const TURN: Duration = Duration::from_millis(500);
/// How often it is looked for recordings of earlier days.
const CLEAN_EVERY: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// What the disk did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TapeTrouble {
    /// It takes no more of this recording, for now.
    Refused { file: PathBuf, words: String },
}

/// How a recording ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Whole,
    /// With the process that wrote it.
    CutOff,
}

enum Word {
    Taped(Box<Taped>),
    Stop,
}

/// All recordings of a house.
pub struct Recordings {
    queue: SyncSender<Word>,
    lost: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

/// A way to the recordings, for every media loop. Never waits.
#[derive(Clone)]
pub struct Tapes {
    queue: SyncSender<Word>,
    lost: Arc<AtomicU64>,
}

impl Tapes {
    pub fn take(&self, taped: Box<Taped>) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(Word::Taped(taped)) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Recordings {
    /// Ends what a process before this one left unfinished, and deletes what is older than so many days.
    pub fn open(
        folder: &Path,
        keep_days: u16,
        trouble: impl Fn(TapeTrouble) + Send + 'static,
    ) -> io::Result<Recordings> {
        let (queue, words) = mpsc::sync_channel(WAITING_MAX);
        let folder = folder.to_owned();
        let thread = thread::Builder::new().name("recordings".to_owned()).spawn(move || {
            let keep = DAY * u32::from(keep_days);
            Desk { folder, keep, open: BTreeMap::new(), trouble: Box::new(trouble) }.run(&words);
        })?;
        Ok(Recordings { queue, lost: Arc::default(), thread })
    }

    pub fn tapes(&self) -> Tapes {
        Tapes { queue: self.queue.clone(), lost: Arc::clone(&self.lost) }
    }

    /// How often copies came while the queue was full.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Writes what waits, and ends every recording.
    pub fn stop(self) {
        // A thread that has ended hears nothing.
        let _ = self.queue.send(Word::Stop);
        let _ = self.thread.join();
    }
}

struct Desk {
    folder: PathBuf,
    keep: Duration,
    open: BTreeMap<Arc<str>, Open>,
    trouble: Box<dyn Fn(TapeTrouble)>,
}

/// A file of sound, as its name says.
enum Kept {
    Wav(Wav),
    Opus(Box<Opus>),
}

/// What a file of sound holds, and how many of its bytes.
struct Left {
    rate: u32,
    frames: u64,
    length: u64,
}

/// A recording that goes on.
struct Open {
    path: PathBuf,
    file: Option<Kept>,
    mixdown: Mixdown,
    /// Frames up to the last that was written.
    frames: u64,
    /// The number of copies that is due, of a session.
    due: (SessionKey, u32),
    gaps: Vec<serde_json::Value>,
    is_refused: bool,
    /// When its stream ended.
    ended: Option<Instant>,
    /// When anything came of it.
    heard: Instant,
}

impl Desk {
    fn run(mut self, words: &Receiver<Word>) {
        self.finish_left();
        self.clean();
        let mut cleaned = Instant::now();
        loop {
            match words.recv_timeout(TURN) {
                Ok(Word::Taped(taped)) => self.take(&taped),
                Ok(Word::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.finish_ended();
            if cleaned.elapsed() >= CLEAN_EVERY {
                cleaned = Instant::now();
                self.clean();
            }
        }
        for (_, open) in std::mem::take(&mut self.open) {
            open.finish();
        }
    }

    fn take(&mut self, taped: &Taped) {
        let folder = &self.folder;
        let open = self.open.entry(Arc::clone(&taped.name));
        let open = open.or_insert_with(|| Open::begin(folder.join(&*taped.name), taped));
        if let Err(error) = open.take(taped) {
            let at_ms = open.frames * 1_000 / u64::from(open.mixdown.rate());
            open.gap(at_ms, "the disk refused it");
            if !std::mem::replace(&mut open.is_refused, true) {
                let file = open.path.clone();
                (self.trouble)(TapeTrouble::Refused { file, words: error.to_string() });
            }
        }
    }

    fn finish_ended(&mut self) {
        let has_ended = |open: &Open| open.ended.is_some_and(|ended| ended.elapsed() >= PATIENCE);
        // Its end may be among what was lost; if it is not, it is taken up again where it is.
        let is_over = |open: &Open| has_ended(open) || open.heard.elapsed() >= IDLE;
        let over: Vec<Arc<str>> =
            self.open.iter().filter(|(_, open)| is_over(open)).map(|(name, _)| name.clone()).collect();
        for name in over {
            if let Some(open) = self.open.remove(&name) {
                open.finish();
            }
        }
    }

    /// What was cut off by the end of a process is as long as it is.
    fn finish_left(&self) {
        for path in
            day_folders::files(&self.folder).filter(|path| path.extension().is_some_and(|end| end != "json"))
        {
            if path.with_extension("json").exists() {
                continue;
            }
            let left = if is_opus(&path) { opus::left(&path).ok() } else { Some(wav::left(&path)) };
            // Without a word about it the recording itself is still there.
            let _ = left.map(|left| tell(&path, &left, &[], Ending::CutOff));
        }
    }

    fn clean(&self) {
        day_folders::delete_old(&self.folder, self.keep);
        day_folders::delete_empty(&self.folder);
    }
}

impl Open {
    fn begin(path: PathBuf, taped: &Taped) -> Open {
        let due = (taped.session, 0);
        let (mixdown, gaps) = (Mixdown::new(taped), Vec::new());
        let heard = Instant::now();
        Open { path, file: None, mixdown, frames: 0, due, gaps, is_refused: false, ended: None, heard }
    }

    fn take(&mut self, taped: &Taped) -> io::Result<()> {
        let is_next = self.due == (taped.session, taped.number);
        if !is_next && (self.due.0 == taped.session || taped.number > 0) {
            let at_ms = taped.packets().next().map_or(0, |(at_ms, ..)| at_ms);
            self.gap(at_ms.into(), "the disk was too slow");
        }
        self.due = (taped.session, taped.number + 1);
        self.ended = taped.is_last.then(Instant::now);
        self.heard = Instant::now();
        let rest = if self.mixdown.is_far_from(taped) { self.write(Upto::End) } else { Ok(()) };
        self.mixdown.take(taped);
        rest.and_then(|()| self.write(Upto::Settled))
    }

    fn write(&mut self, until: Upto) -> io::Result<()> {
        let rate = self.mixdown.rate();
        let Some((first, samples)) = self.mixdown.whole(until) else { return Ok(()) };
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(Kept::open(&self.path, rate)?),
        };
        self.frames = file.write(first, samples)?;
        self.is_refused = false;
        Ok(())
    }

    fn gap(&mut self, at_ms: u64, why: &str) {
        if self.gaps.len() < GAPS_MAX {
            self.gaps.push(json!({ "at_ms": at_ms, "why": why }));
        }
    }

    fn finish(mut self) {
        let is_written = self.write(Upto::End).is_ok();
        let (rate, frames) = (self.mixdown.rate(), self.frames);
        let is_ended = self.file.as_mut().is_none_or(|file| file.end().is_ok());
        if !is_written || !is_ended {
            self.gap(frames * 1_000 / u64::from(rate), "the disk refused it");
        }
        let length = self.file.as_ref().map_or(0, Kept::length);
        let _ = tell(&self.path, &Left { rate, frames, length }, &self.gaps, Ending::Whole);
    }
}

impl Kept {
    fn open(path: &Path, rate: u32) -> io::Result<Kept> {
        if let Some(folder) = path.parent() {
            private::make_folder(folder)?;
        }
        let file = private::options().create(true).read(true).write(true).truncate(false).open(path)?;
        if !is_opus(path) {
            return Ok(Kept::Wav(Wav::open(file, rate)));
        }
        let title = path.file_stem().unwrap_or_default().to_string_lossy();
        let [a, b, c, d, ..] = Sha256::digest(title.as_bytes()).0;
        let serial = u32::from_le_bytes([a, b, c, d]);
        Ok(Kept::Opus(Box::new(Opus::open(file, rate, &title, serial)?)))
    }

    fn write(&mut self, first: u64, samples: &[i16]) -> io::Result<u64> {
        match self {
            Kept::Wav(wav) => wav.write(first, samples),
            Kept::Opus(opus) => opus.write(first, samples),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        let is_whole = match self {
            Kept::Wav(_) => Ok(()),
            Kept::Opus(opus) => opus.end(),
        };
        // What the disk does not take now it may take later: the system tries.
        let _ = match self {
            Kept::Wav(wav) => wav.sync(),
            Kept::Opus(opus) => opus.sync(),
        };
        is_whole
    }

    fn length(&self) -> u64 {
        match self {
            Kept::Wav(wav) => wav.length(),
            Kept::Opus(opus) => opus.length(),
        }
    }
}

fn is_opus(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "opus")
}

/// Writes what is to be known of a recording beside it.
fn tell(path: &Path, left: &Left, gaps: &[serde_json::Value], ending: Ending) -> io::Result<()> {
    let Left { rate, frames, length } = *left;
    let mut told = json!({
        "ms": frames * 1_000 / u64::from(rate.max(1)),
        "rate": rate,
        "gaps": gaps,
        "sha256": File::open(path).and_then(|file| print_of(file.take(length))).ok(),
    });
    if ending == Ending::CutOff {
        told["cut_off"] = true.into();
    }
    if let Some(folder) = path.parent() {
        private::make_folder(folder)?;
    }
    let beside = path.with_extension("json");
    let mut file = private::options().create(true).write(true).truncate(true).open(beside)?;
    writeln!(file, "{told:#}")
}

fn print_of(mut file: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut room = vec![0; 65_536];
    loop {
        match file.read(&mut room)? {
            0 => break,
            count => hasher.update(&room[..count]),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
