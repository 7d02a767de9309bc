//! A phone that sleeps is woken before it is called (RFC 8599 5.6.2): the INVITE waits until it has said anew
//! where it is. Others that ring along don't wait for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use policy::{AttemptPlan, Cause};
use registrar::{Asked, Urgency, Why};
use sip_stack::Token;

use crate::Room;
use crate::attempt::{Attempt, Stage, Waking};
use crate::call::{Call, State};
use crate::draft::Row;

/// Which calls of a shard wait for phones of whom.
#[derive(Default)]
pub(crate) struct Sleepers(BTreeMap<Arc<str>, BTreeSet<u64>>);

impl Sleepers {
    /// A call waits for phones of these users now, and no longer for those of the former.
    pub fn follow(&mut self, call: Token, former: &[Arc<str>], now: &[Arc<str>]) {
        for user in former.iter().filter(|user| !now.contains(user)) {
            self.forget(call, user);
        }
        for user in now {
            self.0.entry(Arc::clone(user)).or_default().insert(call.bits());
        }
    }

    pub fn forget(&mut self, call: Token, user: &Arc<str>) {
        if let Some(calls) = self.0.get_mut(user) {
            calls.remove(&call.bits());
            if calls.is_empty() {
                self.0.remove(user);
            }
        }
    }

    pub fn of(&self, user: &str) -> Vec<Token> {
        let calls = self.0.get(user).into_iter().flatten();
        calls.map(|bits| Token::from_bits(*bits)).collect()
    }
}

impl Call {
    /// Whether the device of the attempt in hand sleeps, and is waited for now.
    pub(crate) fn wakes(&mut self, room: &mut Room<'_>, plan: &AttemptPlan, device: &str) -> bool {
        let urgency = if self.is_held_up() { Urgency::Usual } else { Urgency::Urgent };
        let State::Placing(attempt) = &mut self.state else { return false };
        // It has come, or was not to be waited for.
        if attempt.rings_since.is_some() {
            return false;
        }
        let (now, user, rules) = (room.now.instant, plan.callee.name(), room.policy.registrar());
        let Some(bell) = room.registered.asleep(user, device, rules, now) else { return false };
        let Some(waking) = rules.waking_by(&bell.provider) else { return false };
        attempt.rings_since = Some(now);
        let whom = (user, device, bell);
        match room.wakes.ask((now, room.now.wall), whom, (Why::Call, urgency)) {
            Asked::Now | Asked::Before => {
                let provider = Arc::clone(&waking.provider);
                let until = now + waking.wait.min(plan.ring_max);
                attempt.stage = Stage::Waking(Waking { since: now, until, provider });
                true
            }
            Asked::TooOften => {
                self.draft.attempt_note("not woken: phones of this user were too often".to_owned());
                false
            }
        }
    }

    /// The users whose phones are waited for.
    pub(crate) fn sleepers(&self) -> Vec<Arc<str>> {
        let waking = self.attempts().filter(|attempt| matches!(attempt.stage, Stage::Waking(_)));
        waking.map(|attempt| Arc::clone(self.plan.attempts[attempt.index].callee.name())).collect()
    }

    /// Phones have said where they are, or have left: perhaps those that are waited for.
    pub(crate) fn phones_changed(&mut self, room: &mut Room<'_>) {
        let waking = |attempt: &&Attempt| matches!(attempt.stage, Stage::Waking(_));
        let rows: Vec<Row> = self.attempts().filter(waking).map(|attempt| attempt.row).collect();
        for row in rows {
            if self.take_up(|attempt| attempt.row == row) {
                self.look_whether_awake(room);
            }
        }
    }

    fn look_whether_awake(&mut self, room: &mut Room<'_>) {
        let plan = Arc::clone(&self.plan);
        let State::Placing(attempt) = &mut self.state else { return };
        let Stage::Waking(Waking { since, provider, .. }) = &attempt.stage else { return };
        let plan = &plan.attempts[attempt.index];
        let Some(device) = &plan.device else { return };
        let heard = room.registered.bell(plan.callee.name(), device).map(|bell| bell.heard);
        match heard {
            Some(heard) if heard.is_none_or(|heard| heard < *since) => return,
            Some(_) => {
                let waited = room.now.instant.saturating_duration_since(*since).as_millis();
                let words = format!("woken by {provider} after {waited} ms");
                attempt.stage = Stage::Begun;
                attempt.give_up_at = room.now.instant + plan.answer_wait;
                self.draft.attempt_note(words);
            }
            // It says no more that it wants to be woken: whatever leads there is tried.
            None => attempt.stage = Stage::Begun,
        }
        if let Err((cause, words)) = self.find_device(room, plan, device) {
            self.attempt_failed(room, cause, &words);
        }
    }

    /// A device will not wake: whoever could wake it would not.
    pub(crate) fn not_woken(&mut self, room: &mut Room<'_>, device: &str) {
        let plan = Arc::clone(&self.plan);
        let is_it = |attempt: &Attempt| {
            let its_device = plan.attempts[attempt.index].device.as_deref();
            matches!(attempt.stage, Stage::Waking(_)) && its_device == Some(device)
        };
        let rows: Vec<Row> =
            self.attempts().filter(|attempt| is_it(attempt)).map(|attempt| attempt.row).collect();
        for row in rows {
            if self.take_up(|attempt| attempt.row == row) {
                self.attempt_failed(room, Cause::Status(480), "its push service did not take the wish");
            }
        }
    }

    /// Nobody came: the same as if it had rung and nobody had answered.
    pub(crate) fn never_woke(&mut self, room: &mut Room<'_>) {
        self.attempt_failed(room, Cause::NoAnswer, "it was to be woken, and did not come in time");
    }
}
