//! What watchers are told of a call on its way.

use policy::Callee;

use crate::call::{Call, State};
use crate::record::Record;
use crate::{Event, Room};

impl Call {
    pub(crate) fn tell_started(&self, room: &mut Room<'_>) {
        let event = Event::CallStarted {
            call: self.draft.id(),
            call_id: self.caller.dialog.call_id().to_owned(),
            at: room.now.wall,
            calling: self.plan.calling.0.clone(),
            called: self.plan.called.clone(),
            direction: self.plan.direction,
            emergency: self.plan.emergency,
        };
        room.tells.push(event);
        self.remember_help(room);
    }

    /// Whoever was called for help may call back from now on: RFC 7090 5.3 counts from the end of the call,
    /// and a call that breaks off may have none that anybody sees.
    fn remember_help(&self, room: &mut Room<'_>) {
        if self.plan.emergency {
            room.helps.extend(room.policy.calls_for_help(&self.plan.calling.0, room.now.wall));
        }
    }

    pub(crate) fn tell_moved_on(&self, room: &mut Room<'_>, index: usize, cause: &str) {
        let from = self.plan.attempts[index].target.clone();
        let event =
            Event::MovedOn { call: self.draft.id(), at: room.now.wall, from, cause: cause.to_owned() };
        room.tells.push(event);
    }

    pub(crate) fn tell_answered(&self, room: &mut Room<'_>) {
        let State::Up(callee) = &self.state else { return };
        let by = match &self.plan.attempts[callee.attempt].callee {
            Callee::Trunk(name) | Callee::User(name) => name.clone(),
        };
        room.tells.push(Event::CallAnswered { call: self.draft.id(), at: room.now.wall, by });
    }

    pub(crate) fn tell_ended(&self, room: &mut Room<'_>, record: &Record) {
        self.remember_help(room);
        room.tells.push(Event::CallEnded {
            call: record.id.clone(),
            at: record.ended,
            verdict: record.verdict.clone(),
            words: record.words.clone(),
        });
    }
}
