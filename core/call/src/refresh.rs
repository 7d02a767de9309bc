//! Signs of life inside of a call: those that we ask for, and those that a far end gives (RFC 4028).
//!
//! A refresh concerns its leg alone and is not carried across.

use std::time::{Duration, Instant};

use media::Side;
use sdp::Session;
use sip_message::{Header, Message, Method};
use sip_stack::{ClientId, Reply, ServerId, auth};

use crate::call::{Call, State, Unacked};
use crate::closing::Ending;
use crate::end::End;
use crate::exchange::Verb;
use crate::lines::lent_lines;
use crate::timer::{Due, Knows, Refresher, Timer, lent};
use crate::{EndedBy, Room, part};

/// A question that can't be asked now, or was not liked, is asked again.
const AGAIN: Duration = Duration::from_secs(5);

impl Call {
    pub(crate) fn end(&self, side: Side) -> &End {
        &self.ends[side as usize]
    }

    pub(crate) fn timer(&mut self, side: Side) -> &mut Timer {
        &mut self.ends[side as usize].timer
    }

    /// How long to wait after a glare: who made the Call-ID waits longer (RFC 3261, 14.1).
    pub(crate) fn glare_wait(side: Side) -> Duration {
        match side {
            Side::Caller => Duration::from_millis(1_000),
            Side::Callee => Duration::from_millis(3_000),
        }
    }

    /// When a leg has to be asked, or given up.
    pub(crate) fn timer_deadline(&self) -> Option<Instant> {
        match self.state {
            State::Up(_) => self.ends.iter().filter_map(|end| end.timer.deadline()).min(),
            State::Placing(_) | State::Refusing(_) | State::Closing(_) => None,
        }
    }

    /// Looks whether a leg has to be asked, or has been silent for too long.
    pub(crate) fn expire_timers(&mut self, room: &mut Room<'_>) {
        for side in [Side::Caller, Side::Callee] {
            if !matches!(self.state, State::Up(_)) {
                return;
            }
            match self.timer(side).due(room.now.instant) {
                Some(Due::Over) => self.end_both(room, EndedBy::House, Ending::Silent(side)),
                Some(Due::Ask(refresher)) => self.ask_for_life(room, side, refresher),
                None => {}
            }
        }
    }

    fn ask_for_life(&mut self, room: &mut Room<'_>, side: Side, refresher: Refresher) {
        let method = match (refresher, self.end(side).timer.knows_update) {
            (Refresher::Nobody, _) => Method::Options,
            (_, Knows::Yes) => Method::Update,
            (_, Knows::NotSaid) => Method::Invite,
        };
        if method == Method::Invite && (self.exchange.is_some() || self.is_unsettled()) {
            return self.timer(side).ask_again(room.now.instant, AGAIN);
        }
        self.send_refresh(room, side, method, None);
    }

    pub(crate) fn send_refresh(
        &mut self,
        room: &mut Room<'_>,
        side: Side,
        method: Method<'static>,
        proof: Option<(&str, &str)>,
    ) {
        let contact = self.contact(side).to_owned();
        let owner = part::owner(self.key, part::REFRESH);
        let session = match method {
            Method::Options => Vec::new(),
            _ => self.end(side).timer.request_headers(),
        };
        let body = (method == Method::Invite).then(|| self.bridge.told(side).to_vec());
        let mut headers = vec![("Allow", sip_stack::ALLOW)];
        headers.extend(lent(&session));
        headers.extend(proof);
        let lines = self.request_lines(side, method, &headers);
        let headers = lent_lines(&lines);
        let Some(dialog) = self.dialog(side) else { return };
        let next = dialog.next_request(method);
        let mut request = next.as_request();
        request.contact = Some(&contact);
        request.headers = &headers;
        request.body = body.as_deref().map(|body| ("application/sdp", body));
        let client = room.stack.request(room.now.instant, &request, owner, room.sends);
        self.timer(side).asked = Some((client, method));
    }

    /// The side that a sign of life was asked of.
    pub(crate) fn asked_side(&self, client: ClientId) -> Option<Side> {
        let is_asked = |side: &Side| self.end(*side).timer.asked.is_some_and(|(asked, _)| asked == client);
        [Side::Caller, Side::Callee].into_iter().find(is_asked)
    }

    /// Whether a re-INVITE of ours is under way on a leg.
    pub(crate) fn is_refreshing(&self, side: Side) -> bool {
        self.end(side).timer.asked.is_some_and(|(_, method)| method == Method::Invite)
    }

    /// The answer to a question of ours.
    pub(crate) fn refresh_answered(&mut self, room: &mut Room<'_>, client: ClientId, message: &Message<'_>) {
        let status = message.status().unwrap_or_default();
        let method = message.cseq().method;
        let side = self.asked_side(client).filter(|_| matches!(self.state, State::Up(_)));
        let side = match (side, status) {
            (_, ..=199) => return,
            (Some(side), _) => side,
            (None, 200..=299) => return self.acknowledge_again(room, message),
            (None, _) => return,
        };
        let now = room.now.instant;
        match status {
            200..=299 => self.refreshed(room, side, message),
            408 | 481 => self.lost(room, side),
            401 | 407 if self.end(side).timer.proofs == 0 => self.prove_refresh(room, side, message),
            // Whatever it answers to OPTIONS, it is there.
            _ if method == Method::Options => {
                self.timer(side).asked = None;
                self.timer(side).heard(now);
            }
            422 if self.timer(side).raise(message).is_some() => {
                self.timer(side).ask_again(now, Duration::ZERO);
            }
            491 => self.timer(side).ask_again(now, Call::glare_wait(side)),
            405 | 501 if method == Method::Update => {
                self.timer(side).knows_update = Knows::NotSaid;
                self.timer(side).ask_again(now, Duration::ZERO);
            }
            _ => self.timer(side).ask_again(now, AGAIN),
        }
    }

    fn refreshed(&mut self, room: &mut Room<'_>, side: Side, message: &Message<'_>) {
        let now = room.now.instant;
        (self.timer(side).asked, self.timer(side).proofs) = (None, 0);
        match message.cseq().method {
            Method::Options => return self.timer(side).heard(now),
            Method::Invite => self.acknowledge(room, side, message.cseq().number, None),
            _ => {}
        }
        self.timer(side).accepted(now, message);
        self.hear_location(side, message);
        if let Some(dialog) = self.dialog(side) {
            dialog.retarget(message);
            room.registered.settle(dialog);
        }
        if let crate::body::Body::Sdp(theirs) = crate::body::of(message) {
            self.bridge.hear_again(room, side, theirs);
        }
    }

    fn prove_refresh(&mut self, room: &mut Room<'_>, side: Side, message: &Message<'_>) {
        let Some((_, method)) = self.end(side).timer.asked else { return };
        let account = self.end(side).credentials.clone();
        let target = self.dialog(side).map(|dialog| dialog.next_uri().to_owned());
        let proof = account.zip(target).zip(auth::pick(message)).and_then(|((account, uri), challenge)| {
            let (name, challenge) = challenge;
            let account = auth::Credentials { user: &account.user, password: account.password.reveal() };
            let chance = room.stack.chance();
            auth::answer(challenge, account, method.as_str(), &uri, &[], chance, 1).map(|value| (name, value))
        });
        self.timer(side).proofs += 1;
        match proof {
            Some((name, value)) => self.send_refresh(room, side, method, Some((name, &value))),
            None => self.timer(side).ask_again(room.now.instant, AGAIN),
        }
    }

    /// A question of ours was not answered at all, or could not be sent.
    pub(crate) fn refresh_unanswered(&mut self, room: &mut Room<'_>, side: Side, cause: policy::Cause) {
        match cause {
            policy::Cause::Transport => self.timer(side).ask_again(room.now.instant, AGAIN),
            _ => self.lost(room, side),
        }
    }

    /// A far end gives a sign of life: an UPDATE that changes nothing, or a re-INVITE that says what it said
    /// before, where what it was told answers that. To an answer that comes again as an offer it may not:
    /// to `inactive`, `sendonly` is no answer (RFC 3264, 6.1).
    pub(crate) fn is_refresh(&self, side: Side, message: &Message<'_>) -> bool {
        match crate::body::of(message) {
            crate::body::Body::None => message.method() == Some(Method::Update),
            crate::body::Body::Sdp(theirs) => {
                let told = Session::parse(self.bridge.told(side));
                let offer = Session::parse(theirs);
                let answers = offer
                    .is_ok_and(|offer| told.is_ok_and(|told| sdp::answer_matches(&offer, &told).is_ok()));
                self.bridge.heard(side) == theirs && answers
            }
            crate::body::Body::Unknown => false,
        }
    }

    /// Answers it, on its own leg.
    pub(crate) fn accept_refresh(
        &mut self,
        room: &mut Room<'_>,
        server: ServerId,
        side: Side,
        message: &Message<'_>,
    ) {
        let now = room.now.instant;
        let Ok(agreement) = self.end(side).timer.judge(message) else {
            return too_short(room, server);
        };
        self.timer(side).note_abilities(message);
        self.timer(side).agree(now, agreement);
        let contact = self.contact(side).to_owned();
        let session = agreement.map(|agreement| agreement.answer_headers()).unwrap_or_default();
        let mut headers = vec![("Allow", sip_stack::ALLOW)];
        headers.extend(lent(&session));
        self.learn(room, side, message);
        let lines = self.answer_lines(side, &headers);
        let headers = lent_lines(&lines);
        let body = (!message.body().is_empty()).then(|| self.bridge.told(side).to_vec());
        let reply = Reply {
            status: 200,
            contact: Some(&contact),
            headers: &headers,
            body: body.as_deref().map(|body| ("application/sdp", body)),
            ..Reply::default()
        };
        let wire = room.stack.respond(now, server, &reply, room.sends);
        let verb = Verb::of(message);
        let Some(dialog) = self.dialog(side) else { return };
        dialog.retarget(message);
        room.registered.settle(dialog);
        message.line(Header::From).into_iter().for_each(|from| dialog.renamed_by(from));
        let flow = dialog.flow();
        if let (Some(wire), Verb::Invite) = (wire, verb) {
            let cseq = message.cseq().number;
            self.unacked[side as usize] = Some(Unacked::boxed(now, wire, flow, cseq));
        }
        self.tell_identity(room, side.other());
    }
}

/// Refuses an interval that nobody could keep.
pub(crate) fn too_short(room: &mut Room<'_>, server: ServerId) {
    let least = policy::SessionTimer::SHORTEST.as_secs().to_string();
    room.reply_with(server, 422, None, &[("Min-SE", &least)]);
}
