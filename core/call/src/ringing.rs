//! Attempts that ring at the same time: one is in hand, the others are beside it until something comes of
//! them.
//!
//! Each has media ports of its own, and while several ring, the caller hears that it rings and nothing of
//! what they say: nobody hears two of them. The first answer wins, the others are told so (RFC 3326).

use std::mem::{replace, swap};

use media::{Sending, Side};

use crate::Room;
use crate::attempt::{Attempt, Stage};
use crate::bridge::Bridge;
use crate::call::{Call, State};
use crate::closing::Closing;
use crate::draft::Row;
use crate::ring::Beside;
use crate::stand::{Reached, Stand};

impl Call {
    /// Takes that attempt in hand which is meant; whether there is one.
    pub(crate) fn take_up(&mut self, mut is_meant: impl FnMut(&mut Attempt) -> bool) -> bool {
        let State::Placing(in_hand) = &mut self.state else { return false };
        if is_meant(in_hand) {
            return true;
        }
        let Some(other) =
            self.ring.beside.iter_mut().find_map(|one| is_meant(&mut one.attempt).then_some(one))
        else {
            return false;
        };
        swap(in_hand, &mut other.attempt);
        swap(&mut self.bridge, &mut other.bridge);
        swap(&mut self.ring.permits, &mut other.permits);
        self.draft.take_up(in_hand.row);
        true
    }

    /// Every attempt under way.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        let in_hand = if let State::Placing(attempt) = &self.state { Some(&**attempt) } else { None };
        in_hand.into_iter().chain(self.ring.beside.iter().map(|one| &*one.attempt))
    }

    /// The permits that this call and its attempts hold.
    pub(crate) fn permits_held(&self) -> usize {
        let beside = self.ring.beside.iter().map(|one| one.permits.len()).sum::<usize>();
        let lent = self.lender.as_ref().map_or(0, |lender| lender.permits.len());
        self.permits.len() + self.ring.permits.len() + beside + lent
    }

    /// Whether a relay session is one of this call's.
    pub(crate) fn has_session(&self, session: media::SessionKey) -> bool {
        let is_copies = self.sittings.iter().any(|sitting| session == self.copies(sitting));
        let others = self.ring.beside.iter().map(|one| &one.bridge);
        is_copies
            || others.chain([&self.bridge]).any(|bridge| bridge.session() == session || bridge.was(session))
    }

    /// The relay sessions of those who ring beside the one in hand.
    pub(crate) fn sessions_beside(&self) -> Vec<media::SessionKey> {
        let copies = self.sittings.iter().map(|sitting| self.copies(sitting));
        self.ring.beside.iter().map(|one| one.bridge.session()).chain(copies).collect()
    }

    /// Takes the attempt in hand that a relay session belongs to; whether there is one.
    pub(crate) fn take_up_session(&mut self, session: media::SessionKey) -> bool {
        if self.bridge.session() == session {
            return true;
        }
        let other = self.ring.beside.iter().find(|one| one.bridge.session() == session);
        let Some(row) = other.map(|one| one.attempt.row) else { return false };
        self.take_up(|attempt| attempt.row == row)
    }

    /// Lays the attempt in hand aside: another begins, with media of its own.
    pub(crate) fn lay_aside(&mut self, room: &Room<'_>, lane: usize) {
        let caller = &self.caller;
        let stand = Stand::of(room, caller.flow, Reached::by(&caller.dialog), &self.plan.leg);
        let fresh = Bridge::beside(self.key, lane, stand);
        let State::Placing(attempt) = replace(&mut self.state, State::Closing(Closing::default())) else {
            return;
        };
        let bridge = replace(&mut self.bridge, fresh);
        let permits = std::mem::take(&mut self.ring.permits);
        self.ring.beside.push(Beside { attempt, bridge, permits });
    }

    /// What is in hand has come to nothing: another one that still rings is taken in hand.
    pub(crate) fn drop_in_hand(&mut self, room: &mut Room<'_>) {
        let Some(Beside { attempt, bridge, permits }) = self.ring.beside.pop() else { return };
        self.ring.permits = permits;
        self.draft.take_up(attempt.row);
        replace(&mut self.bridge, bridge).let_go(room);
        self.state = State::Placing(attempt);
    }

    /// While others ring too, nothing of a callee is heard before it answers.
    pub(crate) fn gate_ring(&mut self, room: &mut Room<'_>) {
        let is_shared = self.plan.ring(self.ring.first).len() > 1;
        if let State::Placing(attempt) = &mut self.state
            && is_shared
        {
            self.bridge.gate(room, Side::Caller, Sending::Held);
            attempt.is_gated = true;
        }
    }

    /// Ends whoever rings beside the one in hand. A 2xx that crosses is acknowledged and ended.
    pub(crate) fn let_others_go(&mut self, room: &mut Room<'_>, reason: Option<&str>, words: &str) {
        let now = room.now.instant;
        let row = self.draft.row();
        for Beside { attempt, mut bridge, .. } in std::mem::take(&mut self.ring.beside) {
            if let Some(client) = attempt.client() {
                room.stack.cancel(now, client, reason, room.sends);
            }
            if let Stage::Waiting(waiting) = &attempt.stage {
                waiting.turn.give_back();
            }
            self.draft.take_up(attempt.row);
            self.draft.attempt_left(room, words);
            bridge.let_go(room);
        }
        self.draft.take_up(row);
    }

    /// Looks at every attempt whose time may be over.
    pub(crate) fn expire_attempts(&mut self, room: &mut Room<'_>) {
        if !self.ring.is_shared() {
            return self.expire_attempt(room);
        }
        let rows: Vec<Row> = self.attempts().map(|attempt| attempt.row).collect();
        for row in rows {
            if self.take_up(|attempt| attempt.row == row) {
                self.expire_attempt(room);
            }
        }
    }

    /// One name is looked up at a time: whoever waited for that goes on.
    pub(crate) fn look_up_next(&mut self, room: &mut Room<'_>) {
        while !self.attempts().any(|attempt| matches!(attempt.stage, Stage::Locating(_)))
            && self.take_up(|attempt| matches!(attempt.stage, Stage::Begun))
        {
            self.turn_came(room);
        }
    }
}
