//! A copy of everything that a house keeps, taken while it runs, and a data folder made of one.
//!
//! What only grows is copied up to its last whole line; a revision is copied whole or not at all; what finds
//! records is left out, as it is made anew. `backup.json` is written last: a folder without it is no backup.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::revisions::{sync_folder, write_whole};
use crate::{private, torn};

const ABOUT: &str = "backup.json";
const FORMAT: u32 = 1;
const REVISIONS: &str = "revisions";
/// Of calls: they are much, and personal, and go when they are old.
const MESSAGES: &str = "flight";
/// How often revisions are copied anew that changed meanwhile.
const TRIES: u32 = 10;
const BLOCK: usize = 256 * 1024;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    pub format: u32,
    /// When it was begun, in milliseconds since 1970.
    pub at_ms: u64,
    pub files: Vec<Copied>,
}

/// One file of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Below the data folder.
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

/// Why there is no backup, or nothing was made of it.
#[derive(Debug, Error)]
pub enum BackupFault {
    #[error("{}: something is there already; name a folder that is empty or not there", .0.display())]
    Taken(PathBuf),
    #[error("{}: nothing is kept there", .0.display())]
    Nothing(PathBuf),
    #[error("{}: this is no backup, or one that was never finished: it has no whole {ABOUT}", .0.display())]
    NoBackup(PathBuf),
    #[error("{}: it is not as it was copied", .0.display())]
    Changed(PathBuf),
    #[error("revisions changed again and again meanwhile; try it once more")]
    Restless,
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

impl Backup {
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

/// Copies what a data folder keeps into another folder; on return it is on the disk. A house may run
/// meanwhile.
pub fn back_up(data: &Path, to: &Path) -> Result<Backup, BackupFault> {
    if !data.join("records").is_dir() && !data.join(REVISIONS).is_dir() {
        return Err(BackupFault::Nothing(data.to_owned()));
    }
    expect_empty(to)?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let at_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let mut files = Vec::new();
    make(to)?;
    // Policy first: what is newer than it does no harm.
    copy_revisions(data, to, &mut files)?;
    let mut folders = Vec::new();
    for name in names(data)? {
        if name != REVISIONS {
            copy_tree(data, to, Path::new(&name), &mut (&mut files, &mut folders))?;
        }
    }
    folders.iter().try_for_each(|folder| sync(folder))?;
    let backup = Backup { format: FORMAT, at_ms, files };
    let about = serde_json::to_vec_pretty(&backup).expect("names and numbers are JSON");
    write_whole(&to.join(ABOUT), &about).map_err(|error| io_fault(&to.join(ABOUT), error))?;
    sync(to)?;
    Ok(backup)
}

/// Makes a data folder of a backup. It is there whole, or not at all.
pub fn restore(from: &Path, data: &Path) -> Result<Backup, BackupFault> {
    expect_empty(data)?;
    let about = fs::read(from.join(ABOUT)).map_err(|_| BackupFault::NoBackup(from.to_owned()))?;
    let backup: Backup =
        serde_json::from_slice(&about).map_err(|_| BackupFault::NoBackup(from.to_owned()))?;
    if backup.format != FORMAT {
        return Err(BackupFault::NoBackup(from.to_owned()));
    }
    let mut unfinished = data.as_os_str().to_owned();
    unfinished.push(".restoring");
    let unfinished = PathBuf::from(unfinished);
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(|error| io_fault(&unfinished, error))?;
    }
    let done = copy_back(from, &backup, &unfinished)
        .and_then(|()| fs::rename(&unfinished, data).map_err(|error| io_fault(data, error)));
    if done.is_err() {
        // Nobody takes it for a data folder.
        let _ = fs::remove_dir_all(&unfinished);
    }
    done?;
    match data.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => sync(parent)?,
        None => sync(Path::new("."))?,
    }
    Ok(backup)
}

fn copy_back(from: &Path, backup: &Backup, to: &Path) -> Result<(), BackupFault> {
    make(to)?;
    let mut folders = vec![to.to_owned()];
    for copied in &backup.files {
        let name = inside(&copied.name).ok_or_else(|| BackupFault::NoBackup(from.to_owned()))?;
        let source = from.join(name);
        let file = File::open(&source).map_err(|error| io_fault(&source, error))?;
        let again = copy(file, u64::MAX, to, name, &mut folders)?;
        if again != *copied {
            return Err(BackupFault::Changed(source));
        }
    }
    folders.iter().try_for_each(|folder| sync(folder))
}

type Done<'d> = (&'d mut Vec<Copied>, &'d mut Vec<PathBuf>);

/// Revisions and the price lists that they name: none that came or went meanwhile is there by half.
fn copy_revisions(data: &Path, to: &Path, files: &mut Vec<Copied>) -> Result<(), BackupFault> {
    let source = data.join(REVISIONS);
    if !source.is_dir() {
        return Ok(());
    }
    for _ in 0..TRIES {
        let before = names(&source)?;
        let (mut copied, mut folders) = (Vec::new(), Vec::new());
        let done = copy_tree(data, to, Path::new(REVISIONS), &mut (&mut copied, &mut folders));
        let is_gone =
            matches!(&done, Err(BackupFault::Io { error, .. }) if error.kind() == ErrorKind::NotFound);
        if !is_gone {
            done?;
            if names(&source)? == before {
                files.append(&mut copied);
                return folders.iter().try_for_each(|folder| sync(folder));
            }
        }
        fs::remove_dir_all(to.join(REVISIONS)).map_err(|error| io_fault(to, error))?;
    }
    Err(BackupFault::Restless)
}

fn copy_tree(data: &Path, to: &Path, name: &Path, done: &mut Done<'_>) -> Result<(), BackupFault> {
    let path = data.join(name);
    let is_gone = |error: &io::Error| error.kind() == ErrorKind::NotFound && !name.starts_with(REVISIONS);
    let about = match fs::symlink_metadata(&path) {
        Ok(about) => about,
        // Days that are too old go at any time.
        Err(error) if is_gone(&error) => return Ok(()),
        Err(error) => return Err(io_fault(&path, error)),
    };
    if about.is_dir() {
        make(&to.join(name))?;
        done.1.push(to.join(name));
        for below in names(&path)? {
            copy_tree(data, to, &name.join(below), done)?;
        }
        return Ok(());
    }
    if !about.is_file() || is_left_out(name) {
        return Ok(());
    }
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if is_gone(&error) => return Ok(()),
        Err(error) => return Err(io_fault(&path, error)),
    };
    let most = match name.extension().is_some_and(|end| end == "jsonl") {
        true => torn::whole_lines(&mut file).map_err(|error| io_fault(&path, error))?,
        false => u64::MAX,
    };
    file.seek(SeekFrom::Start(0)).map_err(|error| io_fault(&path, error))?;
    let copied = copy(file, most, to, name, done.1)?;
    done.0.push(copied);
    Ok(())
}

/// What is made anew, belongs to a process, is not finished, or is kept for days alone.
fn is_left_out(name: &Path) -> bool {
    let file = name.file_name().unwrap_or_default().to_string_lossy();
    let is_unfinished = name.components().any(
        |part| matches!(part, Component::Normal(part) if part.to_string_lossy().starts_with("unfinished-")),
    );
    let is_made_anew = file == "lock"
        || file.starts_with("records.sqlite")
        || name.starts_with(MESSAGES)
        || name.starts_with("briefs");
    is_made_anew || file.ends_with(".new") || is_unfinished
}

fn copy(
    file: File,
    most: u64,
    to: &Path,
    name: &Path,
    folders: &mut Vec<PathBuf>,
) -> Result<Copied, BackupFault> {
    let path = to.join(name);
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != to) {
        if !folders.iter().any(|known| known == folder) {
            make(folder)?;
            folders.push(folder.to_owned());
        }
    }
    let copying = || -> io::Result<(u64, String)> {
        let mut written = private::options().create_new(true).write(true).open(&path)?;
        let (mut from, mut sum, mut bytes) = (file.take(most), Sha256::new(), 0);
        let mut block = vec![0; BLOCK];
        loop {
            let length = from.read(&mut block)?;
            if length == 0 {
                break;
            }
            sum.update(&block[..length]);
            written.write_all(&block[..length])?;
            bytes += length as u64;
        }
        written.sync_all()?;
        Ok((bytes, sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    };
    let (bytes, sha256) = copying().map_err(|error| io_fault(&path, error))?;
    Ok(Copied { name: name.to_string_lossy().into_owned(), bytes, sha256 })
}

/// Nothing, where the name leads out of its folder.
fn inside(name: &str) -> Option<&Path> {
    let path = Path::new(name);
    path.components().all(|part| matches!(part, Component::Normal(_))).then_some(path)
}

fn names(folder: &Path) -> Result<Vec<String>, BackupFault> {
    let read = || -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(names)
    };
    read().map_err(|error| io_fault(folder, error))
}

fn expect_empty(folder: &Path) -> Result<(), BackupFault> {
    match folder.exists() && !names(folder)?.is_empty() {
        true => Err(BackupFault::Taken(folder.to_owned())),
        false => Ok(()),
    }
}

fn make(folder: &Path) -> Result<(), BackupFault> {
    private::make_folder(folder).map_err(|error| io_fault(folder, error))
}

fn sync(folder: &Path) -> Result<(), BackupFault> {
    sync_folder(folder).map_err(|error| io_fault(folder, error))
}

fn io_fault(path: &Path, error: io::Error) -> BackupFault {
    BackupFault::Io { path: path.to_owned(), error }
}
