//! Waiting for a turn: a trunk takes so many calls in a second, and those above it stand in line.

use std::time::Duration;

use policy::{AttemptPlan, Cause, Turn};

use crate::Room;
use crate::attempt::{Stage, Waiting};
use crate::call::{Call, State};
use crate::told::Word;

impl Call {
    /// Takes a place in the lines of an attempt. Nothing: it is its turn now.
    pub(crate) fn stand_in_line(
        &mut self,
        room: &Room<'_>,
        plan: &AttemptPlan,
    ) -> Result<Option<Waiting>, (Cause, String)> {
        if plan.paces.is_empty() {
            return Ok(None);
        }
        if !self.is_held_up() {
            Turn::pass(&plan.paces, room.now.wall);
            return Ok(None);
        }
        let turn = Turn::take(&plan.paces, room.now.wall).map_err(|full| {
            self.retry_after = Some(full.wait);
            (Cause::Limit, full.to_string())
        })?;
        if turn.wait.is_zero() {
            return Ok(None);
        }
        let now = room.now.instant;
        self.draft.waits(&turn);
        let until = now + turn.wait;
        let tell_at = plan.tell_queued.map(|after| now + after).filter(|at| *at < until);
        Ok(Some(Waiting { turn, until, tell_at }))
    }

    /// Whether limits hold this call up: not one for help, nor its answer, nor one that is marked by somebody
    /// who may.
    pub(crate) fn is_held_up(&self) -> bool {
        !self.plan.emergency && !self.plan.is_callback && self.plan.priority.is_none()
    }

    /// It may be its turn, or time to tell the caller that it waits.
    pub(crate) fn look_at_line(&mut self, room: &mut Room<'_>) {
        let now = room.now.instant;
        let State::Placing(attempt) = &mut self.state else { return };
        let Stage::Waiting(waiting) = &mut attempt.stage else { return };
        if waiting.until <= now {
            return self.turn_came(room);
        }
        if waiting.tell_at.take_if(|at| *at <= now).is_some() {
            self.tell_caller(room, Word::plain(182));
        }
    }

    /// Leaves the line before its turn.
    pub(crate) fn leave_line(&mut self) {
        if let State::Placing(attempt) = &self.state
            && let Stage::Waiting(waiting) = &attempt.stage
        {
            waiting.turn.give_back();
        }
    }

    /// When a refused caller may try again, in whole seconds.
    pub(crate) fn retry_after_seconds(&self) -> u64 {
        const USUAL: Duration = Duration::from_secs(5);
        let wait = self.retry_after.unwrap_or(USUAL);
        wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
    }
}
