//! A call that comes to nothing, whose caller hears why before its phone is told: sound of ours in 183, then
//! the refusal. A call for help is never refused so.

use std::sync::Arc;
use std::time::Duration;

use media::{Begins, Played, Purpose, Senders, Side};
use policy::{Dtmf, EarlyMedia, MediaPath, MediaPlan, Refusal, Said};
use sip_message::Message;
use sip_stack::{Flow, ServerId, Token};

use crate::Room;
use crate::arrival::Admitted;
use crate::bridge::{Bridge, NoMedia, Part};
use crate::call::{Call, State};
use crate::chats::Chats;
use crate::closing::Ending;
use crate::draft::Announced;
use crate::keys::Keys;
use crate::moving::Presence;
use crate::plays::Wish;
use crate::record::EndedBy;
use crate::refusing::Refusing;
use crate::speech;
use crate::stand::{Reached, Stand};
use crate::table::Calls;
use crate::told::Word;
use crate::way::Ways;

/// A tone is heard for so long.
const TONE_FOR: Duration = Duration::from_secs(8);
/// What is played once has this long to arrive.
const TAIL: Duration = Duration::from_millis(500);

impl Calls {
    /// An INVITE that policy refuses, and whose sender is to hear why.
    pub(crate) fn refuse_aloud(
        &mut self,
        room: &mut Room<'_>,
        (server, flow): (ServerId, Flow),
        message: &Message<'_>,
        (admitted, refusal): (Admitted, Refusal),
    ) {
        let key = self.reserve(room);
        self.lend_out(key);
        let call = Call::begin_refused(room, key, (server, flow), message, (admitted, refusal));
        self.settle(room, call);
    }
}

impl Call {
    fn begin_refused(
        room: &mut Room<'_>,
        key: Token,
        (server, flow): (ServerId, Flow),
        message: &Message<'_>,
        (admitted, refusal): (Admitted, Refusal),
    ) -> Box<Call> {
        let mut call = Box::new(Call::new(room, key, server, flow, message, admitted));
        let status = refusal.status;
        call.draft.is_refused(refusal);
        if !call.says_why(room, status) {
            call.refuse_caller(room, status);
        }
        call
    }

    /// Lets the caller hear why its call comes to nothing; whether there is anything to be heard.
    pub(crate) fn says_why(&mut self, room: &mut Room<'_>, status: u16) -> bool {
        let leg = &self.plan.leg;
        let Some((why, said)) = leg.aloud.as_ref().and_then(|aloud| aloud.of(status)) else { return false };
        let may_hear = !self.plan.emergency
            && self.origin.is_none()
            && self.caller.invite.is_some()
            && self.here[Side::Caller as usize] == Presence::Here
            && leg.early_media != EarlyMedia::None;
        let Some(offer) = self.caller.offer.clone().filter(|_| may_hear) else { return false };
        let (name, played, length) = match said {
            Said::Tone(tone) => {
                (format!("the tone for {}", why.word()), Played::Tone(tone.clone()), TONE_FOR)
            }
            Said::Announcement(name, recording) => {
                let length = Duration::from_millis(recording.ms().into());
                (format!("announcement {name}"), Played::Once(recording.clone()), length)
            }
        };
        let Some(permit) = room.policy.refuses_aloud() else { return false };
        let caller = &self.caller;
        let stand = Stand::of(room, caller.flow, Reached::by(&caller.dialog), &self.plan.leg);
        let Ok(ours) = self.bridge.speak_alone(room, stand, &offer) else { return false };
        let until = room.now.instant + length + TAIL;
        self.draft.announces(Announced { what: name.clone(), since: room.now.instant });
        self.permits.clear();
        self.taken.clear();
        self.state = State::Refusing(Refusing { status, until, played, name, _permit: permit });
        let leave = self.caller.told.knows_leave.then(|| "sendrecv".into());
        self.tell_caller(room, Word { status: 183, description: Some(ours), leave });
        true
    }

    /// What the caller hears of ours meanwhile.
    pub(crate) fn heard_refused(&self) -> Option<Wish> {
        let State::Refusing(refusing) = &self.state else { return None };
        Some(Wish { what: refusing.played.clone(), begins: Begins::AtOnce })
    }

    /// It has heard all of it.
    pub(crate) fn expire_refusing(&mut self, room: &mut Room<'_>) {
        let State::Refusing(Refusing { status, until, .. }) = &self.state else { return };
        let status = *status;
        if *until <= room.now.instant {
            self.refuse_caller(room, status);
        }
    }

    /// The caller has heard enough.
    pub(crate) fn leaves_refused(&mut self, room: &mut Room<'_>) {
        self.answer_last(room, 487, Vec::new());
        self.draft.ended_by(EndedBy::Caller);
        self.close(room, Ending::Failed(487));
    }

    /// The caller is told a final status, and why.
    pub(crate) fn refuse_caller(&mut self, room: &mut Room<'_>, status: u16) {
        if self.caller.invite.is_some() {
            let verdict = format!("SIP;cause={status};text=\"{}\"", self.draft.verdict_code());
            let seconds = self.retry_after_seconds().to_string();
            let retry = [("Reason", verdict.as_str()), ("Retry-After", seconds.as_str())];
            let headers = if status == 503 { &retry[..] } else { &retry[..1] };
            let lines = self.refusal_lines(Side::Caller, headers);
            self.answer_last(room, status, lines);
        }
        self.close(room, Ending::Failed(status));
    }
}

impl Bridge {
    /// Answers the caller's offer for nobody but us: it hears what is played, and we hear nothing of it.
    pub(crate) fn speak_alone(
        &mut self,
        room: &mut Room<'_>,
        stand: Stand,
        offer: &[u8],
    ) -> Result<Vec<u8>, NoMedia> {
        self.forget_callee(room);
        let (senders, keys, ways) = (Senders::Signalled, Keys::unknown(), Ways::unknown());
        let chats = Chats::unknown();
        self.face_callee(room, Stand { senders, keys, ways, dtmf: Dtmf::default(), chats, ..stand });
        let plan = MediaPlan { path: MediaPath::Anchored, codecs: Arc::default(), also: Arc::default() };
        let with = (&plan, Purpose::Call);
        let offered = self.carry(room, Side::Caller, Part::Offer, offer, with)?;
        let incompatible = || NoMedia::Incompatible("it hears nothing that is played".to_owned());
        let answer =
            sdp::deaf(&offered, |codec| speech::sound_of(codec).is_some()).ok_or_else(incompatible)?;
        self.expect_another();
        let ours = self.carry(room, Side::Callee, Part::Answer, &answer, with)?;
        self.forget_callee(room);
        Ok(ours)
    }
}
