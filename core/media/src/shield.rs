//! SRTP of one side: what its peer sends is proven and opened, what it is sent is sealed.

use rtp::srtp::{MasterKey, Opener, Refused, Sealer, Suite};

use crate::order::Protection;
use crate::packet::Packet;
use crate::verdict::Half;

/// The contexts of both directions of a side, and the keys that they were made of.
pub(crate) struct Shield {
    theirs: MasterKey,
    opener: Opener,
    ours: MasterKey,
    sealer: Sealer,
}

impl Shield {
    pub fn new(protection: &Protection) -> Shield {
        let Protection { theirs, ours } = protection;
        Shield {
            opener: Opener::new(theirs),
            sealer: Sealer::new(ours),
            theirs: theirs.clone(),
            ours: ours.clone(),
        }
    }

    pub fn suite(&self) -> Suite {
        self.ours.suite()
    }

    /// Takes the keys of a new negotiation. A key that stays keeps its counters: a peer goes on where it was.
    pub fn rekey(&mut self, protection: &Protection) {
        let Protection { theirs, ours } = protection;
        if self.theirs != *theirs {
            self.opener = Opener::new(theirs);
            self.theirs = theirs.clone();
        }
        if self.ours != *ours {
            self.sealer = Sealer::new(ours);
            self.ours = ours.clone();
        }
    }

    pub fn open(&mut self, packet: &mut Packet<'_>, half: Half) -> Result<(), Refused> {
        let length = match half {
            Half::Rtp => self.opener.open_rtp(packet.bytes_mut())?,
            Half::Rtcp => self.opener.open_rtcp(packet.bytes_mut())?,
        };
        packet.resize(length);
        Ok(())
    }

    pub fn seal(&mut self, packet: &mut Packet<'_>, half: Half) -> Result<(), Refused> {
        let length = packet.length();
        let length = match half {
            Half::Rtp => self.sealer.seal_rtp(packet.buffer_mut(), length)?,
            Half::Rtcp => self.sealer.seal_rtcp(packet.buffer_mut(), length)?,
        };
        packet.resize(length);
        Ok(())
    }
}

impl std::fmt::Debug for Shield {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shield({})", self.theirs.suite())
    }
}
