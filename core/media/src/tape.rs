//! What the two sides of a stream say, copied as it crosses, for whoever writes it down. The copy is of what
//! the side sent, opened where it was sealed, before another codec is made of it.
//!
//! Copies are gathered, and leave many at a time. A stream that nobody records has none of this.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::side::{SessionKey, Side};
use crate::spoken::Codec;

/// So much is gathered, and for so long, before it leaves.
const FULL: usize = 6_000;
const ROOM: usize = 8_192;
const GATHERED_FOR: Duration = Duration::from_millis(400);
/// Time, side and length stand before each copy.
const HEAD: usize = 7;

/// What a side may send, by payload type.
pub type Codecs = Arc<[(u8, Codec)]>;

/// What becomes of what is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taping {
    /// The file that it is written to, whose end says how.
    pub name: Arc<str>,
    /// Times are counted from here.
    pub began: Instant,
    pub codecs: [Codecs; 2],
    pub running: Running,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    Yes,
    Paused,
}

/// Copies of packets, in their order.
#[derive(Clone, PartialEq, Eq)]
pub struct Taped {
    pub session: SessionKey,
    pub name: Arc<str>,
    pub codecs: [Codecs; 2],
    /// Of a session, they are counted from 0: where one is missing, copies are lost.
    pub number: u32,
    /// Whether the stream is over.
    pub is_last: bool,
    copies: Vec<u8>,
}

pub(crate) struct Tape {
    session: SessionKey,
    taping: Taping,
    number: u32,
    copies: Vec<u8>,
    /// When the first of them was taken.
    since: Option<Instant>,
}

impl Tape {
    pub fn new(session: SessionKey, taping: Taping) -> Tape {
        Tape { session, taping, number: 0, copies: Vec::with_capacity(ROOM), since: None }
    }

    /// It goes on otherwise; whether it is the same that does.
    pub fn goes_on(&mut self, taping: &Taping) -> bool {
        let is_same = self.taping.name == taping.name;
        if is_same {
            self.taping = taping.clone();
        }
        is_same
    }

    /// Takes a copy, unless it is told to look away.
    pub fn take(&mut self, now: Instant, side: Side, packet: &[u8]) {
        let has_room = self.copies.len() + HEAD + packet.len() <= ROOM;
        let Ok(length) = u16::try_from(packet.len()) else { return };
        if self.taping.running == Running::Paused || !has_room {
            return;
        }
        let at = now.saturating_duration_since(self.taping.began).as_millis();
        self.copies.extend(u32::try_from(at).unwrap_or(u32::MAX).to_le_bytes());
        self.copies.push(side as u8);
        self.copies.extend(length.to_le_bytes());
        self.copies.extend(packet);
        self.since.get_or_insert(now);
    }

    /// What is to leave by now.
    pub fn due(&mut self, now: Instant) -> Option<Taped> {
        let since = self.since?;
        let is_due = self.copies.len() >= FULL || now.saturating_duration_since(since) >= GATHERED_FOR;
        is_due.then(|| self.leave())
    }

    /// All that is left.
    pub fn end(mut self) -> Taped {
        Taped { is_last: true, ..self.leave() }
    }

    fn leave(&mut self) -> Taped {
        let number = self.number;
        self.number += 1;
        self.since = None;
        Taped {
            session: self.session,
            name: Arc::clone(&self.taping.name),
            codecs: self.taping.codecs.clone(),
            number,
            is_last: false,
            copies: std::mem::replace(&mut self.copies, Vec::with_capacity(ROOM)),
        }
    }
}

impl Taped {
    /// When each packet crossed, in ms since the beginning; who sent it; and the packet.
    pub fn packets(&self) -> impl Iterator<Item = (u32, Side, &[u8])> {
        let mut rest = &self.copies[..];
        std::iter::from_fn(move || {
            let (head, behind) = rest.split_first_chunk::<HEAD>()?;
            let [a, b, c, d, side, low, high] = *head;
            let length = usize::from(u16::from_le_bytes([low, high])).min(behind.len());
            let (packet, later) = behind.split_at(length);
            rest = later;
            let side = if side == Side::Caller as u8 { Side::Caller } else { Side::Callee };
            Some((u32::from_le_bytes([a, b, c, d]), side, packet))
        })
    }
}

/// What people say is nothing for a log.
impl std::fmt::Debug for Taped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Taped({} {}, {} bytes)", self.name, self.number, self.copies.len())
    }
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tape({:?})", self.taping)
    }
}
