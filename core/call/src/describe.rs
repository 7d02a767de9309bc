//! What one side is told of the other's media.

use std::sync::Arc;

use media::Side;
use policy::MediaPlan;

use crate::bridge::{NoMedia, Part};
use crate::call::{Call, State};
use crate::draft::part_of;
use crate::{Event, Room};

impl Call {
    /// Writes what the other side of an answered call is told, and points the relay at who said it.
    pub(crate) fn describe_across(
        &mut self,
        room: &mut Room<'_>,
        from: Side,
        part: Part,
        theirs: &[u8],
    ) -> Option<Vec<u8>> {
        let State::Up(callee) = &self.state else { return None };
        let plan = Arc::clone(&self.plan);
        let media = &plan.attempts[callee.attempt].media;
        self.bridge.tell_of_music(from.other(), self.meanwhile(from.other()));
        self.describe(room, from, part, theirs, media).ok()
    }

    /// The answer of somebody in need whose INVITE held what nobody could read, and who takes what we offer
    /// for the answer: what was offered is agreed upon, and sound comes from wherever they send it.
    pub(crate) fn assumed_answer(&self, answer: Option<&[u8]>) -> Option<Vec<u8>> {
        let is_missing = self.plan.emergency && answer.is_none();
        is_missing
            .then(|| sdp::assumed(self.bridge.told(Side::Caller), self.caller.flow.remote.ip()))
            .flatten()
    }

    /// The same for a call on whatever way it is. That media would have been readable is told.
    pub(crate) fn describe(
        &mut self,
        room: &mut Room<'_>,
        from: Side,
        part: Part,
        theirs: &[u8],
        media: &MediaPlan,
    ) -> Result<Vec<u8>, NoMedia> {
        let purpose = self.purpose();
        let described = self.bridge.carry(room, from, part, theirs, (media, purpose));
        if let Err(NoMedia::Unprotected(words)) = &described {
            let (call, at) = (self.draft.id(), room.now.wall);
            room.tells.push(Event::MediaUnprotected { call, at, words: words.clone() });
        }
        self.note_outlooks();
        if part == Part::Answer && described.is_ok() {
            self.draft.spoke(self.bridge.transcodes());
        }
        described
    }

    /// Says how our ports are seen from outside, where somebody there was asked.
    fn note_outlooks(&mut self) {
        for side in [Side::Caller, Side::Callee] {
            for words in self.bridge.new_outlooks(side) {
                self.draft.followed(format!("media of {}: {words}", part_of(side)));
            }
        }
    }
}
