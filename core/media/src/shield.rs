//! SRTP of one side: what its peer sends is proven and opened, what it is sent is sealed.

use std::mem;

use rtp::Fixed;
use rtp::srtp::{MasterKey, Opener, Refused, Sealer, Suite};

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
    theirs: Kept<Opener>,
    ours: Kept<Sealing>,
}

struct Sealing {
    sealer: Sealer,
    numbers: Numbers,
}

/// What was made of a key, and of those before it: whoever comes back to one goes on counting where it was.
struct Kept<T> {
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
            theirs: Kept::new(theirs, Opener::new),
            ours: Kept::new(ours, Sealing::new),
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

impl<T> Kept<T> {
    fn new(key: &MasterKey, make: impl FnOnce(&MasterKey) -> T) -> Kept<T> {
        Kept { key: key.clone(), of_key: make(key), left: Vec::new() }
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
        Sealing { sealer: Sealer::new(key), numbers: Numbers::default() }
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
