//! Files that are their owner's alone, forced to the disk.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::private;

/// The beginning of names that are not in their places yet.
pub const UNFINISHED: &str = "unfinished-";

/// Writes a new file that only its owner may read; on return its bytes are on the disk.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private::options().create_new(true).write(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Forces the names in a folder to the disk.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
