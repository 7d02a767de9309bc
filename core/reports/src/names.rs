//! What documents say today of names that records hold.

use std::collections::BTreeMap;

use crate::line::Line;

/// Whose users belong to no site.
const NOWHERE: &str = "(no site)";

/// Users and teams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The sites of users.
    pub sites: BTreeMap<String, String>,
    /// Teams by what is dialled for them: number, extension, name.
    pub teams: BTreeMap<String, String>,
}

impl Names {
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
