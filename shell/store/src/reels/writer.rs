//! The one who writes reels.
//!
//! Nothing is forced to the disk but a reel that is full: until then the kernel writes when it likes, so a
//! process that is killed loses nothing that was written, and a power cut the last half minute.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Mention, Name, Reel, ReelLimits, Reels, Shelf, frame, names, reels_in};
use crate::day::Day;
use crate::file::LineFile;
use crate::private;

/// What a reel may take of all that is kept, within bounds: what goes at once is a small part of it.
const PART: u64 = 32;
const REEL_MIN: u64 = 64 * 1024;
const REEL_MAX: u64 = 16 * 1024 * 1024;
const DAY: Duration = Duration::from_secs(86_400);
/// So much of a disk is left to what matters more, within bounds.
const SPARED_PART: u64 = 20;
const SPARED_MIN: u64 = 16_000_000;
const SPARED_MAX: u64 = 1_000_000_000;

/// Writes what `Reels` reads.
pub struct ReelWriter {
    reels: Reels,
    limits: Arc<ReelLimits>,
    open: Option<Open>,
    /// Frames that no file has yet, and their names.
    waiting: Vec<u8>,
    mentions: Vec<Mention>,
}

/// The reel that is written to: the last of the shelf.
struct Open {
    name: Name,
    file: LineFile,
}

impl ReelWriter {
    /// Of a folder of which nobody else writes. Nothing is read of it yet.
    pub fn new(folder: &Path, limits: Arc<ReelLimits>) -> ReelWriter {
        let reels = Reels { folder: folder.into(), shelf: Arc::default() };
        ReelWriter { reels, limits, open: None, waiting: Vec::new(), mentions: Vec::new() }
    }

    /// For whoever asks.
    pub fn reels(&self) -> Reels {
        self.reels.clone()
    }

    /// Reads what there is, once; the number that is next. Whoever asks finds nothing before.
    pub fn begin(&mut self, now: SystemTime) -> io::Result<u64> {
        if let Some(first) = self.reels.first() {
            return Ok(first);
        }
        let folder = Arc::clone(&self.reels.folder);
        private::make_folder(&folder)?;
        let all = reels_in(&folder)?;
        forget_strays(&folder, &all)?;
        let mut shelf = Shelf { first: Some(0), ..Shelf::default() };
        for name in all {
            let of = |path| fs::metadata(path).map_or(0, |about| about.len());
            let bytes = of(name.reel_in(&folder)) + of(name.names_in(&folder));
            shelf.reels.push_back(Reel { name, bytes });
        }
        for reel in shelf.reels.iter().rev() {
            let bytes = fs::read(reel.name.reel_in(&folder))?;
            if let Some((_, last)) = frame::each(&bytes).last() {
                shelf.first = Some(last.number + 1);
                break;
            }
        }
        self.go_on(&mut shelf, now)?;
        let first = shelf.first.unwrap_or(0);
        *self.reels.shelf() = shelf;
        Ok(first)
    }

    /// Goes on where the newest reel ends, if it is of today and whole. What is not is left as it is.
    fn go_on(&mut self, shelf: &mut Shelf, now: SystemTime) -> io::Result<()> {
        let today = Day::of(now).to_string();
        let Some(newest) = shelf.reels.back_mut().filter(|reel| reel.name.day == today) else {
            return Ok(());
        };
        let (path, names) =
            (newest.name.reel_in(&self.reels.folder), newest.name.names_in(&self.reels.folder));
        let bytes = fs::read(&path)?;
        let (mut mentions, mut whole) = (Vec::new(), 0);
        for (at, frame) in frame::each(&bytes) {
            whole += frame.length();
            mentions.extend(frame.mentions(at));
        }
        if whole < bytes.len() {
            return Ok(());
        }
        // They would say nothing of what comes.
        match fs::remove_file(&names) {
            Err(fault) if fault.kind() != ErrorKind::NotFound => return Err(fault),
            _ => {}
        }
        self.open = Some(Open { name: newest.name.clone(), file: LineFile::open(&path)? });
        newest.bytes = whole as u64 + names::length(mentions.len());
        shelf.open = Some(mentions);
        Ok(())
    }

    /// Gives names of their own to reels that a process left without.
    pub fn mend(&self) -> io::Result<()> {
        let folder = &self.reels.folder;
        let open = self.open.as_ref().map(|open| &open.name);
        let closed: Vec<Name> = self.reels.shelf().reels.iter().map(|reel| reel.name.clone()).collect();
        for name in closed.iter().filter(|name| Some(*name) != open) {
            let path = name.names_in(folder);
            if !path.exists() {
                let bytes = fs::read(name.reel_in(folder))?;
                let mentions = frame::each(&bytes).flat_map(|(at, frame)| frame.mentions(at));
                names::write(&path, &mut mentions.collect::<Vec<_>>())?;
            }
        }
        Ok(())
    }

    /// Whether anything may be kept.
    pub fn has_room(&self) -> bool {
        self.limits.bytes() > 0
    }

    /// Takes a frame, of which `fill` writes what it is about. It is in no file yet.
    pub fn put(&mut self, (number, at_us): (u64, i64), names: &[&[u8]], fill: impl FnOnce(&mut Vec<u8>)) {
        let mut hashed = [0; 8];
        let count = names.len().min(hashed.len());
        hashed.iter_mut().zip(names).for_each(|(hashed, name)| *hashed = frame::name_of(name));
        let at = self.waiting.len();
        frame::put(&mut self.waiting, (number, at_us), &hashed[..count], fill);
        if self.waiting.len() > at {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            self.mentions.extend(hashed[..count].iter().map(|name| Mention { name: *name, at }));
        }
    }

    /// Forgets the frames that no file has.
    pub fn drop_waiting(&mut self) {
        self.waiting.clear();
        self.mentions.clear();
    }

    /// Writes all frames that wait, or none: then they wait on. What is too old or too much goes.
    pub fn write(&mut self, now: SystemTime) -> io::Result<()> {
        if !self.has_room() {
            self.drop_waiting();
            return self.delete_all();
        }
        let today = Day::of(now).to_string();
        if self.open.as_ref().is_some_and(|open| open.name.day != today) {
            self.close()?;
        }
        let more = self.waiting.len() as u64 + names::length(self.mentions.len());
        let swept = self.sweep(now, more);
        if self.waiting.is_empty() {
            return swept;
        }
        self.spare_the_disk()?;
        if !self.open.as_ref().is_some_and(|open| self.fits(open, more)) {
            // It can be read without its names.
            let closed = self.close();
            self.open(today)?;
            closed?;
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let before = open.file.complete();
        open.file.append(&self.waiting)?;
        self.waiting.clear();
        let mut shelf = self.reels.shelf();
        let mentions = shelf.open.get_or_insert_default();
        let place = |one: Mention| Mention { at: one.at + before as u32, ..one };
        mentions.extend(self.mentions.drain(..).map(place));
        let bytes = open.file.complete() + names::length(mentions.len());
        if let Some(newest) = shelf.reels.back_mut() {
            newest.bytes = bytes;
        }
        drop(shelf);
        swept
    }

    /// Ends the reel that is written to: it is on the disk then, and so are its names.
    pub fn close(&mut self) -> io::Result<()> {
        let Some(Open { name, file }) = self.open.take() else { return Ok(()) };
        let mut mentions = self.reels.shelf().open.clone().unwrap_or_default();
        let named = names::write(&name.names_in(&self.reels.folder), &mut mentions);
        self.reels.shelf().open = None;
        file.handle().sync_data().and(named).map(drop)
    }

    fn open(&mut self, day: String) -> io::Result<()> {
        let part = {
            let shelf = self.reels.shelf();
            let of_day = shelf.reels.iter().map(|reel| &reel.name).filter(|name| name.day == day);
            of_day.map(|name| name.part + 1).max().unwrap_or(1)
        };
        let name = Name { day, part };
        let file = LineFile::open(&name.reel_in(&self.reels.folder))?;
        let mut shelf = self.reels.shelf();
        shelf.reels.push_back(Reel { name: name.clone(), bytes: names::length(0) });
        shelf.open = Some(Vec::new());
        drop(shelf);
        self.open = Some(Open { name, file });
        Ok(())
    }

    fn fits(&self, open: &Open, more: u64) -> bool {
        let reel_max = (self.limits.bytes() / PART).clamp(REEL_MIN, REEL_MAX);
        open.file.complete() == 0 || open.file.complete() + more <= reel_max
    }

    /// Makes room for so many bytes. The reel that is written to stays, whatever is said of it.
    fn sweep(&mut self, now: SystemTime, more: u64) -> io::Result<()> {
        let first = self.limits.days().and_then(|days| now.checked_sub(DAY * days));
        let first = first.map(|first| Day::of(first).to_string());
        let is_old = |reel: &Reel| first.as_ref().is_some_and(|first| reel.name.day < *first);
        loop {
            let oldest = {
                let shelf = self.reels.shelf();
                let bytes = more + shelf.reels.iter().map(|reel| reel.bytes).sum::<u64>();
                let open = self.open.as_ref().map(|open| &open.name);
                let oldest = shelf.reels.front().filter(|reel| Some(&reel.name) != open);
                let goes = oldest.filter(|reel| is_old(reel) || bytes > self.limits.bytes());
                goes.map(|reel| reel.name.clone())
            };
            let Some(oldest) = oldest else { return Ok(()) };
            self.delete(&oldest)?;
        }
    }

    fn delete(&self, name: &Name) -> io::Result<()> {
        let folder = &self.reels.folder;
        for path in [name.names_in(folder), name.reel_in(folder)] {
            match fs::remove_file(&path) {
                Err(fault) if fault.kind() != ErrorKind::NotFound => {
                    let words = format!("{} does not go: {fault}", path.display());
                    return Err(io::Error::new(fault.kind(), words));
                }
                _ => {}
            }
        }
        self.reels.shelf().reels.retain(|reel| reel.name != *name);
        Ok(())
    }

    fn delete_all(&mut self) -> io::Result<()> {
        self.open = None;
        let all: VecDeque<Reel> = {
            let mut shelf = self.reels.shelf();
            shelf.open = None;
            shelf.reels.clone()
        };
        all.iter().try_for_each(|reel| self.delete(&reel.name))
    }

    /// Whatever else happens, call records find room.
    fn spare_the_disk(&self) -> io::Result<()> {
        let about = rustix::fs::statvfs(&*self.reels.folder)?;
        let (all, free) = (about.f_blocks * about.f_frsize, about.f_bavail * about.f_frsize);
        let spared = spared(all);
        if free > spared {
            return Ok(());
        }
        let (free, spared) = (free / 1_000_000, spared / 1_000_000);
        let words = format!("{free} MB are free, and the last {spared} MB are left to call records");
        Err(io::Error::new(ErrorKind::StorageFull, words))
    }
}

/// How much of a disk is left to others.
fn spared(disk: u64) -> u64 {
    (disk / SPARED_PART).clamp(SPARED_MIN, SPARED_MAX)
}

/// Deletes names of reels that are gone, and those that were never finished.
fn forget_strays(folder: &Path, reels: &[Name]) -> io::Result<()> {
    let kept: BTreeSet<String> = reels.iter().map(Name::text).collect();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let text = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_stray = match text.strip_suffix(".names") {
            Some(reel) => Name::read(reel).is_some() && !kept.contains(reel),
            None => text.strip_suffix(".new").is_some_and(|reel| Name::read(reel).is_some()),
        };
        if is_stray {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_disk_a_part_is_left_that_is_neither_little_nor_much() {
        let megabytes = |disk: u64| spared(disk * 1_000_000) / 1_000_000;

        assert_eq!([1, 96, 320, 2_000, 20_000, 4_000_000].map(megabytes), [16, 16, 16, 100, 1_000, 1_000]);
    }
}
