//! Price lists and files of sound of revisions: each content is kept once, under its digest, however many
//! revisions name it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::about::List;
use super::files::{UNFINISHED, sync_folder, write_whole};
use crate::private::make_folder;

const FOLDER: &str = "lists";

/// What a revision says of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub digest: String,
    pub bytes: u64,
}

/// Lists by the names that documents call them by.
pub type Names = BTreeMap<String, Listed>;

/// What a revision says of its lists.
pub fn names_of(lists: &[List]) -> Names {
    let listed = |list: &List| Listed { digest: list.digest().to_owned(), bytes: list.bytes.len() as u64 };
    lists.iter().map(|list| (list.name.to_string(), listed(list))).collect()
}

/// The folder of all contents.
pub struct Shelf {
    path: PathBuf,
}

impl Shelf {
    pub fn of(directory: &Path) -> Shelf {
        Shelf { path: directory.join(FOLDER) }
    }

    /// Keeps what is not there yet; on return it is on the disk.
    pub fn keep(&self, lists: &[List]) -> io::Result<()> {
        if lists.is_empty() {
            return Ok(());
        }
        make_folder(&self.path)?;
        for list in lists {
            let path = self.path.join(list.digest());
            let length = fs::metadata(&path).map(|about| about.len());
            if length.is_ok_and(|bytes| bytes == list.bytes.len() as u64) {
                continue;
            }
            let unfinished = self.path.join(format!("{UNFINISHED}{}", list.digest()));
            remove(&unfinished)?;
            write_whole(&unfinished, &list.bytes)?;
            fs::rename(&unfinished, &path)?;
        }
        sync_folder(&self.path)?;
        // The folder itself may be new.
        self.path.parent().map_or(Ok(()), sync_folder)
    }

    /// The lists of a revision; an error if one is not what was written.
    pub fn lists(&self, names: &Names) -> io::Result<Vec<List>> {
        let read = |(name, listed): (&String, &Listed)| {
            let path = self.path.join(&listed.digest);
            let bytes =
                fs::read(&path).map_err(|fault| io::Error::new(fault.kind(), format!("{name}: {fault}")))?;
            let list = List::new(name.as_str(), bytes);
            if list.digest() == listed.digest {
                return Ok(list);
            }
            let words = format!("{}: this is not the file that was written", path.display());
            Err(io::Error::new(io::ErrorKind::InvalidData, words))
        };
        names.iter().map(read).collect()
    }

    /// Removes every content that no revision names, and what a crash left unfinished.
    pub fn clear(&self, named: &BTreeSet<String>) -> io::Result<()> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(fault) => return Err(fault),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_str().is_none_or(|name| !named.contains(name)) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => Err(fault),
        Ok(()) | Err(_) => Ok(()),
    }
}
