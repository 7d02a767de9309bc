//! Reads the files of records from one end to the other: what is there in brief, and the rest a line at a
//! time, never two in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use super::engine::{EachPart, Part};
use super::lines;
use crate::briefs::Brief;
use crate::day::Day;
use crate::reader;
use crate::table::Span;

const BUFFER: usize = 256 * 1024;
/// A record stands in the file of the day its call ended on. No call is taken to be longer.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// What the files have of calls that began in a span, and perhaps of others: what is there in brief, and the
/// whole lines of the rest.
pub fn each_part(data: &Path, span: Span, each: &mut EachPart<'_>) -> io::Result<()> {
    let paths = match reader::record_files(data) {
        Ok(paths) => paths,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let day = |ms: i64| Day::of(UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or(0)));
    let first = span.since.map(day);
    let behind = span.until.map(|until| {
        let last = Duration::from_millis(u64::try_from(until).unwrap_or(0)) + LONGEST;
        lines::name_at(UNIX_EPOCH + last)
    });
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_too_old = first.is_some_and(|first| reader::is_before(name, first));
        // Only a file that is named by its day is known to be of one.
        let is_too_new = reader::is_of_a_day(name) && behind.as_deref().is_some_and(|behind| name > behind);
        if is_too_old || is_too_new {
            continue;
        }
        let file = match File::open(&path) {
            Ok(file) => file,
            // What is too old goes at any time.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let at = each_brief(data, name, &file, each);
        each_line(file, at, each)?;
    }
    Ok(())
}

/// Hands over what there is of a file in brief, and says where the rest begins.
fn each_brief(data: &Path, name: &str, file: &File, each: &mut EachPart<'_>) -> u64 {
    let mut at = 0;
    if let Some(mut brief) = Brief::open(data, name, file) {
        while let Some(block) = brief.next()
            && each(Part::Brief(&block.bytes)).is_ok()
        {
            at = block.to;
        }
    }
    at
}

fn each_line(file: File, at: u64, each: &mut EachPart<'_>) -> io::Result<()> {
    let mut file = BufReader::with_capacity(BUFFER, file);
    file.seek(SeekFrom::Start(at))?;
    let mut line = Vec::new();
    loop {
        line.clear();
        file.read_until(b'\n', &mut line)?;
        // What has no end is still being written.
        let Some((b'\n', whole)) = line.split_last() else { return Ok(()) };
        // There is nothing else to fall back on.
        let _ = each(Part::Line(whole));
    }
}
