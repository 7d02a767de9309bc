//! Records that no file has yet, in memory that outlives the process: a file without a disk beneath it. A
//! write to a disk may be held up for as long as the disk stands still, even by a kernel that only takes it
//! in; a write here is not.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use crate::private;

/// More is not kept twice.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

pub struct Spool {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// Something did not fit: what comes has to wait until there is nothing left.
    is_full: bool,
}

/// A folder without a disk beneath it: what systemd made for us, else where everybody may write.
pub fn folder() -> Option<PathBuf> {
    let given = env::var_os("RUNTIME_DIRECTORY").map(PathBuf::from);
    given.into_iter().chain([PathBuf::from("/dev/shm")]).find(|folder| folder.is_dir())
}

impl Spool {
    /// Opens that of a data folder, and returns the whole lines that a process has left there.
    pub fn open(folder: &Path, data: &Path) -> io::Result<(Spool, Vec<u8>)> {
        let sum = Sha256::digest(fs::canonicalize(data)?.as_os_str().as_encoded_bytes());
        let name: String = sum.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let path = folder.join(format!("tandem-records-{name}"));
        let mut options = private::options();
        // Others may write in that folder, too: what they have laid there is none of ours.
        options.read(true).append(true).create(true).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
        let mut file = options.open(&path)?;
        let about = file.metadata()?;
        if !about.is_file() || about.uid() != rustix::process::geteuid().as_raw() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let mut left = Vec::new();
        file.read_to_end(&mut left)?;
        left.truncate(left.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
        let bytes = left.len() as u64;
        file.set_len(bytes)?;
        Ok((Spool { path, file, bytes, is_full: false }, left))
    }

    /// Whether it has everything that no file has.
    pub fn has_all(&self) -> bool {
        !self.is_full
    }

    pub fn add(&mut self, lines: &[u8]) {
        if self.is_full || self.bytes + lines.len() as u64 > BYTES_MAX {
            self.is_full = true;
            return;
        }
        match self.file.write_all(lines) {
            Ok(()) => self.bytes += lines.len() as u64,
            // Half a line is none, as long as nothing stands behind it.
            Err(_) => self.is_full = true,
        }
    }

    /// A file has all of it.
    pub fn clear(&mut self) {
        if (self.bytes > 0 || self.is_full) && self.file.set_len(0).is_ok() {
            (self.bytes, self.is_full) = (0, false);
        }
    }

    pub fn remove(self) {
        // What stays behind is empty.
        let _ = fs::remove_file(&self.path);
    }
}
