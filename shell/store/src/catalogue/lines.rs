//! The files that the catalogue is made of, and their whole lines from some place on.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::day::Day;
use crate::events;
use crate::reader::{is_record_file, name_of};

/// What is read at once, where no line is longer.
const BLOCK: u64 = 8 * 1024 * 1024;
/// A line that is longer is none of ours.
const LINE_MAX: u64 = 64 * 1024 * 1024;

/// The names of all files with records, the oldest first, and of the events.
pub fn names(data: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(data.join("records"))? {
        let entry = entry?;
        if is_record_file(&entry.path()) {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort_unstable();
    names.extend(events::names(data)?);
    Ok(names)
}

pub fn path_of(data: &Path, name: &str) -> PathBuf {
    if is_of_events(name) { events::path_of(data, name) } else { data.join("records").join(name) }
}

/// Whether callers who were turned away stand there, among other events, and no records.
pub fn is_of_events(name: &str) -> bool {
    events::is_of_events(name)
}

/// What was made of such a file, whichever it is, is asked for by this name where files do not matter.
pub const EVENTS: &str = events::ALONE;

/// The files that events go to, and went to a moment ago.
pub fn newest_of_events(data: &Path) -> io::Result<Vec<String>> {
    let mut names = events::names(data)?;
    Ok(names.split_off(names.len().saturating_sub(2)))
}

/// The file that records of this moment go to.
pub fn name_at(time: SystemTime) -> String {
    name_of(Day::of(time))
}

/// A part of a file: whole lines.
#[derive(Debug, Default)]
pub struct Part {
    pub bytes: Vec<u8>,
    /// Whether more may follow at once.
    pub has_more: bool,
}

/// The whole lines from a place on, as many as are read at once, and on the disk before anybody counts on
/// them. Nothing where the file is no longer than that; `None` where there is no file, or where no line
/// begins at that place: it is not the file that was read before.
pub fn lines_from(path: &Path, from: u64) -> io::Result<Option<Part>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    if length == from {
        return Ok(Some(Part::default()));
    }
    if length < from || !is_line_begin(&mut file, from)? {
        return Ok(None);
    }
    // Otherwise a power cut could take a line away that stands in the database, and others in its place
    // would never be read.
    file.sync_data()?;
    let mut bytes = Vec::new();
    let mut most = BLOCK.min(length - from);
    loop {
        file.seek(SeekFrom::Start(from + bytes.len() as u64))?;
        (&mut file).take(most).read_to_end(&mut bytes)?;
        let is_all = from + bytes.len() as u64 >= length;
        let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if end > 0 || is_all || bytes.len() as u64 > LINE_MAX {
            bytes.truncate(end);
            return Ok(Some(Part { bytes, has_more: !is_all && end > 0 }));
        }
        most = bytes.len() as u64;
    }
}

fn is_line_begin(file: &mut File, at: u64) -> io::Result<bool> {
    let Some(before) = at.checked_sub(1) else { return Ok(true) };
    let mut byte = [0];
    file.seek(SeekFrom::Start(before))?;
    file.read_exact(&mut byte)?;
    Ok(byte[0] == b'\n')
}

/// One line that is known to stand there.
pub fn line_at(path: &Path, at: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(at))?;
    let mut line = Vec::new();
    file.take(length.min(LINE_MAX)).read_to_end(&mut line)?;
    if (line.len() as u64) < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(line)
}
