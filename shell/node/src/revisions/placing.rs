//! One file of the configuration directory, written anew because of a change that came by HTTP.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use store::Revisions;

/// A file, as it is in force and as it is to be.
#[derive(Clone, Debug)]
pub struct FileEdit {
    pub file: String,
    /// `None`: it is a new one.
    pub was: Option<Arc<str>>,
    /// `None`: it goes.
    pub becomes: Option<String>,
}

impl FileEdit {
    /// Whether nothing is lost when it is written: what stands there is in force, or some revision keeps it.
    /// Else somebody has edited it, and not applied that.
    pub fn is_safe(&self, directory: &Path, revisions: &Revisions) -> io::Result<bool> {
        Ok(match (read(&directory.join(&self.file))?, &self.was) {
            (None, None) => true,
            (Some(stands), Some(was)) if *stands == **was => true,
            (Some(stands), _) if self.becomes.as_deref() == Some(&*stands) => true,
            (Some(stands), _) => revisions.has_text(&self.file, &stands)?,
            (None, Some(_)) => false,
        })
    }

    /// Writes it, whole or not at all; on return it is on the disk. What stood there before is handed back.
    pub fn write(&self, directory: &Path) -> io::Result<Option<String>> {
        let path = directory.join(&self.file);
        let before = read(&path)?;
        put(&path, self.becomes.as_deref())?;
        Ok(before)
    }

    /// Takes it back.
    pub fn undo(&self, directory: &Path, before: Option<&str>) -> io::Result<()> {
        put(&directory.join(&self.file), before)
    }
}

pub fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(fault) if fault.kind() == ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Writes a file whole or not at all; without a text it goes.
pub fn put(path: &Path, text: Option<&str>) -> io::Result<()> {
    // A link is followed: what it leads to is the operator's file.
    let path = match fs::canonicalize(path) {
        Ok(path) => path,
        Err(fault) if fault.kind() == ErrorKind::NotFound => path.to_owned(),
        Err(fault) => return Err(fault),
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    let Some(text) = text else {
        match fs::remove_file(&path) {
            Err(fault) if fault.kind() != ErrorKind::NotFound => return Err(fault),
            Ok(()) | Err(_) => return File::open(folder)?.sync_all(),
        }
    };
    fs::create_dir_all(folder)?;
    let unfinished = unfinished(&path);
    let written = write(&unfinished, &path, text).and_then(|()| fs::rename(&unfinished, &path));
    if written.is_err() {
        // What is left of it is hidden, and read by nobody.
        let _ = fs::remove_file(&unfinished);
    }
    written?;
    File::open(folder)?.sync_all()
}

/// Writes a file that its owner alone may read, whole or not at all; one that holds nothing goes.
pub fn keep_secret(path: &Path, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return if path.exists() { put(path, None) } else { Ok(()) };
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let unfinished = unfinished(path);
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    File::open(folder)?.sync_all()
}

fn write(unfinished: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(unfinished)?;
    if let Ok(about) = fs::metadata(path) {
        file.set_permissions(about.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Hidden: a directory is read without such files.
fn unfinished(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.unfinished"))
}
