//! How time goes on: the next arrival or deadline, and what follows from it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actors::{ActorInput, ActorOut, Habit, Note, Parcel};
use media::{Act, Packet, Reason, Verdict};
use sip_stack::locate::DnsAnswer;
use sip_stack::{ConnectionId, Flow, Frame, Transport};
use switch::{Answer, AskId, Handed, HandedAs, Input, News, Question, Received};

use crate::attackers::{By, Shot};
use crate::handle::Kept;
use crate::sight::Sight;
use crate::streams::Opener;
use crate::street::{Arrival, Departure};
use crate::world::World;

/// Something on its way.
pub(crate) enum Coming {
    Sip {
        flow: Flow,
        bytes: Vec<u8>,
    },
    Rtp {
        by: By,
        from: SocketAddr,
        to: SocketAddr,
        bytes: Vec<u8>,
    },
    /// A piece of a stream, for the house.
    Segment {
        stream: u32,
        bytes: Vec<u8>,
    },
    ForActor {
        actor: usize,
        transport: Transport,
        from: SocketAddr,
        to: SocketAddr,
        bytes: Vec<u8>,
    },
    /// A message on a stream, for a far end.
    OnStream {
        stream: u32,
        bytes: Vec<u8>,
    },
    Dns {
        shard: usize,
        ask: AskId,
        answer: DnsAnswer,
    },
    FlowFailed(Flow),
    FromRelay(media::Event),
    /// Its relay has something to do though nothing came.
    RelayMoment,
    /// What one shard says to another.
    Letter {
        shard: usize,
        letter: Letter,
    },
}

/// The letters that shards write to each other.
pub(crate) enum Letter {
    News(News),
    Handed(Handed),
}

/// How long DNS takes.
const DNS_WAIT: Duration = Duration::from_millis(8);

/// The relay's word takes its way through a queue.
const RELAY_WAIT: Duration = Duration::from_micros(50);
/// And a letter between shards.
const LETTER_WAIT: Duration = Duration::from_micros(30);
/// As much as the loops of media have for a packet, which may become longer on its way.
const ROOM: usize = 2048;

impl World {
    /// Moves to whatever is next, at most to `limit`.
    pub(crate) fn step(&mut self, limit: Instant) {
        let arrival = self.coming.first_key_value().map(|((at, _), _)| *at);
        let house = self.node.deadline();
        let (actor, actor_at) = self.next_actor();
        let next = [arrival, house.map(|(at, _)| at), actor_at].into_iter().flatten().min().unwrap_or(limit);
        if next > limit {
            return self.clock.move_to(limit);
        }
        self.clock.move_to(next);
        if arrival == Some(next) {
            if let Some((_, coming)) = self.coming.pop_first() {
                self.arrive(coming);
            }
        } else if let Some((_, shard)) = house.filter(|(at, _)| *at == next) {
            self.give(shard, Input::Deadline);
        } else if let Some(actor) = actor {
            self.tell_actor(actor, ActorInput::Deadline);
        }
    }

    fn next_actor(&self) -> (Option<usize>, Option<Instant>) {
        let all = self.actors.iter().enumerate();
        let next = all.filter_map(|(index, actor)| Some((actor.borrow().deadline()?, index))).min();
        (next.map(|(_, index)| index), next.map(|(at, _)| at))
    }

    pub(crate) fn plan(&mut self, after: Duration, coming: Coming) {
        self.plan_at(self.clock.now().instant + after, coming);
    }

    fn plan_at(&mut self, at: Instant, coming: Coming) {
        self.last_event += 1;
        self.coming.insert((at, self.last_event), coming);
    }

    fn arrive(&mut self, coming: Coming) {
        match coming {
            Coming::Sip { flow, bytes } => self.reach_house(flow, &bytes),
            Coming::Rtp { by, from, to, bytes } => self.reach_relay(by, (from, to), &bytes),
            Coming::Segment { stream, bytes } => self.reach_stream(stream, &bytes),
            Coming::ForActor { actor, transport, from, to, bytes } => {
                let transport = actors_transport(transport);
                self.tell_actor(actor, ActorInput::Received { from, to, transport, bytes: &bytes });
            }
            Coming::OnStream { stream, bytes } => {
                let Some(stream) = self.streams.stream(stream) else { return };
                let (actor, from) = (stream.actor, stream.house);
                let to = self.actors[actor].borrow().profile().sip;
                let transport = actors_transport(stream.transport);
                self.tell_actor(actor, ActorInput::Received { from, to, transport, bytes: &bytes });
            }
            Coming::Dns { shard, ask, answer } => self.give(shard, Input::Answered(ask, Answer::Dns(answer))),
            Coming::FlowFailed(flow) => self.give_all(|| Input::FlowFailed(flow)),
            Coming::FromRelay(event) => self.give(shard_of(&event), Input::Heard(event)),
            Coming::RelayMoment => self.wake_relay(),
            Coming::Letter { shard, letter } => self.deliver(shard, letter),
        }
    }

    fn deliver(&mut self, shard: usize, letter: Letter) {
        match letter {
            Letter::News(news) => self.give(shard, Input::News(news)),
            Letter::Handed(Handed { flow, bytes, what, .. }) => {
                let received = Received { flow, bytes: &bytes };
                match what {
                    HandedAs::First { authenticated } => {
                        self.handed_on += 1;
                        self.give(shard, Input::HandedOn(received, authenticated));
                    }
                    HandedAs::Following => self.give(shard, Input::Received(received)),
                }
            }
        }
    }

    /// Gives every shard an input.
    pub(crate) fn give_all<'a>(&mut self, input: impl Fn() -> Input<'a>) {
        (0..self.node.switches.len()).for_each(|shard| self.give(shard, input()));
    }

    fn reach_house(&mut self, flow: Flow, bytes: &[u8]) {
        let at = self.clock.now().instant;
        self.last_sip = at;
        self.show(&Sight::HouseReceived { at, transport: flow.transport, from: flow.remote, bytes });
        let shard = usize::from(sip_stack::steer(bytes, self.node.shards()));
        self.give(shard, Input::Received(Received { flow, bytes }));
    }

    fn reach_stream(&mut self, id: u32, bytes: &[u8]) {
        let Some(flow) = self.streams.flow(id) else { return };
        let Some(stream) = self.streams.stream(id) else { return };
        stream.framer.feed(bytes);
        let mut messages = Vec::new();
        while let Some(frame) = stream.framer.next() {
            match frame {
                Ok(Frame::Message(message)) => messages.push(message.to_vec()),
                Ok(Frame::Ping) => {}
                Err(fault) => panic!("far ends frame their messages well: {fault:?}"),
            }
        }
        messages.iter().for_each(|message| self.reach_house(flow, message));
    }

    fn reach_relay(&mut self, by: By, (from, to): (SocketAddr, SocketAddr), came: &[u8]) {
        let Some(port) = self.node.port_at(to) else { return };
        let now = self.clock.now().instant;
        let mut acts = std::mem::take(&mut self.node.acts);
        let mut buffer = came.to_vec();
        buffer.resize(came.len().max(ROOM), 0);
        let mut packet = Packet::new(&mut buffer, came.len());
        let verdict = self.node.relay.receive(now, port, from, &mut packet, &mut acts);
        let bytes = packet.bytes().to_vec();
        self.node.acts = acts;
        let went = match verdict {
            Verdict::Forward { port, to } => {
                self.node.address_of(port).map(|local| (local, to)).ok_or(Reason::NobodyHere)
            }
            Verdict::Drop(reason) => Err(reason),
            Verdict::TakeBack => unreachable!("nobody carries streams here"),
        };
        if let Some(street) = &mut self.street {
            let went = went.map(|(_, to)| Departure { to, bytes: bytes.clone() });
            let shots = street.arrive(Arrival { at: now, by, from, to, bytes: came.to_vec(), went });
            shots.into_iter().for_each(|shot| self.plan_shot(now, shot));
        }
        if let Ok((local, to)) = went {
            self.send_media_to_actor(local, to, bytes);
        }
        let mut copies = Vec::new();
        while let Some((port, to, packet)) = self.node.relay.next_copy() {
            copies.push((port, to, packet.to_vec()));
        }
        for (port, to, packet) in copies {
            if let Some(local) = self.node.address_of(port) {
                self.send_media_to_actor(local, to, packet);
            }
        }
        self.carry_out_acts();
    }

    fn carry_out_acts(&mut self) {
        for act in std::mem::take(&mut self.node.acts) {
            match act {
                Act::Bind { port, local } => self.node.bind(port, local),
                Act::Unbind { port } => self.node.unbind(port),
                Act::Send { port, to, record } => {
                    if let Some(local) = self.node.address_of(port) {
                        self.send_media_to_actor(local, to, record.into_vec());
                    }
                }
                Act::Tell(media::Event::Taped(taped)) => self.taped.push(*taped),
                Act::Tell(media::Event::Excerpted(excerpted)) => self.excerpted.push(*excerpted),
                Act::Tell(event) => self.plan(RELAY_WAIT, Coming::FromRelay(event)),
                Act::Carry { .. } => unreachable!("nobody carries streams here"),
            }
        }
        let moment = self.node.relay.next_moment();
        if moment != self.node.moment {
            self.node.moment = moment;
            moment.into_iter().for_each(|moment| self.plan_at(moment, Coming::RelayMoment));
        }
    }

    fn wake_relay(&mut self) {
        let now = self.clock.now().instant;
        let mut acts = std::mem::take(&mut self.node.acts);
        self.node.relay.wake(now, &mut acts);
        self.node.acts = acts;
        let mut room = [0; 2048];
        loop {
            let mut packet = Packet::new(&mut room, 0);
            let Some((port, to)) = self.node.relay.next_played(now, &mut packet) else { break };
            if let Some(local) = self.node.address_of(port) {
                self.send_media_to_actor(local, to, packet.bytes().to_vec());
            }
        }
        self.carry_out_acts();
    }

    /// Gives a shard one input, and empties its outbox in the order of its fields.
    pub(crate) fn give(&mut self, shard: usize, input: Input<'_>) {
        let now = self.clock.now();
        self.node.handle(shard, now, input);
        for record in std::mem::take(&mut self.node.outbox.keep) {
            self.show(&Sight::Kept { at: now.instant, record: &record });
            self.records.push(record);
        }
        for order in std::mem::take(&mut self.node.outbox.orders) {
            let mut acts = std::mem::take(&mut self.node.acts);
            self.node.relay.order(now.instant, order, &mut acts);
            self.node.acts = acts;
        }
        self.carry_out_acts();
        for send in std::mem::take(&mut self.node.outbox.sends) {
            self.last_sip = now.instant;
            let sight = Sight::HouseSent {
                at: now.instant,
                transport: send.flow.transport,
                to: send.flow.remote,
                bytes: send.wire.bytes(),
            };
            self.show(&sight);
            self.send_from_house(send.flow, send.wire.bytes().to_vec());
        }
        for (ask, question) in std::mem::take(&mut self.node.outbox.asks) {
            // Nobody stands outside of this world.
            let Question::Dns(question) = question else { continue };
            if let Some(answer) = self.zone.answer(question) {
                self.plan(DNS_WAIT, Coming::Dns { shard, ask, answer });
            }
        }
        self.wakes.append(&mut self.node.outbox.wakes);
        for event in std::mem::take(&mut self.node.outbox.tells) {
            self.show(&Sight::Told { event: &event });
            self.events.push(event);
        }
        for news in std::mem::take(&mut self.node.outbox.news) {
            for other in (0..self.node.switches.len()).filter(|other| *other != shard) {
                let letter = Letter::News(news.clone());
                self.plan(LETTER_WAIT, Coming::Letter { shard: other, letter });
            }
        }
        for handed in std::mem::take(&mut self.node.outbox.handed) {
            let letter = Coming::Letter { shard: usize::from(handed.to), letter: Letter::Handed(handed) };
            self.plan(LETTER_WAIT, letter);
        }
        self.replies.append(&mut self.node.outbox.replies);
    }

    fn send_from_house(&mut self, flow: Flow, bytes: Vec<u8>) {
        if flow.transport == Transport::Udp {
            let from = self.node.listener(flow.listener).bind;
            return self.send_datagram_to_actor(from, flow.remote, bytes);
        }
        let Some(stream) = self.streams.meant_by(&flow).or_else(|| self.connect_from_house(&flow)) else {
            return self.plan(Duration::from_millis(20), Coming::FlowFailed(flow));
        };
        let far = flow.remote.ip();
        if let Some(after) = self.network.segment(far) {
            let at = self.in_order(stream, 1, after);
            self.plan_at(at, Coming::OnStream { stream, bytes });
        }
    }

    fn connect_from_house(&mut self, flow: &Flow) -> Option<u32> {
        let actor = *self.by_ip.get(&flow.remote.ip())?;
        let is_listening = {
            let actor = self.actors[actor].borrow();
            let profile = actor.profile();
            let takes_tcp = profile.transport == actors::Transport::Tcp || profile.has(Habit::TakesTcpToo);
            profile.sip == flow.remote && takes_tcp
        };
        if !is_listening || self.network.is_cut(flow.remote.ip()) || flow.connection != ConnectionId::NONE {
            return None;
        }
        let bind = self.node.listener(flow.listener).bind;
        let listener = (flow.transport, flow.listener, bind);
        Some(self.streams.open(Opener::House, listener, (actor, flow.remote)))
    }

    /// When a piece arrives that must not overtake the ones before it.
    fn in_order(&mut self, stream: u32, way: usize, after: Duration) -> Instant {
        let at = self.clock.now().instant + after;
        let Some(stream) = self.streams.stream(stream) else { return at };
        let at = stream.arrivals[way].map_or(at, |last| at.max(last));
        stream.arrivals[way] = Some(at);
        at
    }

    fn send_datagram_to_actor(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        let Some(&actor) = self.by_ip.get(&to.ip()) else {
            *self.astray.entry(to.ip()).or_default() += 1;
            return;
        };
        for after in self.network.datagram(to.ip(), bytes.len()) {
            let bytes = bytes.clone();
            self.plan(after, Coming::ForActor { actor, transport: Transport::Udp, from, to, bytes });
        }
    }

    /// As `send_datagram_to_actor`, by way of the street where there is one.
    fn send_media_to_actor(&mut self, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        let now = self.clock.now().instant;
        let Some(street) = &mut self.street else { return self.send_datagram_to_actor(from, to, bytes) };
        let reflected = street.attackers.reflect(now, from, to, &bytes);
        let inside = street.inside_of(to);
        reflected.into_iter().for_each(|shot| self.plan_shot(now, shot));
        let Some(to) = inside else { return };
        let Some(&actor) = self.by_ip.get(&to.ip()) else {
            *self.astray.entry(to.ip()).or_default() += 1;
            return;
        };
        for after in self.network.media(to.ip(), bytes.len()) {
            let bytes = bytes.clone();
            self.plan(after, Coming::ForActor { actor, transport: Transport::Udp, from, to, bytes });
        }
    }

    /// A far end's media on its way to the house, or to another far end.
    fn send_media_from_actor(&mut self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let now = self.clock.now().instant;
        if self.street.is_none() && self.by_ip.contains_key(&to.ip()) {
            self.crossed_without_us += 1;
            return self.send_datagram_to_actor(from, to, bytes.to_vec());
        }
        let (seen_as, shots) = match &mut self.street {
            Some(street) => street.pass(now, from, to, bytes),
            None => (from, Vec::new()),
        };
        shots.into_iter().for_each(|shot| self.plan_shot(now, shot));
        for after in self.network.media(from.ip(), bytes.len()) {
            let (by, from, bytes) = (By::FarEnd, seen_as, bytes.to_vec());
            self.plan(after, Coming::Rtp { by, from, to, bytes });
        }
    }

    fn plan_shot(&mut self, now: Instant, shot: Shot) {
        let Shot { after, by, from, to, bytes } = shot;
        self.plan_at(now + after, Coming::Rtp { by, from, to, bytes });
    }

    /// Gives a far end one input, and carries what follows.
    pub(crate) fn tell_actor(&mut self, index: usize, input: ActorInput<'_>) {
        let now = self.clock.now().instant;
        let mut out = ActorOut::default();
        self.actors[index].borrow_mut().handle(now, input, &mut out);
        if out.notes.iter().any(|noted| matches!(noted.what, Note::Ended(_))) {
            self.tell_who_is_no_way_out();
        }
        for noted in out.notes {
            let (name, kind) = {
                let actor = self.actors[index].borrow();
                (actor.profile().name.clone(), actor.profile().kind)
            };
            self.show(&Sight::Noted { at: now, actor: &name, kind, noted: &noted });
            let kept = Kept { actor: index, leg: noted.leg, what: noted.what };
            self.board.borrow_mut().notes.push(kept);
        }
        for parcel in out.sends {
            self.send_from_actor(index, parcel);
        }
    }

    /// A far end that won't take a call is alive, and yet no way out.
    fn tell_who_is_no_way_out(&mut self) {
        for actor in &self.actors {
            let actor = actor.borrow();
            let is_no_way = actor.profile().habits.iter().any(|habit| {
                matches!(
                    habit,
                    Habit::Silent | Habit::Redirects | Habit::RingsForever | Habit::DiesAfterAnswer
                )
            });
            if is_no_way {
                self.judges.expect_a_death(actor.profile().sip.ip());
            }
        }
    }

    fn send_from_actor(&mut self, index: usize, parcel: Parcel) {
        let Parcel { transport, from, to, bytes } = parcel;
        if transport != actors::Transport::Udp {
            return self.send_on_stream(index, from, to, bytes);
        }
        let Some(listener) = self.node.listener_at(Transport::Udp, to).map(|listener| listener.id) else {
            return self.send_media_from_actor(from, to, &bytes);
        };
        self.last_sip = self.clock.now().instant;
        for after in self.network.datagram(from.ip(), bytes.len()) {
            let (connection, bytes) = (ConnectionId::NONE, bytes.clone());
            let flow = Flow { transport: Transport::Udp, listener, connection, remote: from };
            self.plan(after, Coming::Sip { flow, bytes });
        }
    }

    fn send_on_stream(&mut self, index: usize, from: SocketAddr, to: SocketAddr, bytes: Vec<u8>) {
        self.last_sip = self.clock.now().instant;
        let stream = self.streams.toward(index, to).or_else(|| {
            let listener = self.node.stream_listener_at(to)?;
            let listener = (listener.transport, listener.id, listener.bind);
            Some(self.streams.open(Opener::FarEnd, listener, (index, from)))
        });
        let Some(stream) = stream else { return };
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let length = 1 + self.network.chance.below(rest.len() as u64) as usize;
            let (piece, others) = rest.split_at(length);
            rest = others;
            let Some(after) = self.network.segment(from.ip()) else { return };
            let at = self.in_order(stream, 0, after);
            self.plan_at(at, Coming::Segment { stream, bytes: piece.to_vec() });
        }
    }

    pub(crate) fn break_streams(&mut self, actor: usize) {
        for flow in self.streams.break_all(actor) {
            self.plan(Duration::from_millis(5), Coming::FlowFailed(flow));
        }
    }
}

/// The shard that owns the call of a session.
fn shard_of(event: &media::Event) -> usize {
    usize::from(event.session().shard)
}

fn actors_transport(transport: Transport) -> actors::Transport {
    match transport {
        Transport::Udp => actors::Transport::Udp,
        Transport::Tcp | Transport::Tls => actors::Transport::Tcp,
        Transport::Ws | Transport::Wss => actors::Transport::Ws,
    }
}
