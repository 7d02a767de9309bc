//! One revision on the disk: `revision.json`, `documents/…`, `lists.json` where there are price lists, and
//! `confirmed` once it is.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::about::{About, Content, List, digest};
use super::files::{UNFINISHED, sync_folder, write_whole};
use super::lists::{Names, Shelf, names_of};
use crate::private::make_folder;

const ABOUT: &str = "revision.json";
const DOCUMENTS: &str = "documents";
const LISTS: &str = "lists.json";
const CONFIRMED: &str = "confirmed";

/// The folder of one revision.
pub struct Place {
    path: PathBuf,
    unfinished: PathBuf,
    shelf: Shelf,
}

impl Place {
    pub fn of(directory: &Path, number: u64) -> Place {
        let unfinished = directory.join(format!("{UNFINISHED}{number}"));
        Place { path: directory.join(number.to_string()), unfinished, shelf: Shelf::of(directory) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn about(&self) -> io::Result<About> {
        let text = fs::read(self.path.join(ABOUT))?;
        let mut about: About = serde_json::from_slice(&text)?;
        about.is_settled = about.confirm_by_ms.is_none() || self.path.join(CONFIRMED).exists();
        Ok(about)
    }

    /// What it was made of; an error if that is not what was written.
    pub fn content(&self) -> io::Result<Content> {
        let root = self.path.join(DOCUMENTS);
        let mut documents = Vec::new();
        collect(&root, &root, &mut documents)?;
        documents.sort_by(|one, other| Path::new(&one.0).cmp(Path::new(&other.0)));
        let lists = self.shelf.lists(&self.lists()?)?;
        let found = digest(documents.iter().map(|(name, text)| (&**name, &**text)), &lists);
        if found != self.about()?.documents {
            let words = format!("{}: these are not the documents that were written", root.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, words));
        }
        Ok(Content { documents, lists })
    }

    /// The text of one document.
    pub fn document(&self, name: &str) -> io::Result<Option<String>> {
        match fs::read_to_string(self.path.join(DOCUMENTS).join(inside(name)?)) {
            Ok(text) => Ok(Some(text)),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The price lists that it names.
    pub fn lists(&self) -> io::Result<Names> {
        match fs::read(self.path.join(LISTS)) {
            Ok(text) => Ok(serde_json::from_slice(&text)?),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(Names::new()),
            Err(fault) => Err(fault),
        }
    }

    pub fn write(&self, about: &About, documents: &[(&str, &str)], lists: &[List]) -> io::Result<()> {
        if self.unfinished.exists() {
            fs::remove_dir_all(&self.unfinished)?;
        }
        make_folder(&self.unfinished)?;
        let root = self.unfinished.join(DOCUMENTS);
        make_folder(&root)?;
        let mut folders = vec![root.clone(), self.unfinished.clone()];
        for (name, text) in documents {
            let path = root.join(inside(name)?);
            for folder in path.ancestors().skip(1).take_while(|folder| *folder != root) {
                if !folders.iter().any(|known| known == folder) {
                    folders.push(folder.to_owned());
                }
            }
            path.parent().map_or(Ok(()), make_folder)?;
            write_whole(&path, text.as_bytes())?;
        }
        // A revision is renamed into its place after the lists that it names lie in theirs.
        self.shelf.keep(lists)?;
        if !lists.is_empty() {
            write_whole(&self.unfinished.join(LISTS), &serde_json::to_vec_pretty(&names_of(lists))?)?;
        }
        write_whole(&self.unfinished.join(ABOUT), &serde_json::to_vec_pretty(about)?)?;
        folders.iter().try_for_each(|folder| sync_folder(folder))?;
        fs::rename(&self.unfinished, &self.path)?;
        self.path.parent().map_or(Ok(()), sync_folder)
    }

    pub fn confirm(&self) -> io::Result<()> {
        write_whole(&self.path.join(CONFIRMED), b"")?;
        sync_folder(&self.path)
    }

    /// It is no revision any more from the first step on.
    pub fn remove(&self) -> io::Result<()> {
        fs::rename(&self.path, &self.unfinished)?;
        fs::remove_dir_all(&self.unfinished)?;
        self.path.parent().map_or(Ok(()), sync_folder)
    }
}

/// The numbers of the revisions in a directory, the oldest first; none where there is no directory.
pub fn folders(directory: &Path) -> io::Result<Vec<u64>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        numbers.extend(entry?.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// What was being written or removed when a process ended.
pub fn unfinished(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(UNFINISHED)) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Moves something to a name that nobody reads.
pub fn set_aside(directory: &Path, path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let free = |count: &u32| !directory.join(format!("torn-{name}-{count}")).exists();
    let count = (1..).find(free).unwrap_or(u32::MAX);
    let aside = directory.join(format!("torn-{name}-{count}"));
    fs::rename(path, &aside)?;
    Ok(aside)
}

fn collect(root: &Path, folder: &Path, documents: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, documents)?;
            continue;
        }
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        documents.push((name, fs::read_to_string(&path)?));
    }
    Ok(())
}

/// A document's name as a path that does not lead out of its folder.
fn inside(name: &str) -> io::Result<&Path> {
    let path = Path::new(name);
    if path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Ok(path);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{name}: no document may stand there")))
}
