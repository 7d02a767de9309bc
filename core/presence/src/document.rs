//! A face in the words of an event package.

use pidf::{Basic, Contact, Dialog, DialogState, Dialogs, Direction, Presence, Registrations, Tuple};

use policy::Policy;

use crate::face::Face;
use crate::known::{By, Engagement, Part, Published, Stage};

/// What a watcher wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Package {
    Presence,
    Dialog,
    /// Messages that wait.
    Messages,
    /// Where phones are registered.
    Registrations,
}

/// Whether a document names dialogs, so that a call that rings can be picked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    Named,
    Unnamed,
}

impl Naming {
    pub fn between(policy: &Policy, watcher: &str, watched: &str) -> Naming {
        match policy.lets_pick_up(watcher, watched) {
            true => Naming::Named,
            false => Naming::Unnamed,
        }
    }
}

/// Every package, as Allow-Events lists them.
pub(crate) const PACKAGES: &str = "presence, dialog, message-summary, reg";

/// The extension by which several people are watched together (RFC 4662 4.1).
pub(crate) const LISTS: &str = "eventlist";

impl Package {
    pub fn named(name: &str) -> Option<Package> {
        match name {
            "presence" => Some(Package::Presence),
            "dialog" => Some(Package::Dialog),
            "message-summary" => Some(Package::Messages),
            "reg" => Some(Package::Registrations),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Package::Presence => "presence",
            Package::Dialog => "dialog",
            Package::Messages => "message-summary",
            Package::Registrations => "reg",
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Package::Presence => pidf::PRESENCE_TYPE,
            Package::Dialog => pidf::DIALOG_TYPE,
            Package::Messages => pidf::SUMMARY_TYPE,
            Package::Registrations => pidf::REGISTRATIONS_TYPE,
        }
    }

    /// Whether a watcher has to be told that one face became another.
    pub fn differs(self, one: &Face, other: &Face) -> bool {
        match self {
            Package::Presence => one.presence != other.presence,
            Package::Dialog => one.dialogs != other.dialogs,
            Package::Messages => one.mailbox != other.mailbox,
            Package::Registrations => one.contacts != other.contacts,
        }
    }

    /// What is shown to nobody but whom it is about, and why.
    pub fn is_private(self) -> Option<&'static str> {
        match self {
            Package::Presence | Package::Dialog => None,
            Package::Messages => Some("a mailbox is shown to nobody but its owner"),
            Package::Registrations => Some("where phones are is shown to nobody but whose they are"),
        }
    }

    /// The document: of whom, by which address they were asked for, and which document of the subscription.
    pub fn document(
        self,
        face: &Face,
        (contact, entity): (&str, &str),
        version: u32,
        naming: Naming,
    ) -> String {
        match self {
            Package::Presence => presence(face, contact, entity),
            Package::Dialog => {
                let dialogs = face.dialogs.iter().map(|one| dialog(one, naming)).collect();
                Dialogs { entity, version, dialogs }.to_string()
            }
            Package::Registrations => {
                let contacts = face.contacts.iter().map(|one| Contact {
                    id: one.id,
                    uri: &one.uri,
                    instance: one.instance.as_deref(),
                    gruu: one.gruu.as_deref(),
                });
                Registrations { address: contact, version, contacts: contacts.collect() }.to_string()
            }
            // Of whom nobody has said anything, nothing waits.
            Package::Messages => face.mailbox.as_deref().cloned().unwrap_or_default().to_string(),
        }
    }
}

fn presence(face: &Face, contact: &str, entity: &str) -> String {
    let mien = &face.presence;
    let house =
        Tuple { id: "house".to_owned(), basic: mien.basic, contact: Some(contact), notes: Vec::new() };
    let tuple = |one: &Published, basic: Basic| Tuple {
        id: format!("d{:x}", one.number),
        basic,
        contact: None,
        notes: Vec::new(),
    };
    let said = mien.published.iter().filter_map(|one| Some(tuple(one, one.said.basic?)));
    Presence {
        entity,
        tuples: std::iter::once(house).chain(said).collect(),
        activities: &mien.activities,
        notes: mien.notes.iter().map(|note| &**note).collect(),
    }
    .to_string()
}

fn dialog(engagement: &Engagement, naming: Naming) -> Dialog<'_> {
    let by = if engagement.by == By::Mobile { "m" } else { "" };
    let (part, direction) = match engagement.part {
        Part::Calling => ("c", Direction::Initiator),
        Part::Called => ("r", Direction::Recipient),
    };
    Dialog {
        id: format!("{:x}{part}{by}", engagement.call),
        direction,
        state: match engagement.stage {
            Stage::Trying => DialogState::Trying,
            Stage::Ringing => DialogState::Early,
            Stage::Talking => DialogState::Confirmed,
        },
        names: engagement.names.as_deref().filter(|_| naming == Naming::Named).map(|names| pidf::Names {
            call_id: &names.call_id,
            local_tag: &names.local_tag,
            remote_tag: &names.remote_tag,
        }),
    }
}
