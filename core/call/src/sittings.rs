//! A call is recorded by somebody outside too: of each group a recorder is asked, told whatever changes, and
//! left when the call is over. The next of its group is asked where one fails; the call waits for nobody.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use media::{Order, Purpose, SessionKey, Side};
use policy::{Callee, WithoutRecorder};
use sdp::Session;
use sip_message::{Message, Method, Remote, SessionId};
use sip_stack::{ClientId, ConnectionId, Dialog, Flow, Request, Sent, Transport};
use siprec::Id;
use targets::{Outcome, Place, Way, Wish};

use crate::body::{self, Body};
use crate::bridge::session_of;
use crate::call::{Call, State};
use crate::closing::Ending;
use crate::keys::{Carrier, FarEnd, Keys};
use crate::moving::Presence;
use crate::scene::{Answered, Description, Known, Names, Scene, Spoken};
use crate::sitting::{
    ANSWER, Asking, CHECK, Candidate, Change, Check, FIRST_WORD, Ports, ROUND, ROUNDS, Sitting, Stage, Taken,
};
use crate::{EndedBy, Event, Room, part, stray};

/// Who we are to recorders.
const USER: &str = "tandem";
/// That we are one who records (RFC 7866, 6.1.1).
const WE_RECORD: &str = ";+sip.src";
const REQUIRE: (&str, &str) = ("Require", "siprec");
const ACCEPT: (&str, &str) =
    ("Accept", "application/sdp, application/rs-metadata, application/rs-metadata+xml");
/// We have made the Call-ID: so long at least after a glare, and so much more by lot (RFC 3261, 14.1).
const GLARE: Duration = Duration::from_millis(2_100);
const GLARE_LOT_MS: u32 = 1_900;

impl Call {
    /// Sees to it that recorders outside have the call as it stands now, where that is wanted.
    pub(crate) fn sit(&mut self, room: &mut Room<'_>) {
        match &self.state {
            State::Up(_) if self.caller.invite.is_none() => {}
            State::Closing(_) => return self.leave_recorders(room),
            _ => return,
        }
        let mut sittings = mem::take(&mut self.sittings);
        if sittings.is_empty() && self.tapes.began.is_some() {
            sittings = self.new_sittings(room);
        }
        for sitting in &mut sittings {
            self.note_parties(room, sitting);
            let scene = self.scene(sitting);
            self.go_on_sitting(room, sitting, scene);
            self.order_copies(room, sitting);
        }
        let has_nobody = !sittings.is_empty() && sittings.iter().all(|sitting| sitting.is_missed);
        self.sittings = sittings;
        let may_end = !self.plan.emergency && room.policy.without_recorder() == WithoutRecorder::End;
        if has_nobody && may_end {
            self.end_both(room, EndedBy::House, Ending::Unrecorded);
            self.leave_recorders(room);
        }
    }

    fn new_sittings(&self, room: &mut Room<'_>) -> Box<[Sitting]> {
        let groups = room.policy.recorder_groups();
        let groups = (0..ROUNDS).zip(groups);
        groups.map(|(rank, group)| self.new_sitting(room, group, ROUND - rank)).collect()
    }

    fn new_sitting(&self, room: &mut Room<'_>, group: Arc<str>, round: u8) -> Sitting {
        let mut lot = || {
            let mut bytes = [0; 16];
            room.stack.chance().fill(&mut bytes);
            Id::of_lot(bytes)
        };
        let names = Names { group: group_of(&self.draft.eldest()), session: lot(), voices: [lot(), lot()] };
        Sitting {
            group,
            round,
            stage: Stage::Waiting(room.now.instant),
            names,
            begun: room.now.wall,
            known: Vec::new(),
            ports: None,
            keys: Keys::unknown(),
            left: VecDeque::new(),
            failures: 0,
            is_missed: false,
            description: Description { id: u64::from(self.key.nonce()) << 8 | u64::from(round), version: 0 },
            ordered: None,
        }
    }

    fn go_on_sitting(&mut self, room: &mut Room<'_>, sitting: &mut Sitting, scene: Scene) {
        let now = room.now.instant;
        match &mut sitting.stage {
            Stage::Waiting(until) if *until > now => {}
            Stage::Waiting(_) => {
                sitting.left = candidates(room, &sitting.group);
                self.ask_next(room, sitting, scene);
            }
            Stage::Asking(asking) if asking.until > now => {}
            Stage::Asking(asking) => {
                room.stack.cancel(now, asking.client, None, room.sends);
                let candidate = asking.candidate.clone();
                note(room, &candidate, Outcome::Failed(targets::Cause::NoAnswerToCall));
                self.tell_failed(room, &candidate, "no answer in time");
                self.ask_next(room, sitting, scene);
            }
            Stage::Taken(taken) => {
                if let Check::Asked(_, until) = taken.check
                    && until <= now
                {
                    return self.recorder_lost(room, sitting, "it gives no sign of life", scene);
                }
                self.keep_told(room, sitting, scene);
            }
        }
    }

    /// Asks whoever is next; nobody may be left.
    fn ask_next(&mut self, room: &mut Room<'_>, sitting: &mut Sitting, scene: Scene) {
        while let Some(candidate) = sitting.left.pop_front() {
            match self.ask_recorder(room, sitting, candidate.clone(), scene.clone()) {
                Ok(asking) => {
                    sitting.stage = Stage::Asking(Box::new(asking));
                    return;
                }
                Err(words) => self.tell_failed(room, &candidate, &words),
            }
        }
        sitting.stage = Stage::Waiting(room.now.instant + sitting.pause());
        if !sitting.is_missed {
            sitting.is_missed = true;
            let (call, at) = (self.draft.id(), room.now.wall);
            room.tells.push(Event::CallUnrecorded { call, at, group: Arc::clone(&sitting.group) });
            self.draft.no_recorder(room.now.wall);
        }
    }

    fn ask_recorder(
        &self,
        room: &mut Room<'_>,
        sitting: &mut Sitting,
        candidate: Candidate,
        scene: Scene,
    ) -> Result<Asking, String> {
        let Place { transport, address: remote } = candidate.place;
        let listener = room.places.listener_toward(transport, remote.ip(), candidate.interface);
        let listener = listener.ok_or_else(|| "none of our interfaces reaches it".to_owned())?;
        let flow = Flow { transport, listener, connection: ConnectionId::NONE, remote };
        self.lease_for_copies(room, sitting, listener)?;
        sitting.keys = Keys::new(candidate.srtp, Carrier::of(flow), FarEnd::Other, None);
        let offer = offer_of(room, sitting, &scene)?;
        let metadata = scene.metadata(&sitting.names, (self.draft.answered_at(), sitting.begun));
        let body = siprec::body(&offer, &metadata);
        let call_id = [self.key.letters().text(), "-", &room.stack.chance().text(12)].concat();
        let from = format!("<sip:{USER}@{}>;tag={}", room.policy.realm(), self.key.tag());
        let contact = room.places.contact(flow.listener, &candidate.uri, USER) + WE_RECORD;
        let request = Request {
            method: Method::Invite,
            uri: &candidate.uri,
            flow,
            server_name: candidate.server_name.clone(),
            from: &from,
            to: &format!("<{}>", candidate.uri),
            call_id: &call_id,
            cseq: 1,
            routes: &[],
            contact: Some(&contact),
            max_forwards: 70,
            session: None,
            headers: &[REQUIRE, ACCEPT, ("Allow", sip_stack::ALLOW)],
            body: Some((siprec::CONTENT_TYPE, &body)),
        };
        let owner = part::owner(self.key, part::RECORDER);
        let client = room.stack.request(room.now.instant, &request, owner, room.sends);
        let until = room.now.instant + FIRST_WORD;
        Ok(Asking { candidate, client, call_id, from, contact, until, scene })
    }

    /// Takes ports out of which both streams leave.
    fn lease_for_copies(
        &self,
        room: &mut Room<'_>,
        sitting: &mut Sitting,
        listener: sip_stack::ListenerId,
    ) -> Result<(), String> {
        let interface = room.places.interface_of(listener);
        if sitting.ports.as_ref().is_some_and(|ports| ports.interface == interface) {
            return Ok(());
        }
        self.give_back_ports(room, sitting);
        let now = room.now.instant;
        let none = || "no media port is free".to_owned();
        let place = room.places.media_at(interface).ok_or_else(none)?;
        let one = place.book.lease(now, Purpose::Call).ok_or_else(none)?;
        let Some(other) = place.book.lease(now, Purpose::Call) else {
            place.book.take_back(one);
            return Err(none());
        };
        let pairs = [one, other];
        sitting.ports = Some(Ports { interface, advertise: place.advertise, pairs });
        room.orders.push(Order::Open { session: self.copies(sitting), stream: 0, ports: pairs });
        Ok(())
    }

    fn give_back_ports(&self, room: &mut Room<'_>, sitting: &mut Sitting) {
        let Some(Ports { interface, pairs, .. }) = sitting.ports.take() else { return };
        room.orders.push(Order::Close { session: self.copies(sitting) });
        sitting.ordered = None;
        if let Some(place) = room.places.media_at(interface) {
            pairs.into_iter().for_each(|pair| place.book.give_back(room.now.instant, pair));
        }
    }

    /// The relay's session for the copies of one of them.
    pub(crate) fn copies(&self, sitting: &Sitting) -> SessionKey {
        session_of(self.key, sitting.round)
    }

    /// Whether a session of the relay is one for copies, which may be over.
    pub(crate) fn is_of_copies(&self, session: SessionKey) -> bool {
        (0..ROUNDS).any(|rank| session == session_of(self.key, ROUND - rank))
    }

    /// Tells the recorder what has changed, and asks now and then whether it is there.
    fn keep_told(&mut self, room: &mut Room<'_>, sitting: &mut Sitting, scene: Scene) {
        let now = room.now.instant;
        let Stage::Taken(taken) = &mut sitting.stage else { return };
        taken.repeat(room);
        if let Check::Due(at) = taken.check
            && at <= now
        {
            let next = taken.dialog.next_request(Method::Options);
            let owner = part::owner(self.key, part::RECORDER);
            let client = room.stack.request(now, &next.as_request(), owner, room.sends);
            taken.check = Check::Asked(client, now + FIRST_WORD);
        }
        let is_news = taken.told != scene || taken.is_curious;
        let may_say = taken.change.is_none()
            && taken.unacked.is_none()
            && taken.not_before.is_none_or(|not_before| not_before <= now);
        if !is_news || !may_say {
            return;
        }
        sitting.description.version += 1;
        let metadata = scene.metadata(&sitting.names, (self.draft.answered_at(), sitting.begun));
        let Ok(offer) = offer_of(room, sitting, &scene) else { return };
        let body = siprec::body(&offer, &metadata);
        let Stage::Taken(taken) = &mut sitting.stage else { return };
        (taken.is_curious, taken.not_before) = (false, None);
        let next = taken.dialog.next_request(Method::Invite);
        let mut request = next.as_request();
        request.contact = Some(&taken.contact);
        let headers = [REQUIRE, ACCEPT, ("Allow", sip_stack::ALLOW)];
        request.headers = &headers;
        request.body = Some((siprec::CONTENT_TYPE, &body));
        let owner = part::owner(self.key, part::RECORDER);
        let client = room.stack.request(now, &request, owner, room.sends);
        taken.change = Some(Change { client, scene });
    }

    /// The recorder is not there any more: the next is asked.
    fn recorder_lost(&mut self, room: &mut Room<'_>, sitting: &mut Sitting, why: &str, scene: Scene) {
        if let Stage::Taken(taken) = &mut sitting.stage {
            let bye = taken.dialog.next_request(Method::Bye);
            room.stack.request(room.now.instant, &bye.as_request(), part::nobody(), room.sends);
        }
        self.recorder_gone(room, sitting, why, scene);
    }

    /// The recorder has the call no more: the next is asked, and the same after all others.
    pub(crate) fn recorder_gone(
        &mut self,
        room: &mut Room<'_>,
        sitting: &mut Sitting,
        why: &str,
        scene: Scene,
    ) {
        let Stage::Taken(taken) = &sitting.stage else { return };
        let lost = taken.candidate.clone();
        self.draft.recorder_left(&lost.recorder, room.now.wall, Some(why));
        let (call, at, server) = (self.draft.id(), room.now.wall, lost.place.to_string());
        let (recorder, why) = (lost.recorder, why.to_owned());
        room.tells.push(Event::RecorderFailed { call, at, recorder, server, why });
        let (same, mut others): (VecDeque<_>, VecDeque<_>) =
            candidates(room, &sitting.group).into_iter().partition(|one| one.place == lost.place);
        others.extend(same);
        sitting.left = others;
        self.ask_next(room, sitting, scene);
    }

    /// The call is over, or is recorded no more.
    pub(crate) fn leave_recorders(&mut self, room: &mut Room<'_>) {
        for mut sitting in mem::take(&mut self.sittings) {
            match &mut sitting.stage {
                Stage::Waiting(_) => {}
                Stage::Asking(asking) => {
                    room.stack.cancel(room.now.instant, asking.client, None, room.sends);
                }
                Stage::Taken(taken) => {
                    let bye = taken.dialog.next_request(Method::Bye);
                    room.stack.request(room.now.instant, &bye.as_request(), part::nobody(), room.sends);
                    self.draft.recorder_left(&taken.candidate.recorder, room.now.wall, None);
                }
            }
            self.give_back_ports(room, &mut sitting);
        }
    }

    /// The answer to a request of ours to a recorder.
    pub(crate) fn recorder_answered(
        &mut self,
        room: &mut Room<'_>,
        client: ClientId,
        flow: Flow,
        message: &Message<'_>,
    ) {
        let status = message.status().unwrap_or_default();
        let mut sittings = mem::take(&mut self.sittings);
        let is_its = |sitting: &&mut Sitting| sitting.is_client(client) || sitting.has_dialog_of(message);
        match sittings.iter_mut().find(is_its) {
            Some(sitting) if sitting.is_client(client) => {
                let scene = self.scene(sitting);
                match &mut sitting.stage {
                    Stage::Asking(asking) if status < 200 => {
                        asking.until = asking.until.max(room.now.instant + ANSWER);
                    }
                    Stage::Taken(_) if status < 200 => {}
                    Stage::Asking(_) => self.recorder_decides(room, sitting, flow, message, scene),
                    Stage::Taken(_) => self.told_answered(room, sitting, client, message, scene),
                    Stage::Waiting(_) => {}
                }
            }
            Some(_) => stray::answered_again(room, flow, message),
            None => stray::answered(room, flow, message),
        }
        self.sittings = sittings;
    }

    /// The recorder that was asked takes the call or does not.
    fn recorder_decides(
        &mut self,
        room: &mut Room<'_>,
        sitting: &mut Sitting,
        flow: Flow,
        message: &Message<'_>,
        scene: Scene,
    ) {
        let Stage::Asking(asking) = &sitting.stage else { return };
        let candidate = asking.candidate.clone();
        let status = message.status().unwrap_or_default();
        let outcome = match (status, message.retry_after()) {
            (503, Ok(Some(seconds))) => Outcome::Rests(Duration::from_secs(seconds.into())),
            _ => Outcome::Answered,
        };
        note(room, &candidate, outcome);
        let refused = match status {
            200..=299 => self.recorder_takes(room, sitting, flow, message).err(),
            _ => Some(format!("it answered {status}")),
        };
        if let Some(words) = refused {
            self.tell_failed(room, &candidate, &words);
            self.ask_next(room, sitting, scene);
        }
    }

    fn recorder_takes(
        &mut self,
        room: &mut Room<'_>,
        sitting: &mut Sitting,
        flow: Flow,
        message: &Message<'_>,
    ) -> Result<(), String> {
        let Stage::Asking(asking) = &sitting.stage else { return Ok(()) };
        let Asking { candidate, call_id, from, contact, scene, .. } = &**asking;
        let sent = Sent { uri: &candidate.uri, from, call_id, cseq: 1 };
        let dialog = Dialog::as_caller(&sent, message, flow);
        let mut dialog = dialog.ok_or_else(|| "its answer makes no dialog".to_owned())?;
        dialog.set_server_name(candidate.server_name.clone());
        let ack = dialog.ack_for(1);
        room.stack.send_ack(room.now.instant, &ack.as_request(), room.sends);
        let taken = Box::new(Taken {
            candidate: candidate.clone(),
            contact: contact.clone(),
            told: scene.clone(),
            answered: Answered::default(),
            change: None,
            not_before: None,
            is_curious: false,
            check: Check::Due(room.now.instant + CHECK),
            unacked: None,
            dialog,
        });
        let description = match body::of(message) {
            Body::Sdp(description) => description,
            Body::None | Body::Unknown => b"",
        };
        let answered = taken_by(sitting, &taken.told, description);
        sitting.stage = Stage::Taken(taken);
        let Stage::Taken(taken) = &mut sitting.stage else { return Ok(()) };
        if let Err(words) = answered {
            let bye = taken.dialog.next_request(Method::Bye);
            room.stack.request(room.now.instant, &bye.as_request(), part::nobody(), room.sends);
            return Err(words);
        }
        taken.answered = Answered { description: description.to_vec() };
        (sitting.failures, sitting.is_missed) = (0, false);
        let (recorder, server) = (taken.candidate.recorder.clone(), taken.candidate.place.to_string());
        self.draft.recorder_took(room.now.wall, &recorder, &server);
        let (call, at) = (self.draft.id(), room.now.wall);
        let group = Arc::clone(&sitting.group);
        room.tells.push(Event::RecorderTook { call, at, recorder, server, group });
        Ok(())
    }

    /// The answer to what a recorder was told, or to the question whether it is there.
    fn told_answered(
        &mut self,
        room: &mut Room<'_>,
        sitting: &mut Sitting,
        client: ClientId,
        message: &Message<'_>,
        scene: Scene,
    ) {
        let now = room.now.instant;
        let status = message.status().unwrap_or_default();
        let glare = GLARE + Duration::from_millis(room.stack.chance().below(GLARE_LOT_MS).into());
        let Stage::Taken(taken) = &mut sitting.stage else { return };
        let change = taken.change.take_if(|change| change.client == client);
        if matches!(status, 408 | 481) {
            self.recorder_lost(room, sitting, &format!("it answered {status}"), scene);
            return;
        }
        let Some(change) = change else {
            taken.check = Check::Due(now + CHECK);
            return;
        };
        match (status, body::of(message)) {
            (200..=299, said) => {
                let ack = taken.dialog.ack_for(message.cseq().number);
                room.stack.send_ack(now, &ack.as_request(), room.sends);
                taken.dialog.retarget(message);
                taken.told = change.scene;
                let Body::Sdp(description) = said else { return };
                let told = taken.told.clone();
                // Who takes nothing any more has said so, and may take it again.
                let _ = taken_by(sitting, &told, description);
                if let Stage::Taken(taken) = &mut sitting.stage {
                    taken.answered = Answered { description: description.to_vec() };
                }
            }
            (491, _) => taken.not_before = Some(now + glare),
            // What it does not like it need not hear again: the next change is told all the same.
            _ => taken.told = change.scene,
        }
    }

    /// A request of ours to a recorder was not answered, or could not be sent; whether it was one.
    pub(crate) fn recorder_unanswered(
        &mut self,
        room: &mut Room<'_>,
        client: ClientId,
        cause: policy::Cause,
    ) -> bool {
        let mut sittings = mem::take(&mut self.sittings);
        let asked = sittings.iter_mut().find(|sitting| sitting.is_client(client));
        let is_of_recorder = asked.is_some();
        if let Some(sitting) = asked {
            self.not_answered(room, sitting, cause);
        }
        self.sittings = sittings;
        is_of_recorder
    }

    fn not_answered(&mut self, room: &mut Room<'_>, sitting: &mut Sitting, cause: policy::Cause) {
        let scene = self.scene(sitting);
        let (why, cause) = match cause {
            policy::Cause::Transport => ("it can't be reached", targets::Cause::NoConnection),
            _ => ("no answer in time", targets::Cause::NoAnswerToCall),
        };
        if let Stage::Asking(asking) = &sitting.stage {
            let candidate = asking.candidate.clone();
            note(room, &candidate, Outcome::Failed(cause));
            self.tell_failed(room, &candidate, why);
            self.ask_next(room, sitting, scene);
        } else {
            self.recorder_lost(room, sitting, why, scene);
        }
    }

    /// The ports of copies could not be opened: others are taken when it is tried again.
    pub(crate) fn copies_failed(&mut self, room: &mut Room<'_>, session: SessionKey, why: &str) {
        let mut sittings = mem::take(&mut self.sittings);
        if let Some(sitting) = sittings.iter_mut().find(|sitting| self.copies(sitting) == session) {
            self.draft.note(why);
            self.give_back_ports(room, sitting);
            let scene = self.scene(sitting);
            match &sitting.stage {
                Stage::Taken(_) => self.recorder_lost(room, sitting, why, scene),
                Stage::Asking(asking) => {
                    room.stack.cancel(room.now.instant, asking.client, None, room.sends);
                    sitting.stage = Stage::Waiting(room.now.instant + sitting.pause());
                }
                Stage::Waiting(_) => {}
            }
        }
        self.sittings = sittings;
    }

    fn tell_failed(&mut self, room: &mut Room<'_>, candidate: &Candidate, why: &str) {
        let (call, at) = (self.draft.id(), room.now.wall);
        let (recorder, server) = (candidate.recorder.clone(), candidate.place.to_string());
        self.draft.recorder_failed(&recorder, &server, why, at);
        room.tells.push(Event::RecorderFailed { call, at, recorder, server, why: why.to_owned() });
    }

    /// What a recorder is told of the call as it stands.
    pub(crate) fn scene(&self, sitting: &Sitting) -> Scene {
        let sides = [Side::Caller, Side::Callee];
        let told = sides.map(|side| Session::parse(self.bridge.told(side)).ok());
        let heard = sides.map(|side| Session::parse(self.bridge.heard(side)).ok());
        let voices = sides.map(|side| {
            // In a conference nobody speaks at the callee's side but the house, which mixes.
            let is_ours = side == Side::Callee && self.meets.is_some();
            let both = told[side as usize].as_ref().zip(heard[side as usize].as_ref());
            let (Some((told, heard)), Some(line)) = (both, self.bridge.sound_line()) else {
                return Spoken::default();
            };
            if is_ours { Spoken::default() } else { Spoken::of((told, line.into()), (heard, line.into())) }
        });
        Scene {
            running: self.tapes.running,
            voices,
            parties: sitting.known.clone(),
            session_ids: vec![self.session_words()],
        }
    }

    /// What the call's ends are called, as a Session-ID has it.
    fn session_words(&self) -> String {
        let [caller, callee] = [Side::Caller, Side::Callee].map(|side| self.end(side).session.uuid);
        SessionId { local: caller, remote: Remote::Is(callee) }.letters().text().to_owned()
    }

    /// Notes who has come and who has left.
    fn note_parties(&self, room: &mut Room<'_>, sitting: &mut Sitting) {
        for side in [Side::Caller, Side::Callee] {
            let is_here = self.here[side as usize] == Presence::Here;
            let (address, name) = self.who(room, side);
            let now = room.now.wall;
            let is_there = |known: &&mut Known| known.side == side && known.left.is_none();
            if let Some(known) = sitting.known.iter_mut().find(is_there) {
                if is_here && known.address == address {
                    known.name = name;
                    continue;
                }
                known.left = Some(now);
            }
            if !is_here {
                continue;
            }
            if sitting.known.len() >= siprec::PARTIES_MAX {
                let gone = sitting.known.iter().position(|known| known.left.is_some());
                gone.into_iter().for_each(|gone| drop(sitting.known.remove(gone)));
            }
            let mut lot = [0; 16];
            room.stack.chance().fill(&mut lot);
            sitting.known.push(Known { id: Id::of_lot(lot), side, address, name, came: now, left: None });
        }
    }

    /// The address of a side's party, and its name.
    fn who(&self, room: &Room<'_>, side: Side) -> (String, Option<String>) {
        let (end, realm) = (self.end(side), room.policy.realm());
        let name = end.known.display.as_deref().map(str::to_owned);
        let inside = match &end.party {
            Callee::User(user) => end.known.inside.as_ref().or(Some(user)),
            Callee::Trunk(_) => end.known.inside.as_ref(),
        };
        let conference = self.meets.as_ref().filter(|_| side == Side::Callee);
        let address = match (conference, &end.known.number, inside) {
            (Some(meets), ..) => format!("sip:{}@{realm}", spelled(meets.conference.name())),
            (None, Some(number), _) => format!("tel:{number}"),
            (None, None, Some(inside)) => format!("sip:{}@{realm}", spelled(inside)),
            (None, None, None) => "sip:anonymous@anonymous.invalid".to_owned(),
        };
        (address, name)
    }
}

/// The offer to a recorder, with keys as the rules have them.
fn offer_of(room: &mut Room<'_>, sitting: &mut Sitting, scene: &Scene) -> Result<Vec<u8>, String> {
    let Some(ports) = &sitting.ports else { return Err("no media port is free".to_owned()) };
    let place = (ports.advertise, ports.pairs.map(|pair| pair.port));
    let plain = scene.offer(place, sitting.description, &[]);
    let session = Session::parse(&plain).map_err(|error| error.to_string())?;
    let covers = sitting.keys.offer(room.stack.chance(), &session)?;
    Ok(scene.offer(place, sitting.description, &covers))
}

/// Takes what a recorder has answered; refused, where nothing of it can be sent.
pub(crate) fn taken_by(sitting: &mut Sitting, told: &Scene, description: &[u8]) -> Result<(), String> {
    let session = Session::parse(description).map_err(|_| "its answer describes nothing".to_owned())?;
    sitting.keys.take_answer(&session)?;
    let sides = [Side::Caller, Side::Callee];
    let is_taken = |side: &Side| {
        let line = session.media.get(*side as usize);
        line.is_some_and(|line| line.port != 0) && !told.types(*side, &session).is_empty()
    };
    let is_silent = told.voices.iter().all(|voice| voice.formats.is_empty());
    if is_silent || sides.iter().any(is_taken) {
        Ok(())
    } else {
        Err("it takes none of the codecs".to_owned())
    }
}

/// Every address of every recorder of a group, in their order. What is told of a call does not fit into a
/// datagram: where nobody has asked for one, a connection is tried first (RFC 3261, 18.1.1).
fn candidates(room: &mut Room<'_>, group: &str) -> VecDeque<Candidate> {
    let policy = Arc::clone(room.policy);
    let mut found = VecDeque::new();
    let recorders = policy.recorders().iter().filter(|recorder| &*recorder.group == group);
    for (recorder, server) in recorders.flat_map(|one| one.servers.iter().map(move |s| (one, s))) {
        let Some(index) = room.book.find(0, &server.key) else { continue };
        let Way::To(targets) = room.book.way(index, Wish::Sparing, room.stack.chance()) else { continue };
        for target in targets {
            let candidate = Candidate {
                recorder: recorder.name.clone(),
                server: server.key.clone(),
                uri: server.target.clone(),
                place: Place::of(&target),
                server_name: target.server_name.as_deref().map(Arc::from),
                interface: server.interface,
                srtp: recorder.srtp,
            };
            let is_free = candidate.place.transport == Transport::Udp && !server.names_transport;
            if is_free && room.places.transports(server.interface).contains(&Transport::Tcp) {
                let place = Place { transport: Transport::Tcp, ..candidate.place };
                found.push_back(Candidate { place, ..candidate.clone() });
            }
            found.push_back(candidate);
        }
    }
    found
}

fn note(room: &mut Room<'_>, candidate: &Candidate, outcome: Outcome) {
    if let Some(index) = room.book.find(0, &candidate.server) {
        room.book.note(room.now.instant, index, candidate.place, outcome);
    }
}

/// What a call has in common with those that it came out of.
fn group_of(eldest: &str) -> Id {
    let mut bytes = [0; 16];
    for (at, half) in bytes.chunks_exact_mut(8).enumerate() {
        let mut hasher = DefaultHasher::new();
        (at, eldest).hash(&mut hasher);
        half.copy_from_slice(&hasher.finish().to_be_bytes());
    }
    Id::of_lot(bytes)
}

/// A name as it stands in a URI (RFC 3261, 25.1).
fn spelled(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'+' => text.push(byte.into()),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
