//! The media judge. It knows who sent each packet and when each change had to be in effect, and holds this
//! against what the house did with the packet and what far ends heard.
//!
//! What it demands of every stream, at any time: nothing is sent to where neither party is; nobody who sends
//! under an address of his own is heard; on a sealed stream nothing is taken that its far end did not seal,
//! and nothing twice; no number goes out twice under one key with another content; and each party hears its
//! partner alone. Of a stream that is settled also: each packet of a far end is sent on at its first arrival,
//! to where its partner is, and the partner can open it; and who sends from another port of its host is not
//! heard.
//!
//! A handshake on a stream comes to an end, unless somebody forges records of it: until then, and while the
//! last of it may be lost, nothing is settled. Nothing is said in clear on such a stream, before it has keys
//! too; and who had a part in it keeps that, unless certificates or places are others.
//!
//! Of a stream that is made into another codec, what goes out has the number that its codec was agreed on
//! with, and the far end hears the tone of its partner and no other. A packet that came behind a later one
//! may be kept: its place was filled.
//!
//! What it cannot demand: on a clear stream a packet under the far end's own address and port is the far
//! end's for all that anybody can tell. So who forges that on a clear stream is heard, and where the other
//! side is sealed his numbers may use up the far end's, also those of after it is sealed itself. He still
//! steers nothing away.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use actors::{Habit, MediaView, Note, Stage, Tag};
use rtp::Fixed;

use super::Counts;
use crate::attackers::{self, By, Face, Zeal};
use crate::chronicle::Chronicle;
use crate::handle::CallHandle;
use crate::judges::Speech;
use crate::street::{Arrival, Departure};
use crate::world::World;

/// More words about one seed help nobody.
const WORDS_MAX: usize = 12;
/// When a far end has its keys, the house may wait for its last flight, which may be lost more than once: so
/// long at least nothing is settled, and until a packet was taken under them or it has been too long.
const SHAKEN: Duration = Duration::from_secs(3);
/// A handshake that nobody disturbs takes no longer, whatever is lost, and nor does its last flight.
const SHAKEN_MAX: Duration = Duration::from_secs(12);

pub(super) struct Judge {
    zeal: Zeal,
    way: Way,
    chronicle: Chronicle,
    ends: Vec<End>,
    /// Whose media a port of the house takes.
    by_port: BTreeMap<SocketAddr, usize>,
    /// So many notes of far ends are read.
    read: usize,
    pub counts: Counts,
    words: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Something about it was changed just now, or it ends.
    Changing,
    Settled,
}

/// What media goes through.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// What is made of another codec arrives whole.
    Even,
    /// Gaps are filled, and what comes after them has another phase.
    Rough,
}

/// Whether the house has the keys that a far end has. Who forges records may break the handshake off at one
/// side when the other is done with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// They were not brought by a handshake.
    NotNeeded,
    Missing,
    /// A packet was taken under them.
    Given,
}

/// One leg of a call.
struct End {
    handle: CallHandle,
    name: String,
    call_id: String,
    partner: usize,
    view: MediaView,
    /// Where it was and is, as others see it; the last is the present.
    places: Vec<SocketAddr>,
    settled_from: Instant,
    /// Since when its keys are waited for.
    keyless_since: Option<Instant>,
    /// When it had none last, or nobody had looked.
    keyless_until: Instant,
    proof: Proof,
    is_over: bool,
    /// Whether anybody could take its place for some time, and use up its numbers.
    was_clear: bool,
    /// What has come from it.
    came: HashSet<Vec<u8>>,
    /// What it sent and was taken, where it is sealed.
    taken: HashSet<Vec<u8>>,
    /// The highest number of its source, where it is made into another codec.
    highest: Option<(u32, u16)>,
    /// What it was sent under each number, where it is sealed.
    numbers: HashMap<(u32, u16), Vec<u8>>,
}

impl Judge {
    pub(super) fn new(zeal: Zeal, way: Way, chronicle: Chronicle) -> Judge {
        let (ends, by_port) = (Vec::new(), BTreeMap::new());
        Judge { zeal, way, chronicle, ends, by_port, read: 0, counts: Counts::default(), words: Vec::new() }
    }

    /// A call is up; after that time it has to be right.
    pub(super) fn meet(&mut self, world: &World, legs: &[CallHandle; 2], settles: Duration) {
        let first = self.ends.len();
        for (at, leg) in legs.iter().enumerate() {
            let (Some(view), partner) = (view_of(leg), first + 1 - at) else { return };
            // Its handshake may have come to an end before anybody looked.
            let (proof, settles) = match view.is_shaken {
                true => (Proof::Missing, settles.max(SHAKEN)),
                false => (Proof::NotNeeded, settles),
            };
            self.ends.push(End {
                handle: leg.clone(),
                name: leg.owner.name(),
                call_id: leg.call_id(),
                partner,
                places: vec![outside(world, view.local)],
                view,
                settled_from: world.clock.now().instant + settles,
                keyless_since: None,
                keyless_until: world.clock.now().instant,
                proof,
                is_over: false,
                was_clear: !view.is_sealed,
                came: HashSet::new(),
                taken: HashSet::new(),
                highest: None,
                numbers: HashMap::new(),
            });
        }
    }

    pub(super) fn is_settled(&self, world: &World, leg: &CallHandle) -> bool {
        self.end_of(leg).is_some_and(|at| self.ends[at].settled_from <= world.clock.now().instant)
    }

    /// A leg is changed, which takes so long.
    pub(super) fn unsettle(&mut self, world: &World, leg: &CallHandle, settles: Duration) {
        if let Some(at) = self.end_of(leg) {
            self.ends[at].settled_from = world.clock.now().instant + settles;
        }
    }

    pub(super) fn over(&mut self, leg: &CallHandle) {
        if let Some(at) = self.end_of(leg) {
            self.ends[at].is_over = true;
        }
    }

    pub(super) fn says(&mut self, world: &World, words: String) {
        if self.chronicle == Chronicle::Told {
            eprintln!("          the judge: {words}");
        }
        if self.words.len() < WORDS_MAX {
            self.words.push(format!("at {:.3} s: {words}", world.elapsed().as_secs_f64()));
        }
    }

    pub(super) fn speeches(&mut self) -> Vec<Speech> {
        let words = std::mem::take(&mut self.words);
        words.into_iter().map(|words| Speech { judge: "media", words }).collect()
    }

    /// Looks at all that happened since it looked last.
    pub(super) fn look(&mut self, world: &mut World) {
        self.learn(world);
        let arrivals = world.street.as_mut().map(|street| std::mem::take(&mut street.arrivals));
        for arrival in arrivals.into_iter().flatten() {
            if let Err(words) = self.weigh(&arrival) {
                let Arrival { by, from, to, went, .. } = &arrival;
                let why = went.as_ref().err();
                let number = Fixed::of(&arrival.bytes).map(|fixed| fixed.sequence);
                self.says(world, format!("{words} ({by:?} {from} to {to}, {number:?}, {why:?})"));
            }
        }
        let notes: Vec<_> = world.board.borrow().notes[self.read..].to_vec();
        self.read += notes.len();
        let now = world.clock.now().instant;
        for kept in notes {
            let hearer = self.ends.iter().position(|end| {
                end.handle.owner.index == kept.actor && end.handle.leg == kept.leg && !end.is_over
            });
            let Some(hearer) = hearer else { continue };
            let heard = match &kept.what {
                Note::HeardEach { tag, .. } => self.listen(hearer, tag, self.state(hearer, now)),
                Note::HeardTone { hertz } => self.listen_to_tone(hearer, *hertz, self.state(hearer, now)),
                // Of a source that is a forger's own nobody else knows how often its numbers have wrapped.
                Note::Unopened
                    if self.state(hearer, now) == State::Settled && !self.may_be_forged(hearer) =>
                {
                    Err(format!("{} cannot open what it is sent", self.ends[hearer].name))
                }
                _ => Ok(()),
            };
            if let Err(words) = heard {
                self.says(world, words);
            }
        }
    }

    /// Where everybody is now.
    fn learn(&mut self, world: &World) {
        let now = world.clock.now().instant;
        let mut late = Vec::new();
        for at in 0..self.ends.len() {
            let end = &mut self.ends[at];
            end.is_over |= end.handle.stage() != Stage::Up;
            if end.is_over {
                continue;
            }
            let Some(view) = view_of(&end.handle) else { continue };
            if view.swaps > end.view.swaps {
                late.push(format!("the parts of {} in its handshake change places", end.name));
            }
            end.view = view;
            end.was_clear |= !view.is_sealed;
            end.keyless_since = (!view.is_keyed).then(|| end.keyless_since.unwrap_or(now));
            if let Some(since) = end.keyless_since {
                (end.proof, end.keyless_until) = (Proof::Missing, now);
                end.settled_from = end.settled_from.max(now + SHAKEN);
                // Another key: no number was used under it.
                end.numbers.clear();
                if now.duration_since(since) >= SHAKEN_MAX && !self.zeal.forges {
                    end.keyless_since = Some(now);
                    late.push(format!("the handshake of {} does not come to an end", end.name));
                }
            }
            let place = outside(world, view.local);
            if end.places.last() != Some(&place) {
                end.places.push(place);
            }
            if let Some(port) = view.to {
                self.by_port.insert(port, at);
            }
        }
        late.into_iter().for_each(|words| self.says(world, words));
    }

    /// Holds what became of a packet against the law.
    fn weigh(&mut self, arrival: &Arrival) -> Result<(), String> {
        let is_answer =
            |went: &Departure| went.to == arrival.from && rtp::Kind::of(&went.bytes) == rtp::Kind::Stun;
        let went = arrival.went.as_ref().ok().filter(|went| !is_answer(went));
        if let (By::Attacker(Face::Own), Some(went)) = (arrival.by, went) {
            return Err(format!("a packet under an attacker's own address went to {}", went.to));
        }
        let Some(&at) = self.by_port.get(&arrival.to) else { return Ok(()) };
        if self.ends[at].is_over {
            return Ok(());
        }
        let partner = self.ends[at].partner;
        let state = self.state(at, arrival.at);
        if let Some(went) = went {
            self.goes_right(at, arrival, went, state)?;
        }
        // A copy may be quicker than the packets that its own was sent after.
        let is_taken = arrival.by == By::FarEnd || went.is_some();
        let is_ahead = is_taken && self.ends[at].follows(&arrival.bytes);
        match arrival.by {
            By::Attacker(face) => self.weigh_forgery(at, (face, &arrival.bytes), went, state)?,
            By::FarEnd if !self.ends[at].places.contains(&arrival.from) && went.is_some() => {
                return Err(format!("{} is taken for {}", arrival.from, self.ends[at].name));
            }
            By::FarEnd => {
                let end = &mut self.ends[at];
                if went.is_some() && end.proof == Proof::Missing && end.settled_from <= arrival.at {
                    end.proof = Proof::Given;
                }
                let is_media = Fixed::of(&arrival.bytes).is_some() && !rtp::is_rtcp(&arrival.bytes);
                let is_here = self.ends[at].places.last() == Some(&arrival.from);
                let is_due =
                    is_media && is_here && state == State::Settled && self.ends[partner].view.listens;
                let is_first = self.ends[at].came.insert(arrival.bytes.clone());
                let is_known = self.ends[at].view.is_sealed && self.ends[at].taken.contains(&arrival.bytes);
                let is_due = is_due && (is_ahead || !self.is_made(at));
                if is_due && is_first && !is_known {
                    self.has_to_go(at, went)?;
                }
            }
        }
        let end = &mut self.ends[at];
        let is_again = went.is_some() && end.view.is_sealed && !end.taken.insert(arrival.bytes.clone());
        if is_again && state == State::Settled {
            return Err(format!("a sealed packet of {} was taken twice", end.name));
        }
        Ok(())
    }

    /// What goes out goes to the partner, and as nothing that went out before.
    fn goes_right(
        &mut self,
        at: usize,
        arrival: &Arrival,
        went: &Departure,
        state: State,
    ) -> Result<(), String> {
        let (name, partner) = (self.ends[at].name.clone(), self.ends[at].partner);
        let partner = &mut self.ends[partner];
        let is_report = rtp::is_rtcp(&arrival.bytes);
        // Who does not speak is where it says, unless somebody speaks in its place.
        let may_be_replaced = self.zeal.forges || self.zeal.is_neighbour;
        let is_as_said = partner.places.last() == Some(&partner.view.local);
        let is_checked = partner.handle.owner.has(Habit::Checks);
        let is_known = partner.view.talks || is_as_said && !is_checked && !may_be_replaced;
        let is_there = if state == State::Settled && !is_report && is_known {
            partner.places.last() == Some(&went.to)
        } else {
            partner.places.iter().any(|place| place.ip() == went.to.ip())
        };
        if !is_there {
            return Err(format!("what {name} should say to {} went to {}", partner.name, went.to));
        }
        let number = Fixed::of(&went.bytes).filter(|_| state == State::Settled && !is_report);
        if let (Some((_, agreed, _)), Some(Fixed { payload_type, .. })) = (partner.view.voice, number)
            && agreed != payload_type
            && !may_be_replaced
        {
            return Err(format!("what {name} says went to {} as type {payload_type}", partner.name));
        }
        let is_sealed = partner.view.is_sealed && state == State::Settled && !is_report;
        let number = Fixed::of(&went.bytes).filter(|_| is_sealed);
        if let Some(Fixed { ssrc, sequence, .. }) = number {
            let before = partner.numbers.insert((ssrc, sequence), went.bytes.clone());
            if before.is_some() {
                return Err(format!("number {sequence} went to {} twice under one key", partner.name));
            }
        }
        Ok(())
    }

    fn weigh_forgery(
        &mut self,
        at: usize,
        (face, bytes): (Face, &[u8]),
        went: Option<&Departure>,
        state: State,
    ) -> Result<(), String> {
        let end = &self.ends[at];
        let talks = end.view.talks;
        if went.is_none() {
            self.counts.refused += 1;
            return Ok(());
        }
        if end.view.is_shaken && !end.was_clear && attackers::is_said_in_clear(bytes) {
            return Err(format!("what is said in clear goes on, and {} has keys of a handshake", end.name));
        }
        if end.view.is_shaken && !end.was_clear && attackers::is_sealed_by_impostor(bytes) {
            return Err(format!("what an impostor sealed goes on as said by {}", end.name));
        }
        if face == Face::Neighbour && state == State::Settled && talks {
            return Err(format!("another port of the host of {} is taken for it", end.name));
        }
        self.counts.passed += 1;
        Ok(())
    }

    fn has_to_go(&mut self, at: usize, went: Option<&Departure>) -> Result<(), String> {
        let end = &self.ends[at];
        let is_numbered = self.is_made(at) || self.ends[end.partner].view.is_sealed;
        let may_be_used_up = self.zeal.forges && end.was_clear && is_numbered;
        if went.is_some() {
            self.counts.carried += 1;
        } else if !may_be_used_up {
            let views = [end.view, self.ends[end.partner].view];
            let (sealed, voices) = (views.map(|view| view.is_sealed), views.map(|view| view.voice));
            return Err(format!("a packet of {} is not sent on, sealed {sealed:?}, {voices:?}", end.name));
        }
        Ok(())
    }

    /// Holds what a far end hears against who it may hear.
    fn listen(&mut self, hearer: usize, tag: &Tag, state: State) -> Result<(), String> {
        self.counts.heard += 1;
        let (end, partner) = (&self.ends[hearer], &self.ends[self.ends[hearer].partner]);
        let may_be_forged = self.zeal.forges || self.zeal.is_neighbour;
        let may_be_anybody = may_be_forged && (!partner.view.is_sealed || state == State::Changing);
        if tag.call_id == partner.call_id && tag.actor == partner.name {
            return Ok(());
        }
        let is_echo = tag.call_id == end.call_id;
        if may_be_anybody && (is_echo || tag.actor == attackers::NAME) {
            return Ok(());
        }
        Err(format!("{} hears {} of {}, and should hear {}", end.name, tag.actor, tag.call_id, partner.name))
    }

    /// The same of one whose sound is made into another codec, and heard as a tone; zero is none.
    fn listen_to_tone(&mut self, hearer: usize, hertz: u16, state: State) -> Result<(), String> {
        self.counts.heard += 1;
        let (end, partner) = (&self.ends[hearer], &self.ends[self.ends[hearer].partner]);
        let Some((_, _, said)) = partner.view.voice else { return Ok(()) };
        let may_be_forged = self.zeal.forges || self.zeal.is_neighbour;
        let may_be_anybody = may_be_forged && (!partner.view.is_sealed || state == State::Changing);
        let may_be_torn = self.way == Way::Rough || state == State::Changing;
        if hertz == said || may_be_anybody || hertz == 0 && may_be_torn {
            return Ok(());
        }
        Err(format!("{} hears {hertz} Hz, and should hear {said} of {}", end.name, partner.name))
    }

    /// Whether somebody could speak to a leg in its partner's place.
    fn may_be_forged(&self, hearer: usize) -> bool {
        self.zeal.forges && self.ends[self.ends[hearer].partner].was_clear
    }

    /// Whether what a leg says is made into another codec.
    fn is_made(&self, at: usize) -> bool {
        let both = [&self.ends[at], &self.ends[self.ends[at].partner]];
        let [Some((one, _, _)), Some((other, _, _))] = both.map(|end| end.view.voice) else { return false };
        one != other
    }

    /// Whether a leg and its partner are to be judged as they are.
    fn state(&self, at: usize, now: Instant) -> State {
        let both = [&self.ends[at], &self.ends[self.ends[at].partner]];
        let may_lack = |end: &End| self.zeal.forges || now < end.keyless_until + SHAKEN_MAX;
        let lacks_proof = |end: &End| end.proof == Proof::Missing && may_lack(end);
        let is_settled = both.iter().all(|end| !end.is_over && end.settled_from <= now && !lacks_proof(end));
        if is_settled { State::Settled } else { State::Changing }
    }

    fn end_of(&self, leg: &CallHandle) -> Option<usize> {
        let is_it = |end: &End| end.handle.owner.index == leg.owner.index && end.handle.leg == leg.leg;
        self.ends.iter().position(is_it)
    }
}

impl End {
    /// Whether a packet comes after all that came of its source; of another one, once it has begun.
    fn follows(&mut self, packet: &[u8]) -> bool {
        let Some(Fixed { ssrc, sequence, .. }) = Fixed::of(packet) else { return false };
        let before = self.highest.filter(|(source, _)| *source == ssrc);
        let is_ahead = |(_, highest): (u32, u16)| (1..0x8000).contains(&sequence.wrapping_sub(highest));
        if before.is_none_or(is_ahead) {
            self.highest = Some((ssrc, sequence));
        }
        before.is_some_and(is_ahead)
    }
}

fn view_of(leg: &CallHandle) -> Option<MediaView> {
    leg.owner.legs().into_iter().find(|one| one.id == leg.leg).map(|view| view.media)
}

fn outside(world: &World, local: SocketAddr) -> SocketAddr {
    world.street.as_ref().map_or(local, |street| street.outside_of(local))
}
