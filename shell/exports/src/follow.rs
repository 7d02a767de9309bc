//! Reads the files of records along, as they grow.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::Value;

/// How far somebody has read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The name of a file; nothing before there was any.
    pub file: String,
    pub offset: u64,
}

/// The records of a house.
pub struct Follow {
    folder: PathBuf,
}

impl Follow {
    pub fn new(data: &Path) -> Follow {
        Follow { folder: data.join("records") }
    }

    /// Where the records end now.
    pub fn end(&self) -> Place {
        let last = self.files().ok().and_then(|mut files| files.pop());
        let length = |file: &String| fs::metadata(self.folder.join(file)).map_or(0, |about| about.len());
        last.map_or_else(Place::default, |file| Place { offset: length(&file), file })
    }

    /// Whole records from a place on, at most so many bytes of them, and where they end.
    pub fn next(&self, from: &Place, bytes_max: usize) -> io::Result<(Vec<Value>, Place)> {
        let mut place = from.clone();
        for file in self.files()?.into_iter().filter(|file| *file >= from.file) {
            if file != place.file {
                place = Place { file, offset: 0 };
            }
            let records = self.records_of(&mut place, bytes_max)?;
            if !records.is_empty() {
                return Ok((records, place));
            }
        }
        Ok((Vec::new(), place))
    }

    /// The next records and where they end, if there are any; goes on beyond whatever is none.
    pub fn more(&self, at: &mut Place, bytes_max: usize) -> Option<(Vec<Value>, Place)> {
        // Before the first call there is no folder.
        let (records, next) = self.next(at, bytes_max).ok()?;
        if records.is_empty() {
            *at = next;
            return None;
        }
        Some((records, next))
    }

    /// A line that is being written is not whole yet: it comes the next time.
    fn records_of(&self, place: &mut Place, bytes_max: usize) -> io::Result<Vec<Value>> {
        let mut file = BufReader::new(File::open(self.folder.join(&place.file))?);
        file.seek(SeekFrom::Start(place.offset))?;
        let (mut records, mut line, mut bytes) = (Vec::new(), Vec::new(), 0);
        while bytes < bytes_max {
            line.clear();
            let read = file.read_until(b'\n', &mut line)?;
            if line.last() != Some(&b'\n') {
                break;
            }
            place.offset += read as u64;
            // What a crash has torn is told of where records are read by whoever wants all of them.
            if let Ok(record) = serde_json::from_slice::<Value>(&line) {
                bytes += read;
                records.push(record);
            }
        }
        Ok(records)
    }

    /// The names of files of records, the oldest first.
    fn files(&self) -> io::Result<Vec<String>> {
        let mut files: Vec<String> = fs::read_dir(&self.folder)?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.starts_with("calls-") && name.ends_with(".jsonl"))
            .collect();
        files.sort();
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Write;

    use super::*;

    #[test]
    fn every_record_is_read_once_over_the_end_of_a_day_and_a_line_half_written() {
        let data = std::env::temp_dir().join(format!("tandem-follow-{}", std::process::id()));
        fs::create_dir_all(data.join("records")).unwrap();
        let write = |day: &str, text: &str| {
            let path = data.join("records").join(format!("calls-{day}.jsonl"));
            let mut file = File::options().create(true).append(true).open(path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        write("20261121", "{\"id\":0}\n");
        let follow = Follow::new(&data);
        let mut place = follow.end();
        let mut read = |bytes_max: usize| {
            let (records, next) = follow.next(&place, bytes_max).unwrap();
            place = next;
            records.iter().map(|record| record["id"].as_u64().unwrap()).collect::<Vec<_>>()
        };

        write("20261121", "{\"id\":1}\n{\"id\":2}\n{\"id\":3");
        assert_eq!(read(1), [1]);
        assert_eq!(read(1_000), [2]);
        assert!(read(1_000).is_empty());
        write("20261121", "}\n");
        write("20261122", "torn\n{\"id\":4}\n{\"id\":5}\n");
        assert_eq!(read(1_000), [3]);
        assert_eq!(read(1_000), [4, 5]);
        assert!(read(1_000).is_empty());

        fs::remove_dir_all(&data).unwrap();
    }
}
