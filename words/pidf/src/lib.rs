//! Documents about people: presence (PIDF with RPID, RFC 3863, 4479, 4480), dialogs (RFC 4235) messages
//! that wait (RFC 3842), where phones are registered (RFC 3680), who watches
//! (RFC 3858), and several people together (RFC 4662); what has changed of a presence document (RFC 5262),
//! and what a watcher wants of it (RFC 4661).
//!
//! [`Said::read`] takes what a device publishes and keeps what the house understands of it; [`Presence`] and
//! [`Dialogs`] print what watchers are told, [`Contents`] what they have not been told yet, as far as
//! [`Filters`] let it through. Not here: what makes one person's state out of many sayings.
//!
//! Start at `presence.rs`; `xml.rs` reads no more of XML than such documents need, and trusts nothing.

mod activity;
mod escape;

mod changes;
mod contents;
mod element;
mod presence;

mod filters;
mod path;
mod wishes;

mod dialogs;
mod lists;
mod registrations;
mod said;
mod summary;
mod watchers;
mod xml;

pub use activity::Activity;
pub use contents::Contents;
pub use dialogs::{Dialog, DialogState, Dialogs, Direction, Names};
pub use filters::{Filters, Subject};
pub use lists::{Extent, LIST_TYPE, List, Resource, Told};
pub use presence::{Basic, Presence, Tuple};
pub use registrations::{Contact, Registrations};
pub use said::Said;
pub use summary::{Class, Count, Summary};
pub use watchers::{Cause, Status, Watcher, Watchers};
pub use wishes::Unfit;
pub use xml::Fault;

/// The content type of a presence document.
pub const PRESENCE_TYPE: &str = "application/pidf+xml";

/// The content type of what has changed of a presence document (RFC 5262).
pub const CHANGES_TYPE: &str = "application/pidf-diff+xml";

/// The content type of what a watcher wants to be told (RFC 4661).
pub const FILTERS_TYPE: &str = "application/simple-filter+xml";

/// The content type of a document about dialogs.
pub const DIALOG_TYPE: &str = "application/dialog-info+xml";

/// The content type of a body that is about several people.
pub const LISTS_TYPE: &str = "multipart/related";

/// The content type of where phones are registered.
pub const REGISTRATIONS_TYPE: &str = "application/reginfo+xml";

/// The content type of who watches somebody.
pub const WATCHERS_TYPE: &str = "application/watcherinfo+xml";

/// The content type of what a mailbox holds.
pub const SUMMARY_TYPE: &str = "application/simple-message-summary";
