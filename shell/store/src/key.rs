//! The key that GRUUs are sealed with: made once, and kept as long as what it has sealed should be good.

use std::fs;
use std::io;
use std::path::Path;

use crate::private;
use crate::revisions::{sync_folder, write_whole};

const FILE: &str = "gruu.key";
const UNFINISHED: &str = "unfinished-gruu.key";
const FOLDER: &str = "phones";

/// A key as it is used.
pub type Key = [u8; 32];

/// The key of a data folder that this process has claimed; where there is none, `chance` is, and it is on the
/// disk on return.
pub fn gruu_key(data: &Path, chance: Key) -> io::Result<Key> {
    let folder = data.join(FOLDER);
    let path = folder.join(FILE);
    match fs::read(&path) {
        Ok(bytes) => {
            let words = || format!("{} is no key of {} bytes", path.display(), chance.len());
            bytes.try_into().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, words()))
        }
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            private::make_folder(&folder)?;
            let unfinished = folder.join(UNFINISHED);
            match fs::remove_file(&unfinished) {
                Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
                Ok(()) | Err(_) => {}
            }
            write_whole(&unfinished, &chance)?;
            fs::rename(&unfinished, &path)?;
            sync_folder(&folder)?;
            Ok(chance)
        }
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_its_owners_alone() {
        let data = std::env::temp_dir().join(format!("tandem-gruu-key-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);

        assert_eq!(gruu_key(&data, [1; 32]).unwrap(), [1; 32]);
        assert_eq!(gruu_key(&data, [2; 32]).unwrap(), [1; 32], "the first one stays");
        let path = data.join(FOLDER).join(FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, b"short").unwrap();
        assert_eq!(gruu_key(&data, [2; 32]).unwrap_err().kind(), io::ErrorKind::InvalidData);
        fs::remove_dir_all(&data).unwrap();
    }
}
