//! Revisions of the configuration: each in a folder of its own, whole or absent.
//!
//! A revision is written beside its place, forced to the disk, and renamed into it. Only the process that
//! runs the house writes; anybody may read.

mod about;
mod disk;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::store::OpenFault;
use disk::{Place, folders};

pub use about::{About, Cause, digest};

/// The oldest revisions go when there are more; the one that runs is never among them.
const REVISIONS_MAX: usize = 200;

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
        fs::create_dir_all(data).map_err(unusable)?;
        disk::make_private(&directory).map_err(unusable)?;
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

    /// The documents of a revision, by their names.
    pub fn documents(&self, number: u64) -> io::Result<Vec<(String, String)>> {
        Place::of(&self.directory, number).documents()
    }

    /// Keeps a revision: on return it is on the disk, whole.
    pub fn keep(&self, about: &About, documents: &[(&str, &str)]) -> io::Result<()> {
        Place::of(&self.directory, about.number).write(about, documents)?;
        let kept = folders(&self.directory)?;
        for old in &kept[..kept.len().saturating_sub(REVISIONS_MAX)] {
            Place::of(&self.directory, *old).remove()?;
        }
        Ok(())
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

/// The documents of a revision of a data folder, by their names.
pub fn documents_of(data: &Path, number: u64) -> io::Result<Vec<(String, String)>> {
    Place::of(&directory_of(data), number).documents()
}

/// Whether a folder is where revisions are kept: documents in it are not those that somebody edits.
pub fn holds_revisions(folder: &Path) -> bool {
    folder.ends_with("revisions") && folder.join("lock").exists()
}

fn directory_of(data: &Path) -> PathBuf {
    data.join("revisions")
}

fn set_torn_aside(directory: &Path) -> io::Result<Vec<Torn>> {
    let mut torn = Vec::new();
    for path in disk::unfinished(directory)? {
        torn.push(Torn { aside: disk::set_aside(directory, &path)? });
    }
    for number in folders(directory)? {
        let place = Place::of(directory, number);
        if place.about().and_then(|_| place.documents()).is_err() {
            torn.push(Torn { aside: disk::set_aside(directory, place.path())? });
        }
    }
    fs::File::open(directory)?.sync_all()?;
    Ok(torn)
}
