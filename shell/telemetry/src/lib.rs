//! The map of this crate.
