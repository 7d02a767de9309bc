//! What happened, as lines in files of a day each and of so many bytes: the oldest go when they are too old,
//! or when all of them are too long, however fast things happen.
//!
//! Half a line that a crash has left ends where it is: otherwise the next one would be lost with it.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use crate::day::Day;
use crate::file::LineFile;
use crate::private;
use crate::revisions::sync_folder;

const FOLDER: &str = "events";
/// One file had all of them once.
pub(crate) const ALONE: &str = "events.jsonl";
const BEGINS: &str = "events-";
const ENDS: &str = ".jsonl";
/// What a file may take of all that is kept, within bounds: what goes at once is a small part of it.
const PART: u64 = 16;
const FILE_MIN: u64 = 64 * 1024;
const FILE_MAX: u64 = 64 * 1024 * 1024;
const DAY: Duration = Duration::from_secs(86_400);

/// How long events are kept, and how much of them; as much as comes until that is said.
#[derive(Debug, Default)]
pub struct EventLimits {
    days: AtomicU32,
    bytes: AtomicU64,
}

impl EventLimits {
    /// Holds from the next event on, or from the next hour.
    pub fn keep(&self, days: u32, bytes: u64) {
        self.days.store(days, Relaxed);
        self.bytes.store(bytes, Relaxed);
    }

    fn days(&self) -> Option<u32> {
        Some(self.days.load(Relaxed)).filter(|days| *days > 0)
    }

    fn bytes(&self) -> Option<u64> {
        Some(self.bytes.load(Relaxed)).filter(|bytes| *bytes > 0)
    }
}

/// The files of a data folder that this process has claimed, as somebody writes them.
pub struct EventLog {
    folder: PathBuf,
    limits: Arc<EventLimits>,
    /// From the oldest on; the last of them is the open one, if there is one.
    files: VecDeque<Kept>,
    open: Option<LineFile>,
}

/// One file.
struct Kept {
    name: Name,
    bytes: u64,
}

/// A file's day, as it is written, and how many there were that day before it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    day: String,
    part: u32,
}

/// Of the file that had all of them once: nobody who goes on from there loses it for its length.
const TAKEN_OVER: u32 = 0;

impl Name {
    fn read(text: &str) -> Option<Name> {
        let (day, part) = text.strip_prefix(BEGINS)?.strip_suffix(ENDS)?.split_once('-')?;
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_one = day.len() == 8 && is_digits(day) && is_digits(part);
        is_one.then(|| part.parse().ok()).flatten().map(|part| Name { day: day.to_owned(), part })
    }

    fn text(&self) -> String {
        format!("{BEGINS}{}-{:03}{ENDS}", self.day, self.part)
    }
}

impl EventLog {
    pub fn open(data: &Path, limits: Arc<EventLimits>) -> io::Result<EventLog> {
        let folder = data.join(FOLDER);
        private::make_folder(&folder)?;
        take_over(data, &folder)?;
        let mut files = VecDeque::new();
        for name in names_in(&folder)? {
            let path = folder.join(name.text());
            end_last_line(&path)?;
            files.push_back(Kept { name, bytes: fs::metadata(&path)?.len() });
        }
        let newest = files.back().filter(|newest| newest.name.part != TAKEN_OVER);
        let open = newest.map(|newest| LineFile::open(&folder.join(newest.name.text()))).transpose()?;
        Ok(EventLog { folder, limits, files, open })
    }

    /// Adds whole lines; what is too old or too much goes.
    pub fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.append_at(SystemTime::now(), lines)
    }

    fn append_at(&mut self, now: SystemTime, lines: &[u8]) -> io::Result<()> {
        let more = lines.len() as u64;
        let swept = self.sweep(now, more);
        if !lines.is_empty() {
            let (today, file_max) = (Day::of(now).to_string(), self.file_max());
            let has_room =
                |kept: &Kept| kept.name.day == today && (kept.bytes == 0 || kept.bytes + more <= file_max);
            if self.open.is_none() || !self.files.back().is_some_and(has_room) {
                self.begin(today)?;
                // What was the newest may go now.
                self.sweep(now, more)?;
            }
            let (Some(open), Some(kept)) = (&mut self.open, self.files.back_mut()) else { return swept };
            open.append(lines)?;
            kept.bytes = open.complete();
        }
        swept
    }

    fn file_max(&self) -> u64 {
        self.limits.bytes().map_or(FILE_MAX, |bytes| (bytes / PART).clamp(FILE_MIN, FILE_MAX))
    }

    fn begin(&mut self, day: String) -> io::Result<()> {
        let of_day = self.files.iter().map(|kept| &kept.name).filter(|name| name.day == day);
        let part = of_day.map(|name| name.part + 1).max().unwrap_or(TAKEN_OVER + 1);
        let name = Name { day, part };
        let open = LineFile::open(&self.folder.join(name.text()))?;
        self.files.push_back(Kept { name, bytes: open.complete() });
        self.open = Some(open);
        Ok(())
    }

    /// Makes room for so many bytes. The newest file stays, whatever is said of it.
    fn sweep(&mut self, now: SystemTime, more: u64) -> io::Result<()> {
        let first = self.limits.days().and_then(|days| now.checked_sub(DAY * days));
        let first = first.map(|first| Day::of(first).to_string());
        let most = self.limits.bytes().unwrap_or(u64::MAX);
        let is_counted = |kept: &&Kept| kept.name.part != TAKEN_OVER;
        loop {
            let bytes = more + self.files.iter().filter(is_counted).map(|kept| kept.bytes).sum::<u64>();
            let last = self.files.len().saturating_sub(1);
            let is_over = |kept: &Kept| {
                let is_old = first.as_ref().is_some_and(|first| kept.name.day < *first);
                is_old || (bytes > most && is_counted(&kept))
            };
            let Some(at) = self.files.iter().take(last).position(is_over) else { return Ok(()) };
            let Some(gone) = self.files.remove(at) else { return Ok(()) };
            let path = self.folder.join(gone.name.text());
            match fs::remove_file(&path) {
                Err(fault) if fault.kind() != ErrorKind::NotFound => {
                    let words = format!("{} does not go: {fault}", path.display());
                    return Err(io::Error::new(fault.kind(), words));
                }
                _ => {}
            }
        }
    }
}

/// All files of events, the oldest first; also of a house that kept them in one.
pub fn event_files(data: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(names(data)?.iter().map(|name| path_of(data, name)).collect())
}

pub(crate) fn names(data: &Path) -> io::Result<Vec<String>> {
    let alone = data.join(ALONE).exists().then(|| ALONE.to_owned());
    Ok(alone.into_iter().chain(names_in(&data.join(FOLDER))?.iter().map(Name::text)).collect())
}

/// Whether events stand in a file of this name.
pub(crate) fn is_of_events(name: &str) -> bool {
    name == ALONE || Name::read(name).is_some()
}

pub(crate) fn path_of(data: &Path, name: &str) -> PathBuf {
    if name == ALONE { data.join(name) } else { data.join(FOLDER).join(name) }
}

fn names_in(folder: &Path) -> io::Result<Vec<Name>> {
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

/// The one file of a house that was here before becomes that of the day on which it was written last.
fn take_over(data: &Path, folder: &Path) -> io::Result<()> {
    let path = data.join(ALONE);
    let about = match fs::metadata(&path) {
        Ok(about) => about,
        Err(fault) if fault.kind() == ErrorKind::NotFound => return Ok(()),
        Err(fault) => return Err(fault),
    };
    let day = Day::of(about.modified()?).to_string();
    let taken = names_in(folder)?.into_iter().filter(|name| name.day == day).map(|name| name.part + 1).max();
    let name = Name { day, part: taken.unwrap_or(TAKEN_OVER) };
    fs::rename(&path, folder.join(name.text()))?;
    sync_folder(folder)?;
    sync_folder(data)
}

fn end_last_line(path: &Path) -> io::Result<()> {
    let mut file = File::options().read(true).append(true).open(path)?;
    let Some(last) = file.metadata()?.len().checked_sub(1) else { return Ok(()) };
    let mut end = [0];
    file.read_exact_at(&mut end, last)?;
    if end == [b'\n'] { Ok(()) } else { file.write_all(b"\n") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    /// The noon of 2026-11-21, and of days after it.
    fn noon(days: u32) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_795_219_200 + 43_200) + DAY * days
    }

    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Place {
            let path = std::env::temp_dir().join(format!("tandem-events-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Place(path)
        }

        fn log(&self, days: u32, bytes: u64) -> EventLog {
            let limits = Arc::new(EventLimits::default());
            limits.keep(days, bytes);
            EventLog::open(&self.0, limits).unwrap()
        }

        /// What stands in each file.
        fn all(&self) -> Vec<(String, String)> {
            let texts = event_files(&self.0).unwrap().into_iter().map(|path| {
                (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
            });
            texts.collect()
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn file(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn each_day_has_its_file_and_old_days_go_also_when_nothing_happens() {
        let place = Place::new("days");
        let mut log = place.log(2, 0);
        (0..4).for_each(|day| log.append_at(noon(day), format!("{day}\n").as_bytes()).unwrap());

        let last_three = [("events-20261122-001.jsonl", "1\n"), ("events-20261123-001.jsonl", "2\n")];
        let last_three = last_three.into_iter().chain([("events-20261124-001.jsonl", "3\n")]);
        assert_eq!(place.all(), last_three.map(|(name, text)| file(name, text)).collect::<Vec<_>>());
        log.append_at(noon(4), b"").unwrap();
        assert_eq!(place.all().len(), 2);
        log.append_at(noon(100), b"").unwrap();
        assert_eq!(place.all(), [file("events-20261124-001.jsonl", "3\n")], "the newest stays");
    }

    #[test]
    fn however_much_happens_in_a_day_no_more_is_kept_than_was_said() {
        let place = Place::new("bytes");
        let most = 2_000_000;
        let mut log = place.log(0, most);
        let line = format!("{}\n", "x".repeat(999));
        for number in 0..5_000_u64 {
            log.append_at(noon(0), line.as_bytes()).unwrap();
            let kept: u64 = log.files.iter().map(|kept| kept.bytes).sum();
            assert!(kept <= most, "{kept}");
            assert!(kept >= most / 10 * 9 || number < 1_900, "{kept} after {number}");
        }

        let all = place.all();
        assert!(all.len() > 10 && all.iter().all(|(_, text)| text.len() <= 125_000), "{}", all.len());
        assert!(all.iter().all(|(_, text)| text.lines().all(|line| line.len() == 999)));
        let names: Vec<&String> = all.iter().map(|(name, _)| name).collect();
        assert_eq!(names[0], "events-20261121-025.jsonl", "the oldest go first: {names:?}");
    }

    #[test]
    fn a_process_goes_on_where_another_was_killed_and_its_half_line_ends() {
        let place = Place::new("again");
        place.log(9, 9_000_000).append_at(noon(0), b"one\n").unwrap();
        let path = place.0.join("events/events-20261121-001.jsonl");
        File::options().append(true).open(&path).unwrap().write_all(b"{\"ha").unwrap();

        let mut log = place.log(9, 9_000_000);
        log.append_at(noon(0), b"two\n").unwrap();
        assert_eq!(place.all(), [file("events-20261121-001.jsonl", "one\n{\"ha\ntwo\n")]);

        place.log(9, 9_000_000).append_at(noon(1), b"three\n").unwrap();
        assert_eq!(place.all()[1], file("events-20261122-001.jsonl", "three\n"));
    }

    #[test]
    fn the_file_of_an_older_program_is_taken_over_and_goes_by_its_day_alone() {
        let place = Place::new("older");
        let older = place.0.join(ALONE);
        let long = format!("{}\nhalf", "x".repeat(200_000));
        fs::write(&older, &long).unwrap();
        File::options().append(true).open(&older).unwrap().set_modified(noon(0)).unwrap();
        assert_eq!(
            event_files(&place.0).unwrap(),
            [older.as_path()],
            "who looks before the first start sees it"
        );

        let mut log = place.log(3, 100_000);
        log.append_at(noon(0), b"one\n").unwrap();

        assert!(!older.exists());
        assert_eq!(place.all()[0], file("events-20261121-000.jsonl", &format!("{long}\n")));
        assert_eq!(place.all()[1], file("events-20261121-001.jsonl", "one\n"));
        log.append_at(noon(4), b"two\n").unwrap();
        assert_eq!(place.all(), [file("events-20261125-001.jsonl", "two\n")]);
    }

    #[test]
    fn nothing_goes_before_somebody_has_said_how_much_is_kept() {
        let place = Place::new("unsaid");
        let limits = Arc::new(EventLimits::default());
        let mut log = EventLog::open(&place.0, Arc::clone(&limits)).unwrap();
        log.append_at(noon(0), b"one\n").unwrap();
        log.append_at(noon(3_000), b"two\n").unwrap();
        assert_eq!(place.all().len(), 2);

        limits.keep(1, 0);
        log.append_at(noon(3_000), b"").unwrap();

        assert_eq!(place.all().len(), 1);
    }
}
