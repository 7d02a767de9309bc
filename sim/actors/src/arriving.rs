//! SIP that reaches an actor: answers to its requests, and the requests of others.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sdp::Session;
use sip_message::{Header, Message, Method};

use crate::actor::{Actor, Done};
use crate::digest;
use crate::exchange::{ActorOut, Deed, Ended, LegId, Note, Noted, Transport};
use crate::leg::{Leg, State, Wish};
use crate::profile::Habit;
use crate::writing::Request;

impl Actor {
    pub(crate) fn received(
        &mut self,
        now: Instant,
        from: SocketAddr,
        transport: Transport,
        bytes: &[u8],
        out: &mut ActorOut,
    ) {
        let message = match Message::parse(bytes) {
            Ok(message) => message,
            Err(error) => {
                let what = Note::Wrong { what: format!("unreadable: {error}") };
                return out.notes.push(Noted { leg: LegId(0), call_id: String::new(), what });
            }
        };
        match message.method() {
            Some(_) if self.profile.has(Habit::Silent) => {}
            Some(method) => self.requested(now, (from, transport), &message, method, out),
            None => self.answered(now, &message, out),
        }
    }

    fn answered(&mut self, now: Instant, message: &Message<'_>, out: &mut ActorOut) {
        let branch = message.via().branch().unwrap_or_default();
        let (cseq, status) = (message.cseq(), message.status().unwrap_or_default());
        let Some(at) = self.clients.iter().position(|client| {
            client.branch == branch && client.method == cseq.method.as_str() && client.cseq == cseq.number
        }) else {
            return self.answered_late(message, out);
        };
        let client = &mut self.clients[at];
        let (leg, method) = (client.leg, client.method);
        if status < 200 {
            if client.done.is_none() {
                match method {
                    "INVITE" => client.repeat.rest(now),
                    _ => client.repeat.slow(),
                }
            }
            if let (Some(leg), "INVITE") = (leg.and_then(|id| self.legs.get_mut(&id)), method) {
                leg.early_tag = message.to().tag().map(str::to_owned).or(leg.early_tag.take());
            }
            self.progressed(now, leg, method, status, out);
            if let (Some(id), "INVITE") = (leg, method) {
                self.acknowledge_early(now, id, message, out);
            }
            return;
        }
        if let Some(done) = &client.done {
            out.sends.extend(done.ack.clone());
            if method == "INVITE" && status < 300 {
                self.answered_late(message, out);
            }
            return;
        }
        client.done = Some(Done { ack: None, until: Actor::linger(now) });
        if method == "INVITE" && status >= 300 {
            self.acknowledge_refusal(at, message, out);
        }
        if method != "INVITE" {
            self.clients.remove(at);
        }
        if !matches!(method, "INVITE" | "BYE" | "CANCEL") {
            let allow = message.line(Header::Allow).unwrap_or_default().to_owned();
            let what = Note::Replied { method: method.to_owned(), status, allow };
            let call_id = message.call_id().to_owned();
            out.notes.push(Noted { leg: leg.unwrap_or(LegId(0)), call_id, what });
        }
        if method == "REGISTER" {
            self.told_of_registering(now, message, out);
        }
        if method == "SUBSCRIBE" && leg.is_none() {
            self.told_of_watching(now, message, out);
        }
        if method == "PUBLISH" && leg.is_none() {
            self.told_of_publishing(now, message, out);
        }
        if let Some(id) = leg {
            self.concluded(now, id, method, message, out);
        }
    }

    /// A copy of a 2xx: its ACK again.
    fn answered_late(&mut self, message: &Message<'_>, out: &mut ActorOut) {
        let is_ok = message.status().is_some_and(|status| (200..300).contains(&status));
        if !is_ok || message.cseq().method != Method::Invite || self.profile.has(Habit::NeverAcks) {
            return;
        }
        let number = message.cseq().number;
        let losing = self.acks_to_lose();
        let is_its = |leg: &&mut Leg| {
            leg.dialog.call_id == message.call_id()
                && Some(leg.dialog.local_tag.as_str()) == message.from().tag()
                && leg.dialog.remote_tag.as_deref() == message.to().tag()
        };
        let leg = self.legs.values_mut().find(is_its);
        let Some(leg) = leg else { return };
        if let Some((cseq, ack)) = &leg.last_ack
            && *cseq == number
        {
            if leg.acks_lost < losing {
                leg.acks_lost += 1;
                return;
            }
            out.sends.push(ack.clone());
        }
    }

    fn acks_to_lose(&self) -> u8 {
        let lost = self.profile.habits.iter().find_map(|habit| match habit {
            Habit::LosesAcks(count) => Some(*count),
            _ => None,
        });
        lost.unwrap_or(0)
    }

    fn progressed(
        &mut self,
        now: Instant,
        leg: Option<LegId>,
        method: &str,
        status: u16,
        out: &mut ActorOut,
    ) {
        let Some(leg) = leg.and_then(|id| self.legs.get_mut(&id)) else { return };
        let id = leg.id;
        let State::Calling { wish, .. } = &mut leg.state else { return };
        if method != "INVITE" {
            return;
        }
        match wish {
            Wish::Stay => *wish = Wish::Heard,
            Wish::Leave => {
                *wish = Wish::Cancelled;
                self.cancel(now, id, out);
            }
            Wish::Heard | Wish::Cancelled => {}
        }
        if status > 100 {
            self.note(id, Note::Progress { status }, out);
        }
    }

    /// The ACK of a refusal belongs to the INVITE's transaction (RFC 3261 17.1.1.3).
    fn acknowledge_refusal(&mut self, at: usize, message: &Message<'_>, out: &mut ActorOut) {
        let client = &self.clients[at];
        let Some(leg) = client.leg.and_then(|id| self.legs.get(&id)) else { return };
        let parcel = &client.repeat.parcel;
        let Ok(invite) = Message::parse(&parcel.bytes) else { return };
        let routes: Vec<_> = invite.values(Header::Route).map(str::to_owned).collect();
        let bytes = Request {
            method: "ACK",
            uri: invite.request_uri().unwrap_or_default(),
            transport: parcel.transport,
            sent_by: self.profile.sip,
            branch: &client.branch,
            routes: &routes,
            from: &leg.dialog.tagged_local(),
            to: message.line(Header::To).unwrap_or_default(),
            call_id: &leg.dialog.call_id,
            cseq: client.cseq,
            contact: "",
            headers: &[],
            body: None,
        }
        .print();
        let ack = self.parcel(parcel.to, parcel.transport, bytes);
        out.sends.push(ack.clone());
        if let Some(done) = &mut self.clients[at].done {
            done.ack = Some(ack);
        }
    }

    /// The final answer to a request of a leg.
    fn concluded(
        &mut self,
        now: Instant,
        id: LegId,
        method: &str,
        message: &Message<'_>,
        out: &mut ActorOut,
    ) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let status = message.status().unwrap_or_default();
        match (method, &leg.state) {
            ("INVITE", State::Calling { .. }) if status < 300 => self.picked_up(now, id, message, out),
            ("INVITE", State::Calling { .. }) => self.turned_down(now, id, message, out),
            ("INVITE" | "UPDATE", _) => self.changed(now, id, method, message, out),
            ("BYE", State::Leaving) => leg.state = State::Over,
            ("REFER", State::Up) if status < 300 && self.profile.has(Habit::LeavesAfterRefer) => {
                self.hang_up(now, id, out);
            }
            (_, State::Up | State::Calling { .. }) if status >= 300 => {
                self.note(id, Note::Declined { method: method.to_owned(), status }, out);
            }
            _ => {}
        }
    }

    fn picked_up(&mut self, now: Instant, id: LegId, message: &Message<'_>, out: &mut ActorOut) {
        let (talks_for, reinvites) = (self.profile.talks_for, self.profile.has(Habit::ReinvitesAtOnce));
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let wish = match &leg.state {
            State::Calling { wish, .. } => *wish,
            _ => return,
        };
        leg.dialog.establish(message);
        leg.media.may_return = true;
        leg.state = State::Up;
        leg.hang_up_at = talks_for.map(|span| now + span);
        self.note(id, Note::Answered, out);
        self.leash_as_client(now, id, message);
        self.settle(now, id, message, out);
        if matches!(wish, Wish::Leave | Wish::Cancelled) {
            self.hang_up(now, id, out);
        } else if reinvites {
            self.perform(now, Deed::ReInvite(id), out);
        }
    }

    /// Takes the session in a 2xx to an INVITE, and acknowledges it.
    fn settle(&mut self, now: Instant, id: LegId, message: &Message<'_>, out: &mut ActorOut) {
        let invite = self.clients.iter().find(|client| {
            client.leg == Some(id) && client.method == "INVITE" && client.cseq == message.cseq().number
        });
        let offered = invite.and_then(|client| Message::parse(&client.repeat.parcel.bytes).ok());
        let offer = offered.map(|invite| invite.body().to_vec()).unwrap_or_default();
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let mut body = None;
        let mut wrong = None;
        match (Session::parse(message.body()), offer.is_empty()) {
            (Ok(theirs), true) => {
                body = leg.media.answer(&theirs);
                leg.media.learn(now, &theirs);
            }
            (Ok(theirs), false) => {
                let ours = Session::parse(&offer);
                let mismatch = ours.ok().and_then(|ours| sdp::answer_matches(&ours, &theirs).err());
                wrong = mismatch.map(|mismatch| format!("answer doesn't fit the offer: {mismatch}"));
                leg.media.learn(now, &theirs);
            }
            (Err(_), _) if leg.reliable.is_settled => {}
            (Err(error), _) => wrong = Some(format!("2xx without a session: {error}")),
        }
        if let Some(what) = wrong {
            self.note(id, Note::Wrong { what }, out);
        }
        let Some(ack) = self.ack(id, message.cseq().number, body.as_deref()) else { return };
        let losing = self.acks_to_lose();
        let never = self.profile.has(Habit::NeverAcks);
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.last_ack = Some((message.cseq().number, ack.clone()));
        match leg.acks_lost < losing || never {
            true => leg.acks_lost = leg.acks_lost.saturating_add(1),
            false => out.sends.push(ack),
        }
    }

    fn turned_down(&mut self, now: Instant, id: LegId, message: &Message<'_>, out: &mut ActorOut) {
        let status = message.status().unwrap_or_default();
        let cnonce = self.chance.text();
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let State::Calling { uri, wish } = &mut leg.state else { return };
        let (challenges, name) = match status {
            401 => (Header::WwwAuthenticate, "Authorization"),
            _ => (Header::ProxyAuthenticate, "Proxy-Authorization"),
        };
        if let (Some(who), 401 | 407, 0) = (&self.profile.credentials, status, leg.digest_tries) {
            let proof = digest::proof_in(message, challenges, who, ("INVITE", uri), &cnonce);
            if let Some(proof) = proof {
                leg.digest_tries += 1;
                if *wish == Wish::Heard {
                    *wish = Wish::Stay;
                }
                if matches!(wish, Wish::Leave | Wish::Cancelled) {
                    return self.end(id, Ended::Cancelled, out);
                }
                return self.invite(now, id, &[(name.to_owned(), proof)], out);
            }
        }
        if let (422, Some(least)) = (status, crate::timer::least_of(message))
            && least > leg.least_interval
        {
            (leg.least_interval, leg.digest_tries) = (least, 0);
            return self.invite(now, id, &[], out);
        }
        let how = if status == 487 { Ended::Cancelled } else { Ended::Refused(status) };
        self.end(id, how, out);
    }

    /// The answer to a re-INVITE or UPDATE of ours.
    fn changed(&mut self, now: Instant, id: LegId, method: &str, message: &Message<'_>, out: &mut ActorOut) {
        let status = message.status().unwrap_or_default();
        let glare_wait = self.chance.span_below(Duration::from_millis(1900));
        let Some(leg) = self.legs.get_mut(&id) else { return };
        // A sign of life may be under way beside it.
        let is_change = leg.changing_by == message.cseq().number;
        let deed = leg.changing.take_if(|_| is_change);
        if status < 300 {
            leg.dialog.retarget(message);
            self.leash_as_client(now, id, message);
            let Some(leg) = self.legs.get_mut(&id) else { return };
            if deed.is_none() {
                return;
            }
            if method == "INVITE" {
                self.settle(now, id, message, out);
            } else if let Ok(theirs) = Session::parse(message.body()) {
                leg.media.learn(now, &theirs);
            }
            return self.note(id, Note::Renegotiated, out);
        }
        if !matches!(leg.state, State::Up) {
            return;
        }
        match (status, deed) {
            // RFC 3261 14.1: whoever made the Call-ID waits longer.
            (491, Some(deed)) => {
                let base = if id.0 < LegId::INCOMING { Duration::from_millis(2100) } else { Duration::ZERO };
                leg.again = Some((now + base + glare_wait, deed));
            }
            // Asked before it answered, by another of the phones that stood behind it then; or before it was
            // answered, of somebody else who rang.
            (408 | 481, _) if message.from().tag() != Some(&leg.dialog.local_tag) => {}
            (408 | 481, _) if message.to().tag() != leg.dialog.remote_tag.as_deref() => {}
            (408 | 481, _) => self.hang_up(now, id, out),
            _ => self.note(id, Note::Declined { method: method.to_owned(), status }, out),
        }
    }
}
