//! Files that lie in a folder for each day, and are kept for some time.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

pub fn files(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = folders(folder).filter_map(|folder| fs::read_dir(folder).ok());
    entries.flatten().flatten().map(|entry| entry.path())
}

/// Deletes files that were written last so long ago. What cannot be deleted is tried again the next time.
pub fn delete_old(folder: &Path, keep: Duration) {
    let now = SystemTime::now();
    for path in files(folder) {
        let written = fs::metadata(&path).and_then(|about| about.modified());
        let age = written.ok().and_then(|written| now.duration_since(written).ok());
        if age.is_some_and(|age| age >= keep) {
            let _ = fs::remove_file(&path);
        }
    }
}

/// Deletes the folders of days of which nothing is left.
pub fn delete_empty(folder: &Path) {
    for day in folders(folder) {
        // Only one that is empty goes.
        let _ = fs::remove_dir(day);
    }
}

fn folders(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let days = fs::read_dir(folder).into_iter().flatten().flatten();
    days.map(|day| day.path()).filter(|day| day.is_dir())
}
