//! Placing a call: one attempt after the other, until somebody answers.

use std::borrow::Cow;
use std::sync::Arc;

use media::{Purpose, Side};
use policy::{AttemptPlan, CALL, Cause, EarlyMedia, Large, LegRules, Rang, Reliable};
use sip_message::{Message, Method, NameAddr, Uri};
use sip_stack::locate::{DnsAnswer, Families, Locate, Step, Target, Usable};
use sip_stack::{Flow, ListenerId, Request, Transport, is_sips};
use targets::{Outcome, Place, Way};

use crate::again::rest_last;
use crate::attempt::{Attempt, Hop, Stage};
use crate::bridge::{NoMedia, Part};
use crate::call::{Call, State};
use crate::early::Earlies;
use crate::held::Held;
use crate::ring::{Failure, Ring};
use crate::round::{Due, Onward, Round};
use crate::stand::{Reached, Stand};
use crate::timer::{FROM_CHANGE, lent};
use crate::{Room, part, told};

impl Call {
    /// Tries the attempts of the plan in order, from `index`, until one is under way.
    pub(crate) fn try_from(&mut self, room: &mut Room<'_>, index: usize) {
        self.go_on(room, Onward::To(index));
    }

    fn go_on(&mut self, room: &mut Room<'_>, mut onward: Onward) {
        loop {
            onward = match onward {
                Onward::Fail => return self.fail(room),
                Onward::RoundEnded => return self.round_ended(room),
                Onward::To(index) => match self.due(room, index) {
                    Due::Now if self.ring_from(room, index) => return,
                    Due::Now => self.goes_on_from(),
                    Due::Not => self.passes_over(index),
                    Due::LeftAlone => {
                        let target = &self.plan.attempts[index].target;
                        let words = format!("{target} has asked meanwhile to be left alone");
                        self.draft.attempt_note(words);
                        self.rounds.had_turn.push(index);
                        self.count_resting_as_asked(room, index);
                        self.passes_over(index)
                    }
                },
            };
        }
    }

    /// Begins the attempts that ring together; whether any of them is under way.
    fn ring_from(&mut self, room: &mut Room<'_>, first: usize) -> bool {
        let plan = Arc::clone(&self.plan);
        self.ring = Ring { first, ..Ring::default() };
        let mut is_under_way = false;
        let together = if self.rounds.now == Round::LeftOut { first..first + 1 } else { plan.ring(first) };
        for index in together {
            if is_under_way {
                self.lay_aside(room, index - first);
            }
            match self.start_or_instead(room, index) {
                true => is_under_way = true,
                false => self.drop_in_hand(room),
            }
        }
        is_under_way
    }

    /// Begins an attempt, or one that takes its place; whether one is under way.
    fn start_or_instead(&mut self, room: &mut Room<'_>, index: usize) -> bool {
        let plan = Arc::clone(&self.plan);
        let mut next = Some(index);
        while let Some(index) = next {
            let attempt = &plan.attempts[index];
            self.draft.attempt_began(room, attempt);
            if self.rounds.now == Round::LeftOut {
                self.draft.attempt_note("left out before: everybody else has failed".to_owned());
            }
            let Err((cause, words)) = self.start(room, index, attempt) else { return true };
            self.note_failure(room, index, cause, &words);
            next = attempt.instead.filter(|_| attempt.moves_on.contains(cause));
        }
        false
    }

    /// Where the call goes on when nobody of a ring was reached: what said best why decides.
    fn goes_on_from(&mut self) -> Onward {
        self.permits.clear();
        self.taken.clear();
        let Some(failure) = self.ring.failure.take() else { return Onward::Fail };
        self.draft.failed_by(failure.row, failure.cause);
        self.onward(failure)
    }

    fn note_failure(&mut self, room: &mut Room<'_>, index: usize, cause: Cause, words: &str) {
        self.ring.permits.clear();
        let rang = match &self.state {
            State::Placing(attempt) if attempt.index == index => attempt.rang(),
            _ => Rang::Never,
        };
        self.draft.attempt_failed(room, cause, words);
        self.rounds.had_turn.push(index);
        self.ring.note(Failure { index, row: self.draft.row(), cause, rang });
    }

    pub(crate) fn start(
        &mut self,
        room: &mut Room<'_>,
        index: usize,
        plan: &AttemptPlan,
    ) -> Result<(), (Cause, String)> {
        let call_id = [self.key.letters().text(), "-", &room.stack.chance().text(12)].concat();
        let attempt = Attempt::new((index, self.draft.row()), call_id, room.now.instant, plan);
        self.take_claims(plan)?;
        if let Some(turn) = &plan.turn {
            room.turns.rings(turn);
        }
        let line = self.stand_in_line(room, plan)?;
        let is_waiting = line.is_some();
        let stage = line.map_or(Stage::Begun, Stage::Waiting);
        self.state = State::Placing(Box::new(Attempt { stage, ..attempt }));
        if is_waiting { Ok(()) } else { self.find_targets(room, plan) }
    }

    /// Takes what an attempt needs of limits; the call's own part once, however many ring.
    pub(crate) fn take_claims(&mut self, plan: &AttemptPlan) -> Result<(), (Cause, String)> {
        let mut left: Vec<&Arc<str>> = self.plan.taken_once.iter().collect();
        for claim in &plan.claims {
            let name = claim.limit.name();
            let own = left.iter().position(|one| ***one == *name).map(|at| left.swap_remove(at).clone());
            if own.as_ref().is_some_and(|own| self.taken.contains(own)) {
                continue;
            }
            let permit = if self.is_held_up() { claim.take() } else { Some(claim.take_by_force()) };
            let Some(permit) = permit else {
                return Err((Cause::Limit, format!("the limit of {name} is reached")));
            };
            let held = Held::of(claim, permit);
            match own {
                Some(own) => {
                    self.taken.push(own);
                    self.permits.push(held);
                }
                None => self.ring.permits.push(held),
            }
        }
        Ok(())
    }

    /// Its turn has come: the attempt begins.
    pub(crate) fn turn_came(&mut self, room: &mut Room<'_>) {
        let plan = Arc::clone(&self.plan);
        let State::Placing(attempt) = &mut self.state else { return };
        let attempt_plan = &plan.attempts[attempt.index];
        attempt.stage = Stage::Begun;
        attempt.give_up_at = room.now.instant + attempt_plan.answer_wait;
        if let Err((cause, words)) = self.find_targets(room, attempt_plan) {
            self.attempt_failed(room, cause, &words);
        }
    }

    fn find_targets(&mut self, room: &mut Room<'_>, plan: &AttemptPlan) -> Result<(), (Cause, String)> {
        if let Some(device) = &plan.device {
            return self.find_device(room, plan, device);
        }
        // A call for help that failed everywhere goes straight to the servers the second time.
        if self.rounds.now == Round::First
            && let State::Placing(attempt) = &mut self.state
        {
            attempt.routes = room.accounts.routes(plan);
            if let Some(route) = attempt.routes.first().cloned() {
                return self.ask_where(room, plan, route_uri(&route));
            }
        }
        match self.way_to(room, plan) {
            Way::To(targets) => self.try_targets(room, plan, targets),
            Way::Missing => Err((Cause::Dns, "its name leads nowhere".to_owned())),
            Way::Unknown => self.ask_where(room, plan, &plan.target),
        }
    }

    pub(crate) fn ask_where(
        &mut self,
        room: &mut Room<'_>,
        plan: &AttemptPlan,
        target: &str,
    ) -> Result<(), (Cause, String)> {
        if self.ring.beside.iter().any(|other| matches!(other.attempt.stage, Stage::Locating(_))) {
            return Ok(());
        }
        let uri = Uri::parse(target).map_err(|error| (Cause::Dns, error.to_string()))?;
        let transports = room.places.transports(plan.interface);
        let usable = Usable { transports: &transports, families: Families::Both };
        if let State::Placing(attempt) = &mut self.state {
            attempt.stage = Stage::Locating(Box::new(Locate::begin(&uri, usable)));
        }
        self.locate(room, &[])
    }

    /// The answer to a question to the DNS.
    pub(crate) fn located(&mut self, room: &mut Room<'_>, answers: &[DnsAnswer]) {
        self.take_up(|attempt| matches!(attempt.stage, Stage::Locating(_)));
        if let Err((cause, words)) = self.locate(room, answers) {
            self.attempt_failed(room, cause, &words);
        }
        self.look_up_next(room);
    }

    fn locate(&mut self, room: &mut Room<'_>, answers: &[DnsAnswer]) -> Result<(), (Cause, String)> {
        let State::Placing(attempt) = &mut self.state else { return Ok(()) };
        let index = attempt.index;
        let Stage::Locating(locate) = &mut attempt.stage else { return Ok(()) };
        match locate.step(answers, room.stack.chance()) {
            Step::Ask(question) => {
                room.asks.push((self.key, question));
                Ok(())
            }
            Step::Found(targets) => {
                let plan = Arc::clone(&self.plan);
                self.try_targets(room, &plan.attempts[index], targets)
            }
            Step::NotFound => Err((Cause::Dns, "no address was found".to_owned())),
        }
    }

    fn try_targets(
        &mut self,
        room: &mut Room<'_>,
        plan: &AttemptPlan,
        mut targets: Vec<Target>,
    ) -> Result<(), (Cause, String)> {
        // A call for help asks those first who are known to be there.
        if !self.plan.emergency {
            room.accounts.prefer(plan, &mut targets);
            rest_last(room, plan, &mut targets);
        }
        if let State::Placing(attempt) = &mut self.state {
            attempt.goes_to(targets, plan.large);
        }
        self.invite_next(room)
    }

    /// Sends the INVITE to the next of the addresses that one of our listeners can reach.
    pub(crate) fn invite_next(&mut self, room: &mut Room<'_>) -> Result<(), (Cause, String)> {
        let plan = Arc::clone(&self.plan);
        while let State::Placing(attempt) = &mut self.state
            && let Some(Hop { target, large, registered }) = attempt.others.pop_front()
        {
            attempt.large = large;
            if let Some((flow, contact)) = registered {
                attempt.registered = Some(contact);
                attempt.place = Some(Place { transport: flow.transport, address: flow.remote });
                let index = attempt.index;
                return self.invite(room, &plan.attempts[index], (flow, large), None);
            }
            let attempt_plan = &plan.attempts[attempt.index];
            let remote = target.address;
            let listener = room.places.listener_toward(target.transport, remote.ip(), attempt_plan.interface);
            let Some(listener) = listener else { continue };
            let connection = sip_stack::ConnectionId::NONE;
            let flow = Flow { transport: target.transport, listener, connection, remote };
            attempt.server_name = target.server_name.map(Arc::from);
            attempt.place = Some(Place { transport: target.transport, address: remote });
            return self.invite(room, attempt_plan, (flow, large), None);
        }
        Err((Cause::Transport, "none of our interfaces reaches it".to_owned()))
    }

    /// Sends the INVITE; `proof` answers the peer's challenge.
    pub(crate) fn invite(
        &mut self,
        room: &mut Room<'_>,
        plan: &AttemptPlan,
        (flow, large): (Flow, Large),
        proof: Option<(&str, &str)>,
    ) -> Result<(), (Cause, String)> {
        let offer = self.offer_to_callee(room, plan, flow)?;
        self.gate_ring(room);
        let is_one_of_several = self.plan.ring(self.ring.first).len() > 1;
        let from = self.tagged_from(plan);
        let session = self.session_for_callee(plan.leg.session_ids);
        let State::Placing(attempt) = &mut self.state else { return Ok(()) };
        attempt.earlies = Earlies::default();
        let answers = match (&offer, self.caller.told.way) {
            (None, told::Way::Plain) => Answers::Impossible,
            // Several offers before the answer, and one caller to answer them.
            (None, told::Way::Reliable) if is_one_of_several => Answers::Impossible,
            _ => Answers::Possible,
        };
        let dressed = plan_headers(plan, &self.draft.id());
        let mut headers: Vec<(&str, &str)> =
            dressed.iter().map(|(name, value)| (*name, value.as_ref())).collect();
        headers.push(("Allow", sip_stack::ALLOW));
        let mut offered = attempt.timer.request_headers();
        leg_headers(&plan.leg, answers).into_iter().for_each(|header| join(&mut offered, header));
        if !self.plan.emergency {
            join(&mut offered, ("Supported", FROM_CHANGE));
        }
        headers.extend(lent(&offered));
        headers.extend(proof);
        let (uri, to) = (plan.heading.request_uri.text(), plan.heading.to.text());
        let uri = attempt.registered.as_deref().unwrap_or(&uri);
        seal_is_kept(uri, flow)?;
        let contact_user = &plan.heading.contact_user;
        let contact = room.places.contact(flow.listener, uri, contact_user);
        let mut request = Request {
            method: Method::Invite,
            uri,
            flow,
            server_name: attempt.server_name.clone(),
            from: &from,
            to: &to,
            call_id: &attempt.call_id,
            cseq: attempt.cseq,
            routes: &attempt.routes,
            contact: Some(&contact),
            max_forwards: self.caller.max_forwards.saturating_sub(1),
            session,
            headers: &headers,
            body: offer.as_deref().map(|offer| ("application/sdp", offer)),
        };
        let grown = grown(room, large, &request);
        let by_tcp = grown.map(|(listener, _)| room.places.contact(listener, uri, contact_user));
        if let Some(((listener, size), contact)) = grown.zip(by_tcp.as_deref()) {
            let back = Target { transport: flow.transport, address: flow.remote, server_name: None };
            attempt.others.push_front(Hop { target: back, large: Large::AsConfigured, registered: None });
            let connection = sip_stack::ConnectionId::NONE;
            request.flow = Flow { transport: Transport::Tcp, listener, connection, ..flow };
            request.contact = Some(contact);
            self.draft.attempt_note(format!("{size} bytes are too many for a datagram: sent by TCP"));
        }
        let (flow, contact) = (request.flow, request.contact.unwrap_or_default().into());
        let owner = part::owner(self.key, part::INVITE);
        let client = room.stack.request(room.now.instant, &request, owner, room.sends);
        self.draft.attempt_asks(room, flow, &attempt.call_id);
        (attempt.contact, attempt.sent_at) = (contact, room.now.instant);
        attempt.stage = Stage::Calling { client, until: attempt.patience(room.now.instant) };
        Ok(())
    }

    /// Whether this is the INVITE that is out now.
    pub(crate) fn has_sent(&self, message: &Message<'_>) -> bool {
        let user = |uri: &str| Uri::parse(uri).ok().and_then(|uri| uri.user().map(str::to_owned));
        let Some(attempt) = self.attempts().find(|attempt| *attempt.call_id == *message.call_id()) else {
            return false;
        };
        let sent = user(&self.plan.attempts[attempt.index].heading.request_uri.text());
        sent == message.request_uri().and_then(user)
    }

    /// The From value of this call's INVITEs, with our tag.
    pub(crate) fn tagged_from(&self, plan: &AttemptPlan) -> String {
        [&*plan.heading.from.text(), ";tag=t", self.key.letters().text()].concat()
    }

    /// How the attempt in hand reaches its device.
    fn reached(&self) -> Reached {
        match &self.state {
            State::Placing(attempt) if !attempt.routes.is_empty() => Reached::Through,
            _ => Reached::Straight,
        }
    }

    fn offer_to_callee(
        &mut self,
        room: &mut Room<'_>,
        plan: &AttemptPlan,
        flow: Flow,
    ) -> Result<Option<Vec<u8>>, (Cause, String)> {
        let stand = Stand::of(room, flow, self.reached(), &plan.leg);
        self.bridge.face_callee(room, stand);
        let Some(offer) = self.caller.offer.clone() else { return Ok(None) };
        match self.describe(room, Side::Caller, Part::Offer, &offer, &plan.media) {
            Ok(ours) => Ok(Some(ours)),
            Err(NoMedia::Ports) => Err((Cause::Limit, "no media port is free".to_owned())),
            Err(NoMedia::Incompatible(words) | NoMedia::Malformed(words) | NoMedia::Unprotected(words)) => {
                Err((Cause::Media, words))
            }
        }
    }

    pub(crate) fn purpose(&self) -> Purpose {
        if self.plan.emergency { Purpose::Emergency } else { Purpose::Call }
    }

    /// No answer at all: the next address of this peer, or the next peer.
    pub(crate) fn attempt_unanswered(&mut self, room: &mut Room<'_>, cause: Cause) {
        let State::Placing(attempt) = &self.state else { return };
        let (words, outcome) = match (&attempt.stage, cause) {
            (Stage::Locating(_), _) => {
                return self.attempt_failed(room, Cause::Dns, "DNS says nothing in time");
            }
            (_, Cause::Timeout) => ("no answer in time", targets::Cause::NoAnswerToCall),
            _ => ("it can't be reached", targets::Cause::NoConnection),
        };
        self.note_outcome(room, Outcome::Failed(outcome));
        if !self.next_address(room, cause, words) {
            self.attempt_failed(room, cause, words);
        }
    }

    /// Tries the next address of the same peer, if there is one and the time is not over. Each INVITE is a
    /// dialog of its own.
    pub(crate) fn next_address(&mut self, room: &mut Room<'_>, cause: Cause, words: &str) -> bool {
        let now = room.now.instant;
        let call_id = [self.key.letters().text(), "-", &room.stack.chance().text(12)].concat();
        self.note_failed();
        self.leave_alone(room);
        let is_last_round = self.rounds.now == Round::LeftOut;
        let State::Placing(attempt) = &mut self.state else { return false };
        let is_over = attempt.give_up_at <= now && cause == Cause::Timeout && !is_last_round;
        if attempt.others.is_empty() || is_over {
            return false;
        }
        let index = attempt.index;
        (attempt.call_id, attempt.cseq, attempt.proofs) = (call_id.into(), 1, 0);
        let plan = Arc::clone(&self.plan);
        self.draft.attempt_failed(room, cause, words);
        self.draft.attempt_began(room, &plan.attempts[index]);
        if let State::Placing(attempt) = &mut self.state {
            attempt.row = self.draft.row();
        }
        match self.invite_next(room) {
            Ok(()) => true,
            Err((cause, words)) => {
                self.attempt_failed(room, cause, &words);
                true
            }
        }
    }

    /// Tells the book what came of the address that is tried.
    pub(crate) fn note_outcome(&self, room: &mut Room<'_>, outcome: Outcome) {
        let State::Placing(attempt) = &self.state else { return };
        let plan = &self.plan.attempts[attempt.index];
        let known = plan.server.zip(plan.server_key.as_deref()).zip(attempt.place);
        let Some(((id, key), place)) = known else { return };
        if let Some(server) = room.book.find(id.0.into(), key) {
            room.book.note(room.now.instant, server, place, outcome);
        }
    }

    /// A redirection leads elsewhere: others take the attempt's place.
    pub(crate) fn gives_way(&mut self, room: &mut Room<'_>, (cause, words): (Cause, &str), next: usize) {
        let State::Placing(attempt) = &self.state else { return };
        let index = attempt.index;
        self.note_failed();
        self.note_failure(room, index, cause, words);
        self.bridge.forget_callee(room);
        self.tell_moved_on(room, index, words);
        if !self.ring.is_shared() {
            self.permits.clear();
            self.taken.clear();
            return self.go_on(room, Onward::To(next));
        }
        if !self.start_or_instead(room, next) {
            self.one_failed(room, cause);
        }
    }

    /// What became of an attempt decides whether another one follows.
    pub(crate) fn attempt_failed(&mut self, room: &mut Room<'_>, cause: Cause, words: &str) {
        let State::Placing(attempt) = &self.state else { return };
        let (index, rang) = (attempt.index, attempt.rang());
        self.note_failed();
        self.note_failure(room, index, cause, words);
        self.bridge.forget_callee(room);
        let attempt = &self.plan.attempts[index];
        let may_follow = rang == Rang::Never || attempt.moves_on_after_ringing;
        if let Some(next) = attempt.instead.filter(|_| may_follow && attempt.moves_on.contains(cause)) {
            self.tell_moved_on(room, index, words);
            if self.start_or_instead(room, next) {
                return;
            }
        }
        if self.ring.is_shared() {
            return self.one_failed(room, cause);
        }
        let onward = self.goes_on_from();
        if let Onward::To(_) = onward {
            self.tell_moved_on(room, index, words);
        }
        self.go_on(room, onward);
    }

    /// One of several has failed: the others ring on without it.
    fn one_failed(&mut self, room: &mut Room<'_>, cause: Cause) {
        if !matches!(cause, Cause::Status(600..)) {
            self.drop_in_hand(room);
            return self.look_up_next(room);
        }
        // Who declines for everybody does so for all that ring (RFC 3261 16.7).
        self.let_others_go(room, None, "another declined for all");
        let onward = self.goes_on_from();
        self.go_on(room, onward);
    }

    /// An attempt's time, or the call's, may be over.
    pub(crate) fn expire_attempt(&mut self, room: &mut Room<'_>) {
        self.bridge_silence(room);
        self.look_at_line(room);
        let State::Placing(attempt) = &self.state else { return };
        let now = room.now.instant;
        let is_last_moment = self.set_up_by <= now;
        if !is_last_moment && attempt.until().is_none_or(|until| now < until) {
            return;
        }
        if let Some(client) = attempt.client() {
            room.stack.cancel(now, client, None, room.sends);
        }
        if is_last_moment {
            self.leave_line();
            self.draft.attempt_failed(room, Cause::Timeout, "the time to set up a call is over");
            self.fail(room);
        } else if matches!(attempt.stage, Stage::Waking(_)) {
            self.never_woke(room);
        } else if matches!(attempt.stage, Stage::Ringing { .. }) {
            self.attempt_failed(room, Cause::NoAnswer, "it rang and nobody answered");
        } else {
            self.attempt_unanswered(room, Cause::Timeout);
        }
    }
}

/// The largest request that is sent as a datagram where another way may be there (RFC 3261 18.1.1).
const DATAGRAM_MAX: usize = 1300;

/// A `sips` address is sent to by a sealed way or not at all, whatever led there.
fn seal_is_kept(uri: &str, flow: Flow) -> Result<(), (Cause, String)> {
    match is_sips(uri) && !flow.transport.is_sealed() {
        true => Err((Cause::Transport, format!("a sips address is not sent to by {}", flow.transport))),
        false => Ok(()),
    }
}

/// The URI of a Route value.
pub(crate) fn route_uri(route: &str) -> &str {
    NameAddr::parse(route).map_or(route, |name_addr| name_addr.uri)
}

/// The listener from which a request goes by TCP because of its size, and that size.
fn grown(room: &mut Room<'_>, large: Large, request: &Request<'_>) -> Option<(ListenerId, usize)> {
    let flow = request.flow;
    if large != Large::ByTcp || flow.transport != Transport::Udp {
        return None;
    }
    let interface = room.places.interface_of(flow.listener);
    let listener = room.places.listener_toward(Transport::Tcp, flow.remote.ip(), Some(interface))?;
    let size = room.stack.size_beyond(request, DATAGRAM_MAX)?;
    Some((listener, size))
}

/// What we offer of provisional answers. A callee's offer in one of them needs a caller who can answer it.
fn leg_headers(rules: &LegRules, answers: Answers) -> Vec<(&'static str, &'static str)> {
    let can_be_reliable = answers == Answers::Possible;
    let reliable = match rules.reliable {
        Reliable::Supported if can_be_reliable => Some(("Supported", "100rel")),
        Reliable::Required if can_be_reliable => Some(("Require", "100rel")),
        Reliable::Off | Reliable::Supported | Reliable::Required => None,
    };
    let early = (rules.early_media == EarlyMedia::Gated).then_some(("P-Early-Media", "supported"));
    reliable.into_iter().chain(early).collect()
}

/// Adds a header; what we support stands in one line, because some look at the first only.
fn join(headers: &mut Vec<(&'static str, String)>, (name, value): (&'static str, &str)) {
    match headers.iter_mut().find(|(known, _)| *known == name) {
        Some((_, tags)) => *tags = format!("{value}, {tags}"),
        None => headers.push((name, value.to_owned())),
    }
}

/// Whether a callee's offer before its answer could be answered.
#[derive(PartialEq)]
enum Answers {
    Possible,
    Impossible,
}

/// Name and value of what policy adds to an INVITE; only the call knows its id.
pub(crate) fn plan_headers<'p>(plan: &'p AttemptPlan, id: &str) -> Vec<(&'p str, Cow<'p, str>)> {
    let headers = plan.heading.headers.iter();
    headers
        .map(|(name, value)| match value.contains(CALL) {
            true => (name.as_ref(), value.replace(CALL, id).into()),
            false => (name.as_ref(), Cow::Borrowed(value.as_str())),
        })
        .collect()
}
