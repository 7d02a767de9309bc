//! Records as a table: one row for each call, with what most questions are about.

use std::fs;
use std::io::{self, BufWriter};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::parquet::{Cell, Kind, Parquet};
use crate::{private, reader};

/// Which calls a table holds: those that began in this span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub since: Option<i64>,
    pub until: Option<i64>,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exported {
    pub rows: u64,
    /// Lines that are no records, such as half a one that is being written.
    pub unreadable: u64,
}

type Pick = fn(&Value) -> Cell;

const COLUMNS: [(&str, Kind, Pick); 30] = [
    ("id", Kind::Text, |record| text(&record["id"])),
    ("started", Kind::Moment, |record| number(&record["started"])),
    ("rang", Kind::Moment, |record| number(&record["rang"])),
    ("answered", Kind::Moment, |record| number(&record["answered"])),
    ("ended", Kind::Moment, |record| number(&record["ended"])),
    ("setup_ms", Kind::Number, |record| number(&record["setup_ms"])),
    ("talk_ms", Kind::Number, |record| number(&record["talk_ms"])),
    ("direction", Kind::Text, |record| text(&record["direction"])),
    ("emergency", Kind::Truth, |record| truth(&record["emergency"])),
    ("calling", Kind::Text, |record| text(&record["calling"])),
    ("from_dialled", Kind::Text, |record| text(&record["from_dialled"])),
    ("to_dialled", Kind::Text, |record| text(&record["to_dialled"])),
    ("to_e164", Kind::Text, |record| text(&record["to_e164"])),
    ("route", Kind::Text, |record| text(&record["route"])),
    ("attempts", Kind::Number, |record| Cell::Number(attempts(record).len().try_into().unwrap_or(i64::MAX))),
    ("callee", Kind::Text, |record| {
        attempts(record).last().map_or(Cell::Missing, |last| text(&last["callee"]))
    }),
    ("price", Kind::Text, |record| {
        attempts(record).last().map_or(Cell::Missing, |last| text(&last["price"]))
    }),
    ("sip_code", Kind::Number, |record| number(&record["sip_code"])),
    ("outcome", Kind::Text, |record| text(&record["outcome"])),
    ("ended_by", Kind::Text, |record| text(&record["ended_by"])),
    ("verdict", Kind::Text, |record| text(&record["verdict"])),
    ("words", Kind::Text, |record| text(&record["words"])),
    ("caller_mos", Kind::Real, |record| real(&record["media"]["caller"]["mos_in"])),
    ("callee_mos", Kind::Real, |record| real(&record["media"]["callee"]["mos_in"])),
    ("caller_lost", Kind::Number, |record| number(&record["media"]["caller"]["lost"])),
    ("callee_lost", Kind::Number, |record| number(&record["media"]["callee"]["lost"])),
    ("source", Kind::Text, |record| text(&record["source"])),
    ("call_id", Kind::Text, |record| text(&record["call_id"])),
    ("revision", Kind::Number, |record| number(&record["revision"])),
    ("number", Kind::Number, |record| number(&record["chain"]["number"])),
];

/// Writes a table of records as Parquet. It is there whole, or not at all.
pub fn export_parquet(data: &Path, to: &Path, span: Span) -> io::Result<Exported> {
    let mut unfinished = to.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = Path::new(&unfinished);
    let done = write(data, unfinished, span).and_then(|exported| {
        fs::rename(unfinished, to)?;
        Ok(exported)
    });
    if done.is_err() {
        // Half a table is of no use.
        let _ = fs::remove_file(unfinished);
    }
    done
}

fn write(data: &Path, unfinished: &Path, span: Span) -> io::Result<Exported> {
    let file = private::options().create(true).truncate(true).write(true).open(unfinished)?;
    let heads: Vec<(&'static str, Kind)> = COLUMNS.iter().map(|(name, kind, _)| (*name, *kind)).collect();
    let mut table = Parquet::begin(BufWriter::new(file), &heads)?;
    let mut exported = Exported::default();
    for record in reader::records_in(data)? {
        let Ok(record) = record else {
            exported.unreadable += 1;
            continue;
        };
        let began = record["started"].as_i64().unwrap_or_default();
        if span.since.is_none_or(|since| began >= since) && span.until.is_none_or(|until| began < until) {
            table.add(COLUMNS.iter().map(|(_, _, pick)| pick(&record)))?;
        }
    }
    exported.rows = table.end()?;
    Ok(exported)
}

fn attempts(record: &Value) -> &[Value] {
    record["attempts"].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> Cell {
    value.as_str().map_or(Cell::Missing, |text| Cell::Text(text.to_owned()))
}

fn number(value: &Value) -> Cell {
    value.as_i64().map_or(Cell::Missing, Cell::Number)
}

fn real(value: &Value) -> Cell {
    value.as_f64().map_or(Cell::Missing, Cell::Real)
}

fn truth(value: &Value) -> Cell {
    value.as_bool().map_or(Cell::Missing, Cell::Truth)
}
