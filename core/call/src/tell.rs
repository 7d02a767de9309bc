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
        room.tells.push(Event::CallEnded {
            call: record.id.clone(),
            at: record.ended,
            verdict: record.verdict.clone(),
            words: record.words.clone(),
        });
    }
}
