//! Whether what reports read of records is what these say.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Seek, SeekFrom};
use std::path::Path;

use serde::Serialize;

use super::file::{Brief, path_of};
use super::make::{block_of, names};

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BriefsExamined {
    /// Files of records, and how many of them are there in brief.
    pub files: u64,
    pub in_brief: u64,
    /// Briefs that no report would believe: the house makes them anew.
    pub to_make_anew: u64,
    pub faults: u64,
    pub findings: Vec<String>,
}

/// Makes each brief once more, and compares. Also while a house runs.
pub fn examine_briefs(data: &Path) -> io::Result<BriefsExamined> {
    let mut examined = BriefsExamined::default();
    for name in names(data)? {
        let records = match File::open(data.join("records").join(&name)) {
            Ok(records) => records,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        examined.files += 1;
        let path = path_of(data, &name);
        match Brief::open(data, &name, &records) {
            Some(brief) => match found(brief, &records)? {
                Found::Whole => examined.in_brief += 1,
                Found::Torn => examined.to_make_anew += 1,
                Found::Other => {
                    examined.faults += 1;
                    examined.findings.push(format!(
                        "{name}: what reports read is not what stands there; delete {}, and it is made anew",
                        path.display()
                    ));
                }
            },
            None => examined.to_make_anew += u64::from(path.exists()),
        }
    }
    Ok(examined)
}

enum Found {
    Whole,
    Torn,
    /// It would be believed, and says something else.
    Other,
}

fn found(mut brief: Brief, records: &File) -> io::Result<Found> {
    let mut lines = BufReader::new(records);
    while let Some(block) = brief.next() {
        lines.seek(SeekFrom::Start(block.from))?;
        let again = block_of(&mut lines, block.from, block.to)?;
        if again.is_none_or(|(to, bytes)| (to, &bytes) != (block.to, &block.bytes)) {
            return Ok(Found::Other);
        }
    }
    Ok(if brief.is_through() { Found::Whole } else { Found::Torn })
}
