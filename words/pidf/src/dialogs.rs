//! The dialogs of somebody, as busy lamps read them (RFC 4235 4).

use std::fmt;

use crate::escape::Escaped;

/// A whole document: what it does not name is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialogs<'a> {
    /// The URI that was asked for.
    pub entity: &'a str,
    /// Begins with 0 and rises by one with each document of a subscription.
    pub version: u32,
    pub dialogs: Vec<Dialog<'a>>,
}

/// One of them. With whom it is stays untold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialog<'a> {
    /// The same as long as it lasts.
    pub id: String,
    pub direction: Direction,
    pub state: DialogState,
    pub names: Option<Names<'a>>,
}

/// What a Replaces header names a dialog by (RFC 3891 3), as the phone that it is of knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names<'a> {
    pub call_id: &'a str,
    pub local_tag: &'a str,
    pub remote_tag: &'a str,
}

/// Who began it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    Initiator,
    Recipient,
}

/// How far it has come (RFC 4235 3.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DialogState {
    Trying,
    Early,
    Confirmed,
}

impl fmt::Display for Dialogs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<?xml version=\"1.0\"?>\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\"")?;
        let entity = Escaped(self.entity);
        writeln!(f, " version=\"{}\" state=\"full\" entity=\"{entity}\">", self.version)?;
        for dialog in &self.dialogs {
            let direction = match dialog.direction {
                Direction::Initiator => "initiator",
                Direction::Recipient => "recipient",
            };
            let state = match dialog.state {
                DialogState::Trying => "trying",
                DialogState::Early => "early",
                DialogState::Confirmed => "confirmed",
            };
            let id = Escaped(&dialog.id);
            write!(f, "<dialog id=\"{id}\"")?;
            if let Some(Names { call_id, local_tag, remote_tag }) = dialog.names {
                let (call_id, local, remote) = (Escaped(call_id), Escaped(local_tag), Escaped(remote_tag));
                write!(f, " call-id=\"{call_id}\" local-tag=\"{local}\" remote-tag=\"{remote}\"")?;
            }
            writeln!(f, " direction=\"{direction}\"><state>{state}</state></dialog>")?;
        }
        f.write_str("</dialog-info>\n")
    }
}
