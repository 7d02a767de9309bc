//! SRTP of an actor that has its keys by a handshake on the way of its media (RFC 5763, 8842).

use std::net::SocketAddr;
use std::time::Instant;

use rtp::srtp::Refused;
use sdp::{Feedback, Fingerprint, Handshake, Media, Session, Setup};

use crate::profile::{Habit, Profile};
use crate::shaker::{Identity, Part, Shaker};

/// The certificates of far ends: the house has one of its own, and so have those who are nobody's far end.
const CERTIFICATES: std::ops::Range<u64> = 1..23;

/// What one leg has of it.
#[derive(Debug)]
pub(crate) struct Shaken {
    /// Handshakes differ by it, and so do their parts where the choice is ours.
    seed: u64,
    /// The number of its certificate.
    ours: u64,
    /// Another certificate, which is in use when the far end has answered.
    next: Option<u64>,
    /// The part that was answered last, and not learned yet.
    answered: Option<Setup>,
    terms: Option<Terms>,
    begun: u64,
    swaps: u32,
    /// The handshake that goes on, or was had last.
    shaker: Option<Shaker>,
    /// Whose keys are in use until it has some.
    former: Option<Shaker>,
    /// Found by checks, its handshake goes with it wherever it is.
    is_found: bool,
}

/// As long as these are the same, so is the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Terms {
    setup: Setup,
    ours: u64,
    theirs: Vec<Fingerprint>,
    place: Option<SocketAddr>,
}

impl Shaken {
    pub(crate) fn of(profile: &Profile, seed: u64) -> Option<Shaken> {
        let is_found = profile.has(Habit::Checks);
        profile.has(Habit::Shakes).then(|| Shaken {
            seed,
            ours: number(seed >> 8),
            next: None,
            answered: None,
            terms: None,
            begun: 0,
            swaps: 0,
            shaker: None,
            former: None,
            is_found,
        })
    }

    /// Our next description names another certificate, and so asks for another handshake.
    pub(crate) fn draw_certificate(&mut self, seed: u64) {
        self.next = Some(number(seed));
    }

    /// Our lines in an offer.
    pub(crate) fn offered(&self) -> Handshake {
        self.said(Setup::ActPass)
    }

    /// Our lines in an answer. Whoever had a part keeps it, unless one of us is another.
    pub(crate) fn answer(&mut self, offer: &Session<'_>, media: &Media<'_>) -> Handshake {
        let shown = offer.fingerprints_of(media);
        let same = self.terms.as_ref().filter(|terms| terms.theirs == shown && self.next.is_none());
        let setup = match (offer.setup_of(media, Setup::Active), same) {
            (Some(Setup::Active), _) => Setup::Passive,
            (Some(Setup::Passive), _) => Setup::Active,
            (_, Some(terms)) => terms.setup,
            // Who says of no place where it is has to speak first.
            _ if self.is_found || self.seed & 1 == 0 => Setup::Active,
            _ => Setup::Passive,
        };
        self.answered = Some(setup);
        self.said(setup)
    }

    fn said(&self, setup: Setup) -> Handshake {
        let fingerprint = Identity::number(self.next.unwrap_or(self.ours)).fingerprint;
        Handshake { fingerprint, setup, feedback: Feedback::None }
    }

    /// Takes what the far end said of itself; another handshake begins where the terms are others.
    pub(crate) fn learn(&mut self, now: Instant, theirs: &Session<'_>, media: &Media<'_>, place: SocketAddr) {
        let setup = self.answered.take().unwrap_or_else(|| match theirs.setup_of(media, Setup::Passive) {
            Some(Setup::Active) => Setup::Passive,
            _ => Setup::Active,
        });
        self.ours = self.next.take().unwrap_or(self.ours);
        let place = (!self.is_found).then_some(place);
        let terms = Terms { setup, ours: self.ours, theirs: theirs.fingerprints_of(media), place };
        if self.terms.as_ref() == Some(&terms) {
            return;
        }
        let is_swap = |before: &Terms| Terms { setup, ..before.clone() } == terms;
        self.swaps += u32::from(self.terms.as_ref().is_some_and(is_swap));
        self.begun += 1;
        let part = match (setup, self.seed >> 1 & 1) {
            (Setup::Active, 0) => Part::Client12,
            (Setup::Active, _) => Part::Client13,
            (_, 0) => Part::Server12,
            (_, _) => Part::ServerAny,
        };
        let ours = Identity::number(self.ours);
        let shaker = Shaker::new(now, self.seed ^ self.begun, part, ours, terms.theirs.clone());
        let before = self.shaker.replace(shaker);
        self.former = before.filter(Shaker::has_keys).or(self.former.take());
        self.terms = Some(terms);
    }

    pub(crate) fn wake(&mut self, now: Instant) -> Vec<Vec<u8>> {
        self.shaker.as_mut().map(|shaker| shaker.wake(now)).unwrap_or_default()
    }

    pub(crate) fn take(&mut self, now: Instant, record: &[u8]) -> Vec<Vec<u8>> {
        self.shaker.as_mut().map(|shaker| shaker.take(now, record)).unwrap_or_default()
    }

    /// Whether the handshake that was agreed on has brought its keys.
    pub(crate) fn is_done(&self) -> bool {
        self.shaker.as_ref().is_some_and(Shaker::has_keys)
    }

    /// How often parts changed places where certificates and places are those of before.
    pub(crate) fn swaps(&self) -> u32 {
        self.swaps
    }

    pub(crate) fn seal(&mut self, clear: Vec<u8>) -> Option<Vec<u8>> {
        self.in_use()?.seal(clear)
    }

    pub(crate) fn open(&mut self, packet: Vec<u8>) -> Result<Vec<u8>, Refused> {
        self.in_use().ok_or(Refused::NotGenuine)?.open(packet)
    }

    fn in_use(&mut self) -> Option<&mut Shaker> {
        let newest = self.shaker.as_mut().filter(|shaker| shaker.has_keys());
        newest.or(self.former.as_mut())
    }
}

fn number(drawn: u64) -> u64 {
    CERTIFICATES.start + drawn % (CERTIFICATES.end - CERTIFICATES.start)
}
