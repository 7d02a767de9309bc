//! What a device publishes about its user.

use crate::activity::Activity;
use crate::presence::{Basic, PIDF, RPID};
use crate::xml::{Fault, Piece, Reader};

/// So many notes are kept of a document, each so long.
const NOTES_MAX: usize = 2;
const NOTE_MAX: usize = 128;

/// As much of a presence document as watchers of the house are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Open where one of its tuples is.
    pub basic: Option<Basic>,
    /// In order, each once.
    pub activities: Vec<Activity>,
    pub notes: Vec<Box<str>>,
}

impl Said {
    /// Reads a presence document (RFC 3863): what it says beside is passed over, as its section 4.2.5 wants.
    pub fn read(bytes: &[u8]) -> Result<Said, Fault> {
        let mut reader = Reader::new(bytes)?;
        let mut said = Said::default();
        let mut path: Vec<(&str, &str)> = Vec::new();
        let mut text = String::new();
        loop {
            match reader.next()? {
                Piece::Opens { space, name } => {
                    if path.is_empty() && (space, name) != (PIDF, "presence") {
                        return Err(Fault::NotPresence);
                    }
                    path.push((space, name));
                    text.clear();
                    said.opened(&path);
                }
                Piece::Text(piece) => text.push_str(&piece),
                Piece::Closes => {
                    said.closed(&path, text.trim());
                    text.clear();
                    path.pop();
                }
                Piece::End => break,
            }
        }
        said.activities.sort_unstable();
        said.activities.dedup();
        Ok(said)
    }

    fn opened(&mut self, path: &[(&str, &str)]) {
        if let [.., (RPID, "activities"), (RPID, word)] = path {
            self.activities.extend(Activity::named(word));
        }
    }

    fn closed(&mut self, path: &[(&str, &str)], text: &str) {
        match path {
            [_, (PIDF, "tuple"), (PIDF, "status"), (PIDF, "basic")] => match text {
                "open" => self.basic = Some(Basic::Open),
                "closed" => self.basic = self.basic.or(Some(Basic::Closed)),
                _ => {}
            },
            [.., (_, "note")] if !text.is_empty() && self.notes.len() < NOTES_MAX => {
                let note: String = text.chars().take(NOTE_MAX).collect();
                if !self.notes.iter().any(|known| **known == *note) {
                    self.notes.push(note.into());
                }
            }
            _ => {}
        }
    }
}
