//! Requests of others: calls to us, changes, ends.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sdp::Session;
use sip_message::{Header, Message, Method};

use crate::actor::{Actor, Served};
use crate::digest;
use crate::exchange::{ActorOut, Deed, Ended, LegId, Note, Parcel, Transport};
use crate::leg::{Dialog, Incoming, Leg, Line, State};
use crate::media::Media;
use crate::profile::Habit;
use crate::recording;
use crate::reliable::{Holding, Reliable};
use crate::repeat::{Growth, Repeat};
use crate::writing::Response;

/// Where a request came from.
pub(crate) type Path = (SocketAddr, Transport);

impl Actor {
    pub(crate) fn requested(
        &mut self,
        now: Instant,
        path: Path,
        message: &Message<'_>,
        method: Method<'_>,
        out: &mut ActorOut,
    ) {
        let branch = message.via().branch().unwrap_or_default();
        let copy = self.served.iter().find(|one| one.branch == branch && one.method == method.as_str());
        if let Some(copy) = copy {
            return out.sends.push(copy.answer.clone());
        }
        if let (Method::Notify, Some(at)) = (method, self.watching_of(message)) {
            return self.shown(now, at, path, message, out);
        }
        match (method, message.to().tag()) {
            (Method::Ack, _) => self.acknowledged(now, message, out),
            (Method::Cancel, _) => self.cancelled(now, path, message, out),
            (Method::Register, _) if !self.profile.accounts.is_empty() => {
                self.asked_to_register(now, path, message, out);
            }
            (Method::Invite, None) => self.called(now, path, message, out),
            (_, Some(tag)) => {
                let leg = self
                    .legs
                    .values()
                    .find(|leg| leg.dialog.call_id == message.call_id() && leg.dialog.local_tag == tag);
                match leg.map(|leg| leg.id) {
                    Some(id) => self.inside(now, id, path, message, out),
                    None => {
                        self.serve(now, path, message, &Response { status: 481, ..Response::default() }, out)
                    }
                }
            }
            (Method::Options, None) => {
                let contact = self.contact();
                let status = self.profile.habits.iter().find_map(|habit| match habit {
                    Habit::AnswersOptionsWith(status) => Some(*status),
                    _ => None,
                });
                let status = status.unwrap_or(200);
                let said = self.said_of_refusal().filter(|_| status >= 300);
                let header = said.as_ref().map(|(name, value)| (*name, value.as_str()));
                let answer = Response { status, contact: Some(&contact), header, ..Response::default() };
                self.serve(now, path, message, &answer, out);
            }
            (_, None) => {
                self.serve(now, path, message, &Response { status: 405, ..Response::default() }, out)
            }
        }
    }

    /// Answers a request that isn't INVITE, and remembers the answer for its copies.
    pub(crate) fn serve(
        &mut self,
        now: Instant,
        path: Path,
        message: &Message<'_>,
        answer: &Response<'_>,
        out: &mut ActorOut,
    ) {
        let answer = self.response_parcel(path, message, answer);
        out.sends.push(answer.clone());
        self.served.push(Served {
            branch: message.via().branch().unwrap_or_default().to_owned(),
            method: message.method().map(|method| method.as_str().to_owned()).unwrap_or_default(),
            answer,
            until: Actor::linger(now),
        });
    }

    fn response_parcel(&self, path: Path, message: &Message<'_>, answer: &Response<'_>) -> Parcel {
        self.parcel(reply_address(message, path), path.1, answer.print(message))
    }

    fn called(&mut self, now: Instant, path: Path, message: &Message<'_>, out: &mut ActorOut) {
        let branch = message.via().branch().unwrap_or_default();
        let copy = self.legs.values().find(|leg| {
            leg.dialog.call_id == message.call_id()
                && match &leg.state {
                    State::Ringing { invite, .. } => invite.branch == branch,
                    _ => true,
                }
        });
        if let Some(leg) = copy {
            if let State::Ringing { invite: Incoming { last: Some(last), .. }, .. } = &leg.state {
                out.sends.push(last.clone());
            }
            return;
        }
        if self.is_too_short(message) {
            return self.refuse_interval(now, path, message, out);
        }
        if self.profile.has(Habit::Challenges) && !self.is_proven(message) {
            return self.challenge(path, message, out);
        }
        if self.misses_reliable(message) || self.knows_no_reliable(message) {
            let (status, name) =
                if self.misses_reliable(message) { (421, "Require") } else { (420, "Unsupported") };
            let header = Some((name, "100rel"));
            let no = Response { status, to_tag: Some("unreliable"), header, ..Response::default() };
            return out.sends.push(self.response_parcel(path, message, &no));
        }
        if recording::is_misplaced(&self.profile, message) {
            let header = Some(("Unsupported", "siprec"));
            let no = Response { status: 420, to_tag: Some("misplaced"), header, ..Response::default() };
            return out.sends.push(self.response_parcel(path, message, &no));
        }
        let id = LegId(self.next_incoming);
        self.next_incoming += 1;
        let dialog = self.dialog_of(path, message);
        let rtp = self.rtp_address();
        let media = Media::new(rtp, self.chance.u64(), &self.profile);
        let incoming = Incoming {
            bytes: message.bytes().to_vec(),
            branch: branch.to_owned(),
            from: path.0,
            transport: path.1,
            last: None,
        };
        let state = State::Ringing { invite: incoming, script: self.script(now) };
        self.legs.insert(id, Leg::new(id, dialog, media, state));
        let uri = message.request_uri().unwrap_or_default().to_owned();
        self.note(id, Note::Called { uri, from: message.from().uri.to_owned() }, out);
        self.note_metadata(id, message, out);
        if let Some(route) = message.line(Header::Route) {
            self.note(id, Note::Routed { route: route.to_owned() }, out);
        }
        self.provisional(now, id, 100, None, out);
        self.ring_others(now, id);
        self.play(now, id, out);
    }

    /// Other devices that the call reaches too: each has a leg of its own under another tag.
    fn ring_others(&mut self, now: Instant, id: LegId) {
        let count = self.profile.habits.iter().find_map(|habit| match habit {
            Habit::Forks(count) => Some(*count),
            _ => None,
        });
        let last_answers = self.profile.has(Habit::LastForkAnswers);
        let answers_at = now + self.profile.rings_after + self.profile.answers_after;
        let count = count.unwrap_or(1);
        for device in 1..count {
            let (tag, rtp, session) = (self.chance.text(), self.rtp_address(), self.chance.u64());
            let other = LegId(self.next_incoming);
            let Some(leg) = self.legs.get(&id) else { return };
            let State::Ringing { invite, .. } = &leg.state else { return };
            let early_at = now + self.profile.rings_after + Duration::from_millis(400) * u32::from(device);
            let mut script = VecDeque::from([(early_at, Line::Early)]);
            if last_answers && device + 1 == count {
                script.push_back((answers_at, Line::Answer));
            }
            let state = State::Ringing { invite: invite.clone(), script };
            let dialog = Dialog { local_tag: tag, ..leg.dialog.clone() };
            let mut media = Media::new(rtp, session, &self.profile);
            media.device = device;
            self.next_incoming += 1;
            self.legs.insert(other, Leg::new(other, dialog, media, state));
        }
        if let (true, Some(Leg { state: State::Ringing { script, .. }, .. })) =
            (last_answers, self.legs.get_mut(&id))
        {
            script.retain(|(_, line)| *line != Line::Answer);
        }
    }

    /// One device has answered, or the call is over: the others stop.
    pub(crate) fn hush_others(&mut self, id: LegId) {
        let Some(call_id) = self.legs.get(&id).map(|leg| leg.dialog.call_id.clone()) else { return };
        let others = self.legs.values_mut().filter(|leg| leg.id != id && leg.dialog.call_id == call_id);
        for leg in others.filter(|leg| matches!(leg.state, State::Ringing { .. })) {
            leg.media.stop();
            leg.reliable.stop();
            leg.state = State::Over;
        }
    }

    fn refuse_interval(&mut self, now: Instant, path: Path, message: &Message<'_>, out: &mut ActorOut) {
        let least = self.profile.timing.map_or(90, |timing| timing.least).to_string();
        let tag = self.chance.text();
        let header = Some(("Min-SE", least.as_str()));
        let no = Response { status: 422, to_tag: Some(&tag), header, ..Response::default() };
        self.serve(now, path, message, &no, out);
    }

    /// The nonce is bound to the call: a copy of the INVITE is challenged alike.
    fn nonce_of(message: &Message<'_>) -> String {
        format!("for-{}", message.call_id())
    }

    fn is_proven(&self, message: &Message<'_>) -> bool {
        let Some(who) = &self.profile.credentials else { return false };
        let nonce = Actor::nonce_of(message);
        let mut proofs = message.lines().filter(|line| line.header == Header::ProxyAuthorization);
        let method = message.method().unwrap_or(Method::Invite);
        let method = method.as_str();
        proofs.any(|line| digest::is_proof(line.value, who, method, &nonce))
    }

    fn challenge(&self, path: Path, message: &Message<'_>, out: &mut ActorOut) {
        let (realm, nonce) = (&self.profile.name, Actor::nonce_of(message));
        let value = format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm=SHA-256, qop=\"auth\"");
        let answer = Response {
            status: 407,
            to_tag: Some("challenged"),
            header: Some(("Proxy-Authenticate", &value)),
            ..Response::default()
        };
        out.sends.push(self.response_parcel(path, message, &answer));
    }

    fn dialog_of(&mut self, path: Path, message: &Message<'_>) -> Dialog {
        let contact = message.contact().and_then(Result::ok).map(|contact| contact.uri.to_owned());
        Dialog {
            call_id: message.call_id().to_owned(),
            local: format!("<{}>", message.to().uri),
            local_tag: self.chance.text(),
            remote: format!("<{}>", message.from().uri),
            remote_tag: message.from().tag().map(str::to_owned),
            target: contact.unwrap_or_default(),
            routes: message.values(Header::RecordRoute).map(str::to_owned).collect(),
            cseq: 100,
            remote_cseq: message.cseq().number,
            peer: path.0,
            transport: path.1,
        }
    }

    /// What the profile makes of a call.
    fn script(&self, now: Instant) -> VecDeque<(Instant, Line)> {
        let rings_at = now + self.profile.rings_after;
        let answers_at = rings_at + self.profile.answers_after;
        let refused = self.profile.habits.iter().find_map(|habit| match habit {
            Habit::RefusesWith(status) | Habit::RedirectsTo(status, _) => Some(*status),
            _ => None,
        });
        if let Some(status) = refused {
            return VecDeque::from([(now, Line::Refuse(status))]);
        }
        let refused = self.profile.habits.iter().find_map(|habit| match habit {
            Habit::RefusesAfterRinging(status) => Some(*status),
            _ => None,
        });
        let mut script = VecDeque::new();
        if self.profile.has(Habit::SilentEarly) {
            script.push_back((rings_at, Line::Early));
            script.push_back((rings_at + Duration::from_millis(200), Line::Ring));
        } else if self.profile.has(Habit::EarlyMedia) || self.profile.habits.iter().any(is_fork) {
            script.push_back((rings_at, Line::Early));
        } else if !self.profile.has(Habit::NoRinging) {
            script.push_back((rings_at, Line::Ring));
        }
        if !self.profile.has(Habit::RingsForever) {
            script.push_back((answers_at, refused.map_or(Line::Answer, Line::Refuse)));
        }
        script
    }

    /// Plays the lines of the script that are due.
    pub(crate) fn play(&mut self, now: Instant, id: LegId, out: &mut ActorOut) {
        loop {
            let Some(leg) = self.legs.get_mut(&id) else { return };
            let State::Ringing { script, .. } = &mut leg.state else { return };
            if script.front().is_none_or(|(at, _)| *at > now) {
                return;
            }
            if let Some((at, line)) = script.front_mut()
                && holds_back(&leg.reliable, line)
            {
                *at = now + PUT_OFF;
                return;
            }
            match script.pop_front() {
                Some((_, Line::Ring)) => self.provisional(now, id, 180, None, out),
                Some((_, Line::Early)) => self.early(now, id, out),
                Some((_, Line::Answer)) => self.pick_up(now, id, out),
                Some((_, Line::Refuse(status))) => self.refuse(now, id, status, out),
                None => return,
            }
        }
    }

    fn provisional(&mut self, now: Instant, id: LegId, status: u16, body: Option<&[u8]>, out: &mut ActorOut) {
        let contact = self.contact();
        let Some(Leg { state: State::Ringing { invite, .. }, .. }) = self.legs.get(&id) else { return };
        let bytes = invite.bytes.clone();
        let Ok(message) = Message::parse(&bytes) else { return };
        let rseq = self.next_rseq(id, &message, status);
        let number = rseq.unwrap_or_default().to_string();
        let mut headers = Vec::new();
        if rseq.is_some() {
            headers.extend([("Require", "100rel"), ("RSeq", number.as_str())]);
        }
        headers.extend(self.profile.habits.iter().find_map(|habit| match habit {
            Habit::SaysOfEarlySound(says) => Some(("P-Early-Media", *says)),
            _ => None,
        }));
        let Some(leg) = self.legs.get(&id) else { return };
        let State::Ringing { invite, .. } = &leg.state else { return };
        let answer = Response {
            status,
            to_tag: (status > 100).then_some(&leg.dialog.local_tag),
            contact: (status > 100).then_some(&contact),
            body: body.map(|body| ("application/sdp", body)),
            headers: &headers,
            ..Response::default()
        };
        let parcel = self.response_parcel((invite.from, invite.transport), &message, &answer);
        out.sends.push(parcel.clone());
        if let Some(rseq) = rseq {
            let holding = if body.is_some() { Holding::Session } else { Holding::Nothing };
            if let Some(leg) = self.legs.get_mut(&id) {
                leg.reliable.send(now, rseq, &parcel, holding);
            }
        }
        if let Some(Leg { state: State::Ringing { invite, .. }, .. }) = self.legs.get_mut(&id) {
            invite.last = Some(parcel);
        }
    }

    fn early(&mut self, now: Instant, id: LegId, out: &mut ActorOut) {
        let answer = self.answer_to_invite(now, id);
        self.provisional(now, id, 183, answer.as_deref(), out);
        let is_mute = self.profile.has(Habit::SilentEarly);
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.media.is_mute = is_mute;
        }
    }

    /// The session for an answer to the INVITE: an answer to its offer, or an offer where it had none.
    fn answer_to_invite(&mut self, now: Instant, id: LegId) -> Option<Vec<u8>> {
        let leg = self.legs.get_mut(&id)?;
        let State::Ringing { invite, .. } = &leg.state else { return None };
        let message = Message::parse(&invite.bytes).ok()?;
        if message.body().is_empty() {
            return Some(leg.media.offer());
        }
        let offer = Session::parse(recording::description(&message)).ok()?;
        let answer = leg.media.answer(&offer)?;
        leg.media.learn(now, &offer);
        Some(answer)
    }

    fn pick_up(&mut self, now: Instant, id: LegId, out: &mut ActorOut) {
        if self.profile.habits.iter().any(|one| matches!(one, Habit::Redirects | Habit::DeflectsTo(_))) {
            return self.refuse(now, id, 302, out);
        }
        let is_settled = self.legs.get(&id).is_some_and(|leg| leg.reliable.is_settled);
        let body = if is_settled { Some(Vec::new()) } else { self.answer_to_invite(now, id) };
        let Some(body) = body else { return self.refuse(now, id, 488, out) };
        if self.profile.has(Habit::ChangesTags) {
            let tag = self.chance.text();
            if let Some(leg) = self.legs.get_mut(&id) {
                leg.dialog.local_tag = tag;
            }
        }
        if self.profile.has(Habit::AnswersTwice) {
            self.fork(now, id, &body, out);
        }
        self.hush_others(id);
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.media.is_mute = false;
            leg.reliable.stop();
        }
        self.accept(now, id, &body, out);
        self.note(id, Note::Answered, out);
        if self.profile.has(Habit::DiesAfterAnswer)
            && let Some(leg) = self.legs.get_mut(&id)
        {
            leg.media.stop();
            leg.state = State::Dead;
        }
    }

    fn accept(&mut self, now: Instant, id: LegId, body: &[u8], out: &mut ActorOut) {
        let contact = self.contact();
        let Some(leg) = self.legs.get(&id) else { return };
        let State::Ringing { invite, .. } = &leg.state else { return };
        let bytes = invite.bytes.clone();
        let Ok(message) = Message::parse(&bytes) else { return };
        let more = self.leash_as_server(now, id, &message);
        let Some(leg) = self.legs.get(&id) else { return };
        let State::Ringing { invite, .. } = &leg.state else { return };
        let ok = Response {
            status: 200,
            more: &more,
            to_tag: Some(&leg.dialog.local_tag),
            contact: Some(&contact),
            body: Some(("application/sdp", body)),
            ..Response::default()
        };
        let parcel = self.response_parcel((invite.from, invite.transport), &message, &ok);
        out.sends.push(parcel.clone());
        // RFC 3261 13.3.1.4: a 2xx is repeated on streams too.
        let repeat = Repeat::on_any_transport(now, parcel, Growth::UpToT2);
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.state = State::Answered { ok: repeat };
        }
    }

    /// A second device picks up the same call: a leg of its own under another tag.
    fn fork(&mut self, now: Instant, id: LegId, body: &[u8], out: &mut ActorOut) {
        let (tag, rtp, session) = (self.chance.text(), self.rtp_address(), self.chance.u64());
        let other = LegId(self.next_incoming);
        let Some(leg) = self.legs.get(&id) else { return };
        let State::Ringing { invite, .. } = &leg.state else { return };
        let state = State::Ringing { invite: invite.clone(), script: VecDeque::new() };
        let dialog = Dialog { local_tag: tag, ..leg.dialog.clone() };
        let media = Media::new(rtp, session, &self.profile);
        self.next_incoming += 1;
        self.legs.insert(other, Leg::new(other, dialog, media, state));
        self.accept(now, other, body, out);
    }

    /// Where a redirection leads.
    fn said_elsewhere(&self) -> String {
        let said = self.profile.habits.iter().find_map(|habit| match habit {
            Habit::RedirectsTo(_, contacts) | Habit::DeflectsTo(contacts) => Some(*contacts),
            _ => None,
        });
        said.map_or_else(|| format!("<sip:elsewhere@{}>", self.profile.sip), str::to_owned)
    }

    /// What a refusal says of itself.
    fn said_of_refusal(&self) -> Option<(&'static str, String)> {
        self.profile.habits.iter().find_map(|habit| match habit {
            Habit::SaysRetryAfter(seconds) => Some(("Retry-After", seconds.to_string())),
            Habit::SaysCause(cause) => Some(("Reason", format!("Q.850;cause={cause}"))),
            Habit::Warns(words) => Some(("Warning", (*words).to_owned())),
            _ => None,
        })
    }

    pub(crate) fn refuse(&mut self, now: Instant, id: LegId, status: u16, out: &mut ActorOut) {
        let contact = self.said_elsewhere();
        let Some(leg) = self.legs.get(&id) else { return };
        let State::Ringing { invite, .. } = &leg.state else { return };
        let Ok(message) = Message::parse(&invite.bytes) else { return };
        let said = self.said_of_refusal();
        let answer = Response {
            status,
            to_tag: Some(&leg.dialog.local_tag),
            contact: matches!(status, 300..=399).then_some(&contact),
            header: said.as_ref().map(|(name, value)| (*name, value.as_str())),
            ..Response::default()
        };
        let parcel = self.response_parcel((invite.from, invite.transport), &message, &answer);
        out.sends.push(parcel.clone());
        let how = if status == 487 { Ended::Cancelled } else { Ended::Refused(status) };
        self.end(id, how, out);
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.state = State::Refused { no: Repeat::new(now, parcel, Growth::UpToT2) };
        }
    }

    fn acknowledged(&mut self, now: Instant, message: &Message<'_>, out: &mut ActorOut) {
        let (talks_for, reinvites) = (self.profile.talks_for, self.profile.has(Habit::ReinvitesAtOnce));
        let leg = self.legs.values_mut().find(|leg| {
            leg.dialog.call_id == message.call_id() && message.to().tag() == Some(&leg.dialog.local_tag)
        });
        let Some(leg) = leg else { return };
        let id = leg.id;
        match leg.state {
            State::Answered { .. } => {
                leg.state = State::Up;
                let wanted = leg.hang_up_at;
                leg.hang_up_at = wanted.or(talks_for.map(|span| now + span));
                if let Ok(theirs) = Session::parse(message.body()) {
                    leg.media.learn(now, &theirs);
                }
                self.note(id, Note::Acknowledged, out);
                if reinvites {
                    self.perform(now, Deed::ReInvite(id), out);
                }
            }
            State::Refused { .. } => leg.state = State::Over,
            State::Up => {
                let waited = leg.unacked.take().is_some();
                if let (true, Ok(theirs)) = (waited, Session::parse(message.body())) {
                    leg.media.learn(now, &theirs);
                }
            }
            _ => {}
        }
    }

    fn cancelled(&mut self, now: Instant, path: Path, message: &Message<'_>, out: &mut ActorOut) {
        if self.profile.has(Habit::IgnoresCancel) {
            return;
        }
        let branch = message.via().branch().unwrap_or_default();
        let leg = self.legs.values().find(|leg| match &leg.state {
            State::Ringing { invite, .. } => invite.branch == branch,
            _ => leg.dialog.call_id == message.call_id(),
        });
        let Some(leg) = leg else {
            return self.serve(now, path, message, &Response { status: 481, ..Response::default() }, out);
        };
        let (id, tag) = (leg.id, leg.dialog.local_tag.clone());
        let ok = Response { status: 200, to_tag: Some(&tag), ..Response::default() };
        self.serve(now, path, message, &ok, out);
        self.hush_others(id);
        self.refuse(now, id, 487, out);
    }

    /// A request inside one of our dialogs.
    fn inside(&mut self, now: Instant, id: LegId, path: Path, message: &Message<'_>, out: &mut ActorOut) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if matches!(leg.state, State::Dead) {
            return;
        }
        let number = message.cseq().number;
        if number < leg.dialog.remote_cseq {
            // RFC 3261 12.2.2; on UDP an overtaken request is nobody's fault.
            return self.serve(now, path, message, &Response { status: 500, ..Response::default() }, out);
        }
        leg.dialog.remote_cseq = number;
        if leg.stage() == crate::Stage::Over && message.method() != Some(Method::Bye) {
            return self.serve(now, path, message, &Response { status: 481, ..Response::default() }, out);
        }
        if self.profile.has(Habit::ChallengesAll) && !self.is_proven(message) {
            return self.challenge(path, message, out);
        }
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let ok = Response { status: 200, ..Response::default() };
        match message.method() {
            Some(Method::Bye) => {
                let was_up = matches!(leg.state, State::Up | State::Answered { .. });
                self.serve(now, path, message, &ok, out);
                if was_up {
                    self.end(id, Ended::ByPeer, out);
                }
            }
            Some(Method::Invite | Method::Update) => self.change_asked(now, id, path, message, out),
            Some(Method::Info) => {
                let body = String::from_utf8_lossy(message.body()).into_owned();
                self.serve(now, path, message, &ok, out);
                self.note(id, Note::Told { body }, out);
            }
            Some(Method::Options) => self.serve(now, path, message, &ok, out),
            Some(Method::Notify) => {
                let text = String::from_utf8_lossy(message.body()).into_owned();
                let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
                self.serve(now, path, message, &ok, out);
                match status {
                    Some(status) => {
                        self.note(id, Note::Notified { status }, out);
                        if let Some((_, at)) = text.split_once("Contact: ") {
                            self.note(id, Note::Told { body: at.trim().to_owned() }, out);
                        }
                    }
                    None => self.note(id, Note::Wrong { what: format!("no sipfrag: {text}") }, out),
                }
            }
            Some(Method::Refer) => {
                let to = message.line(Header::ReferTo).unwrap_or_default().to_owned();
                let accepted = Response { status: 202, ..Response::default() };
                self.serve(now, path, message, &accepted, out);
                self.note(id, Note::Told { body: format!("REFER {to}") }, out);
            }
            Some(Method::Prack) => self.pracked(now, id, path, message, out),
            _ => self.serve(now, path, message, &Response { status: 405, ..Response::default() }, out),
        }
    }

    /// A re-INVITE or UPDATE of the peer.
    fn change_asked(
        &mut self,
        now: Instant,
        id: LegId,
        path: Path,
        message: &Message<'_>,
        out: &mut ActorOut,
    ) {
        let contact = self.contact();
        let refuses = self.profile.has(Habit::RefusesChanges);
        let is_too_short = self.is_too_short(message);
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let is_up = matches!(leg.state, State::Up);
        let status = match () {
            () if refuses => 488,
            () if leg.changing.is_some() || leg.unacked.is_some() => 491,
            () if !is_up && leg.stage() == crate::Stage::Over => 481,
            () if !is_up => 491,
            () if is_too_short => 422,
            () => 200,
        };
        if status == 422 {
            return self.refuse_interval(now, path, message, out);
        }
        if status != 200 {
            return self.serve(now, path, message, &Response { status, ..Response::default() }, out);
        }
        let is_refresh = message.body().is_empty() && message.method() == Some(Method::Update);
        let body = match Session::parse(recording::description(message)) {
            Ok(offer) => {
                let Some(answer) = leg.media.answer(&offer) else {
                    let refusal = Response { status: 488, ..Response::default() };
                    return self.serve(now, path, message, &refusal, out);
                };
                leg.media.learn(now, &offer);
                Some(answer)
            }
            Err(_) if message.method() == Some(Method::Invite) => Some(leg.media.offer()),
            Err(_) => None,
        };
        leg.dialog.retarget(message);
        let more = self.leash_as_server(now, id, message);
        let ok = Response {
            status: 200,
            contact: Some(&contact),
            more: &more,
            body: body.as_deref().map(|body| ("application/sdp", body)),
            ..Response::default()
        };
        self.serve(now, path, message, &ok, out);
        if is_refresh {
            return;
        }
        if self.profile.has(Habit::LosesItsAnswer) {
            out.sends.pop();
        }
        let sent = self.served.last().map(|served| served.answer.clone());
        if let (Some(Method::Invite), Some(leg)) = (message.method(), self.legs.get_mut(&id)) {
            leg.unacked = sent.map(|parcel| Repeat::on_any_transport(now, parcel, Growth::UpToT2));
        }
        self.note(id, Note::Renegotiated, out);
        self.note_metadata(id, message, out);
    }

    /// What is recorded, as it is said.
    fn note_metadata(&self, id: LegId, message: &Message<'_>, out: &mut ActorOut) {
        if let Some(metadata) = recording::metadata(message) {
            let body = String::from_utf8_lossy(metadata).into_owned();
            self.note(id, Note::Told { body }, out);
        }
    }
}

/// Where a response goes (RFC 3261 18.2.2, RFC 3581): on a stream, and with rport, back where it came from.
fn reply_address(message: &Message<'_>, (from, transport): Path) -> SocketAddr {
    let via = message.via();
    match (transport, via.rport(), via.host) {
        (Transport::Udp, None, sip_message::Host::Ip(ip)) => SocketAddr::new(ip, via.port.unwrap_or(5060)),
        _ => from,
    }
}

fn is_fork(habit: &Habit) -> bool {
    matches!(habit, Habit::Forks(_))
}

/// How long a line of the script waits before it is looked at again.
const PUT_OFF: Duration = Duration::from_millis(50);

/// Whether a line of the script has to wait for a PRACK.
fn holds_back(reliable: &Reliable, line: &Line) -> bool {
    match line {
        Line::Ring | Line::Early => reliable.sent.is_some(),
        Line::Answer => reliable.holds_session(),
        Line::Refuse(_) => false,
    }
}
