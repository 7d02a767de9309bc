//! Reads records back, and refuses lines that are not whole.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::vec;

use thiserror::Error;

use crate::day::Day;

const BEGINS: &str = "calls-";
const ENDS: &str = ".jsonl";

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
    Ok(Records { waiting: record_files(data)?.into_iter(), open: None })
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
    waiting: vec::IntoIter<PathBuf>,
    open: Option<Open>,
}

struct Open {
    path: PathBuf,
    lines: BufReader<File>,
    line: usize,
}

impl Open {
    fn next(&mut self) -> Option<Result<serde_json::Value, ReadFault>> {
        let mut text = Vec::new();
        self.line += 1;
        let (path, line) = (|| self.path.clone(), self.line);
        match self.lines.read_until(b'\n', &mut text) {
            Ok(0) => None,
            Ok(_) if text.last() != Some(&b'\n') => Some(Err(ReadFault::Torn { path: path(), line })),
            Ok(_) => Some(serde_json::from_slice(&text).map_err(|error| ReadFault::NotARecord {
                path: path(),
                line,
                error,
            })),
            Err(error) => Some(Err(ReadFault::Unreadable { path: path(), error })),
        }
    }
}

impl Iterator for Records {
    type Item = Result<serde_json::Value, ReadFault>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(open) = &mut self.open {
                match open.next() {
                    Some(item) => return Some(item),
                    None => self.open = None,
                }
            }
            let path = self.waiting.next()?;
            match File::open(&path) {
                Ok(file) => self.open = Some(Open { path, lines: BufReader::new(file), line: 0 }),
                Err(error) => return Some(Err(ReadFault::Unreadable { path, error })),
            }
        }
    }
}
