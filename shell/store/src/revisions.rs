//! Revisions of the configuration: each in a folder of its own, whole or absent.
//!
//! A revision is written beside its place, forced to the disk, and renamed into it. Price lists lie beside
//! the revisions, each content once. Only the process that runs the house writes; anybody may read.

mod about;
mod disk;
mod files;
mod lists;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::private;
use crate::trouble::OpenFault;
use disk::{Place, folders};
use lists::Shelf;

pub use about::{About, Cause, Content, List, digest};
pub(crate) use files::{sync_folder, write_whole};

/// How much of the past is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// The oldest revisions go when there are more.
    pub revisions: usize,
    /// They also go when the price lists of all take more room, but never the newest and the one before it.
    pub list_bytes: u64,
}

/// What it takes to go back from the newest.
const REVISIONS_MIN: usize = 2;

impl Default for Retention {
    fn default() -> Retention {
        Retention { revisions: 200, list_bytes: 1_000_000_000 }
    }
}

/// The revisions of a data folder, claimed by this process.
pub struct Revisions {
    directory: PathBuf,
    /// Locked as long as this process writes here.
    _claim: File,
}

/// Something that is not a whole revision, and where it was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    pub aside: PathBuf,
}

impl Revisions {
    /// Claims the revisions of a data folder, and sets aside what a crash has cut.
    pub fn open(data: &Path) -> Result<(Revisions, Vec<Torn>), OpenFault> {
        let directory = directory_of(data);
        let unusable = |error| OpenFault::Unusable { path: directory.clone(), error };
        private::make_folder(&directory).map_err(unusable)?;
        let claim = crate::store::claim(&directory)?;
        let torn = set_torn_aside(&directory).map_err(unusable)?;
        Ok((Revisions { directory, _claim: claim }, torn))
    }

    /// The newest revision, which is the one in force.
    pub fn newest(&self) -> io::Result<Option<About>> {
        let newest = folders(&self.directory)?.pop();
        newest.map(|number| self.about(number)).transpose()
    }

    /// What is known of a revision.
    pub fn about(&self, number: u64) -> io::Result<About> {
        Place::of(&self.directory, number).about()
    }

    /// What a revision was made of.
    pub fn content(&self, number: u64) -> io::Result<Content> {
        Place::of(&self.directory, number).content()
    }

    /// Whether a document of this name and text was part of some revision that is kept.
    pub fn has_text(&self, name: &str, text: &str) -> io::Result<bool> {
        for number in folders(&self.directory)?.into_iter().rev() {
            if Place::of(&self.directory, number).document(name)?.is_some_and(|kept| kept == text) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Keeps a revision: on return it is on the disk, whole.
    pub fn keep(&self, about: &About, documents: &[(&str, &str)], lists: &[List]) -> io::Result<()> {
        Place::of(&self.directory, about.number).write(about, documents, lists)
    }

    /// Removes the revisions that are too many, and the price lists that nothing names any more.
    pub fn retire(&self, retention: Retention) -> io::Result<()> {
        let mut named = BTreeMap::new();
        for number in folders(&self.directory)? {
            named.insert(number, Place::of(&self.directory, number).lists()?);
        }
        while named.len() > retention.revisions.max(REVISIONS_MIN)
            || (named.len() > REVISIONS_MIN && bytes_of(&named) > retention.list_bytes)
        {
            let Some((oldest, _)) = named.pop_first() else { break };
            Place::of(&self.directory, oldest).remove()?;
        }
        let digests = named.into_values().flat_map(lists::Names::into_values).map(|listed| listed.digest);
        Shelf::of(&self.directory).clear(&digests.collect())
    }

    /// Notes that a revision which waited for it was confirmed.
    pub fn confirm(&self, number: u64) -> io::Result<()> {
        Place::of(&self.directory, number).confirm()
    }

    /// Takes back a revision that never ran.
    pub fn withdraw(&self, number: u64) -> io::Result<()> {
        Place::of(&self.directory, number).remove()
    }
}

/// Every revision of a data folder, oldest first.
pub fn revisions_in(data: &Path) -> io::Result<Vec<About>> {
    let directory = directory_of(data);
    folders(&directory)?.into_iter().map(|number| Place::of(&directory, number).about()).collect()
}

/// What a revision of a data folder was made of.
pub fn content_of(data: &Path, number: u64) -> io::Result<Content> {
    Place::of(&directory_of(data), number).content()
}

/// Whether a folder is where revisions are kept: documents in it are not those that somebody edits.
pub fn holds_revisions(folder: &Path) -> bool {
    folder.ends_with("revisions") && folder.join("lock").exists()
}

fn directory_of(data: &Path) -> PathBuf {
    data.join("revisions")
}

/// The room that contents take, each counted once.
fn bytes_of(named: &BTreeMap<u64, lists::Names>) -> u64 {
    let listed = named.values().flat_map(lists::Names::values);
    let contents: BTreeSet<_> = listed.map(|listed| (&listed.digest, listed.bytes)).collect();
    contents.into_iter().map(|(_, bytes)| bytes).sum()
}

/// What lies behind the newest whole revision is read when somebody goes back to it: a start does not wait
/// for two hundred of them.
fn set_torn_aside(directory: &Path) -> io::Result<Vec<Torn>> {
    let mut torn = Vec::new();
    for path in disk::unfinished(directory)? {
        torn.push(Torn { aside: disk::set_aside(directory, &path)? });
    }
    let mut is_newest = true;
    for number in folders(directory)?.into_iter().rev() {
        let place = Place::of(directory, number);
        let is_torn = place.about().is_err() || (is_newest && place.content().is_err());
        if is_torn {
            torn.push(Torn { aside: disk::set_aside(directory, place.path())? });
        }
        is_newest &= is_torn;
    }
    fs::File::open(directory)?.sync_all()?;
    Ok(torn)
}
