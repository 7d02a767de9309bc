//! Whether records are those that were written: the chain of their lines is followed over all files.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::chain::{Chain, Link, letters};
use crate::reader;

/// So many findings are told.
const TOLD_MAX: usize = 50;
/// Whoever changes a record and its own hash breaks the chain at the next one.
const NOT_AS_WRITTEN: &str = "it, or the one before it, is not as it was written";

/// What following the chain has found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Chained {
    pub files: u64,
    /// Lines that are in the chain.
    pub records: u64,
    /// Lines before the chain, of a program that had none: nobody vouches for them.
    pub before_chain: u64,
    /// The number and the hash of the newest line: who keeps them elsewhere knows later whether lines are
    /// gone.
    pub number: u64,
    pub newest: Option<String>,
    /// How much is wrong, and the first of it.
    pub faults: u64,
    pub findings: Vec<Finding>,
}

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub file: String,
    /// Counted from 1.
    pub line: u64,
    /// The number in the chain that the line bears.
    pub number: Option<u64>,
    /// The call that the line says it is of.
    pub id: Option<String>,
    pub what: String,
}

/// Follows the chain of a data folder; also while a house runs on it.
pub fn follow(data: &Path) -> io::Result<Chained> {
    let mut chained = Chained::default();
    let mut end = None;
    for path in files(&data.join("records"))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match follow_file(&path, &name, &mut end, &mut chained) {
            Ok(()) => chained.files += 1,
            // The oldest days go at any time.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    if let Some(Chain { number, hash }) = end {
        (chained.number, chained.newest) = (number, Some(letters(&hash)));
    }
    Ok(chained)
}

/// Whether a hash that was kept elsewhere is that of a line.
pub fn has_link(data: &Path, hash: &str) -> io::Result<bool> {
    for path in files(&data.join("records"))? {
        for line in BufReader::new(File::open(&path)?).split(b'\n') {
            if Link::read(&line?).is_some_and(|link| letters(&link.hash) == hash) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder)? {
        files.extend(Some(entry?.path()).filter(|path| reader::is_record_file(path)));
    }
    files.sort_unstable();
    Ok(files)
}

fn follow_file(path: &Path, name: &str, end: &mut Option<Chain>, chained: &mut Chained) -> io::Result<()> {
    let mut lines = BufReader::with_capacity(1024 * 1024, File::open(path)?);
    let mut line = Vec::new();
    for place in 1.. {
        line.clear();
        lines.read_until(b'\n', &mut line)?;
        // Half a line is being written, or a crash has cut it: the next start sets it aside.
        let Some(text) = line.strip_suffix(b"\n") else { break };
        let link = Link::read(text);
        let wrong = judge(link.as_ref(), end, chained);
        chained.records += u64::from(link.is_some());
        if let Some(what) = wrong {
            let number = link.map(|link| link.number);
            chained.finds(Finding { file: name.to_owned(), line: place, number, id: id_of(text), what });
        }
    }
    Ok(())
}

/// What is wrong with a line behind this end, which moves on.
fn judge(link: Option<&Link<'_>>, end: &mut Option<Chain>, chained: &mut Chained) -> Option<String> {
    let Some(link) = link else {
        if end.is_none() {
            chained.before_chain += 1;
            return None;
        }
        return Some("it is not in the chain: put in, or written by another program".to_owned());
    };
    let next = Chain { number: link.number, hash: link.hash };
    let Some(Chain { number, hash }) = end.replace(next) else {
        // What stood before the oldest file was deleted as it was old, and is named here.
        return match link.before {
            Some(before) if link.follows(&before) => None,
            Some(_) => Some(NOT_AS_WRITTEN.to_owned()),
            None => Some("the records before it are gone".to_owned()),
        };
    };
    if link.number <= number {
        // Those that follow are judged by what stood before it.
        *end = Some(Chain { number, hash });
        return Some(format!("it stands behind number {number}: moved there, or put in again"));
    }
    let missing = link.number - number - 1;
    match missing {
        0 if link.follows(&hash) => None,
        0 => Some(NOT_AS_WRITTEN.to_owned()),
        1 => Some(format!("the record with number {} is missing before it", number + 1)),
        _ => Some(format!(
            "{missing} records are missing before it, from number {} to {}",
            number + 1,
            link.number - 1
        )),
    }
}

impl Chained {
    fn finds(&mut self, finding: Finding) {
        self.faults += 1;
        if self.findings.len() < TOLD_MAX {
            self.findings.push(finding);
        }
    }
}

fn id_of(line: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(line).ok()?;
    value["id"].as_str().map(str::to_owned)
}
