//! One stream: its two sides, and how a packet crosses from one to the other.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rtp::Fixed;
use rtp::srtp::Refused;

use crate::account::Reading;
use crate::carried::Readiness;
use crate::certificate::Place;
use crate::door::Checking;
use crate::encoder::PAYLOAD_MAX;
use crate::figures::{Figures, SideFigures};
use crate::handshake::{Flight, Shaking, Step};
use crate::latch::{Admission, Latch};
use crate::numbers;
use crate::observe::Observer;
use crate::order::{
    Aim, Handshake, Lack, Protection, Reports, Senders, Sending, SessionKey, Side, Signs, Turn,
};
use crate::outside::Outside;
use crate::packet::Packet;
use crate::play::{Begins, Player};
use crate::shield::Shield;
use crate::standing::CONSENT;
use crate::transcode::{Transcoded, Transcoder};
use crate::verdict::{Half, Reason};

mod carrying;
mod checking;
mod listening;
mod seen;
mod transcoding;

use listening::{Listeners, leave};

const CLOCK_DEFAULT: u32 = 8000;
/// A header, and what seals a packet.
const AROUND_MAX: usize = 64;
/// A peer that sends at all sends more often.
const SILENT: Duration = Duration::from_secs(1);
/// Who has sent reports, and sends neither these nor media for so long, is not there (RFC 8083): reports
/// come every 5 s, and while there is nothing to say too. Of who never sent any, silence tells nothing.
const GONE_AFTER: Duration = Duration::from_secs(60);

pub(crate) type Outcome = (Result<SocketAddr, Reason>, Option<Admission>);
/// Where a report goes, and out of which of our ports.
type Report = Result<(SocketAddr, Half), Reason>;

/// Whom a side's peer speaks with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meets {
    /// The other side alone.
    Nobody,
    /// The members of a meeting.
    Others,
    /// Nobody: it only listens to copies of other streams.
    Copies,
}

/// Why a handshake goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Occasion<'a> {
    /// It may be known now where to begin it.
    Aimed,
    Record(SocketAddr, &'a [u8]),
    /// Its moment has come.
    Moment,
}

#[derive(Debug)]
pub(crate) struct Pair {
    pub key: (SessionKey, u8),
    opened: Instant,
    /// When it began, or either side was aimed at another place or told to listen or not.
    changed: Instant,
    sides: [SideState; 2],
    /// Who else listens.
    listeners: Option<Box<Listeners>>,
}

#[derive(Debug)]
struct SideState {
    latch: Latch,
    sending: Sending,
    shield: Option<Shield>,
    door: Option<Box<Checking>>,
    handshake: Option<Box<Shaking>>,
    /// How it is seen from outside, where a server there has said so.
    outside: Option<Box<Outside>>,
    /// Where its RTCP goes: as signalled, or as heard from the host that its RTP comes from.
    reports: Reports,
    rtcp_heard: Option<Instant>,
    /// What its reports say of what it hears; from the first of either side on.
    reading: Option<Box<Reading>>,
    clock: u32,
    meets: Meets,
    /// The number of the last packet of ours that its peer was sent.
    own: Option<u16>,
    /// Makes what its peer says into what the other side speaks.
    transcoder: Option<Box<Transcoder>>,
    seen: Observer,
    /// The payload type of the last packet, as it came.
    came: u8,
    counted: SideFigures,
    readiness: Readiness,
    /// When it hears ours, if it does: instead of the other side, where everybody is to hear that.
    ours: Begins,
}

impl Pair {
    pub fn new(now: Instant, key: (SessionKey, u8)) -> Self {
        Pair { key, opened: now, changed: now, sides: [SideState::new(), SideState::new()], listeners: None }
    }

    pub fn aim(&mut self, now: Instant, side: Side, aim: Aim) {
        self.sides.iter_mut().for_each(|side| side.readiness.begin_anew());
        let side = &mut self.sides[side as usize];
        let is_elsewhere = !side.latch.is_aimed_at(aim.rtp) || aim.turn == Turn::Another;
        if is_elsewhere || side.sending != aim.sending {
            self.changed = now;
        }
        if is_elsewhere {
            // Another device may be there, which may send no reports, and not know that it is silent.
            side.rtcp_heard = None;
            side.transcoder.iter_mut().for_each(|transcoder| transcoder.break_silence());
        }
        let checks = aim.door.as_ref().and_then(|door| door.checks.as_ref());
        match (checks, &mut side.door) {
            (Some(checks), Some(door)) if aim.turn == Turn::Same && door.is_by(checks) => {
                door.goes_on(now, checks);
            }
            (Some(checks), _) => {
                side.door = Some(Box::new(Checking::new(now, checks)));
                side.latch.aim(aim.rtp, Senders::Checked, aim.turn);
            }
            (None, _) => {
                side.door = None;
                side.latch.aim(aim.rtp, aim.senders, aim.turn);
            }
        }
        side.want_detours(now, checks);
        let terms = aim.door.as_ref().and_then(|door| door.handshake.as_ref());
        side.cover(terms, aim.rtp, aim.turn, aim.protection.as_deref());
        side.reports = match aim.reports {
            // Reports at a port of their own would need a handshake of their own, which is not had.
            Reports::Apart(_) if side.handshake.is_some() => Reports::Apart(None),
            Reports::Apart(_) if side.searches() => Reports::Apart(side.place_of_reports(aim.turn)),
            reports => reports,
        };
        side.sending = aim.sending;
        side.clock = aim.clock;
    }

    /// Goes on with the handshake of a side; what is to be sent to where it says is in the flight then.
    pub fn shake(&mut self, now: Instant, side: Side, what: Occasion<'_>, flight: &mut Flight) -> Outcome {
        self.sides[side as usize].shake(now, what, flight)
    }

    /// Whether what comes from a side is no RTP.
    #[inline]
    pub fn is_opaque(&self, side: Side) -> bool {
        self.sides[side as usize].is_opaque()
    }

    /// When the handshake of a side, or a check of ours, is due.
    pub fn moment(&self, side: Side) -> Option<Instant> {
        let SideState { handshake, door, outside, .. } = &self.sides[side as usize];
        let shakes = handshake.as_ref().and_then(|shaking| shaking.due);
        let checks = door.as_ref().and_then(|door| door.due());
        let seen = outside.as_ref().and_then(|outside| outside.due());
        shakes.into_iter().chain(checks).chain(seen).min()
    }

    /// How many packets have gone out to a side.
    pub fn gone(&self, side: Side) -> u64 {
        self.sides[side as usize].counted.packets_out
    }

    /// A side's turn has come to hear sound of ours: where the packet goes that it is, if it is one.
    pub fn next_played(
        &mut self,
        now: Instant,
        side: Side,
        turn: u64,
        player: &mut Player,
        packet: &mut Packet<'_>,
    ) -> Option<SocketAddr> {
        let (changed, other) = (self.changed, self.sides[side.other() as usize].sending);
        let here = &mut self.sides[side as usize];
        let to = here.way(now, changed, other).ok()?;
        if !player.play(turn, here.counted.packets_out, packet) {
            return None;
        }
        self.sends_own(now, side, to, packet)?;
        player.left(self.gone(side));
        Some(to)
    }

    /// Where a packet of what others of a meeting say goes now, if anywhere.
    pub fn way_from_meeting(&mut self, now: Instant, side: Side) -> Option<SocketAddr> {
        let changed = self.changed;
        self.sides[side as usize].way(now, changed, Sending::Allowed).ok()
    }

    /// Makes a packet of ours ready to go out to a side, and counts it. Whatever makes it, numbers go on:
    /// some phones take what stands before the last they had for late, also of another source.
    pub fn sends_own(
        &mut self,
        now: Instant,
        side: Side,
        to: SocketAddr,
        packet: &mut Packet<'_>,
    ) -> Option<()> {
        let here = &mut self.sides[side as usize];
        let first = Fixed::of(packet.bytes())?.sequence;
        let sequence = here.own.map_or(first, |last| last.wrapping_add(1));
        numbers::number(packet, sequence);
        here.own = Some(sequence);
        leave(&mut self.listeners, here, (now, side, (to, Half::Rtp)), packet, Half::Rtp).ok()?;
        here.counted.packets_out += 1;
        here.counted.bytes_out += packet.length() as u64;
        Some(())
    }

    /// A side's peer meets others, or does not any more.
    pub fn meet(&mut self, side: Side, meets: Meets) {
        self.sides[side as usize].meets = meets;
    }

    /// Takes a packet that `from` sent to `side`: where it goes, and whether its sender was learned.
    pub fn carry_rtp(
        &mut self,
        now: Instant,
        side: Side,
        from: SocketAddr,
        packet: &mut Packet<'_>,
    ) -> Outcome {
        let changed = self.changed;
        let (here, there) = split(&mut self.sides, side);
        let header = here.header_of(packet);
        let admission = match header {
            Some(header) => {
                let admission = match here.latch.weigh(from, now, changed) {
                    Admission::Stranger if here.has_moved(now, from, &header) => Admission::Latched,
                    admission => admission,
                };
                // What a stranger copied uses up no number of the peer's; and nobody is learned from what he
                // could not seal.
                if admission != Admission::Stranger
                    && let Err(reason) = here.open(packet, Half::Rtp)
                {
                    return (Err(reason), None);
                }
                if admission == Admission::Latched {
                    here.latch.learn(from);
                }
                admission
            }
            None if here.is_from_outpost(from) => return (Err(Reason::Outside), None),
            None if here.handshake.is_some() && rtp::Kind::of(packet.bytes()) == rtp::Kind::Dtls => {
                return (Err(Reason::Handshake), None);
            }
            None if here.door.is_some() => return here.answer(now, Half::Rtp, from, packet),
            None if here.is_opaque() && here.is_clear() => here.admit(from, now, changed),
            // What is no RTP where that was agreed on crosses from where the peer is; it teaches nothing.
            None if here.is_clear() && here.latch.is_peer(from) && !is_check(packet) => Admission::Known,
            None => {
                here.counted.dropped_malformed += 1;
                return (Err(Reason::Malformed), None);
            }
        };
        if admission == Admission::Stranger {
            here.counted.dropped_strangers += 1;
            return (Err(Reason::Stranger), Some(admission));
        }
        here.count(now, header.as_ref(), packet);
        if let Some(listeners) = &mut self.listeners {
            let at = here.crossing(now, side, from, Half::Rtp);
            listeners.take(at, header.as_ref(), packet.bytes());
        }
        if there.ours == Begins::Instead {
            return (Err(Reason::Kept), Some(admission));
        }

        let to = match there.way(now, changed, here.sending) {
            Ok(to) => to,
            Err(reason) => return (Err(here.goes_nowhere(reason)), Some(admission)),
        };
        let leaves = (now, side.other(), (to, Half::Rtp));
        let ready = here
            .transcode(header, packet)
            .and_then(|()| leave(&mut self.listeners, there, leaves, packet, Half::Rtp));
        if let Err(reason) = ready {
            return (Err(reason), Some(admission));
        }
        there.counted.packets_out += 1;
        there.counted.bytes_out += packet.length() as u64;
        (Ok(to), Some(admission))
    }

    /// What is left of a packet that `side` said, and was too long for one.
    #[inline]
    pub fn rest(&mut self, now: Instant, side: Side, to: SocketAddr) -> Option<Box<[u8]>> {
        let (here, there) = split(&mut self.sides, side);
        here.transcoder.as_mut().filter(|transcoder| transcoder.has_rest()).and_then(|transcoder| {
            let mut room = [0; PAYLOAD_MAX + AROUND_MAX];
            let mut packet = Packet::new(&mut room, 0);
            transcoder.rest(&mut packet)?;
            let leaves = (now, side.other(), (to, Half::Rtp));
            leave(&mut self.listeners, there, leaves, &mut packet, Half::Rtp).ok()?;
            there.counted.packets_out += 1;
            there.counted.bytes_out += packet.length() as u64;
            Some(packet.bytes().into())
        })
    }

    /// Takes an RTCP packet: it is believed from where it was signalled, and from the host of the RTP.
    // Rare beside RTP, whose way is shorter where this one is not woven into it.
    #[cold]
    pub fn carry_rtcp(
        &mut self,
        now: Instant,
        side: Side,
        from: SocketAddr,
        packet: &mut Packet<'_>,
    ) -> Report {
        let changed = self.changed;
        let (here, there) = split(&mut self.sides, side);
        if !rtp::is_rtcp(packet.bytes()) {
            if here.is_from_outpost(from) {
                return Err(Reason::Outside);
            }
            if here.door.is_some() {
                return here.answer(now, Half::Rtcp, from, packet).0.map(|to| (to, Half::Rtcp));
            }
            here.counted.dropped_malformed += 1;
            return Err(Reason::Malformed);
        }
        if !here.reports_from(from) {
            here.counted.dropped_strangers += 1;
            return Err(Reason::Stranger);
        }
        here.open(packet, Half::Rtcp)?;
        if let Reports::Apart(Some(place)) = &mut here.reports
            && here.door.as_ref().is_none_or(|door| !door.searches())
        {
            *place = from;
        }
        here.counted.rtcp_in += 1;
        here.rtcp_heard = Some(now);
        here.reading.get_or_insert_default().takes(now, here.clock, packet.bytes());
        if here.meets == Meets::Copies {
            return Err(Reason::Kept);
        }
        if let Some(listeners) = &mut self.listeners {
            listeners.take_report(here.crossing(now, side, from, Half::Rtcp), packet.bytes());
        }
        if let Some(transcoder) = &here.transcoder {
            transcoder.retime(packet);
        }
        // Without consent nothing at all is sent; to others reports go on, as they do on hold.
        let is_shut = there.door.is_some() && there.is_gone(now, changed, here.sending);
        let Some(to) = there.reports_to().filter(|_| !is_shut) else {
            here.counted.dropped_undeliverable += 1;
            return Err(Reason::Undeliverable);
        };
        there.reading.get_or_insert_default().sends(now, packet.bytes());
        leave(&mut self.listeners, there, (now, side.other(), to), packet, Half::Rtcp)?;
        there.counted.rtcp_out += 1;
        Ok(to)
    }

    /// Takes back that a packet went out to `side`.
    pub fn unsent(&mut self, side: Side, half: Half) {
        let counted = &mut self.sides[side as usize].counted;
        match half {
            Half::Rtp => counted.packets_out = counted.packets_out.saturating_sub(1),
            Half::Rtcp => counted.rtcp_out = counted.rtcp_out.saturating_sub(1),
        }
        counted.unsent += 1;
    }

    pub fn figures(&self, now: Instant) -> Figures {
        let [caller, callee] = &self.sides;
        let open_for = now.saturating_duration_since(self.opened);
        let account = |side: &SideState| side.reading.as_ref().and_then(|reading| reading.account());
        let accounts = self.sides.each_ref().map(account);
        Figures { open_for, caller: caller.figures(), callee: callee.figures(), accounts }
    }

    /// When each side was heard last, or might have begun to be.
    pub fn last_heard(&self) -> [Instant; 2] {
        [Side::Caller, Side::Callee].map(|side| {
            let SideState { counted, rtcp_heard, .. } = &self.sides[side as usize];
            counted.last.max(*rtcp_heard).max(Some(self.changed)).unwrap_or(self.changed)
        })
    }

    /// What tells why a side is not heard.
    pub fn signs(&self) -> [Signs; 2] {
        self.sides.each_ref().map(SideState::signs)
    }

    fn facing(&mut self, side: Side) -> (&mut SideState, &mut SideState) {
        split(&mut self.sides, side)
    }

    /// How a side hears ours from now on.
    pub fn speak_over(&mut self, side: Side, begins: Begins) {
        self.sides[side as usize].ours = begins;
    }
}

/// The side, and the other one.
fn split(sides: &mut [SideState; 2], side: Side) -> (&mut SideState, &mut SideState) {
    let [caller, callee] = sides;
    match side {
        Side::Caller => (caller, callee),
        Side::Callee => (callee, caller),
    }
}

impl SideState {
    fn new() -> Self {
        SideState {
            latch: Latch::new(),
            sending: Sending::Held,
            shield: None,
            door: None,
            handshake: None,
            outside: None,
            reports: Reports::Apart(None),
            rtcp_heard: None,
            reading: None,
            clock: CLOCK_DEFAULT,
            meets: Meets::Nobody,
            own: None,
            transcoder: None,
            seen: Observer::default(),
            came: 0,
            counted: SideFigures::default(),
            readiness: Readiness::default(),
            ours: Begins::AtOnce,
        }
    }

    /// Takes what a negotiation says of keys. A handshake on the same terms stands, and its keys with it.
    fn cover(
        &mut self,
        terms: Option<&Handshake>,
        signalled: Option<SocketAddr>,
        turn: Turn,
        protection: Option<&Protection>,
    ) {
        let place = if self.door.is_some() { Place::Checked } else { Place::Unchecked };
        match (terms, &self.handshake) {
            (Some(terms), Some(before)) if turn == Turn::Same && before.is_by(terms, signalled, place) => {}
            (Some(terms), before) => {
                // Who has only moved may go on with the keys that he has, or have new ones.
                let has_moved = before.as_ref().is_some_and(|before| before.is_with(terms));
                let shaking = Shaking::new(terms, signalled, place);
                let shaking = if turn == Turn::Same && has_moved {
                    shaking.after_move()
                } else {
                    self.shield = Some(Shield::Shut);
                    shaking
                };
                self.handshake = Some(Box::new(shaking));
            }
            (None, _) => {
                self.handshake = None;
                match (&mut self.shield, protection) {
                    (Some(shield), Some(protection)) => shield.rekey(protection),
                    (shield, Some(protection)) => *shield = Some(Shield::new(protection)),
                    (shield, None) => *shield = shield.take().and_then(Shield::rest),
                }
            }
        }
    }

    #[cold]
    fn shake(&mut self, now: Instant, what: Occasion<'_>, flight: &mut Flight) -> Outcome {
        if let Occasion::Record(from, _) = what
            && !self.may_shake(from)
        {
            self.counted.dropped_strangers += 1;
            return (Err(Reason::Stranger), None);
        }
        let place = self.latch.destination();
        let Some(shaking) = &mut self.handshake else { return (Err(Reason::Malformed), None) };
        let step = match what {
            Occasion::Aimed if place.is_none() || !shaking.may_begin() => Step::Nothing,
            Occasion::Aimed => shaking.begin(now, flight),
            Occasion::Record(_, record) => shaking.take(now, record, flight),
            // What was due may have been a check.
            Occasion::Moment if shaking.due.is_none_or(|due| due > now) => Step::Nothing,
            Occasion::Moment => shaking.wake(now, flight),
        };
        let peer = shaking.peer.filter(|_| self.door.is_none());
        let mut admission = None;
        match step {
            Step::Nothing => {}
            Step::Keys(protection) => {
                self.shield = Some(Shield::new(&protection));
                if let Some(peer) = peer {
                    self.latch.prove(peer);
                    admission = Some(Admission::Latched);
                }
            }
            Step::Impostor => self.counted.impostors = self.counted.impostors.saturating_add(1),
            Step::Broken => {
                self.counted.handshakes_broken = self.counted.handshakes_broken.saturating_add(1);
            }
        }
        (peer.or(place).ok_or(Reason::Undeliverable), admission)
    }

    /// Whether a record from there is taken. Of several who could be the peer, the one who fits best is.
    fn may_shake(&mut self, from: SocketAddr) -> bool {
        let Some(shaking) = &mut self.handshake else { return false };
        if self.door.is_some() {
            return self.latch.is_peer(from);
        }
        if shaking.peer == Some(from) {
            return true;
        }
        if shaking.is_ours_to_begin() && self.latch.destination().is_some_and(|asked| asked != from) {
            return false;
        }
        let fits = self.latch.fit(from);
        let fitted = shaking.peer.and_then(|peer| self.latch.fit(peer));
        let is_better = !shaking.is_done() && fits > fitted;
        if is_better {
            shaking.turn_to(from);
        }
        is_better
    }

    fn signs(&self) -> Signs {
        let SideFigures { packets_in, dropped_strangers, dropped_unproven, .. } = self.counted;
        let lacks = match (&self.door, &self.shield) {
            (Some(door), _) if !door.has_chosen() => Lack::Check,
            (_, Some(Shield::Shut)) => Lack::Keys,
            _ => Lack::Nothing,
        };
        Signs { packets: packets_in, strangers: dropped_strangers, unproven: dropped_unproven, lacks }
    }

    /// The RTP header of a packet; none, where it is another protocol's.
    #[inline]
    fn header_of(&self, packet: &Packet<'_>) -> Option<Fixed> {
        if self.is_opaque() { None } else { Fixed::of(packet.bytes()) }
    }

    /// Whether its packets are no RTP, whatever they look like.
    #[inline]
    pub fn is_opaque(&self) -> bool {
        self.clock == 0
    }

    /// Whether who sends what nobody here reads is the peer: its address alone can tell.
    #[cold]
    fn admit(&mut self, from: SocketAddr, now: Instant, changed: Instant) -> Admission {
        let admission = self.latch.weigh(from, now, changed);
        if admission == Admission::Latched {
            self.latch.learn(from);
        }
        admission
    }

    /// Makes of a packet what the other side understands, where that is something else.
    #[inline]
    fn transcode(&mut self, header: Option<Fixed>, packet: &mut Packet<'_>) -> Result<(), Reason> {
        let Some((transcoder, header)) = self.transcoder.as_mut().zip(header) else { return Ok(()) };
        match transcoder.carry(&header, packet) {
            Transcoded::Ready => Ok(()),
            Transcoded::Kept => Err(Reason::Kept),
            Transcoded::Unknown => Err(Reason::NotSpoken),
        }
    }

    #[inline]
    fn count(&mut self, now: Instant, header: Option<&Fixed>, packet: &Packet<'_>) {
        if let Some(header) = header {
            self.seen.note(now, header, self.clock);
            self.came = header.payload_type;
        }
        self.counted.packets_in += 1;
        self.counted.bytes_in += packet.length() as u64;
        self.counted.first.get_or_insert(now);
        self.counted.last = Some(now);
    }

    /// Where media goes, if it may go there now.
    #[inline]
    fn way(&mut self, now: Instant, changed: Instant, other: Sending) -> Result<SocketAddr, Reason> {
        let to = self.latch.destination().ok_or(Reason::Undeliverable)?;
        match self.sending {
            Sending::Held => Err(Reason::Undeliverable),
            _ if self.is_gone(now, changed, other) => {
                self.counted.withheld = self.counted.withheld.saturating_add(1);
                Err(Reason::Gone)
            }
            Sending::Allowed | Sending::Insisted => Ok(to),
        }
    }

    /// What becomes of a packet that the other side is not sent. What somebody plays who has put us on hold
    /// is not said to a meeting.
    fn goes_nowhere(&mut self, reason: Reason) -> Reason {
        if self.meets == Meets::Others && self.sending != Sending::Held {
            return Reason::Said;
        }
        self.counted.dropped_undeliverable += 1;
        reason
    }

    /// Whether the peer has given no sign of life for too long. Where it need not give any, as whoever is put
    /// on hold by the other side, it has.
    #[inline]
    fn is_gone(&self, now: Instant, changed: Instant, other: Sending) -> bool {
        // What is carried elsewhere was steady, and is taken back when it is so no more.
        if self.sending == Sending::Insisted || self.readiness.is_carried() {
            return false;
        }
        let (patience, said) = match (&self.door, self.rtcp_heard) {
            // Who asks for consent takes nothing else for it (RFC 7675, 5.1).
            (Some(door), _) if door.searches() => {
                return now.saturating_duration_since(door.renewed()) >= CONSENT;
            }
            (Some(door), heard) => (CONSENT, heard.max(Some(door.renewed()))),
            (None, Some(heard)) if other != Sending::Held => (GONE_AFTER, Some(heard)),
            (None, _) => return false,
        };
        let last = self.counted.last.max(said).max(Some(changed));
        last.is_some_and(|last| now.saturating_duration_since(last) >= patience)
    }

    fn is_clear(&self) -> bool {
        self.shield.as_ref().is_none_or(Shield::is_resting)
    }

    /// Whether the peer has come to another port of its host, and said nothing of it: it fell silent where it
    /// was, and goes on from there as if nothing had happened.
    #[cold]
    fn has_moved(&self, now: Instant, from: SocketAddr, header: &Fixed) -> bool {
        let is_silent = |last: Instant| now.saturating_duration_since(last) >= SILENT;
        self.counted.last.is_some_and(is_silent)
            && self.latch.is_beside(from)
            && self.seen.goes_on_with(header)
    }

    /// Whether RTCP from there is its peer's: from where it was signalled, or from where its RTP comes.
    fn reports_from(&self, from: SocketAddr) -> bool {
        match self.reports {
            Reports::Apart(place) => place == Some(from) || self.latch.is_host_of_peer(from),
            Reports::Muxed => self.latch.is_peer(from),
        }
    }

    fn reports_to(&self) -> Option<(SocketAddr, Half)> {
        match self.reports {
            Reports::Apart(place) => place.map(|place| (place, Half::Rtcp)),
            Reports::Muxed => self.latch.destination().map(|place| (place, Half::Rtp)),
        }
    }

    /// Takes off what the peer protects its packets with.
    fn open(&mut self, packet: &mut Packet<'_>, half: Half) -> Result<(), Reason> {
        let Some(shield) = &mut self.shield else { return Ok(()) };
        shield.open(packet, half).map_err(|refused| match refused {
            Refused::Seen => {
                self.seen.duplicates += 1;
                Reason::Copy
            }
            _ => {
                self.counted.dropped_unproven += 1;
                Reason::Unproven
            }
        })
    }

    /// Protects what goes out to the peer. A number that went out before does not go again.
    fn seal(&mut self, packet: &mut Packet<'_>, half: Half) -> Result<(), Reason> {
        let Some(shield) = &mut self.shield else { return Ok(()) };
        shield.seal(packet, half).map_err(|refused| match refused {
            Refused::Seen => Reason::Copy,
            _ => Reason::Undeliverable,
        })
    }

    fn figures(&self) -> SideFigures {
        let clock = u64::from(self.clock.max(1));
        let in_us = |units: u32| (u64::from(units) * 1_000_000 / clock).min(u32::MAX.into()) as u32;
        SideFigures {
            lost: self.seen.lost(),
            reordered: self.seen.reordered,
            duplicates: self.seen.duplicates,
            sources: self.seen.sources,
            gaps: self.seen.gaps,
            late: self.seen.late,
            suite: self.shield.as_ref().and_then(|shield| shield.suite()),
            jitter_us: in_us(self.seen.jitter()),
            jitter_max_us: in_us(self.seen.jitter_max >> 4),
            ..self.counted
        }
    }
}

/// Checks end at us: to the far end behind us they would tell of somebody else (RFC 7584, 4).
fn is_check(packet: &Packet<'_>) -> bool {
    stun::is_stun(packet.bytes())
}
