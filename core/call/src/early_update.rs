//! An UPDATE before the answer (RFC 3311, 5.2): it says who is there, and may change a session that is agreed
//! upon already. It is answered at once, out of what the other side has said; nobody else is asked.

use std::sync::Arc;

use media::Side;
use policy::MediaPath;
use sdp::Session;
use sip_message::{Header, Message};
use sip_stack::{Dialog, Reply, ServerId};

use crate::body::{self, Body};
use crate::bridge::Part;
use crate::call::{Call, State};
use crate::lines::lent_lines;
use crate::told::{About, Word};
use crate::{Room, arrival};

/// Who asks before the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    Caller,
    /// One of those who speak before they answer.
    Callee(usize),
}

/// Why a session can't be changed now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    /// An offer of ours has no answer yet.
    OursIsOpen,
    /// An offer of theirs has none.
    TheirsIsOpen,
    /// It is for the other side to say, which can't be asked now.
    ForTheOther,
    /// What the other side has said doesn't fit.
    Unacceptable,
}

/// Has who asks come again, at a moment that is not everybody's (RFC 3261 14.2, RFC 3311 5.2).
pub(crate) fn put_off(room: &mut Room<'_>, server: ServerId) {
    let seconds = room.stack.chance().below(11).to_string();
    room.reply_with(server, 500, None, &[("Retry-After", &seconds)]);
}

impl Call {
    /// Takes an UPDATE of a far end of a call that is not answered.
    pub(crate) fn update_early(
        &mut self,
        room: &mut Room<'_>,
        server: ServerId,
        asker: Asker,
        message: &Message<'_>,
    ) {
        if let Some(unsupported) = arrival::unsupported(message) {
            return room.reply_with(server, 420, None, &[("Unsupported", &unsupported)]);
        }
        let ours = match body::of(message) {
            Body::Unknown => return room.reply_with(server, 415, None, &body::READABLE),
            Body::None => None,
            Body::Sdp(offer) => match self.answer_early(room, asker, offer) {
                Ok(ours) => Some(ours),
                Err(Refused::OursIsOpen) => return room.reply(server, 491),
                Err(Refused::TheirsIsOpen) => return put_off(room, server),
                Err(Refused::ForTheOther) => return room.reply(server, 504),
                Err(Refused::Unacceptable) => return room.reply(server, 488),
            },
        };
        match asker {
            Asker::Caller => {
                self.timer(Side::Caller).note_abilities(message);
                self.learn(room, Side::Caller, message);
            }
            Asker::Callee(index) => self.learn_early(room, index, message),
        }
        self.accept_early(room, server, asker, ours.as_deref());
        if let Some(dialog) = self.dialog_asking(asker) {
            dialog.retarget(message);
            room.registered.settle(dialog);
            message.line(Header::From).into_iter().for_each(|from| dialog.renamed_by(from));
        }
    }

    fn dialog_asking(&mut self, asker: Asker) -> Option<&mut Dialog> {
        match (asker, &mut self.state) {
            (Asker::Caller, _) => Some(&mut self.caller.dialog),
            (Asker::Callee(index), State::Placing(attempt)) => attempt.earlies.get_mut(index).dialog.as_mut(),
            (Asker::Callee(_), _) => None,
        }
    }

    fn accept_early(&mut self, room: &mut Room<'_>, server: ServerId, asker: Asker, ours: Option<&[u8]>) {
        let State::Placing(attempt) = &self.state else { return };
        let headers = [("Allow", sip_stack::ALLOW)];
        let (contact, lines) = match asker {
            Asker::Caller => (self.caller.contact.clone(), self.answer_lines(Side::Caller, &headers)),
            // It knows who calls from the INVITE.
            Asker::Callee(_) => (attempt.contact.clone(), self.refusal_lines(Side::Callee, &headers)),
        };
        let headers = lent_lines(&lines);
        let reply = Reply {
            status: 200,
            contact: Some(&contact),
            headers: &headers,
            body: ours.map(|ours| ("application/sdp", ours)),
            ..Reply::default()
        };
        room.stack.respond(room.now.instant, server, &reply, room.sends);
    }

    fn answer_early(&mut self, room: &mut Room<'_>, asker: Asker, offer: &[u8]) -> Result<Vec<u8>, Refused> {
        let State::Placing(attempt) = &self.state else { return Err(Refused::ForTheOther) };
        let has_offered = self.caller.offer.is_some();
        let is_straight = self.plan.attempts[attempt.index].media.path == MediaPath::Direct;
        match asker {
            Asker::Caller => {
                let told = &self.caller.told;
                if !has_offered && told.sent.as_ref().is_some_and(|sent| sent.about == About::Media) {
                    return Err(Refused::OursIsOpen);
                }
                if !told.described.as_ref().is_some_and(|described| described.is_settled) {
                    return Err(Refused::TheirsIsOpen);
                }
                if is_straight || attempt.earlies.heard().is_none() {
                    return Err(Refused::ForTheOther);
                }
                self.answer_here(room, offer).ok_or(Refused::Unacceptable)
            }
            Asker::Callee(index) => {
                let early = attempt.earlies.get(index);
                match early.is_settled {
                    false if has_offered => Err(Refused::OursIsOpen),
                    false => Err(Refused::TheirsIsOpen),
                    true if is_straight || !attempt.earlies.is_the_heard(index) => Err(Refused::ForTheOther),
                    true => self.answer_callee(room, index, offer).ok_or(Refused::Unacceptable),
                }
            }
        }
    }

    /// An answer to the offer of a callee whose sound is heard, out of what the caller has said already. The
    /// caller is told where that changes something.
    fn answer_callee(&mut self, room: &mut Room<'_>, index: usize, offer: &[u8]) -> Option<Vec<u8>> {
        let State::Placing(attempt) = &self.state else { return None };
        let plan = Arc::clone(&self.plan);
        let media = &plan.attempts[attempt.index].media;
        let theirs = self.bridge.heard(Side::Caller).to_vec();
        let fitted = sdp::fit(offer, theirs.clone());
        sdp::answer_matches(&Session::parse(offer).ok()?, &Session::parse(&fitted).ok()?).ok()?;
        let before = [Side::Callee, Side::Caller].map(|side| (side, self.bridge.agreed(side)));
        let ours = self
            .describe(room, Side::Callee, Part::Offer, offer, media)
            .and_then(|_| self.describe(room, Side::Caller, Part::Answer, &theirs, media));
        let Ok(ours) = ours else {
            for (side, agreed) in before {
                self.bridge.restore(room, side, agreed);
            }
            return None;
        };
        let State::Placing(attempt) = &mut self.state else { return None };
        attempt.earlies.get_mut(index).theirs = Some(offer.into());
        self.tell_changed(room, offer);
        Some(ours)
    }

    /// The callee's session is another than the caller was told of.
    fn tell_changed(&mut self, room: &mut Room<'_>, theirs: &[u8]) {
        let Some(before) = self.caller.told.described.as_ref().map(|described| described.text.clone()) else {
            return;
        };
        let ours = self.answer_to_caller(room, theirs).filter(|ours| *ours != before);
        if let Some(ours) = ours {
            let leave = self.leave_for_caller();
            self.tell_caller(room, Word { status: 183, description: Some(ours), leave });
        }
    }
}
