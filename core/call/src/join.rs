//! Two parties of different calls become the parties of one: each hears of the other's media by a re-INVITE.
//!
//! The one that is reached already is offered what the other can hear; what it answers is offered to the
//! other (RFC 3725). No party is asked for an offer, and none hears of another's address.

use std::time::Duration;

use media::{Sending, Side};
use sip_message::{Message, Method};
use sip_stack::{ClientId, auth};

use crate::body::{self, Body};
use crate::bridge::Part;
use crate::call::{Call, State};
use crate::closing::Ending;
use crate::joining::{Course, Joining, Stage};
use crate::lines::lent_lines;
use crate::timer::lent;
use crate::{Room, part};

/// How often a re-INVITE may meet another one.
const TRIES_MAX: u8 = 8;

impl Call {
    /// Offers the other side what a newcomer can hear.
    pub(crate) fn join_by_asking(&mut self, room: &mut Room<'_>, newcomer: Side) {
        let theirs = sdp::awake(self.bridge.heard(newcomer));
        if self.describe_across(room, newcomer, Part::Offer, &theirs).is_none() {
            return self.not_joined(room, 488, Ending::NotJoined);
        }
        // It hears nothing here before it knows of it: where it listens it has said of another session.
        self.bridge.gate(room, newcomer, Sending::Held);
        self.joining = Some(Joining::at(Stage::Asking(newcomer.other())));
        self.ask_to_join(room, None);
    }

    /// Offers a newcomer what the other side has answered already.
    pub(crate) fn join_by_telling(&mut self, room: &mut Room<'_>, newcomer: Side, answered: &[u8]) {
        if self.describe_across(room, newcomer.other(), Part::Mediated, answered).is_none() {
            return self.not_joined(room, 488, Ending::NotJoined);
        }
        self.joining = Some(Joining::at(Stage::Telling(newcomer)));
        self.ask_to_join(room, None);
    }

    pub(crate) fn ask_to_join(&mut self, room: &mut Room<'_>, proof: Option<(&str, &str)>) {
        let Some(joining) = &self.joining else { return };
        let side = joining.stage.side();
        let contact = self.contact(side).to_owned();
        let session = self.end(side).timer.request_headers();
        let offer = self.bridge.told(side).to_vec();
        let mut headers = vec![("Allow", sip_stack::ALLOW)];
        headers.extend(lent(&session));
        headers.extend(proof);
        let lines = self.request_lines(side, Method::Invite, &headers);
        let headers = lent_lines(&lines);
        let owner = part::owner(self.key, part::JOIN);
        let Some(dialog) = self.dialog(side) else { return };
        let next = dialog.next_request(Method::Invite);
        let mut request = next.as_request();
        request.contact = Some(&contact);
        request.headers = &headers;
        request.body = Some(("application/sdp", &offer));
        let client = room.stack.request(room.now.instant, &request, owner, room.sends);
        if let Some(joining) = &mut self.joining {
            (joining.asked, joining.again_at) = (Some(client), None);
            joining.tries += 1;
        }
    }

    /// A re-INVITE that met another one is due again.
    pub(crate) fn expire_joining(&mut self, room: &mut Room<'_>) {
        let is_due = |joining: &Joining| joining.again_at.is_some_and(|at| at <= room.now.instant);
        if self.joining.as_ref().is_some_and(is_due) {
            self.ask_to_join(room, None);
        }
    }

    pub(crate) fn join_answered(&mut self, room: &mut Room<'_>, client: ClientId, message: &Message<'_>) {
        let status = message.status().unwrap_or_default();
        let is_up = matches!(self.state, State::Up(_));
        let current = self.joining.as_ref().filter(|one| is_up && one.asked == Some(client));
        let stage = match (current, status) {
            (_, ..=199) => return,
            (Some(joining), _) => joining.stage,
            (None, 200..=299) => return self.acknowledge_again(room, message),
            (None, _) => return,
        };
        let side = stage.side();
        match status {
            200..=299 => self.joined(room, stage, message),
            401 | 407 if self.prove_join(room, side, message) => {}
            422 if self.timer(side).raise(message).is_some() => self.join_later(room, status, Duration::ZERO),
            491 | 500 => self.join_later(room, status, Call::glare_wait(side)),
            408 | 481 => self.not_joined(room, 480, Ending::Lost(side)),
            // Who won't be held waits as it is.
            _ if matches!(stage, Stage::Holding(_)) && self.course() == Some(Course::Join) => {
                self.joining = None;
            }
            _ => self.not_joined(room, status, Ending::NotJoined),
        }
    }

    fn course(&self) -> Option<Course> {
        self.joining.as_ref().map(|joining| joining.course)
    }

    /// The side that a re-INVITE of ours went to.
    pub(crate) fn joining_side(&self, client: ClientId) -> Option<Side> {
        let joining = self.joining.as_ref().filter(|joining| joining.asked == Some(client))?;
        Some(joining.stage.side())
    }

    fn join_later(&mut self, room: &mut Room<'_>, status: u16, wait: Duration) {
        match self.course() {
            Some(Course::Fax) => return self.fax_waits(room, wait),
            Some(Course::Home) => return self.home_waits(room, wait),
            _ => {}
        }
        match &mut self.joining {
            Some(joining) if joining.tries < TRIES_MAX => {
                (joining.asked, joining.again_at) = (None, Some(room.now.instant + wait));
            }
            Some(Joining { course: Course::Join, stage: Stage::Holding(_), .. }) => self.joining = None,
            _ => self.not_joined(room, status, Ending::NotJoined),
        }
    }

    fn joined(&mut self, room: &mut Room<'_>, stage: Stage, message: &Message<'_>) {
        let side = stage.side();
        self.acknowledge(room, side, message.cseq().number, None);
        if self.lender.as_ref().is_some_and(|lender| lender.side == side) {
            self.keep_party();
        }
        self.timer(side).accepted(room.now.instant, message);
        self.hear_location(side, message);
        if let Some(dialog) = self.dialog(side) {
            dialog.retarget(message);
            room.registered.settle(dialog);
        }
        let theirs = if let Body::Sdp(theirs) = body::of(message) { Some(theirs) } else { None };
        if let Some(course) = self.course().filter(|course| *course != Course::Join) {
            return match theirs {
                Some(theirs) => self.placed(room, (course, stage), theirs),
                None => self.not_joined(room, 488, Ending::NoDescription),
            };
        }
        let Some(theirs) = theirs else {
            if matches!(stage, Stage::Holding(_)) {
                return self.joining = None;
            }
            return self.not_joined(room, 488, Ending::NoDescription);
        };
        match stage {
            Stage::Asking(_) if self.caller.invite.is_some() => self.join_caller(room, side, theirs),
            Stage::Asking(_) => self.join_by_telling(room, side.other(), theirs),
            Stage::Holding(_) => {
                self.joining = None;
                let _ = self.bridge.hear_answer(room, side, theirs);
            }
            Stage::Telling(_) => {
                self.joining = None;
                if self.bridge.hear_answer(room, side, theirs).is_err() {
                    self.not_joined(room, 488, Ending::NotJoined);
                }
            }
        }
    }

    /// A caller who takes somebody's place hears what the other party answered.
    fn join_caller(&mut self, room: &mut Room<'_>, from: Side, theirs: &[u8]) {
        self.joining = None;
        match self.describe_across(room, from, Part::Answer, theirs) {
            Some(ours) => {
                self.bridge.gate(room, Side::Caller, Sending::Allowed);
                self.draft.answered(room);
                self.both_talk(room);
                self.accept_caller(room, &ours);
                self.tell_answered(room);
            }
            None => self.not_joined(room, 488, Ending::NotJoined),
        }
    }

    fn prove_join(&mut self, room: &mut Room<'_>, side: Side, message: &Message<'_>) -> bool {
        let account = self.end(side).credentials.clone();
        let Some(joining) = self.joining.as_mut().filter(|joining| joining.proofs == 0) else { return false };
        joining.proofs += 1;
        let uri = self.dialog(side).map(|dialog| dialog.next_uri().to_owned());
        let (Some(account), Some(uri)) = (account, uri) else { return false };
        let Some((name, challenge)) = auth::pick(message) else { return false };
        let account = auth::Credentials { user: &account.user, password: account.password.reveal() };
        let (method, chance) = (Method::Invite.as_str(), room.stack.chance());
        let Some(value) = auth::answer(challenge, account, method, &uri, &[], chance, 1) else {
            return false;
        };
        self.ask_to_join(room, Some((name, &value)));
        true
    }
}
