//! What comes from one side goes on to the other, under the addresses of that side.

use std::time::Instant;

use msrp::{Body, End, Flag, Found, Head, Reports, Start};

use crate::hub::{Hub, Outbox, name_of};
use crate::ids::{LinkId, Place};
use crate::link::{Chunk, Counts, Link, Reading, Stage};
use crate::output::Deaf;
use crate::talk::{Seat, Standing};

/// Whether a connection has more to read now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// So many bytes are done with.
    Took(usize),
    /// Something has to happen first.
    Waits,
    /// Nothing that follows can be read.
    Over,
}

/// What becomes of a request.
enum Fate {
    Waits,
    /// It is not passed on. What is answered, if anything.
    Ends(u16, &'static str),
    /// To that connection.
    Crosses(LinkId),
}

impl Hub {
    /// Passes on whatever can be.
    pub(crate) fn run(&mut self, now: Instant, out: &mut Outbox) {
        while let Some(id) = self.todo.pop() {
            let Some(mut link) = self.links.remove(&id) else { continue };
            let mut took = 0;
            let turn = loop {
                if link.is_ending() || matches!(link.stage, Stage::Connecting { .. }) {
                    break Turn::Waits;
                }
                let turn = self.step(now, id, &mut link, out);
                let Turn::Took(count) = turn else { break turn };
                link.consume(count);
                took += count;
            };
            if took > 0 {
                out.stirred.push(id);
            }
            self.links.insert(id, link);
            if turn == Turn::Over {
                self.end(now, id, out);
            }
        }
    }

    fn step(&mut self, now: Instant, id: LinkId, link: &mut Link, out: &mut Outbox) -> Turn {
        match std::mem::replace(&mut link.reading, Reading::Head) {
            Reading::Head => {
                let input = link.lend_input();
                let turn = self.read_head(now, id, (&mut *link, &input), out);
                link.take_back(input);
                turn
            }
            Reading::Body(chunk) => self.pass_body(now, link, chunk, out),
            Reading::Skipped(end) => match end.find(link.input()) {
                Found::End { length, .. } => Turn::Took(length),
                Found::NotYet { body } => {
                    link.reading = Reading::Skipped(end);
                    if body == 0 { Turn::Waits } else { Turn::Took(body) }
                }
            },
        }
    }

    fn pass_body(&mut self, now: Instant, link: &mut Link, chunk: Chunk, out: &mut Outbox) -> Turn {
        let Some(output) = self.outputs.get_mut(&chunk.to) else {
            link.reading = Reading::Skipped(chunk.end);
            return Turn::Took(0);
        };
        if !output.has_room() {
            link.reading = Reading::Body(chunk);
            return Turn::Waits;
        }
        let (body, end) = match chunk.end.find(link.input()) {
            Found::NotYet { body: 0 } => {
                link.reading = Reading::Body(chunk);
                return Turn::Waits;
            }
            Found::NotYet { body } => (body, None),
            Found::End { body, flag, length } => (body, Some((flag, length))),
        };
        let length = end.map_or(body, |(_, length)| length);
        output.bytes(now).extend_from_slice(&link.input()[..length]);
        out.stirred.push(chunk.to);
        self.count(&chunk, body, end.map(|(flag, _)| flag));
        if end.is_some() {
            self.is_written(chunk.to);
        } else {
            link.reading = Reading::Body(chunk);
        }
        Turn::Took(length)
    }

    fn is_written(&mut self, to: LinkId) {
        if let Some(output) = self.outputs.get_mut(&to) {
            output.is_over();
        }
        self.wake_senders_to(to);
    }

    fn count(&mut self, chunk: &Chunk, body: usize, ended: Option<Flag>) {
        let Some(talk) = self.talks.get_mut(&chunk.from.talk) else { return };
        if chunk.counts == Counts::Not {
            return;
        }
        let count = &mut talk.figures.from[chunk.from.side as usize];
        count.bytes += u64::try_from(body).unwrap_or(u64::MAX);
        count.messages += u64::from(ended == Some(Flag::Complete));
    }

    fn read_head(
        &mut self,
        now: Instant,
        id: LinkId,
        (link, input): (&mut Link, &[u8]),
        out: &mut Outbox,
    ) -> Turn {
        if input.is_empty() || !self.outputs.get(&id).is_some_and(|output| output.has_room()) {
            return Turn::Waits;
        }
        let (turn, reading) = match Head::parse(input) {
            Err(_) => return Turn::Over,
            Ok(None) => return Turn::Waits,
            Ok(Some(head)) => match head.start {
                Start::Response { status, comment } => {
                    return self.pass_response(now, id, &head, (status, comment), out);
                }
                Start::Request(method) => {
                    let place = self.place_of(&head);
                    self.bind_new(id, link, place);
                    self.pass_request(now, id, (&head, method), place, out)
                }
            },
        };
        link.reading = reading;
        match turn {
            // Who does not know a session to begin with is nobody.
            Turn::Took(_) if link.places.is_empty() => Turn::Over,
            turn => turn,
        }
    }

    /// The side that a request is for: its path is one address, ours (RFC 4975, 7.3).
    fn place_of(&self, head: &Head<'_>) -> Option<Place> {
        self.names.get(name_of(head.to)?).copied()
    }

    /// The first request on a connection says what it is for.
    fn bind_new(&mut self, id: LinkId, link: &mut Link, place: Option<Place>) {
        let Some(place) = place else { return };
        let standing = self.seat(place).map(|seat| seat.standing);
        if matches!(standing, Some(Standing::Unknown | Standing::Expected { .. })) {
            self.links.insert(id, std::mem::replace(link, Link::new(Stage::Open)));
            self.bind(id, place);
            if let Some(bound) = self.links.remove(&id) {
                *link = bound;
            }
        }
    }

    fn pass_request(
        &mut self,
        now: Instant,
        id: LinkId,
        (head, method): (&Head<'_>, &str),
        place: Option<Place>,
        out: &mut Outbox,
    ) -> (Turn, Reading) {
        let end = End::of(head.id);
        let skipped = |end| if head.body == Body::Follows { Reading::Skipped(end) } else { Reading::Head };
        let fate = self.fate(now, id, head, method, place);
        match (fate, place) {
            (Fate::Waits, _) | (Fate::Crosses(_), None) => (Turn::Waits, Reading::Head),
            (Fate::Ends(status, comment), _) => {
                match self.answer(now, id, (head, method), (status, comment), out) {
                    Ok(()) => (Turn::Took(head.length), skipped(end)),
                    Err(Deaf) => (Turn::Over, Reading::Head),
                }
            }
            (Fate::Crosses(to), Some(place)) => {
                let counts = if head.start.is_send() { Counts::AsMessage } else { Counts::Not };
                let chunk = Chunk { end, id: head.id.into(), from: place, to, counts };
                if !self.write_across(now, (head, method), place, to) {
                    return (Turn::Waits, Reading::Head);
                }
                out.stirred.push(to);
                match head.body {
                    Body::Follows => {
                        if let Some(output) = self.outputs.get_mut(&to) {
                            output.writer = Some(id);
                        }
                        (Turn::Took(head.length), Reading::Body(chunk))
                    }
                    Body::None(_) => (Turn::Took(head.length), Reading::Head),
                }
            }
        }
    }

    fn fate(&self, now: Instant, id: LinkId, head: &Head<'_>, method: &str, place: Option<Place>) -> Fate {
        let Some((place, own)) = place.and_then(|place| Some((place, self.seat(place)?))) else {
            return Fate::Ends(481, "No such session");
        };
        match own.standing {
            Standing::Bound(link) if link == id => {}
            Standing::Bound(_) => return Fate::Ends(506, "Another connection has this session"),
            Standing::Unknown | Standing::Expected { .. } | Standing::Lost => {
                return Fate::Ends(481, "The session is over");
            }
        }
        if method == "AUTH" {
            return Fate::Ends(501, "No relay for others");
        }
        // It says that somebody is there, and nothing to anybody (RFC 4975, 7.1).
        if head.start.is_send() && head.body != Body::Follows {
            return Fate::Ends(200, "OK");
        }
        let Some(other) = self.seat(Place { side: place.side.other(), ..place }) else {
            return Fate::Ends(481, "The session is over");
        };
        match other.standing {
            Standing::Lost => Fate::Ends(481, "The other side has left"),
            Standing::Bound(to) => match self.outputs.get(&to) {
                _ if other.peer.is_none() || self.is_connecting(to) => Fate::Waits,
                Some(output) if output.is_free() => Fate::Crosses(to),
                _ => Fate::Waits,
            },
            standing if Hub::is_awaited(now, standing) => Fate::Waits,
            _ => Fate::Ends(408, "The other side has not come"),
        }
    }

    fn is_connecting(&self, link: LinkId) -> bool {
        self.links.get(&link).is_some_and(|link| matches!(link.stage, Stage::Connecting { .. }))
    }

    /// The same request under the addresses of the other side; its name stays, which its body does not hold.
    fn write_across(
        &mut self,
        now: Instant,
        (head, method): (&Head<'_>, &str),
        place: Place,
        to: LinkId,
    ) -> bool {
        let Some(talk) = self.talks.get(&place.talk) else { return false };
        let Seat { ours: Some(ours), peer: Some(peer), .. } = &talk.seats[place.side.other() as usize] else {
            return false;
        };
        let Some(output) = self.outputs.get_mut(&to) else { return false };
        let paths = (&*peer.path, &**ours);
        msrp::write_request(output.bytes(now), (head.id, method), paths, head.rest, head.body);
        true
    }

    /// Answers a request ourselves, as far as its sender wants to hear of it.
    fn answer(
        &mut self,
        now: Instant,
        id: LinkId,
        (head, method): (&Head<'_>, &str),
        (status, comment): (u16, &str),
        out: &mut Outbox,
    ) -> Result<(), Deaf> {
        let is_wished = match head.reports() {
            Reports::Yes => true,
            Reports::Partial => status >= 300,
            Reports::No => false,
        };
        if !is_wished || method == "REPORT" {
            return Ok(());
        }
        let back = match head.start.is_send() {
            true => head.from.split(' ').next().unwrap_or_default(),
            false => head.from,
        };
        let mut words = Vec::new();
        msrp::write_response(&mut words, head.id, (status, comment), (back, head.to), &[]);
        out.stirred.push(id);
        self.outputs.get_mut(&id).map_or(Ok(()), |output| output.say(now, &words))
    }

    /// A response goes back to whoever asked, if it was not we.
    fn pass_response(
        &mut self,
        now: Instant,
        id: LinkId,
        head: &Head<'_>,
        (status, comment): (u16, &str),
        out: &mut Outbox,
    ) -> Turn {
        let took = Turn::Took(head.length);
        let Some(place) = self.place_of(head) else { return took };
        let Some(talk) = self.talks.get_mut(&place.talk) else { return took };
        let own = &mut talk.seats[place.side as usize];
        if own.link() != Some(id) {
            return took;
        }
        if own.asked.as_deref() == Some(head.id) {
            own.asked = None;
            return if status < 300 { took } else { Turn::Over };
        }
        let Seat { ours: Some(ours), peer: Some(peer), standing, .. } =
            &talk.seats[place.side.other() as usize]
        else {
            return took;
        };
        let Standing::Bound(to) = *standing else { return took };
        let Some(output) = self.outputs.get_mut(&to) else { return took };
        if !output.is_free() {
            return Turn::Waits;
        }
        // Responses to SEND go one address far (RFC 4975, 7.2), and others are not expected.
        let back = peer.path.split(' ').next().unwrap_or_default();
        msrp::write_response(output.bytes(now), head.id, (status, comment), (back, ours), head.rest);
        out.stirred.push(to);
        took
    }

    fn seat(&self, place: Place) -> Option<&Seat> {
        self.talks.get(&place.talk).map(|talk| &talk.seats[place.side as usize])
    }
}
