//! SRTP of an actor: one suite, one key, keys in the description.

use rtp::srtp::{MasterKey, Opener, Refused, Sealer, Suite};
use sdp::{Crypto, Media};

use crate::profile::{Habit, Profile};

const SUITE: Suite = Suite::AesCm128HmacSha1_80;

/// The keys of one leg.
pub(crate) struct Sealed {
    ours: MasterKey,
    /// Offered, and in use when the far end has answered.
    next: Option<MasterKey>,
    sealer: Sealer,
    opener: Option<Opener>,
    theirs: Option<MasterKey>,
    /// Whether both have said that keys are in use. Those that rest go on counting where they were.
    is_keyed: bool,
    wish: Habit,
}

impl Sealed {
    /// For an actor that has one of the habits.
    pub(crate) fn of(profile: &Profile, seed: u64) -> Option<Sealed> {
        let wish = [Habit::Seals, Habit::SealsIfAsked, Habit::SealsIfTaken]
            .into_iter()
            .find(|habit| profile.has(*habit))?;
        let ours = key(seed);
        Some(Sealed {
            sealer: Sealer::new(&ours),
            ours,
            next: None,
            opener: None,
            theirs: None,
            is_keyed: false,
            wish,
        })
    }

    /// Our next description brings another key.
    pub(crate) fn draw_key(&mut self, seed: u64) {
        self.next = Some(key(seed));
    }

    /// Whether what is sent is sealed.
    pub(crate) fn is_keyed(&self) -> bool {
        self.is_keyed
    }

    /// Whether clear media is none.
    pub(crate) fn insists(&self) -> bool {
        self.wish == Habit::Seals
    }

    /// Whether its offers bring a key.
    pub(crate) fn offers(&self) -> bool {
        self.wish != Habit::SealsIfAsked
    }

    /// The line that brings our key, under a tag.
    pub(crate) fn line(&self, tag: u32) -> String {
        let key = self.next.as_ref().unwrap_or(&self.ours);
        Crypto { tag, suite: SUITE.name().into(), key: key.reveal().to_vec() }.to_string()
    }

    /// The tag of the far end's key that we can use.
    pub(crate) fn tag_of(media: &Media<'_>) -> Option<u32> {
        media.keys().iter().find(|key| Suite::named(&key.suite) == Some(SUITE)).map(|key| key.tag)
    }

    /// Takes the far end's key; without one the stream is clear.
    pub(crate) fn learn(&mut self, media: &Media<'_>) {
        if let Some(next) = self.next.take() {
            self.sealer = Sealer::new(&next);
            self.ours = next;
        }
        let keys = media.keys();
        let key = keys.iter().find(|key| Suite::named(&key.suite) == Some(SUITE));
        let theirs = key.and_then(|key| MasterKey::new(SUITE, &key.key));
        self.is_keyed = theirs.is_some();
        if self.is_keyed && theirs != self.theirs {
            self.opener = theirs.as_ref().map(Opener::new);
            self.theirs = theirs;
        }
    }

    /// A packet as it goes out.
    pub(crate) fn seal(&mut self, clear: Vec<u8>) -> Vec<u8> {
        if !self.is_keyed {
            return clear;
        }
        let length = clear.len();
        let mut buffer = clear;
        buffer.resize(length + SUITE.rtp_growth(), 0);
        let sealed = self.sealer.seal_rtp(&mut buffer, length).expect("each packet has its own number");
        buffer.truncate(sealed);
        buffer
    }

    /// A packet that came.
    pub(crate) fn open(&mut self, mut packet: Vec<u8>) -> Result<Vec<u8>, Refused> {
        if let Some(opener) = self.opener.as_mut().filter(|_| self.is_keyed) {
            let length = opener.open_rtp(&mut packet)?;
            packet.truncate(length);
        }
        Ok(packet)
    }
}

fn key(seed: u64) -> MasterKey {
    let bytes: Vec<u8> = seed.to_be_bytes().into_iter().cycle().take(MasterKey::length(SUITE)).collect();
    MasterKey::new(SUITE, &bytes).expect("as long as the suite wants")
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_keyed { "Sealed(keyed)" } else { "Sealed(clear)" })
    }
}
