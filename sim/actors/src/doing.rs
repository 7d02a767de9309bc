//! What an actor does on its own: calls, changes, ends.

use std::time::Instant;

use crate::actor::{Actor, Client};
use crate::exchange::{ActorOut, Deed, Ended, LegId, Note, Parcel};
use crate::leg::{Dialog, Leg, Line, State, Wish};
use crate::media::{Address, Media};
use crate::profile::Habit;
use crate::reliable::Reliable;
use crate::repeat::{Growth, Repeat};
use crate::whereabouts::Wanted;
use crate::writing::Request;

/// A request inside a dialog.
pub(crate) struct Ask<'a> {
    pub method: &'static str,
    pub headers: &'a [(String, String)],
    pub body: Option<(&'a str, &'a [u8])>,
}

impl Actor {
    pub(crate) fn perform(&mut self, now: Instant, deed: Deed, out: &mut ActorOut) {
        match deed {
            Deed::Call { leg, to } => self.call(now, leg, (to.clone(), to), &[], out),
            Deed::CallAccount { leg, account, number } => match self.way_to(now, &account, &number) {
                Some(way) => self.call(now, leg, way, &[], out),
                None => self.note(leg, Note::Wrong { what: format!("{account} is not registered") }, out),
            },
            Deed::CallWith { leg, ref to, ref headers } => {
                self.call(now, leg, (to.clone(), to.clone()), headers, out)
            }
            Deed::ReferToLeg { leg, other } => {
                if let Some(to) = self.named(other) {
                    let headers = [("Refer-To".to_owned(), to)];
                    self.ask(now, leg, Ask { method: "REFER", headers: &headers, body: None }, out);
                }
            }
            Deed::HangUp(leg) => self.hang_up(now, leg, out),
            Deed::Hold(leg) => self.turn(now, leg, (sdp::Direction::SendOnly, Address::Real), deed, out),
            Deed::HoldByZero(leg) => {
                self.turn(now, leg, (sdp::Direction::SendOnly, Address::Zero), deed, out);
            }
            Deed::HoldInSilence(leg) => {
                self.turn(now, leg, (sdp::Direction::Inactive, Address::Real), deed, out);
            }
            Deed::Resume(leg) => self.turn(now, leg, (sdp::Direction::SendRecv, Address::Real), deed, out),
            Deed::ChangeSource(leg) => {
                let (source, sequence) = (self.chance.u64() as u32, self.chance.u64() as u16 >> 1);
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.media.change_source(source, sequence);
                }
            }
            Deed::Rekey(leg) | Deed::MoveMedia(leg) => self.move_media(now, leg, deed, out),
            Deed::Say { leg, method, ref headers, ref body } => {
                let body = body.as_ref().map(|(kind, body)| (kind.as_str(), body.as_bytes()));
                match leg {
                    Some(leg) => self.ask(now, leg, Ask { method, headers, body }, out),
                    None => self.say_outside(now, Ask { method, headers, body }, out),
                }
            }
            Deed::ReInvite(leg) | Deed::ReInviteWithoutOffer(leg) | Deed::Update(leg) => {
                self.change(now, leg, deed, out);
            }
            Deed::SendInfo(leg, digit) => {
                let body = format!("Signal={digit}\r\nDuration=160\r\n");
                let body = Some(("application/dtmf-relay", body.as_bytes()));
                self.ask(now, leg, Ask { method: "INFO", headers: &[], body }, out);
            }
            Deed::Press(leg, ref keys) => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.media.press(keys);
                }
            }
            Deed::Register { contact, headers } => self.keep_registered(now, Some(contact), headers, out),
            Deed::AskWhatIsRegistered => self.keep_registered(now, None, Vec::new(), out),
            Deed::Watch { uri, package, seconds } => {
                self.watch(now, (uri, package), (seconds, Wanted::default()), out);
            }
            Deed::WatchChanges { uri, filters, seconds } => {
                let wanted = Wanted { is_of_changes: true, filters };
                self.watch(now, (uri, "presence"), (seconds, wanted), out);
            }
            Deed::ForgetWatched => self.watching.clear(),
            Deed::Publish { device, body } => self.publish(now, device, body, out),
            Deed::Ping => self.ping(now, out),
        }
    }

    /// Another leg's far end, with the dialog to be replaced there (RFC 3891).
    fn named(&self, id: LegId) -> Option<String> {
        let leg = self.legs.get(&id)?;
        let dialog = &leg.dialog;
        let theirs = dialog.remote_tag.as_ref().or(leg.early_tag.as_ref())?;
        let (call_id, ours) = (dialog.call_id.replace('@', "%40"), &dialog.local_tag);
        let uri = dialog.remote.split(['<', '>']).nth(1)?;
        Some(format!("<{uri}?Replaces={call_id}%3Bto-tag%3D{theirs}%3Bfrom-tag%3D{ours}>"))
    }

    /// Calls a Request-URI; To says whom it is for.
    fn call(
        &mut self,
        now: Instant,
        id: LegId,
        (uri, to): (String, String),
        headers: &[(String, String)],
        out: &mut ActorOut,
    ) {
        let local = format!("<sip:{}@{}>", self.profile.user, self.profile.domain);
        let rtp = self.rtp_address();
        let call_id = format!("{}@{}", self.chance.text(), self.profile.name);
        let (peer, transport) = (self.profile.house, self.profile.transport);
        let dialog = Dialog {
            call_id,
            local,
            local_tag: self.chance.text(),
            remote: format!("<{to}>"),
            remote_tag: None,
            target: uri.clone(),
            routes: Vec::new(),
            cseq: 0,
            remote_cseq: 0,
            peer,
            transport,
        };
        let media = Media::new(rtp, self.chance.u64(), &self.profile);
        let state = State::Calling { uri, wish: Wish::Stay };
        self.legs.insert(id, Leg::new(id, dialog, media, state));
        self.note(id, Note::Dialled { to }, out);
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.headers = headers.to_vec();
        }
        self.invite(now, id, &[], out);
    }

    /// Sends the INVITE that begins a call, or sends it again with a proof.
    pub(crate) fn invite(
        &mut self,
        now: Instant,
        id: LegId,
        headers: &[(String, String)],
        out: &mut ActorOut,
    ) {
        let branch = self.branch();
        let mut headers = headers.to_vec();
        headers.extend(self.reliable_headers());
        headers.extend(self.timer_headers(id));
        headers.extend(self.legs.get(&id).map(|leg| leg.headers.clone()).unwrap_or_default());
        let (contact, late) = (self.contact(), self.profile.has(Habit::OffersLate));
        let (house, transport) = (self.profile.house, self.profile.transport);
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.dialog.cseq += 1;
        let offer = (!late).then(|| leg.media.offer());
        let bytes = Request {
            method: "INVITE",
            uri: &leg.dialog.target,
            transport,
            sent_by: self.profile.sip,
            branch: &branch,
            routes: &[],
            from: &leg.dialog.tagged_local(),
            to: &leg.dialog.tagged_remote(),
            call_id: &leg.dialog.call_id,
            cseq: leg.dialog.cseq,
            contact: &contact,
            headers: &headers,
            body: offer.as_deref().map(|offer| ("application/sdp", offer)),
        }
        .print();
        let cseq = leg.dialog.cseq;
        let parcel = self.parcel(house, transport, bytes);
        self.begin_client(now, Asked { leg: Some(id), branch, method: "INVITE", cseq }, parcel, out);
    }

    /// Ends a leg by what fits its state.
    pub(crate) fn hang_up(&mut self, now: Instant, id: LegId, out: &mut ActorOut) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        match &mut leg.state {
            State::Calling { wish: wish @ Wish::Stay, .. } => *wish = Wish::Leave,
            State::Calling { wish: wish @ Wish::Heard, .. } => {
                *wish = Wish::Cancelled;
                self.cancel(now, id, out);
            }
            State::Ringing { script, .. } => {
                script.clear();
                script.push_back((now, Line::Refuse(486)));
                self.hush_others(id);
                self.play(now, id, out);
            }
            // RFC 3261 15: the callee doesn't send BYE before the ACK, or its time is over.
            State::Answered { .. } => leg.hang_up_at = Some(now + std::time::Duration::from_millis(100)),
            State::Up => {
                self.ask(now, id, Ask { method: "BYE", headers: &[], body: None }, out);
                self.end(id, Ended::ByUs, out);
                if let Some(leg) = self.legs.get_mut(&id) {
                    leg.state = State::Leaving;
                }
            }
            State::Calling { .. } | State::Refused { .. } | State::Leaving | State::Dead | State::Over => {}
        }
    }

    pub(crate) fn cancel(&mut self, now: Instant, id: LegId, out: &mut ActorOut) {
        let Some(leg) = self.legs.get(&id) else { return };
        let Some(invite) = self
            .clients
            .iter()
            .find(|client| client.leg == Some(id) && client.method == "INVITE" && client.done.is_none())
        else {
            return;
        };
        let (branch, cseq) = (invite.branch.clone(), invite.cseq);
        let bytes = Request {
            method: "CANCEL",
            uri: &leg.dialog.target,
            transport: self.profile.transport,
            sent_by: self.profile.sip,
            branch: &branch,
            routes: &[],
            from: &leg.dialog.tagged_local(),
            to: &leg.dialog.remote,
            call_id: &leg.dialog.call_id,
            cseq,
            contact: "",
            headers: &[],
            body: None,
        }
        .print();
        let parcel = self.parcel(self.profile.house, self.profile.transport, bytes);
        self.begin_client(now, Asked { leg: Some(id), branch, method: "CANCEL", cseq }, parcel, out);
    }

    fn turn(
        &mut self,
        now: Instant,
        id: LegId,
        (direction, address): (sdp::Direction, Address),
        deed: Deed,
        out: &mut ActorOut,
    ) {
        if let Some(leg) = self.legs.get_mut(&id) {
            (leg.media.direction, leg.media.address) = (direction, address);
            self.change(now, id, deed, out);
        }
    }

    /// Another key, or another port, and an offer that says so.
    fn move_media(&mut self, now: Instant, id: LegId, deed: Deed, out: &mut ActorOut) {
        let (place, seed) = (self.rtp_address(), self.chance.u64());
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if leg.changing.is_none() {
            match deed {
                Deed::Rekey(_) => leg.media.draw_key(seed),
                _ => leg.media.move_to(place),
            }
        }
        self.change(now, id, deed, out);
    }

    /// Offers a changed session, or asks for an offer.
    fn change(&mut self, now: Instant, id: LegId, deed: Deed, out: &mut ActorOut) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        // UPDATE alone may change what is not answered (RFC 3311).
        let is_early = matches!(deed, Deed::Update(_))
            && (matches!(leg.state, State::Ringing { .. }) || leg.early_tag.is_some());
        if !matches!(leg.state, State::Up) && !is_early {
            return;
        }
        if leg.changing.is_some() || leg.unacked.is_some() {
            leg.again = Some((now + std::time::Duration::from_secs(1), deed));
            return;
        }
        let offer = match deed {
            Deed::ReInviteWithoutOffer(_) => None,
            _ => Some(leg.media.offer()),
        };
        (leg.changing, leg.changing_by) = (Some(deed.clone()), leg.dialog.cseq + 1);
        let method = if matches!(deed, Deed::Update(_)) { "UPDATE" } else { "INVITE" };
        let body = offer.as_deref().map(|offer| ("application/sdp", offer));
        let headers = self.timer_headers(id);
        self.ask(now, id, Ask { method, headers: &headers, body }, out);
    }

    /// Sends a request inside a dialog.
    pub(crate) fn ask(&mut self, now: Instant, id: LegId, ask: Ask<'_>, out: &mut ActorOut) {
        let branch = self.branch();
        let contact = self.contact();
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.dialog.cseq += 1;
        let (to, transport) = leg.dialog.next_hop();
        let bytes = Request {
            method: ask.method,
            uri: &leg.dialog.target,
            transport,
            sent_by: self.profile.sip,
            branch: &branch,
            routes: &leg.dialog.routes,
            from: &leg.dialog.tagged_local(),
            to: &leg.tagged_remote(),
            call_id: &leg.dialog.call_id,
            cseq: leg.dialog.cseq,
            contact: &contact,
            headers: ask.headers,
            body: ask.body,
        }
        .print();
        let cseq = leg.dialog.cseq;
        let parcel = self.parcel(to, transport, bytes);
        self.begin_client(now, Asked { leg: Some(id), branch, method: ask.method, cseq }, parcel, out);
    }

    /// The ACK to a 2xx.
    pub(crate) fn ack(&mut self, id: LegId, cseq: u32, body: Option<&[u8]>) -> Option<Parcel> {
        let branch = self.branch();
        let leg = self.legs.get(&id)?;
        let (to, transport) = leg.dialog.next_hop();
        let bytes = Request {
            method: "ACK",
            uri: &leg.dialog.target,
            transport,
            sent_by: self.profile.sip,
            branch: &branch,
            routes: &leg.dialog.routes,
            from: &leg.dialog.tagged_local(),
            to: &leg.dialog.tagged_remote(),
            call_id: &leg.dialog.call_id,
            cseq,
            contact: "",
            headers: &[],
            body: body.map(|body| ("application/sdp", body)),
        }
        .print();
        Some(self.parcel(to, transport, bytes))
    }

    fn ping(&mut self, now: Instant, out: &mut ActorOut) {
        self.say_outside(now, Ask { method: "OPTIONS", headers: &[], body: None }, out);
    }

    fn say_outside(&mut self, now: Instant, ask: Ask<'_>, out: &mut ActorOut) {
        let branch = self.branch();
        let from = format!("<sip:{}@{}>;tag={}", self.profile.user, self.profile.domain, self.chance.text());
        let to = format!("<sip:{}>", self.profile.house);
        let call_id = self.chance.text();
        let bytes = Request {
            method: ask.method,
            uri: &format!("sip:{}", self.profile.house),
            transport: self.profile.transport,
            sent_by: self.profile.sip,
            branch: &branch,
            routes: &[],
            from: &from,
            to: &to,
            call_id: &call_id,
            cseq: 1,
            contact: &self.contact(),
            headers: ask.headers,
            body: ask.body,
        }
        .print();
        let parcel = self.parcel(self.profile.house, self.profile.transport, bytes);
        self.begin_client(now, Asked { leg: None, branch, method: ask.method, cseq: 1 }, parcel, out);
    }

    /// Says something about its own address of record, outside of any call.
    pub(crate) fn say_for_oneself(
        &mut self,
        now: Instant,
        (call_id, cseq, contact): (String, u32, String),
        ask: Ask<'_>,
        out: &mut ActorOut,
    ) {
        let branch = self.branch();
        let own = format!("<sip:{}@{}>", self.profile.user, self.profile.domain);
        let bytes = Request {
            method: ask.method,
            uri: &format!("sip:{}", self.profile.domain),
            transport: self.profile.transport,
            sent_by: self.profile.sip,
            branch: &branch,
            routes: &[],
            from: &format!("{own};tag={}", self.chance.text()),
            to: &own,
            call_id: &call_id,
            cseq,
            contact: &contact,
            headers: ask.headers,
            body: ask.body,
        }
        .print();
        let parcel = self.parcel(self.profile.house, self.profile.transport, bytes);
        self.begin_client(now, Asked { leg: None, branch, method: ask.method, cseq }, parcel, out);
    }

    pub(crate) fn begin_client(&mut self, now: Instant, asked: Asked, parcel: Parcel, out: &mut ActorOut) {
        out.sends.push(parcel.clone());
        let Asked { leg, branch, method, cseq } = asked;
        let growth = if method == "INVITE" { Growth::Doubles } else { Growth::UpToT2 };
        let repeat = Repeat::new(now, parcel, growth);
        self.clients.push(Client { leg, branch, method, cseq, repeat, done: None });
    }
}

/// What names a request of ours.
pub(crate) struct Asked {
    pub leg: Option<LegId>,
    pub branch: String,
    pub method: &'static str,
    pub cseq: u32,
}

impl Leg {
    pub(crate) fn new(id: LegId, dialog: Dialog, media: Media, state: State) -> Leg {
        Leg {
            id,
            dialog,
            state,
            media,
            hang_up_at: None,
            again: None,
            changing: None,
            changing_by: 0,
            last_ack: None,
            acks_lost: 0,
            unacked: None,
            digest_tries: 0,
            reliable: Reliable::default(),
            early_tag: None,
            headers: Vec::new(),
            leash: None,
            least_interval: 0,
        }
    }
}
