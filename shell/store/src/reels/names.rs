//! The names of a reel, sorted, each with the place of a frame that has it: twelve bytes a mention, and a
//! mark before them all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::Mention;
use crate::private;

const MARK: &[u8; 8] = b"names-1\n";
const LENGTH: usize = 12;
/// How much is read at once where mentions of one name stand.
const TOGETHER: usize = 64;

/// Writes them all at once, or nothing.
pub(super) fn write(path: &Path, mentions: &mut [Mention]) -> io::Result<u64> {
    mentions.sort_unstable();
    let mut bytes = Vec::with_capacity(MARK.len() + mentions.len() * LENGTH);
    bytes.extend_from_slice(MARK);
    for Mention { name, at } in mentions {
        bytes.extend_from_slice(&name.to_le_bytes());
        bytes.extend_from_slice(&at.to_le_bytes());
    }
    let unfinished = path.with_extension("new");
    let mut file = private::options().create(true).truncate(true).write(true).open(&unfinished)?;
    // A name that leads to nothing would be worse than none.
    let written = file.write_all(&bytes).and_then(|()| file.sync_data());
    let written = written.and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        // It takes room that may be what is missing.
        let _ = fs::remove_file(&unfinished);
    }
    written.map(|()| bytes.len() as u64)
}

/// How long the file of so many mentions is.
pub(super) fn length(mentions: usize) -> u64 {
    (MARK.len() + mentions * LENGTH) as u64
}

/// Where frames begin that have one of these names.
pub(super) fn places(path: &Path, names: &[u64]) -> io::Result<Vec<u32>> {
    let file = File::open(path)?;
    let count = count_in(&file)?;
    let mut places = Vec::new();
    for name in names {
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low.midpoint(high);
            match mentions_at(&file, middle, 1)?.first() {
                Some(one) if one.name < *name => low = middle + 1,
                _ => high = middle,
            }
        }
        while low < count {
            let next = mentions_at(&file, low, TOGETHER.min(count - low))?;
            let found = next.iter().take_while(|one| one.name == *name);
            let before = places.len();
            places.extend(found.map(|one| one.at));
            let taken = places.len() - before;
            low += taken;
            if taken < next.len() || next.is_empty() {
                break;
            }
        }
    }
    Ok(places)
}

/// Every mention.
pub(super) fn all(path: &Path) -> io::Result<Vec<Mention>> {
    let file = File::open(path)?;
    mentions_at(&file, 0, count_in(&file)?)
}

fn count_in(file: &File) -> io::Result<usize> {
    let mut mark = [0; MARK.len()];
    file.read_exact_at(&mut mark, 0)?;
    let rest = (file.metadata()?.len() as usize).saturating_sub(MARK.len());
    match mark == *MARK && rest.is_multiple_of(LENGTH) {
        true => Ok(rest / LENGTH),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, "they are not whole")),
    }
}

fn mentions_at(file: &File, first: usize, count: usize) -> io::Result<Vec<Mention>> {
    let mut bytes = vec![0; count * LENGTH];
    file.read_exact_at(&mut bytes, (MARK.len() + first * LENGTH) as u64)?;
    let (mentions, _) = bytes.as_chunks::<LENGTH>();
    let read = |[a, b, c, d, e, f, g, h, at @ ..]: &[u8; LENGTH]| Mention {
        name: u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]),
        at: u32::from_le_bytes(*at),
    };
    Ok(mentions.iter().map(read).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_all_its_frames_and_to_no_other() {
        let path = std::env::temp_dir().join(format!("tandem-names-{}.names", std::process::id()));
        let mut mentions: Vec<Mention> =
            (0..5_000_u32).map(|at| Mention { name: u64::from(at % 37) * 1_000_003, at }).collect();

        let length = write(&path, &mut mentions).unwrap();

        assert_eq!(length, super::length(5_000));
        for name in 0..37_u32 {
            let mut found = places(&path, &[u64::from(name) * 1_000_003]).unwrap();
            found.sort_unstable();
            assert_eq!(found, (0..5_000).filter(|at| at % 37 == name).collect::<Vec<_>>(), "{name}");
        }
        assert_eq!(places(&path, &[1, u64::MAX]).unwrap(), Vec::<u32>::new());
        assert_eq!(places(&path, &[0, 1_000_003]).unwrap().len(), 272);
        fs::remove_file(&path).unwrap();
    }
}
