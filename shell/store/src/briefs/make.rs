//! Makes what is missing, behind whoever keeps records, and makes anew what is not of these records.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reports::Line;
use reports::brief::Writer;

use super::file::{self, Block, Brief, Head, Made, Stand};
use crate::day::Day;
use crate::private;
use crate::reader::{self, is_before, is_of_a_day};

/// A block is of so many calls at most: what a report holds of one in memory is bounded by that.
const CALLS_MAX: u64 = 65_536;
/// So much of today is read by each report before it is made brief.
const PIECE_MIN: u64 = 4 * 1024 * 1024;
/// What comes faster than this from one look to the next, two hundred records a second, is left until there
/// is less to do, or its day is over.
const BUSY: u64 = 32 * 1024 * 1024;
/// Behind that a file is taken to be over whose name does not say when.
const OVER: Duration = Duration::from_secs(3600);
/// How often files are looked at.
const EVERY: Duration = Duration::from_secs(60);
const BUFFER: usize = 256 * 1024;

/// Looks after the briefs of a data folder.
pub struct Maker {
    data: PathBuf,
    /// Files that have what they can have, as they stood.
    settled: BTreeMap<String, Stand>,
    /// How long files were that still grow.
    looked: BTreeMap<String, u64>,
}

/// Makes what is missing of a folder that nobody else writes to.
pub fn make_briefs(data: &Path) -> io::Result<()> {
    Maker::new(data).round(&mut || Pace::GoOn)
}

/// What is to be done after a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    GoOn,
    Stop,
}

impl Maker {
    pub fn new(data: &Path) -> Maker {
        Maker { data: data.to_owned(), settled: BTreeMap::new(), looked: BTreeMap::new() }
    }

    /// Round after round, until it is to stop; half of the time it rests.
    pub fn run(mut self, is_stopping: &AtomicBool) {
        let mut begun = Instant::now();
        let mut rest = || {
            let took = begun.elapsed();
            sleep(took, is_stopping);
            begun = Instant::now();
            if is_stopping.load(Ordering::Acquire) { Pace::Stop } else { Pace::GoOn }
        };
        while rest() == Pace::GoOn {
            // What a disk refuses now is tried again; reports read records until then.
            let _ = self.round(&mut rest);
            sleep(EVERY, is_stopping);
        }
    }

    /// One file that cannot be made keeps no other from it.
    fn round(&mut self, pace: &mut dyn FnMut() -> Pace) -> io::Result<()> {
        let names = names(&self.data)?;
        self.forget_missing(&names)?;
        let mut done = Ok(());
        for name in names {
            match self.look_after(&name, pace) {
                Ok(Pace::GoOn) => {}
                Ok(Pace::Stop) => break,
                Err(error) => done = Err(error),
            }
        }
        done
    }

    fn look_after(&mut self, name: &str, pace: &mut dyn FnMut() -> Pace) -> io::Result<Pace> {
        let records = match File::open(self.data.join("records").join(name)) {
            Ok(records) => records,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Pace::GoOn),
            Err(error) => return Err(error),
        };
        let stand = Stand::of(&records)?;
        if self.settled.get(name) == Some(&stand) {
            return Ok(Pace::GoOn);
        }
        let before = self.looked.insert(name.to_owned(), stand.length).unwrap_or(stand.length);
        if !is_over(name, stand) && stand.length.saturating_sub(before) > BUSY {
            return Ok(Pace::GoOn);
        }
        match due(&self.data, name, &records, stand) {
            Due::Nothing => {}
            Due::Later => return Ok(Pace::GoOn),
            Due::From(kept) => {
                if make(&self.data, name, records, stand, kept, pace)? == Pace::Stop {
                    return Ok(Pace::Stop);
                }
            }
        }
        self.settled.insert(name.to_owned(), stand);
        Ok(Pace::GoOn)
    }

    /// People who are forgotten are forgotten here, too.
    fn forget_missing(&mut self, names: &[String]) -> io::Result<()> {
        self.settled.retain(|name, _| names.contains(name));
        self.looked.retain(|name, _| names.contains(name));
        let entries = match fs::read_dir(file::folder(&self.data)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let meant: Vec<PathBuf> = names.iter().map(|name| file::path_of(&self.data, name)).collect();
        for entry in entries {
            let path = entry?.path();
            let is_ours = path.extension().is_some_and(|word| word == "brief" || word == "new");
            if is_ours && !meant.contains(&path) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

/// What a file of records lacks.
enum Due {
    Nothing,
    /// As long as it grows, that is read as quickly.
    Later,
    /// All, behind these blocks.
    From(Vec<Block>),
}

fn due(data: &Path, name: &str, records: &File, stand: Stand) -> Due {
    let is_over = is_over(name, stand);
    let mut kept = Vec::new();
    if let Some(mut brief) = Brief::open(data, name, records)
        && (brief.head.made == Made::AtOnce || !is_over)
    {
        while let Some(block) = brief.next() {
            if !is_over {
                kept.push(block);
            }
        }
        if brief.head.stand == stand && brief.is_through() {
            return Due::Nothing;
        }
    }
    let at = kept.last().map_or(0, |last| last.to);
    if is_over || stand.length - at >= PIECE_MIN { Due::From(kept) } else { Due::Later }
}

/// Whether nothing is written to it any more, as a rule.
fn is_over(name: &str, stand: Stand) -> bool {
    let now = SystemTime::now();
    if is_of_a_day(name) {
        return is_before(name, Day::of(now));
    }
    let modified = UNIX_EPOCH + Duration::from_nanos(stand.modified);
    now.duration_since(modified).is_ok_and(|since| since > OVER)
}

fn make(
    data: &Path,
    name: &str,
    records: File,
    stand: Stand,
    kept: Vec<Block>,
    pace: &mut dyn FnMut() -> Pace,
) -> io::Result<Pace> {
    private::make_folder(&file::folder(data))?;
    let path = file::path_of(data, name);
    let unfinished = path.with_extension("new");
    // Not synced: one that a power cut has torn is seen to be, and made anew.
    let made = write(&unfinished, records, stand, kept, pace).and_then(|made| match made {
        Pace::GoOn => fs::rename(&unfinished, &path).map(|()| made),
        Pace::Stop => Ok(made),
    });
    if !matches!(made, Ok(Pace::GoOn)) {
        // A disk that is full has better things to keep than half of one.
        let _ = fs::remove_file(&unfinished);
    }
    made
}

fn write(
    unfinished: &Path,
    records: File,
    stand: Stand,
    kept: Vec<Block>,
    pace: &mut dyn FnMut() -> Pace,
) -> io::Result<Pace> {
    let out = private::options().create(true).truncate(true).write(true).open(unfinished)?;
    let mut out = BufWriter::new(out);
    let made = if kept.is_empty() { Made::AtOnce } else { Made::InPieces };
    out.write_all(&Head { stand, made }.write())?;
    let mut put = |block: &Block| {
        out.write_all(&block.head())?;
        out.write_all(&block.bytes)
    };
    let mut at = kept.last().map_or(0, |last| last.to);
    kept.iter().try_for_each(&mut put)?;
    let mut lines = BufReader::with_capacity(BUFFER, records.try_clone()?);
    lines.seek(SeekFrom::Start(at))?;
    while let Some((to, bytes)) = block_of(&mut lines, at, stand.length)? {
        put(&Block::of(&records, (at, to), bytes)?)?;
        at = to;
        if pace() == Pace::Stop {
            return Ok(Pace::Stop);
        }
    }
    put(&Block::end(at))?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(Pace::GoOn)
}

/// The next lines in brief, and where they end; nothing behind the last whole one.
pub fn block_of(lines: &mut impl BufRead, from: u64, until: u64) -> io::Result<Option<(u64, Vec<u8>)>> {
    let (mut writer, mut at, mut line) = (Writer::default(), from, Vec::new());
    while at < until && writer.lines() < CALLS_MAX {
        line.clear();
        lines.read_until(b'\n', &mut line)?;
        let Some(whole) = line.strip_suffix(b"\n").filter(|_| at + line.len() as u64 <= until) else { break };
        match serde_json::from_slice::<Line<'_>>(whole) {
            Ok(record) => writer.add(&record),
            Err(_) => writer.add_unreadable(),
        }
        at += line.len() as u64;
    }
    Ok((at > from).then(|| (at, writer.finish())))
}

/// The names of files with records, the oldest first.
pub fn names(data: &Path) -> io::Result<Vec<String>> {
    let paths = match reader::record_files(data) {
        Ok(paths) => paths,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let name = |path: &PathBuf| Some(path.file_name()?.to_str()?.to_owned());
    Ok(paths.iter().filter_map(name).collect())
}

fn sleep(most: Duration, is_stopping: &AtomicBool) {
    let until = Instant::now() + most;
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        if is_stopping.load(Ordering::Acquire) {
            return;
        }
        thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_by_the_hundreds_a_second_is_left_until_there_is_less() {
        let data = std::env::temp_dir().join(format!("tandem-briefs-busy-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        fs::create_dir_all(data.join("records")).expect("it can be made");
        let records = data.join("records/calls-of-today.jsonl");
        let line = format!("{{\"id\":\"c1\",\"started\":1,\"trail\":\"{}\"}}\n", "x".repeat(1024 * 1024));
        let grow = |lines: usize| {
            let mut file = private::options().create(true).append(true).open(&records).expect("it opens");
            file.write_all(line.repeat(lines).as_bytes()).expect("it is written");
        };
        let mut maker = Maker::new(&data);
        let mut is_made = || {
            maker.round(&mut || Pace::GoOn).expect("it is read");
            file::path_of(&data, "calls-of-today.jsonl").exists()
        };

        grow(1);
        assert!(!is_made(), "it is read as quickly");
        grow(40);
        assert!(!is_made(), "too much at once");
        assert!(is_made(), "there is less to do");
        fs::remove_dir_all(&data).expect("it is ours");
    }
}
