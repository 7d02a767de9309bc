//! Our place at a server of TURN, while a call has it: whom it lets in, by which channels what is said goes
//! through it, and that it stays ours (RFC 8656).
//!
//! A far end beyond it is known by an address that nobody else can have: the channel's number in the prefix
//! that leads nowhere (RFC 6666). Who chooses where media goes sees one place more.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::time::{Duration, Instant};

use stun::{Ask, CHANNEL_FIRST, Class, Message, Method, Pass, Transaction, channel_head, channel_of};

use crate::outpost::{Detour, Unseen};
use crate::packet::Packet;
use crate::search::Candidate;

/// Whoever may write to us there was named by the peer, or writes from an address that was: never more.
const CHANNELS_MAX: usize = 16;
/// A channel is bound for 10 minutes, and lets its far end in for 5 (RFC 8656, 9 and 12).
const REBOUND: Duration = Duration::from_secs(240);
/// The place is asked for again when less than this is left of it.
const LEFT_MIN: Duration = Duration::from_secs(120);
const LIFETIME: u32 = 600;
const AGAIN: Duration = Duration::from_millis(500);
const TIMES_MAX: u8 = 5;
const STALE_MAX: u8 = 3;
/// What is worth less than any place that is reached without it.
const BEYOND: u32 = 8;
const BEYOND_FOUNDATION: u8 = 0x80;

#[derive(Debug)]
pub(crate) struct Detouring {
    pass: Pass,
    /// It is ours until then; it is no more, where that is nothing.
    until: Option<Instant>,
    renewing: Option<Trip>,
    channels: Vec<Channel>,
    stale: u8,
    trouble: Trouble,
}

/// What somebody should be told, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    New(Unseen),
    Told,
}

/// A way from the place to a far end.
#[derive(Debug)]
struct Channel {
    number: u16,
    peer: SocketAddr,
    /// As its peer named it; none, where it has written to us.
    named: Option<Candidate>,
    state: State,
    trip: Option<Trip>,
    renewed: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Opening,
    Open,
    /// The server will not have it.
    Shut,
}

/// A request on its way.
#[derive(Clone, Copy, Debug)]
struct Trip {
    transaction: Option<Transaction>,
    times: u8,
    pause: Duration,
    due: Instant,
}

/// What something was that came from the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// What somebody beyond has sent, and where it lies.
    Sent(SocketAddr, Range<usize>),
    /// Somebody can be reached beyond.
    Opened(Candidate),
    Nothing,
}

/// The address that stands for whoever a channel leads to.
fn beyond(number: u16, peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, number).into(), peer.port())
}

/// The channel that an address stands for.
#[inline]
pub(crate) fn channel_to(place: SocketAddr) -> Option<u16> {
    match place {
        SocketAddr::V4(_) => None,
        SocketAddr::V6(place) => match place.ip().segments() {
            [0x100, 0, 0, 0, 0, 0, 0, number] => Some(number),
            _ => None,
        },
    }
}

/// Puts a packet into a channel; whether there was room for that.
pub(crate) fn put_into(number: u16, packet: &mut Packet<'_>) -> Option<()> {
    let length = packet.length();
    let head = channel_head(number, length)?;
    let whole = packet.buffer_mut().get_mut(..length + head.len())?;
    whole.copy_within(..length, head.len());
    whole[..head.len()].copy_from_slice(&head);
    packet.resize(length + head.len());
    Some(())
}

impl Trouble {
    fn begins(&mut self, why: Unseen) {
        if *self == Trouble::None {
            *self = Trouble::New(why);
        }
    }
}

impl Trip {
    fn at(now: Instant) -> Trip {
        Trip { transaction: None, times: 0, pause: AGAIN, due: now }
    }

    /// Sends it by now, by a name that `draw` gives if it has none; nothing, where it was sent often enough.
    fn goes(&mut self, now: Instant, draw: impl FnOnce() -> Transaction) -> Option<Transaction> {
        if self.times == TIMES_MAX {
            return None;
        }
        self.times += 1;
        self.due = now + self.pause;
        self.pause *= 2;
        Some(*self.transaction.get_or_insert_with(draw))
    }
}

impl Detouring {
    pub fn new(detour: &Detour) -> Detouring {
        let Detour { pass, until, .. } = detour;
        Detouring {
            pass: pass.clone(),
            until: Some(*until),
            renewing: None,
            channels: Vec::new(),
            stale: 0,
            trouble: Trouble::None,
        }
    }

    /// The peer has named these places: ways there are opened. Those that are open already.
    pub fn want(&mut self, now: Instant, named: impl Iterator<Item = Candidate>) -> Vec<Candidate> {
        let mut open = Vec::new();
        for candidate in named {
            let place = candidate.place;
            match self.channels.iter_mut().find(|channel| channel.peer == place) {
                Some(channel) => {
                    channel.named = Some(candidate);
                    open.extend(channel.candidate().filter(|_| channel.state == State::Open));
                }
                None => drop(self.open(now, place, Some(candidate))),
            }
        }
        open
    }

    fn renewed_at(&self) -> Option<Instant> {
        self.until?.checked_sub(LEFT_MIN)
    }

    fn open(&mut self, now: Instant, peer: SocketAddr, named: Option<Candidate>) -> Option<SocketAddr> {
        let number = CHANNEL_FIRST + u16::try_from(self.channels.len()).ok()?;
        if self.channels.len() == CHANNELS_MAX {
            return None;
        }
        let (state, trip) = (State::Opening, Some(Trip::at(now)));
        self.channels.push(Channel { number, peer, named, state, trip, renewed: now });
        Some(beyond(number, peer))
    }

    /// When something is to be said to the server.
    pub fn due(&self) -> Option<Instant> {
        let channels = self.channels.iter().filter(|channel| channel.state != State::Shut);
        let channels = channels.map(|channel| match &channel.trip {
            Some(trip) => trip.due,
            None => channel.renewed + REBOUND,
        });
        let renewed = self.renewing.as_ref().map(|trip| trip.due).or(self.renewed_at());
        channels.chain(renewed).min()
    }

    /// What is to be said to the server by now, written into `out`.
    pub fn next(
        &mut self,
        now: Instant,
        mut draw: impl FnMut() -> Transaction,
        out: &mut [u8],
    ) -> Option<usize> {
        if self.renewing.is_none() && self.renewed_at().is_some_and(|at| at <= now) {
            self.renewing = Some(Trip::at(now));
        }
        if let Some(trip) = self.renewing.as_mut().filter(|trip| trip.due <= now) {
            match trip.goes(now, &mut draw) {
                Some(transaction) => {
                    let ask = Ask::Refresh { seconds: LIFETIME };
                    return ask.write(transaction, Some(&self.pass), out);
                }
                // It may still be ours: what goes through it shows whether it is.
                None => (self.renewing, self.until) = (None, Some(now + 2 * LEFT_MIN)),
            }
        }
        for channel in self.channels.iter_mut().filter(|channel| channel.state != State::Shut) {
            if channel.trip.is_none() && channel.renewed + REBOUND <= now {
                channel.trip = Some(Trip::at(now));
            }
            let Some(trip) = channel.trip.as_mut().filter(|trip| trip.due <= now) else { continue };
            match trip.goes(now, &mut draw) {
                Some(transaction) => {
                    let ask = Ask::Bind { channel: channel.number, peer: channel.peer };
                    return ask.write(transaction, Some(&self.pass), out);
                }
                None if channel.state == State::Open => (channel.trip, channel.renewed) = (None, now),
                None => {
                    (channel.trip, channel.state) = (None, State::Shut);
                    self.trouble.begins(Unseen::Silent);
                }
            }
        }
        None
    }

    /// Takes what came from the server.
    pub fn hear(&mut self, now: Instant, bytes: &[u8]) -> Heard {
        if let Some((number, within)) = channel_of(bytes) {
            let channel = self.channels.iter().find(|channel| channel.number == number);
            return channel.map_or(Heard::Nothing, |channel| Heard::Sent(channel.place(), within));
        }
        let Ok(message) = Message::of_server(bytes) else { return Heard::Nothing };
        match (message.method, message.class) {
            (Method::Data, Class::Indication) => self.is_sent(now, &message).unwrap_or(Heard::Nothing),
            (Method::Refresh, _) => {
                self.is_renewed(now, &message);
                Heard::Nothing
            }
            (Method::ChannelBind, _) => self.is_bound(now, &message),
            _ => Heard::Nothing,
        }
    }

    /// Somebody has written from an address that may, and from another port than was named.
    fn is_sent(&mut self, now: Instant, message: &Message<'_>) -> Option<Heard> {
        let (peer, within) = (message.peer()?, message.data()?);
        let is_let_in = self.channels.iter().any(|channel| channel.peer.ip() == peer.ip());
        let known = self.channels.iter().find(|channel| channel.peer == peer).map(Channel::place);
        let place = known.or_else(|| is_let_in.then(|| self.open(now, peer, None)).flatten())?;
        Some(Heard::Sent(place, within))
    }

    fn is_renewed(&mut self, now: Instant, message: &Message<'_>) {
        let is_ours = |trip: &Trip| trip.transaction == Some(message.transaction);
        if !self.renewing.as_ref().is_some_and(is_ours) {
            return;
        }
        match message.class {
            Class::Answer if message.is_proven_by(self.pass.key()) => {
                self.until = Some(now + message.lifetime().unwrap_or_default().max(2 * LEFT_MIN));
                (self.renewing, self.stale) = (None, 0);
            }
            Class::Refusal if self.has_new_word(message) => self.renewing = Some(Trip::at(now)),
            Class::Refusal if message.is_proven_by(self.pass.key()) => {
                self.is_lost();
                self.is_refused(message);
            }
            _ => {}
        }
    }

    fn is_bound(&mut self, now: Instant, message: &Message<'_>) -> Heard {
        let is_ours = |trip: &Trip| trip.transaction == Some(message.transaction);
        let at = self.channels.iter().position(|channel| channel.trip.as_ref().is_some_and(is_ours));
        let Some(at) = at else { return Heard::Nothing };
        match message.class {
            Class::Answer if message.is_proven_by(self.pass.key()) => {
                let channel = &mut self.channels[at];
                let before = std::mem::replace(&mut channel.state, State::Open);
                (channel.trip, channel.renewed) = (None, now);
                self.stale = 0;
                let candidate = self.channels[at].candidate().filter(|_| before == State::Opening);
                candidate.map_or(Heard::Nothing, Heard::Opened)
            }
            Class::Refusal if self.has_new_word(message) => {
                self.channels[at].trip = Some(Trip::at(now));
                Heard::Nothing
            }
            Class::Refusal if message.is_proven_by(self.pass.key()) => {
                (self.channels[at].trip, self.channels[at].state) = (None, State::Shut);
                self.is_refused(message);
                if message.code() == Some(MISMATCH) {
                    self.is_lost();
                }
                Heard::Nothing
            }
            _ => Heard::Nothing,
        }
    }

    /// Whether the server only wants another word of its own said (RFC 8489, 9.2.5).
    fn has_new_word(&mut self, message: &Message<'_>) -> bool {
        let Some((_, nonce)) = message.challenge().filter(|_| message.code() == Some(STALE)) else {
            return false;
        };
        self.stale += 1;
        self.pass = self.pass.renewed(nonce);
        self.stale <= STALE_MAX
    }

    fn is_refused(&mut self, message: &Message<'_>) {
        self.trouble.begins(Unseen::Refused(message.code().unwrap_or_default()));
    }

    /// What somebody should be told, if it is new.
    pub fn take_trouble(&mut self) -> Option<Unseen> {
        let Trouble::New(why) = self.trouble else { return None };
        self.trouble = Trouble::Told;
        Some(why)
    }

    /// The place is not ours any more: no way leads through it.
    fn is_lost(&mut self) {
        self.channels.iter_mut().for_each(|channel| (channel.trip, channel.state) = (None, State::Shut));
        (self.renewing, self.until) = (None, None);
    }

    /// Whom an address stands for.
    pub fn peer_at(&self, place: SocketAddr) -> Option<SocketAddr> {
        let number = channel_to(place)?;
        self.channels.iter().find(|channel| channel.number == number).map(|channel| channel.peer)
    }

    /// What gives the place up.
    pub fn gives_up(&self, transaction: Transaction, out: &mut [u8]) -> Option<usize> {
        Ask::Refresh { seconds: 0 }.write(transaction, Some(&self.pass), out)
    }
}

impl Channel {
    fn place(&self) -> SocketAddr {
        beyond(self.number, self.peer)
    }

    /// What is tried there: the worst, and by itself.
    fn candidate(&self) -> Option<Candidate> {
        let named = self.named?;
        let foundation = named.foundation | BEYOND_FOUNDATION;
        Some(Candidate { place: self.place(), priority: named.priority >> BEYOND, foundation, ..named })
    }
}

/// RFC 8656, 19: the place is nobody's, or somebody else's.
const MISMATCH: u16 = 437;
/// RFC 8489, 14.8.
const STALE: u16 = 438;

/// Whether two addresses are of one family, as a server wants those to be that it joins.
pub(crate) fn are_alike(one: IpAddr, other: IpAddr) -> bool {
    one.to_canonical().is_ipv4() == other.to_canonical().is_ipv4()
}
