//! Desk phones: the files that they ask for by their makers' names, and what stands in them.
//!
//! A phone asks at an address of its own; whose it is has been found out before (`policy::Phones`). Here are
//! the names of files and the words of four makers, and nothing of HTTP, secrets or rights.
//!
//! Start at `asked.rs`; each maker has a file.

mod asked;
mod escape;
mod grandstream;
mod poly;
mod snom;
mod yealink;

pub use asked::{File, file};
