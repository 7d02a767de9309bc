//! Recordings of calls: a WAV file each, written while the call goes on, and a JSON file beside it at the
//! end.
//!
//! Who speaks never waits for the disk: copies come through a queue that has an end, and what does not fit,
//! or what the disk refuses, is a gap that the JSON file tells of. A frame has its place in the file by its
//! time, so both sides stay where they were said, and a file is whole whenever the process dies.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use media::{Mixdown, SessionKey, Taped, Upto};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::private;

/// Some seconds of a hundred calls.
const WAITING_MAX: usize = 4_096;
const HEAD: usize = 44;
const CHANNELS: u16 = 2;
const BYTES_A_FRAME: u64 = 4;
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

/// A recording that goes on.
struct Open {
    path: PathBuf,
    file: Option<File>,
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
        let open = open.or_insert_with(|| Open::begin(folder.join(format!("{}.wav", taped.name)), taped));
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
        for path in self.files().filter(|path| path.extension().is_some_and(|end| end == "wav")) {
            let beside = path.with_extension("json");
            if beside.exists() {
                continue;
            }
            let length = fs::metadata(&path).map_or(0, |about| about.len());
            let frames = length.saturating_sub(HEAD as u64) / BYTES_A_FRAME;
            let rate = rate_of(&path).unwrap_or(8_000);
            // Without a word about it the recording itself is still there.
            let _ = tell(&path, (rate, frames), &[], Ending::CutOff);
        }
    }

    /// Deletes recordings that are too old, by when they were written last.
    fn clean(&self) {
        let now = SystemTime::now();
        for path in self.files() {
            let written = fs::metadata(&path).and_then(|about| about.modified());
            let age = written.ok().and_then(|written| now.duration_since(written).ok());
            if age.is_some_and(|age| age >= self.keep) {
                // It is tried again in an hour.
                let _ = fs::remove_file(&path);
            }
        }
        for folder in folders(&self.folder) {
            // Only one that is empty goes.
            let _ = fs::remove_dir(folder);
        }
    }

    fn files(&self) -> impl Iterator<Item = PathBuf> {
        let entries = folders(&self.folder).filter_map(|folder| fs::read_dir(folder).ok());
        entries.flatten().flatten().map(|entry| entry.path())
    }
}

fn folders(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let days = fs::read_dir(folder).into_iter().flatten().flatten();
    days.map(|day| day.path()).filter(|day| day.is_dir())
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
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(made(&self.path)?),
        };
        // What nobody wrote in between reads as silence.
        file.write_all_at(&bytes, HEAD as u64 + first * BYTES_A_FRAME)?;
        self.frames = first + bytes.len() as u64 / BYTES_A_FRAME;
        file.write_all_at(&head(rate, self.frames), 0)?;
        self.is_refused = false;
        Ok(())
    }

    fn gap(&mut self, at_ms: u64, why: &str) {
        if self.gaps.len() < GAPS_MAX {
            self.gaps.push(json!({ "at_ms": at_ms, "why": why }));
        }
    }

    fn finish(mut self) {
        if self.write(Upto::End).is_err() {
            let at_ms = self.frames * 1_000 / u64::from(self.mixdown.rate());
            self.gap(at_ms, "the disk refused it");
        }
        if let Some(file) = &self.file {
            // What the disk does not take now it may take later: the system tries.
            let _ = file.sync_data();
        }
        let _ = tell(&self.path, (self.mixdown.rate(), self.frames), &self.gaps, Ending::Whole);
    }
}

fn made(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        private::make_folder(folder)?;
    }
    private::options().create(true).write(true).truncate(false).open(path)
}

/// Writes what is to be known of a recording beside it.
fn tell(
    path: &Path,
    (rate, frames): (u32, u64),
    gaps: &[serde_json::Value],
    ending: Ending,
) -> io::Result<()> {
    let length = HEAD as u64 + frames * BYTES_A_FRAME;
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

fn rate_of(path: &Path) -> Option<u32> {
    let mut head = [0; HEAD];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).ok()?;
    Some(u32::from_le_bytes([head[24], head[25], head[26], head[27]]))
}

/// The head of a WAV file: 16 bits, two channels.
fn head(rate: u32, frames: u64) -> [u8; HEAD] {
    let data = u32::try_from(frames * BYTES_A_FRAME).unwrap_or(u32::MAX - HEAD as u32);
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(b"RIFF");
    head[4..8].copy_from_slice(&(data + HEAD as u32 - 8).to_le_bytes());
    head[8..16].copy_from_slice(b"WAVEfmt ");
    head[16..20].copy_from_slice(&16u32.to_le_bytes());
    head[20..22].copy_from_slice(&1u16.to_le_bytes());
    head[22..24].copy_from_slice(&CHANNELS.to_le_bytes());
    head[24..28].copy_from_slice(&rate.to_le_bytes());
    head[28..32].copy_from_slice(&(rate * BYTES_A_FRAME as u32).to_le_bytes());
    head[32..34].copy_from_slice(&(BYTES_A_FRAME as u16).to_le_bytes());
    head[34..36].copy_from_slice(&16u16.to_le_bytes());
    head[36..40].copy_from_slice(b"data");
    head[40..].copy_from_slice(&data.to_le_bytes());
    head
}
