//! What digits mean, and how numbers are written: the plans of countries, and the forms of trunks.
//!
//! [`Plans`] holds the countries and is read from text, so that it can be renewed apart from the program.
//! `read` goes from digits to E.164, `write` back; whoever writes a number for a far end asks [`rendered`].

mod beginning;
mod country;
mod plans;
mod read;
mod write;

pub(crate) use country::{Country, Kind, Service};
pub(crate) use plans::Plans;
pub(crate) use read::{Meaning, Place, meaning};
pub(crate) use write::{rendered, understood};
