//! A face in the words of an event package.

use pidf::{
    Contact, Dialog, DialogState, Dialogs, Direction, Presence, Registrations, Tuple, Watcher, Watchers,
};

use policy::Policy;
use sip_stack::Token;

use crate::face::{Face, Mien};
use crate::known::{About, By, Engagement, Part, Published, Seen, Stage};
use crate::limits::WATCHERS_SHOWN;

/// What a watcher wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Package {
    Presence,
    Dialog,
    /// Messages that wait.
    Messages,
    /// Where phones are registered.
    Registrations,
    /// Who watches presence, and lamps.
    PresenceWatchers,
    DialogWatchers,
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
pub(crate) const PACKAGES: &str = "presence, dialog, message-summary, reg, presence.winfo, dialog.winfo";

/// The extension by which several people are watched together (RFC 4662 4.1).
pub(crate) const LISTS: &str = "eventlist";

impl Package {
    pub fn named(name: &str) -> Option<Package> {
        match name {
            "presence" => Some(Package::Presence),
            "dialog" => Some(Package::Dialog),
            "message-summary" => Some(Package::Messages),
            "reg" => Some(Package::Registrations),
            "presence.winfo" => Some(Package::PresenceWatchers),
            "dialog.winfo" => Some(Package::DialogWatchers),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Package::Presence => "presence",
            Package::Dialog => "dialog",
            Package::Messages => "message-summary",
            Package::Registrations => "reg",
            Package::PresenceWatchers => "presence.winfo",
            Package::DialogWatchers => "dialog.winfo",
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Package::Presence => pidf::PRESENCE_TYPE,
            Package::Dialog => pidf::DIALOG_TYPE,
            Package::Messages => pidf::SUMMARY_TYPE,
            Package::Registrations => pidf::REGISTRATIONS_TYPE,
            Package::PresenceWatchers | Package::DialogWatchers => pidf::WATCHERS_TYPE,
        }
    }

    /// Whether a watcher has to be told that one face became another.
    pub fn differs(self, one: &Face, other: &Face) -> bool {
        match self {
            Package::Presence => one.presence != other.presence,
            Package::Dialog => one.dialogs != other.dialogs,
            Package::Messages => one.mailbox != other.mailbox,
            Package::Registrations => one.contacts != other.contacts,
            Package::PresenceWatchers | Package::DialogWatchers => {
                let of = |face: &Face| -> Vec<Seen> { self.watchers_in(face).cloned().collect() };
                of(one) != of(other)
            }
        }
    }

    /// What is shown to nobody but whom it is about, and why.
    pub fn is_private(self) -> Option<&'static str> {
        match self {
            Package::Presence | Package::Dialog => None,
            Package::Messages => Some("a mailbox is shown to nobody but its owner"),
            Package::Registrations => Some("where phones are is shown to nobody but whose they are"),
            Package::PresenceWatchers | Package::DialogWatchers => {
                Some("who watches is shown to nobody but whom they watch")
            }
        }
    }

    /// The document: of whom, by which address they were asked for, and which document of the subscription.
    pub fn document(
        self,
        face: &Face,
        policy: &Policy,
        (contact, entity): (&str, &str),
        version: u32,
        naming: Naming,
    ) -> String {
        match self {
            Package::Presence => presence(&face.presence, contact, entity).to_string(),
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
            Package::PresenceWatchers | Package::DialogWatchers => {
                self.watchers(face, policy, contact, version)
            }
            // Of whom nobody has said anything, nothing waits.
            Package::Messages => face.mailbox.as_deref().cloned().unwrap_or_default().to_string(),
        }
    }
}

impl Package {
    /// What the watchers want to know whom it is about.
    pub fn of_watchers(self) -> Option<About> {
        match self {
            Package::PresenceWatchers => Some(About::Presence),
            Package::DialogWatchers => Some(About::Dialog),
            Package::Presence | Package::Dialog | Package::Messages | Package::Registrations => None,
        }
    }

    /// What a watcher who asks for it wants to know, where others may be told of that.
    pub fn about(self) -> Option<About> {
        match self {
            Package::Presence => Some(About::Presence),
            Package::Dialog => Some(About::Dialog),
            Package::Messages
            | Package::Registrations
            | Package::PresenceWatchers
            | Package::DialogWatchers => None,
        }
    }

    fn watchers_in(self, face: &Face) -> impl Iterator<Item = &Seen> {
        face.watchers.iter().filter(move |one| Some(one.about) == self.of_watchers())
    }

    fn watchers(self, face: &Face, policy: &Policy, resource: &str, version: u32) -> String {
        let watcher = |one: &Seen| Watcher {
            id: Token::from_bits(one.token).letters().text().to_owned(),
            address: format!("sip:{}@{}", one.watcher, policy.realm()),
            name: policy.display_of(&one.watcher),
            status: one.status,
            cause: one.cause,
        };
        let package = self.name().trim_end_matches(".winfo");
        // Those who wait for a word stand first.
        let watchers = self.watchers_in(face).take(WATCHERS_SHOWN).map(watcher).collect();
        Watchers { resource, package, version, watchers }.to_string()
    }
}

/// A person as watchers are told of them: the house first, then devices in the order in which they came.
pub(crate) fn presence<'a>(mien: &'a Mien, contact: &'a str, entity: &'a str) -> Presence<'a> {
    let house =
        Tuple { id: "house".to_owned(), basic: mien.basic, contact: Some(contact), notes: Vec::new() };
    let mut published: Vec<&'a Published> = mien.published.iter().collect();
    published.sort_by_key(|one| one.id);
    let tuple = |one: &'a Published| {
        let (id, basic) = (format!("d{:x}", one.id), one.said.basic?);
        Some(Tuple { id, basic, contact: None, notes: one.said.device_note.as_deref().into_iter().collect() })
    };
    Presence {
        entity,
        tuples: std::iter::once(house).chain(published.into_iter().filter_map(tuple)).collect(),
        activities: &mien.activities,
        notes: mien.notes.iter().map(|note| &**note).collect(),
    }
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
