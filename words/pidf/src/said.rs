//! What a device publishes about its user.

use crate::activity::Activity;
use crate::element::{PIDF, RPID};
use crate::presence::Basic;
use crate::xml::{Fault, Piece, Reader};

/// So many notes about the person are kept of a document, each so long.
const NOTES_MAX: usize = 2;
const NOTE_MAX: usize = 128;

/// As much of a presence document as watchers of the house are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Open where one of its tuples is.
    pub basic: Option<Basic>,
    /// In order, each once.
    pub activities: Vec<Activity>,
    /// About the person.
    pub notes: Vec<Box<str>>,
    /// About the device: the first that one of its tuples has.
    pub device_note: Option<Box<str>>,
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
        if said.basic.is_none() {
            // No watcher is shown a device of which nobody knows whether it is open.
            let note = said.device_note.take();
            note.into_iter().for_each(|note| said.note(note));
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
            [.., (_, "note")] if !text.is_empty() => {
                let note: Box<str> = text.chars().take(NOTE_MAX).collect::<String>().into();
                match path {
                    [_, (PIDF, "tuple"), _] if self.device_note.is_none() => self.device_note = Some(note),
                    _ => self.note(note),
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, note: Box<str>) {
        if self.notes.len() < NOTES_MAX && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}
