//! Brings lines into the kernel, and says where they stand there. It waits for no sync, but where one has
//! failed.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Instant, SystemTime};

use crate::chain::{At, Chain};
use crate::day::Day;
use crate::file::LineFile;
use crate::pace::Pace;
use crate::queue::{Batch, Doubtful, Place, Shared, lines_in};
use crate::trouble::Trouble;
use crate::{private, reader};

/// The most that goes with one `write`, where no record is larger.
const WRITTEN_MAX: usize = 1024 * 1024;
/// How often what a sync has failed on is written anew before the house stops without it.
const LAST_TRIES: usize = 3;

/// The one who writes.
pub struct Writer {
    directory: PathBuf,
    chain: Chain,
    open: Option<Open>,
    doubtful: Vec<Doubtful>,
}

/// The file of a day.
struct Open {
    day: Day,
    path: PathBuf,
    file: LineFile,
}

/// What became of lines.
struct Written {
    /// Of those that the kernel has taken, where they end.
    ends: Vec<Place>,
    /// The file, and where it ended before.
    file: Option<(PathBuf, Arc<File>, Place)>,
    trouble: Option<Trouble>,
}

impl Writer {
    /// Goes on where the newest line of the directory ends the chain.
    pub fn new(directory: &Path) -> io::Result<Writer> {
        let chain = newest_chain(directory)?;
        Ok(Writer { directory: directory.to_owned(), chain, open: None, doubtful: Vec::new() })
    }

    /// Writes until there is nothing left to write, and never will be.
    pub fn run(mut self, shared: &Shared) {
        let (mut tries, mut pace) = (LAST_TRIES, Pace::new());
        loop {
            let is_last = wait(shared, &mut pace);
            let mut queue = shared.lock();
            let (doubtful, lost) = queue.take_back(&shared.settings);
            let lines = queue.take();
            drop(queue);
            shared.tell_all(lost);
            self.doubt(doubtful);
            if !lines.is_empty() {
                let written = self.write(&lines);
                note(shared, lines, written);
            }
            if is_last {
                tries -= 1;
                if tries == 0 || settles(shared) {
                    break;
                }
            }
        }
        shared.lock().is_written_out = true;
        shared.to_syncer.notify_all();
    }

    fn doubt(&mut self, doubtful: Vec<Doubtful>) {
        if let Some(first) = doubtful.first() {
            self.chain = first.from.chain;
            self.open = None;
        }
        self.doubtful.extend(doubtful);
    }

    fn write(&mut self, lines: &[Vec<u8>]) -> Written {
        let refused = |error: io::Error| Trouble::Refused { words: error.to_string(), waiting: 0 };
        if let Err(error) = self.open_today() {
            return Written { ends: Vec::new(), file: None, trouble: Some(refused(error)) };
        }
        let mut ends = Vec::with_capacity(lines.len());
        let Some(Open { path, file, .. }) = &mut self.open else {
            return Written { ends, file: None, trouble: None };
        };
        let before = Place { length: file.complete(), chain: self.chain };
        let mut trouble = None;
        let mut linked = Vec::new();
        while ends.len() < lines.len() && trouble.is_none() {
            let (mut chain, mut places) = (self.chain, Vec::new());
            linked.clear();
            for lines in &lines[ends.len()..] {
                if !linked.is_empty() && linked.len() + lines.len() > WRITTEN_MAX {
                    break;
                }
                for line in each_line(lines).filter(|line| !line.is_empty()) {
                    let is_first = file.complete() == 0 && linked.is_empty();
                    chain.link(line, if is_first { At::Begin } else { At::Later }, &mut linked);
                }
                places.push(Place { length: file.complete() + linked.len() as u64, chain });
            }
            match file.append(&linked) {
                Ok(()) => {
                    self.chain = chain;
                    ends.append(&mut places);
                }
                Err(error) => trouble = Some(refused(error)),
            }
        }
        Written { ends, file: Some((path.clone(), file.handle(), before)), trouble }
    }

    /// Has the file of today open, and nothing in any that nobody can vouch for.
    fn open_today(&mut self) -> io::Result<()> {
        let today = Day::of(SystemTime::now());
        if self.open.as_ref().is_some_and(|open| open.day == today) {
            return Ok(());
        }
        while let Some(Doubtful { path, from }) = self.doubtful.first() {
            let file = private::options().create(true).truncate(false).write(true).open(path)?;
            if file.metadata()?.len() > from.length {
                file.set_len(from.length)?;
            }
            file.sync_all()?;
            self.doubtful.remove(0);
        }
        let path = self.directory.join(format!("calls-{today}.jsonl"));
        let file = LineFile::open(&path)?;
        self.open = Some(Open { day: today, path, file });
        Ok(())
    }
}

fn each_line(lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut begin = 0;
    let ends = memchr::memchr_iter(b'\n', lines).chain([lines.len()]);
    ends.map(move |end| {
        let line = &lines[begin..end];
        begin = (end + 1).min(lines.len());
        line
    })
}

/// Until there is something to write, or to try again; whether it is the last time.
fn wait(shared: &Shared, pace: &mut Pace) -> bool {
    let mut queue = shared.lock();
    while !queue.is_stopping && (queue.is_idle() || queue.is_refused) {
        // Whoever keeps something while the disk refuses wakes nobody.
        queue.writer_sleeps = !queue.is_refused;
        let in_vain;
        (queue, in_vain) = shared.sleep(queue, &shared.to_writer, shared.settings.retry_every);
        if queue.is_refused && in_vain {
            break;
        }
    }
    queue.writer_sleeps = false;
    let gathers = !queue.is_stopping && !queue.is_refused && queue.is_safe_before();
    let (is_stopping, kept) = (queue.is_stopping, queue.counts.kept);
    drop(queue);
    if gathers {
        thread::sleep(pace.gather(kept, Instant::now(), shared.settings.gathers()));
    }
    is_stopping
}

/// As the house stops: whether the disk has everything that the kernel has.
fn settles(shared: &Shared) -> bool {
    let mut queue = shared.lock();
    while queue.is_afloat() && !queue.is_doubtful {
        (queue, _) = shared.sleep(queue, &shared.to_writer, shared.settings.retry_every);
    }
    !queue.is_doubtful
}

/// Tells what became of lines, and has them forced to the disk.
fn note(shared: &Shared, mut lines: Vec<Vec<u8>>, written: Written) {
    let Written { ends, file, trouble } = written;
    let rest = lines.split_off(ends.len());
    let records: usize = lines.iter().map(|lines| lines_in(lines)).sum();
    let batches: Vec<Batch> = lines.into_iter().zip(ends).map(|(lines, to)| Batch { lines, to }).collect();
    let mut queue = shared.lock();
    if let (Some((path, file, before)), false) = (file, batches.is_empty()) {
        queue.float((&path, file, before), batches, shared.settings.waiting_max);
    }
    let lost = queue.put_back(rest, &shared.settings);
    // What a sync has failed on meanwhile is not here yet.
    let is_refused = trouble.is_some() || queue.is_doubtful;
    let was_refused = std::mem::replace(&mut queue.is_refused, is_refused);
    if was_refused && !is_refused {
        queue.recovering = records as u64;
    }
    let mut told = None;
    let mut mark = None;
    if let Some(Trouble::Refused { words, .. }) = trouble {
        queue.counts.refused_writes += 1;
        let waiting = queue.counts.waiting;
        let was_sick = std::mem::replace(&mut queue.is_sick, true);
        told = (!was_sick).then_some(Trouble::Refused { words, waiting });
        let written = queue.written;
        mark = Some(queue.landing(written));
    }
    if std::mem::take(&mut queue.syncer_sleeps) {
        shared.to_syncer.notify_all();
    }
    drop(queue);
    mark.into_iter().for_each(|mark| shared.landed(mark));
    shared.tell_all(lost.into_iter().chain(told));
}

/// How far the chain of the newest file goes that has one.
fn newest_chain(directory: &Path) -> io::Result<Chain> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(directory)? {
        files.extend(Some(entry?.path()).filter(|path| reader::is_record_file(path)));
    }
    files.sort_unstable();
    for path in files.iter().rev() {
        let line = last_line(path)?;
        if !line.is_empty() {
            // Lines of an older program bear none: the chain begins behind them.
            return Ok(Chain::of_line(&line).unwrap_or_default());
        }
    }
    Ok(Chain::default())
}

/// The last whole line, without its end; nothing where there is none.
fn last_line(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut most = 64 * 1024;
    loop {
        let from = length.saturating_sub(most);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        (&mut file).take(length - from).read_to_end(&mut bytes)?;
        let whole = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        match whole.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => return Ok(whole[at + 1..].to_vec()),
            None if from == 0 => return Ok(whole.to_vec()),
            None => most *= 2,
        }
    }
}
