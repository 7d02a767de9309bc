//! One far end: its legs, its requests under way, its answers given.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use crate::bindings::Registrar;
use crate::chance::Chance;
use crate::exchange::{ActorInput, ActorOut, Ended, LegId, Note, Noted, Parcel, Transport};
use crate::leg::{Leg, Stage, State};
use crate::media::MediaView;
use crate::profile::{Habit, Profile};
use crate::repeat::{Repeat, T1};
use crate::whereabouts::{Publishing, Registering, Watching};

/// A user agent without socket or clock.
#[derive(Debug)]
pub struct Actor {
    pub(crate) profile: Profile,
    pub(crate) chance: Chance,
    pub(crate) legs: BTreeMap<LegId, Leg>,
    /// Requests of ours that wait for an answer, or absorb late ones.
    pub(crate) clients: Vec<Client>,
    /// Answers given to requests other than INVITE, for their copies.
    pub(crate) served: Vec<Served>,
    pub(crate) registrar: Registrar,
    /// What it keeps registered itself.
    pub(crate) registering: Option<Registering>,
    pub(crate) watching: Vec<Watching>,
    pub(crate) publishing: Vec<Publishing>,
    pub(crate) next_incoming: u32,
    pub(crate) next_port: u16,
    /// Legs are many when a day is long, and the world asks before every step.
    due: Option<Instant>,
}

#[derive(Debug)]
pub(crate) struct Client {
    pub leg: Option<LegId>,
    pub branch: String,
    pub method: &'static str,
    pub cseq: u32,
    pub repeat: Repeat,
    /// After the final answer: our ACK, if it was owed.
    pub done: Option<Done>,
}

#[derive(Debug)]
pub(crate) struct Done {
    pub ack: Option<Parcel>,
    pub until: Instant,
}

#[derive(Debug)]
pub(crate) struct Served {
    pub branch: String,
    pub method: String,
    pub answer: Parcel,
    pub until: Instant,
}

/// What can be seen of a leg from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegView {
    pub id: LegId,
    pub call_id: String,
    pub stage: Stage,
    pub local_tag: String,
    /// That of whoever has answered, or rings.
    pub remote_tag: Option<String>,
    /// RTP packets that reached it.
    pub packets_heard: u64,
    /// Reports that reached it where it takes them.
    pub reports_heard: u64,
    pub media: MediaView,
}

impl Actor {
    pub fn new(profile: Profile, seed: u64) -> Actor {
        Actor {
            profile,
            chance: Chance::new(seed),
            legs: BTreeMap::new(),
            clients: Vec::new(),
            served: Vec::new(),
            registrar: Registrar::default(),
            registering: None,
            watching: Vec::new(),
            publishing: Vec::new(),
            next_incoming: LegId::INCOMING,
            next_port: 0,
            due: None,
        }
    }

    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// For changing habits while it lives.
    pub fn profile_mut(&mut self) -> &mut Profile {
        &mut self.profile
    }

    /// Takes one input, and leaves in `out` what follows.
    pub fn handle(&mut self, now: Instant, input: ActorInput<'_>, out: &mut ActorOut) {
        let first = out.sends.len();
        match input {
            ActorInput::Received { from, to, transport, bytes } if to == self.profile.sip => {
                self.received(now, from, transport, bytes, out);
            }
            ActorInput::Received { from, to, bytes, .. } => self.heard(now, (from, to), bytes, out),
            ActorInput::Deadline => self.expire(now, out),
            ActorInput::Do(deed) => self.perform(now, deed, out),
        }
        self.due = self.earliest();
        if self.profile.has(Habit::Boasts) {
            let sip = |send: &&mut Parcel| send.from.port() == self.profile.sip.port();
            out.sends[first..].iter_mut().filter(sip).for_each(boast);
        }
        for habit in &self.profile.habits {
            let Habit::Adds(line) = habit else { continue };
            let sip = |send: &&mut Parcel| send.from.port() == self.profile.sip.port();
            out.sends[first..].iter_mut().filter(sip).for_each(|send| add(send, &format!("{line}\r\n")));
        }
        if self.profile.has(Habit::RetransmitsWildly) {
            let sip = |send: &&Parcel| send.from == self.profile.sip && send.transport == Transport::Udp;
            let copies: Vec<_> = out.sends[first..].iter().filter(sip).cloned().collect();
            out.sends.extend(copies.iter().cloned());
            out.sends.extend(copies);
        }
    }

    /// When [`ActorInput::Deadline`] is due next.
    pub fn deadline(&self) -> Option<Instant> {
        self.due
    }

    fn earliest(&self) -> Option<Instant> {
        let clients = self.clients.iter().map(|client| match &client.done {
            Some(done) => done.until,
            None => client.repeat.deadline(),
        });
        let registering = self.registering.as_ref().and_then(Registering::deadline);
        let watching = self.watching.iter().filter_map(Watching::deadline);
        clients.chain(self.legs.values().filter_map(Leg::deadline)).chain(registering).chain(watching).min()
    }

    /// Every leg that ever was, in the order of their numbers.
    pub fn legs(&self) -> impl Iterator<Item = LegView> + '_ {
        self.legs.values().map(|leg| LegView {
            id: leg.id,
            call_id: leg.dialog.call_id.clone(),
            stage: leg.stage(),
            local_tag: leg.dialog.local_tag.clone(),
            remote_tag: leg.dialog.remote_tag.clone().or_else(|| leg.early_tag.clone()),
            packets_heard: leg.media.packets_heard,
            reports_heard: leg.media.reports_heard,
            media: leg.media.view(),
        })
    }

    pub fn leg(&self, id: LegId) -> Option<LegView> {
        self.legs().find(|leg| leg.id == id)
    }

    /// The leg that belongs to an INVITE's Call-ID.
    pub fn leg_of(&self, call_id: &str) -> Option<LegView> {
        self.legs().find(|leg| leg.call_id == call_id)
    }

    /// Whether no request, answer or call of it is under way.
    pub fn is_idle(&self) -> bool {
        self.clients.is_empty() && self.legs.values().all(|leg| leg.stage() == Stage::Over)
    }

    fn heard(
        &mut self,
        now: Instant,
        (from, to): (SocketAddr, SocketAddr),
        packet: &[u8],
        out: &mut ActorOut,
    ) {
        if rtp::is_rtcp(packet) {
            let leg = self.legs.values_mut().rev().find(|leg| leg.media.takes_reports_at() == to);
            return leg.into_iter().for_each(|leg| leg.media.reports_heard += 1);
        }
        let leg = self.legs.values_mut().rev().find(|leg| leg.media.local == to);
        let Some(leg) = leg else {
            if self.legs.values().any(|leg| leg.media.was_at(to)) {
                return;
            }
            if to.port().is_multiple_of(2) {
                let tag =
                    rtp::Header::parse(packet).ok().and_then(|header| crate::Tag::parse(header.payload));
                let what = Note::HeardOutside { port: to.port(), tag: tag.map(|(tag, _)| tag) };
                out.notes.push(Noted { leg: LegId(0), call_id: String::new(), what });
            }
            return;
        };
        if let Some(what) = leg.media.hear(now, (from, packet), &self.profile, out) {
            out.notes.push(Noted { leg: leg.id, call_id: leg.dialog.call_id.clone(), what });
        }
    }

    fn expire(&mut self, now: Instant, out: &mut ActorOut) {
        self.served.retain(|served| served.until > now);
        self.expire_clients(now, out);
        self.expire_registering(now, out);
        self.expire_watching(now, out);
        let due: Vec<LegId> = self
            .legs
            .values()
            .filter(|leg| leg.deadline().is_some_and(|at| at <= now))
            .map(|leg| leg.id)
            .collect();
        for id in due {
            self.expire_leg(now, id, out);
        }
    }

    fn expire_clients(&mut self, now: Instant, out: &mut ActorOut) {
        let mut timed_out = Vec::new();
        for client in &mut self.clients {
            if client.done.is_some() {
                continue;
            }
            if client.repeat.is_given_up(now) {
                timed_out.push((client.leg, client.method));
                client.done = Some(Done { ack: None, until: now });
            } else {
                client.repeat.expire(now, out);
            }
        }
        self.clients.retain(|client| client.done.as_ref().is_none_or(|done| done.until > now));
        for (leg, method) in timed_out {
            self.timed_out(now, leg, method, out);
        }
    }

    fn timed_out(&mut self, now: Instant, leg: Option<LegId>, method: &str, out: &mut ActorOut) {
        let Some(id) = leg else { return };
        let Some(leg) = self.legs.get_mut(&id) else { return };
        match (&leg.state, method) {
            (State::Calling { .. }, "INVITE") => self.end(id, Ended::TimedOut, out),
            (State::Up, "INVITE" | "UPDATE") => {
                leg.changing = None;
                self.hang_up(now, id, out);
            }
            (State::Leaving, "BYE") => leg.state = State::Over,
            _ => {}
        }
    }

    fn expire_leg(&mut self, now: Instant, id: LegId, out: &mut ActorOut) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let call_id = leg.dialog.call_id.clone();
        leg.media.expire(now, &self.profile, &call_id, out);
        if let Some(repeat) = &mut leg.unacked {
            repeat.expire(now, out);
            if repeat.is_given_up(now) {
                leg.unacked = None;
            }
        }
        leg.reliable.expire(now, out);
        match &mut leg.state {
            State::Answered { ok } => {
                ok.expire(now, out);
                if ok.is_given_up(now) {
                    leg.state = State::Up;
                    self.hang_up(now, id, out);
                    return;
                }
            }
            State::Refused { no } => {
                no.expire(now, out);
                if no.is_given_up(now) {
                    leg.state = State::Over;
                }
            }
            State::Ringing { .. } => self.play(now, id, out),
            _ => {}
        }
        let again = self.legs.get_mut(&id).and_then(|leg| leg.again.take_if(|(at, _)| *at <= now));
        if let Some((_, deed)) = again {
            self.perform(now, deed, out);
        }
        self.leash_due(now, id, out);
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if leg.hang_up_at.take_if(|at| *at <= now).is_some() {
            self.hang_up(now, id, out);
        }
    }

    /// Notes how a leg ended, and keeps it for late copies.
    pub(crate) fn end(&mut self, id: LegId, how: Ended, out: &mut ActorOut) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        leg.media.stop();
        leg.reliable.stop();
        (leg.hang_up_at, leg.again, leg.unacked, leg.changing) = (None, None, None, None);
        if matches!(
            leg.state,
            State::Calling { .. } | State::Ringing { .. } | State::Up | State::Answered { .. }
        ) {
            leg.state = State::Over;
        }
        self.note(id, Note::Ended(how), out);
    }

    pub(crate) fn note(&self, id: LegId, what: Note, out: &mut ActorOut) {
        let call_id = self.legs.get(&id).map(|leg| leg.dialog.call_id.clone()).unwrap_or_default();
        out.notes.push(Noted { leg: id, call_id, what });
    }

    pub(crate) fn contact(&self) -> String {
        if let Some(said) = &self.profile.says_to_be {
            return format!("<{said}>");
        }
        let transport = match self.profile.transport {
            Transport::Udp => "",
            Transport::Tcp => ";transport=tcp",
            // A page does not know where it is (RFC 7118 5.1).
            Transport::Ws => return format!("<sip:{}@{NOWHERE};transport=ws>", self.profile.user),
        };
        format!("<sip:{}@{}{transport}>", self.profile.user, self.profile.sip)
    }

    pub(crate) fn branch(&mut self) -> String {
        format!("z9hG4bK{}", self.chance.text())
    }

    /// An RTP address that no living leg uses.
    pub(crate) fn rtp_address(&mut self) -> SocketAddr {
        let at = self.next_port % self.profile.rtp_pairs.max(1);
        self.next_port = self.next_port.wrapping_add(1);
        SocketAddr::new(self.profile.rtp.ip(), self.profile.rtp.port() + 2 * at)
    }

    pub(crate) fn parcel(&self, to: SocketAddr, transport: Transport, bytes: Vec<u8>) -> Parcel {
        Parcel { transport, from: self.profile.sip, to, bytes }
    }

    /// How long finished transactions answer copies.
    pub(crate) fn linger(now: Instant) -> Instant {
        now + 64 * T1
    }
}

/// Where browsers say they are.
pub(crate) const NOWHERE: &str = "df7jal23ls0d.invalid";

/// What an actor that boasts puts into every message.
pub const BOAST: &str = "boast";

fn boast(send: &mut Parcel) {
    let headers = [
        format!("P-Asserted-Identity: <sip:{BOAST}@x.example>"),
        format!("Remote-Party-ID: <sip:{BOAST}@x.example>"),
        format!("P-Access-Network-Info: {BOAST}"),
        format!("P-Charging-Vector: icid-value={BOAST}"),
        format!("Subject: {BOAST}"),
        format!("X-Internal: {BOAST}"),
        format!("Warning: 399 {BOAST} \"{BOAST}\""),
    ];
    add(send, &headers.map(|header| header + "\r\n").concat());
}

/// Puts lines behind the first of a message.
fn add(send: &mut Parcel, lines: &str) {
    let Some(end) = send.bytes.windows(2).position(|two| two == b"\r\n") else { return };
    send.bytes.splice(end + 2..end + 2, lines.bytes());
}
