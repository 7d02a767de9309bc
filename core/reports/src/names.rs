//! What documents say today of names that records hold.

use std::hash::{BuildHasherDefault, Hasher};

use crate::line::Line;

/// Whose users belong to no site.
const NOWHERE: &str = "(no site)";

/// Users and teams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    sites: Table,
    teams: Table,
}

/// Looked up for each kind of call, and never walked.
type Table = hashbrown::HashMap<String, String, BuildHasherDefault<Folded>>;

/// Quick and even, and the same each time: names are the operator's own.
#[derive(Clone, Copy, Default)]
struct Folded(u64);

impl Hasher for Folded {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for bytes in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            let mixed = (self.0 ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 = mixed ^ (mixed >> 32);
        }
    }
}

impl Names {
    /// The sites of users; teams by what is dialled for them: number, extension, name.
    pub fn new(
        sites: impl IntoIterator<Item = (String, String)>,
        teams: impl IntoIterator<Item = (String, String)>,
    ) -> Names {
        Names { sites: sites.into_iter().collect(), teams: teams.into_iter().collect() }
    }

    /// The site of a user.
    pub fn site_of(&self, user: &str) -> &str {
        self.sites.get(user).map_or(NOWHERE, String::as_str)
    }

    /// The team that was called.
    pub fn team_of(&self, line: &Line<'_>) -> Option<&str> {
        let by_number = line.to_e164.as_deref().and_then(|number| self.teams.get(number));
        by_number.or_else(|| self.teams.get(line.dialled())).map(String::as_str)
    }
}
