//! Looks whether the database is whole, at the start and once a day, so that what is broken in it is noticed
//! before somebody searches there. As a whole where that takes no longer than a moment, then in small parts,
//! each between two rounds: what is new is taken in meanwhile, and nobody who searches waits. What comes
//! after its beginning is looked at the next time.

use std::path::Path;
use std::time::{Duration, Instant};

use super::engine::{Fault, Filling, Known, Meant, ReadOn};
use super::lines;
use super::row;

const EVERY: Duration = Duration::from_secs(24 * 3600);
/// However often there is a round, a part of it is this far from the next.
const PART_EVERY: Duration = Duration::from_secs(1);
/// So long nothing new is taken in, at most.
const WHOLE_MAX: Duration = Duration::from_secs(2);
/// What is compared with its line, and what is only read, between two rounds.
const COMPARED: u32 = 500;
const READ: u32 = 5_000;

/// How far it has come.
#[derive(Default)]
pub struct Check {
    stage: Stage,
    /// When the newest part was looked at.
    looked: Option<Instant>,
}

#[derive(Default)]
enum Stage {
    #[default]
    Whole,
    /// Rows behind this one are compared with their lines, up to the one that was the newest.
    Rows {
        after: i64,
        up_to: i64,
    },
    /// What leads to rows is read.
    Index(ReadOn),
    Rests(Instant),
}

impl Check {
    /// Whether nothing is left to look at before tomorrow.
    pub fn rests(&self) -> bool {
        matches!(self.stage, Stage::Rests(_))
    }

    /// One part more, if it is time.
    pub fn go_on(&mut self, now: Instant, data: &Path, filling: &mut dyn Filling) -> Result<(), Fault> {
        if self.looked.is_some_and(|looked| now.saturating_duration_since(looked) < PART_EVERY) {
            return Ok(());
        }
        self.looked = Some(now);
        self.stage = match &self.stage {
            Stage::Rests(until) if now < *until => return Ok(()),
            Stage::Rests(_) => Stage::Whole,
            Stage::Whole => match filling.examine_within(WHOLE_MAX)?.unwrap_or_default().first() {
                Some(words) => return Err(Fault::Broken(words.clone())),
                None => Stage::Rows { after: i64::MIN, up_to: filling.newest_row()? },
            },
            Stage::Rows { after, up_to } => match compare(data, *after, filling)? {
                Some(last) if last < *up_to => Stage::Rows { after: last, up_to: *up_to },
                _ => Stage::Index(ReadOn::Begin),
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
    let (mut compared, mut meant) = (Vec::new(), Vec::new());
    for known in &rows {
        let Known { row, file, at, length, id } = known;
        // A file that has gone, or lost its end, is looked after where it is read on.
        let Ok(line) = lines::line_at(&lines::path_of(data, file), *at, *length) else { continue };
        let of_line = if lines::is_of_events(file) { row::of_event } else { row::of_record };
        let Some(line) = of_line(*at, &line).filter(|line| line.id == *id) else { return Err(other(known)) };
        compared.push(known);
        meant.push(Meant { row: *row, began: line.began, words: line.words });
    }
    if let Some(at) = filling.first_without_words(&meant)? {
        return Err(other(compared[at]));
    }
    Ok(rows.last().map(|last| last.row))
}

fn other(known: &Known) -> Fault {
    let Known { file, id, .. } = known;
    Fault::Broken(format!("the row of {id} is not that of its line in {file}"))
}
