//! SRTP of one side: what its peer sends is proven and opened, what it is sent is sealed.

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

/// The contexts of both directions of a side, and the keys that they were made of.
pub(crate) struct Contexts {
    theirs: MasterKey,
    opener: Opener,
    ours: MasterKey,
    sealer: Sealer,
    numbers: Numbers,
}

impl Shield {
    pub fn new(protection: &Protection) -> Shield {
        let Protection { theirs, ours } = protection;
        Shield::Keyed(Box::new(Contexts {
            opener: Opener::new(theirs),
            sealer: Sealer::new(ours),
            theirs: theirs.clone(),
            ours: ours.clone(),
            numbers: Numbers::default(),
        }))
    }

    pub fn suite(&self) -> Option<Suite> {
        match self {
            Shield::Shut | Shield::Resting(_) => None,
            Shield::Keyed(contexts) => Some(contexts.ours.suite()),
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
        let before = std::mem::replace(self, Shield::Shut);
        let (Shield::Keyed(mut contexts) | Shield::Resting(mut contexts)) = before else {
            *self = Shield::new(protection);
            return;
        };
        let Protection { theirs, ours } = protection;
        if contexts.theirs != *theirs {
            contexts.opener = Opener::new(theirs);
            contexts.theirs = theirs.clone();
        }
        if contexts.ours != *ours {
            contexts.sealer = Sealer::new(ours);
            contexts.numbers = Numbers::default();
            contexts.ours = ours.clone();
        }
        *self = Shield::Keyed(contexts);
    }

    pub fn open(&mut self, packet: &mut Packet<'_>, half: Half) -> Result<(), Refused> {
        let contexts = match self {
            Shield::Keyed(contexts) => contexts,
            Shield::Shut => return Err(Refused::NotGenuine),
            Shield::Resting(_) => return Ok(()),
        };
        let length = match half {
            Half::Rtp => contexts.opener.open_rtp(packet.bytes_mut())?,
            Half::Rtcp => contexts.opener.open_rtcp(packet.bytes_mut())?,
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
            Half::Rtp => contexts.seal_rtp(packet)?,
            Half::Rtcp => contexts.sealer.seal_rtcp(packet.buffer_mut(), length)?,
        };
        packet.resize(length);
        Ok(())
    }
}

impl Contexts {
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
