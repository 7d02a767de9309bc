//! How far a receiver has come with the records, kept beside them; and what somebody wishes to be sent again.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::follow::Place;

/// One receiver's.
pub struct Bookmark {
    folder: PathBuf,
    name: String,
}

impl Bookmark {
    pub fn of(data: &Path, name: &str) -> Bookmark {
        Bookmark { folder: data.join("webhooks"), name: name.to_owned() }
    }

    /// Where it stands, and since when records are meant; nothing where it is new.
    pub fn read(&self) -> Option<(Place, Option<i64>)> {
        let text = fs::read_to_string(self.path("json")).ok()?;
        let kept: Value = serde_json::from_str(&text).ok()?;
        let place = Place { file: kept["file"].as_str()?.to_owned(), offset: kept["offset"].as_u64()? };
        Some((place, kept["since"].as_i64()))
    }

    /// On return it is on the disk.
    pub fn write(&self, place: &Place, since: Option<i64>) -> io::Result<()> {
        let kept = json!({ "file": place.file, "offset": place.offset, "since": since });
        self.replace("json", &kept.to_string())
    }

    /// Asks for what ended since a moment.
    pub fn wish(&self, since_ms: i64) -> io::Result<()> {
        self.replace("again", &since_ms.to_string())
    }

    /// What was asked for, once.
    pub fn take_wish(&self) -> Option<i64> {
        let path = self.path("again");
        let wish = fs::read_to_string(&path).ok()?;
        fs::remove_file(path).ok()?;
        wish.trim().parse().ok()
    }

    fn path(&self, kind: &str) -> PathBuf {
        self.folder.join(format!("{}.{kind}", self.name))
    }

    fn replace(&self, kind: &str, text: &str) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let beside = self.path(&format!("{kind}.new"));
        let mut file = File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(beside, self.path(kind))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written_and_a_wish_is_taken_once() {
        let data = std::env::temp_dir().join(format!("tandem-bookmark-{}", std::process::id()));
        let bookmark = Bookmark::of(&data, "billing");
        assert_eq!((bookmark.read(), bookmark.take_wish()), (None, None));

        let place = Place { file: "calls-20261122.jsonl".to_owned(), offset: 7 };
        bookmark.write(&place, None).unwrap();
        assert_eq!(bookmark.read(), Some((place.clone(), None)));
        bookmark.write(&place, Some(9)).unwrap();
        assert_eq!(bookmark.read(), Some((place, Some(9))));
        bookmark.wish(1_000).unwrap();
        assert_eq!((bookmark.take_wish(), bookmark.take_wish()), (Some(1_000), None));

        fs::remove_dir_all(&data).unwrap();
    }
}
