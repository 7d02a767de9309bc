//! One brief: of which records it was made, and its blocks, each with its place in them.

use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use reports::brief::FORMAT;

const FOLDER: &str = "briefs";
const MAGIC: &[u8; 16] = b"tandem in brief\n";
const HEAD: usize = 16 + 4 * 8;
/// Of what stands before a block: from, to, print, length, check.
const BLOCK_HEAD: usize = 5 * 8;
/// A block is never longer.
const BLOCK_MAX: u64 = 256 * 1024 * 1024;
/// So many bytes before the end of a block's records tell them from others: the chain's hash is among them,
/// and with it all that stands before.
const PRINT: u64 = 4 * 1024;

/// How a file of records stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    pub length: u64,
    /// Nanoseconds.
    pub modified: u64,
}

/// Whether all blocks were made one after the other, or some of them while the file still grew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    AtOnce,
    InPieces,
}

/// Whose records a brief is of, besides the blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub stand: Stand,
    pub made: Made,
}

/// Some lines in brief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Where they stand in the file of records.
    pub from: u64,
    pub to: u64,
    pub print: u64,
    pub bytes: Vec<u8>,
}

/// What there is in brief of a file of records, from its beginning on.
pub struct Brief {
    pub head: Head,
    file: BufReader<File>,
    records: File,
    is_grown: bool,
    at: u64,
    is_through: bool,
}

pub fn folder(data: &Path) -> PathBuf {
    data.join(FOLDER)
}

/// Where that of a file of records is.
pub fn path_of(data: &Path, name: &str) -> PathBuf {
    let stem = name.strip_suffix(".jsonl").unwrap_or(name);
    folder(data).join(format!("{stem}.brief"))
}

/// Deletes that of a file of records that is gone.
pub fn forget(data: &Path, name: &str) -> io::Result<()> {
    match fs::remove_file(path_of(data, name)) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl Stand {
    pub fn of(file: &File) -> io::Result<Stand> {
        let about = file.metadata()?;
        let modified = about.mtime().wrapping_mul(1_000_000_000).wrapping_add(about.mtime_nsec());
        Ok(Stand { length: about.len(), modified: modified.cast_unsigned() })
    }
}

impl Head {
    pub fn write(&self) -> [u8; HEAD] {
        let made = match self.made {
            Made::AtOnce => 0,
            Made::InPieces => 1,
        };
        let mut head = [0; HEAD];
        head[..16].copy_from_slice(MAGIC);
        let words = [u64::from(FORMAT) << 8 | made, self.stand.length, self.stand.modified];
        for (place, word) in head[16..].chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        let check = check(&head[..HEAD - 8]);
        head[HEAD - 8..].copy_from_slice(&check.to_le_bytes());
        head
    }

    fn read(from: &mut impl Read) -> Option<Head> {
        let mut head = [0; HEAD];
        from.read_exact(&mut head).ok()?;
        let [format, length, modified, checked] = words(&head[16..]);
        let made = match format & 0xff {
            0 => Made::AtOnce,
            1 => Made::InPieces,
            _ => return None,
        };
        let is_ours = head.starts_with(MAGIC) && format >> 8 == u64::from(FORMAT);
        let is_whole = check(&head[..HEAD - 8]) == checked;
        (is_ours && is_whole).then_some(Head { stand: Stand { length, modified }, made })
    }
}

impl Block {
    /// Some lines of a file of records, in brief.
    pub fn of(records: &File, (from, to): (u64, u64), bytes: Vec<u8>) -> io::Result<Block> {
        Ok(Block { from, to, print: print(records, to)?, bytes })
    }

    /// What stands behind the last one.
    pub fn end(at: u64) -> Block {
        Block { from: at, to: at, print: 0, bytes: Vec::new() }
    }

    pub fn head(&self) -> [u8; BLOCK_HEAD] {
        let mut head = [0; BLOCK_HEAD];
        let words = [self.from, self.to, self.print, self.bytes.len() as u64, self.check()];
        for (place, word) in head.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        head
    }

    /// Of the bytes, and of where they belong.
    fn check(&self) -> u64 {
        [self.from, self.to, self.print].into_iter().fold(check(&self.bytes), fold)
    }
}

impl Brief {
    /// Nothing, where there is none that was made of these records, or of all that stood there then.
    pub fn open(data: &Path, name: &str, records: &File) -> Option<Brief> {
        let mut file = BufReader::new(File::open(path_of(data, name)).ok()?);
        let head = Head::read(&mut file)?;
        let stand = Stand::of(records).ok()?;
        let is_grown = stand.length > head.stand.length;
        if !is_grown && stand != head.stand {
            return None;
        }
        Some(Brief { head, file, records: records.try_clone().ok()?, is_grown, at: 0, is_through: false })
    }

    /// Whether all of it was handed over.
    pub fn is_through(&self) -> bool {
        self.is_through
    }

    /// What follows; nothing behind the last, or where it is not whole, or of other records.
    pub fn next(&mut self) -> Option<Block> {
        let mut head = [0; BLOCK_HEAD];
        self.file.read_exact(&mut head).ok()?;
        let [from, to, print_then, length, checked] = words(&head);
        if from != self.at || to < from || to > self.head.stand.length || length > BLOCK_MAX {
            return None;
        }
        if to == from {
            self.is_through = head == Block::end(from).head();
            return None;
        }
        let mut bytes = Vec::new();
        (&mut self.file).take(length).read_to_end(&mut bytes).ok()?;
        let block = Block { from, to, print: print_then, bytes };
        let is_whole = block.bytes.len() as u64 == length && block.check() == checked;
        // What has grown may have been changed, too.
        let is_of_these = !self.is_grown || print(&self.records, to).is_ok_and(|now| now == print_then);
        if !is_whole || !is_of_these {
            return None;
        }
        self.at = to;
        Some(block)
    }
}

fn print(records: &File, to: u64) -> io::Result<u64> {
    let from = to.saturating_sub(PRINT);
    let mut bytes = vec![0; usize::try_from(to - from).unwrap_or(0)];
    records.read_exact_at(&mut bytes, from)?;
    Ok(check(&bytes))
}

fn words<const N: usize>(bytes: &[u8]) -> [u64; N] {
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = u64::from_le_bytes(bytes.try_into().expect("they are eight"));
    }
    words
}

/// Notices bytes that a disk has lost or changed, at the speed of memory; nobody who means harm: whoever may
/// write here may write records.
fn check(bytes: &[u8]) -> u64 {
    let chunks = bytes.chunks_exact(8);
    let mut last = [0; 8];
    last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    let words = chunks.map(|eight| u64::from_le_bytes(eight.try_into().expect("they are eight")));
    fold(words.fold(bytes.len() as u64, fold), u64::from_le_bytes(last))
}

fn fold(sum: u64, word: u64) -> u64 {
    (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}
