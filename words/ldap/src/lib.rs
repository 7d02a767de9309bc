//! What is said to a directory, and what it answers (LDAP, RFC 4511), as far as reading people out of one
//! needs: bind, StartTLS, search with pages (RFC 2696).
//!
//! [`Request::write`] makes bytes; [`whole`] says how many bytes the next answer has, [`Answer::read`] reads
//! it; a [`Filter`] is read from its usual text (RFC 4515). What is read is never nested deeper than LDAP
//! says, and nothing is believed about a length that the bytes do not hold.
//!
//! Not here: connections, TLS, what an entry means.
//!
//! Start with `message.rs`.

mod ber;
mod filter;
mod message;

pub use ber::Malformed;
pub use filter::{Filter, NoFilter};
pub use message::{Answer, Attribute, Entry, Request, Search, whole};
