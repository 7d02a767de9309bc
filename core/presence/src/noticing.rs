//! What programs notice of people: a calendar that they are in a meeting, a mobile carrier that they speak.

use std::sync::Arc;
use std::time::Duration;

use pidf::{Activity, Said};

use crate::house::{House, Surroundings};
use crate::limits::NOTICE_LASTS;

/// What a program says of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// A user's name, number, extension or mobile.
    pub of: Box<str>,
    /// Each program says one thing at a time.
    pub program: Arc<str>,
    /// What it says from now on; nothing, where it has nothing to say any more.
    pub says: Option<Says>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Says {
    pub activities: Vec<Activity>,
    pub note: Option<Box<str>>,
    /// It is over by itself: programs die, and forget.
    pub lasts: Duration,
}

/// Why a notice was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unnoticed {
    Nobody,
    /// Too many other programs say something of the user.
    TooMany,
}

impl House {
    /// Takes a notice, which also outlives the process; whom it is about.
    pub fn notice(&mut self, around: &mut Surroundings<'_>, notice: &Notice) -> Result<Arc<str>, Unnoticed> {
        let policy = around.policy;
        let named = policy.person(&notice.of, "").or_else(|| policy.owner_of_mobile(&notice.of));
        let user = Arc::clone(named.ok_or(Unnoticed::Nobody)?);
        let says = notice.says.clone().map(|Says { mut activities, note, lasts }| {
            activities.sort_unstable();
            activities.dedup();
            let said = Said { activities, notes: note.into_iter().collect(), ..Said::default() };
            (said, lasts.min(NOTICE_LASTS))
        });
        let number = self.next_publication(around.wall);
        if !self.publications.notice(around.now, &user, &notice.program, says, number) {
            return Err(Unnoticed::TooMany);
        }
        self.follow_published(around, &user);
        self.tell(around);
        Ok(user)
    }
}
