//! Reads records back, and refuses lines that are not whole.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use memchr::memmem::Finder;
use thiserror::Error;

use crate::day::Day;

const BEGINS: &str = "calls-";
const ENDS: &str = ".jsonl";
const BUFFER: usize = 256 * 1024;

/// Why a line is not a record.
#[derive(Debug, Error)]
pub enum ReadFault {
    #[error("{}:{line}: the line is cut short", path.display())]
    Torn { path: PathBuf, line: usize },
    #[error("{}:{line}: not a record: {error}", path.display())]
    NotARecord { path: PathBuf, line: usize, error: serde_json::Error },
    #[error("{}: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
}

/// All records of a data directory, oldest file first.
pub fn records_in(data: &Path) -> io::Result<Records> {
    Ok(Records { waiting: record_files(data)?, at: 0, open: None, wanted: None })
}

/// Whether a text stands in JSON as it is.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'/'))
}

/// The files that they stand in, the oldest first.
pub fn record_files(data: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(data.join("records"))? {
        let path = entry?.path();
        if is_record_file(&path) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Whether a path is a file of call records, and not what was set aside.
pub fn is_record_file(path: &Path) -> bool {
    path.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name.starts_with(BEGINS) && name.ends_with(ENDS))
}

/// The name of the file of a day.
pub fn name_of(day: Day) -> String {
    format!("{BEGINS}{day}{ENDS}")
}

/// Whether the file is of a day before this one; other names are of no day.
pub fn is_before(name: &str, day: Day) -> bool {
    date_of(name).is_some_and(|date| date < day.to_string().as_str())
}

/// Whether its name says which day it is of.
pub fn is_of_a_day(name: &str) -> bool {
    date_of(name).is_some()
}

fn date_of(name: &str) -> Option<&str> {
    let date = name.strip_prefix(BEGINS).and_then(|rest| rest.strip_suffix(ENDS));
    date.filter(|date| date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()))
}

/// An iterator over records as JSON values.
pub struct Records {
    waiting: Vec<PathBuf>,
    at: usize,
    open: Option<Open>,
    wanted: Option<Finder<'static>>,
}

struct Open {
    path: PathBuf,
    lines: BufReader<File>,
    line: usize,
    text: Vec<u8>,
}

impl Records {
    /// Only those whose lines hold this text; others are passed over without being taken apart.
    pub fn only_with(mut self, text: &str) -> Records {
        self.wanted = Some(Finder::new(text.as_bytes()).into_owned());
        self
    }

    /// Without the files of days before a moment.
    pub fn from_day_of(mut self, ms: i64) -> Records {
        let day = Day::of(UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or(0)));
        let name =
            |path: &Path| path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        self.waiting.retain(|path| !is_before(&name(path), day));
        self
    }

    /// Goes on behind the record with this id; says whether there is one.
    pub fn go_behind(&mut self, id: &str) -> bool {
        self.wanted = is_plain(id).then(|| Finder::new(id.as_bytes()).into_owned());
        let is_there = self.any(|record| record.is_ok_and(|record| record["id"] == id));
        self.wanted = None;
        is_there
    }
}

impl Open {
    fn next(&mut self, wanted: Option<&Finder<'_>>) -> Option<Result<serde_json::Value, ReadFault>> {
        loop {
            self.text.clear();
            self.line += 1;
            let (path, line, text) = (|| self.path.clone(), self.line, &mut self.text);
            match self.lines.read_until(b'\n', text) {
                Ok(0) => return None,
                Ok(_) if wanted.is_some_and(|wanted| wanted.find(text).is_none()) => {}
                Ok(_) if text.last() != Some(&b'\n') => {
                    return Some(Err(ReadFault::Torn { path: path(), line }));
                }
                Ok(_) => {
                    let value = serde_json::from_slice(text);
                    return Some(value.map_err(|error| ReadFault::NotARecord { path: path(), line, error }));
                }
                Err(error) => return Some(Err(ReadFault::Unreadable { path: path(), error })),
            }
        }
    }
}

impl Iterator for Records {
    type Item = Result<serde_json::Value, ReadFault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(open) = &mut self.open {
                match open.next(self.wanted.as_ref()) {
                    Some(item) => return Some(item),
                    None => self.open = None,
                }
            }
            let path = self.waiting.get(self.at)?.clone();
            self.at += 1;
            match File::open(&path) {
                Ok(file) => {
                    let lines = BufReader::with_capacity(BUFFER, file);
                    self.open = Some(Open { path, lines, line: 0, text: Vec::new() });
                }
                Err(error) => return Some(Err(ReadFault::Unreadable { path, error })),
            }
        }
    }
}
