//! Media between the sides themselves: each is told where the other is, and the relay has no part in it until
//! one of them is told of us again.

use std::net::{IpAddr, SocketAddr};

use media::{Figures, SessionKey, Side};
use policy::MediaPlan;
use sdp::{Codecs, Direction, Face, Media, Session};

use super::{Bridge, NoMedia, Stage};
use crate::Room;
use crate::keys::Keys;
use crate::way::Ways;

/// Why the relay is needed for what the sides have described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// One codec is made of another, or one kind of key press.
    Making(String),
    Sealed,
    /// Checks, or one port for media and reports.
    Found,
    /// A side holds, or is elsewhere than at one port for sound.
    Described,
    /// There are other lines than sound.
    Lines,
    /// A side has moved while nobody listened.
    Moved,
}

impl Bridge {
    /// Whether the sides speak without us.
    pub(crate) fn is_released(&self) -> bool {
        matches!(self.stage, Stage::Released)
    }

    /// What the sides have described, as far as it needs the relay.
    pub(crate) fn need(&self) -> Option<Need> {
        if let Some(words) = self.transcodes() {
            return Some(Need::Making(words.to_owned()));
        }
        let sides = [Side::Caller, Side::Callee];
        if self.has_moved {
            return Some(Need::Moved);
        }
        if self.transcoding.streams != 0 {
            return Some(Need::Making("key presses are told in another way".to_owned()));
        }
        if !self.keys.iter().all(Keys::are_none) {
            return Some(Need::Sealed);
        }
        if !self.ways.iter().all(Ways::are_plain) {
            return Some(Need::Found);
        }
        sides.into_iter().find_map(|side| need_of(self.heard(side)))
    }

    /// Where a side listens, by its own words.
    pub(crate) fn listens_at(&self, side: Side) -> Option<IpAddr> {
        place(&Session::parse(self.heard(side)).ok()?).map(|place| place.ip())
    }

    /// Writes what the other side is told of where `from` is itself.
    pub(crate) fn cross(&mut self, from: Side, theirs: &[u8], plan: &MediaPlan) -> Result<Vec<u8>, NoMedia> {
        let session = Session::parse(theirs).map_err(|error| NoMedia::Malformed(error.to_string()))?;
        let place = place(&session).filter(|_| need_of(theirs).is_none());
        let Some(place) = place else {
            return Err(NoMedia::Incompatible("it is at no one place".to_owned()));
        };
        let to = from.other();
        let codecs = Codecs::only(plan.codecs.iter().map(|codec| codec.as_ref()));
        let mut ours = self.crossed(to, &session, place, &codecs)?;
        if self.sides[to as usize].told != ours {
            self.sides[to as usize].version += 1;
            ours = self.crossed(to, &session, place, &codecs)?;
        }
        self.sides[to as usize].told.clone_from(&ours);
        Ok(ours)
    }

    fn crossed(
        &self,
        to: Side,
        session: &Session<'_>,
        place: SocketAddr,
        codecs: &Codecs,
    ) -> Result<Vec<u8>, NoMedia> {
        let side = &self.sides[to as usize];
        let face = Face {
            address: place.ip(),
            ports: session.media.iter().map(|media| media.port).collect(),
            session_id: side.session_id,
            version: side.version,
            covers: Vec::new(),
            ways: Vec::new(),
            formats: Vec::new(),
            chats: Vec::new(),
        };
        let mut ours = Vec::with_capacity(1024);
        sdp::rewrite(session, &face, codecs, &mut ours)
            .map_err(|refusal| NoMedia::Incompatible(refusal.to_string()))?;
        Ok(sdp::written_at(&ours, side.advertise))
    }

    /// A side has answered what it was told of the other.
    pub(crate) fn hear_crossed(&mut self, side: Side, theirs: &[u8]) {
        self.sides[side as usize].heard = theirs.into();
    }

    /// What a side was told before it refused something else. The next it is told is newer than both.
    pub(crate) fn told_again(&mut self, side: Side, told: Vec<u8>) {
        self.sides[side as usize].told = told;
    }

    /// Both know of each other: the relay closes, and its ports go back.
    pub(crate) fn release(&mut self, room: &mut Room<'_>) {
        self.last_open = self.is_open().then(|| self.session());
        self.begin_anew(room);
        self.stage = Stage::Released;
        self.has_moved = false;
    }

    /// Whether a relay session is one that was closed when the sides began to speak without us.
    pub(crate) fn was(&self, session: SessionKey) -> bool {
        self.last_open == Some(session)
    }

    /// What was counted until then. The first stream speaks for the session.
    pub(crate) fn counted_before(&mut self, figures: &Figures) {
        self.last_open = None;
        self.counted = Some(Box::new(self.counted.as_ref().map_or(*figures, |before| before.then(figures))));
    }

    /// What was counted while media passed through us, from its first stretch to its last.
    pub(super) fn all_counted(&self) -> Option<Figures> {
        match (&self.counted, &self.figures) {
            (Some(before), Some(last)) => Some(before.then(last)),
            (Some(only), None) | (None, Some(only)) => Some(**only),
            (None, None) => None,
        }
    }
}

/// The one place where somebody listens for sound.
fn place(session: &Session<'_>) -> Option<SocketAddr> {
    let targets = sdp::media_targets(session);
    let target = targets.iter().zip(&session.media).find(|(_, media)| media.port != 0)?.0;
    let is_usual = |rtp: &SocketAddr| {
        let reports = rtp.port().checked_add(1).map(|port| SocketAddr::new(rtp.ip(), port));
        target.rtcp == reports
    };
    target.rtp.filter(is_usual)
}

fn need_of(theirs: &[u8]) -> Option<Need> {
    let Ok(session) = Session::parse(theirs) else { return Some(Need::Described) };
    let open: Vec<(usize, &Media<'_>)> =
        session.media.iter().enumerate().filter(|(_, media)| media.port != 0).collect();
    let [(at, line)] = open[..] else { return Some(Need::Lines) };
    if line.kind != "audio" || !line.is_rtp() {
        return Some(Need::Lines);
    }
    if line.is_keyed_by_sdes() || line.is_keyed_by_dtls() {
        return Some(Need::Sealed);
    }
    let talks = sdp::media_targets(&session)[at].direction == Direction::SendRecv;
    (!talks || place(&session).is_none()).then_some(Need::Described)
}
