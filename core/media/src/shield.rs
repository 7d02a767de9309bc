//! SRTP of one side: what its peer sends is proven and opened, what it is sent is sealed.

use std::mem;

use rtp::Fixed;
use rtp::srtp::{BareKeys, MasterKey, Opener, Reached, Refused, Sealer, Suite};

use crate::carried::{Kept, Seal, SealTurn};
use crate::numbers::{self, Numbers};
use crate::order::Protection;
use crate::packet::Packet;
use crate::verdict::Half;

/// What protects a side.
pub(crate) enum Shield {
    /// Its keys are being agreed on: nothing crosses.
    Shut,
    Keyed(Box<Contexts>),
    /// Clear for now. Keys that come back later go on counting where they were: their numbers were used.
    Resting(Box<Contexts>),
}

/// The contexts of both directions of a side.
pub(crate) struct Contexts {
    theirs: Turned<Opener>,
    ours: Turned<Sealing>,
}

struct Sealing {
    sealer: Sealer,
    numbers: Numbers,
    /// What was sealed elsewhere and left nothing: its numbers were used.
    kept: Kept,
}

/// What was made of a key, and of those before it: whoever comes back to one goes on counting where it was.
struct Turned<T> {
    key: MasterKey,
    of_key: T,
    left: Vec<(MasterKey, T)>,
}

/// As many as there are ways of sealing: of ours there is one key each.
const LEFT_MAX: usize = Suite::ALL.len();

impl Shield {
    pub fn new(protection: &Protection) -> Shield {
        let Protection { theirs, ours } = protection;
        Shield::Keyed(Box::new(Contexts {
            theirs: Turned::new(theirs, Opener::new),
            ours: Turned::new(ours, Sealing::new),
        }))
    }

    pub fn suite(&self) -> Option<Suite> {
        match self {
            Shield::Shut | Shield::Resting(_) => None,
            Shield::Keyed(contexts) => Some(contexts.ours.key.suite()),
        }
    }

    pub fn is_resting(&self) -> bool {
        matches!(self, Shield::Resting(_))
    }

    /// Media is clear from now on; nothing is left of a shield that had no keys.
    pub fn rest(self) -> Option<Shield> {
        match self {
            Shield::Shut => None,
            Shield::Keyed(contexts) | Shield::Resting(contexts) => Some(Shield::Resting(contexts)),
        }
    }

    /// Takes the keys of a new negotiation. A key that stays keeps its counters: a peer goes on where it was.
    pub fn rekey(&mut self, protection: &Protection) {
        let before = mem::replace(self, Shield::Shut);
        let (Shield::Keyed(mut contexts) | Shield::Resting(mut contexts)) = before else {
            *self = Shield::new(protection);
            return;
        };
        let Protection { theirs, ours } = protection;
        contexts.theirs.turn_to(theirs, Opener::new);
        contexts.ours.turn_to(ours, Sealing::new);
        *self = Shield::Keyed(contexts);
    }

    /// What somebody else needs to do a turn with what a sender sends; none where he cannot.
    pub fn seal_of(&self, turn: SealTurn, ssrc: u32) -> Option<Seal> {
        let Shield::Keyed(contexts) = self else { return None };
        let Contexts { theirs, ours } = &**contexts;
        let (key, reached, number_off) = match turn {
            SealTurn::Opens => (&theirs.key, theirs.of_key.reached(ssrc), 0),
            SealTurn::Seals => {
                (&ours.key, ours.of_key.sealer.reached(ssrc), ours.of_key.numbers.shift_of(ssrc))
            }
        };
        Some(Seal { turn, keys: BareKeys::of(key)?, reached: reached?, number_off })
    }

    /// Somebody else has done a turn with a sender's packets.
    pub fn went_on(&mut self, turn: SealTurn, ssrc: u32, reached: Reached) {
        let Shield::Keyed(contexts) = self else { return };
        match turn {
            SealTurn::Opens => contexts.theirs.of_key.went_on(ssrc, reached),
            SealTurn::Seals => contexts.ours.of_key.sealer.went_on(ssrc, reached),
        }
    }

    /// What was sealed elsewhere and left nothing.
    pub fn kept(&self) -> Kept {
        match self {
            Shield::Keyed(contexts) => contexts.ours.of_key.kept,
            Shield::Shut | Shield::Resting(_) => Kept::default(),
        }
    }

    /// It has come to that; what nobody knew of yet.
    pub fn has_kept(&mut self, kept: Kept) -> Kept {
        let Shield::Keyed(contexts) = self else { return Kept::default() };
        let before = mem::replace(&mut contexts.ours.of_key.kept, kept);
        kept.since(before)
    }

    pub fn open(&mut self, packet: &mut Packet<'_>, half: Half) -> Result<(), Refused> {
        let contexts = match self {
            Shield::Keyed(contexts) => contexts,
            Shield::Shut => return Err(Refused::NotGenuine),
            Shield::Resting(_) => return Ok(()),
        };
        let length = match half {
            Half::Rtp => contexts.theirs.of_key.open_rtp(packet.bytes_mut())?,
            Half::Rtcp => contexts.theirs.of_key.open_rtcp(packet.bytes_mut())?,
        };
        packet.resize(length);
        Ok(())
    }

    pub fn seal(&mut self, packet: &mut Packet<'_>, half: Half) -> Result<(), Refused> {
        let contexts = match self {
            Shield::Keyed(contexts) => contexts,
            Shield::Shut => return Err(Refused::NotGenuine),
            Shield::Resting(_) => return Ok(()),
        };
        let length = packet.length();
        let length = match half {
            Half::Rtp => contexts.ours.of_key.seal_rtp(packet)?,
            Half::Rtcp => contexts.ours.of_key.sealer.seal_rtcp(packet.buffer_mut(), length)?,
        };
        packet.resize(length);
        Ok(())
    }
}

impl<T> Turned<T> {
    fn new(key: &MasterKey, make: impl FnOnce(&MasterKey) -> T) -> Turned<T> {
        Turned { key: key.clone(), of_key: make(key), left: Vec::new() }
    }

    fn turn_to(&mut self, key: &MasterKey, make: impl FnOnce(&MasterKey) -> T) {
        if self.key == *key {
            return;
        }
        let known = self.left.iter().position(|(left, _)| left == key).map(|at| self.left.remove(at));
        let (key, of_key) = known.unwrap_or_else(|| (key.clone(), make(key)));
        self.left.push((mem::replace(&mut self.key, key), mem::replace(&mut self.of_key, of_key)));
        if self.left.len() > LEFT_MAX {
            self.left.remove(0);
        }
    }
}

impl Sealing {
    fn new(key: &MasterKey) -> Sealing {
        Sealing { sealer: Sealer::new(key), numbers: Numbers::default(), kept: Kept::default() }
    }

    fn seal_rtp(&mut self, packet: &mut Packet<'_>) -> Result<usize, Refused> {
        let header = Fixed::of(packet.bytes()).ok_or(Refused::Malformed)?;
        let length = packet.length();
        numbers::number(packet, self.numbers.leaving(&header));
        match self.sealer.seal_rtp(packet.buffer_mut(), length) {
            Err(Refused::Seen) => {}
            sealed => return sealed,
        }
        let next = self.sealer.next_number(header.ssrc);
        if !self.numbers.begin_anew(&header, next) {
            return Err(Refused::Seen);
        }
        numbers::number(packet, next);
        self.sealer.seal_rtp(packet.buffer_mut(), length)
    }
}

impl std::fmt::Debug for Shield {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shield({:?})", self.suite())
    }
}
