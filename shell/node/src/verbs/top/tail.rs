//! Follows files of lines as they grow, from not far before their end on.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Of what was there before we look: what tells of the last minutes where not much happens.
const BEFORE: u64 = 512 * 1024;
/// What is read at a time; who is further behind goes on near the end.
const MOST: u64 = 8 * 1024 * 1024;

/// Where the files of a data folder stand, the oldest first.
type Files = fn(&Path) -> io::Result<Vec<PathBuf>>;

/// How far somebody has read.
pub struct Tail {
    files: Files,
    at: Option<(PathBuf, u64)>,
}

impl Tail {
    pub fn new(files: Files) -> Tail {
        Tail { files, at: None }
    }

    /// Gives the whole lines that were added.
    pub fn read(&mut self, data: &Path, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        let files = (self.files)(data)?;
        let known =
            self.at.take().and_then(|(path, read)| Some((files.iter().position(|one| *one == path)?, read)));
        let (first, mut read) = match (known, files.len().checked_sub(1)) {
            (Some((at, read)), _) => (at, Some(read)),
            (None, Some(last)) => (last, None),
            (None, None) => return Ok(()),
        };
        for path in files.iter().skip(first) {
            let read = lines_of(path, read.take().map_or(From::NearTheEnd, From::Byte), &mut each)?;
            self.at = Some((path.clone(), read));
        }
        Ok(())
    }
}

/// Where reading begins in a file.
enum From {
    NearTheEnd,
    Byte(u64),
}

/// Gives whole lines; how far it has come.
fn lines_of(path: &Path, from: From, each: &mut impl FnMut(&[u8])) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let near_the_end = length.saturating_sub(BEFORE);
    let (start, is_amid) = match from {
        From::Byte(read) if (read..=read + MOST).contains(&length) => (read, false),
        From::Byte(_) | From::NearTheEnd => (near_the_end, near_the_end > 0),
    };
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(length - start).read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let mut lines = bytes[..whole].split(|byte| *byte == b'\n');
    if is_amid {
        lines.next();
    }
    lines.filter(|line| !line.is_empty()).for_each(each);
    Ok(start + whole as u64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("tandem-tail-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }

        fn add(&self, name: &str, text: &str) {
            let file = File::options().create(true).append(true).open(self.0.join(name));
            file.unwrap().write_all(text.as_bytes()).unwrap();
        }

        fn read(&self, tail: &mut Tail) -> Vec<String> {
            let mut lines = Vec::new();
            tail.read(&self.0, |line| lines.push(String::from_utf8_lossy(line).into_owned())).unwrap();
            lines
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut all: Vec<PathBuf> =
            fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        all.sort();
        Ok(all)
    }

    #[test]
    fn each_line_is_given_once_when_it_is_whole_over_the_turn_of_files() {
        let folder = Folder::new("once");
        let mut tail = Tail::new(sorted);
        assert!(folder.read(&mut tail).is_empty());

        folder.add("1", "one\ntw");
        assert_eq!(folder.read(&mut tail), ["one"]);
        folder.add("1", "o\n");
        folder.add("2", "three\n");
        assert_eq!(folder.read(&mut tail), ["two", "three"]);
        assert!(folder.read(&mut tail).is_empty());
        fs::remove_file(folder.0.join("1")).unwrap();
        fs::remove_file(folder.0.join("2")).unwrap();
        folder.add("3", "four\n");
        assert_eq!(folder.read(&mut tail), ["four"], "what it read went for its age");
    }

    #[test]
    fn of_a_long_file_only_the_end_is_read_and_no_half_line() {
        let folder = Folder::new("long");
        let line = format!("{}\n", "x".repeat(999));
        folder.add("1", &line.repeat(2_000));
        let mut tail = Tail::new(sorted);

        let first = folder.read(&mut tail);
        folder.add("1", &line.repeat(10_000));
        let second = folder.read(&mut tail);

        assert_eq!((first.len(), second.len()), (524, 524));
        assert!(first.iter().chain(&second).all(|line| line.len() == 999));
    }
}
