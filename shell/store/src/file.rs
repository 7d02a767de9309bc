//! One append-only file of lines, in which every byte belongs to a complete line.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use crate::private;

/// The file lines are appended to, and how long it is up to its last complete line.
pub struct LineFile {
    file: Arc<File>,
    complete: u64,
    /// Whether something stands behind that.
    has_rest: bool,
}

impl LineFile {
    pub fn open(path: &Path) -> io::Result<LineFile> {
        let file = private::options().create(true).append(true).open(path)?;
        let complete = file.metadata()?.len();
        Ok(LineFile { file: Arc::new(file), complete, has_rest: false })
    }

    /// Writes whole lines with one `write`. If the disk takes only a part, none of it stays.
    pub fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.has_rest {
            self.file.set_len(self.complete)?;
            self.has_rest = false;
        }
        match write_once(&self.file, lines) {
            Ok(()) => {
                self.complete += lines.len() as u64;
                Ok(())
            }
            Err(error) => {
                // Should it stay nothing is written behind it.
                self.has_rest = self.file.set_len(self.complete).is_err();
                Err(error)
            }
        }
    }

    /// How long it is up to its last complete line.
    pub fn complete(&self) -> u64 {
        self.complete
    }

    /// A second handle, to force what was written to the disk without holding up writers.
    pub fn handle(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }
}

fn write_once(mut file: &File, lines: &[u8]) -> io::Result<()> {
    loop {
        return match file.write(lines) {
            Ok(written) if written == lines.len() => Ok(()),
            Ok(_) => Err(io::ErrorKind::StorageFull.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
    }
}
