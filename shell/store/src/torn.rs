//! Repairs a file whose last line was cut by a crash: the cut line is set aside, never read as a record.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::private;

const BLOCK: u64 = 64 * 1024;

/// Moves a last line without its end into `<file>.torn`; says how many bytes it had.
pub fn set_aside(path: &Path) -> io::Result<Option<u64>> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let complete = complete_part(&mut file, length)?;
    if complete == length {
        return Ok(None);
    }

    let mut torn = Vec::new();
    file.seek(SeekFrom::Start(complete))?;
    file.read_to_end(&mut torn)?;
    torn.push(b'\n');
    let mut aside = private::options().create(true).append(true).open(torn_path(path))?;
    aside.write_all(&torn)?;
    aside.sync_all()?;
    file.set_len(complete)?;
    file.sync_all()?;
    Ok(Some(length - complete))
}

/// The length of a file up to its last whole line.
pub fn whole_lines(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    complete_part(file, length)
}

/// Where the cut lines of a file go.
pub fn torn_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".torn");
    PathBuf::from(name)
}

/// The length of the file up to and with its last line end.
fn complete_part(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    let mut block = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(start))?;
        block.clear();
        file.take(end - start).read_to_end(&mut block)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
