//! Whether every line has its row, and every row its line.

use std::collections::HashSet;
use std::path::Path;

use serde::Serialize;

use super::engine::{Engine, Fault, Filling};
use super::lines;
use super::row::{self, Row};

/// So many findings are told; what is wrong with one line is often wrong with many.
const TOLD_MAX: usize = 50;

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Examined {
    pub files: u64,
    /// Records and callers who were turned away.
    pub rows: u64,
    /// Bytes of the files that are not in the database yet.
    pub behind_bytes: u64,
    /// How much is wrong, and the first of it in words.
    pub faults: u64,
    pub findings: Vec<String>,
}

impl Examined {
    fn finds(&mut self, words: String) {
        self.faults += 1;
        if self.findings.len() < TOLD_MAX {
            self.findings.push(words);
        }
    }
}

pub fn examine(data: &Path, engine: &dyn Engine) -> Result<Examined, Fault> {
    let mut filling = engine.open_to_look()?;
    let mut examined = Examined::default();
    filling.examine()?.into_iter().for_each(|words| examined.finds(words));
    let marks = filling.marks()?;
    let mut ids = HashSet::new();
    for name in lines::names(data).map_err(|error| Fault::NotNow(error.to_string()))? {
        let mark = marks.get(&name).copied().unwrap_or(0);
        examined.files += 1;
        examine_file(data, &name, mark, &mut *filling, &mut ids, &mut examined)?;
    }
    Ok(examined)
}

fn examine_file(
    data: &Path,
    name: &str,
    mark: u64,
    filling: &mut dyn Filling,
    ids: &mut HashSet<String>,
    examined: &mut Examined,
) -> Result<(), Fault> {
    let (path, is_of_events) = (lines::path_of(data, name), lines::is_of_events(name));
    let not_now = |error: std::io::Error| Fault::NotNow(format!("{}: {error}", path.display()));
    let mut rows = Vec::new();
    filling.each_row(name, &mut |at, length, id| {
        // What was taken in since the mark was read is not looked at.
        if at < mark {
            rows.push((at, length, id.to_owned()));
        }
    })?;
    examined.rows += rows.len() as u64;
    let mut rows = rows.into_iter().peekable();
    let mut at = 0;
    while at < mark {
        let Some(part) = lines::lines_from(&path, at).map_err(not_now)?.filter(|part| !part.bytes.is_empty())
        else {
            examined.finds(format!("{name}: the database has read {mark} bytes, and {at} are there"));
            break;
        };
        for line in part.bytes.split_inclusive(|byte| *byte == b'\n') {
            if at >= mark {
                break;
            }
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            let begins = at;
            at += line.len() as u64;
            let of_line = if is_of_events { row::of_event } else { row::of_record };
            let Some(Row { length, id, .. }) = of_line(begins, text) else { continue };
            while let Some((stray, _, id)) = rows.next_if(|row| row.0 < begins) {
                examined.finds(format!("{name}: the row of {id} has no line at {stray}"));
            }
            match rows.next_if(|row| row.0 == begins) {
                Some(row) if row.1 == length && row.2 == id => {}
                Some(row) => examined.finds(format!("{name}: the row of {} is not that of {id}", row.2)),
                None => examined.finds(format!("{name}: {id} has no row")),
            }
            if !is_of_events && !ids.insert(id.clone()) {
                examined.finds(format!("{name}: {id} is there twice"));
            }
        }
    }
    rows.for_each(|(at, _, id)| examined.finds(format!("{name}: the row of {id} has no line at {at}")));
    let length = std::fs::metadata(&path).map_or(0, |found| found.len());
    examined.behind_bytes += length.saturating_sub(mark);
    Ok(())
}
