//! A call goes through its attempts once; then to addresses that were left out, for nobody else has taken
//! it; and all over again for help.

use std::time::Instant;

use policy::{AttemptPlan, Rang};
use sip_stack::locate::Target;
use targets::{Place, Way, Wish};

use crate::Room;
use crate::attempt::Hop;
use crate::call::{Call, State};
use crate::ring::Failure;
use crate::round::{Due, Onward, Round};

/// How often a call for help goes through all its attempts again.
const HELP_ROUNDS: u8 = 2;

impl Call {
    /// The address that was tried has failed.
    pub(crate) fn note_failed(&mut self) {
        if let State::Placing(attempt) = &self.state
            && let Some(place) = attempt.place
            && !self.rounds.asked.contains(&place)
        {
            self.rounds.asked.push(place);
        }
    }

    /// No attempt of this round is left.
    pub(crate) fn round_ended(&mut self, room: &mut Room<'_>) {
        let is_first = self.rounds.now == Round::First && self.may_go_on(room.now.instant);
        let mut has_left_out = |index: &usize| !self.left_out(room, &self.plan.attempts[*index]).is_empty();
        if !is_first || !self.rounds.had_turn.iter().any(&mut has_left_out) {
            return self.fail(room);
        }
        self.rounds.now = Round::LeftOut;
        self.try_from(room, 0);
    }

    /// What broke may have come back: the next round of a call for help, if there is one.
    pub(crate) fn next_round_for_help(&self, now: Instant) -> Option<Round> {
        let count = match self.rounds.now {
            Round::First | Round::LeftOut => 1,
            Round::Again(count) => count + 1,
        };
        let is_due = self.plan.emergency && count <= HELP_ROUNDS && self.may_go_on(now);
        is_due.then_some(Round::Again(count))
    }

    fn may_go_on(&self, now: Instant) -> bool {
        now < self.set_up_by && (self.caller.invite.is_some() || self.origin.is_some())
    }

    /// Whether an attempt has its turn in this round.
    pub(crate) fn due(&self, room: &mut Room<'_>, index: usize) -> Due {
        let plan = &self.plan.attempts[index];
        match self.rounds.now {
            Round::LeftOut if !self.rounds.had_turn.contains(&index) => Due::Not,
            Round::LeftOut if self.left_out(room, plan).is_empty() => Due::Not,
            Round::First if !self.plan.emergency && self.has_come_to_rest(room, index) => Due::LeftAlone,
            Round::First | Round::LeftOut | Round::Again(_) => Due::Now,
        }
    }

    /// Whether a server has asked since the call was planned to be left alone, as far as it does not count
    /// as down, and another is there.
    fn has_come_to_rest(&self, room: &Room<'_>, index: usize) -> bool {
        let server = place_in_book(room, &self.plan.attempts[index]);
        let rests = server.is_some_and(|server| room.book.has_come_to_rest(room.now.instant, server));
        rests && self.has_others(room, index)
    }

    /// What is left of a server that is left alone is asked when everybody else has failed.
    pub(crate) fn count_resting_as_asked(&mut self, room: &Room<'_>, index: usize) {
        let Some(server) = place_in_book(room, &self.plan.attempts[index]) else { return };
        let places = room.book.places(server).map(|(place, _)| place);
        let rests = |place: &Place| room.book.rests(room.now.instant, server, *place);
        self.rounds.asked.extend(places.filter(rests));
    }

    /// Whether an attempt that follows leads to somebody who may be expected to answer.
    fn has_others(&self, room: &Room<'_>, index: usize) -> bool {
        let is_there = |plan| place_in_book(room, plan).is_some_and(|server| room.book.is_there(server));
        let following = std::iter::successors(self.plan.following(index), |at| self.plan.following(*at));
        following.into_iter().any(|at| is_there(&self.plan.attempts[at]))
    }

    /// Where the call goes on after a failure. Those that were left out are all asked, wherever they stand.
    pub(crate) fn onward(&self, failure: Failure) -> Onward {
        let Failure { index, cause, rang, .. } = failure;
        let attempt = &self.plan.attempts[index];
        let may_follow = rang == Rang::Never || attempt.moves_on_after_ringing;
        if self.rounds.now != Round::LeftOut
            && let Some(next) = self.plan.after(self.ring.first, index, cause, rang)
        {
            return Onward::To(next);
        }
        match may_follow && attempt.moves_on.contains(cause) {
            true if self.rounds.now == Round::LeftOut => self.passes_over(self.ring.first),
            true => Onward::RoundEnded,
            false => Onward::Fail,
        }
    }

    /// Where the call goes on after an attempt that has no turn.
    pub(crate) fn passes_over(&self, index: usize) -> Onward {
        let next = match self.rounds.now {
            Round::LeftOut => Some(index + 1).filter(|next| *next < self.plan.attempts.len()),
            Round::First | Round::Again(_) => self.plan.following(index),
        };
        next.map_or(Onward::RoundEnded, Onward::To)
    }

    /// Who has asked meanwhile to be left alone is, if anybody else is there, and comes last otherwise.
    pub(crate) fn leave_alone(&mut self, room: &Room<'_>) {
        let State::Placing(attempt) = &self.state else { return };
        let index = attempt.index;
        let server = place_in_book(room, &self.plan.attempts[index]);
        let Some(server) = server.filter(|_| !self.plan.emergency) else { return };
        let has_others = self.rounds.now == Round::LeftOut || self.has_others(room, index);
        let rests = |hop: &Hop| room.book.rests(room.now.instant, server, Place::of(&hop.target));
        let State::Placing(attempt) = &mut self.state else { return };
        match has_others {
            true => attempt.others.retain(|hop| !rests(hop)),
            false => attempt.others.make_contiguous().sort_by_key(rests),
        }
    }

    /// What the book knows of a server: a call does not wait for DNS where anything is known.
    pub(crate) fn way_to(&self, room: &mut Room<'_>, plan: &AttemptPlan) -> Way {
        if self.rounds.now == Round::LeftOut {
            return Way::To(self.left_out(room, plan));
        }
        match place_in_book(room, plan) {
            Some(server) => room.book.way(server, self.wish(), room.stack.chance()),
            None => Way::Unknown,
        }
    }

    /// The addresses that an attempt has not asked, though it asked others of its server.
    fn left_out(&self, room: &mut Room<'_>, plan: &AttemptPlan) -> Vec<Target> {
        let Some(server) = place_in_book(room, plan) else { return Vec::new() };
        if !self.plan.emergency && !room.accounts.routes(plan).is_empty() {
            return Vec::new();
        }
        let (now, wish) = (room.now.instant, (self.wish(), self.rounds.asked.as_slice()));
        room.book.left_out(now, server, wish, room.stack.chance())
    }

    fn wish(&self) -> Wish {
        if self.plan.emergency { Wish::Everything } else { Wish::Sparing }
    }
}

/// Who asked to be left alone comes last, even where it is the one that knows us.
pub(crate) fn rest_last(room: &Room<'_>, plan: &AttemptPlan, targets: &mut [Target]) {
    if let Some(server) = place_in_book(room, plan) {
        targets.sort_by_key(|target| room.book.rests(room.now.instant, server, Place::of(target)));
    }
}

fn place_in_book(room: &Room<'_>, plan: &AttemptPlan) -> Option<usize> {
    let (id, key) = plan.server.zip(plan.server_key.as_deref())?;
    room.book.find(id.0.into(), key)
}
