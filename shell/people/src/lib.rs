//! People of a directory as users of the house: they are read by LDAP, and written as documents.
//!
//! [`fetch`] asks a directory for all entries that are wanted, and fails rather than to hand on a part of
//! them. [`people_of`] says what they mean, a pure function; [`documents`] and [`secrets`] write that down.
//!
//! Not here: when a directory is asked, and what becomes of users who came, changed or left (`node`).
//!
//! Start with `person.rs`.

mod fetch;
mod person;
mod stream;
mod written;

pub use fetch::{NotRead, fetch};
pub use ldap::{Attribute, Entry};
pub use person::{LeftOut, Password, Person, people_of};
pub use written::{documents, secrets};
