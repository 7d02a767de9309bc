//! What tells one data folder from all others, wherever it is moved: made once, and copied with it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::private;
use crate::revisions::{sync_folder, write_whole};

const FILE: &str = "node.id";
const UNFINISHED: &str = "unfinished-node.id";
const DIGITS: usize = 32;

/// The name of a data folder; it is made where there is none, and on the disk on return.
pub fn identity(data: &Path) -> io::Result<String> {
    let path = data.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => {
            let name = text.trim_end();
            let is_one = name.len() == DIGITS && name.bytes().all(|byte| byte.is_ascii_hexdigit());
            let words = || format!("{} is no name of {DIGITS} digits: delete it", path.display());
            is_one.then(|| name.to_owned()).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, words()))
        }
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => make(data, &path),
        Err(fault) => Err(fault),
    }
}

fn make(data: &Path, path: &Path) -> io::Result<String> {
    let mut chance = [0; DIGITS / 2];
    File::open("/dev/urandom")?.read_exact(&mut chance)?;
    let name: String = chance.iter().map(|byte| format!("{byte:02x}")).collect();
    private::make_folder(data)?;
    let unfinished = data.join(UNFINISHED);
    match fs::remove_file(&unfinished) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(fault),
        Ok(()) | Err(_) => {}
    }
    write_whole(&unfinished, name.as_bytes())?;
    fs::rename(&unfinished, path)?;
    sync_folder(data)?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_data_folder_has_one_name_and_another_has_another() {
        let place = std::env::temp_dir().join(format!("tandem-identity-{}", std::process::id()));
        let _ = fs::remove_dir_all(&place);
        let (one, other) = (place.join("one"), place.join("other"));

        let name = identity(&one).unwrap();

        assert_eq!(identity(&one).unwrap(), name, "it stays");
        assert_ne!(identity(&other).unwrap(), name);
        fs::write(one.join(FILE), "me").unwrap();
        assert_eq!(identity(&one).unwrap_err().kind(), io::ErrorKind::InvalidData);
        fs::remove_dir_all(&place).unwrap();
    }
}
