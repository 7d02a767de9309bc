//! The call's media: ports on both sides, what each side is told, and the orders to the relay.

mod chatting;
mod homing;
mod indicating;
mod making;
mod outlook;
mod playing;
mod released;
mod whole;

pub(crate) use released::Need;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use media::{
    Aim, Door, Figures, Order, PortPair, Purpose, Reports, Senders, Sending, SessionKey, Side, Turn,
};
use policy::{Dtmf, InterfaceId, MediaPath, MediaPlan};
use sdp::{Codecs, Cover, Direction, Face, Formats, Media, Session, Way};
use sip_stack::Token;

use crate::Room;
use crate::chats::Chats;
use crate::keys::{Keys, Settled};
use crate::outlook::Outlooks;
use crate::plays::{Listening, Meanwhile, Plays};
use crate::record::Sound;
use crate::sitting;
use crate::speech;
use crate::stand::Stand;
use crate::way::Ways;
use homing::Prepared;

/// Rounds from here on are of attempts that ring beside others.
const OF_LANES: u8 = 128;
const LANES: u8 = 8;
const ROUNDS_OF_LANE: u8 = 16;

/// Audio, video, text: streams beyond these are refused one by one.
const STREAMS_MAX: usize = 4;

/// Both sides of a call's media.
pub(crate) struct Bridge {
    key: Token,
    /// Counts the relay sessions of this call: one that moves to another interface begins anew.
    round: u8,
    /// Rounds above belong to somebody else who rings for this call.
    last: u8,
    sides: [Port; 2],
    /// SRTP of each side.
    keys: [Keys; 2],
    /// How each side is reached.
    ways: [Ways; 2],
    /// Sessions of messages of each side.
    chats: [Chats; 2],
    /// Those that the relay knows of, by their bits, and those that it has yet to count.
    chatting: u8,
    chats_owed: u8,
    /// How the peer of each side tells key presses.
    dtmf: [Dtmf; 2],
    transcoding: Transcoding,
    plays: Plays,
    /// How often the sides have described themselves.
    described: u32,
    stage: Stage,
    figures: Option<Box<Figures>>,
    purpose: Purpose,
    /// Who speaks next on the callee's side is another peer than before.
    peer: Peer,
    /// The streams that were closed when the sides began to speak without us.
    last_open: Option<SessionKey>,
    /// What the relay counted before that.
    counted: Option<Box<Figures>>,
    /// It is of a fax or a modem, and crosses untouched.
    is_whole: bool,
    /// A side has said that it is elsewhere, and the other has not heard of that.
    has_moved: bool,
}

/// Sound that is made of one codec into another.
#[derive(Default)]
struct Transcoding {
    is_wished: bool,
    /// The streams where it is, by their bits.
    streams: u8,
    /// The stream to which presses of each side go that come by INFO.
    pressed: [Option<u8>; 2],
    words: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Peer {
    Same,
    Another,
}

struct Port {
    /// Where its media is to lie, where it does, and where it may if no port is left.
    wanted: InterfaceId,
    interface: InterfaceId,
    otherwise: Option<InterfaceId>,
    prepared: Option<Box<Prepared>>,
    /// Whose packets are taken for its peer's.
    senders: Senders,
    advertise: IpAddr,
    pairs: Vec<PortPair>,
    /// How those are seen from outside of which that was asked.
    outlooks: Outlooks,
    /// What its peer said last.
    heard: Arc<[u8]>,
    /// What its peer was told last, and the version in it.
    told: Vec<u8>,
    version: u64,
    /// Names our description of this side, from its first to its last version.
    session_id: u64,
    /// Where its peer receives, by stream, as the relay was told last.
    aims: Vec<Aim>,
    listening: Listening,
    meanwhile: Meanwhile,
    /// How it is told that recording stands, if it is.
    indicates: Option<&'static str>,
}

/// What a side has said of itself, and what the other side was told of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Described {
    heard: Arc<[u8]>,
    told: Vec<u8>,
    keys: Settled,
    ways: Option<Ways>,
    chats: Option<Chats>,
    was_released: bool,
}

/// What our side of a leg says of each stream, besides its port.
#[derive(Clone)]
struct Dress {
    covers: Vec<Cover>,
    ways: Vec<Way>,
    formats: Vec<Formats>,
    chats: Vec<Option<sdp::Chat>>,
}

enum Stage {
    Shut,
    Open,
    /// The sides speak without us.
    Released,
    /// So many streams have yet to say what became of them.
    Closing(usize),
}

/// Why media can't be had.
#[derive(Debug)]
pub(crate) enum NoMedia {
    /// All ports of an interface are out on lease, or it has none.
    Ports,
    /// The two sides have no codec or transport in common.
    Incompatible(String),
    Malformed(String),
    /// It could only be had in clear, or with keys that others can read.
    Unprotected(String),
}

/// Which part of a negotiation a description is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Offer,
    Answer,
    /// The answer of one side, which the other side is offered.
    Mediated,
}

/// A side's descriptions, as they go on in another call.
#[derive(Clone, Debug)]
pub(crate) struct Continued {
    heard: Arc<[u8]>,
    told: Vec<u8>,
    version: u64,
    session_id: u64,
}

impl Bridge {
    pub(crate) fn new(key: Token, caller: Stand) -> Bridge {
        let port = |side: Side| Port {
            wanted: caller.interface,
            interface: caller.interface,
            otherwise: caller.otherwise,
            prepared: None,
            senders: caller.senders,
            advertise: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            pairs: Vec::new(),
            outlooks: Outlooks::default(),
            heard: Arc::default(),
            told: Vec::new(),
            version: 0,
            session_id: u64::from(key.nonce()) << 1 | side as u64,
            aims: Vec::new(),
            listening: Listening::NotYet,
            meanwhile: Meanwhile::Silence,
            indicates: None,
        };
        let sides = [port(Side::Caller), port(Side::Callee)];
        let keys = [caller.keys, Keys::unknown()];
        let ways = [caller.ways, Ways::unknown()];
        let chats = [caller.chats, Chats::unknown()];
        let dtmf = [caller.dtmf, Dtmf::default()];
        Bridge {
            key,
            round: 0,
            // The rounds before are those of copies for recorders.
            last: OF_LANES - 1 - sitting::ROUNDS,
            sides,
            keys,
            ways,
            chats,
            chatting: 0,
            chats_owed: 0,
            dtmf,
            transcoding: Transcoding::default(),
            plays: Plays::default(),
            described: 0,
            stage: Stage::Shut,
            figures: None,
            purpose: Purpose::Call,
            peer: Peer::Same,
            last_open: None,
            counted: None,
            is_whole: false,
            has_moved: false,
        }
    }

    /// Media of an attempt that rings beside others of the same call.
    pub(crate) fn beside(key: Token, lane: usize, caller: Stand) -> Bridge {
        let lane = u8::try_from(lane).unwrap_or_default() % LANES;
        let round = OF_LANES + lane * ROUNDS_OF_LANE;
        Bridge { round, last: round + (ROUNDS_OF_LANE - 1), ..Bridge::new(key, caller) }
    }

    /// Nobody rings beside it any more.
    pub(crate) fn is_alone(&mut self) {
        self.last = u8::MAX;
    }

    /// Gives up ports and relay session: nobody waits for what it counted.
    pub(crate) fn let_go(&mut self, room: &mut Room<'_>) {
        if self.is_open() {
            room.orders.push(Order::Close { session: self.session() });
        }
        self.shut(room);
    }

    pub(crate) fn session(&self) -> SessionKey {
        session_of(self.key, self.round)
    }

    /// How often this call began its media anew.
    pub(crate) fn rounds(&self) -> u8 {
        if self.round < OF_LANES { self.round } else { self.round % ROUNDS_OF_LANE }
    }

    /// Whether the relay still has to say what became of this call's streams.
    pub(crate) fn is_closing(&self) -> bool {
        matches!(self.stage, Stage::Closing(_))
    }

    /// What the relay counted, and what that sounded like.
    pub(crate) fn sound(&self) -> Option<Sound> {
        let codecs = self.sides.each_ref().map(|Port { heard, told, .. }| speech::spoken_by(heard, told));
        Some(Sound::of(&self.all_counted()?, codecs.each_ref().map(|codec| &**codec)))
    }

    /// Lets go of ports that can't be used after all; the next description opens others.
    pub(crate) fn begin_anew(&mut self, room: &mut Room<'_>) {
        if self.is_open() {
            room.orders.push(Order::Close { session: self.session() });
            self.shut(room);
            self.round = self.round.saturating_add(1).min(self.last);
        }
    }

    /// Makes the callee's side stand where it is reached.
    pub(crate) fn face_callee(&mut self, room: &mut Room<'_>, stand: Stand) {
        let Stand { interface, otherwise, senders, keys, ways, dtmf, chats } = stand;
        self.chats[Side::Callee as usize] = chats;
        self.dtmf[Side::Callee as usize] = dtmf;
        self.keys[Side::Callee as usize] = keys;
        self.ways[Side::Callee as usize] = ways;
        let port = &mut self.sides[Side::Callee as usize];
        (port.senders, port.otherwise) = (senders, otherwise);
        if port.wanted == interface {
            return;
        }
        self.begin_anew(room);
        self.sides[Side::Callee as usize].stand_at(interface);
    }

    /// Writes what the other side is told, out of what `from` says; opens streams as they are needed, and
    /// tells the relay where `from` receives.
    pub(crate) fn carry(
        &mut self,
        room: &mut Room<'_>,
        from: Side,
        part: Part,
        theirs: &[u8],
        (plan, purpose): (&MediaPlan, Purpose),
    ) -> Result<Vec<u8>, NoMedia> {
        let mut session = Session::parse(theirs).map_err(|error| NoMedia::Malformed(error.to_string()))?;
        if plan.path == MediaPath::Direct {
            self.keys.iter().try_for_each(|keys| keys.let_pass(&session)).map_err(NoMedia::Unprotected)?;
            self.sides[from as usize].heard = theirs.into();
            self.sides[from.other() as usize].told = theirs.to_vec();
            return Ok(theirs.to_vec());
        }
        let plan = &self.narrowed(plan);
        let offer = (part == Part::Answer).then(|| Arc::clone(&self.sides[from.other() as usize].heard));
        let offered = offer.as_deref().and_then(|offer| Session::parse(offer).ok());
        if let Some(offered) = &offered {
            session.media.truncate(offered.media.len());
        }
        self.transcoding.is_wished = !plan.also.is_empty();
        let mut dress = self.agree(room, from, part, &session).map_err(NoMedia::Unprotected)?;
        dress.chats = self.agree_on_chats(room, from, part, &session);
        let settled = offered.map(|offered| self.settled(from, &offered, &session));
        dress.formats = match &settled {
            Some(settled) => settled.formats.clone(),
            None => speech::offered(&session, (plan, &self.agreed_with(from.other())), self.dtmf_from(from)),
        };
        self.open_streams(room, &session, purpose)?;
        let codecs = Codecs::only(plan.codecs.iter().map(|codec| codec.as_ref()));
        let ours = self.describe(from.other(), &session, &codecs, (&dress, offer.as_deref()))?;
        self.aim(room, from, &session);
        self.aim_chats(room);
        settled.into_iter().for_each(|settled| self.transcode(room, from, settled.spoken));
        self.sides[from as usize].heard = theirs.into();
        Ok(ours)
    }

    /// Both sides have offered, and neither knows of the other: each is answered with what both can, and with
    /// nobody's keys but ours. What the callee is told is the second.
    pub(crate) fn meet(
        &mut self,
        room: &mut Room<'_>,
        offers: [&[u8]; 2],
        (plan, purpose): (&MediaPlan, Purpose),
    ) -> Result<[Vec<u8>; 2], NoMedia> {
        let parsed = |text| Session::parse(text).map_err(|error| NoMedia::Malformed(error.to_string()));
        let (caller, callee) = (parsed(offers[0])?, parsed(offers[1])?);
        let common = common(&caller, &callee, plan);
        if common.is_empty() {
            return Err(NoMedia::Incompatible("they have no codec in common".to_owned()));
        }
        for (keys, session) in self.keys.iter_mut().zip([&caller, &callee]) {
            keys.take_offer(room.stack.chance(), session).map_err(NoMedia::Unprotected)?;
        }
        let chance = room.stack.chance();
        for (ways, session) in self.ways.iter_mut().zip([&caller, &callee]) {
            ways.take_offer(chance, session);
        }
        let most = if caller.media.len() < callee.media.len() { &caller } else { &callee };
        self.open_streams(room, most, purpose)?;
        let codecs = Codecs::only(common.iter().map(String::as_str));
        let mut told = [Vec::new(), Vec::new()];
        for (to, session) in [(Side::Caller, &callee), (Side::Callee, &caller)] {
            let dress = self.answering(to);
            told[to as usize] = self.describe(to, session, &codecs, (&dress, Some(offers[to as usize])))?;
        }
        for (side, session) in [(Side::Caller, &caller), (Side::Callee, &callee)] {
            self.aim(room, side, session);
            self.sides[side as usize].heard = offers[side as usize].into();
        }
        Ok(told)
    }

    /// Takes the keys and the ways that one side brings, and says what the other is told of ours.
    fn agree(
        &mut self,
        room: &mut Room<'_>,
        from: Side,
        part: Part,
        session: &Session<'_>,
    ) -> Result<Dress, String> {
        let chance = room.stack.chance();
        let (keys, ways) = (&mut self.keys[from as usize], &mut self.ways[from as usize]);
        match part {
            Part::Offer => {
                keys.take_offer(chance, session)?;
                ways.take_offer(chance, session);
            }
            Part::Answer | Part::Mediated => {
                keys.take_answer(session)?;
                ways.take_answer(session);
            }
        }
        let to = from.other();
        Ok(match part {
            Part::Answer => self.answering(to),
            Part::Offer | Part::Mediated => {
                let covers = self.keys[to as usize].offer(chance, session)?;
                let ways = self.ways[to as usize].offer(chance, &covers);
                Dress { covers, ways, formats: Vec::new(), chats: Vec::new() }
            }
        })
    }

    fn answering(&self, to: Side) -> Dress {
        let (keys, ways) = (&self.keys[to as usize], &self.ways[to as usize]);
        let (formats, chats) = (Vec::new(), Vec::new());
        Dress { covers: keys.answer(), ways: ways.answer(), formats, chats }
    }

    /// Our description for a side; its version rises when it says something new (RFC 3264 8).
    fn describe(
        &mut self,
        to: Side,
        session: &Session<'_>,
        codecs: &Codecs,
        dress: (&Dress, Option<&[u8]>),
    ) -> Result<Vec<u8>, NoMedia> {
        let mut ours = self.written(to, session, codecs, dress)?;
        let told = &self.sides[to as usize].told;
        if !told.is_empty() && *told != ours {
            self.sides[to as usize].version += 1;
            ours = self.written(to, session, codecs, dress)?;
        }
        self.sides[to as usize].told.clone_from(&ours);
        Ok(ours)
    }

    fn written(
        &self,
        to: Side,
        session: &Session<'_>,
        codecs: &Codecs,
        (dress, offer): (&Dress, Option<&[u8]>),
    ) -> Result<Vec<u8>, NoMedia> {
        let mut ours = Vec::with_capacity(1024);
        let Dress { covers, mut ways, formats, chats } = dress.clone();
        let port = &self.sides[to as usize];
        port.outlooks.tell(&port.pairs, &mut ways);
        let face = Face { covers, ways, formats, chats, ..self.face(to, session) };
        sdp::rewrite(session, &face, codecs, &mut ours)
            .map_err(|refusal| NoMedia::Incompatible(refusal.to_string()))?;
        if self.sides[to as usize].meanwhile == Meanwhile::Music {
            ours = sdp::audible(ours);
        }
        if let Some(state) = self.sides[to as usize].indicates {
            ours = sdp::indicating(&ours, state);
        }
        if self.is_whole {
            ours = sdp::whole(ours);
        }
        Ok(match offer {
            Some(offer) => sdp::fit(offer, ours),
            None => ours,
        })
    }

    /// The callee's side is about to be somebody else: who was there until now is not believed any more.
    pub(crate) fn expect_another(&mut self) {
        self.peer = Peer::Another;
    }

    /// Nobody is at the callee's side: what still comes from there is not heard.
    pub(crate) fn forget_callee(&mut self, room: &mut Room<'_>) {
        if !self.is_open() || self.sides[Side::Callee as usize].aims.is_empty() {
            return;
        }
        self.chats[Side::Callee as usize] = Chats::unknown();
        self.aim_chats(room);
        let nowhere = Aim {
            rtp: None,
            reports: Reports::Apart(None),
            sending: Sending::Held,
            senders: Senders::Signalled,
            turn: Turn::Another,
            clock: 0,
            protection: None,
            door: None,
        };
        self.order_aims(room, Side::Callee, |_| nowhere.clone());
        self.peer = Peer::Another;
    }

    /// Lets a side hear nothing for now, or what comes again.
    pub(crate) fn gate(&self, room: &mut Room<'_>, side: Side, gate: Sending) {
        self.order_aims(room, side, |aim| match gate {
            Sending::Held => Aim { sending: Sending::Held, ..aim },
            Sending::Allowed | Sending::Insisted => aim,
        });
    }

    fn order_aims(&self, room: &mut Room<'_>, side: Side, change: impl Fn(Aim) -> Aim) {
        for (stream, aim) in self.sides[side as usize].aims.iter().enumerate() {
            let aim = change(aim.clone());
            room.orders.push(Order::Aim { session: self.session(), stream: number(stream), side, aim });
        }
    }

    /// What a side has said of itself.
    pub(crate) fn heard(&self, side: Side) -> &[u8] {
        &self.sides[side as usize].heard
    }

    /// What a side was told.
    pub(crate) fn told(&self, side: Side) -> &[u8] {
        &self.sides[side as usize].told
    }

    /// What holds between the sides before one of them offers something else.
    pub(crate) fn agreed(&self, from: Side) -> Described {
        Described {
            heard: Arc::clone(&self.sides[from as usize].heard),
            told: self.sides[from.other() as usize].told.clone(),
            keys: self.keys[from as usize].settled(),
            ways: Some(self.ways[from as usize].clone()),
            chats: Some(self.chats[from as usize].clone()),
            was_released: self.is_released(),
        }
    }

    /// An offer of a side was refused: what held before holds on (RFC 6141, RFC 3261 14.2).
    pub(crate) fn restore(&mut self, room: &mut Room<'_>, from: Side, before: Described) {
        self.keys[from as usize].restore(before.keys);
        if let Some(ways) = before.ways {
            self.ways[from as usize] = ways;
        }
        if let Some(chats) = before.chats {
            self.chats[from as usize] = chats;
            self.aim_chats(room);
        }
        if let Ok(session) = Session::parse(&before.heard) {
            self.aim(room, from, &session);
        }
        self.sides[from as usize].heard = before.heard;
        self.sides[from.other() as usize].told = before.told;
        if before.was_released {
            self.release(room);
        }
    }

    /// What a side has said and was told, for the call that goes on with it.
    pub(crate) fn continued(&self, side: Side) -> Continued {
        let Port { heard, told, version, session_id, .. } = &self.sides[side as usize];
        Continued { heard: Arc::clone(heard), told: told.clone(), version: *version, session_id: *session_id }
    }

    /// A side's descriptions go on where another call left them.
    pub(crate) fn continue_as(&mut self, side: Side, from: Continued) {
        self.keys[side as usize].goes_on(&from.heard);
        let port = &mut self.sides[side as usize];
        (port.heard, port.told) = (from.heard, from.told);
        (port.version, port.session_id) = (from.version, from.session_id);
    }

    /// A side was told of something else in another call, and refused it: what it is told next is newer.
    pub(crate) fn count_on(&mut self, side: Side, from: &Continued) {
        self.sides[side as usize].version = from.version;
    }

    /// What a side has said of itself before anybody else was there.
    pub(crate) fn hear_of(&mut self, side: Side, theirs: &[u8]) {
        self.sides[side as usize].heard = theirs.into();
    }

    /// Both sides get other ports and keys: somebody else is about to be there.
    pub(crate) fn renew(&mut self, room: &mut Room<'_>, stands: [Stand; 2]) {
        self.begin_anew(room);
        (self.stage, self.is_whole) = (Stage::Shut, false);
        for (port, stand) in self.sides.iter_mut().zip(&stands) {
            port.stand_at(stand.interface);
            (port.senders, port.otherwise) = (stand.senders, stand.otherwise);
            port.aims.clear();
            port.listening = Listening::NotYet;
        }
        let [caller, callee] = stands;
        self.keys = [caller.keys, callee.keys];
        self.ways = [caller.ways, callee.ways];
        self.chats = [caller.chats, callee.chats];
        for (keys, port) in self.keys.iter_mut().zip(&self.sides) {
            keys.goes_on(&port.heard);
        }
        self.dtmf = [caller.dtmf, callee.dtmf];
    }

    /// A side answers what it was offered, and the other side is told nothing new.
    pub(crate) fn hear_answer(
        &mut self,
        room: &mut Room<'_>,
        side: Side,
        theirs: &[u8],
    ) -> Result<(), NoMedia> {
        let session = Session::parse(theirs).map_err(|error| NoMedia::Malformed(error.to_string()))?;
        self.keys[side as usize].take_answer(&session).map_err(NoMedia::Unprotected)?;
        self.ways[side as usize].take_answer(&session);
        self.chats[side as usize].take_answer(&session);
        self.aim(room, side, &session);
        self.aim_chats(room);
        let other = Arc::clone(&self.sides[side.other() as usize].heard);
        if let Ok(other) = Session::parse(&other) {
            let settled = self.settled(side, &other, &session);
            self.transcode(room, side, settled.spoken);
        }
        self.sides[side as usize].heard = theirs.into();
        Ok(())
    }

    /// A side answers what it was told before.
    pub(crate) fn hear_again(&mut self, room: &mut Room<'_>, side: Side, theirs: &[u8]) {
        if let Ok(session) = Session::parse(theirs)
            && self.heard(side) != theirs
        {
            self.has_moved |= self.is_released();
            self.aim(room, side, &session);
            self.sides[side as usize].heard = theirs.into();
        }
    }

    fn aim(&mut self, room: &mut Room<'_>, side: Side, session: &Session<'_>) {
        let streams = self.sides[side as usize].pairs.len();
        let is_another = side == Side::Callee && self.peer == Peer::Another;
        if is_another {
            self.peer = Peer::Same;
        }
        let mut aims = Vec::with_capacity(streams);
        for (stream, target) in sdp::media_targets(session).iter().take(streams).enumerate() {
            let sending = match target.direction {
                Direction::SendRecv | Direction::RecvOnly if self.purpose == Purpose::Emergency => {
                    Sending::Insisted
                }
                Direction::SendRecv | Direction::RecvOnly => Sending::Allowed,
                Direction::SendOnly | Direction::Inactive => Sending::Held,
            };
            let aim = Aim {
                rtp: target.rtp,
                reports: self.ways[side as usize].reports(stream, target.rtcp),
                sending,
                senders: self.sides[side as usize].senders,
                turn: if is_another { Turn::Another } else { Turn::Same },
                protection: self.keys[side as usize].protection(stream),
                door: self.door(side, stream),
                clock: clock_of(&session.media[stream]),
            };
            aims.push(Aim { turn: Turn::Same, ..aim.clone() });
            room.orders.push(Order::Aim { session: self.session(), stream: number(stream), side, aim });
        }
        self.described = self.described.wrapping_add(1);
        let port = &mut self.sides[side as usize];
        port.aims = aims;
        port.listening = port.listening.then(session);
    }

    /// How often the sides have described themselves.
    pub(crate) fn described(&self) -> u32 {
        self.described
    }

    /// What else than media is expected of a side.
    fn door(&self, side: Side, stream: usize) -> Option<Arc<Door>> {
        let local = self.sides[side as usize].pairs.get(stream).map(|pair| pair.address);
        let checks = local.and_then(|local| self.ways[side as usize].checks_of(stream, local));
        let handshake = self.keys[side as usize].handshake(stream);
        (checks.is_some() || handshake.is_some()).then(|| Arc::new(Door { checks, handshake }))
    }

    /// Whether media passes through us.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Open)
    }

    /// Asks the relay when it heard each side last; nobody hears media that goes its own way.
    pub(crate) fn ask_for_sound(&self, room: &mut Room<'_>) {
        if self.is_open() {
            room.orders.push(Order::Ask { session: self.session() });
        }
    }

    /// Ends the relay's part; its figures come back as events.
    pub(crate) fn close(&mut self, room: &mut Room<'_>) {
        if self.is_open() {
            room.orders.push(Order::Close { session: self.session() });
            let chats = self.close_chats(room);
            self.stage = Stage::Closing(self.sides[0].pairs.len() + chats);
        }
    }

    /// One stream is closed; when it was the last, the ports go back.
    pub(crate) fn finished(&mut self, room: &mut Room<'_>, figures: &Figures) {
        if self.is_closing() {
            self.figures.get_or_insert_with(|| Box::new(*figures));
            self.one_is_closed(room);
        }
    }

    /// Gives all ports back.
    pub(crate) fn shut(&mut self, room: &mut Room<'_>) {
        self.close_chats(room);
        self.chats_owed = 0;
        [Side::Caller, Side::Callee].into_iter().for_each(|side| self.stay(room, side));
        for port in &mut self.sides {
            let Some(place) = room.places.media_at(port.interface) else { continue };
            for pair in port.pairs.drain(..) {
                place.book.give_back(room.now.instant, pair);
            }
            port.aims.clear();
            port.outlooks = Outlooks::default();
        }
        self.stage = Stage::Shut;
        (self.transcoding.streams, self.transcoding.pressed) = (0, [None; 2]);
    }

    fn open_streams(
        &mut self,
        room: &mut Room<'_>,
        session: &Session<'_>,
        purpose: Purpose,
    ) -> Result<(), NoMedia> {
        self.purpose = purpose;
        self.has_moved = false;
        let wanted = session.media.len().min(STREAMS_MAX);
        for stream in self.sides[0].pairs.len()..wanted {
            self.sides[Side::Caller as usize].lease(room, purpose)?;
            if let Err(none) = self.sides[Side::Callee as usize].lease(room, purpose) {
                self.put_back(room, Side::Caller);
                return Err(none);
            }
            let ports = [self.sides[0].pairs[stream], self.sides[1].pairs[stream]];
            room.orders.push(Order::Open { session: self.session(), stream: number(stream), ports });
            [Side::Caller, Side::Callee].into_iter().for_each(|side| self.see(room, side, stream));
            self.stage = Stage::Open;
        }
        Ok(())
    }

    /// Leaves a pair that the relay knows nothing of.
    fn put_back(&mut self, room: &mut Room<'_>, side: Side) {
        let port = &mut self.sides[side as usize];
        if let (Some(place), Some(pair)) = (room.places.media_at(port.interface), port.pairs.pop()) {
            place.book.take_back(pair);
        }
    }

    fn face(&self, to: Side, session: &Session<'_>) -> Face {
        let side = &self.sides[to as usize];
        let ports = session.media.iter().enumerate().map(|(index, media)| match side.pairs.get(index) {
            Some(pair) if media.port != 0 => pair.port,
            _ => 0,
        });
        Face {
            address: side.advertise,
            ports: ports.collect(),
            session_id: side.session_id,
            version: side.version,
            covers: Vec::new(),
            ways: Vec::new(),
            formats: Vec::new(),
            chats: Vec::new(),
        }
    }
}

/// The codecs of the first streams of two offers, as far as both and the plan have them, by their names.
fn common(one: &Session<'_>, other: &Session<'_>, plan: &MediaPlan) -> Vec<String> {
    let (Some(one), Some(other)) = (one.media.first(), other.media.first()) else { return Vec::new() };
    let allowed = Codecs::only(plan.codecs.iter().map(|codec| codec.as_ref()));
    let others = other.codecs();
    let is_common = |codec: &sdp::Codec<'_>| {
        let is_its = |theirs: &sdp::Codec<'_>| theirs.is(codec.name) && theirs.clock == codec.clock;
        !codec.is_companion() && allowed.allows(codec.name) && others.iter().any(is_its)
    };
    one.codecs().iter().filter(|codec| is_common(codec)).map(|codec| codec.name.to_owned()).collect()
}

/// The relay session of a call, in one of its rounds.
pub(crate) fn session_of(key: Token, round: u8) -> SessionKey {
    let (slot, nonce) = (u64::from(key.slot()), u64::from(key.nonce()));
    SessionKey { shard: key.shard(), call: slot << 40 | nonce << 8 | u64::from(round) }
}

/// The slot of the call that a session belongs to.
pub(crate) fn slot_of(session: SessionKey) -> usize {
    usize::try_from(session.call >> 40).expect("a slot has 24 bits")
}

/// The RTP clock of a line; 0 where it is no RTP.
fn clock_of(media: &Media<'_>) -> u32 {
    let said = media.codecs().first().map(|codec| codec.clock);
    if media.is_rtp() { said.filter(|clock| *clock > 0).unwrap_or(8000) } else { 0 }
}

fn number(stream: usize) -> u8 {
    u8::try_from(stream).expect("fewer streams than STREAMS_MAX")
}
