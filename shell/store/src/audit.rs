//! Who did what: lines that are only ever added, each chained to the one before by a hash.
//!
//! `{"hash":"…","entry":{…}}`: the hash is that of the hash before it and of the entry as it stands. A line
//! that is edited, taken out or put in breaks the chain there. What is cut off at the end breaks nothing:
//! whoever kept the newest hash elsewhere sees that it is gone.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::file::LineFile;
use crate::revisions::sync_folder;
use crate::{private, torn};

const FILE: &str = "audit/audit.jsonl";
const BEFORE_HASH: &str = "{\"hash\":\"";
const BEFORE_ENTRY: &str = "\",\"entry\":";
const END: &str = "}";
/// What stands before the first line.
const NOTHING: [u8; 32] = [0; 32];

/// One thing that somebody did, or was kept from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// Counted from 1.
    pub number: u64,
    /// In milliseconds since 1970.
    pub at_ms: i64,
    /// The name of a token, or of a user of this machine; empty for a stranger.
    pub who: String,
    /// What the token is good for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// An address, or "control".
    pub from: String,
    /// What was asked.
    pub what: String,
    pub step: Step,
    /// What became of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub result: String,
    /// How many more like it there were that have no line of their own.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u64,
}

/// How far a deed came. What changes the house has two lines: one before, one after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It is about to be done.
    #[default]
    Asked,
    /// It was done, or was not: the result says it.
    Answered,
    /// The asker may not.
    TurnedAway,
}

/// The open log.
pub struct Audit(Mutex<Open>);

struct Open {
    file: LineFile,
    end: End,
}

/// The end of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct End {
    number: u64,
    hash: [u8; 32],
}

/// A chain that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holds {
    pub entries: u64,
    /// The newest hash: who keeps it elsewhere knows later whether lines are gone.
    pub newest: String,
}

/// Where a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The line of the file, counted from 1.
    pub line: u64,
    pub why: &'static str,
}

impl Audit {
    /// Opens the log of a data folder that this process has claimed. A line that a crash has cut was told to
    /// nobody, and is set aside. The chain goes on from its last line, whether it holds or not.
    pub fn open(data: &Path) -> io::Result<Audit> {
        let path = data.join(FILE);
        path.parent().map_or(Ok(()), private::make_folder)?;
        if path.exists() {
            torn::set_aside(&path)?;
        }
        let file = LineFile::open(&path)?;
        // Its name lasts like its lines.
        path.parent().map_or(Ok(()), sync_folder)?;
        let mut end = End { number: 0, hash: NOTHING };
        for line in lines_of(&path)? {
            let line = line?;
            let read = read(&line);
            let number = read.as_ref().map_or(end.number + 1, |(_, _, deed)| deed.number.max(end.number + 1));
            let hash = read.map_or(end.hash, |(hash, ..)| hash);
            end = End { number, hash };
        }
        Ok(Audit(Mutex::new(Open { file, end })))
    }

    /// Adds a line; on return it is on the disk.
    pub fn add(&self, deed: Deed) -> io::Result<()> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = open.end.number + 1;
        let entry = serde_json::to_string(&Deed { number, ..deed })?;
        let hash = chained(&open.end.hash, entry.as_bytes());
        let line = format!("{BEFORE_HASH}{}{BEFORE_ENTRY}{entry}{END}\n", hex(&hash));
        open.file.append(line.as_bytes())?;
        // From here on it stands in the file, and what follows is chained to it.
        open.end = End { number, hash };
        open.file.handle().sync_data()
    }
}

/// Whether the chain of a data folder holds from its first line to its last. The inner error is where not.
pub fn verify(data: &Path) -> io::Result<Result<Holds, Broken>> {
    let mut end = End { number: 0, hash: NOTHING };
    for (line, text) in (1..).zip(lines_of(&data.join(FILE))?) {
        match follow(end, &text?) {
            Ok(next) => end = next,
            Err(why) => return Ok(Err(Broken { line, why })),
        }
    }
    Ok(Ok(Holds { entries: end.number, newest: hex(&end.hash) }))
}

/// Whether a hash that was kept elsewhere is in the chain of a data folder.
pub fn has_hash(data: &Path, hash: &str) -> io::Result<bool> {
    for line in lines_of(&data.join(FILE))? {
        if read(&line?).is_some_and(|(known, ..)| hex(&known) == hash) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The deeds of a data folder that come after a number, the oldest first, at most so many.
pub fn deeds(data: &Path, after: u64, most: usize) -> io::Result<Vec<Deed>> {
    let mut found = Vec::new();
    for line in lines_of(&data.join(FILE))? {
        if found.len() == most {
            break;
        }
        found.extend(read(&line?).map(|(_, _, deed)| deed).filter(|deed| deed.number > after));
    }
    Ok(found)
}

fn follow(end: End, line: &[u8]) -> Result<End, &'static str> {
    let (hash, entry, deed) = read(line).ok_or("this is not a line of the log")?;
    if hash != chained(&end.hash, entry) {
        return Err("this line, or one before it, is not as it was written");
    }
    if deed.number != end.number + 1 {
        return Err("a line is missing before this one");
    }
    Ok(End { number: deed.number, hash })
}

/// The hash, the entry as it stands, and what it says.
fn read(line: &[u8]) -> Option<([u8; 32], &[u8], Deed)> {
    let rest = line.strip_prefix(BEFORE_HASH.as_bytes())?;
    let (written, rest) = rest.split_at_checked(64)?;
    let entry = rest.strip_prefix(BEFORE_ENTRY.as_bytes())?.strip_suffix(END.as_bytes())?;
    let written = str::from_utf8(written).ok()?;
    let mut hash = NOTHING;
    for (byte, at) in hash.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(written.get(at..at + 2)?, 16).ok()?;
    }
    // There is one way to write a hash, so that no letter of a line can be changed unseen.
    (hex(&hash) == written).then_some(())?;
    Some((hash, entry, serde_json::from_slice(entry).ok()?))
}

fn chained(before: &[u8; 32], entry: &[u8]) -> [u8; 32] {
    let mut sum = Sha256::new();
    sum.update(before);
    sum.update(entry);
    sum.finalize().into()
}

/// Whole lines without their ends; none where there is no log.
fn lines_of(path: &Path) -> io::Result<impl Iterator<Item = io::Result<Vec<u8>>>> {
    let file = match File::open(path) {
        Ok(file) => Some(file),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => None,
        Err(fault) => return Err(fault),
    };
    Ok(file.into_iter().flat_map(|file| BufReader::new(file).split(b'\n')))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
