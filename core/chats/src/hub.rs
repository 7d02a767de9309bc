//! All sessions of messages of a house, and the connections that carry them.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use media::{ChatAim, ChatOrder, Event, Reach, SessionKey, Side};
use msrp::{Body, Flag, Uri};
use sip_stack::Chance;

use crate::ids::{LinkId, Place, TalkKey};
use crate::limits::{
    CONNECT_WAIT, FAREWELL_WAIT, FIRST_WAIT, LINKS_MAX, PEER_WAIT, STALL_MAX, STRANGERS_MAX, SWEEP,
};
use crate::link::{Chunk, Link, Reading, Stage};
use crate::output::Output;
use crate::talk::{Standing, Talk};

/// What is to be done with connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    Connect {
        link: LinkId,
        from: IpAddr,
        to: SocketAddr,
    },
    /// It is forgotten already.
    Close(LinkId),
}

/// What follows from one input.
#[derive(Debug, Default)]
pub struct Outbox {
    pub acts: Vec<Act>,
    /// For the calls that the sessions belong to.
    pub events: Vec<Event>,
    /// Connections that have more to take, or may be read again.
    pub stirred: Vec<LinkId>,
}

/// The sessions, by what they belong to and by their addresses; the connections.
pub struct Hub {
    pub(crate) talks: BTreeMap<TalkKey, Talk>,
    /// By the part of our address that nobody can guess.
    pub(crate) names: BTreeMap<Box<str>, Place>,
    pub(crate) links: BTreeMap<LinkId, Link>,
    pub(crate) outputs: BTreeMap<LinkId, Output>,
    /// Connections that may have something to pass on.
    pub(crate) todo: Vec<LinkId>,
    /// How many of each address have not said what they are for.
    strangers: BTreeMap<IpAddr, usize>,
    remotes: BTreeMap<LinkId, IpAddr>,
    chance: Chance,
    last: u32,
    sweep_at: Option<Instant>,
}

impl Hub {
    pub fn new(seed: [u8; 32]) -> Hub {
        Hub {
            talks: BTreeMap::new(),
            names: BTreeMap::new(),
            links: BTreeMap::new(),
            outputs: BTreeMap::new(),
            todo: Vec::new(),
            strangers: BTreeMap::new(),
            remotes: BTreeMap::new(),
            chance: Chance::from_seed(seed),
            last: 0,
            sweep_at: None,
        }
    }

    /// How many sessions and connections there are.
    pub fn held(&self) -> (usize, usize) {
        (self.talks.len(), self.links.len())
    }

    /// A call says something of a session.
    pub fn order(
        &mut self,
        now: Instant,
        (session, stream): (SessionKey, u8),
        order: &ChatOrder,
        out: &mut Outbox,
    ) {
        let key = TalkKey { session, stream };
        match order {
            ChatOrder::Aim(side, aim) => self.aim(now, Place { talk: key, side: *side }, aim, out),
            ChatOrder::Close => self.close(now, key, out),
        }
        self.run(now, out);
    }

    /// Somebody has connected. Nothing, if there are too many.
    pub fn accept(&mut self, now: Instant, remote: IpAddr) -> Option<LinkId> {
        let strangers = self.strangers.get(&remote).copied().unwrap_or_default();
        if self.links.len() >= LINKS_MAX || strangers >= STRANGERS_MAX {
            return None;
        }
        let link = self.add(now, Link::new(Stage::New { until: now + FIRST_WAIT }));
        self.strangers.insert(remote, strangers + 1);
        self.remotes.insert(link, remote);
        Some(link)
    }

    /// A connection of ours is open: the peer is told at once what it is for (RFC 4975, 5.4).
    pub fn connected(&mut self, now: Instant, link: LinkId, out: &mut Outbox) {
        let Some(Link { stage, places, .. }) = self.links.get_mut(&link) else { return };
        if !matches!(stage, Stage::Connecting { .. }) {
            return;
        }
        *stage = Stage::Open;
        for place in places.clone() {
            let (id, about) = (self.chance.text(20), self.chance.text(20));
            let Some(seat) = self.talks.get_mut(&place.talk).map(|talk| &mut talk.seats[place.side as usize])
            else {
                continue;
            };
            let (Some(ours), Some(peer)) = (&seat.ours, &seat.peer) else { continue };
            let mut words = Vec::new();
            let rest = format!("Message-ID: {about}\r\nByte-Range: 1-0/0\r\n");
            let paths = (&*peer.path, &**ours);
            let end = Body::None(Flag::Complete);
            msrp::write_request(&mut words, (&id, "SEND"), paths, rest.as_bytes(), end);
            seat.asked = Some(id.into());
            if let Some(output) = self.outputs.get_mut(&link) {
                output.bytes(now).extend_from_slice(&words);
            }
        }
        self.stir(link, out);
        self.run(now, out);
    }

    /// How many bytes may be read of a connection now.
    pub fn wants(&self, link: LinkId) -> usize {
        self.links.get(&link).map_or(0, Link::wants)
    }

    /// Bytes have come, not more than were wanted.
    pub fn feed(&mut self, now: Instant, link: LinkId, bytes: &[u8], out: &mut Outbox) {
        let Some(at) = self.links.get_mut(&link) else { return };
        at.feed(bytes);
        self.todo.push(link);
        self.run(now, out);
    }

    /// What a connection has yet to take.
    pub fn unsent(&self, link: LinkId) -> &[u8] {
        self.outputs.get(&link).map_or(&[], Output::unsent)
    }

    /// It has taken so much of that.
    pub fn sent(&mut self, now: Instant, link: LinkId, count: usize, out: &mut Outbox) {
        let Some(output) = self.outputs.get_mut(&link) else { return };
        output.took(now, count);
        let is_done = output.is_empty() && self.links.get(&link).is_some_and(Link::is_ending);
        if is_done {
            self.forget(now, link, out);
            out.acts.push(Act::Close(link));
        }
        self.wake_senders_to(link);
        self.run(now, out);
    }

    /// A connection has ended, or could not be opened.
    pub fn closed(&mut self, now: Instant, link: LinkId, out: &mut Outbox) {
        self.forget(now, link, out);
        self.run(now, out);
    }

    /// When something is due next.
    pub fn deadline(&self) -> Option<Instant> {
        self.sweep_at.filter(|_| !self.links.is_empty())
    }

    /// Ends what has waited too long.
    pub fn expire(&mut self, now: Instant, out: &mut Outbox) {
        if self.deadline().is_none_or(|due| now < due) {
            return;
        }
        self.sweep_at = Some(now + SWEEP);
        let is_over = |(link, at): (&LinkId, &Link)| {
            let output = self.outputs.get(link);
            let is_late = match at.stage {
                Stage::Connecting { until } | Stage::New { until } | Stage::Ending { until } => until <= now,
                Stage::Open => false,
            };
            let is_stalled =
                output.is_some_and(|output| !output.is_empty() && output.moved + STALL_MAX <= now);
            (is_late || is_stalled).then_some(*link)
        };
        let over: Vec<LinkId> = self.links.iter().filter_map(is_over).collect();
        for link in over {
            self.forget(now, link, out);
            out.acts.push(Act::Close(link));
        }
        // Those that wait for a peer hear when it does not come.
        self.todo.extend(self.links.keys());
        self.run(now, out);
    }

    fn add(&mut self, now: Instant, link: Link) -> LinkId {
        self.last = self.last.wrapping_add(1);
        let id = LinkId(self.last);
        self.links.insert(id, link);
        self.outputs.insert(id, Output::new(now));
        self.sweep_at.get_or_insert(now + SWEEP);
        id
    }

    fn aim(&mut self, now: Instant, place: Place, aim: &ChatAim, out: &mut Outbox) {
        let seat = &mut self.talks.entry(place.talk).or_default().seats[place.side as usize];
        let is_renamed = seat.ours.as_ref() != Some(&aim.ours);
        // Who was lost may come back with any description (RFC 4975, 5.4).
        let is_lost = seat.standing == Standing::Lost;
        if !is_renamed && seat.peer == aim.peer && !is_lost {
            return;
        }
        let is_another = is_renamed || seat.peer.is_some();
        let before = seat.ours.replace(Arc::clone(&aim.ours));
        seat.peer.clone_from(&aim.peer);
        let standing = seat.standing;
        if is_another || is_lost || standing == Standing::Unknown {
            seat.standing = Standing::Expected { since: now };
        }
        self.wait_anew(now, place.talk);
        if is_renamed {
            before.as_deref().and_then(name_of).map(|name| self.names.remove(name));
            self.names.extend(name_of(&aim.ours).map(|name| (Box::from(name), place)));
        }
        if let Standing::Bound(link) = standing
            && is_another
        {
            self.leave(now, link, place, out);
        }
        self.go(now, place, out);
        self.wake(place);
    }

    /// Who is to come has its time from the last description on: before, it may not have heard of it.
    fn wait_anew(&mut self, now: Instant, key: TalkKey) {
        let seats = self.talks.get_mut(&key).into_iter().flat_map(|talk| &mut talk.seats);
        for seat in seats {
            if let Standing::Expected { since } = &mut seat.standing {
                *since = now;
            }
        }
    }

    /// Connects to a peer that waits for us.
    fn go(&mut self, now: Instant, place: Place, out: &mut Outbox) {
        let Some(seat) = self.talks.get(&place.talk).map(|talk| &talk.seats[place.side as usize]) else {
            return;
        };
        let Some(Reach::Goes { from, to }) = seat.peer.as_ref().map(|peer| peer.reach) else { return };
        if seat.link().is_some() {
            return;
        }
        if self.links.len() >= LINKS_MAX {
            return self.set_standing(place, Standing::Lost);
        }
        let mut link = Link::new(Stage::Connecting { until: now + CONNECT_WAIT });
        link.places.push(place);
        let link = self.add(now, link);
        self.set_standing(place, Standing::Bound(link));
        out.acts.push(Act::Connect { link, from, to });
    }

    fn close(&mut self, now: Instant, key: TalkKey, out: &mut Outbox) {
        let Some(talk) = self.talks.remove(&key) else {
            let (TalkKey { session, stream }, figures) = (key, media::ChatFigures::default());
            return out.events.push(Event::Chatted { session, stream, figures });
        };
        for (side, seat) in [Side::Caller, Side::Callee].into_iter().zip(&talk.seats) {
            seat.ours.as_deref().and_then(name_of).map(|name| self.names.remove(name));
            if let Some(link) = seat.link() {
                self.leave(now, link, Place { talk: key, side }, out);
            }
        }
        let TalkKey { session, stream } = key;
        out.events.push(Event::Chatted { session, stream, figures: talk.figures });
    }

    /// A connection is not for that side any more; one that is for nothing is over.
    fn leave(&mut self, now: Instant, link: LinkId, place: Place, out: &mut Outbox) {
        let Some(at) = self.links.get_mut(&link) else { return };
        at.places.retain(|known| *known != place);
        let is_over = at.places.is_empty();
        let is_of_it = matches!(&at.reading, Reading::Body(chunk) if chunk.from == place);
        let reading =
            if is_of_it { std::mem::replace(&mut at.reading, Reading::Head) } else { Reading::Head };
        if let Reading::Body(chunk) = reading {
            self.break_off(now, &chunk, out);
            if let Some(at) = self.links.get_mut(&link) {
                at.reading = Reading::Skipped(chunk.end);
            }
        }
        if is_over {
            self.end(now, link, out);
        }
    }

    /// Nothing more is read of a connection; it is closed when it has taken what it is owed.
    pub(crate) fn end(&mut self, now: Instant, link: LinkId, out: &mut Outbox) {
        self.part(now, link, out);
        if self.outputs.get(&link).is_some_and(Output::is_empty) {
            self.forget(now, link, out);
            return out.acts.push(Act::Close(link));
        }
        if let Some(at) = self.links.get_mut(&link) {
            at.stage = Stage::Ending { until: now + FAREWELL_WAIT };
            out.stirred.push(link);
        }
    }

    /// The rest of a chunk does not come: who gets it is told so.
    fn break_off(&mut self, now: Instant, chunk: &Chunk, out: &mut Outbox) {
        let Some(output) = self.outputs.get_mut(&chunk.to) else { return };
        msrp::write_end(output.bytes(now), &chunk.id, Flag::Aborted);
        output.is_over();
        self.wake_senders_to(chunk.to);
        out.stirred.push(chunk.to);
    }

    /// A connection is for nothing any more, and what was on its way from it does not come.
    fn part(&mut self, now: Instant, link: LinkId, out: &mut Outbox) {
        let Some(at) = self.links.get_mut(&link) else { return };
        let was_new = matches!(at.stage, Stage::New { .. });
        let reading = std::mem::replace(&mut at.reading, Reading::Head);
        let places = std::mem::take(&mut at.places);
        if was_new {
            at.stage = Stage::Open;
            self.is_no_stranger(link);
        }
        if let Reading::Body(chunk) = reading {
            self.break_off(now, &chunk, out);
        }
        for place in places {
            self.set_standing(place, Standing::Lost);
            self.wake(place);
        }
    }

    fn forget(&mut self, now: Instant, link: LinkId, out: &mut Outbox) {
        self.part(now, link, out);
        self.links.remove(&link);
        self.outputs.remove(&link);
        self.remotes.remove(&link);
    }

    /// A connection has said what it is for.
    pub(crate) fn bind(&mut self, link: LinkId, place: Place) {
        let Some(at) = self.links.get_mut(&link) else { return };
        at.places.push(place);
        let was_new = matches!(at.stage, Stage::New { .. });
        if was_new {
            at.stage = Stage::Open;
            self.is_no_stranger(link);
        }
        self.set_standing(place, Standing::Bound(link));
        self.wake(place);
    }

    fn is_no_stranger(&mut self, link: LinkId) {
        let Some(remote) = self.remotes.get(&link) else { return };
        if let Some(count) = self.strangers.get_mut(remote) {
            *count -= 1;
            if *count == 0 {
                self.strangers.remove(remote);
            }
        }
    }

    fn set_standing(&mut self, place: Place, standing: Standing) {
        if let Some(talk) = self.talks.get_mut(&place.talk) {
            talk.seats[place.side as usize].standing = standing;
        }
    }

    /// The other side may have waited for this one.
    fn wake(&mut self, place: Place) {
        let Some(talk) = self.talks.get(&place.talk) else { return };
        self.todo.extend(talk.seats.iter().filter_map(|seat| seat.link()));
    }

    /// Whoever speaks to a connection may have waited for it.
    pub(crate) fn wake_senders_to(&mut self, link: LinkId) {
        let Some(at) = self.links.get(&link) else { return };
        let others = at
            .places
            .iter()
            .filter_map(|place| self.talks.get(&place.talk)?.seats[place.side.other() as usize].link());
        self.todo.extend(others);
        self.todo.push(link);
    }

    fn stir(&mut self, link: LinkId, out: &mut Outbox) {
        out.stirred.push(link);
        self.todo.push(link);
    }

    /// Whether a peer is still waited for.
    pub(crate) fn is_awaited(now: Instant, standing: Standing) -> bool {
        match standing {
            Standing::Unknown => true,
            Standing::Expected { since } => now < since + PEER_WAIT,
            Standing::Bound(_) | Standing::Lost => false,
        }
    }
}

/// The part of an address of ours that names the session.
pub(crate) fn name_of(address: &str) -> Option<&str> {
    Uri::parse(address)?.session
}
