//! One round after the other, lines of the files become rows of the database.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::check::Check;
use super::engine::{Fault, Filling, Piece};
use super::lines::{self, EVENTS, Part};
use super::row;
use crate::day::Day;
use crate::{briefs, reader};

const DAY: Duration = Duration::from_secs(86_400);
/// Behind so many bytes a round takes in what it has read.
const ROUND_MAX: usize = 8 * 1024 * 1024;

/// Which files a round looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Those that are written to as a rule.
    Newest,
    All,
}

/// What a round has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    pub rows: u64,
    /// Lines that are neither records nor anything else that is known.
    pub unreadable: u64,
    pub has_more: bool,
}

/// Fills a database, as long as nothing is wrong with it.
pub struct Filler {
    data: PathBuf,
    filling: Box<dyn Filling>,
    marks: BTreeMap<String, u64>,
}

impl Filler {
    pub fn new(data: &Path, mut filling: Box<dyn Filling>) -> Result<Filler, Fault> {
        let marks = filling.marks()?;
        Ok(Filler { data: data.to_owned(), filling, marks })
    }

    /// Takes in a part of what is new.
    pub fn round(&mut self, look: Look) -> Result<Round, Fault> {
        let names = match look {
            Look::All => {
                let names = lines::names(&self.data).map_err(not_now)?;
                self.forget_missing(&names)?;
                names
            }
            Look::Newest => {
                let now = SystemTime::now();
                let events = lines::newest_of_events(&self.data).map_err(not_now)?;
                [lines::name_at(now - DAY), lines::name_at(now)].into_iter().chain(events).collect()
            }
        };
        let mut round = Round::default();
        let (mut pieces, mut bytes) = (Vec::new(), 0);
        for name in names {
            let from = self.marks.get(&name).copied().unwrap_or(0);
            match lines::lines_from(&lines::path_of(&self.data, &name), from).map_err(not_now)? {
                None if from > 0 => {
                    // Its lines are other ones now, or gone: what was made of it means nothing any more.
                    self.lose(&name)?;
                    round.has_more = true;
                }
                Some(part) if !part.bytes.is_empty() => {
                    bytes += part.bytes.len();
                    pieces.push(piece_of(name, from, part, &mut round));
                }
                _ => {}
            }
            round.has_more |= bytes > ROUND_MAX;
            if round.has_more {
                break;
            }
        }
        if !pieces.is_empty() {
            self.filling.take(&pieces)?;
        }
        for Piece { file, to, rows, .. } in pieces {
            round.rows += rows.len() as u64;
            self.marks.insert(file, to);
        }
        Ok(round)
    }

    /// How many bytes of the files were not read yet.
    pub fn behind(&self) -> io::Result<u64> {
        behind(&self.data, &self.marks)
    }

    /// How far each file was read.
    pub fn into_marks(self) -> BTreeMap<String, u64> {
        self.marks
    }

    /// Deletes what is older than so many days: files of records, and what was made of them and of events.
    pub fn keep_days(&mut self, days: u32) -> Result<u64, Fault> {
        let Some(first) = SystemTime::now().checked_sub(DAY * days) else { return Ok(0) };
        let mut gone = 0;
        for name in lines::names(&self.data).map_err(not_now)? {
            if reader::is_before(&name, Day::of(first)) {
                std::fs::remove_file(lines::path_of(&self.data, &name)).map_err(not_now)?;
                briefs::forget(&self.data, &name).map_err(not_now)?;
                gone += self.forget(&name)?;
            }
        }
        let since = first.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        gone += self.filling.forget(EVENTS, Some(i64::try_from(since).unwrap_or(i64::MAX)))?;
        Ok(gone)
    }

    /// Looks at a part of what it has filled.
    pub fn look_at(&mut self, check: &mut Check) -> Result<(), Fault> {
        check.go_on(Instant::now(), &self.data, &mut *self.filling)
    }

    fn forget_missing(&mut self, names: &[String]) -> Result<(), Fault> {
        let missing: Vec<String> = self.marks.keys().filter(|name| !names.contains(name)).cloned().collect();
        missing.iter().try_for_each(|name| self.lose(name))
    }

    /// Records stay on a server whose files are gone. Events go with theirs: there were too many.
    fn lose(&mut self, name: &str) -> Result<(), Fault> {
        match lines::is_of_events(name) {
            true => self.filling.forget(name, None)?,
            false => self.filling.lose(name)?,
        };
        self.marks.remove(name);
        Ok(())
    }

    fn forget(&mut self, name: &str) -> Result<u64, Fault> {
        let rows = self.filling.forget(name, None)?;
        self.marks.remove(name);
        Ok(rows)
    }
}

/// How many bytes of the files stand behind these marks.
pub fn behind(data: &Path, marks: &BTreeMap<String, u64>) -> io::Result<u64> {
    let mut behind = 0;
    for name in lines::names(data)? {
        let length = std::fs::metadata(lines::path_of(data, &name)).map_or(0, |found| found.len());
        behind += length.saturating_sub(marks.get(&name).copied().unwrap_or(0));
    }
    Ok(behind)
}

fn piece_of(file: String, from: u64, part: Part, round: &mut Round) -> Piece {
    let (mut rows, is_of_events) = (Vec::new(), lines::is_of_events(&file));
    let mut at = from;
    for line in part.bytes.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if is_of_events {
            rows.extend(row::of_event(at, text));
        } else {
            let row = row::of_record(at, text);
            round.unreadable += u64::from(row.is_none());
            rows.extend(row);
        }
        at += line.len() as u64;
    }
    round.has_more |= part.has_more;
    Piece { file, from, to: at, text: part.bytes, rows }
}

fn not_now(error: io::Error) -> Fault {
    Fault::NotNow(error.to_string())
}
