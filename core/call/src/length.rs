//! How long a call may be: as long as the strictest of its trunks lets it.

use media::Side;

use crate::call::{Call, State};
use crate::closing::Ending;
use crate::{EndedBy, Room};

impl Call {
    /// From now on its parties talk.
    pub(crate) fn limit_length(&mut self, room: &Room<'_>) {
        let longest =
            [Side::Caller, Side::Callee].into_iter().filter_map(|side| self.end(side).rules.longest);
        let longest = longest.min().filter(|_| !self.plan.emergency);
        self.over_at = longest.map(|longest| room.now.instant + longest);
    }

    pub(crate) fn expire_length(&mut self, room: &mut Room<'_>) {
        let is_over = self.over_at.is_some_and(|at| at <= room.now.instant);
        if is_over && matches!(self.state, State::Up(_)) {
            self.end_both(room, EndedBy::House, Ending::TooLong);
        }
    }
}
