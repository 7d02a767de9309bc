//! Looks whether the database is whole, at the start and once a day, so that what is broken in it is noticed
//! before somebody searches there. As a whole where that takes no longer than a moment, then in small parts,
//! each between two rounds: what is new is taken in meanwhile, and nobody who searches waits.

use std::path::Path;
use std::time::{Duration, Instant};

use super::engine::{Fault, Filling, Known, ReadOn};
use super::lines::{self, EVENTS};
use super::row;

const EVERY: Duration = Duration::from_secs(24 * 3600);
/// So long nothing new is taken in, at most.
const WHOLE_MAX: Duration = Duration::from_secs(2);
/// What is compared with its line, and what is only read, between two rounds.
const COMPARED: u32 = 500;
const READ: u32 = 5_000;

/// How far it has come.
#[derive(Default)]
pub struct Check {
    stage: Stage,
}

#[derive(Default)]
enum Stage {
    #[default]
    Whole,
    /// Rows behind this one are compared with their lines.
    Rows(i64),
    /// What leads to rows is read.
    Index(ReadOn),
    Rests(Instant),
}

impl Check {
    /// One part more, if it is time.
    pub fn go_on(&mut self, now: Instant, data: &Path, filling: &mut dyn Filling) -> Result<(), Fault> {
        self.stage = match &self.stage {
            Stage::Rests(until) if now < *until => return Ok(()),
            Stage::Rests(_) => Stage::Whole,
            Stage::Whole => match filling.examine_within(WHOLE_MAX)?.unwrap_or_default().first() {
                Some(words) => return Err(Fault::Broken(words.clone())),
                None => Stage::Rows(i64::MIN),
            },
            Stage::Rows(after) => match compare(data, *after, filling)? {
                Some(last) => Stage::Rows(last),
                None => Stage::Index(ReadOn::Begin),
            },
            Stage::Index(from) => match filling.read_on(from, READ)? {
                Some(place) => Stage::Index(place),
                None => Stage::Rests(now + EVERY),
            },
        };
        Ok(())
    }
}

/// Whether some rows say what their lines say; the last of them.
fn compare(data: &Path, after: i64, filling: &mut dyn Filling) -> Result<Option<i64>, Fault> {
    let rows = filling.rows_behind(after, COMPARED)?;
    for known in &rows {
        let Known { row, file, at, length, id } = known;
        // A file that has gone, or lost its end, is looked after where it is read on.
        let Ok(line) = lines::line_at(&lines::path_of(data, file), *at, *length) else { continue };
        let of_line = if file == EVENTS { row::of_event } else { row::of_record };
        let meant = of_line(*at, &line).filter(|meant| meant.id == *id);
        let is_found = match &meant {
            Some(meant) => filling.has_words(*row, meant.began, &meant.words)?,
            None => false,
        };
        if !is_found {
            return Err(Fault::Broken(format!("the row of {id} is not that of its line in {file}")));
        }
    }
    Ok(rows.last().map(|last| last.row))
}
