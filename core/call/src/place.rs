//! Placing a call: one attempt after the other, until somebody answers.

use std::sync::Arc;

use media::{Purpose, Side};
use policy::{AttemptPlan, Callee, Cause};
use sip_message::{Method, Uri};
use sip_stack::locate::{DnsAnswer, Families, Locate, Step, Target, Usable};
use sip_stack::{Flow, Request};

use crate::attempt::{Attempt, Stage};
use crate::bridge::NoMedia;
use crate::call::{Call, State};
use crate::{Room, arrival, part};

impl Call {
    /// Tries the attempts of the plan in order, from `index`, until one is under way.
    pub(crate) fn try_from(&mut self, room: &mut Room<'_>, index: usize) {
        let plan = Arc::clone(&self.plan);
        for (index, attempt) in plan.attempts.iter().enumerate().skip(index) {
            self.draft.attempt_began(room, attempt);
            match self.start(room, index, attempt) {
                Ok(()) => return,
                Err((cause, words)) => {
                    self.permits.clear();
                    self.draft.attempt_failed(room, cause, &words);
                    if !attempt.moves_on.contains(cause) {
                        break;
                    }
                }
            }
        }
        self.fail(room);
    }

    fn start(
        &mut self,
        room: &mut Room<'_>,
        index: usize,
        plan: &AttemptPlan,
    ) -> Result<(), (Cause, String)> {
        for claim in &plan.claims {
            let permit = if self.plan.emergency { Some(claim.take_by_force()) } else { claim.take() };
            match permit {
                Some(permit) => self.permits.push(permit),
                None => {
                    return Err((Cause::Limit, format!("the limit of {} is reached", claim.limit.name())));
                }
            }
        }
        let uri = Uri::parse(&plan.target).map_err(|error| (Cause::Dns, error.to_string()))?;
        let transports = room.places.transports(plan.interface);
        let usable = Usable { transports: &transports, families: Families::Both };
        let locate = Locate::begin(&uri, usable);
        let attempt = Attempt {
            index,
            stage: Stage::Locating(Box::new(locate)),
            call_id: format!("{}-{}", self.key, room.stack.chance().text(12)).into(),
            cseq: 1,
            contact: "".into(),
            server_name: None,
            proofs: 0,
        };
        self.state = State::Placing(attempt);
        self.locate(room, None)
    }

    /// The answer to a question to the DNS.
    pub(crate) fn located(&mut self, room: &mut Room<'_>, answer: DnsAnswer) {
        if let Err((cause, words)) = self.locate(room, Some(answer)) {
            self.attempt_failed(room, cause, &words);
        }
    }

    fn locate(&mut self, room: &mut Room<'_>, answer: Option<DnsAnswer>) -> Result<(), (Cause, String)> {
        let State::Placing(Attempt { stage: Stage::Locating(locate), .. }) = &mut self.state else {
            return Ok(());
        };
        match locate.step(answer.as_slice(), room.stack.chance()) {
            Step::Ask(question) => {
                room.asks.push((self.key, question));
                Ok(())
            }
            Step::Found(targets) => self.invite_first(room, targets),
            Step::NotFound => Err((Cause::Dns, "no address was found".to_owned())),
        }
    }

    /// Sends the INVITE to the first of the addresses that one of our listeners can reach.
    fn invite_first(&mut self, room: &mut Room<'_>, mut targets: Vec<Target>) -> Result<(), (Cause, String)> {
        let plan = Arc::clone(&self.plan);
        let State::Placing(attempt) = &self.state else { return Ok(()) };
        let attempt_plan = &plan.attempts[attempt.index];
        while !targets.is_empty() {
            let target = targets.remove(0);
            let address = target.address;
            let listener =
                room.places.listener_toward(target.transport, address.ip(), attempt_plan.interface);
            let Some(listener) = listener else { continue };
            let flow = Flow {
                transport: target.transport,
                listener,
                connection: sip_stack::ConnectionId::NONE,
                remote: address,
            };
            let server_name = target.server_name.map(Arc::from);
            return self.invite(room, attempt_plan, flow, server_name, targets, None);
        }
        Err((Cause::Transport, "none of our interfaces reaches it".to_owned()))
    }

    /// Sends the INVITE; `proof` answers the peer's challenge.
    pub(crate) fn invite(
        &mut self,
        room: &mut Room<'_>,
        plan: &AttemptPlan,
        flow: Flow,
        server_name: Option<Arc<str>>,
        others: Vec<Target>,
        proof: Option<(&str, &str)>,
    ) -> Result<(), (Cause, String)> {
        let offer = self.offer_to_callee(room, plan, flow)?;
        let from = self.tagged_from(plan);
        let contact = room.places.contact(flow.listener, &plan.contact_user);
        let State::Placing(attempt) = &mut self.state else { return Ok(()) };
        attempt.contact = contact.into();
        attempt.server_name = server_name.clone();
        let mut headers = plan_headers(plan);
        headers.push(("Allow", arrival::ALLOW));
        headers.extend(proof);
        let request = Request {
            method: Method::Invite,
            uri: &plan.request_uri,
            flow,
            server_name,
            from: &from,
            to: &plan.to,
            call_id: &attempt.call_id,
            cseq: attempt.cseq,
            routes: &[],
            contact: Some(&attempt.contact),
            max_forwards: self.caller.max_forwards.saturating_sub(1),
            headers: &headers,
            body: offer.as_deref().map(|offer| ("application/sdp", offer)),
        };
        let owner = part::owner(self.key, part::INVITE);
        let client = room.stack.request(room.now.instant, &request, owner, room.sends);
        let until = room.now.instant + plan.answer_wait;
        attempt.stage = Stage::Calling { client, until, others };
        self.draft.attempt_sent(flow, &attempt.call_id);
        Ok(())
    }

    /// The From value of this call's INVITEs, with our tag.
    pub(crate) fn tagged_from(&self, plan: &AttemptPlan) -> String {
        format!("{};tag={}", plan.from, self.key.tag())
    }

    fn offer_to_callee(
        &mut self,
        room: &mut Room<'_>,
        plan: &AttemptPlan,
        flow: Flow,
    ) -> Result<Option<Vec<u8>>, (Cause, String)> {
        self.bridge.face_callee(room, room.places.interface_of(flow.listener));
        let Some(offer) = &self.caller.offer else { return Ok(None) };
        match self.bridge.carry(room, Side::Caller, offer, &plan.media, self.purpose()) {
            Ok(ours) => Ok(Some(ours)),
            Err(NoMedia::Ports) => Err((Cause::Media, "no media port is free".to_owned())),
            Err(NoMedia::Incompatible(words) | NoMedia::Malformed(words)) => Err((Cause::Media, words)),
        }
    }

    pub(crate) fn purpose(&self) -> Purpose {
        if self.plan.emergency { Purpose::Emergency } else { Purpose::Call }
    }

    /// No answer at all: the next address of this peer, or the next peer.
    pub(crate) fn attempt_unanswered(&mut self, room: &mut Room<'_>, cause: Cause) {
        if let State::Placing(attempt) = &mut self.state
            && let Stage::Calling { others, .. } = &mut attempt.stage
        {
            let others = std::mem::take(others);
            if !others.is_empty() {
                self.next_dialog(room);
                if self.invite_first(room, others).is_ok() {
                    return;
                }
            }
        }
        let words = match cause {
            Cause::Timeout => "no answer in time",
            _ => "it can't be reached",
        };
        self.attempt_failed(room, cause, words);
    }

    /// Each INVITE to another address is a dialog of its own.
    fn next_dialog(&mut self, room: &mut Room<'_>) {
        let call_id = format!("{}-{}", self.key, room.stack.chance().text(12));
        if let State::Placing(attempt) = &mut self.state {
            attempt.call_id = call_id.into();
            attempt.cseq = 1;
        }
    }

    /// What became of an attempt decides whether another one follows.
    pub(crate) fn attempt_failed(&mut self, room: &mut Room<'_>, cause: Cause, words: &str) {
        let State::Placing(attempt) = &self.state else { return };
        let (index, was_told) = (attempt.index, attempt.was_told());
        self.draft.attempt_failed(room, cause, words);
        self.permits.clear();
        let plan = &self.plan.attempts[index];
        // Once the caller hears ringing, another trunk would ring as another call (standards A7).
        let may_follow = !was_told || self.plan.emergency || matches!(plan.callee, Callee::User(_));
        let next = self.plan.attempts.get(index + 1);
        match next {
            Some(_) if may_follow && plan.moves_on.contains(cause) => {
                self.tell_moved_on(room, index, words);
                self.try_from(room, index + 1);
            }
            _ => self.fail(room),
        }
    }

    /// An attempt's time, or the call's, may be over.
    pub(crate) fn expire_attempt(&mut self, room: &mut Room<'_>) {
        let State::Placing(attempt) = &self.state else { return };
        let now = room.now.instant;
        let is_last_moment = self.set_up_by <= now;
        if !is_last_moment && attempt.deadline().is_none_or(|until| now < until) {
            return;
        }
        if let Some(client) = attempt.client() {
            room.stack.cancel(now, client, None, room.sends);
        }
        if is_last_moment {
            self.draft.attempt_failed(room, Cause::Timeout, "the time to set up a call is over");
            self.fail(room);
        } else if matches!(attempt.stage, Stage::Ringing { .. }) {
            self.attempt_failed(room, Cause::Timeout, "it rang and nobody answered");
        } else {
            self.attempt_unanswered(room, Cause::Timeout);
        }
    }
}

/// Name and value of what policy adds to an INVITE.
fn plan_headers(plan: &AttemptPlan) -> Vec<(&str, &str)> {
    plan.headers.iter().map(|(name, value)| (name.as_ref(), value.as_str())).collect()
}
