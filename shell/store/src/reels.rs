//! Reels: files of frames, each with a number, a time, the names by which it is found, and what others have
//! to say. All together they are no longer than they may be, and none is older: the oldest go first.
//!
//! One writes (`ReelWriter`), many read (`Reels`). Beside a reel to which nobody writes any more stand its
//! names, sorted, so that a question reads what it wants and no more; a reel without them is read whole.
//! Whatever the end of a process or of the power has torn is passed over.

mod frame;
mod names;
mod writer;

use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

pub use self::frame::Kept;
pub use self::writer::ReelWriter;

const BEGINS: &str = "reel-";

/// How long reels are kept, and how much of them.
#[derive(Debug)]
pub struct ReelLimits {
    days: AtomicU32,
    bytes: AtomicU64,
}

impl ReelLimits {
    pub fn new(days: u32, bytes: u64) -> ReelLimits {
        ReelLimits { days: days.into(), bytes: bytes.into() }
    }

    /// Holds from the next frame on. Without a byte nothing is kept, and what is there goes; without a day
    /// nothing is too old.
    pub fn keep(&self, days: u32, bytes: u64) {
        self.days.store(days, Relaxed);
        self.bytes.store(bytes, Relaxed);
    }

    fn days(&self) -> Option<u32> {
        Some(self.days.load(Relaxed)).filter(|days| *days > 0)
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }
}

/// A question.
#[derive(Clone, Copy, Debug)]
pub struct ReelQuestion<'q> {
    pub names: &'q [&'q str],
    /// Frames with this number, and later ones, are known otherwise.
    pub before: u64,
    /// So many frames, and so many bytes of them: the newest.
    pub most: usize,
    pub bytes_max: usize,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReelSizes {
    pub files: usize,
    pub bytes: u64,
}

/// What is kept, for whoever asks. It may be asked while it is written.
#[derive(Clone)]
pub struct Reels {
    folder: Arc<Path>,
    shelf: Arc<Mutex<Shelf>>,
}

/// The files, from the oldest on.
#[derive(Default)]
struct Shelf {
    reels: VecDeque<Reel>,
    /// Of the last of them, if somebody writes to it: the names that its own file will have.
    open: Option<Vec<Mention>>,
    /// The number of the first frame of this process, once it is known.
    first: Option<u64>,
}

/// One file.
#[derive(Clone, Debug)]
struct Reel {
    name: Name,
    /// With its names.
    bytes: u64,
}

/// That a frame has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mention {
    name: u64,
    /// Where the frame begins.
    at: u32,
}

/// A file's day, as it is written, and how many there were that day before it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    day: String,
    part: u32,
}

impl Name {
    fn read(text: &str) -> Option<Name> {
        let (day, part) = text.strip_prefix(BEGINS)?.split_once('-')?;
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_one = day.len() == 8 && is_digits(day) && is_digits(part);
        is_one.then(|| part.parse().ok()).flatten().map(|part| Name { day: day.to_owned(), part })
    }

    fn text(&self) -> String {
        format!("{BEGINS}{}-{:04}", self.day, self.part)
    }

    fn reel_in(&self, folder: &Path) -> PathBuf {
        folder.join(self.text())
    }

    fn names_in(&self, folder: &Path) -> PathBuf {
        folder.join(self.text() + ".names")
    }
}

impl Reels {
    /// The number that the first frame of this process has; nothing, before somebody has read the folder.
    pub fn first(&self) -> Option<u64> {
        self.shelf().first
    }

    pub fn sizes(&self) -> ReelSizes {
        let shelf = self.shelf();
        ReelSizes { files: shelf.reels.len(), bytes: shelf.reels.iter().map(|reel| reel.bytes).sum() }
    }

    /// When the oldest frame was seen, in microseconds since 1970.
    pub fn since_us(&self) -> Option<i64> {
        let oldest = self.shelf().reels.front().map(|reel| reel.name.clone())?;
        let file = File::open(oldest.reel_in(&self.folder)).ok()?;
        frame::read_at(&file, 0).ok().flatten().map(|kept| kept.at_us)
    }

    /// The frames with one of these names, in order of their numbers. What cannot be read is not there.
    pub fn find(&self, question: ReelQuestion<'_>) -> Vec<Kept> {
        let names: Vec<u64> = question.names.iter().map(|name| frame::name_of(name.as_bytes())).collect();
        let mut found: Vec<Kept> = Vec::new();
        let mut bytes = 0;
        for (reel, places) in self.places(&names) {
            let Ok(file) = File::open(reel.reel_in(&self.folder)) else { continue };
            for at in places.into_iter().rev() {
                let Ok(Some(kept)) = frame::read_at(&file, at.into()) else { continue };
                if kept.number >= question.before {
                    continue;
                }
                bytes += kept.payload.len();
                if found.len() >= question.most || bytes > question.bytes_max {
                    found.reverse();
                    return found;
                }
                found.push(kept);
            }
        }
        found.reverse();
        found
    }

    /// Which of these names some frame has.
    pub fn known<'n>(&self, names: &BTreeSet<&'n str>) -> BTreeSet<&'n str> {
        let is_known = |name: &&&'n str| {
            let sought = [frame::name_of(name.as_bytes())];
            self.places(&sought).any(|(_, places)| !places.is_empty())
        };
        names.iter().filter(is_known).copied().collect()
    }

    /// Where frames with these names begin, reel by reel, from the newest on.
    fn places(&self, names: &[u64]) -> impl Iterator<Item = (Name, Vec<u32>)> {
        let (reels, mut open) = {
            let shelf = self.shelf();
            let reels: Vec<Name> = shelf.reels.iter().map(|reel| reel.name.clone()).collect();
            let open = shelf.open.as_ref().map(|open| {
                open.iter().filter(|one| names.contains(&one.name)).map(|one| one.at).collect::<Vec<u32>>()
            });
            (reels, open)
        };
        reels.into_iter().rev().map(move |reel| {
            let mut places = match open.take() {
                Some(places) => places,
                None => self.places_in(&reel, names),
            };
            places.sort_unstable();
            places.dedup();
            (reel, places)
        })
    }

    fn places_in(&self, reel: &Name, names: &[u64]) -> Vec<u32> {
        match names::places(&reel.names_in(&self.folder), names) {
            Ok(places) => places,
            Err(_) => {
                let bytes = fs::read(reel.reel_in(&self.folder)).unwrap_or_default();
                let mentions = frame::each(&bytes).flat_map(|(at, frame)| frame.mentions(at));
                mentions.filter(|one| names.contains(&one.name)).map(|one| one.at).collect()
            }
        }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reels of a folder, the oldest first; none, where there is no folder.
fn reels_in(folder: &Path) -> io::Result<Vec<Name>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(fault) => return Err(fault),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().to_str().and_then(Name::read));
    }
    names.sort_unstable();
    Ok(names)
}

/// What was found in folders of reels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ReelsExamined {
    pub files: usize,
    pub frames: u64,
    /// Bytes that are no whole frame: what the end of a process or of the power has left.
    pub torn_bytes: usize,
    /// What is wrong, in words.
    pub findings: Vec<String>,
}

/// Reads every frame of a folder, and looks whether names lead to it.
pub fn examine_reels(folder: &Path, examined: &mut ReelsExamined) -> io::Result<()> {
    let reels = reels_in(folder)?;
    for reel in &reels {
        // A reel that has names is whole.
        let named = names::all(&reel.names_in(folder));
        let bytes = match fs::read(reel.reel_in(folder)) {
            Ok(bytes) => bytes,
            // It was too old meanwhile.
            Err(fault) if fault.kind() == ErrorKind::NotFound => continue,
            Err(fault) => return Err(fault),
        };
        examined.files += 1;
        let (mut mentions, mut whole) = (Vec::new(), 0);
        for (at, frame) in frame::each(&bytes) {
            examined.frames += 1;
            whole += frame.length();
            mentions.extend(frame.mentions(at));
        }
        mentions.sort_unstable();
        match named {
            Ok(named) if !mentions.iter().all(|one| named.binary_search(one).is_ok()) => {
                examined.findings.push(format!("{}: not all of it is found by its names", reel.text()));
            }
            Err(fault) if fault.kind() != ErrorKind::NotFound => {
                examined.findings.push(format!("{}: its names: {fault}", reel.text()));
            }
            // Somebody may be writing to the last one.
            Err(_) if Some(reel) == reels.last() => continue,
            Ok(_) | Err(_) => {}
        }
        examined.torn_bytes += bytes.len() - whole;
    }
    Ok(())
}

/// As much of a file as can be had from a place on.
fn read_most(file: &File, room: &mut [u8], at: u64) -> io::Result<usize> {
    let mut known = 0;
    while known < room.len() {
        match file.read_at(&mut room[known..], at + known as u64) {
            Ok(0) => break,
            Ok(count) => known += count,
            Err(fault) if fault.kind() == ErrorKind::Interrupted => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(known)
}
