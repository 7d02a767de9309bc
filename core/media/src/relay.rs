//! The relay: which packet goes where.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use rtp::Fixed;

use crate::beats::Beats;
use crate::carried::{Carriage, Tally};
use crate::checklist::Gate;
use crate::copies::{Copies, Fork};
use crate::copying::Copying;
use crate::detouring::channel_to;
use crate::excerpt::Excerpted;
use crate::handshake::Flight;
use crate::latch::Admission;
use crate::meeting::Meetings;
use crate::moments::Moments;
use crate::order::{Aim, Event, Order, SessionKey, Side};
use crate::packet::Packet;
use crate::pair::{Meets, Occasion, Pair};
use crate::play::{Begins, Player, Playing};
use crate::ports::PortPair;
use crate::pressing::Press;
use crate::scouting::LETTER_MAX;
use crate::seat::Seat;
use crate::spoken::{Codec, Spoken};
use crate::tape::Taping;
use crate::verdict::{Half, PORTS_PER_STREAM, PortIndex, Reason, Verdict, locate, port_index};

mod excerpting;
mod outside;

use excerpting::Excerpts;

/// What follows from an order or a packet, for whoever drives the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Open this port; what arrives there is handed to [`Relay::receive`].
    Bind {
        port: PortIndex,
        local: SocketAddr,
    },
    Unbind {
        port: PortIndex,
    },
    /// Send this out of that port: a record of a handshake, or what is left of a packet that was too long.
    Send {
        port: PortIndex,
        to: SocketAddr,
        record: Box<[u8]>,
    },
    /// What arrives at this port may be carried elsewhere, as [`Relay::carriage`] says: tell the relay by
    /// [`Relay::carried`] or [`Relay::refused`] what came of it.
    Carry {
        port: PortIndex,
    },
    Tell(Event),
}

/// Acts in order; emptied by whoever drives the relay, and used again.
pub type Outbox = Vec<Act>;

/// All streams of one media loop.
#[derive(Debug, Default)]
pub struct Relay {
    slots: Vec<Option<Pair>>,
    free: Vec<u32>,
    by_session: BTreeMap<(SessionKey, u8), u32>,
    moments: Moments,
    gate: Gate,
    beats: Beats,
    players: BTreeMap<(u32, Side), Box<Player>>,
    meetings: Meetings,
    copies: Copies,
    excerpts: Excerpts,
    carriers: Carriers,
}

/// Whether somebody else may carry streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Carriers {
    #[default]
    Nobody,
    Somebody,
}

impl Relay {
    pub fn new() -> Self {
        Relay::default()
    }

    /// A relay beside which somebody else may carry streams that need no more than being sent on.
    pub fn with_carrier() -> Self {
        Relay { carriers: Carriers::Somebody, ..Relay::default() }
    }

    /// How many streams are open.
    pub fn streams(&self) -> usize {
        self.by_session.len()
    }

    /// Carries out one order.
    pub fn order(&mut self, now: Instant, order: Order, out: &mut Outbox) {
        match order {
            Order::Open { session, stream, ports } => self.open(now, (session, stream), ports, out),
            Order::Move { session, stream, side, ports } => self.move_to((session, stream), side, ports, out),
            Order::Outside { session, stream, side, outer } => {
                self.see(now, (session, stream), side, &outer);
            }
            Order::Aim { session, stream, side, aim } => {
                self.aim(now, (session, stream), side, aim, out);
            }
            Order::Transcode { session, stream, spoken } => {
                self.transcode((session, stream), spoken.as_deref());
            }
            Order::Expect { session, stream, side, codecs } => self.expect((session, stream), side, &codecs),
            Order::Press { session, stream, side, press } => self.press((session, stream), side, press),
            Order::Play { session, stream, side, playing } => {
                self.play(now, (session, stream), side, playing.map(|playing| *playing));
            }
            Order::Record { session, stream, taping } => {
                self.record((session, stream), taping.as_deref(), out);
            }
            Order::Copy { session, stream, copying } => {
                self.fork((session, stream), copying.map(|copying| *copying));
            }
            Order::Excerpt { session, excerpting } => {
                self.excerpt(now, session, excerpting.map(|terms| *terms), out);
            }
            Order::Meet { session, stream, side, seat } => {
                self.meet(now, (session, stream), side, seat.map(|seat| *seat));
            }
            Order::Chat { .. } => {}
            Order::Ask { session } => self.say_last_heard(session, out),
            Order::Close { session } => self.close(now, session, out),
        }
    }

    /// A port that was asked for cannot be had: its stream is given up.
    pub fn bind_failed(&mut self, port: PortIndex, why: String, out: &mut Outbox) {
        let (slot, _, _) = locate(port);
        let Some(pair) = self.slots.get(slot as usize).and_then(Option::as_ref) else { return };
        let (session, stream) = pair.key;
        self.drop_slot(slot, out);
        out.push(Act::Tell(Event::Failed { session, stream, why }));
    }

    /// Says what becomes of a packet that reached one of our ports.
    pub fn receive(
        &mut self,
        now: Instant,
        port: PortIndex,
        from: SocketAddr,
        packet: &mut Packet<'_>,
        out: &mut Outbox,
    ) -> Verdict {
        match self.direct(now, port, from, packet, out) {
            Verdict::Forward { port, to } if channel_to(to).is_some() => self.go_round(port, to, packet),
            Verdict::Drop(Reason::Outside) => self.hear_outside(now, port, packet, out),
            verdict => verdict,
        }
    }

    /// The same where no server of others is on the way.
    fn direct(
        &mut self,
        now: Instant,
        port: PortIndex,
        from: SocketAddr,
        packet: &mut Packet<'_>,
        out: &mut Outbox,
    ) -> Verdict {
        let (slot, side, half) = locate(port);
        let Some(Some(pair)) = self.slots.get_mut(slot as usize) else {
            return Verdict::Drop(Reason::NobodyHere);
        };
        let is_report = !pair.is_opaque(side) && rtp::is_rtcp(packet.bytes());
        let half = if is_report { Half::Rtcp } else { half };
        if half == Half::Rtcp {
            let verdict = report(pair, now, port, from, packet);
            if let Verdict::Drop(why) = verdict {
                pair.excerpt_lost((now, side, half), from, packet.bytes(), why);
            }
            self.send_copy(now, slot);
            self.check(now, (slot, side), out);
            return verdict;
        }
        if pair.has_carried() && pair.wants_back(now, side, from, packet) {
            return Verdict::TakeBack;
        }
        // What was gathered leaves before what came long after it.
        if pair.is_listened_to() {
            tell_gathered(pair, now, out);
        }

        let (to, admission) = pair.carry_rtp(now, side, from, packet);
        if let Err(why) = to {
            pair.excerpt_lost((now, side, half), from, packet.bytes(), why);
        }
        if admission == Some(Admission::Latched) {
            let ((session, stream), from) = (pair.key, pair.real(side, from));
            out.push(Act::Tell(Event::Latched { session, stream, side, from }));
        }
        if pair.is_transcoded(side) {
            tell_heard(pair, side, out);
            if pair.fell_silent(side) && !self.players.contains_key(&(slot, side.other())) {
                self.beats.begin_between(now, slot, side.other());
            }
        }
        let other = port_index(slot, side.other(), Half::Rtp);
        if let Ok(to) = to {
            if pair.is_ready(side, packet.length()) {
                out.push(Act::Carry { port });
            }
            send_rest(pair, (now, side), (other, to), out);
        }
        if pair.has_copy() {
            self.send_copy(now, slot);
        }
        match to {
            Ok(to) => Verdict::Forward { port: other, to },
            Err(reason @ (Reason::Answered | Reason::Checked)) => {
                self.follow_check(now, (port, from), (reason, admission), out)
            }
            Err(Reason::Said) => self.say(now, (slot, side), packet, out),
            Err(Reason::Handshake) => {
                let reason = self.shake(now, (slot, side), Occasion::Record(from, packet.bytes()), out);
                Verdict::Drop(reason)
            }
            Err(reason) => Verdict::Drop(reason),
        }
    }

    /// The next copy for who only listens: out of which port it goes, and where to. All are to be sent after
    /// each batch of packets.
    pub fn next_copy(&mut self) -> Option<(PortIndex, SocketAddr, &[u8])> {
        self.copies.next()
    }

    /// How what arrives at a port is carried elsewhere; none where it cannot be now.
    pub fn carriage(&mut self, port: PortIndex) -> Option<Carriage> {
        let (slot, side, half) = locate(port);
        let is_played =
            [Side::Caller, Side::Callee].iter().any(|side| self.players.contains_key(&(slot, *side)));
        let pair = self.slots.get_mut(slot as usize)?.as_mut().filter(|_| half == Half::Rtp)?;
        let via = port_index(slot, side.other(), Half::Rtp);
        let carriage = pair.carriage(side, via).filter(|_| !is_played && !pair.is_carried(side));
        if carriage.is_none() {
            pair.put_off(side);
        }
        carriage
    }

    /// Somebody carries what arrives at that port, from now on.
    pub fn carried(&mut self, port: PortIndex) {
        if let Some((pair, side)) = self.pair_at(port) {
            pair.carry(side);
        }
    }

    /// Nobody carries what arrives at that port, for now.
    pub fn refused(&mut self, port: PortIndex) {
        if let Some((pair, side)) = self.pair_at(port) {
            pair.refuse(side);
        }
    }

    /// Which ports of a stream are carried, where one of its four is that port.
    pub fn carried_beside(&self, port: PortIndex) -> Vec<PortIndex> {
        self.carried_of(port.stream())
    }

    /// Which ports of a session are carried: before an order for it all are to be taken back, and before an
    /// [`Order::Ask`] told by [`Relay::counted`].
    pub fn carried_in(&self, session: SessionKey) -> Vec<PortIndex> {
        let slots = self.by_session.range((session, 0)..=(session, u8::MAX));
        slots.flat_map(|(_, slot)| self.carried_of(*slot)).collect()
    }

    /// Which ports of a session are to be taken back, now that it is told what they have come to.
    pub fn idle_in(&self, now: Instant, session: SessionKey) -> Vec<PortIndex> {
        let is_idle = |port: &PortIndex| {
            let (slot, side, _) = locate(*port);
            let pair = self.slots.get(slot as usize).and_then(Option::as_ref);
            pair.is_some_and(|pair| pair.is_idle(now, side))
        };
        self.carried_in(session).into_iter().filter(is_idle).collect()
    }

    /// What a port that is carried has come to until now.
    pub fn counted(&mut self, port: PortIndex, tally: &Tally) {
        if let Some((pair, side)) = self.pair_at(port) {
            pair.tally(side, tally);
        }
    }

    /// A port is the relay's own again; this is what it came to.
    pub fn taken_back(&mut self, port: PortIndex, tally: &Tally) {
        if let Some((pair, side)) = self.pair_at(port) {
            pair.take_back(side, tally);
        }
    }

    fn pair_at(&mut self, port: PortIndex) -> Option<(&mut Pair, Side)> {
        let (slot, side, _) = locate(port);
        Some((self.slots.get_mut(slot as usize)?.as_mut()?, side))
    }

    fn carried_of(&self, slot: u32) -> Vec<PortIndex> {
        let Some(pair) = self.slots.get(slot as usize).and_then(Option::as_ref) else { return Vec::new() };
        let sides = [Side::Caller, Side::Callee].into_iter().filter(|side| pair.is_carried(*side));
        sides.map(|side| port_index(slot, side, Half::Rtp)).collect()
    }

    /// When [`Relay::wake`] and [`Relay::next_played`] are to be called, though no packet came.
    pub fn next_moment(&self) -> Option<Instant> {
        let moments = [self.moments.next(), self.beats.next(), self.meetings.next(), self.excerpts.next()];
        moments.into_iter().flatten().min()
    }

    /// Does what was to be done by now.
    pub fn wake(&mut self, now: Instant, out: &mut Outbox) {
        while let Some(whose) = self.moments.take(now) {
            self.shake(now, whose, Occasion::Moment, out);
            self.check(now, whose, out);
        }
        self.gather_excerpts(now, out);
    }

    /// Writes the next packet of our own sound that is due by now: out of which port it goes, and where to.
    pub fn next_played(&mut self, now: Instant, packet: &mut Packet<'_>) -> Option<(PortIndex, SocketAddr)> {
        if let Some(said) = self.next_said(now, packet) {
            return Some(said);
        }
        loop {
            let (turn, slot, side) = self.beats.take(now)?;
            let Some(pair) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else { continue };
            let to = match self.players.get_mut(&(slot, side)) {
                Some(player) => pair.next_played(now, side, turn, player, packet),
                None if pair.is_silent(side.other()) => pair.next_noise(now, side, turn, packet),
                None => {
                    self.beats.end(slot, side);
                    None
                }
            };
            if let Some(to) = to {
                return outside::put(pair, (port_index(slot, side, Half::Rtp), to), packet);
            }
        }
    }

    /// The next packet of what somebody hears in a meeting.
    fn next_said(&mut self, now: Instant, packet: &mut Packet<'_>) -> Option<(PortIndex, SocketAddr)> {
        loop {
            let (member, (slot, side)) = self.meetings.next_listener(now)?;
            let pair = self.slots.get_mut(slot as usize).and_then(Option::as_mut);
            let Some(pair) = pair else { continue };
            let Some(to) = pair.way_from_meeting(now, side) else { continue };
            if self.meetings.write(member, packet) && pair.sends_own(now, side, to, packet).is_some() {
                return outside::put(pair, (port_index(slot, side, Half::Rtp), to), packet);
            }
        }
    }

    /// A member of a meeting says something.
    fn say(
        &mut self,
        now: Instant,
        (slot, side): (u32, Side),
        packet: &Packet<'_>,
        out: &mut Outbox,
    ) -> Verdict {
        let pair = self.slots.get(slot as usize).and_then(Option::as_ref);
        if let Some((pair, header)) = pair.zip(Fixed::of(packet.bytes()))
            && let (session, stream) = pair.key
            && let Some(press) = self.meetings.take(now, (slot, side), &header, packet)
        {
            out.push(Act::Tell(Event::Pressed { session, stream, side, press }));
        }
        Verdict::Drop(Reason::Said)
    }

    /// Rare beside media, whose way is shorter where this one is not woven into it.
    #[cold]
    fn shake(
        &mut self,
        now: Instant,
        (slot, side): (u32, Side),
        what: Occasion<'_>,
        out: &mut Outbox,
    ) -> Reason {
        let Some(pair) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return Reason::NobodyHere;
        };
        let mut flight = Flight::new();
        let (to, admission) = pair.shake(now, side, what, &mut flight);
        self.moments.set(slot, side, pair.moment(side));
        if let (Some(Admission::Latched), Ok(from)) = (admission, to) {
            let ((session, stream), from) = (pair.key, pair.real(side, from));
            out.push(Act::Tell(Event::Latched { session, stream, side, from }));
        }
        match to {
            Ok(to) => {
                let port = port_index(slot, side, Half::Rtp);
                out.extend(flight.into_iter().map(|record| outside::sent(pair, (port, to), record)));
                Reason::Handshake
            }
            Err(reason) => reason,
        }
    }

    /// A check has been answered, or has answered one of ours: what follows from it.
    #[cold]
    fn follow_check(
        &mut self,
        now: Instant,
        (port, from): (PortIndex, SocketAddr),
        (reason, admission): (Reason, Option<Admission>),
        out: &mut Outbox,
    ) -> Verdict {
        let (slot, side, _) = locate(port);
        if admission == Some(Admission::Latched) {
            self.shake(now, (slot, side), Occasion::Aimed, out);
        }
        self.check(now, (slot, side), out);
        match reason {
            Reason::Answered => Verdict::Forward { port, to: from },
            _ => Verdict::Drop(reason),
        }
    }

    /// Asks a side's peer whatever is to be asked by now, where we look for it by checks of our own.
    #[cold]
    fn check(&mut self, now: Instant, (slot, side): (u32, Side), out: &mut Outbox) {
        let Some(pair) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else { return };
        if !pair.searches(side) && !pair.is_seen(side) {
            return;
        }
        let mut room = [0; LETTER_MAX];
        while let Some((half, to, length)) = pair.next_outside(now, side, &mut room) {
            let port = port_index(slot, side, half);
            out.push(Act::Send { port, to, record: room[..length].into() });
        }
        if let Some(why) = pair.trouble_outside(side) {
            let (session, stream) = pair.key;
            out.push(Act::Tell(Event::NoWay { session, stream, side, why }));
        }
        while let Some((half, to, length)) = pair.next_check(now, side, &mut self.gate, &mut room) {
            let port = port_index(slot, side, half);
            out.push(outside::sent(pair, (port, to), room[..length].into()));
        }
        self.moments.set(slot, side, pair.moment(side));
    }

    /// A packet that was to go out of that port could not be sent.
    pub fn unsent(&mut self, port: PortIndex) {
        let (slot, side, half) = locate(port);
        if let Some(Some(pair)) = self.slots.get_mut(slot as usize) {
            pair.unsent(side, half);
        }
    }

    fn open(&mut self, now: Instant, key: (SessionKey, u8), ports: [PortPair; 2], out: &mut Outbox) {
        let (session, stream) = key;
        if self.by_session.contains_key(&key) {
            let why = "the stream is open already".to_owned();
            return out.push(Act::Tell(Event::Failed { session, stream, why }));
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as u32
        });
        let mut pair = Pair::new(now, key);
        if self.carriers == Carriers::Somebody {
            pair.may_be_carried();
        }
        self.excerpts.opened(slot, ports);
        if let Some(terms) = self.excerpts.of(session) {
            pair.excerpt(Some((terms, ports)));
        }
        self.slots[slot as usize] = Some(pair);
        self.by_session.insert(key, slot);
        for (side, ports) in [Side::Caller, Side::Callee].into_iter().zip(ports) {
            bind(slot, side, ports, out);
        }
    }

    fn move_to(&mut self, key: (SessionKey, u8), side: Side, ports: PortPair, out: &mut Outbox) {
        let Some(slot) = self.by_session.get(&key).copied() else { return };
        self.leave_outside(slot, side, out);
        for half in [Half::Rtp, Half::Rtcp] {
            out.push(Act::Unbind { port: port_index(slot, side, half) });
        }
        bind(slot, side, ports, out);
        if let (Some(pair), Some(ports)) =
            (&mut self.slots[slot as usize], self.excerpts.moved(slot, side, ports))
        {
            tell_excerpted(pair.excerpt_moved(ports), out);
        }
    }

    fn aim(&mut self, now: Instant, key: (SessionKey, u8), side: Side, aim: Aim, out: &mut Outbox) {
        let Some(slot) = self.by_session.get(&key).copied() else { return };
        let Some(pair) = &mut self.slots[slot as usize] else { return };
        let is_shaken = aim.door.as_ref().is_some_and(|door| door.handshake.is_some());
        pair.aim(now, side, aim);
        self.moments.set(slot, side, pair.moment(side));
        if is_shaken {
            self.shake(now, (slot, side), Occasion::Aimed, out);
        }
        self.check(now, (slot, side), out);
    }

    fn transcode(&mut self, key: (SessionKey, u8), spoken: Option<&[Spoken; 2]>) {
        let Some(slot) = self.by_session.get(&key) else { return };
        if let Some(pair) = &mut self.slots[*slot as usize] {
            pair.transcode(spoken);
        }
    }

    fn expect(&mut self, key: (SessionKey, u8), side: Side, codecs: &[(u8, Codec)]) {
        let Some(slot) = self.by_session.get(&key) else { return };
        if let Some(pair) = &mut self.slots[*slot as usize] {
            pair.expect(side, codecs);
        }
    }

    fn press(&mut self, key: (SessionKey, u8), side: Side, press: Press) {
        let Some(slot) = self.by_session.get(&key) else { return };
        if let Some(pair) = &mut self.slots[*slot as usize] {
            pair.press(side, press);
        }
    }

    fn play(&mut self, now: Instant, key: (SessionKey, u8), side: Side, playing: Option<Playing>) {
        let Some(slot) = self.by_session.get(&key).copied() else { return };
        let Some(gone) = self.slots[slot as usize].as_ref().map(|pair| pair.gone(side)) else { return };
        let before = self.players.get(&(slot, side));
        match playing {
            None => self.hush(slot, side),
            Some(playing) if before.is_some_and(|before| before.is_playing(&playing)) => {}
            Some(playing) => {
                if before.is_none() {
                    self.beats.begin(now, slot, side);
                }
                if let Some(pair) = &mut self.slots[slot as usize] {
                    pair.speak_over(side, playing.begins);
                }
                self.players.insert((slot, side), Box::new(Player::new(playing, gone)));
            }
        }
    }

    fn record(&mut self, key: (SessionKey, u8), taping: Option<&Taping>, out: &mut Outbox) {
        let Some(slot) = self.by_session.get(&key) else { return };
        if let Some(pair) = &mut self.slots[*slot as usize]
            && let Some(taped) = pair.record(taping)
        {
            out.push(Act::Tell(Event::Taped(Box::new(taped))));
        }
    }

    /// What a stream says is copied to another one, if that is there.
    fn fork(&mut self, key: (SessionKey, u8), copying: Option<Copying>) {
        let Some(slot) = self.by_session.get(&key).copied() else { return };
        let listener = copying.as_ref().and_then(|to| self.by_session.get(&(to.session, to.stream)));
        if let Some(listener) = listener.and_then(|slot| self.slots[*slot as usize].as_mut()) {
            listener.only_listens();
        }
        if let Some(pair) = &mut self.slots[slot as usize] {
            pair.fork(copying);
        }
    }

    /// What was copied of the last packet goes on to whoever listens, if that is who was meant.
    fn send_copy(&mut self, now: Instant, slot: u32) {
        let pair = self.slots.get_mut(slot as usize).and_then(Option::as_mut);
        let Some(pair) = pair.filter(|pair| pair.has_copy()) else { return };
        let Some(mut listeners) = pair.take_listeners() else { return };
        listeners.forks.iter_mut().for_each(|fork| self.leave(now, fork));
        if let Some(pair) = &mut self.slots[slot as usize] {
            pair.put_listeners(listeners);
        }
    }

    fn leave(&mut self, now: Instant, fork: &mut Fork) {
        let key = (fork.copying.session, fork.copying.stream);
        let Some((side, half, mut packet)) = fork.leave() else { return };
        let Some(slot) = self.by_session.get(&key).copied() else { return };
        let Some(listener) = &mut self.slots[slot as usize] else { return };
        let Some((to, half)) = listener.sends_copy(now, side, half, &mut packet) else { return };
        let port = port_index(slot, side, half);
        if !self.copies.put(port, to, packet.bytes()) {
            self.unsent(port);
        }
    }

    fn meet(&mut self, now: Instant, key: (SessionKey, u8), side: Side, seat: Option<Seat>) {
        let Some(slot) = self.by_session.get(&key).copied() else { return };
        let Some(pair) = &mut self.slots[slot as usize] else { return };
        pair.meet(side, if seat.is_some() { Meets::Others } else { Meets::Nobody });
        match seat {
            Some(seat) => self.meetings.meet(now, (slot, side), seat),
            None => self.meetings.leave((slot, side)),
        }
    }

    fn hush(&mut self, slot: u32, side: Side) {
        if self.players.remove(&(slot, side)).is_some() {
            let pair = self.slots[slot as usize].as_mut();
            let hears_noise = pair.is_some_and(|pair| {
                pair.speak_over(side, Begins::AtOnce);
                pair.is_silent(side.other())
            });
            if !hears_noise {
                self.beats.end(slot, side);
            }
        }
    }

    fn say_last_heard(&self, session: SessionKey, out: &mut Outbox) {
        let slots = self.by_session.range((session, 0)..=(session, u8::MAX));
        let pairs = slots.filter_map(|(_, slot)| self.slots[*slot as usize].as_ref());
        let heard = pairs.map(|pair| (pair.last_heard(), pair.signs()));
        let both = heard.reduce(|([a, b], one), ([c, d], other)| {
            let [caller, callee] = [0, 1].map(|side| one[side].and(other[side]));
            ([a.max(c), b.max(d)], [caller, callee])
        });
        if let Some(([caller, callee], signs)) = both {
            out.push(Act::Tell(Event::LastHeard { session, caller, callee, signs }));
        }
    }

    fn close(&mut self, now: Instant, session: SessionKey, out: &mut Outbox) {
        self.excerpts.forget(session);
        while let Some((_, slot)) = self.by_session.range((session, 0)..=(session, u8::MAX)).next() {
            let slot = *slot;
            [Side::Caller, Side::Callee].into_iter().for_each(|side| self.leave_outside(slot, side, out));
            let Some(pair) = self.drop_slot(slot, out) else { return };
            let (session, stream) = pair.key;
            out.push(Act::Tell(Event::Finished { session, stream, figures: Box::new(pair.figures(now)) }));
        }
    }

    fn drop_slot(&mut self, slot: u32, out: &mut Outbox) -> Option<Pair> {
        let mut pair = self.slots[slot as usize].take()?;
        if let Some(taped) = pair.record(None) {
            out.push(Act::Tell(Event::Taped(Box::new(taped))));
        }
        tell_excerpted(pair.excerpt(None), out);
        self.by_session.remove(&pair.key);
        for side in [Side::Caller, Side::Callee] {
            self.moments.set(slot, side, None);
            self.hush(slot, side);
            self.beats.end(slot, side);
            self.meetings.leave((slot, side));
        }
        self.free.push(slot);
        out.extend(
            (0..PORTS_PER_STREAM).map(|at| Act::Unbind { port: PortIndex(slot * PORTS_PER_STREAM + at) }),
        );
        Some(pair)
    }
}

fn bind(slot: u32, side: Side, ports: PortPair, out: &mut Outbox) {
    out.push(Act::Bind { port: port_index(slot, side, Half::Rtp), local: ports.rtp() });
    out.push(Act::Bind { port: port_index(slot, side, Half::Rtcp), local: ports.rtcp() });
}

/// What is left of a packet that became several.
fn send_rest(
    pair: &mut Pair,
    (now, side): (Instant, Side),
    (port, to): (PortIndex, SocketAddr),
    out: &mut Outbox,
) {
    while let Some(record) = pair.rest(now, side, to) {
        out.push(outside::sent(pair, (port, to), record));
    }
}

/// What a side's peer said beside speech.
fn tell_heard(pair: &mut Pair, side: Side, out: &mut Outbox) {
    let (session, stream) = pair.key;
    let press = pair.pressed(side).map(|press| Event::Pressed { session, stream, side, press });
    let signal = pair.signal(side).map(|signal| Event::Signalled { session, stream, side, signal });
    out.extend(press.into_iter().chain(signal).map(Act::Tell));
}

/// Rare beside media that nobody listens to.
#[cold]
fn tell_gathered(pair: &mut Pair, now: Instant, out: &mut Outbox) {
    if let Some(taped) = pair.taped(now) {
        out.push(Act::Tell(Event::Taped(Box::new(taped))));
    }
    tell_excerpted(pair.excerpt_full(), out);
}

fn tell_excerpted(excerpted: Option<Excerpted>, out: &mut Outbox) {
    out.extend(excerpted.map(|excerpted| Act::Tell(Event::Excerpted(Box::new(excerpted)))));
}

/// Rare beside media, whose way is shorter where this one is not woven into it.
#[cold]
fn report(
    pair: &mut Pair,
    now: Instant,
    port: PortIndex,
    from: SocketAddr,
    packet: &mut Packet<'_>,
) -> Verdict {
    let (slot, side, _) = locate(port);
    match pair.carry_rtcp(now, side, from, packet) {
        Ok((to, half)) => Verdict::Forward { port: port_index(slot, side.other(), half), to },
        Err(Reason::Answered) => Verdict::Forward { port, to: from },
        Err(reason) => Verdict::Drop(reason),
    }
}

/// Twenty thousand streams are to fit into a few megabytes of cache and memory.
const STREAM_BYTES_MAX: usize = 1184;
const _: () = assert!(size_of::<Option<Pair>>() <= STREAM_BYTES_MAX);
