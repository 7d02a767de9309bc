//! What another thread has the owner of the house do.

use super::owner::Owner;
use crate::edge::Edge;

/// Done by the owner; it hands back what tells whoever waits, once what is in force is shown.
pub type Job = Box<dyn FnOnce(&mut Owner, &Edge) -> Told + Send>;

pub type Told = Box<dyn FnOnce() + Send>;
